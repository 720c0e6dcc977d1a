//! Go's types, as far as templates can meet them.

use std::fmt;

use crate::object::Method;

/// A type of Go. `Display` writes it as `%T` does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// `interface {}`
    Any,
    /// `bool`
    Bool,
    /// `int` and its relatives.
    Int(IntKind),
    /// `float64`
    Float,
    /// `string`
    String,
    /// `[]T`; `[]uint8` are bytes.
    Slice(&'static Type),
    /// `map[string]T`
    Map(&'static Type),
    /// A type with a name of its own, and perhaps methods.
    Named(&'static Named),
}

/// A type with a name.
#[derive(Debug, PartialEq)]
pub struct Named {
    /// As `%T` prints it: `common.Values`, `*semver.Version`.
    pub name: &'static str,
    /// What it is made of; `None` for structs, pointers and interfaces, whose values are [`Object`](crate::Object)s.
    pub underlying: Option<Type>,
    /// Its methods, sorted by name.
    pub methods: &'static [Method],
}

impl Eq for Named {}

/// The integer types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IntKind {
    /// `int`: literals, lengths, indexes.
    Int,
    /// `int8`
    Int8,
    /// `int16`
    Int16,
    /// `int32`
    Int32,
    /// `int64`
    Int64,
    /// `uint`
    Uint,
    /// `uint8`
    Uint8,
    /// `uint16`
    Uint16,
    /// `uint32`
    Uint32,
    /// `uint64`, its bits in an `i64`.
    Uint64,
}

/// What `reflect.Kind` says of a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// No value at all.
    Invalid,
    /// `bool`
    Bool,
    /// Any integer.
    Int(IntKind),
    /// `float64`
    Float,
    /// `string`
    String,
    /// `slice`
    Slice,
    /// `map`
    Map,
    /// `struct`
    Struct,
    /// `ptr`
    Pointer,
    /// `interface`
    Interface,
    /// `func`
    Func,
}

impl Type {
    /// `[]interface {}`
    pub const LIST: Type = Type::Slice(&Type::Any);
    /// `map[string]interface {}`
    pub const MAP: Type = Type::Map(&Type::Any);
    /// `[]string`
    pub const STRINGS: Type = Type::Slice(&Type::String);
    /// `[]uint8`
    pub const BYTES: Type = Type::Slice(&Type::Int(IntKind::Uint8));
    /// `int`
    pub const INT: Type = Type::Int(IntKind::Int);
    /// `int64`
    pub const INT64: Type = Type::Int(IntKind::Int64);

    /// Returns the type without its name.
    pub fn underlying(self) -> Type {
        match self {
            Type::Named(Named { underlying: Some(underlying), .. }) => underlying.underlying(),
            other => other,
        }
    }

    /// Returns the type of what is in a slice or map.
    pub fn element(self) -> Type {
        match self.underlying() {
            Type::Slice(element) | Type::Map(element) => *element,
            _ => Type::Any,
        }
    }
}

impl IntKind {
    /// Returns the name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Int => "int",
            Self::Int8 => "int8",
            Self::Int16 => "int16",
            Self::Int32 => "int32",
            Self::Int64 => "int64",
            Self::Uint => "uint",
            Self::Uint8 => "uint8",
            Self::Uint16 => "uint16",
            Self::Uint32 => "uint32",
            Self::Uint64 => "uint64",
        }
    }

    /// Says whether there are no negative ones.
    pub fn is_unsigned(self) -> bool {
        matches!(self, Self::Uint | Self::Uint8 | Self::Uint16 | Self::Uint32 | Self::Uint64)
    }
}

impl Kind {
    /// Returns the name, as `kindOf` gives it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Invalid => "invalid",
            Self::Bool => "bool",
            Self::Int(kind) => kind.name(),
            Self::Float => "float64",
            Self::String => "string",
            Self::Slice => "slice",
            Self::Map => "map",
            Self::Struct => "struct",
            Self::Pointer => "ptr",
            Self::Interface => "interface",
            Self::Func => "func",
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("interface {}"),
            Self::Bool => f.write_str("bool"),
            Self::Int(kind) => f.write_str(kind.name()),
            Self::Float => f.write_str("float64"),
            Self::String => f.write_str("string"),
            Self::Slice(element) => write!(f, "[]{element}"),
            Self::Map(element) => write!(f, "map[string]{element}"),
            Self::Named(named) => f.write_str(named.name),
        }
    }
}
