//! What an expression comes to on its way.

use std::{cmp::Ordering, collections::BTreeMap, fmt, sync::Arc};

use jiff::civil::DateTime;
use serde_json::Value as Json;

use crate::{error::Fault, steps::Steps};

/// A value. Copies share what is large.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A whole number that is not negative: `1u`.
    Uint(u64),
    /// A number with a fraction.
    Double(f64),
    /// A text.
    String(Arc<str>),
    /// Bytes: `b'…'`.
    Bytes(Arc<[u8]>),
    /// A list.
    List(Arc<Vec<Value>>),
    /// A map.
    Map(Arc<BTreeMap<Key, Value>>),
    /// A point in time, as UTC has it.
    Timestamp(DateTime),
    /// A time span, in nanoseconds.
    Duration(i64),
    /// The type of a value, by its name.
    Type(Arc<str>),
    /// A value that may be absent.
    Optional(Option<Arc<Value>>),
}

/// The key of a map's entry. Numbers of the same value are one key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// `true` or `false`
    Bool(bool),
    /// A whole number that fits.
    Int(i64),
    /// A whole number above all [`Key::Int`].
    Uint(u64),
    /// A text.
    String(Arc<str>),
}

impl Value {
    pub(crate) fn text(text: impl Into<Arc<str>>) -> Self {
        Self::String(text.into())
    }

    pub(crate) fn list(elements: Vec<Value>) -> Self {
        Self::List(Arc::new(elements))
    }

    pub(crate) fn some(value: Value) -> Self {
        Self::Optional(Some(Arc::new(value)))
    }

    /// Reads a part of an object. Numbers are read as Kubernetes does: whole ones that fit are `Int`.
    pub(crate) fn of_json(json: &Json) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Bool(value) => Self::Bool(*value),
            Json::Number(number) => match number.as_i64() {
                Some(whole) => Self::Int(whole),
                None => Self::Double(number.as_f64().unwrap_or(f64::NAN)),
            },
            Json::String(text) => Self::text(text.as_str()),
            Json::Array(elements) => Self::list(elements.iter().map(Self::of_json).collect()),
            Json::Object(fields) => {
                let entry = |(key, value): (&String, &Json)| (Key::String(key.as_str().into()), Self::of_json(value));
                Self::Map(Arc::new(fields.iter().map(entry).collect()))
            }
        }
    }

    pub(crate) fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null_type",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Uint(_) => "uint",
            Self::Double(_) => "double",
            Self::String(_) => "string",
            Self::Bytes(_) => "bytes",
            Self::List(_) => "list",
            Self::Map(_) => "map",
            Self::Timestamp(_) => "google.protobuf.Timestamp",
            Self::Duration(_) => "google.protobuf.Duration",
            Self::Type(_) => "type",
            Self::Optional(_) => "optional_type",
        }
    }

    /// Says whether it is what a value of its type is without being set.
    pub(crate) fn is_zero(&self) -> bool {
        match self {
            Self::Null | Self::Optional(None) => true,
            Self::Bool(value) => !value,
            Self::Int(0) | Self::Uint(0) | Self::Duration(0) => true,
            Self::Double(value) => *value == 0.0,
            Self::String(text) => text.is_empty(),
            Self::Bytes(bytes) => bytes.is_empty(),
            Self::List(elements) => elements.is_empty(),
            Self::Map(entries) => entries.is_empty(),
            _ => false,
        }
    }

    /// Returns the key that it stands for: numbers without a fraction count as whole.
    pub(crate) fn key(&self) -> Option<Key> {
        Some(match self {
            Self::Bool(value) => Key::Bool(*value),
            Self::Int(whole) => Key::Int(*whole),
            Self::Uint(whole) => i64::try_from(*whole).map_or(Key::Uint(*whole), Key::Int),
            Self::Double(_) => Key::Int(self.whole()?),
            Self::String(text) => Key::String(text.clone()),
            _ => return None,
        })
    }

    /// Returns the whole number that it is equal to.
    pub(crate) fn whole(&self) -> Option<i64> {
        match self {
            Self::Int(whole) => Some(*whole),
            Self::Uint(whole) => i64::try_from(*whole).ok(),
            Self::Double(value) => (value.fract() == 0.0 && value.abs() < 9.2e18).then_some(*value as i64),
            _ => None,
        }
    }

    /// Says whether two values are equal. Numbers are compared by value; other types are never equal.
    pub(crate) fn equals(&self, other: &Self, steps: &mut Steps) -> Result<bool, Fault> {
        steps.spend(1)?;
        match (self, other) {
            (Self::List(a), Self::List(b)) => {
                if a.len() != b.len() {
                    return Ok(false);
                }
                all(a.iter().zip(b.iter()), |(a, b)| a.equals(b, steps))
            }
            (Self::Map(a), Self::Map(b)) => {
                if a.len() != b.len() {
                    return Ok(false);
                }
                all(a.iter(), |(key, value)| match b.get(key) {
                    Some(other) => value.equals(other, steps),
                    None => Ok(false),
                })
            }
            (Self::Optional(Some(a)), Self::Optional(Some(b))) => a.equals(b, steps),
            (Self::String(a), Self::String(b)) => {
                steps.spend_on(a.len().min(b.len()))?;
                Ok(a == b)
            }
            _ => Ok(match self.compare(other) {
                Some(order) => order == Ordering::Equal,
                None => self == other,
            }),
        }
    }

    /// Compares numbers, and values of one type that have an order.
    pub(crate) fn compare(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Bool(a), Self::Bool(b)) => Some(a.cmp(b)),
            (Self::Int(a), Self::Int(b)) | (Self::Duration(a), Self::Duration(b)) => Some(a.cmp(b)),
            (Self::Uint(a), Self::Uint(b)) => Some(a.cmp(b)),
            (Self::Int(a), Self::Uint(b)) => Some(i128::from(*a).cmp(&i128::from(*b))),
            (Self::Uint(a), Self::Int(b)) => Some(i128::from(*a).cmp(&i128::from(*b))),
            (Self::Double(a), Self::Double(b)) => a.partial_cmp(b),
            (Self::Double(a), b) => a.partial_cmp(&b.float()?),
            (a, Self::Double(b)) => a.float()?.partial_cmp(b),
            (Self::String(a), Self::String(b)) => Some(a.cmp(b)),
            (Self::Bytes(a), Self::Bytes(b)) => Some(a.cmp(b)),
            (Self::Timestamp(a), Self::Timestamp(b)) => Some(a.cmp(b)),
            _ => None,
        }
    }

    fn float(&self) -> Option<f64> {
        match self {
            Self::Int(whole) => Some(*whole as f64),
            Self::Uint(whole) => Some(*whole as f64),
            _ => None,
        }
    }
}

fn all<T>(items: impl Iterator<Item = T>, mut holds: impl FnMut(T) -> Result<bool, Fault>) -> Result<bool, Fault> {
    for item in items {
        if !holds(item)? {
            return Ok(false);
        }
    }
    Ok(true)
}

impl Key {
    pub(crate) fn value(&self) -> Value {
        match self {
            Self::Bool(value) => Value::Bool(*value),
            Self::Int(whole) => Value::Int(*whole),
            Self::Uint(whole) => Value::Uint(*whole),
            Self::String(text) => Value::String(text.clone()),
        }
    }
}

/// Writes a value as an expression would.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => value.fmt(f),
            Self::Int(whole) => whole.fmt(f),
            Self::Uint(whole) => write!(f, "{whole}u"),
            Self::Double(value) if value.is_infinite() => f.write_str(if *value > 0.0 { "+Inf" } else { "-Inf" }),
            Self::Double(value) if value.fract() == 0.0 => write!(f, "{value}.0"),
            Self::Double(value) => value.fmt(f),
            Self::String(text) | Self::Type(text) => Json::from(&**text).fmt(f),
            Self::Bytes(bytes) => write!(f, "b{}", Json::from(String::from_utf8_lossy(bytes))),
            Self::List(elements) => listed(f, "[", elements.iter().map(Value::to_string), "]"),
            Self::Map(entries) => {
                let entry = |(key, value): (&Key, &Value)| format!("{}: {value}", key.value());
                listed(f, "{", entries.iter().map(entry), "}")
            }
            Self::Timestamp(at) => write!(f, "timestamp(\"{at}Z\")"),
            Self::Duration(nanos) => write!(f, "duration(\"{nanos}ns\")"),
            Self::Optional(None) => f.write_str("optional.none()"),
            Self::Optional(Some(value)) => write!(f, "optional.of({value})"),
        }
    }
}

fn listed(f: &mut fmt::Formatter<'_>, open: &str, items: impl Iterator<Item = String>, close: &str) -> fmt::Result {
    write!(f, "{open}{}{close}", items.collect::<Vec<_>>().join(", "))
}
