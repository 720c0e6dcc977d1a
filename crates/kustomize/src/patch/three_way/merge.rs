//! Puts the two halves of a patch together: what changes onto what goes.

use serde_json::Value;

use super::{
    Fields, Incomparable, ORDER, RETAIN_KEYS, ThreeWayError,
    elements::{Places, is_deletion, ordered},
};
use crate::schema::Schema;

/// Merges one half into the other.
pub(super) fn mappings(onto: &mut Fields, mut patch: Fields, schema: Option<Schema<'_>>) -> Result<(), ThreeWayError> {
    // Both halves come from the same object, so that they say the same where both say something.
    if let Some(kept) = patch.remove(RETAIN_KEYS) {
        onto.insert(RETAIN_KEYS.into(), kept);
    }
    let at = |key: &str| schema.and_then(|schema| schema.field(key));
    let orders: Vec<String> = patch.keys().filter_map(|key| key.strip_prefix(ORDER)).map(str::to_owned).collect();
    for key in orders {
        ordered_list(onto, &mut patch, &key, at(&key)).map_err(|error| error.below(&key))?;
    }
    for (key, value) in patch {
        let schema = at(&key);
        field(onto, &key, value, schema).map_err(|error| error.below(&key))?;
    }
    Ok(())
}

fn field(onto: &mut Fields, key: &str, value: Value, schema: Option<Schema<'_>>) -> Result<(), ThreeWayError> {
    match (onto.get_mut(key), value) {
        (Some(Value::Object(onto)), Value::Object(patch)) if !schema.is_some_and(Schema::is_replaced) => {
            mappings(onto, patch, schema)
        }
        (Some(Value::Array(onto)), Value::Array(patch)) if by(schema).is_some() => {
            *onto = list(std::mem::take(onto), patch, schema)?;
            Ok(())
        }
        (_, value) => {
            onto.insert(key.to_owned(), value);
            Ok(())
        }
    }
}

fn by(schema: Option<Schema<'_>>) -> Option<&str> {
    schema.and_then(Schema::merge_keys).map(|keys| keys.first().map_or("", String::as_str))
}

/// Merges a list whose order the patch says, and brings it into that order.
fn ordered_list(
    onto: &mut Fields,
    patch: &mut Fields,
    key: &str,
    schema: Option<Schema<'_>>,
) -> Result<(), ThreeWayError> {
    let name = format!("{ORDER}{key}");
    let Some(Value::Array(order)) = patch.remove(&name) else { return Ok(()) };
    let by = by(schema).unwrap_or_default();
    let (had, new) = (taken(onto, key), taken(patch, key));
    must_follow(new.as_deref().unwrap_or_default(), &order, by)?;
    let merged = match (had.clone(), new) {
        (Some(had), Some(new)) => Some(list(had, new, schema)?),
        (had, new) => had.or(new),
    };
    if let Some(merged) = merged {
        let all = ordered(merged, &order, &had.unwrap_or_default(), by);
        onto.insert(key.to_owned(), all.into());
    }
    onto.insert(name, order.into());
    Ok(())
}

fn taken(fields: &mut Fields, key: &str) -> Option<Vec<Value>> {
    match fields.remove(key)? {
        Value::Array(items) => Some(items),
        _ => None,
    }
}

/// Elements of the patch must come as in the order: with keys that are there twice they may not.
fn must_follow(items: &[Value], order: &[Value], by: &str) -> Result<(), Incomparable> {
    let mut order = order.iter();
    let key = |item: &'_ Value| item.get(by).unwrap_or(item).clone();
    let mut items = items.iter().filter(|item| !is_deletion(item));
    if items.all(|item| order.any(|place| key(place) == key(item))) { Ok(()) } else { Err(Incomparable::Order) }
}

/// Merges elements by their keys; those of the patch keep their order.
fn list(mut had: Vec<Value>, patch: Vec<Value>, schema: Option<Schema<'_>>) -> Result<Vec<Value>, ThreeWayError> {
    let (by, before, wanted) = (by(schema).unwrap_or_default(), had.clone(), patch.clone());
    let mut places = Places::of(&had, by);
    for item in patch {
        match (places.find(&item).and_then(|place| had.get_mut(place)), item) {
            (Some(Value::Object(onto)), Value::Object(patch)) => {
                mappings(onto, patch, schema.and_then(Schema::element))?;
            }
            (Some(_), _) => {}
            (None, item) => {
                places.add(&item, had.len());
                had.push(item);
            }
        }
    }
    Ok(ordered(had, &wanted, &before, by))
}
