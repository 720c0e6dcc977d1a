//! What the templates of each chart see.

use sluice_template::{Map, Str, Type, Value};

use super::native;
use crate::{Chart, File, files, top::VALUES};

/// A template, with what it sees.
pub(super) struct Template<'a> {
    /// The path from the root chart.
    pub(super) path: String,
    /// The folder of the chart's templates.
    pub(super) base: String,
    /// The file.
    pub(super) file: &'a File,
    /// What `.` is. Templates of one chart share it.
    pub(super) scope: Map,
    /// Whether it is in minijinja's own language.
    pub(super) native: bool,
}

/// Returns the templates of a chart and of those below it.
pub(super) fn templates<'a>(chart: &'a Chart, top: &Map) -> Vec<Template<'a>> {
    let mut found = Vec::new();
    let values = top.get(b"Values").unwrap_or(Value::Nil);
    let root = Place { path: chart.name().to_owned(), is_root: true, chart };
    root.collect(top, values, &mut found);
    found
}

/// A chart below the root.
struct Place<'a> {
    path: String,
    is_root: bool,
    chart: &'a Chart,
}

impl<'a> Place<'a> {
    /// Takes the templates, those below first, and returns what they see: to templates of the parent it is in
    /// `.Subcharts`.
    fn collect(&self, above: &Map, values: Value, found: &mut Vec<Template<'a>>) -> Map {
        let (scope, below) = self.scope(above, values);
        for child in &self.chart.dependencies {
            let path = format!("{}/charts/{}", self.path, child.name());
            let place = Place { path, is_root: false, chart: child };
            let seen = place.collect(&scope, table(&scope, child.name()), found);
            below.set(child.name(), Value::Map(seen));
        }
        let base = format!("{}/templates", self.path);
        let values = scope.converted(Type::Named(&VALUES));
        for file in self.chart.content.templates.iter().filter(|file| !self.chart.is_library() || is_partial(file)) {
            let path = format!("{}/{}", self.path, file.name);
            let native = native::is_native(&self.chart.metadata, &file.name);
            found.push(Template { path, base: base.clone(), file, scope: values.clone(), native });
        }
        scope
    }

    fn scope(&self, above: &Map, values: Value) -> (Map, Map) {
        let chart = self.chart.metadata.to_value();
        chart.set("IsRoot", Value::Bool(self.is_root));
        let shared = |key: &str| above.get(key.as_bytes()).unwrap_or(Value::Nil);
        let below = Map::default();
        let entries = [
            ("Chart", Value::Map(chart)),
            ("Files", files::value(&self.chart.content.files)),
            ("Release", shared("Release")),
            ("Capabilities", shared("Capabilities")),
            ("Values", values),
            ("Subcharts", Value::Map(below.clone())),
        ];
        (Map::new(entries.into_iter().map(|(key, value)| (Str::from(key), value)).collect()), below)
    }
}

fn is_partial(file: &File) -> bool {
    file.name.rsplit('/').next().is_some_and(|name| name.starts_with('_'))
}

/// Returns the values of a dependency: the very map in those of its parent, so that changes are seen there. A name with
/// points leads further down.
fn table(scope: &Map, name: &str) -> Value {
    let mut found = scope.get(b"Values");
    for part in name.split('.') {
        found = match found {
            Some(Value::Map(map)) => map.get(part.as_bytes()),
            _ => None,
        };
    }
    let map = match found {
        Some(Value::Map(map)) => map,
        _ => Map::default(),
    };
    Value::Map(map.converted(Type::Named(&VALUES)))
}
