//! A chart with values to what Helm would store as a release.
//!
//! chart → enabled dependencies → top values → templates rendered → notes taken out → manifests and hooks sorted

mod cache;
mod engine;
mod native;
mod post;
mod scope;

use std::{collections::BTreeMap, fmt::Write as _};

use sluice_template::{Failure, Map, World};

use crate::{
    Capabilities, Chart, Hook, KindOrder, Manifest, Mismatch, Notice, Unfit, Unreadable, check_kubernetes,
    dependencies, files, manifest,
    top::{self, Release, Schemas, TopError},
};

pub use crate::kept::Bounds;
pub use cache::{Cache, Count};
pub use engine::Execution;
pub(crate) use engine::execute;
pub use post::{PostRender, Strategy};

/// The end of the names of templates that are for people.
const NOTES: &str = "NOTES.txt";

/// Rendered files by path.
pub type Files = BTreeMap<String, Vec<u8>>;

/// How a chart is rendered.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    /// What `.Release` tells.
    pub release: &'a Release,
    /// What `.Capabilities` tells.
    pub capabilities: &'a Capabilities,
    /// Whether values are checked.
    pub schemas: Schemas<'a>,
    /// Whether the notes of dependencies belong to the release's.
    pub sub_notes: bool,
    /// How templates are executed.
    pub execution: &'a Execution,
    /// Changes the rendered files before they are sorted.
    pub post_render: Option<PostRender<'a>>,
}

/// What Helm would store.
#[derive(Debug, Clone)]
pub struct Rendered {
    /// The objects, in the order in which they are installed.
    pub manifests: Vec<Manifest>,
    /// The hooks, by kind.
    pub hooks: Vec<Hook>,
    /// What people are told after the install.
    pub notes: String,
    /// CRDs of `crds/`, with their paths.
    pub crds: Vec<(String, String)>,
    /// The chart as it was rendered, its dependencies processed: it is what a release keeps.
    pub chart: Chart,
}

/// Why there is no release; the texts are Helm's.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The values and the dependencies contradict each other.
    #[error("chart dependencies processing failed: {0}")]
    Dependencies(Mismatch),
    /// There are no values to render with.
    #[error(transparent)]
    Values(#[from] TopError),
    /// It is for another version of Kubernetes.
    #[error(transparent)]
    Unfit(#[from] Unfit),
    /// A template fails.
    #[error("{0}")]
    Template(Failure),
    /// What changes rendered files fails.
    #[error("{0}")]
    PostRender(String),
    /// A rendered document is no object.
    #[error("{reason}")]
    Manifest {
        /// Why.
        reason: Unreadable,
        /// All that was rendered.
        files: Files,
    },
}

impl Refusal {
    /// Says whether it came so late that Helm has a release to show, broken as it is.
    pub fn is_late(&self) -> bool {
        !matches!(self, Self::Dependencies(_) | Self::Values(_))
    }

    /// Returns what can be shown of a broken release.
    pub fn partial(&self) -> String {
        let Self::Manifest { files, .. } = self else { return String::new() };
        let mut text = String::new();
        for (path, bytes) in files {
            let content = String::from_utf8_lossy(bytes);
            if !content.trim().is_empty() {
                document(&mut text, path, &content);
            }
        }
        text
    }
}

impl Rendered {
    /// Returns the manifest of the release, as Helm stores it: CRDs are no part of it.
    pub fn manifest(&self) -> String {
        let mut text = String::new();
        self.manifests.iter().for_each(|manifest| document(&mut text, &manifest.path, &manifest.text));
        text
    }

    /// Returns the CRDs, and the manifest behind them.
    pub fn manifest_with_crds(&self) -> String {
        let mut text = String::new();
        self.crds.iter().for_each(|(path, crd)| document(&mut text, path, crd));
        text + &self.manifest()
    }
}

fn document(text: &mut String, path: &str, content: &str) {
    write!(text, "---\n# Source: {path}\n{content}\n").expect("invariant: writing to a String cannot fail");
}

/// Renders a chart with the values that the user gives.
///
/// # Errors
/// With Helm's text.
pub fn render(
    chart: &Chart,
    values: &Map,
    options: &Options<'_>,
    world: Box<dyn World + Send>,
    notices: &mut Vec<Notice>,
) -> Result<Rendered, Refusal> {
    let chart = dependencies::process(chart, values, notices).map_err(Refusal::Dependencies)?;
    let capabilities = options.capabilities.to_value();
    let top = top::top(
        &chart,
        values,
        options.release,
        capabilities,
        options.schemas.kept(options.execution.cache.schemas()),
        notices,
    )?;
    let version = &options.capabilities.kube_version;
    check_kubernetes(&chart, &version.version, &version.plain)?;
    let mut files = execute(&chart, &top, options.execution, world).map_err(Refusal::Template)?;
    let notes = take_notes(&mut files, chart.name(), options.sub_notes);
    if let Some(post_render) = options.post_render {
        files = post::run(files, post_render, notices)?;
    }
    let sorted = match manifest::sort(&files, KindOrder::INSTALL) {
        Ok(sorted) => sorted,
        Err(reason) => return Err(Refusal::Manifest { reason, files }),
    };
    notices.extend(sorted.notices);
    let crds = crds(&chart);
    Ok(Rendered { manifests: sorted.manifests, hooks: sorted.hooks, notes, crds, chart })
}

fn crds(chart: &Chart) -> Vec<(String, String)> {
    chart.crds().into_iter().map(|(path, file)| (path, files::text(&file.data).into_owned())).collect()
}

/// Takes the notes out of the files. Helm has those of dependencies in no order; here it is that of their paths.
fn take_notes(files: &mut Files, chart: &str, sub_notes: bool) -> String {
    let own = format!("{chart}/templates/{NOTES}");
    let mut notes = String::new();
    for (path, bytes) in files.extract_if(.., |path, _| path.ends_with(NOTES)) {
        if sub_notes || path == own {
            let separator = if notes.is_empty() { "" } else { "\n" };
            notes.push_str(separator);
            notes.push_str(&String::from_utf8_lossy(&bytes));
        }
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(paths: &[&str]) -> Files {
        paths.iter().map(|path| ((*path).to_owned(), path.as_bytes().to_vec())).collect()
    }

    #[test]
    fn notes_are_those_of_the_parent() {
        let mut files = files(&["c/templates/NOTES.txt", "c/charts/d/templates/NOTES.txt", "c/templates/a.yaml"]);
        assert_eq!(take_notes(&mut files, "c", false), "c/templates/NOTES.txt");
        assert_eq!(files.into_keys().collect::<Vec<_>>(), ["c/templates/a.yaml"]);
    }

    #[test]
    fn notes_of_dependencies_may_be_told_too() {
        let mut files = files(&["c/templates/NOTES.txt", "c/charts/d/templates/NOTES.txt"]);
        assert_eq!(take_notes(&mut files, "c", true), "c/charts/d/templates/NOTES.txt\nc/templates/NOTES.txt");
    }
}
