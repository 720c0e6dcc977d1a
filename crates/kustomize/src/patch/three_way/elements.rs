//! Elements of lists that are merged: what tells them apart, and their order. A list of texts has no key, `""`.

use std::{borrow::Cow, cmp::Ordering, collections::HashMap, iter::Peekable};

use serde_json::Value;

use super::{DELETE, DIRECTIVE, Incomparable};

/// Checks that elements are texts, or mappings with the key.
pub(super) fn check<'v>(by: &str, mut items: impl Iterator<Item = &'v Value>) -> Result<(), Incomparable> {
    items.try_for_each(|item| match item {
        Value::String(_) if by.is_empty() => Ok(()),
        Value::Object(fields) if !by.is_empty() && !fields.contains_key(by) => Err(Incomparable::NoKey(by.to_owned())),
        Value::Object(_) if !by.is_empty() => Ok(()),
        _ => Err(Incomparable::Type),
    })
}

/// Returns what tells an element from others.
fn key<'v>(item: &'v Value, by: &str) -> &'v Value {
    item.get(by).unwrap_or(item)
}

fn text<'v>(item: &'v Value, by: &str) -> Cow<'v, str> {
    match key(item, by) {
        Value::String(text) => text.into(),
        other => other.to_string().into(),
    }
}

/// Returns elements by the texts of their keys; those with the same come backwards, as from the original's sort of up
/// to twelve.
pub(super) fn sorted<'v>(items: &'v [Value], by: &str) -> Vec<&'v Value> {
    let mut sorted: Vec<_> = items.iter().rev().collect();
    sorted.sort_by_cached_key(|item| text(item, by).into_owned());
    sorted
}

/// Takes the next element of either of two sorted lists, or of both when their keys are the same.
pub(super) fn next_pair<'v>(
    left: &mut Peekable<impl Iterator<Item = &'v Value>>,
    right: &mut Peekable<impl Iterator<Item = &'v Value>>,
    by: &str,
) -> (Option<&'v Value>, Option<&'v Value>) {
    let order = match (left.peek(), right.peek()) {
        (Some(left), Some(right)) => text(left, by).cmp(&text(right, by)),
        (Some(_), None) => Ordering::Less,
        (None, _) => Ordering::Greater,
    };
    match order {
        Ordering::Less => (left.next(), None),
        Ordering::Equal => (left.next(), right.next()),
        Ordering::Greater => (None, right.next()),
    }
}

/// Says whether two lists have the same keys in the same order.
pub(super) fn same_order(left: &[Value], right: &[Value], by: &str) -> bool {
    left.iter().map(|item| key(item, by)).eq(right.iter().map(|item| key(item, by)))
}

/// Leaves out what was there before; the last one takes its place, as in the original.
pub(super) fn distinct(mut items: Vec<Value>) -> Vec<Value> {
    let mut first = 0;
    while first < items.len() {
        let mut next = first + 1;
        while next < items.len() {
            if items[first] == items[next] { drop(items.swap_remove(next)) } else { next += 1 }
        }
        first += 1;
    }
    items
}

/// The places of elements in a list, the first where several have the same key.
pub(super) struct Places<'a> {
    by: &'a str,
    places: HashMap<String, usize>,
}

impl<'a> Places<'a> {
    /// Returns the places of a list's elements.
    pub(super) fn of(items: &[Value], by: &'a str) -> Self {
        let mut places = Self { by, places: HashMap::new() };
        items.iter().enumerate().for_each(|(place, item)| places.add(item, place));
        places
    }

    /// Adds an element unless there is one with its key.
    pub(super) fn add(&mut self, item: &Value, place: usize) {
        self.places.entry(key(item, self.by).to_string()).or_insert(place);
    }

    /// Returns the place of the element with the same key.
    pub(super) fn find(&self, item: &Value) -> Option<usize> {
        self.places.get(&key(item, self.by).to_string()).copied()
    }
}

/// Returns elements in the order of others with their keys; those that are to be deleted come last.
pub(super) fn arranged(items: Vec<Value>, order: &[Value], by: &str) -> Vec<Value> {
    let places = Places::of(order, by);
    let (mut gone, mut kept): (Vec<_>, Vec<_>) = items.into_iter().partition(is_deletion);
    kept.sort_by_cached_key(|item| places.find(item).unwrap_or(usize::MAX));
    kept.append(&mut gone);
    kept
}

/// Says whether an element of a patch only deletes.
pub(super) fn is_deletion(item: &Value) -> bool {
    item.get(DIRECTIVE).is_some_and(|directive| directive == DELETE)
}

/// Puts the elements that `wanted` has in its order, and the others between them where `had` has them.
pub(super) fn ordered(items: Vec<Value>, wanted: &[Value], had: &[Value], by: &str) -> Vec<Value> {
    let (ours, before) = (Places::of(wanted, by), Places::of(had, by));
    let (ours, others): (Vec<_>, Vec<_>) = items.into_iter().partition(|item| ours.find(item).is_some());
    let mut ours = arranged(ours, wanted, by).into_iter().peekable();
    let mut all = Vec::new();
    for other in arranged(others, had, by) {
        let place = before.find(&other);
        let is_before = |item: &Value| before.find(item).zip(place).is_some_and(|(item, other)| other < item);
        while let Some(item) = ours.next_if(|item| !is_before(item)) {
            all.push(item);
        }
        all.push(other);
    }
    all.extend(ours);
    all
}
