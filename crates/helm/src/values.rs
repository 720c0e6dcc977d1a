//! Values: files of them, and those of the command line.

mod flags;
pub mod references;
mod set;

use serde_json::{Map as JsonMap, Number, Value as Json};
use sluice_template::{List, Map, Value};

use crate::chart::{DecodeError, unfit, yaml_to_json};

pub use flags::{FlagError, Flags};
pub use set::{ReadFile, SetError, Style, set};

/// Why a file holds no values; the text is Helm's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ValuesError {
    /// `---` with something after it.
    #[error("error reading yaml document: invalid Yaml document separator: {0}")]
    Separator(String),
    /// A document that is no mapping, or no YAML.
    #[error("cannot unmarshal yaml document: {0}")]
    Document(DecodeError),
}

/// Reads a file of values: the mappings of all its documents, merged.
///
/// # Errors
/// When a document is no mapping.
pub fn read(bytes: &[u8]) -> Result<Map, ValuesError> {
    let mut values = Map::default();
    for document in documents(bytes)? {
        let json = yaml_to_json(&document).map_err(ValuesError::Document)?;
        let map = match Value::from_json(&json) {
            Value::Nil => Map::default(),
            Value::Map(map) => map,
            _ => return Err(ValuesError::Document(unfit(&json, "map[string]interface {}"))),
        };
        values = merged(&values, &map);
    }
    Ok(values)
}

/// Returns both as one new map: of two tables the union, of anything else the second.
pub fn merged(below: &Map, above: &Map) -> Map {
    let out = below.shallow_copy();
    for (key, value) in above.entries() {
        let value = match (out.get(key.as_bytes()), value) {
            (Some(Value::Map(old)), Value::Map(new)) => Value::Map(merged(&old, &new)),
            (_, value) => value,
        };
        out.set(key, value);
    }
    out
}

/// Cuts a text at its lines `---`, as the reader of Kubernetes' libraries does: before it is YAML.
fn documents(bytes: &[u8]) -> Result<Vec<Vec<u8>>, ValuesError> {
    let mut documents = Vec::new();
    let mut current = Vec::new();
    for line in lines(bytes) {
        if let Some(rest) = line.strip_prefix(b"---") {
            check_separator(rest)?;
            if !current.is_empty() {
                documents.push(std::mem::take(&mut current));
                continue;
            }
        }
        current.extend_from_slice(line);
        current.push(b'\n');
    }
    documents.extend((!current.is_empty()).then_some(current));
    Ok(documents)
}

fn check_separator(rest: &[u8]) -> Result<(), ValuesError> {
    let rest = String::from_utf8_lossy(rest);
    let rest = rest.trim();
    if rest.is_empty() || rest.starts_with('#') {
        return Ok(());
    }
    Err(ValuesError::Separator(rest.to_owned()))
}

fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let lines = bytes.split_inclusive(|byte| *byte == b'\n');
    lines.map(|line| match line.strip_suffix(b"\n") {
        Some(line) => line.strip_suffix(b"\r").unwrap_or(line),
        None => line,
    })
}

/// Returns a copy in which no map is the original's.
pub(crate) fn deep_copy(values: &Map) -> Map {
    let copy = values.shallow_copy();
    copy.each(|value| {
        if let Value::Map(_) | Value::List(_) = value {
            *value = deep_copy_value(value);
        }
    });
    copy
}

fn deep_copy_value(value: &Value) -> Value {
    match value {
        Value::Map(map) => Value::Map(deep_copy(map)),
        Value::List(list) => {
            let items = list.items().iter().map(deep_copy_value).collect();
            Value::List(List::typed(list.type_of(), items))
        }
        other => other.clone(),
    }
}

/// Returns a value below maps, by its keys.
pub(crate) fn lookup(values: &Map, keys: &[&str]) -> Option<Value> {
    let (last, path) = keys.split_last()?;
    table(values, path)?.get(last.as_bytes())
}

/// Returns a map below maps, by its keys.
pub(crate) fn table(values: &Map, keys: &[&str]) -> Option<Map> {
    keys.iter().try_fold(values.clone(), |map, key| match map.get(key.as_bytes()) {
        Some(Value::Map(inner)) => Some(inner),
        _ => None,
    })
}

/// Returns a value as JSON; whole numbers are whole there.
pub(crate) fn to_json(value: &Value) -> Json {
    match value {
        Value::Nil => Json::Null,
        Value::Bool(value) => Json::Bool(*value),
        Value::Int(_, value) => Json::from(*value),
        Value::Float(value) => number(*value),
        Value::String(text) => Json::String(text.to_string()),
        Value::List(list) => Json::Array(list.items().iter().map(to_json).collect()),
        Value::Map(map) => {
            let entries = map.entries().into_iter().map(|(key, value)| (key.to_string(), to_json(&value)));
            Json::Object(entries.collect::<JsonMap<_, _>>())
        }
        Value::Object(object) => object.to_json(),
    }
}

fn number(value: f64) -> Json {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if value.fract() == 0.0 && value.abs() < EXACT {
        return Json::from(value as i64);
    }
    Number::from_f64(value).map_or(Json::Null, Json::Number)
}
