//! Objects whose fields have an order.

use std::fmt::Display;

use serde_json::Value as Json;
use sluice_yaml::json_text;

/// An object that is being written.
pub(super) struct Fields(String);

impl Fields {
    pub(super) fn new() -> Self {
        Self("{".into())
    }

    /// Writes a field with a value that is JSON.
    pub(super) fn always(&mut self, name: &str, value: &str) {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        self.0.push_str(&text(name));
        self.0.push(':');
        self.0.push_str(value);
    }

    /// Writes a field with a value that is JSON, if there is one.
    pub(super) fn some(&mut self, name: &str, value: Option<String>) {
        if let Some(value) = value {
            self.always(name, &value);
        }
    }

    /// Writes a text that is not empty.
    pub(super) fn text(&mut self, name: &str, value: &str) {
        if !value.is_empty() {
            self.always(name, &text(value));
        }
    }

    /// Writes what can be shown, as a text, if it is there.
    pub(super) fn shown(&mut self, name: &str, value: Option<impl Display>) {
        self.some(name, value.map(|value| text(&value.to_string())));
    }

    /// Writes a list that is not empty.
    pub(super) fn list<T>(&mut self, name: &str, items: &[T], write: impl Fn(&T) -> String) {
        if !items.is_empty() {
            self.always(name, &list(items.iter().map(write)));
        }
    }

    pub(super) fn done(mut self) -> String {
        self.0.push('}');
        self.0
    }
}

/// Returns a text as JSON.
pub(super) fn text(text: &str) -> String {
    json_text(&Json::from(text))
}

/// Returns a list of what is JSON.
pub(super) fn list(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(","))
}
