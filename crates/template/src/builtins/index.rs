//! Elements, parts and lengths.

use super::{Operand, pointee_name, type_name};
use crate::{
    function::Failure,
    list::List,
    map::Map,
    text::Str,
    types::{IntKind, Type},
    value::Value,
};

pub(super) fn index(args: &[Operand]) -> Result<Value, Failure> {
    let (first, indexes) = args.split_first().ok_or_else(|| Failure::new("index of untyped nil"))?;
    if matches!(first.value, Value::Nil) {
        return Err(Failure::new("index of untyped nil"));
    }
    let mut item = first.value.clone();
    for index in indexes {
        item = element(&item, &index.value)?;
    }
    Ok(item)
}

fn element(item: &Value, index: &Value) -> Result<Value, Failure> {
    match item {
        Value::Nil => Err(Failure::new("index of nil pointer")),
        Value::List(list) => {
            let index = position(index, list.items().len())?;
            let item = list.items().get(index).cloned();
            item.ok_or_else(|| Failure::new("reflect: slice index out of range"))
        }
        Value::String(text) => {
            let index = position(index, text.len())?;
            let byte = text.as_bytes().get(index).map(|byte| Value::Int(IntKind::Uint8, i64::from(*byte)));
            byte.ok_or_else(|| Failure::new("reflect: string index out of range"))
        }
        Value::Map(map) => {
            let key = key(index)?;
            Ok(map.get(key.as_bytes()).unwrap_or_else(|| zero(map.type_of().element())))
        }
        other => Err(Failure::new(format!("can't index item of type {}", pointee_name(other)))),
    }
}

/// Returns what a variable of a type holds at first.
pub(crate) fn zero(of: Type) -> Value {
    match of {
        Type::Bool => Value::Bool(false),
        Type::Int(kind) => Value::Int(kind, 0),
        Type::Float => Value::Float(0.0),
        Type::String => Value::string(""),
        Type::Slice(_) => Value::List(List::nil(of)),
        Type::Map(_) => Value::Map(Map::nil(of)),
        Type::Any | Type::Named(_) => Value::Nil,
    }
}

/// Go lets the length itself pass here; the element is missed later.
fn position(index: &Value, length: usize) -> Result<usize, Failure> {
    match index {
        Value::Int(_, index) => match usize::try_from(*index) {
            Ok(index) if index <= length => Ok(index),
            _ => Err(Failure::new(format!("index out of range: {index}"))),
        },
        Value::Nil => Err(Failure::new("cannot index slice/array with nil")),
        other => Err(Failure::new(format!("cannot index slice/array with type {}", type_name(other)))),
    }
}

fn key(index: &Value) -> Result<Str, Failure> {
    match index {
        Value::String(key) => Ok(key.clone()),
        Value::Nil => Err(Failure::new("value is nil; should be of type string")),
        other => Err(Failure::new(format!("value has type {}; should be string", type_name(other)))),
    }
}

pub(super) fn slice(args: &[Operand]) -> Result<Value, Failure> {
    let (first, indexes) = args.split_first().ok_or_else(|| Failure::new("slice of untyped nil"))?;
    let length = match &first.value {
        Value::Nil => return Err(Failure::new("slice of untyped nil")),
        _ if indexes.len() > 3 => return Err(Failure::new(format!("too many slice indexes: {}", indexes.len()))),
        Value::String(_) if indexes.len() == 3 => return Err(Failure::new("cannot 3-index slice a string")),
        Value::String(text) => text.len(),
        Value::List(list) => list.items().len(),
        other => return Err(Failure::new(format!("can't slice item of type {}", pointee_name(other)))),
    };
    let mut bounds = [0, length, length];
    for (bound, index) in bounds.iter_mut().zip(indexes) {
        *bound = position(&index.value, length)?;
    }
    let [from, to, most] = bounds;
    for (from, to) in [(from, to), (to, most)] {
        if from > to {
            return Err(Failure::new(format!("invalid slice index: {from} > {to}")));
        }
    }
    Ok(match &first.value {
        Value::String(text) => Value::string(&text.as_bytes()[from..to]),
        Value::List(list) => Value::List(List::typed(list.type_of(), list.items()[from..to].to_vec())),
        other => other.clone(),
    })
}

pub(super) fn len(args: &[Operand]) -> Result<Value, Failure> {
    let length = match &args[0].value {
        Value::List(list) => list.items().len(),
        Value::Map(map) => map.len(),
        Value::String(text) => text.len(),
        Value::Nil if args[0].boxed => return Err(Failure::new("len of nil pointer")),
        Value::Nil => return Err(Failure::new("reflect: call of reflect.Value.Type on zero Value")),
        other => return Err(Failure::new(format!("len of type {}", pointee_name(other)))),
    };
    Ok(Value::int(i64::try_from(length).unwrap_or(i64::MAX)))
}
