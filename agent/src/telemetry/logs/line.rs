//! One line of the log, with the keys and in the order of controller-runtime's zap logger.

use jiff::Timestamp;
use serde_json::json;
use tracing::{Event, Level, Metadata};

use super::fields::Fields;

/// The span that stands for one pass over one object.
const RECONCILE: &str = "reconcile";

/// A line in the making: the spans' fields come from the outermost inwards, then the event's.
pub(super) struct Line {
    at: Timestamp,
    level: &'static str,
    logger: Option<String>,
    message: String,
    spans: Fields,
    own: Fields,
}

impl Line {
    pub(super) fn new(at: Timestamp, event: &Event<'_>) -> Self {
        let mut own = Fields::default();
        event.record(&mut own);
        let text = |value: serde_json::Value| value.as_str().map(String::from);
        let message = own.take("message").and_then(text).unwrap_or_default();
        let logger = own.take("logger").and_then(text).or_else(|| foreign_crate(event.metadata()));
        Self { at, level: level(*event.metadata().level()), logger, message, spans: Fields::default(), own }
    }

    /// Adds what an enclosing span says.
    pub(super) fn within(&mut self, span: &str, fields: &Fields) {
        self.spans.extend(if span == RECONCILE { object_keys(fields) } else { fields.clone() });
    }

    /// Returns the line as JSON.
    pub(super) fn json(self) -> String {
        let mut fields = self.head();
        // A field cannot displace the head: `flux logs` reads it.
        fields.append(self.tail());
        serde_json::to_string(&fields).unwrap_or_default() + "\n"
    }

    /// Returns the line as zap's console encoder does: time, level, logger, message and fields between tabs.
    pub(super) fn console(self) -> String {
        let level = self.level.to_uppercase();
        let mut columns = vec![timestamp(self.at), level];
        columns.extend(self.logger.clone());
        columns.push(self.message.clone());
        let fields = self.tail();
        if !fields.is_empty() {
            columns.push(serde_json::to_string(&fields).unwrap_or_default());
        }
        columns.join("\t") + "\n"
    }

    fn head(&self) -> Fields {
        let mut head = Fields::default();
        head.set("level", self.level);
        head.set("ts", timestamp(self.at));
        if let Some(logger) = &self.logger {
            head.set("logger", logger.as_str());
        }
        head.set("msg", self.message.as_str());
        head
    }

    /// Returns all other fields, `error` last.
    fn tail(&self) -> Fields {
        let mut tail = self.spans.clone();
        tail.extend(self.own.clone());
        if let Some(error) = tail.take("error") {
            tail.set("error", error);
        }
        tail
    }
}

/// Returns the keys by which controller-runtime names an object, and then what else the span says.
fn object_keys(span: &Fields) -> Fields {
    let mut rest = span.clone();
    let mut text = |name: &str| rest.take(name).and_then(|value| value.as_str().map(String::from)).unwrap_or_default();
    let (kind, group, id) = (text("kind"), text("group"), text("reconcile_id"));
    let (namespace, name) = (text("namespace"), text("name"));
    let mut keys = Fields::default();
    keys.set("controller", kind.to_ascii_lowercase());
    keys.set("controllerGroup", group);
    keys.set("controllerKind", kind.as_str());
    keys.set(&kind, json!({ "name": name.as_str(), "namespace": namespace.as_str() }));
    keys.set("namespace", namespace);
    keys.set("name", name);
    keys.set("reconcileID", id);
    keys.extend(rest);
    keys
}

/// Names the crate of an event that is not ours.
fn foreign_crate(metadata: &Metadata<'_>) -> Option<String> {
    let root = metadata.target().split("::").next().unwrap_or_default();
    (!root.starts_with("sluice")).then(|| root.to_owned())
}

/// Flux knows no warnings; `flux logs --level info` shows them so.
fn level(level: Level) -> &'static str {
    match level {
        Level::TRACE => "trace",
        Level::DEBUG => "debug",
        Level::INFO | Level::WARN => "info",
        Level::ERROR => "error",
    }
}

/// Returns a time in UTC, to the millisecond.
fn timestamp(at: Timestamp) -> String {
    format!("{at:.3}")
}
