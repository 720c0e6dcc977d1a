//! Metadata as templates see it: a map with the names of Go's fields.

use sluice_template::{List, Map, Str, Type, Value};

use super::{Dependency, Import, Maintainer, Metadata};

/// `map[string]string`
const TEXTS: Type = Type::Map(&Type::String);

impl Metadata {
    /// Returns `.Chart`, without `IsRoot`.
    pub fn to_value(&self) -> Map {
        let annotations = self.annotations.iter().map(|(key, value)| (Str::from(key.as_str()), text(value)));
        let annotations = match self.annotations.is_empty() {
            true => Map::nil(TEXTS),
            false => Map::typed(TEXTS, annotations.collect()),
        };
        map([
            ("Name", text(&self.name)),
            ("Home", text(&self.home)),
            ("Sources", texts(&self.sources)),
            ("Version", text(&self.version)),
            ("Description", text(&self.description)),
            ("Keywords", texts(&self.keywords)),
            ("Maintainers", Value::list(self.maintainers.iter().flatten().map(Maintainer::to_value).collect())),
            ("Icon", text(&self.icon)),
            ("APIVersion", text(&self.api_version)),
            ("Condition", text(&self.condition)),
            ("Tags", text(&self.tags)),
            ("AppVersion", text(&self.app_version)),
            ("Deprecated", Value::Bool(self.deprecated)),
            ("Annotations", Value::Map(annotations)),
            ("KubeVersion", text(&self.kube_version)),
            ("Dependencies", Value::list(self.dependencies().map(Dependency::to_value).collect())),
            ("Type", text(&self.kind)),
        ])
    }
}

impl Maintainer {
    fn to_value(&self) -> Value {
        Value::Map(map([("Name", text(&self.name)), ("Email", text(&self.email)), ("URL", text(&self.url))]))
    }
}

impl Dependency {
    fn to_value(&self) -> Value {
        Value::Map(map([
            ("Name", text(&self.name)),
            ("Version", text(&self.version)),
            ("Repository", text(&self.repository)),
            ("Condition", text(&self.condition)),
            ("Tags", texts(&self.tags)),
            ("Enabled", Value::Bool(self.enabled)),
            ("ImportValues", Value::list(self.import_values.iter().map(Import::to_value).collect())),
            ("Alias", text(&self.alias)),
        ]))
    }
}

impl Import {
    fn to_value(&self) -> Value {
        match self {
            Self::Written(json) => Value::from_json(json),
            Self::Mapped { child, parent } => {
                let entries = [("child", child), ("parent", parent)];
                let entries = entries.map(|(key, value)| (Str::from(key), text(value)));
                Value::Map(Map::typed(TEXTS, entries.into_iter().collect()))
            }
        }
    }
}

fn map<const N: usize>(entries: [(&str, Value); N]) -> Map {
    Map::new(entries.into_iter().map(|(key, value)| (Str::from(key), value)).collect())
}

fn text(text: &str) -> Value {
    Value::string(text)
}

/// A slice of texts is a `[]interface {}` to templates: Helm makes it so.
fn texts(texts: &[String]) -> Value {
    Value::List(List::new(texts.iter().map(|item| text(item)).collect()))
}
