//! What a template asks the world for.

use super::{Answer, arguments::text, function};
use crate::{
    function::{Call, Function, Lookup, Signature},
    types::Type,
    value::Value,
};

const FOUR_TEXTS: &[Type] = &[Type::String, Type::String, Type::String, Type::String];

pub(super) const FUNCTIONS: &[Function] = &[
    function("getHostByName", Signature::of(&[Type::String], Type::String), host),
    function("lookup", Signature::of(FOUR_TEXTS, Type::MAP), lookup),
];

fn lookup(call: &mut Call<'_>, args: &[Value]) -> Answer {
    call.lookup(&Lookup {
        api_version: &text(args, 0),
        kind: &text(args, 1),
        namespace: &text(args, 2),
        name: &text(args, 3),
    })
}

fn host(call: &mut Call<'_>, args: &[Value]) -> Answer {
    Ok(Value::string(call.resolve(&text(args, 0))?))
}
