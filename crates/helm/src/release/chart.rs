//! The chart of a release, as it is stored: without its dependencies.

use std::sync::Arc;

use serde_json::{Map as JsonMap, Value as Json};
use sluice_template::Value;

use crate::{
    Chart, File,
    chart::{Content, Lock, Metadata},
};

use super::text::values_of;

/// A chart as a release keeps it: its dependencies are not there, and files have no marks of their order of bytes.
#[derive(Clone, PartialEq, Default)]
pub struct Released {
    /// What it says of itself, with its dependencies as they were processed.
    pub metadata: Metadata,
    /// What `Chart.lock` says.
    pub lock: Option<Lock>,
    /// The files below `templates/`.
    pub templates: Vec<File>,
    /// The default values.
    pub values: Option<JsonMap<String, Json>>,
    /// The schema of the values.
    pub schema: Option<File>,
    /// All other files.
    pub files: Vec<File>,
    /// When `Chart.yaml` was changed; known of archives.
    pub modified: Option<jiff::Timestamp>,
}

impl Released {
    /// Returns a chart of which nothing but the dependencies is missing.
    pub fn to_chart(&self) -> Chart {
        let values = self.values.as_ref().map(|values| Value::from_json(&Json::Object(values.clone())));
        Chart {
            metadata: self.metadata.clone(),
            lock: self.lock.clone(),
            values: values.and_then(|values| if let Value::Map(map) = values { Some(map) } else { None }),
            dependencies: Vec::new(),
            content: Arc::new(Content {
                templates: self.templates.clone(),
                files: self.files.clone(),
                schema: self.schema.clone(),
                raw: Vec::new(),
            }),
        }
    }
}

/// The chart should be one that [`dependencies::process`](crate::dependencies::process) has been over, as Helm's is.
impl From<&Chart> for Released {
    fn from(chart: &Chart) -> Self {
        let content = &chart.content;
        let definition = content.raw.iter().find(|file| file.name == "Chart.yaml");
        Self {
            metadata: chart.metadata.clone(),
            lock: chart.lock.clone(),
            templates: content.templates.clone(),
            values: chart.values.as_ref().map(values_of),
            schema: content.schema.clone(),
            files: content.files.clone(),
            modified: definition.and_then(|file| file.modified),
        }
    }
}

/// Default values may hold what was a secret in another life; names tell enough.
impl std::fmt::Debug for Released {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Metadata { name, version, .. } = &self.metadata;
        f.debug_struct("Released").field("name", name).field("version", version).finish_non_exhaustive()
    }
}
