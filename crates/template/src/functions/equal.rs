//! `reflect.DeepEqual`: the same types, and the same in them.

use crate::{map::Map, object::Object, value::Value};

/// Maps inside maps that are compared at the same time, so that maps which hold themselves come to an end.
type Under<'a> = Vec<(&'a Map, &'a Map)>;

/// Lists and maps deeper than this are taken for equal: no document is that deep.
const DEEPEST: usize = 1000;

/// Says whether two values are deeply equal.
pub(crate) fn equal(one: &Value, other: &Value) -> bool {
    same(one, other, &Under::new(), 0)
}

fn same(one: &Value, other: &Value, under: &Under<'_>, depth: usize) -> bool {
    match (one, other) {
        (Value::Nil, Value::Nil) => true,
        (Value::Bool(one), Value::Bool(other)) => one == other,
        (Value::Int(kind, one), Value::Int(of, other)) => kind == of && one == other,
        (Value::Float(one), Value::Float(other)) => one == other,
        (Value::String(one), Value::String(other)) => one == other,
        (Value::List(one), Value::List(other)) => {
            let alike = one.type_of() == other.type_of() && one.is_nil() == other.is_nil();
            let mut pairs = one.items().iter().zip(other.items());
            alike
                && one.items().len() == other.items().len()
                && (depth > DEEPEST || pairs.all(|(one, other)| same(one, other, under, depth + 1)))
        }
        (Value::Map(one), Value::Map(other)) => {
            let alike = one.type_of() == other.type_of() && one.is_nil() == other.is_nil();
            alike && same_maps(one, other, under, depth)
        }
        (Value::Object(one), Value::Object(other)) => same_objects(one.as_ref(), other.as_ref()),
        _ => false,
    }
}

fn same_maps(one: &Map, other: &Map, under: &Under<'_>, depth: usize) -> bool {
    if one.is(other) || depth > DEEPEST || under.iter().any(|(left, right)| left.is(one) && right.is(other)) {
        return true;
    }
    let (entries, others) = (one.entries(), other.entries());
    let under: Under<'_> = under.iter().copied().chain([(one, other)]).collect();
    entries.len() == others.len()
        && entries
            .iter()
            .zip(&others)
            .all(|((key, value), (name, found))| key == name && same(value, found, &under, depth + 1))
}

/// What objects are made of shows in their text for debugging.
fn same_objects(one: &dyn Object, other: &dyn Object) -> bool {
    std::ptr::addr_eq(one, other)
        || (one.type_of() == other.type_of()
            && format!("{one:?}") == format!("{other:?}")
            && one.to_json() == other.to_json())
}
