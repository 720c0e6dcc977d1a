//! Signatures that many functions have.

use crate::{
    function::Signature,
    types::{IntKind, Type},
};

const ANY: Type = Type::Any;
const TEXT: Type = Type::String;
const INT: Type = Type::Int(IntKind::Int);
const INT64: Type = Type::Int(IntKind::Int64);

/// `func(interface{}) int64`
pub(crate) const INT_OF_ANY: Signature = Signature::of(&[ANY], INT64);
/// `func(interface{}, interface{}) int64`
pub(crate) const INT_OF_TWO: Signature = Signature::of(&[ANY, ANY], INT64);
/// `func(...interface{}) int64`
pub(crate) const INT_OF_ALL: Signature = Signature::variadic(&[], ANY, INT64);
/// `func(interface{}, ...interface{}) int64`
pub(crate) const INT_OF_MANY: Signature = Signature::variadic(&[ANY], ANY, INT64);
/// `func(interface{}) float64`
pub(crate) const REAL_OF_ANY: Signature = Signature::of(&[ANY], Type::Float);
/// `func(...interface{}) float64`
pub(crate) const REAL_OF_ALL: Signature = Signature::variadic(&[], ANY, Type::Float);
/// `func(interface{}, ...interface{}) float64`
pub(crate) const REAL_OF_MANY: Signature = Signature::variadic(&[ANY], ANY, Type::Float);
/// `func(string) string`
pub(crate) const TEXT_OF_TEXT: Signature = Signature::of(&[TEXT], TEXT);
/// `func(string, string) string`
pub(crate) const TEXT_OF_TEXTS: Signature = Signature::of(&[TEXT, TEXT], TEXT);
/// `func(string, string, string) string`
pub(crate) const TEXT_OF_THREE: Signature = Signature::of(&[TEXT, TEXT, TEXT], TEXT);
/// `func(int, string) string`
pub(crate) const TEXT_OF_INT_AND_TEXT: Signature = Signature::of(&[INT, TEXT], TEXT);
/// `func(int, int, string) string`
pub(crate) const TEXT_OF_INTS_AND_TEXT: Signature = Signature::of(&[INT, INT, TEXT], TEXT);
/// `func(...interface{}) string`
pub(crate) const TEXT_OF_ALL: Signature = Signature::variadic(&[], ANY, TEXT);
/// `func(string) bool`
pub(crate) const BOOL_OF_TEXT: Signature = Signature::of(&[TEXT], Type::Bool);
/// `func(string, string) bool`
pub(crate) const BOOL_OF_TEXTS: Signature = Signature::of(&[TEXT, TEXT], Type::Bool);
/// `func(...interface{}) bool`
pub(crate) const BOOL_OF_ALL: Signature = Signature::variadic(&[], ANY, Type::Bool);
/// `func(interface{}) interface{}`
pub(crate) const ANY_OF_ANY: Signature = Signature::of(&[ANY], ANY);
/// `func(...interface{}) interface{}`
pub(crate) const ANY_OF_ALL: Signature = Signature::variadic(&[], ANY, ANY);
/// `func(interface{}, ...interface{}) interface{}`
pub(crate) const ANY_OF_MANY: Signature = Signature::variadic(&[ANY], ANY, ANY);
/// `func(interface{}) []interface{}`
pub(crate) const LIST_OF_ANY: Signature = Signature::of(&[ANY], Type::LIST);
/// `func(interface{}, interface{}) []interface{}`
pub(crate) const LIST_OF_TWO: Signature = Signature::of(&[ANY, ANY], Type::LIST);
/// `func(interface{}, ...interface{}) []interface{}`
pub(crate) const LIST_OF_MANY: Signature = Signature::variadic(&[ANY], ANY, Type::LIST);
/// `func(...interface{}) []interface{}`
pub(crate) const LIST_OF_ALL: Signature = Signature::variadic(&[], ANY, Type::LIST);
