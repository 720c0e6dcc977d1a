//! Releases as the JSON that Go's encoder makes of Helm's structs: fields in their order, empty ones left out.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use serde_json::{Map as JsonMap, Number, Value as Json};
use sluice_template::{Map, Value};
use sluice_yaml::json_text;

use crate::{
    File,
    chart::{Dependency, Import, Lock, Maintainer, Metadata},
    hook::{Execution, Hook},
};

use super::{
    ApplyMethod, Info, Release, Released,
    json::{self, Fields},
    time::ZERO,
};

impl Release {
    /// Returns the release as Helm stores it before it is compressed. Labels are no part of it.
    pub fn to_json(&self) -> String {
        let mut fields = Fields::new();
        fields.text("name", &self.name);
        fields.some("info", (self.info != Info::default()).then(|| self.info.to_json()));
        fields.some("chart", self.chart.as_ref().map(|chart| chart.to_json()));
        fields.some("config", (!self.config.is_empty()).then(|| object(&self.config)));
        fields.text("manifest", &self.manifest);
        fields.list("hooks", &self.hooks, Hook::to_json);
        fields.some("version", (self.version != 0).then(|| self.version.to_string()));
        fields.text("namespace", &self.namespace);
        fields.text("apply_method", self.apply_method.map_or("", ApplyMethod::as_str));
        fields.done()
    }
}

impl Info {
    pub(super) fn to_json(&self) -> String {
        let mut fields = Fields::new();
        fields.shown("first_deployed", self.first_deployed);
        fields.shown("last_deployed", self.last_deployed);
        fields.shown("deleted", self.deleted);
        fields.text("description", &self.description);
        fields.text("status", self.status.as_str());
        fields.text("notes", &self.notes);
        fields.done()
    }
}

impl Hook {
    pub(super) fn to_json(&self) -> String {
        let mut fields = Fields::new();
        fields.text("name", &self.name);
        fields.text("kind", &self.kind);
        fields.text("path", &self.path);
        fields.text("manifest", &self.manifest);
        fields.list("events", &self.events, |event| json::text(event.name()));
        fields.always("last_run", &self.last_run.to_json());
        fields.some("weight", (self.weight != 0).then(|| self.weight.to_string()));
        fields.list("delete_policies", &self.delete_policies, |word| json::text(word));
        fields.list("output_log_policies", &self.output_log_policies, |word| json::text(word));
        fields.done()
    }
}

impl Execution {
    fn to_json(&self) -> String {
        let mut fields = Fields::new();
        fields.shown("started_at", self.started);
        fields.shown("completed_at", self.completed);
        fields.always("phase", &json::text(self.phase.as_str()));
        fields.done()
    }
}

impl Released {
    fn to_json(&self) -> String {
        let mut fields = Fields::new();
        fields.always("metadata", &metadata(&self.metadata));
        fields.always("lock", &self.lock.as_ref().map_or("null".into(), lock));
        fields.always("templates", &files(&self.templates));
        fields.always("values", &self.values.as_ref().map_or("null".into(), object));
        fields.always("schema", &self.schema.as_ref().map_or("null".into(), |schema| bytes(&schema.data)));
        let modified = self.schema.as_ref().and_then(|schema| schema.modified);
        fields.always("schemamodtime", &json::text(&modified.map_or(ZERO.to_owned(), |time| time.to_string())));
        fields.always("files", &files(&self.files));
        fields.shown("modtime", changed(self.modified));
        fields.done()
    }
}

/// Returns what a release says of its chart.
pub(super) fn metadata(metadata: &Metadata) -> String {
    let mut fields = Fields::new();
    fields.text("name", &metadata.name);
    fields.text("home", &metadata.home);
    fields.list("sources", &metadata.sources, |source| json::text(source));
    fields.text("version", &metadata.version);
    fields.text("description", &metadata.description);
    fields.list("keywords", &metadata.keywords, |word| json::text(word));
    fields.list("maintainers", &metadata.maintainers, |person| person.as_ref().map_or("null".into(), maintainer));
    fields.text("icon", &metadata.icon);
    fields.text("apiVersion", &metadata.api_version);
    fields.text("condition", &metadata.condition);
    fields.text("tags", &metadata.tags);
    fields.text("appVersion", &metadata.app_version);
    fields.some("deprecated", metadata.deprecated.then(|| "true".into()));
    let annotations = metadata.annotations.iter().map(|(key, value)| (key.clone(), Json::from(value.as_str())));
    fields.some("annotations", (!metadata.annotations.is_empty()).then(|| object(&annotations.collect())));
    fields.text("kubeVersion", &metadata.kube_version);
    let dependencies = metadata.dependencies.as_deref().unwrap_or_default();
    fields.list("dependencies", dependencies, |entry| entry.as_ref().map_or("null".into(), dependency));
    fields.text("type", &metadata.kind);
    fields.done()
}

fn maintainer(maintainer: &Maintainer) -> String {
    let mut fields = Fields::new();
    fields.text("name", &maintainer.name);
    fields.text("email", &maintainer.email);
    fields.text("url", &maintainer.url);
    fields.done()
}

fn dependency(dependency: &Dependency) -> String {
    let mut fields = Fields::new();
    fields.always("name", &json::text(&dependency.name));
    fields.text("version", &dependency.version);
    fields.always("repository", &json::text(&dependency.repository));
    fields.text("condition", &dependency.condition);
    fields.list("tags", &dependency.tags, |tag| json::text(tag));
    fields.some("enabled", dependency.enabled.then(|| "true".into()));
    fields.list("import-values", &dependency.import_values, import);
    fields.text("alias", &dependency.alias);
    fields.done()
}

fn import(import: &Import) -> String {
    match import {
        Import::Written(json) => json_text(&floats(json)),
        Import::Mapped { child, parent } => json_text(&serde_json::json!({ "child": child, "parent": parent })),
    }
}

fn lock(lock: &Lock) -> String {
    let dependencies = lock.dependencies.iter().map(|entry| entry.as_ref().map_or("null".into(), dependency));
    let mut fields = Fields::new();
    fields.always("generated", &json::text(lock.generated.text()));
    fields.always("digest", &json::text(&lock.digest));
    fields.always("dependencies", &json::list(dependencies));
    fields.done()
}

/// A list that is empty is one that nobody has made.
fn files(files: &[File]) -> String {
    if files.is_empty() { "null".into() } else { json::list(files.iter().map(file)) }
}

fn file(file: &File) -> String {
    let mut fields = Fields::new();
    fields.always("name", &json::text(&file.name));
    fields.always("data", &bytes(&file.data));
    fields.shown("modtime", changed(file.modified));
    fields.done()
}

fn bytes(bytes: &[u8]) -> String {
    json::text(&STANDARD.encode(bytes))
}

/// Leaves out Go's zero.
fn changed(time: Option<Timestamp>) -> Option<Timestamp> {
    time.filter(|time| time.to_string() != ZERO)
}

pub(super) fn object(object: &JsonMap<String, Json>) -> String {
    json_text(&Json::Object(object.clone()))
}

/// Makes each number the float that Go's decoder makes of it.
pub(super) fn floats(json: &Json) -> Json {
    match json {
        Json::Number(number) => number.as_f64().and_then(Number::from_f64).map_or(Json::Null, Json::Number),
        Json::Array(items) => items.iter().map(floats).collect(),
        Json::Object(entries) => entries.iter().map(|(key, value)| (key.clone(), floats(value))).collect(),
        other => other.clone(),
    }
}

/// Returns values as JSON that has the kinds of their numbers: whole ones that were given as such, and floats.
pub fn values_of(values: &Map) -> JsonMap<String, Json> {
    values.entries().into_iter().map(|(key, value)| (key.to_string(), value_of(&value))).collect()
}

fn value_of(value: &Value) -> Json {
    match value {
        Value::Nil => Json::Null,
        Value::Bool(value) => Json::Bool(*value),
        Value::Int(_, value) => Json::from(*value),
        Value::Float(value) => Number::from_f64(*value).map_or(Json::Null, Json::Number),
        Value::String(text) => Json::String(text.to_string()),
        Value::List(list) if list.is_nil() => Json::Null,
        Value::List(list) => list.items().iter().map(value_of).collect(),
        Value::Map(map) if map.is_nil() => Json::Null,
        Value::Map(map) => Json::Object(values_of(map)),
        Value::Object(object) => object.to_json(),
    }
}
