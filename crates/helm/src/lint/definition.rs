//! `Chart.yaml`

use serde_json::Value as Json;
use sluice_yaml::quote;

use super::{
    Report,
    Severity::{Error, Info, Warning},
    urls::{is_email, is_request_url, is_url},
};
use crate::{
    File, Metadata,
    chart::decode::{decode_into, unknown_field, yaml_to_json},
    compat::{is_semantic, is_version},
};

const FILE: &str = "Chart.yaml";

/// Looks at what a chart says of itself.
pub(super) fn lint(files: &[File], report: &mut Report) {
    let Some(file) = files.iter().find(|file| file.name == FILE) else { return };
    let mut metadata = Metadata::default();
    let json = yaml_to_json(&file.data).and_then(|json| decode_into(&file.data, &mut metadata).map(|()| json));
    let json = match json {
        Ok(json) => json,
        Err(error) => return report.say(Error, FILE, format!("unable to parse YAML\n\t{error}")),
    };
    if let Some(error) = unknown_field::<Metadata>(&json) {
        report.say(Warning, FILE, format!("failed to strictly parse chart metadata file\n\t{error}"));
    }
    for (severity, outcome) in outcomes(&metadata, &json) {
        report.check(severity, FILE, outcome);
    }
}

type Outcome = Result<(), String>;

fn outcomes(metadata: &Metadata, json: &Json) -> Vec<(super::Severity, Outcome)> {
    vec![
        (Error, name(metadata)),
        (Error, api_version(metadata)),
        (Error, is_text(json, "version")),
        (Error, version(metadata)),
        (Error, is_text(json, "appVersion")),
        (Error, maintainers(metadata)),
        (Error, sources(metadata)),
        (Info, if metadata.icon.is_empty() { Err("icon is recommended".into()) } else { Ok(()) }),
        (Error, icon(metadata)),
        (Error, kind(metadata)),
        (Error, dependencies(metadata)),
        (Warning, strict_version(metadata)),
    ]
}

fn name(metadata: &Metadata) -> Outcome {
    match metadata.name.as_str() {
        "" => Err("name is required".into()),
        name if name.contains('/') => Err(format!("chart name {} is invalid", quote(name))),
        _ => Ok(()),
    }
}

fn api_version(metadata: &Metadata) -> Outcome {
    const KNOWN: &str = "The value must be either \"v1\" or \"v2\"";
    match metadata.api_version.as_str() {
        "" => Err(format!("apiVersion is required. {KNOWN}")),
        "v1" | "v2" => Ok(()),
        other => Err(format!("apiVersion '{other}' is not valid. {KNOWN}")),
    }
}

/// Says of what type of Go a field is that should be a text.
fn is_text(json: &Json, key: &str) -> Outcome {
    let found = match json.get(key) {
        None | Some(Json::String(_)) => return Ok(()),
        Some(Json::Null) => "<nil>",
        Some(Json::Bool(_)) => "bool",
        Some(Json::Number(_)) => "float64",
        Some(Json::Array(_)) => "[]interface {}",
        Some(Json::Object(_)) => "map[string]interface {}",
    };
    Err(format!("{key} should be of type string but it's of type {found}"))
}

fn version(metadata: &Metadata) -> Outcome {
    match metadata.version.as_str() {
        "" => Err("version is required".into()),
        version if !is_version(version) => Err(format!("version '{version}' is not a valid SemVer")),
        _ => Ok(()),
    }
}

fn strict_version(metadata: &Metadata) -> Outcome {
    let version = &metadata.version;
    if is_semantic(version) { Ok(()) } else { Err(format!("version '{version}' is not a valid SemVerV2")) }
}

fn maintainers(metadata: &Metadata) -> Outcome {
    for maintainer in &metadata.maintainers {
        let Some(maintainer) = maintainer else { return Err("a maintainer entry is empty".into()) };
        let (name, email, url) = (&maintainer.name, &maintainer.email, &maintainer.url);
        if name.is_empty() {
            return Err("each maintainer requires a name".into());
        }
        if !email.is_empty() && !is_email(email) {
            return Err(format!("invalid email '{email}' for maintainer '{name}'"));
        }
        if !url.is_empty() && !is_url(url) {
            return Err(format!("invalid url '{url}' for maintainer '{name}'"));
        }
    }
    Ok(())
}

fn sources(metadata: &Metadata) -> Outcome {
    match metadata.sources.iter().find(|source| !is_request_url(source)) {
        Some(source) => Err(format!("invalid source URL '{source}'")),
        None => Ok(()),
    }
}

fn icon(metadata: &Metadata) -> Outcome {
    let icon = &metadata.icon;
    if icon.is_empty() || is_request_url(icon) { Ok(()) } else { Err(format!("invalid icon URL '{icon}'")) }
}

fn kind(metadata: &Metadata) -> Outcome {
    let version = &metadata.api_version;
    if metadata.kind.is_empty() || version == "v2" {
        return Ok(());
    }
    Err(format!("chart type is not valid in apiVersion '{version}'. It is valid in apiVersion 'v2'"))
}

fn dependencies(metadata: &Metadata) -> Outcome {
    let version = &metadata.api_version;
    if metadata.dependencies().next().is_none() || version == "v2" {
        return Ok(());
    }
    Err(format!(
        "dependencies are not valid in the Chart file with apiVersion '{version}'. They are valid in apiVersion 'v2'"
    ))
}
