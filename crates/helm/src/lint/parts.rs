//! Values, dependencies and CRDs.

use sluice_template::Map;

use super::{Options, Report, Severity, objects};
use crate::{Chart, File, schema, top::Schemas, values};

/// Looks at the default values.
pub(super) fn values(files: &[File], given: &Map, options: &Options<'_>, report: &mut Report) {
    const FILE: &str = "values.yaml";
    let find = |name: &str| files.iter().find(|file| file.name == name);
    let Some(file) = find(FILE) else { return report.say(Severity::Info, FILE, "file does not exist") };
    let defaults = match values::read(&file.data) {
        Ok(defaults) => defaults,
        Err(error) => return report.say(Severity::Error, FILE, format!("unable to parse YAML: {error}")),
    };
    let (Schemas::Checked(documents) | Schemas::Kept(documents, _)) = options.schemas else { return };
    let Some(schema) = find("values.schema.json") else { return };
    let merged = values::merged(&defaults, given);
    if let Err(error) = schema::validate_one(schema, &merged, documents) {
        report.say(Severity::Error, FILE, error);
    }
}

/// Looks at whether the metadata and `charts/` fit together.
pub(super) fn dependencies(chart: &Chart, folder: &str, report: &mut Report) {
    let wanted: Vec<_> = chart.metadata.dependencies().collect();
    let there: Vec<_> = chart.dependencies.iter().map(Chart::name).collect();
    let unnamed = there.iter().filter(|name| !wanted.iter().any(|wanted| wanted.name == **name));
    say(Severity::Error, folder, "chart metadata is missing these dependencies: ", unnamed.copied(), report);
    let keys: Vec<_> = wanted.iter().map(|wanted| wanted.key()).collect();
    let twice = keys.iter().enumerate().filter(|(index, key)| keys[..*index].contains(key)).map(|(_, key)| *key);
    say(Severity::Error, folder, "multiple dependencies with name or alias: ", twice, report);
    let missing = wanted.iter().map(|wanted| wanted.name.as_str()).filter(|name| !there.contains(name));
    say(Severity::Warning, folder, "chart directory is missing these dependencies: ", missing, report);
}

fn say<'a>(severity: Severity, path: &str, text: &str, names: impl Iterator<Item = &'a str>, report: &mut Report) {
    let names: Vec<_> = names.collect();
    if !names.is_empty() {
        report.say(severity, path, format!("{text}{}", names.join(",")));
    }
}

/// Looks at the CRDs.
pub(super) fn crds(files: &[File], chart: Result<&Chart, &String>, report: &mut Report) {
    const FOLDER: &str = "crds/";
    if files.iter().any(|file| file.name == FOLDER.trim_end_matches('/')) {
        return report.say(Severity::Error, FOLDER, "not a directory");
    }
    if !files.iter().any(|file| file.name.starts_with(FOLDER)) {
        return;
    }
    let chart = match chart {
        Ok(chart) => chart,
        Err(error) => return report.say(Severity::Error, FOLDER, error.as_str()),
    };
    for (_, file) in chart.crds() {
        for object in objects::decode(&String::from_utf8_lossy(&file.data)) {
            let object = match object {
                Ok(object) => object,
                Err(error) => return report.say(Severity::Error, &file.name, error),
            };
            if !object.api_version.starts_with("apiextensions.k8s.io") {
                report.say(Severity::Error, &file.name, "apiVersion is not in 'apiextensions.k8s.io'");
            }
            if object.kind != "CustomResourceDefinition" {
                report.say(Severity::Error, &file.name, "object kind is not 'CustomResourceDefinition'");
            }
        }
    }
}
