//! The values of a HelmRelease: those of ConfigMaps and Secrets, and those that stand in it.
//!
//! references → [`objects`] → what is read of them → [`compose`] → values
//!
//! The order is that of Flux's chartutil, with what it comes to because Go's maps and lists are shared: a `targetPath`
//! wins over the values in the HelmRelease where it leads into a map or list of theirs, and is lost where it names one
//! of their keys at the top.

mod error;

use std::collections::BTreeMap;

use bytes::Bytes;
use serde_json::{Map as JsonMap, Value as Json};
use sluice_template::{List, Map, Value};

use super::{
    merged,
    set::{Changed, Style, set_in_place},
};
use crate::chart::{unfit, yaml_to_json};

pub use error::{Reason, ReferenceError};

/// The key that is read where none is named.
pub const DEFAULT_KEY: &str = "values.yaml";

/// An entry of `spec.valuesFrom`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reference {
    /// `ConfigMap` or `Secret`.
    pub kind: String,
    /// The name of the object.
    pub name: String,
    /// The key of its data; empty for [`DEFAULT_KEY`].
    pub values_key: String,
    /// Where the value goes, as `--set` has it; empty for YAML that is merged with the rest.
    pub target_path: String,
    /// Whether the value is taken letter for letter.
    pub literal: bool,
    /// Whether it does not matter that the object or the key is missing.
    pub optional: bool,
}

/// An object that is referred to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ObjectKey {
    /// `ConfigMap` or `Secret`.
    pub kind: String,
    /// Its name.
    pub name: String,
}

/// What is read of objects: the data, of Secrets without base64; `None` for an object that is missing.
pub type Objects = BTreeMap<ObjectKey, Option<BTreeMap<String, Bytes>>>;

/// Values, and what was left out of them.
#[derive(Debug, Clone)]
pub struct Composed {
    /// The values.
    pub values: Map,
    /// What optional references are missing, for the log.
    pub missing: Vec<ReferenceError>,
}

impl Reference {
    /// Returns the key of the data.
    pub fn key(&self) -> &str {
        if self.values_key.is_empty() { DEFAULT_KEY } else { &self.values_key }
    }

    fn object(&self) -> ObjectKey {
        ObjectKey { kind: self.kind.clone(), name: self.name.clone() }
    }

    fn is_known(&self) -> bool {
        matches!(self.kind.as_str(), "ConfigMap" | "Secret")
    }
}

/// Returns the objects that references need, each once and in their order.
pub fn objects(references: &[Reference]) -> Vec<ObjectKey> {
    let mut found: Vec<ObjectKey> = Vec::new();
    for reference in references.iter().filter(|reference| reference.is_known()) {
        let object = reference.object();
        if !found.contains(&object) {
            found.push(object);
        }
    }
    found
}

/// Puts the values of references and those of the HelmRelease together, as Flux does.
///
/// # Errors
/// When an object or key that is not optional is missing, or what is there holds no values.
pub fn compose(
    references: &[Reference],
    namespace: &str,
    objects: &Objects,
    inline: &JsonMap<String, Json>,
) -> Result<Composed, ReferenceError> {
    let mut composition = Composition {
        result: Map::default(),
        inline: map_of(&Json::Object(inline.clone())).unwrap_or_default(),
        missing: Vec::new(),
    };
    for (index, reference) in references.iter().enumerate() {
        let refuse = |reason: Reason| ReferenceError::new(reference, namespace, reason);
        let again = references[..index].iter().any(|earlier| earlier.object() == reference.object());
        match data(reference, objects, again) {
            Ok(data) => composition.take(reference, data).map_err(refuse)?,
            Err(reason) if reference.optional && reason.is_absence() => composition.missing.push(refuse(reason)),
            Err(reason) => return Err(refuse(reason)),
        }
    }
    let Composition { result, inline, missing } = composition;
    Ok(Composed { values: merged(&result, &inline), missing })
}

fn data<'a>(reference: &Reference, objects: &'a Objects, again: bool) -> Result<&'a Bytes, Reason> {
    if !reference.is_known() {
        return Err(Reason::Kind);
    }
    let found = objects.get(&reference.object()).and_then(Option::as_ref);
    let object = found.ok_or(if again { Reason::StillMissing } else { Reason::Missing })?;
    object.get(reference.key()).ok_or(Reason::Key)
}

struct Composition {
    result: Map,
    inline: Map,
    missing: Vec<ReferenceError>,
}

impl Composition {
    fn take(&mut self, reference: &Reference, data: &Bytes) -> Result<(), Reason> {
        if reference.target_path.is_empty() {
            self.result = merged(&self.result, &read(data).map_err(Reason::Read)?);
            return Ok(());
        }
        self.result = merged(&self.result, &self.inline);
        let (text, style) = assignment(reference, &String::from_utf8_lossy(data));
        let changed = set_in_place(&text, &self.result, style).map_err(|error| Reason::Merge(error.to_string()))?;
        changed.iter().for_each(|changed| follow(&self.inline, changed));
        Ok(())
    }
}

fn read(data: &[u8]) -> Result<Map, String> {
    let json = yaml_to_json(data).map_err(|error| error.to_string())?;
    match map_of(&json) {
        Some(map) => Ok(map),
        None if json.is_null() => Ok(Map::default()),
        None => Err(unfit(&json, "common.Values").to_string()),
    }
}

fn map_of(json: &Json) -> Option<Map> {
    match Value::from_json(json) {
        Value::Map(map) => Some(map),
        _ => None,
    }
}

/// Returns what `--set` would be given: what stands in quotes is a text.
fn assignment(reference: &Reference, value: &str) -> (String, Style<'static>) {
    let path = &reference.target_path;
    if reference.literal {
        return (format!("{path}={}", escaped(value)), Style::Text);
    }
    let is_in = |quote: char| value.starts_with(quote) && value.ends_with(quote);
    if is_in('\'') || is_in('"') {
        return (format!("{path}={}", value.trim_matches(['\'', '"'])), Style::Text);
    }
    (format!("{path}={value}"), Style::Typed)
}

/// Takes away what letters mean to `--set`. The path keeps its own `\.`.
fn escaped(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for letter in value.chars() {
        if matches!(letter, '\\' | ',' | '[' | ']' | '{' | '}') {
            text.push('\\');
        }
        text.push(letter);
    }
    text
}

/// Puts a list that has changed where it was shared. Maps need nothing: they are shared here too.
fn follow(map: &Map, changed: &Changed) {
    for (key, value) in map.entries() {
        if let Some(value) = followed(&value, changed) {
            map.set(key, value);
        }
    }
}

fn followed(value: &Value, changed: &Changed) -> Option<Value> {
    match value {
        Value::Map(map) => {
            follow(map, changed);
            None
        }
        Value::List(list) if std::ptr::eq(list.items(), changed.before.items()) => {
            Some(Value::List(changed.after.clone()))
        }
        Value::List(list) => {
            let items = list.items().iter().map(|item| followed(item, changed));
            let items: Vec<Option<Value>> = items.collect();
            if items.iter().all(Option::is_none) {
                return None;
            }
            let items = items.into_iter().zip(list.items());
            Some(Value::List(List::new(items.map(|(new, old)| new.unwrap_or_else(|| old.clone())).collect())))
        }
        _ => None,
    }
}
