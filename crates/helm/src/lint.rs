//! `helm lint`: what is wrong with a chart, and what is unusual.

mod definition;
mod objects;
mod parts;
mod urls;

use std::fmt;

use sluice_template::{Map, World};

use crate::{
    Capabilities, Chart, File, Limits, Notice, Nulls, coalesce, dependencies, load_files,
    render::{Execution, execute},
    top::{self, Release, Schemas},
};

/// How a chart is looked at.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    /// The namespace of the release that is made up.
    pub namespace: &'a str,
    /// What `.Capabilities` tells.
    pub capabilities: &'a Capabilities,
    /// Whether values are checked.
    pub schemas: Schemas<'a>,
    /// How templates are executed.
    pub execution: &'a Execution,
    /// The folder of the chart, as messages name it.
    pub folder: &'a str,
}

/// Something that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// How bad it is.
    pub severity: Severity,
    /// The file or folder.
    pub path: String,
    /// What is the matter.
    pub text: String,
}

/// How bad something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Works, and should not be so.
    Warning,
    /// Does not work.
    Error,
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Info => "INFO",
            Severity::Warning => "WARNING",
            Severity::Error => "ERROR",
        };
        write!(f, "[{severity}] {}: {}", self.path, self.text)
    }
}

/// What was found so far.
#[derive(Default)]
struct Report(Vec<Message>);

impl Report {
    fn say(&mut self, severity: Severity, path: &str, text: impl Into<String>) {
        self.0.push(Message { severity, path: path.to_owned(), text: text.into() });
    }

    /// Takes the outcome of a check; says whether all is well.
    fn check(&mut self, severity: Severity, path: &str, outcome: Result<(), String>) -> bool {
        let well = outcome.is_ok();
        outcome.unwrap_or_else(|text| self.say(severity, path, text));
        well
    }
}

/// Looks at a chart: its files, and what they come to with the values that the user gives.
pub fn lint(
    files: Vec<File>,
    values: &Map,
    options: &Options<'_>,
    world: Box<dyn World + Send>,
    notices: &mut Vec<Notice>,
) -> Vec<Message> {
    let mut report = Report::default();
    definition::lint(&files, &mut report);
    parts::values(&files, values, options, &mut report);
    let loaded = load_files(files.clone(), &Limits::default()).map_err(|error| error.to_string());
    let chart = loaded.as_ref().map(|loaded| &loaded.chart);
    if let Some(chart) = templates_of(&files, chart, &mut report) {
        templates(chart, values, options, world, notices, &mut report);
    }
    match &loaded {
        Ok(loaded) => parts::dependencies(&loaded.chart, options.folder, &mut report),
        Err(error) => report.say(Severity::Error, "", format!("unable to load chart\n\t{error}")),
    }
    parts::crds(&files, loaded.as_ref().map(|loaded| &loaded.chart), &mut report);
    report.0
}

/// The folder of templates, as messages name it.
const TEMPLATES: &str = "templates/";

/// Returns the chart, if its templates can be looked at.
fn templates_of<'a>(files: &[File], chart: Result<&'a Chart, &String>, report: &mut Report) -> Option<&'a Chart> {
    if !files.iter().any(|file| file.name.starts_with(TEMPLATES)) {
        match files.iter().any(|file| file.name == TEMPLATES.trim_end_matches('/')) {
            true => report.say(Severity::Error, TEMPLATES, "not a directory"),
            false => report.say(Severity::Warning, TEMPLATES, "directory does not exist"),
        }
        return None;
    }
    chart.map_err(|error| report.say(Severity::Error, TEMPLATES, error.as_str())).ok()
}

fn templates(
    chart: &Chart,
    values: &Map,
    options: &Options<'_>,
    world: Box<dyn World + Send>,
    notices: &mut Vec<Notice>,
    report: &mut Report,
) {
    let Ok(chart) = dependencies::process(chart, values, notices) else { return };
    let Ok(values) = coalesce(&chart, values, Nulls::Delete, notices) else { return };
    let (name, namespace) = ("test-release".to_owned(), options.namespace.to_owned());
    let release = Release { name, namespace, revision: 0, is_upgrade: false };
    let capabilities = options.capabilities.to_value();
    let rendered = top::top(&chart, &values, &release, capabilities, options.schemas, notices)
        .map_err(|error| error.to_string())
        .and_then(|top| execute(&chart, &top, options.execution, world).map_err(|error| error.to_string()));
    match rendered {
        Ok(rendered) => objects::lint(&chart, &rendered, options, report),
        Err(error) => report.say(Severity::Error, TEMPLATES, error),
    }
}
