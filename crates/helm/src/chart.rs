//! A chart: its metadata, templates, values and files, and the charts it depends on.

mod archive;
pub(crate) mod decode;
mod folder;
mod load;
mod metadata;
mod shown;
mod written;

use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use sluice_template::Map;

pub use archive::ArchiveError;
pub use decode::DecodeError;
pub(crate) use decode::{unfit, yaml_to_json};
pub use folder::{folder_metadata, load_folder};
pub use load::{Limits, LoadError, Loaded, archive_metadata, load_archive, load_files};
pub use metadata::{Dependency, Generated, Import, Invalid, Lock, Maintainer, Metadata};

/// A file of a chart, named by its path below the chart's folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// The path.
    pub name: String,
    /// The contents, without a byte order mark.
    pub data: Bytes,
    /// When the file was changed; known of archives.
    pub modified: Option<Timestamp>,
}

/// A chart. Copies share the files and the default values.
#[derive(Debug, Clone)]
pub struct Chart {
    /// What `Chart.yaml` says, and `requirements.yaml` in old charts.
    pub metadata: Metadata,
    /// What `Chart.lock` says.
    pub lock: Option<Lock>,
    /// The default values, `nil` without a `values.yaml`. Nobody changes them in place.
    pub values: Option<Map>,
    /// The charts below `charts/`: as loaded all by name, as processed those that are enabled, in their order.
    pub dependencies: Vec<Chart>,
    /// What never changes after loading.
    pub content: Arc<Content>,
}

/// The files of a chart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Content {
    /// The files below `templates/`.
    pub templates: Vec<File>,
    /// All other files: what `.Files` reaches, and CRDs.
    pub files: Vec<File>,
    /// The schema of the values, `values.schema.json`.
    pub schema: Option<File>,
    /// All files as they were loaded, those of dependencies with them.
    pub raw: Vec<File>,
}

/// A chart and where it is below the root.
#[derive(Debug, Clone)]
pub struct Placed<'a> {
    /// The names from the root down, as paths of templates show them: `root/charts/child`.
    pub path: String,
    /// Whether it is nobody's dependency.
    pub is_root: bool,
    /// The chart.
    pub chart: &'a Chart,
}

impl Chart {
    /// Returns the name; of an alias, that.
    pub fn name(&self) -> &str {
        &self.metadata.name
    }

    /// Says whether there is nothing to install, only templates for other charts.
    pub fn is_library(&self) -> bool {
        self.metadata.kind.eq_ignore_ascii_case("library")
    }

    /// Returns the default values as a map; an empty one where the chart has none.
    pub(crate) fn default_values(&self) -> Map {
        self.values.clone().unwrap_or_default()
    }

    /// Returns the chart and all below it, each before its dependencies.
    pub fn placed(&self) -> Vec<Placed<'_>> {
        let mut found = Vec::new();
        self.place(self.name().to_owned(), true, &mut found);
        found
    }

    fn place<'a>(&'a self, path: String, is_root: bool, found: &mut Vec<Placed<'a>>) {
        found.push(Placed { path: path.clone(), is_root, chart: self });
        for child in &self.dependencies {
            child.place(format!("{path}/charts/{}", child.name()), false, found);
        }
    }

    /// Returns the manifests below `crds/` of the chart and all below it, each with its whole path.
    pub fn crds(&self) -> Vec<(String, &File)> {
        let mut found = Vec::new();
        for Placed { path, chart, .. } in self.placed() {
            let crds = chart.content.files.iter().filter(|file| file.is_crd());
            found.extend(crds.map(|file| (format!("{path}/{}", file.name), file)));
        }
        found
    }
}

impl File {
    /// Makes a file without a time.
    pub fn new(name: impl Into<String>, data: impl Into<Bytes>) -> Self {
        Self { name: name.into(), data: data.into(), modified: None }
    }

    fn is_crd(&self) -> bool {
        let extension = self.name.rsplit('/').next().and_then(|name| name.rsplit_once('.'));
        let is_manifest = |(_, extension): (&str, &str)| {
            ["yaml", "yml", "json"].iter().any(|known| extension.eq_ignore_ascii_case(known))
        };
        self.name.starts_with("crds/") && extension.is_some_and(is_manifest)
    }

    /// Takes a byte order mark away, as Helm does when it loads.
    #[must_use]
    pub fn without_mark(mut self) -> Self {
        if self.data.starts_with(b"\xef\xbb\xbf") {
            self.data = self.data.slice(3..);
        }
        self
    }
}
