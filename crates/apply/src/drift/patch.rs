//! JSON patches (RFC 6902), shaped as wI2L/jsondiff shapes them with `Rationalize`.
//!
//! Members by name, elements by index. Where one `replace` of a node is shorter than the operations below it, it takes
//! their place.

use std::collections::BTreeSet;

use serde_json::{Map, Number, Value, json};
use sluice_object::Object;

use super::length::{Length, of_operation};
use crate::diff::is_content;

/// One operation.
#[derive(Clone, Copy)]
pub(super) enum Act<'a> {
    Add(&'a Value),
    Replace(&'a Value),
    Remove,
}

struct Operation<'a> {
    act: Act<'a>,
    path: String,
}

impl Operation<'_> {
    fn length(&self) -> usize {
        of_operation(self.act, &self.path)
    }

    fn value(&self) -> Value {
        match self.act {
            Act::Add(value) => json!({"op": "add", "path": self.path, "value": value}),
            Act::Replace(value) => json!({"op": "replace", "path": self.path, "value": value}),
            Act::Remove => json!({"op": "remove", "path": self.path}),
        }
    }
}

/// Returns what brings the live object to what is wanted, in labels, annotations and everything outside metadata and
/// status.
///
/// Neither all of the metadata nor the whole object is ever replaced, however short that would be, as Flux may: with
/// the metadata, finalizers and owners would go.
pub(super) fn between(live: &Object, wanted: &Object) -> Vec<Value> {
    let (live, wanted) = (live.value(), wanted.value());
    let labelled = |key: &str| matches!(key, "labels" | "annotations");
    let metadata = members(live["metadata"].as_object(), wanted["metadata"].as_object(), "/metadata", labelled);
    let content = members(live.as_object(), wanted.as_object(), "", is_content);
    metadata.iter().chain(&content).map(Operation::value).collect()
}

fn members<'a>(
    old: Option<&'a Map<String, Value>>,
    new: Option<&'a Map<String, Value>>,
    at: &str,
    counts: fn(&str) -> bool,
) -> Vec<Operation<'a>> {
    let keys: BTreeSet<&String> = old.into_iter().chain(new).flat_map(Map::keys).filter(|key| counts(key)).collect();
    let of = |key: &'a String| {
        let path = format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
        match (old.and_then(|old| old.get(key)), new.and_then(|new| new.get(key))) {
            (Some(old), Some(new)) => node(old, new, path),
            (None, Some(new)) => vec![Operation { act: Act::Add(new), path }],
            _ => vec![Operation { act: Act::Remove, path }],
        }
    };
    keys.into_iter().flat_map(of).collect()
}

/// Surplus elements go first, each at the place where the rest begins; missing ones are appended.
fn elements<'a>(old: &'a [Value], new: &'a [Value], at: &str) -> Vec<Operation<'a>> {
    let both = old.len().min(new.len());
    let surplus = old.iter().skip(both).map(|_| Operation { act: Act::Remove, path: format!("{at}/{both}") });
    let pairs = old.iter().zip(new).enumerate();
    let changed = pairs.flat_map(|(index, (old, new))| node(old, new, format!("{at}/{index}")));
    let missing = new.iter().skip(both).map(|new| Operation { act: Act::Add(new), path: format!("{at}/-") });
    surplus.chain(changed).chain(missing).collect()
}

fn node<'a>(old: &'a Value, new: &'a Value, at: String) -> Vec<Operation<'a>> {
    let below = match (old, new) {
        (Value::Object(old), Value::Object(new)) => members(Some(old), Some(new), &at, |_| true),
        (Value::Array(old), Value::Array(new)) => elements(old, new, &at),
        (Value::Number(old), Value::Number(new)) if same_number(old, new) => Vec::new(),
        (old, new) if old == new => Vec::new(),
        _ => return vec![Operation { act: Act::Replace(new), path: at }],
    };
    shortest(below, Operation { act: Act::Replace(new), path: at })
}

/// `1` and `1.0` are the same; large integers are not rounded.
fn same_number(old: &Number, new: &Number) -> bool {
    old == new || ((old.is_f64() || new.is_f64()) && old.as_f64() == new.as_f64())
}

fn shortest<'a>(below: Vec<Operation<'a>>, whole: Operation<'a>) -> Vec<Operation<'a>> {
    let commas = below.len().saturating_sub(1);
    let length = below.iter().map(Operation::length).sum::<Length>() + commas;
    if length > whole.length() { vec![whole] } else { below }
}
