//! `toToml`, `fromToml`: TOML as BurntSushi's library writes and reads it.

mod decode;
mod encode;
mod keys;
mod scalars;
mod scan;
mod tables;

use super::{
    Answer,
    arguments::{any, bytes},
    function,
    json::Refusal,
};
use crate::{
    function::{Call, Failure, Function, Signature},
    map::Map,
    types::Type,
    value::Value,
};

const WRITES: Signature = Signature::of(&[Type::Any], Type::String);

pub(super) const FUNCTIONS: &[Function] = &[
    function("fromToml", Signature::of(&[Type::String], Type::MAP), from_toml),
    function("mustToToml", WRITES, |call, args| Ok(Value::string(encode::encode(any(args, 0), call)?))),
    function("toToml", WRITES, to_toml),
];

/// What can't be written is said in place of it.
fn to_toml(call: &mut Call<'_>, args: &[Value]) -> Answer {
    if matches!(any(args, 0), Value::Nil) {
        return Err(Failure::new(encode::NO_VALUE));
    }
    match encode::encode(any(args, 0), call) {
        Ok(text) => Ok(Value::string(text)),
        Err(Refusal::Go(error)) => Ok(Value::string(error)),
        Err(Refusal::Limit(failure)) => Err(failure),
    }
}

fn from_toml(call: &mut Call<'_>, args: &[Value]) -> Answer {
    call.take(bytes(args, 0).len())?;
    Ok(Value::Map(decode::decode(bytes(args, 0)).unwrap_or_else(|error| {
        let map = Map::default();
        map.set("Error", Value::string(error));
        map
    })))
}
