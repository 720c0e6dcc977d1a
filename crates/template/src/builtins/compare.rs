//! Comparison, as Go's templates do it.

use std::{cmp::Ordering, sync::Arc};

use super::{Operand, type_name};
use crate::{
    function::Failure,
    print,
    types::{IntKind, Kind},
    value::Value,
};

/// Values of different kinds are not compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Basic {
    None,
    Bool,
    Int,
    Uint,
    Float,
    String,
}

pub(super) fn not(args: &[Operand]) -> Result<Value, Failure> {
    Ok(Value::Bool(!args[0].value.is_true()))
}

pub(super) fn eq(args: &[Operand]) -> Result<Value, Failure> {
    if args.len() == 1 {
        return Err(Failure::new("missing argument for comparison"));
    }
    for other in &args[1..] {
        if equal(&args[0].value, &other.value)? {
            return Ok(Value::Bool(true));
        }
    }
    Ok(Value::Bool(false))
}

pub(super) fn ne(args: &[Operand]) -> Result<Value, Failure> {
    equal(&args[0].value, &args[1].value).map(|equal| Value::Bool(!equal))
}

pub(super) fn lt(args: &[Operand]) -> Result<Value, Failure> {
    less(&args[0].value, &args[1].value).map(Value::Bool)
}

pub(super) fn le(args: &[Operand]) -> Result<Value, Failure> {
    less_or_equal(&args[0].value, &args[1].value).map(Value::Bool)
}

pub(super) fn gt(args: &[Operand]) -> Result<Value, Failure> {
    less_or_equal(&args[0].value, &args[1].value).map(|less| Value::Bool(!less))
}

pub(super) fn ge(args: &[Operand]) -> Result<Value, Failure> {
    less(&args[0].value, &args[1].value).map(|less| Value::Bool(!less))
}

fn less_or_equal(one: &Value, other: &Value) -> Result<bool, Failure> {
    Ok(less(one, other)? || equal(one, other)?)
}

fn basic(value: &Value) -> Basic {
    match value {
        Value::Bool(_) => Basic::Bool,
        Value::Int(kind, _) if kind.is_unsigned() => Basic::Uint,
        Value::Int(..) => Basic::Int,
        Value::Float(_) => Basic::Float,
        Value::String(_) => Basic::String,
        _ => Basic::None,
    }
}

fn incompatible(one: &Value, other: &Value) -> Failure {
    Failure::new(format!("incompatible types for comparison: {} and {}", type_name(one), type_name(other)))
}

fn equal(one: &Value, other: &Value) -> Result<bool, Failure> {
    match (one, other) {
        (Value::Bool(one), Value::Bool(other)) => Ok(one == other),
        (Value::Int(kind, one), Value::Int(other_kind, other)) => {
            Ok(integers(*kind, *one, *other_kind, *other) == Ordering::Equal)
        }
        (Value::Float(one), Value::Float(other)) => Ok(one == other),
        (Value::String(one), Value::String(other)) => Ok(one == other),
        (Value::Nil, other) | (other, Value::Nil) => Ok(matches!(other, Value::Nil)),
        _ if basic(one) != basic(other) => Err(incompatible(one, other)),
        _ => identical(one, other),
    }
}

/// Lists, maps and structs: only the last can be compared.
fn identical(one: &Value, other: &Value) -> Result<bool, Failure> {
    let shown =
        |value: &Value| String::from_utf8_lossy(&print::sprintf(b"%s", std::slice::from_ref(value))).into_owned();
    match (one, other) {
        (Value::Object(one), Value::Object(other)) if one.kind() == other.kind() => {
            let same = one.kind() == Kind::Struct && one.type_of() == other.type_of() && one.print() == other.print();
            Ok(same || Arc::ptr_eq(one, other))
        }
        _ if one.kind() != other.kind() => Err(Failure::new(format!(
            "non-comparable types {}: {}, {}: {}",
            shown(one),
            type_name(one),
            type_name(other),
            print::text(other)
        ))),
        _ => Err(Failure::new(format!("non-comparable type {}: {}", shown(other), type_name(other)))),
    }
}

/// Integers of any types are compared by their values.
fn integers(kind: IntKind, one: i64, other_kind: IntKind, other: i64) -> Ordering {
    let wide = |kind: IntKind, value: i64| match kind.is_unsigned() {
        true => i128::from(value.cast_unsigned()),
        false => i128::from(value),
    };
    wide(kind, one).cmp(&wide(other_kind, other))
}

fn less(one: &Value, other: &Value) -> Result<bool, Failure> {
    if basic(one) == Basic::None || basic(other) == Basic::None {
        return Err(Failure::new("invalid type for comparison"));
    }
    match (one, other) {
        (Value::Int(kind, one), Value::Int(other_kind, other)) => {
            Ok(integers(*kind, *one, *other_kind, *other).is_lt())
        }
        (Value::Float(one), Value::Float(other)) => Ok(one < other),
        (Value::String(one), Value::String(other)) => Ok(one < other),
        (Value::Bool(_), Value::Bool(_)) => Err(Failure::new("invalid type for comparison")),
        _ => Err(incompatible(one, other)),
    }
}
