//! YAML nodes to JSON values and back.

use serde_json::{Map, Number, Value as Json};

use crate::{
    error::Error,
    go,
    node::{Mapping, Node, Position, Style, Tag, Value},
    resolve::{Flavor, Resolved, resolve_tagged, resolve_v3},
    shown::{shown, shown_alone},
    timestamp::Timestamp,
};

/// Converts a node to JSON.
///
/// [`Flavor::V2`] does what `sigs.k8s.io/yaml` does: keys of any scalar type become strings and
/// dates stay text. [`Flavor::V3`] does what kustomize does with a resource: dates become RFC 3339
/// times, and below the top a key that isn't a string is refused.
///
/// # Errors
/// [`Error::Json`] for infinities, NaN and keys JSON can't hold.
pub fn to_json(node: &Node, flavor: Flavor) -> Result<Json, Error> {
    match (&node.value, flavor) {
        (Value::Mapping(mapping), Flavor::V3) => top_level(mapping),
        _ => value(node, flavor),
    }
}

/// Converts a node as [`to_json`] does with [`Flavor::V2`], without copying its texts.
///
/// # Errors
/// As [`to_json`].
pub fn into_json(node: Node) -> Result<Json, Error> {
    match node {
        Node { value: Value::Scalar(text), tag: Tag::Str, .. } => Ok(Json::String(text)),
        Node { value: Value::Sequence(items), .. } => {
            let items: Result<_, _> = items.into_iter().map(into_json).collect();
            items.map(Json::Array)
        }
        Node { value: Value::Mapping(mut mapping), .. } => {
            let mut map = Map::new();
            for (key, child) in std::mem::take(mapping.entries_mut()) {
                let key = match key {
                    Node { value: Value::Scalar(text), tag: Tag::Str, .. } => text,
                    key => key_text(&key, &child, Flavor::V2)?,
                };
                map.insert(key, into_json(child)?);
            }
            Ok(Json::Object(map))
        }
        node => value(&node, Flavor::V2),
    }
}

/// Makes a node of a JSON value; keys keep the order the map gives them.
pub fn from_json(json: &Json) -> Node {
    match json {
        Json::Null => Node::null(),
        Json::Bool(value) => Node::bool(*value),
        Json::Number(number) => from_number(number),
        Json::String(text) => Node::string(text.as_str()),
        Json::Array(items) => Node::sequence(items.iter().map(from_json).collect()),
        Json::Object(map) => {
            let mut mapping = Mapping::new();
            for (key, value) in map {
                mapping.push(Node::string(key.as_str()), from_json(value));
            }
            Node::mapping(mapping)
        }
    }
}

fn from_number(number: &Number) -> Node {
    let (text, tag) = match (number.as_i64(), number.as_u64(), number.as_f64()) {
        (Some(int), ..) => (int.to_string(), Tag::Int),
        (_, Some(uint), _) => (uint.to_string(), Tag::Int),
        (.., Some(float)) => float_text(float),
        _ => (number.to_string(), Tag::Float),
    };
    Node { value: Value::Scalar(text), tag, style: Style::Plain, at: Position::default() }
}

/// In JSON text a whole float has no point, so that YAML reads it as an integer.
fn float_text(float: f64) -> (String, Tag) {
    let text = go::format_json(float);
    let tag = resolve_v3(&text).tag();
    (text, tag)
}

/// kustomize decodes a resource into `map[string]interface{}`: at the top, keys are their text.
fn top_level(mapping: &Mapping) -> Result<Json, Error> {
    let mut map = Map::new();
    for (key, child) in mapping.entries() {
        match &key.value {
            _ if key.is_null() => {}
            Value::Scalar(text) => {
                map.insert(text.clone(), value(child, Flavor::V3)?);
            }
            _ => return Err(Error::Key { key: shown(key), at: key.at }),
        }
    }
    Ok(Json::Object(map))
}

fn value(node: &Node, flavor: Flavor) -> Result<Json, Error> {
    match &node.value {
        Value::Scalar(text) => scalar(node, text, flavor),
        Value::Sequence(items) => {
            let items: Result<_, _> = items.iter().map(|item| value(item, flavor)).collect();
            items.map(Json::Array)
        }
        Value::Mapping(mapping) => object(mapping, flavor),
    }
}

fn object(mapping: &Mapping, flavor: Flavor) -> Result<Json, Error> {
    let mut map = Map::new();
    for (key, child) in mapping.entries() {
        map.insert(key_text(key, child, flavor)?, value(child, flavor)?);
    }
    Ok(Json::Object(map))
}

fn key_text(key: &Node, child: &Node, flavor: Flavor) -> Result<String, Error> {
    let Value::Scalar(text) = &key.value else {
        return Err(Error::Key { key: shown(key), at: key.at });
    };
    match (flavor, &key.tag) {
        (_, Tag::Str) | (Flavor::V2, Tag::Binary | Tag::Other(_) | Tag::Timestamp) => Ok(text.clone()),
        (Flavor::V3, _) => Err(unsupported(key, "unsupported type: map[interface {}]interface {}")),
        (Flavor::V2, tag) => converted_key(key, child, number_of(tag, text)),
    }
}

fn converted_key(key: &Node, child: &Node, resolved: Resolved) -> Result<String, Error> {
    let of = match resolved {
        Resolved::Bool(value) => return Ok(value.to_string()),
        Resolved::Int(int) => return Ok(int.to_string()),
        // sigs.k8s.io/yaml formats float keys with the precision of a float32.
        Resolved::Float(float) => return Ok(go::format_g32(float)),
        Resolved::Uint(_) => "uint64",
        _ => "%!s(<nil>)",
    };
    Err(Error::JsonKey { of, key: shown_alone(key), value: shown_alone(child), at: key.at })
}

fn scalar(node: &Node, text: &str, flavor: Flavor) -> Result<Json, Error> {
    match (&node.tag, flavor) {
        (Tag::Null, _) => Ok(Json::Null),
        (Tag::Timestamp, Flavor::V3) => timestamp(node, text),
        (Tag::Bool | Tag::Int | Tag::Float, _) => number(node, text),
        _ => Ok(Json::String(text.to_owned())),
    }
}

fn timestamp(node: &Node, text: &str) -> Result<Json, Error> {
    let zone = "error calling MarshalJSON for type time.Time: Time.MarshalJSON: \
                timezone hour outside of range [0,23]";
    match Timestamp::parse(text) {
        Some(time) => time.rfc3339().map(Json::String).ok_or_else(|| unsupported(node, zone)),
        None => Ok(Json::String(text.to_owned())),
    }
}

fn number(node: &Node, text: &str) -> Result<Json, Error> {
    match number_of(&node.tag, text) {
        Resolved::Bool(value) => Ok(Json::Bool(value)),
        Resolved::Int(int) => Ok(int.into()),
        Resolved::Uint(uint) => Ok(uint.into()),
        Resolved::Float(float) => float_value(node, float),
        // The text was changed under a tag that no longer fits: what it says is what counts.
        Resolved::Null => Ok(Json::Null),
        Resolved::Timestamp | Resolved::Str => Ok(Json::String(text.to_owned())),
    }
}

/// v2's words and v3's octals don't contradict each other once the tag is known.
fn number_of(tag: &Tag, text: &str) -> Resolved {
    let flavor = if *tag == Tag::Bool { Flavor::V2 } else { Flavor::V3 };
    match (tag, resolve_tagged(flavor, text)) {
        (Tag::Float, Resolved::Int(int)) => Resolved::Float(int as f64),
        (Tag::Float, Resolved::Uint(uint)) => Resolved::Float(uint as f64),
        (_, resolved) => resolved,
    }
}

fn float_value(node: &Node, float: f64) -> Result<Json, Error> {
    match Number::from_f64(float) {
        Some(number) => Ok(Json::Number(number)),
        None if float.is_nan() => Err(unsupported(node, "unsupported value: NaN")),
        None if float > 0.0 => Err(unsupported(node, "unsupported value: +Inf")),
        None => Err(unsupported(node, "unsupported value: -Inf")),
    }
}

fn unsupported(node: &Node, text: &str) -> Error {
    Error::Json { text: text.into(), at: node.at }
}
