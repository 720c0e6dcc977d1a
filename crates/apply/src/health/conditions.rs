//! `status.conditions`, typed.

use serde_json::Value;

/// One condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Condition<'a> {
    pub(super) type_: &'a str,
    pub(super) status: &'a str,
    pub(super) reason: &'a str,
    pub(super) message: &'a str,
}

/// Returns the conditions in the order of the list.
///
/// # Errors
/// When they are not a list of maps of strings.
pub(super) fn conditions(value: &Value) -> Result<Vec<Condition<'_>>, String> {
    let status = match value.get("status") {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Object(status)) => status,
        Some(other) => return Err(format!("cannot restore struct from: {}", kind_of(other))),
    };
    match status.get("conditions") {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(items)) => items.iter().map(condition).collect(),
        Some(other) => Err(format!("cannot restore slice from {}", kind_of(other))),
    }
}

fn condition(item: &Value) -> Result<Condition<'_>, String> {
    if !item.is_object() && !item.is_null() {
        return Err(format!("cannot restore struct from: {}", kind_of(item)));
    }
    Ok(Condition {
        type_: field(item, "type")?,
        status: field(item, "status")?,
        reason: field(item, "reason")?,
        message: field(item, "message")?,
    })
}

fn field<'a>(item: &'a Value, name: &str) -> Result<&'a str, String> {
    match item.get(name) {
        None | Some(Value::Null) => Ok(""),
        Some(Value::String(text)) => Ok(text),
        Some(other) => Err(format!("cannot convert {} to string", kind_of(other))),
    }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "nil",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float64",
        Value::Number(_) => "int64",
        Value::String(_) => "string",
        Value::Array(_) => "slice",
        Value::Object(_) => "map",
    }
}

/// Says whether a condition of the type has the status.
pub(super) fn has(conditions: &[Condition<'_>], type_: &str, status: &str) -> bool {
    conditions.iter().any(|condition| condition.type_ == type_ && condition.status == status)
}
