//! Maps that hold themselves, by way of others or not, would never be freed: at the end of a render they are cut.

use std::collections::HashSet;

use crate::{
    map::{Map, WeakMap},
    text::Str,
    value::Value,
};

/// Maps that a render has changed, as long as they are there.
#[derive(Debug, Default)]
pub(super) struct Changed {
    maps: Vec<WeakMap>,
    /// How many to have before those that are gone are dropped.
    full: usize,
}

/// A list or map on the way, and what is left of its insides.
struct Level {
    id: usize,
    /// The map, to be cut at the key.
    map: Option<Map>,
    key: Option<Str>,
    rest: Vec<(Option<Str>, Value)>,
}

const FEW: usize = 1024;

impl Changed {
    pub(super) fn add(&mut self, map: &Map) {
        if self.maps.len() >= self.full {
            self.maps.retain(|map| Map::upgrade(map).is_some());
            self.full = FEW.max(2 * self.maps.len());
        }
        self.maps.push(map.downgrade());
    }

    /// Puts nil where a map would hold itself.
    pub(super) fn cut(&mut self) {
        let mut done = HashSet::new();
        for map in self.maps.drain(..).filter_map(|map| Map::upgrade(&map)) {
            cut_below(Value::Map(map), &mut done);
        }
    }
}

/// Goes through everything below a value, each list and map once.
fn cut_below(value: Value, done: &mut HashSet<usize>) {
    let mut open = HashSet::new();
    let mut levels: Vec<Level> = Vec::new();
    let mut next = Some(value);
    loop {
        if let Some(level) = next.take().and_then(|value| Level::of(&value)) {
            if open.contains(&level.id) {
                cut_last(&levels);
            } else if done.insert(level.id) {
                open.insert(level.id);
                levels.push(level);
            }
        }
        let Some(level) = levels.last_mut() else { return };
        match level.rest.pop() {
            Some((key, value)) => (level.key, next) = (key, Some(value)),
            None => {
                open.remove(&level.id);
                levels.pop();
            }
        }
    }
}

/// Lists cannot be changed, so the last map on the way is.
fn cut_last(levels: &[Level]) {
    let last = levels.iter().rev().find_map(|level| level.map.as_ref().zip(level.key.clone()));
    if let Some((map, key)) = last {
        map.set(key, Value::Nil);
    }
}

impl Level {
    fn of(value: &Value) -> Option<Self> {
        let container = |value: &Value| matches!(value, Value::List(_) | Value::Map(_));
        match value {
            Value::Map(map) => {
                let entries = map.entries().into_iter().filter(|(_, value)| container(value));
                let rest = entries.map(|(key, value)| (Some(key), value)).collect();
                Some(Self { id: map.id(), map: Some(map.clone()), key: None, rest })
            }
            Value::List(list) => {
                let items = list.items().iter().filter(|item| container(item)).cloned();
                let rest: Vec<_> = items.map(|item| (None, item)).collect();
                Some(Self { id: list.items().as_ptr() as usize, map: None, key: None, rest })
                    .filter(|_| !list.items().is_empty())
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns maps of which the first holds the second, which holds a list with the first.
    fn circle() -> [Map; 2] {
        let [one, other] = [Map::default(), Map::default()];
        one.set("other", Value::Map(other.clone()));
        other.set("one", Value::list(vec![Value::int(1), Value::list(vec![Value::Map(one.clone())])]));
        [one, other]
    }

    #[test]
    fn a_circle_is_freed() {
        let [one, other] = circle();
        let left = [one.downgrade(), other.downgrade()];
        let mut changed = Changed::default();
        changed.add(&one);
        drop((one, other));
        assert!(left.iter().all(|map| Map::upgrade(map).is_some()));
        changed.cut();
        assert!(left.iter().all(|map| Map::upgrade(map).is_none()));
    }

    #[test]
    fn what_is_shared_without_a_circle_stays() {
        let [inner, outer] = [Map::default(), Map::default()];
        outer.set("a", Value::Map(inner.clone()));
        outer.set("b", Value::list(vec![Value::Map(inner.clone()), Value::Map(inner)]));
        let mut changed = Changed::default();
        changed.add(&outer);
        changed.cut();
        assert!(matches!(outer.get(b"a"), Some(Value::Map(_))) && matches!(outer.get(b"b"), Some(Value::List(_))));
    }
}
