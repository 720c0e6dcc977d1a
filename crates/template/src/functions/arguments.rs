//! What a function was given. The signature has checked how many there are and their types.

use std::borrow::Cow;

use crate::{map::Map, print, text::Str, types::Type, value::Value};

static NIL: Value = Value::Nil;

/// Returns an argument.
pub(crate) fn any(given: &[Value], index: usize) -> &Value {
    given.get(index).unwrap_or(&NIL)
}

/// Returns the arguments after the first ones.
pub(crate) fn rest(given: &[Value], from: usize) -> &[Value] {
    given.get(from..).unwrap_or_default()
}

/// Returns the bytes of a `string`.
pub(crate) fn bytes(given: &[Value], index: usize) -> &[u8] {
    match any(given, index) {
        Value::String(text) => text.as_bytes(),
        _ => &[],
    }
}

/// Returns the characters of a `string`.
pub(crate) fn text(given: &[Value], index: usize) -> Cow<'_, str> {
    match any(given, index) {
        Value::String(text) => text.to_text(),
        _ => Cow::Borrowed(""),
    }
}

/// Returns an `int`.
pub(crate) fn whole(given: &[Value], index: usize) -> i64 {
    match any(given, index) {
        Value::Int(_, value) => *value,
        _ => 0,
    }
}

/// Returns a `bool`.
pub(crate) fn truth(given: &[Value], index: usize) -> bool {
    matches!(any(given, index), Value::Bool(true))
}

/// Returns a map; `None` is one that is `nil`.
pub(crate) fn map(given: &[Value], index: usize) -> Option<&Map> {
    match any(given, index) {
        Value::Map(map) if !map.is_nil() => Some(map),
        _ => None,
    }
}

/// Returns a value as text: bytes are one already, all else is as `%v` prints it. Sprig: `strval`.
pub(crate) fn shown(value: &Value) -> Str {
    match value {
        Value::List(list) if list.type_of() == Type::BYTES => list.as_bytes().unwrap_or_else(|| print::text(value)),
        other => print::text(other),
    }
}
