//! What functions and operators make of values.

mod convert;
mod format;
mod operators;
mod patterns;
mod sets;
mod texts;
mod times;

use crate::{error::Fault, steps::Steps, value::Value};

pub(crate) use convert::CONVERSIONS;
pub(crate) use patterns::{Patterns, read as read_pattern};

/// The result of a function; `None` when it does not take such arguments.
type Answer = Option<Result<Value, Fault>>;

/// Calls a function, the object of a method being the first argument.
pub(crate) fn call(name: &str, arguments: &[Value], steps: &mut Steps, patterns: &mut Patterns) -> Answer {
    if let ("matches", [Value::String(text), Value::String(pattern)]) = (name, arguments) {
        return Some(patterns.matches(text, pattern, steps));
    }
    operators::call(name, arguments, steps)
        .or_else(|| convert::call(name, arguments, steps))
        .or_else(|| texts::call(name, arguments, steps))
        .or_else(|| times::call(name, arguments))
        .or_else(|| sets::call(name, arguments, steps))
}
