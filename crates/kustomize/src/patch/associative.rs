//! Merges lists whose elements have keys, step by step as kustomize does.
//!
//! The patch's elements come first, then the others. With several keys the results can surprise; they are the
//! reference's, which compares a missing key as an empty text.

use sluice_yaml::{Node, Tag, Value};

use super::smp::{Merged, Source, Walk};
use crate::{
    error::Problem,
    fields::wrong_kind,
    resource::{raw_text, set_plain},
    schema::Schema,
};

type Values = Vec<String>;

/// Merges a patch's list into a list.
pub(super) fn merge<'t>(
    walk: &Walk<'t>,
    mut node: Node,
    source: Source<'_>,
    schema: Schema<'t>,
    keys: &[String],
) -> Result<Node, Problem> {
    let Value::Sequence(items) = &mut node.value else { return Ok(node) };
    let primitive = [String::new()];
    let values = all_values(items, source, keys);
    let mut list = List { walk, source, schema: schema.element(), items: std::mem::take(items) };
    *items = if values.is_empty() && keys.is_empty() {
        let values = all_texts(&list.items, source);
        list.merge(values, &primitive)?
    } else {
        list.merge(values, keys)?
    };
    Ok(node)
}

fn patch_items<'p>(source: Source<'p>) -> &'p [Node] {
    match source {
        Source::Patch(patch) => patch.as_sequence().unwrap_or_default(),
        Source::Nothing | Source::Itself => &[],
    }
}

/// Returns the distinct keys of all elements, the patch's first.
fn all_values(items: &[Node], source: Source<'_>, keys: &[String]) -> Vec<Values> {
    let mut all: Vec<Values> = Vec::new();
    for item in patch_items(source).iter().chain(items) {
        let values: Values = keys.iter().map(|key| key_text(item, key)).collect();
        if !values.is_empty() && !all.contains(&values) {
            all.push(values);
        }
    }
    all
}

fn key_text(item: &Node, key: &str) -> String {
    item.get(key).and_then(Node::as_scalar).unwrap_or_default().to_owned()
}

/// Returns the distinct elements of lists of scalars, the patch's first.
fn all_texts(items: &[Node], source: Source<'_>) -> Vec<Values> {
    let mut all: Vec<Values> = Vec::new();
    for item in patch_items(source).iter().chain(items) {
        let values = vec![raw_text(item).to_owned()];
        if !all.contains(&values) {
            all.push(values);
        }
    }
    all
}

struct List<'w, 't, 'p> {
    walk: &'w Walk<'t>,
    source: Source<'p>,
    schema: Option<Schema<'t>>,
    items: Vec<Node>,
}

impl List<'_, '_, '_> {
    fn merge(&mut self, mut all: Vec<Values>, keys: &[String]) -> Result<Vec<Node>, Problem> {
        if keys.len() > 1 {
            unify(&mut all);
        }
        let mut merged = Vec::new();
        let mut last_keys = Vec::new();
        for values in all.iter().filter(|values| !values.is_empty()) {
            let (keys, values) = valid(&all, values, keys);
            self.merge_element(&keys, &values, &mut merged)?;
            last_keys = keys;
        }
        let items = std::mem::take(&mut self.items);
        if all.is_empty() { Ok(items) } else { append(merged, items, &last_keys) }
    }

    fn merge_element(&mut self, keys: &[String], values: &[String], merged: &mut Vec<Node>) -> Result<(), Problem> {
        let (index, walked) = self.walk_element(keys, values)?;
        let Some(mut element) = walked.filter(|element| !is_nothing(&element.node)) else {
            return set_element(&mut self.items, None, keys, values);
        };
        complete(&mut element.node, keys, values);
        if let (Some(index), true) = (index, element.in_place) {
            self.items[index] = element.node.clone();
        }
        set_element(merged, Some(&element.node), keys, values)
    }

    /// Merges the elements of both lists that have the same keys.
    fn walk_element(&self, keys: &[String], values: &[String]) -> Result<(Option<usize>, Option<Merged>), Problem> {
        let (keys, values) = valid(&[values.to_vec()], values, keys);
        let fits = |item: &&Node| is_element(item, &keys, &values);
        let index = self.items.iter().position(|item| fits(&item));
        let node = index.map(|index| self.items[index].clone());
        let source = match self.source {
            Source::Patch(_) => patch_items(self.source).iter().find(fits).map_or(Source::Nothing, Source::Patch),
            Source::Itself if node.is_some() => Source::Itself,
            Source::Itself | Source::Nothing => Source::Nothing,
        };
        Ok((index, self.walk.walk(node, source, self.schema)?))
    }
}

/// Says whether an element has all the keys with the values; an empty key means the element itself.
fn is_element(item: &Node, keys: &[String], values: &[String]) -> bool {
    match keys.first().map(String::as_str) {
        None | Some("") => raw_text(item) == values.first().map(String::as_str).unwrap_or_default(),
        Some(_) if keys.len() != values.len() => false,
        Some(_) => {
            keys.iter().zip(values).all(|(key, value)| item.get(key).is_some_and(|found| raw_text(found) == value))
        }
    }
}

fn is_nothing(node: &Node) -> bool {
    node.is_null() || node.as_mapping().is_some_and(|mapping| mapping.is_empty())
}

/// Makes sure that the keys are set.
fn complete(node: &mut Node, keys: &[String], values: &[String]) {
    let Some(mapping) = node.as_mapping_mut() else { return };
    for (key, value) in keys.iter().zip(values) {
        if !value.is_empty() && !mapping.contains(key) {
            let mut text = Node::string("");
            set_plain(&mut text, value);
            mapping.insert(key.as_str(), text);
        }
    }
}

/// Returns the keys that some element has, with the values; all keys if none has any.
fn valid(all: &[Values], values: &[String], keys: &[String]) -> (Values, Values) {
    let used: Vec<bool> = (0..keys.len())
        .map(|index| all.iter().any(|values| values.get(index).is_some_and(|value| !value.is_empty())))
        .collect();
    if !used.contains(&true) {
        return (keys.to_vec(), values.to_vec());
    }
    let keep = |list: &[String]| {
        list.iter().zip(&used).filter(|(_, used)| **used).map(|(text, _)| text.clone()).collect::<Values>()
    };
    (keep(keys), keep(values))
}

/// Elements that differ only in keys that one of them lacks count as one.
fn unify(all: &mut [Values]) {
    for i in 0..all.len() {
        for j in 0..all.len() {
            if let Some(united) = united(&all[i], &all[j]) {
                all[i].clone_from(&united);
                all[j] = united;
            }
        }
    }
}

fn united(a: &[String], b: &[String]) -> Option<Values> {
    let mut common = false;
    let mut united = Vec::with_capacity(a.len());
    for (x, y) in a.iter().zip(b) {
        match (x == y, x.is_empty(), y.is_empty()) {
            (true, ..) => {
                common = true;
                united.push(x.clone());
            }
            (_, false, false) => return None,
            (_, empty, _) => united.push(if empty { y.clone() } else { x.clone() }),
        }
    }
    common.then_some(united)
}

/// Puts the rest of the old list behind the merged elements.
fn append(mut merged: Vec<Node>, items: Vec<Node>, keys: &[String]) -> Result<Vec<Node>, Problem> {
    let primitive = keys.first().is_none_or(String::is_empty);
    for item in items {
        if primitive {
            let values = [raw_text(&item).to_owned()];
            set_element(&mut merged, Some(&item), &[String::new()], &values)?;
            continue;
        }
        append_element(&mut merged, item, keys)?;
    }
    Ok(merged)
}

fn append_element(merged: &mut Vec<Node>, item: Node, keys: &[String]) -> Result<(), Problem> {
    if item.as_mapping().is_none() && !item.is_null() {
        return Err(wrong_kind("MappingNode", &item));
    }
    let mut values = Vec::new();
    for key in keys {
        match item.get(key) {
            Some(value) => values.push(raw_text(value).to_owned()),
            None => merged.push(item.clone()),
        }
    }
    if keys.len() > 1 {
        set_element(merged, None, keys, &values)?;
    }
    set_element(merged, Some(&item), keys, &values)
}

/// Puts an element into the place of those that have its keys, or behind all. `None` removes them.
fn set_element(
    items: &mut Vec<Node>,
    element: Option<&Node>,
    keys: &[String],
    values: &[String],
) -> Result<(), Problem> {
    let mapping =
        keys.first().is_some_and(|key| !key.is_empty()) && values.first().is_some_and(|value| !value.is_empty());
    let mut kept = Vec::with_capacity(items.len() + 1);
    let mut found = false;
    for item in items.drain(..).filter(|item| !is_nothing(item)) {
        let other_kind = mapping && item.as_mapping().is_none();
        match !other_kind && has_keys(&item, keys, values)? {
            true => {
                found = true;
                kept.extend(element.cloned());
            }
            false if other_kind || !values.is_empty() => kept.push(item),
            false => {}
        }
    }
    if let (Some(element), false) = (element, found) {
        kept.push(element.clone());
    }
    *items = kept;
    Ok(())
}

/// An empty value fits any, and a key beyond the values fits what the one before fits.
fn has_keys(item: &Node, keys: &[String], values: &[String]) -> Result<bool, Problem> {
    let mut fits = false;
    for (index, key) in keys.iter().enumerate() {
        if let Some(value) = values.get(index) {
            fits = has_key(item, key, value)?;
        }
        if !fits {
            return Ok(false);
        }
    }
    Ok(fits)
}

fn has_key(item: &Node, key: &str, value: &str) -> Result<bool, Problem> {
    match (&item.value, key) {
        (Value::Scalar(text), "") => Ok(item.tag != Tag::Null && text == value),
        (_, "") => Err(wrong_kind("ScalarNode", item)),
        (Value::Mapping(mapping), key) => {
            Ok(mapping.get(key).is_some_and(|found| value.is_empty() || raw_text(found) == value))
        }
        _ => Err(wrong_kind("MappingNode", item)),
    }
}
