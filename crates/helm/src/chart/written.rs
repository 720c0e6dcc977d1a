//! Metadata as Helm writes it: in archives, on the terminal, in releases.

use serde_json::{Map as JsonMap, Value as Json, json};
use sluice_yaml::{EmitOptions, emit_v2};

use super::{Dependency, Import, Lock, Maintainer, Metadata};

impl Metadata {
    /// Returns the fields that are not empty.
    pub fn to_json(&self) -> Json {
        object([
            ("name", text(&self.name)),
            ("home", text(&self.home)),
            ("sources", list(self.sources.iter().map(|source| json!(source)))),
            ("version", text(&self.version)),
            ("description", text(&self.description)),
            ("keywords", list(self.keywords.iter().map(|keyword| json!(keyword)))),
            (
                "maintainers",
                list(
                    self.maintainers
                        .iter()
                        .map(|maintainer| maintainer.as_ref().map_or(Json::Null, Maintainer::to_json)),
                ),
            ),
            ("icon", text(&self.icon)),
            ("apiVersion", text(&self.api_version)),
            ("condition", text(&self.condition)),
            ("tags", text(&self.tags)),
            ("appVersion", text(&self.app_version)),
            ("deprecated", self.deprecated.then_some(Json::Bool(true))),
            ("annotations", (!self.annotations.is_empty()).then(|| json!(self.annotations))),
            ("kubeVersion", text(&self.kube_version)),
            (
                "dependencies",
                list(
                    self.dependencies
                        .iter()
                        .flatten()
                        .map(|dependency| dependency.as_ref().map_or(Json::Null, Dependency::to_json)),
                ),
            ),
            ("type", text(&self.kind)),
        ])
    }

    /// Returns it as `Chart.yaml`.
    pub fn to_yaml(&self) -> String {
        emit_v2(&self.to_json(), &EmitOptions::UNFOLDED)
    }
}

impl Maintainer {
    fn to_json(&self) -> Json {
        object([("name", text(&self.name)), ("email", text(&self.email)), ("url", text(&self.url))])
    }
}

impl Dependency {
    /// Returns the fields that are not empty; name and repository are there in any case.
    pub fn to_json(&self) -> Json {
        let imports = self.import_values.iter().map(|import| match import {
            Import::Written(json) => json.clone(),
            Import::Mapped { child, parent } => json!({ "child": child, "parent": parent }),
        });
        object([
            ("name", Some(json!(self.name))),
            ("version", text(&self.version)),
            ("repository", Some(json!(self.repository))),
            ("condition", text(&self.condition)),
            ("tags", list(self.tags.iter().map(|tag| json!(tag)))),
            ("enabled", self.enabled.then_some(Json::Bool(true))),
            ("import-values", list(imports)),
            ("alias", text(&self.alias)),
        ])
    }
}

impl Lock {
    /// Returns it as `Chart.lock`.
    pub fn to_yaml(&self) -> String {
        let dependencies = self.dependencies.iter();
        let dependencies: Vec<_> =
            dependencies.map(|dependency| dependency.as_ref().map_or(Json::Null, Dependency::to_json)).collect();
        let json = json!({ "generated": self.generated.text(), "digest": self.digest, "dependencies": dependencies });
        emit_v2(&json, &EmitOptions::UNFOLDED)
    }
}

fn text(text: &str) -> Option<Json> {
    (!text.is_empty()).then(|| json!(text))
}

fn list(items: impl Iterator<Item = Json>) -> Option<Json> {
    let items: Vec<_> = items.collect();
    (!items.is_empty()).then_some(Json::Array(items))
}

fn object<const N: usize>(fields: [(&str, Option<Json>); N]) -> Json {
    let fields = fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Json::Object(fields.collect::<JsonMap<_, _>>())
}
