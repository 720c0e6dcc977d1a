//! What a pipeline comes to.

use std::sync::Arc;

use serde_json::{Map as JsonMap, Value as Json};

use crate::{
    list::List,
    map::Map,
    object::Object,
    text::Str,
    types::{IntKind, Kind, Type},
};

/// A value with Go's type. Copies share what is large; maps are references.
#[derive(Debug, Clone)]
pub enum Value {
    /// `nil` of no type, and what is not there.
    Nil,
    /// `true` or `false`
    Bool(bool),
    /// A whole number of the type that is named.
    Int(IntKind, i64),
    /// A `float64`: every number of values, YAML and JSON.
    Float(f64),
    /// A text.
    String(Str),
    /// A slice.
    List(List),
    /// A map.
    Map(Map),
    /// A struct or a pointer.
    Object(Arc<dyn Object>),
}

impl Value {
    /// Makes an `int`.
    pub fn int(value: i64) -> Self {
        Self::Int(IntKind::Int, value)
    }

    /// Makes an `int64`.
    pub fn int64(value: i64) -> Self {
        Self::Int(IntKind::Int64, value)
    }

    /// Makes a `string`.
    pub fn string(text: impl Into<Str>) -> Self {
        Self::String(text.into())
    }

    /// Makes a `[]interface {}`.
    pub fn list(items: Vec<Value>) -> Self {
        Self::List(List::new(items))
    }

    /// Makes a value as `encoding/json` decodes it into an `interface {}`: every number is a `float64`.
    pub fn from_json(json: &Json) -> Self {
        match json {
            Json::Null => Self::Nil,
            Json::Bool(value) => Self::Bool(*value),
            Json::Number(number) => Self::Float(number.as_f64().unwrap_or(f64::NAN)),
            Json::String(text) => Self::string(text.as_str()),
            Json::Array(items) => Self::list(items.iter().map(Self::from_json).collect()),
            Json::Object(entries) => Self::Map(from_entries(entries)),
        }
    }

    /// Returns the dynamic type; `None` for `nil`.
    pub fn type_of(&self) -> Option<Type> {
        Some(match self {
            Self::Nil => return None,
            Self::Bool(_) => Type::Bool,
            Self::Int(kind, _) => Type::Int(*kind),
            Self::Float(_) => Type::Float,
            Self::String(_) => Type::String,
            Self::List(list) => list.type_of(),
            Self::Map(map) => map.type_of(),
            Self::Object(object) => Type::Named(object.type_of()),
        })
    }

    /// Returns the kind.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Nil => Kind::Invalid,
            Self::Bool(_) => Kind::Bool,
            Self::Int(kind, _) => Kind::Int(*kind),
            Self::Float(_) => Kind::Float,
            Self::String(_) => Kind::String,
            Self::List(_) => Kind::Slice,
            Self::Map(_) => Kind::Map,
            Self::Object(object) => object.kind(),
        }
    }

    /// Says whether it counts as true: not zero, not empty, not nil.
    pub fn is_true(&self) -> bool {
        match self {
            Self::Nil => false,
            Self::Bool(value) => *value,
            Self::Int(_, value) => *value != 0,
            Self::Float(value) => *value != 0.0,
            Self::String(text) => !text.is_empty(),
            Self::List(list) => !list.items().is_empty(),
            Self::Map(map) => !map.is_empty(),
            Self::Object(object) => object.is_true(),
        }
    }
}

fn from_entries(entries: &JsonMap<String, Json>) -> Map {
    let entry = |(key, value): (&String, &Json)| (Str::from(key.as_str()), Value::from_json(value));
    Map::new(entries.iter().map(entry).collect())
}
