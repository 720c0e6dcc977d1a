//! `required` and `fail`: functions that end a render with a message of the chart's author.

use crate::{
    function::{Call, Failure, Function, Signature},
    types::Type,
    value::Value,
};

/// Around a message, so that nothing else of the error is shown.
pub(super) const MARKS: [&str; 2] = ["HELM_ERR_START", "HELM_ERR_END"];

pub(crate) const CHECKS: &[Function] = &[
    Function { name: "required", signature: Signature::of(&[Type::String, Type::Any], Type::Any), call: required },
    Function { name: "fail", signature: Signature::of(&[Type::String], Type::String), call: fail },
];

fn required(call: &mut Call<'_>, args: &[Value]) -> Result<Value, Failure> {
    let [Value::String(message), value] = args else { return Ok(Value::Nil) };
    let missing = match value {
        Value::Nil => true,
        Value::String(text) => text.is_empty(),
        _ => false,
    };
    match missing {
        false => Ok(value.clone()),
        true => refuse(call, &message.to_text()),
    }
}

fn fail(call: &mut Call<'_>, args: &[Value]) -> Result<Value, Failure> {
    let [Value::String(message)] = args else { return Ok(Value::Nil) };
    refuse(call, &message.to_text())
}

fn refuse(call: &mut Call<'_>, message: &str) -> Result<Value, Failure> {
    if call.lint {
        call.world.warn(message);
        return Ok(Value::string(""));
    }
    let [start, end] = MARKS;
    Err(Failure::new(format!("{start}{message}{end}")))
}
