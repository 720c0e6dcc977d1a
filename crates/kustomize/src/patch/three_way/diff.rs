//! What differs between two states of an object, one half at a time.

use serde_json::{Map, Value};

use super::{DELETE, DELETE_TEXTS, DIRECTIVE, Fields, Incomparable, ORDER, RETAIN_KEYS, ThreeWayError, elements};
use crate::schema::Schema;

/// Which half of a difference is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// What comes or changes.
    Changes,
    /// What goes.
    Deletions,
}

/// How two mappings are compared.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pass {
    wanted: Wanted,
    /// Whether the patch says which keys stay.
    retained: bool,
}

impl Pass {
    /// Begins a comparison.
    pub(super) fn new(wanted: Wanted) -> Self {
        Self { wanted, retained: false }
    }

    fn changes(self) -> bool {
        self.wanted == Wanted::Changes
    }

    /// Goes to a field.
    fn at(self, schema: Option<Schema<'_>>) -> Self {
        Self { retained: schema.is_some_and(Schema::is_retained), ..self }
    }
}

/// Returns the part of a patch that makes one mapping of the other.
pub(super) fn mappings(
    original: &Fields,
    modified: &Fields,
    schema: Option<Schema<'_>>,
    pass: Pass,
) -> Result<Fields, ThreeWayError> {
    let mut patch = Fields::new();
    for (key, wanted) in modified {
        match original.get(key) {
            Some(had) => {
                let schema = schema.and_then(|schema| schema.field(key));
                field(&mut patch, key, (had, wanted), schema, pass).map_err(|error| error.below(key))?;
            }
            None if pass.changes() => drop(patch.insert(key.clone(), wanted.clone())),
            None => {}
        }
    }
    let gone = |key: &str| !modified.contains_key(key);
    if pass.wanted == Wanted::Deletions {
        patch.extend(original.keys().filter(|key| gone(key)).map(|key| (key.clone(), Value::Null)));
    }
    let clears = || original.iter().any(|(key, value)| !value.is_null() && gone(key));
    if pass.retained && (!patch.is_empty() || clears()) {
        retain(&mut patch, modified);
    }
    Ok(patch)
}

fn retain(patch: &mut Fields, modified: &Fields) {
    let mut kept: Vec<&str> = modified.iter().filter(|(_, value)| !value.is_null()).map(|(key, _)| &**key).collect();
    kept.sort_unstable();
    if !kept.is_empty() {
        patch.insert(RETAIN_KEYS.into(), kept.into());
    }
}

fn field(
    patch: &mut Fields,
    key: &str,
    (had, wanted): (&Value, &Value),
    schema: Option<Schema<'_>>,
    pass: Pass,
) -> Result<(), ThreeWayError> {
    match (had, wanted) {
        (Value::Object(had), Value::Object(wanted)) if !schema.is_some_and(Schema::is_replaced) => {
            let inner = mappings(had, wanted, schema, pass.at(schema))?;
            if !inner.is_empty() {
                patch.insert(key.to_owned(), inner.into());
            }
        }
        (Value::Array(had), Value::Array(wanted)) if schema.and_then(Schema::merge_keys).is_some() => {
            list(patch, key, (had, wanted), schema, pass.at(schema))?;
        }
        // A mapping that is replaced is sent each time.
        _ if pass.changes() && (had != wanted || wanted.is_object()) => {
            patch.insert(key.to_owned(), wanted.clone());
        }
        _ => {}
    }
    Ok(())
}

/// Compares lists that are merged.
fn list(
    patch: &mut Fields,
    key: &str,
    (had, wanted): (&[Value], &[Value]),
    schema: Option<Schema<'_>>,
    pass: Pass,
) -> Result<(), ThreeWayError> {
    if had.is_empty() {
        if pass.changes() && !wanted.is_empty() {
            patch.insert(key.to_owned(), wanted.into());
        }
        return Ok(());
    }
    let by = schema.and_then(Schema::merge_keys).and_then(<[String]>::first).map_or("", String::as_str);
    elements::check(by, had.iter().chain(wanted))?;
    let (put, gone, order) = if by.is_empty() {
        list_of_texts(had, wanted, pass)
    } else {
        let put = list_of_mappings(had, wanted, by, schema.and_then(Schema::element), pass)?;
        let moved = pass.changes() && !elements::same_order(had, wanted, by);
        let order = (moved || !put.is_empty()).then(|| wanted.iter().map(|item| only(item, by)).collect());
        (put, Vec::new(), order)
    };
    let parts = [(key.to_owned(), put), (format!("{DELETE_TEXTS}{key}"), gone)];
    let order = (format!("{ORDER}{key}"), order.unwrap_or_default());
    let parts = parts.into_iter().chain([order]).filter(|(_, items)| !items.is_empty());
    patch.extend(parts.map(|(name, items)| (name, items.into())));
    Ok(())
}

/// Returns an element's key alone.
fn only(item: &Value, by: &str) -> Value {
    Map::from_iter([(by.to_owned(), item[by].clone())]).into()
}

/// Walks both lists by their keys as texts. Elements with the same key meet one by one.
fn list_of_mappings(
    had: &[Value],
    wanted: &[Value],
    by: &str,
    schema: Option<Schema<'_>>,
    pass: Pass,
) -> Result<Vec<Value>, ThreeWayError> {
    let (had, sorted) = (elements::sorted(had, by), elements::sorted(wanted, by));
    let (mut had, mut sorted) = (had.into_iter().peekable(), sorted.into_iter().peekable());
    let (mut put, mut gone) = (Vec::new(), Vec::new());
    loop {
        match elements::next_pair(&mut had, &mut sorted, by) {
            (None, None) => break,
            (None, Some(new)) if pass.changes() => put.push(new.clone()),
            (Some(old), None) if !pass.changes() => {
                let mut item = only(old, by);
                item[DIRECTIVE] = DELETE.into();
                gone.push(item);
            }
            (Some(Value::Object(old)), Some(Value::Object(new))) => {
                let inner = mappings(old, new, schema, pass)?;
                if !inner.is_empty() {
                    let key = (by.to_owned(), new[by].clone());
                    put.push(inner.into_iter().chain([key]).collect());
                }
            }
            _ => {}
        }
    }
    let mut put = elements::arranged(put, wanted, by);
    put.append(&mut gone);
    Ok(put)
}

type Parts = (Vec<Value>, Vec<Value>, Option<Vec<Value>>);

fn list_of_texts(had: &[Value], wanted: &[Value], pass: Pass) -> Parts {
    let (old, new) = (elements::sorted(had, ""), elements::sorted(wanted, ""));
    // The original sorts the list where it stands before it looks whether it has changed.
    let moved = pass.changes() && !old.iter().copied().eq(wanted);
    let (mut old, mut new) = (old.into_iter().peekable(), new.into_iter().peekable());
    let (mut put, mut gone) = (Vec::new(), Vec::new());
    loop {
        match elements::next_pair(&mut old, &mut new, "") {
            (None, None) => break,
            (None, Some(new)) if pass.changes() => put.push(new.clone()),
            (Some(old), None) if !pass.changes() => gone.push(old.clone()),
            _ => {}
        }
    }
    let gone = elements::distinct(gone);
    let order = (moved || !gone.is_empty()).then(|| wanted.to_vec());
    (elements::arranged(put, wanted, ""), gone, order)
}

impl From<Incomparable> for ThreeWayError {
    fn from(problem: Incomparable) -> Self {
        Self::new(problem)
    }
}
