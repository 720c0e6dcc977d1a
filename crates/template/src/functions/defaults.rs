//! What stands in for what is empty: `default`, `coalesce`, `ternary`, … Empty is `nil`, zero, false, or without elements.

use crate::{
    function::{Function, Signature},
    functions::{
        arguments::{any, rest, truth},
        function,
        signatures::{ANY_OF_ALL, ANY_OF_MANY, BOOL_OF_ALL},
    },
    types::Type,
    value::Value,
};

pub(crate) const ALL: &[Function] = &[
    function("default", ANY_OF_MANY, |_, given| {
        let found = rest(given, 1).first().filter(|value| value.is_true());
        Ok(found.unwrap_or(any(given, 0)).clone())
    }),
    function("empty", Signature::of(&[Type::Any], Type::Bool), |_, given| Ok(Value::Bool(!any(given, 0).is_true()))),
    function("coalesce", ANY_OF_ALL, |_, given| {
        Ok(given.iter().find(|value| value.is_true()).cloned().unwrap_or(Value::Nil))
    }),
    function("all", BOOL_OF_ALL, |_, given| Ok(Value::Bool(given.iter().all(Value::is_true)))),
    function("any", BOOL_OF_ALL, |_, given| Ok(Value::Bool(given.iter().any(Value::is_true)))),
    function("ternary", Signature::of(&[Type::Any, Type::Any, Type::Bool], Type::Any), |_, given| {
        Ok(any(given, usize::from(!truth(given, 2))).clone())
    }),
];
