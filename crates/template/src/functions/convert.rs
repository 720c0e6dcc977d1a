//! Conversions: `int`, `int64`, `float64`, `toDecimal`, `atoi`, `toString`, `toStrings`.

use crate::{
    function::{Function, Signature},
    functions::{
        arguments::{any, bytes, shown},
        function,
        numbers::{Flaw, integer, to_float, to_integer},
    },
    list::List,
    print,
    text::Str,
    types::Type,
    value::Value,
};

pub(crate) const ALL: &[Function] = &[
    function("int", Signature::of(&[Type::Any], Type::INT), |_, given| Ok(Value::int(to_integer(any(given, 0))))),
    function("int64", Signature::of(&[Type::Any], Type::INT64), |_, given| Ok(Value::int64(to_integer(any(given, 0))))),
    function("float64", Signature::of(&[Type::Any], Type::Float), |_, given| Ok(Value::Float(to_float(any(given, 0))))),
    function("toDecimal", Signature::of(&[Type::Any], Type::INT64), |_, given| {
        Ok(Value::int64(integer(print::text(any(given, 0)).as_bytes(), 8).unwrap_or(0)))
    }),
    function("atoi", Signature::of(&[Type::String], Type::INT), |_, given| Ok(Value::int(atoi(bytes(given, 0))))),
    function("toString", Signature::of(&[Type::Any], Type::String), |_, given| Ok(Value::String(shown(any(given, 0))))),
    function("toStrings", Signature::of(&[Type::Any], Type::STRINGS), |_, given| Ok(Value::List(texts(any(given, 0))))),
];

/// A number that is too large is the largest, what is no number is 0.
fn atoi(text: &[u8]) -> i64 {
    match integer(text, 10) {
        Ok(value) | Err(Flaw::Range(value)) => value,
        Err(Flaw::Syntax) => 0,
    }
}

/// Returns the texts of a list without its nils; what is no list is a list of one. Sprig: `strslice`.
pub(crate) fn texts(value: &Value) -> List {
    match value {
        Value::List(list) if list.type_of() == Type::STRINGS => list.clone(),
        Value::List(list) => List::strings(list.items().iter().filter(|item| !matches!(item, Value::Nil)).map(shown)),
        Value::Nil => List::strings::<Str>([]),
        other => List::strings([shown(other)]),
    }
}
