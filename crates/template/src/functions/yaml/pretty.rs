//! `toYamlPretty`: go-yaml v3, which sees Go's values and no JSON.

use serde_json::Value as Json;
use sluice_yaml::{LayoutOptions, Node, Sequences, emit_v3, float_v3, from_json, map_v3, string_v3, time_v3};

use super::{Refusal, without_last_break};
use crate::{
    function::{Call, Failure},
    map::Map,
    object::Object,
    types::IntKind,
    value::Value,
};

/// Go's own stack holds more, but no manifest does.
const DEEPEST: usize = 1000;

/// Writes a value with two spaces for each level, without the last line's end.
pub(super) fn encode(value: &Value, call: &mut Call<'_>) -> Result<String, Refusal> {
    let layout = LayoutOptions { indent: 2, sequences: Sequences::Wide };
    Ok(without_last_break(emit_v3(&node(value, 0, call)?, &layout)))
}

fn node(value: &Value, depth: usize, call: &mut Call<'_>) -> Result<Node, Failure> {
    if depth > DEEPEST {
        return Err(Failure::new(format!("toYamlPretty: values lie in each other more than {DEEPEST} times")));
    }
    call.take(8 + depth)?;
    Ok(match value {
        Value::Nil => Node::null(),
        Value::Bool(value) => Node::bool(*value),
        Value::Int(IntKind::Uint | IntKind::Uint64, bits) => from_json(&Json::from(*bits as u64)),
        Value::Int(_, number) => Node::int(*number),
        Value::Float(float) => float_v3(*float),
        Value::String(text) => {
            call.take(text.len())?;
            string_v3(text.as_bytes())
        }
        Value::List(list) => {
            let items: Result<_, _> = list.items().iter().map(|item| node(item, depth + 1, call)).collect();
            Node::sequence(items?)
        }
        Value::Map(map) => map_node(map, depth, call)?,
        Value::Object(object) => match value.as_duration() {
            Some(duration) => string_v3(duration.to_string().as_bytes()),
            None => object_node(object.as_ref()),
        },
    })
}

fn map_node(map: &Map, depth: usize, call: &mut Call<'_>) -> Result<Node, Failure> {
    let mut entries = Vec::with_capacity(map.len());
    for (key, value) in map.entries() {
        call.take(key.len())?;
        entries.push((key.to_text().into_owned(), node(&value, depth + 1, call)?));
    }
    Ok(map_v3(entries))
}

/// Fields of structs are written in small letters; what has a text of its own is that text.
fn object_node(object: &dyn Object) -> Node {
    match object.to_json() {
        Json::String(text) if object.type_of().name == "time.Time" => time_v3(text),
        Json::String(text) => string_v3(text.as_bytes()),
        Json::Object(fields) => {
            let entries = fields.iter().map(|(name, value)| (name.to_lowercase(), from_json(value)));
            map_v3(entries.collect())
        }
        other => from_json(&other),
    }
}
