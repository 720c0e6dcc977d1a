//! `toJson`, `fromJson` and their relatives.

mod decode;
mod encode;
mod scan;

use super::{
    Answer,
    arguments::{any, bytes},
    function,
};
use crate::{
    function::{Call, Failure, Function, Signature},
    list::List,
    map::Map,
    types::Type,
    value::Value,
};

pub(super) use decode::{Decoded, decode, mismatch};
pub(super) use encode::{Refusal, to_json};
use encode::{Style, encode};

const WRITES: Signature = Signature::of(&[Type::Any], Type::String);
const INTO_MAP: Signature = Signature::of(&[Type::String], Type::MAP);
const INTO_LIST: Signature = Signature::of(&[Type::String], Type::LIST);
const INTO_ANY: Signature = Signature::of(&[Type::String], Type::Any);

pub(super) const FUNCTIONS: &[Function] = &[
    function("fromJson", INTO_MAP, |_, args| Ok(Value::Map(from_json(decode(bytes(args, 0)))))),
    function("fromJsonArray", INTO_LIST, |_, args| Ok(Value::List(from_json_array(decode(bytes(args, 0)))))),
    function("mustFromJson", INTO_ANY, must_from_json),
    function("mustToJson", WRITES, |call, args| strict(call, args, Style::COMPACT)),
    function("mustToPrettyJson", WRITES, |call, args| strict(call, args, Style::PRETTY)),
    function("mustToRawJson", WRITES, |call, args| strict(call, args, Style::RAW)),
    function("toJson", WRITES, |call, args| quiet(call, args, Style::COMPACT)),
    function("toPrettyJson", WRITES, |call, args| quiet(call, args, Style::PRETTY)),
    function("toRawJson", WRITES, |call, args| strict(call, args, Style::RAW)),
];

fn strict(call: &mut Call<'_>, args: &[Value], style: Style) -> Answer {
    Ok(Value::string(encode(any(args, 0), style, call)?))
}

/// Says nothing of what JSON can't hold, as Helm's `toJson` and sprig's `toPrettyJson`.
fn quiet(call: &mut Call<'_>, args: &[Value], style: Style) -> Answer {
    match encode(any(args, 0), style, call) {
        Ok(text) => Ok(Value::string(text)),
        Err(Refusal::Go(_)) => Ok(Value::string("")),
        Err(Refusal::Limit(failure)) => Err(failure),
    }
}

fn must_from_json(_: &mut Call<'_>, args: &[Value]) -> Answer {
    let decoded = decode(bytes(args, 0));
    match decoded.error {
        Some(error) => Err(Failure::new(error)),
        None => Ok(decoded.value),
    }
}

/// To Go `null` is the `nil` of a map.
fn from_json(decoded: Decoded) -> Map {
    match decoded {
        Decoded { value: Value::Nil, error: None } => Map::nil(Type::MAP),
        other => into_map(other),
    }
}

fn from_json_array(decoded: Decoded) -> List {
    match decoded {
        Decoded { value: Value::Nil, error: None } => List::nil(Type::LIST),
        other => into_list(other),
    }
}

/// Returns what was decoded into a map, an error in it under `Error`.
pub(super) fn into_map(decoded: Decoded) -> Map {
    let (map, error) = match decoded.value {
        Value::Map(map) => (map, decoded.error),
        Value::Nil => (Map::default(), decoded.error),
        other => (Map::default(), Some(mismatch(&other, Type::MAP))),
    };
    if let Some(error) = error {
        map.set("Error", Value::string(error));
    }
    map
}

/// Returns what was decoded into a list; an error as its only element.
pub(super) fn into_list(decoded: Decoded) -> List {
    match (decoded.value, decoded.error) {
        (Value::List(list), None) => list,
        (Value::Nil, None) => List::new(Vec::new()),
        (Value::List(_) | Value::Nil, Some(error)) => List::new(vec![Value::string(error)]),
        (other, _) => List::new(vec![Value::string(mismatch(&other, Type::LIST))]),
    }
}
