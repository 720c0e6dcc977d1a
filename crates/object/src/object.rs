//! A Kubernetes object as JSON, with the place it came from.

use std::fmt;

use serde_json::{Map, Value, json};

use crate::{Gvk, ObjectId};

/// A manifest: always has `apiVersion`, `kind` and `metadata.name`.
#[derive(Debug, Clone, PartialEq)]
pub struct Object {
    value: Value,
    origin: Option<Origin>,
}

/// Where a manifest was written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin {
    /// File, relative to the root of the artifact.
    pub file: String,
    /// Line of its first key, from one; zero when it was generated.
    pub line: u32,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => f.write_str(&self.file),
            line => write!(f, "{}:{line}", self.file),
        }
    }
}

/// A JSON value that is no Kubernetes object.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ObjectError {
    /// Not a JSON object.
    #[error("a manifest must be a mapping with `apiVersion`, `kind` and `metadata.name`")]
    NotAMapping,
    /// A required field is missing or not a string.
    #[error("`{field}` is missing or not a string in {subject}")]
    Missing {
        /// The field.
        field: &'static str,
        /// What is known of the object.
        subject: String,
    },
}

impl Object {
    /// Takes a JSON value as an object.
    ///
    /// # Errors
    /// When `apiVersion`, `kind` or `metadata.name` is not a non-empty string.
    pub fn new(value: Value) -> Result<Self, ObjectError> {
        if !value.is_object() {
            return Err(ObjectError::NotAMapping);
        }
        for (field, pointer) in [("apiVersion", "/apiVersion"), ("kind", "/kind"), ("metadata.name", "/metadata/name")]
        {
            if value.pointer(pointer).and_then(Value::as_str).is_none_or(str::is_empty) {
                return Err(ObjectError::Missing { field, subject: describe(&value) });
            }
        }
        Ok(Self { value, origin: None })
    }

    /// Notes where the manifest was written.
    pub fn with_origin(mut self, origin: Origin) -> Self {
        self.origin = Some(origin);
        self
    }

    /// Returns where the manifest was written.
    pub fn origin(&self) -> Option<&Origin> {
        self.origin.as_ref()
    }

    /// Returns the JSON value.
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// Returns the JSON value to change it. `apiVersion`, `kind` and `metadata.name` must stay strings.
    pub fn value_mut(&mut self) -> &mut Value {
        &mut self.value
    }

    /// Returns an object of which nothing is left but what names it.
    pub fn named(&self) -> Self {
        let namespace = self.value.pointer("/metadata/namespace");
        let mut metadata = json!({"name": self.name()});
        namespace.into_iter().for_each(|namespace| metadata["namespace"] = namespace.clone());
        let value = json!({"apiVersion": self.value["apiVersion"], "kind": self.value["kind"], "metadata": metadata});
        Self { value, origin: None }
    }

    /// Gives the JSON value away.
    pub fn into_value(self) -> Value {
        self.value
    }

    /// Returns `apiVersion` and `kind`.
    pub fn gvk(&self) -> Gvk {
        Gvk::parse(self.text("/apiVersion"), self.text("/kind"))
    }

    /// Returns the kind.
    pub fn kind(&self) -> &str {
        self.text("/kind")
    }

    /// Returns the name.
    pub fn name(&self) -> &str {
        self.text("/metadata/name")
    }

    /// Returns the namespace, empty when there is none.
    pub fn namespace(&self) -> &str {
        self.text("/metadata/namespace")
    }

    /// Sets the namespace.
    pub fn set_namespace(&mut self, namespace: &str) {
        self.value["metadata"]["namespace"] = Value::String(namespace.into());
    }

    /// Returns what names the object.
    pub fn id(&self) -> ObjectId {
        ObjectId::new(&self.gvk(), self.namespace(), self.name())
    }

    /// Returns the value of a label.
    pub fn label(&self, key: &str) -> Option<&str> {
        self.meta("labels", key)
    }

    /// Returns the value of an annotation.
    pub fn annotation(&self, key: &str) -> Option<&str> {
        self.meta("annotations", key)
    }

    /// Says whether a label or annotation has the value, whatever the case of its letters. Empty values never match.
    pub fn marked(&self, key: &str, value: &str) -> bool {
        let is =
            |found: Option<&str>| found.is_some_and(|found| !found.is_empty() && found.eq_ignore_ascii_case(value));
        is(self.label(key)) || is(self.annotation(key))
    }

    /// Sets a label.
    pub fn set_label(&mut self, key: &str, value: &str) {
        self.set_meta("labels", key, value);
    }

    /// Sets an annotation.
    pub fn set_annotation(&mut self, key: &str, value: &str) {
        self.set_meta("annotations", key, value);
    }

    /// Returns `metadata.resourceVersion`, empty when there is none.
    pub fn resource_version(&self) -> &str {
        self.text("/metadata/resourceVersion")
    }

    /// Returns `metadata.uid`, empty when there is none.
    pub fn uid(&self) -> &str {
        self.text("/metadata/uid")
    }

    /// Returns `metadata.generation`.
    pub fn generation(&self) -> Option<i64> {
        self.value.pointer("/metadata/generation").and_then(Value::as_i64)
    }

    /// Says whether the object is being deleted.
    pub fn is_deleting(&self) -> bool {
        !self.text("/metadata/deletionTimestamp").is_empty()
    }

    fn text(&self, pointer: &str) -> &str {
        self.value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    fn meta(&self, map: &str, key: &str) -> Option<&str> {
        self.value.get("metadata")?.get(map)?.get(key)?.as_str()
    }

    fn set_meta(&mut self, map: &str, key: &str, value: &str) {
        let entry = &mut self.value["metadata"][map];
        if !entry.is_object() {
            *entry = Value::Object(Map::new());
        }
        entry[key] = Value::String(value.into());
    }
}

fn describe(value: &Value) -> String {
    let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str).unwrap_or("?").to_owned();
    format!("{}/{}", text("/kind"), text("/metadata/name"))
}
