//! Reads of single fields, typed as client-go types them.

use serde_json::Value;

/// Returns an integer, or the default when it is missing or of another type.
pub(super) fn int(value: &Value, pointer: &str, default: i64) -> i64 {
    value.pointer(pointer).and_then(Value::as_i64).unwrap_or(default)
}

/// Returns a text, or an empty one when it is missing or of another type.
pub(super) fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// Returns a generation; another type than an integer is an error, not an absence.
pub(super) fn generation(value: &Value, parent: &str, field: &str) -> Result<Option<i64>, String> {
    let looking = format!("looking up {parent}.{field} from resource");
    let map = match value.get(parent) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Object(map)) => map,
        Some(other) => return Err(format!("{looking}: {}", mistyped(other, parent, "map[string]interface{}"))),
    };
    match map.get(field) {
        None => Ok(None),
        Some(found) => found.as_i64().map(Some).ok_or_else(|| {
            let path = format!("{parent}.{field}");
            format!("{looking}: {}", mistyped(found, &path, "int64"))
        }),
    }
}

fn mistyped(value: &Value, path: &str, expected: &str) -> String {
    let shown = match value {
        Value::String(text) => text.clone(),
        Value::Null => "<nil>".into(),
        other => other.to_string(),
    };
    format!(".{path} accessor error: {shown} is of the type {}, expected {expected}", go_type(value))
}

fn go_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "<nil>",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float64",
        Value::Number(_) => "int64",
        Value::String(_) => "string",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    }
}
