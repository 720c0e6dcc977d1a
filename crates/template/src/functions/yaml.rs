//! `toYaml`, `fromYaml` and their relatives.

mod pretty;

use sluice_yaml::{Duplicates, EmitOptions, Flavor, Limits, into_json, json_to_yaml, parse_first};

use super::{
    Answer,
    arguments::{any, bytes},
    function,
    json::{self, Decoded, Refusal},
};
use crate::{
    function::{Call, Failure, Function, Signature},
    list::List,
    map::Map,
    types::Type,
    value::Value,
};

const WRITES: Signature = Signature::of(&[Type::Any], Type::String);

pub(super) const FUNCTIONS: &[Function] = &[
    function("fromYaml", Signature::of(&[Type::String], Type::MAP), from_yaml),
    function("fromYamlArray", Signature::of(&[Type::String], Type::LIST), from_yaml_array),
    function("mustToYaml", WRITES, |call, args| Ok(Value::string(encode(any(args, 0), call)?))),
    function("toYaml", WRITES, |call, args| quiet(encode(any(args, 0), call))),
    function("toYamlPretty", WRITES, |call, args| quiet(pretty::encode(any(args, 0), call))),
];

/// Says nothing of what YAML can't hold.
fn quiet(text: Result<String, Refusal>) -> Answer {
    match text {
        Ok(text) => Ok(Value::string(text)),
        Err(Refusal::Go(_)) => Ok(Value::string("")),
        Err(Refusal::Limit(failure)) => Err(failure),
    }
}

/// Writes a value as `sigs.k8s.io/yaml.Marshal` does, without the last line's end.
fn encode(value: &Value, call: &mut Call<'_>) -> Result<String, Refusal> {
    let json = json::to_json(value, call).map_err(|refusal| match refusal {
        Refusal::Go(text) => Refusal::Go(format!("error marshaling into JSON: {text}")),
        limit => limit,
    })?;
    let text = json_to_yaml(&json, &EmitOptions::FOLDED).map_err(|error| Refusal::Go(error.to_string()))?;
    Ok(without_last_break(text))
}

fn without_last_break(mut text: String) -> String {
    if text.ends_with('\n') {
        text.pop();
    }
    text
}

fn from_yaml(call: &mut Call<'_>, args: &[Value]) -> Answer {
    let map = match decode(bytes(args, 0), call)? {
        Ok(decoded) => json::into_map(worded(decoded, Type::MAP)),
        Err(error) => {
            let map = Map::default();
            map.set("Error", Value::string(error));
            map
        }
    };
    Ok(Value::Map(map))
}

fn from_yaml_array(call: &mut Call<'_>, args: &[Value]) -> Answer {
    Ok(Value::List(match decode(bytes(args, 0), call)? {
        Ok(decoded) => json::into_list(worded(decoded, Type::LIST)),
        Err(error) => List::new(vec![Value::string(error)]),
    }))
}

/// Reads the first document as `sigs.k8s.io/yaml.Unmarshal` does; the inner error is its.
fn decode(text: &[u8], call: &mut Call<'_>) -> Result<Result<Value, String>, Failure> {
    call.take(text.len())?;
    let read = || {
        let text = std::str::from_utf8(text).map_err(|_| format!("yaml: {}", bad_byte(text)))?;
        let node = parse_first(text, Flavor::V2, Duplicates::LastWins, &Limits::default());
        let json = node.and_then(into_json).map_err(|error| error.in_full())?;
        Ok(Value::from_json(&json))
    };
    Ok(read().map_err(|error: String| format!("error converting YAML to JSON: {error}")))
}

/// Returns what was read, and what the JSON decoder says where it doesn't go into a type.
fn worded(value: Value, wanted: Type) -> Decoded {
    let fits = match &value {
        Value::Nil => true,
        Value::Map(_) => wanted == Type::MAP,
        Value::List(_) => wanted == Type::LIST,
        _ => false,
    };
    if fits {
        return Decoded { value, error: None };
    }
    let error = format!("error unmarshaling JSON: while decoding JSON: {}", json::mismatch(&value, wanted));
    Decoded { value: Value::Nil, error: Some(error) }
}

/// Returns what go-yaml says of the first byte that is no UTF-8.
fn bad_byte(bytes: &[u8]) -> &'static str {
    let Err(error) = std::str::from_utf8(bytes) else {
        return "";
    };
    let rest = &bytes[error.valid_up_to()..];
    let width = match rest[0] {
        0xc0..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf7 => 4,
        _ => return "invalid leading UTF-8 octet",
    };
    match rest[1..].iter().take(width - 1).find(|byte| !matches!(byte, 0x80..=0xbf)) {
        Some(_) => "invalid trailing UTF-8 octet",
        None if rest.len() < width => "incomplete UTF-8 octet sequence",
        None if matches!(rest[0], 0xc0 | 0xc1) => "invalid length of a UTF-8 sequence",
        None => "invalid Unicode character",
    }
}
