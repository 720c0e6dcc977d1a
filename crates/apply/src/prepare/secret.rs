//! Secrets: `stringData` merged over `data`.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value};

/// Merges `stringData` into `data`. Says whether all values were of their types; if not, nothing is changed and the
/// API server decides.
pub(super) fn normalize(value: &mut Value) -> bool {
    let Some(data) = encoded(value.get("data")) else { return false };
    let Some(texts) = texts(value.get("stringData")) else { return false };
    let Some(secret) = value.as_object_mut() else { return false };
    secret.remove("stringData");
    let merged: Map<String, Value> = data.into_iter().chain(texts).collect();
    secret.insert("data".into(), Value::Object(merged));
    true
}

fn encoded(data: Option<&Value>) -> Option<Map<String, Value>> {
    map(data)?.iter().map(|(key, value)| Some((key.clone(), recoded(value)?))).collect()
}

fn recoded(value: &Value) -> Option<Value> {
    let text: String = text(value)?.chars().filter(|char| !matches!(char, '\r' | '\n')).collect();
    let bytes = STANDARD.decode(text).ok()?;
    Some(Value::String(STANDARD.encode(bytes)))
}

fn texts(data: Option<&Value>) -> Option<Map<String, Value>> {
    let encode = |value: &Value| text(value).map(|text| Value::String(STANDARD.encode(text)));
    map(data)?.iter().map(|(key, value)| Some((key.clone(), encode(value)?))).collect()
}

fn text(value: &Value) -> Option<&str> {
    if value.is_null() { Some("") } else { value.as_str() }
}

fn map(value: Option<&Value>) -> Option<Map<String, Value>> {
    match value {
        None | Some(Value::Null) => Some(Map::new()),
        Some(Value::Object(map)) => Some(map.clone()),
        Some(_) => None,
    }
}
