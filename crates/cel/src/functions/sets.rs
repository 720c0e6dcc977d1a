//! Lists as sets, and optionals.

use std::sync::Arc;

use super::Answer;
use crate::{
    error::Fault,
    steps::Steps,
    value::Value::{self, Bool, List, Optional},
};

pub(super) fn call(name: &str, arguments: &[Value], steps: &mut Steps) -> Answer {
    match (name, arguments) {
        ("sets.contains", [List(a), List(b)]) => Some(contains(a, b, steps).map(Bool)),
        ("sets.equivalent", [List(a), List(b)]) => {
            let both = contains(a, b, steps).and_then(|all| Ok(all && contains(b, a, steps)?));
            Some(both.map(Bool))
        }
        ("sets.intersects", [List(a), List(b)]) => Some(intersects(a, b, steps).map(Bool)),
        ("optional.of", [value]) => Some(Ok(Value::some(value.clone()))),
        ("optional.ofNonZeroValue", [value]) => {
            Some(Ok(if value.is_zero() { Optional(None) } else { Value::some(value.clone()) }))
        }
        ("optional.none", []) => Some(Ok(Optional(None))),
        ("optional.unwrap" | "unwrapOpt", [List(elements)]) => unwrapped(elements, steps),
        ("value", [Optional(value)]) => Some(match value {
            Some(value) => Ok((**value).clone()),
            None => Err(Fault::told("optional.none() dereference")),
        }),
        ("hasValue", [Optional(value)]) => Some(Ok(Bool(value.is_some()))),
        ("or", [Optional(None), other @ Optional(_)]) => Some(Ok(other.clone())),
        ("or", [value @ Optional(Some(_)), Optional(_)]) => Some(Ok(value.clone())),
        ("orValue", [Optional(value), other]) => {
            Some(Ok(value.as_ref().map_or_else(|| other.clone(), |value| (**value).clone())))
        }
        ("first", [List(elements)]) => Some(Ok(Optional(elements.first().cloned().map(Arc::new)))),
        ("last", [List(elements)]) => Some(Ok(Optional(elements.last().cloned().map(Arc::new)))),
        _ => None,
    }
}

fn is_in(value: &Value, elements: &[Value], steps: &mut Steps) -> Result<bool, Fault> {
    for element in elements {
        if value.equals(element, steps)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Says whether all of `b` are in `a`.
fn contains(a: &[Value], b: &[Value], steps: &mut Steps) -> Result<bool, Fault> {
    for value in b {
        if !is_in(value, a, steps)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn intersects(a: &[Value], b: &[Value], steps: &mut Steps) -> Result<bool, Fault> {
    for value in b {
        if is_in(value, a, steps)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn unwrapped(elements: &[Value], steps: &mut Steps) -> Answer {
    if let Err(fault) = steps.spend(elements.len()) {
        return Some(Err(fault));
    }
    let mut unwrapped = Vec::new();
    for element in elements {
        let Optional(value) = element else { return None };
        unwrapped.extend(value.as_ref().map(|value| (**value).clone()));
    }
    Some(Ok(Value::list(unwrapped)))
}
