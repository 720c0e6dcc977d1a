//! Maps: shared, and changed in place.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, Weak},
};

use crate::{drops, text::Str, types::Type, value::Value};

/// A map of Go with texts as keys: a reference. Copies are the same map, as `set` and `merge` need it.
///
/// One render runs on one thread; the lock is there because minijinja's values may be sent.
#[derive(Clone)]
pub struct Map {
    entries: Arc<RwLock<BTreeMap<Str, Value>>>,
    of: Type,
    nil: bool,
}

/// A map that others may have dropped.
#[derive(Debug)]
pub(crate) struct WeakMap {
    entries: Weak<RwLock<BTreeMap<Str, Value>>>,
    of: Type,
}

impl Map {
    /// Makes a `map[string]interface {}`.
    pub fn new(entries: BTreeMap<Str, Value>) -> Self {
        Self::typed(Type::MAP, entries)
    }

    /// Makes a map of a type.
    pub fn typed(of: Type, entries: BTreeMap<Str, Value>) -> Self {
        Self { entries: Arc::new(RwLock::new(entries)), of, nil: false }
    }

    /// Makes a map that is `nil`: it is empty, but JSON has `null` for it.
    pub fn nil(of: Type) -> Self {
        Self { entries: Arc::default(), of, nil: true }
    }

    /// Returns the same map under another type, as a conversion does.
    pub fn converted(&self, of: Type) -> Self {
        Self { entries: Arc::clone(&self.entries), of, nil: self.nil }
    }

    /// Returns the map's type.
    pub fn type_of(&self) -> Type {
        self.of
    }

    /// Says whether the map is `nil`.
    pub fn is_nil(&self) -> bool {
        self.nil && self.is_empty()
    }

    /// Returns the value of a key.
    pub fn get(&self, key: &[u8]) -> Option<Value> {
        self.read().get(key).cloned()
    }

    /// Says whether there is such a key.
    pub fn contains(&self, key: &[u8]) -> bool {
        self.read().contains_key(key)
    }

    /// Writes a value.
    pub fn set(&self, key: impl Into<Str>, value: Value) {
        self.write().insert(key.into(), value);
    }

    /// Removes a key.
    pub fn remove(&self, key: &[u8]) -> Option<Value> {
        self.write().remove(key)
    }

    /// Changes each value in place, in the order of keys. What is done to them must not come back to this map.
    pub fn each(&self, mut change: impl FnMut(&mut Value)) {
        self.write().values_mut().for_each(&mut change);
    }

    /// Returns the number of keys.
    pub fn len(&self) -> usize {
        self.read().len()
    }

    /// Says whether there are no keys.
    pub fn is_empty(&self) -> bool {
        self.read().is_empty()
    }

    /// Returns the keys, sorted.
    pub fn keys(&self) -> Vec<Str> {
        self.read().keys().cloned().collect()
    }

    /// Returns keys and values, sorted by key.
    pub fn entries(&self) -> Vec<(Str, Value)> {
        self.read().iter().map(|(key, value)| (key.clone(), value.clone())).collect()
    }

    /// Returns a new map of the same type with the same values.
    pub fn shallow_copy(&self) -> Self {
        Self::typed(self.of, self.read().clone())
    }

    /// Says whether both are the same map, not only equal.
    pub fn is(&self, other: &Map) -> bool {
        Arc::ptr_eq(&self.entries, &other.entries)
    }

    /// Returns what tells this map from any other.
    pub(crate) fn id(&self) -> usize {
        Arc::as_ptr(&self.entries) as usize
    }

    /// Returns the map without keeping it.
    pub(crate) fn downgrade(&self) -> WeakMap {
        WeakMap { entries: Arc::downgrade(&self.entries), of: self.of }
    }

    /// Returns a map, if somebody has kept it.
    pub(crate) fn upgrade(weak: &WeakMap) -> Option<Self> {
        weak.entries.upgrade().map(|entries| Self { entries, of: weak.of, nil: false })
    }

    /// Takes the entries of a map that nobody else has.
    pub(crate) fn alone(&mut self) -> BTreeMap<Str, Value> {
        match Arc::get_mut(&mut self.entries) {
            Some(entries) => std::mem::take(entries.get_mut().unwrap_or_else(PoisonError::into_inner)),
            None => BTreeMap::new(),
        }
    }

    /// Guards are never kept across a call of another function: `merge` may meet the same map again.
    fn read(&self) -> RwLockReadGuard<'_, BTreeMap<Str, Value>> {
        self.entries.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, BTreeMap<Str, Value>> {
        self.entries.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Map {
    fn drop(&mut self) {
        if Arc::strong_count(&self.entries) == 1 {
            drops::unnest(self.alone().values_mut());
        }
    }
}

impl Default for Map {
    fn default() -> Self {
        Self::new(BTreeMap::new())
    }
}

/// A map may hold itself.
impl fmt::Debug for Map {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Map").field(&self.keys()).finish()
    }
}
