//! What templates come to.

use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::Value as Json;
use sluice_yaml::quote;

use super::{
    Options, Report,
    Severity::{Error, Warning},
};
use crate::{
    Chart, KubeVersion,
    chart::decode::{Decode, Struct, decode_into},
    render::Files,
};

/// What is read of an object.
#[derive(Debug, Default)]
pub(super) struct Object {
    pub(super) api_version: String,
    pub(super) kind: String,
    metadata: Metadata,
}

#[derive(Debug, Default)]
struct Metadata {
    namespace: String,
    name: String,
}

/// Looks at the files that come of a chart's own templates.
pub(super) fn lint(chart: &Chart, rendered: &Files, options: &Options<'_>, report: &mut Report) {
    for template in &chart.content.templates {
        let name = &template.name;
        report.check(Error, name, extension(name));
        let text = rendered.get(&format!("{}/{name}", chart.name()));
        let text = text.map(|bytes| String::from_utf8_lossy(bytes)).unwrap_or_default();
        if !is_yaml(name) || text.trim().is_empty() {
            continue;
        }
        report.check(Warning, name, indent(&text));
        for object in decode(&text) {
            match object {
                Ok(object) => look(&object, name, &text, options, report),
                // What follows cannot be read either.
                Err(error) => return report.say(Error, name, error),
            }
        }
    }
}

fn look(object: &Object, path: &str, text: &str, options: &Options<'_>, report: &mut Report) {
    report.check(Warning, path, named(object));
    report.check(Warning, path, current(object, &options.capabilities.kube_version));
    report.check(Error, path, selecting(object, text));
    report.check(Error, path, listed(object, text));
}

fn extension(path: &str) -> Result<(), String> {
    let name = path.rsplit('/').next().unwrap_or_default();
    let extension = name.rfind('.').map_or("", |start| &name[start..]);
    if [".yaml", ".yml", ".tpl", ".txt"].contains(&extension) {
        return Ok(());
    }
    Err(format!("file extension '{extension}' not valid. Valid extensions are .yaml, .yml, .tpl, or .txt"))
}

fn is_yaml(path: &str) -> bool {
    let path = path.to_lowercase();
    path.ends_with(".yaml") || path.ends_with(".yml")
}

fn indent(text: &str) -> Result<(), String> {
    match text.lines().find(|line| !line.trim().is_empty()) {
        Some(line) if line.starts_with([' ', '\t']) => {
            let line = quote(line);
            Err(format!("document starts with an illegal indent: {line}, which may cause parsing problems"))
        }
        _ => Ok(()),
    }
}

/// Reads the objects of a file, up to the first that cannot be read. Documents are those of Kubernetes' reader: what is
/// behind `---` on its line is not one.
pub(super) fn decode(text: &str) -> Vec<Result<Object, String>> {
    let mut found = Vec::new();
    for document in text.split("\n---") {
        let document = document.strip_prefix("---").unwrap_or(document);
        let mut object = Object::default();
        match decode_into(document.as_bytes(), &mut object) {
            Ok(()) if document.trim().is_empty() => {}
            Ok(()) => found.push(Ok(object)),
            Err(error) => {
                found.push(Err(format!("unable to parse YAML: {error}")));
                break;
            }
        }
    }
    found
}

/// The names that most objects may have.
const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', \
    and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is \
    '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
/// The names of namespaces.
const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start \
    and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is \
    '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
/// The names of Services.
const OLD_LABEL: &str = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an \
    alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation \
    is '[a-z]([-a-z0-9]*[a-z0-9])?')";

fn named(object: &Object) -> Result<(), String> {
    let name = &object.metadata.name;
    let rule = match object.kind.to_lowercase().as_str() {
        "certificatesigningrequest" => return Ok(()),
        "role" | "clusterrole" | "rolebinding" | "clusterrolebinding" => return segment(name),
        "service" if !(name.starts_with(|c: char| c.is_ascii_lowercase()) && is_label(name)) => OLD_LABEL,
        "service" => return Ok(()),
        "namespace" if !is_label(name) => LABEL,
        "namespace" => return Ok(()),
        _ if name.len() > 253 => "must be no more than 253 characters",
        _ if !name.split('.').all(is_label) => SUBDOMAIN,
        _ => return Ok(()),
    };
    Err(misnamed(name, rule))
}

/// Names of roles are parts of paths.
fn segment(name: &str) -> Result<(), String> {
    match name {
        "." | ".." => Err(misnamed(name, &format!("may not be '{name}'"))),
        name if name.contains('/') => Err(misnamed(name, "may not contain '/'")),
        name if name.contains('%') => Err(misnamed(name, "may not contain '%'")),
        _ => Ok(()),
    }
}

fn misnamed(name: &str, rule: &str) -> String {
    let name = quote(name);
    format!(
        "object name does not conform to Kubernetes naming requirements: {name}: metadata.name: Invalid value: {name}: {rule}"
    )
}

fn is_label(label: &str) -> bool {
    let known = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = label.as_bytes();
    bytes.first().is_some_and(known)
        && bytes.last().is_some_and(known)
        && bytes.iter().all(|byte| known(byte) || *byte == b'-')
}

/// A kind that should not be used any more.
#[derive(Deserialize)]
struct Deprecated {
    kind: String,
    since: (u64, u64),
    warning: String,
}

/// Made by Helm's libraries, with `cargo xtask bless`.
static DEPRECATED: LazyLock<Vec<Deprecated>> = LazyLock::new(|| {
    serde_json::from_str(include_str!("deprecated.json")).expect("invariant: a test reads the file that is built in")
});

fn current(object: &Object, version: &KubeVersion) -> Result<(), String> {
    let kind = format!("{} {}", object.api_version, object.kind);
    let number = |text: &str| text.parse().unwrap_or(0_u64);
    let version = (number(&version.major), number(&version.minor));
    match DEPRECATED.iter().find(|deprecated| deprecated.kind == kind && deprecated.since <= version) {
        Some(deprecated) => Err(deprecated.warning.clone()),
        None => Ok(()),
    }
}

fn selecting(object: &Object, text: &str) -> Result<(), String> {
    let selects = ["Deployment", "ReplicaSet", "DaemonSet", "StatefulSet"].contains(&object.kind.as_str());
    if !selects || text.contains("matchLabels") || text.contains("matchExpressions") {
        return Ok(());
    }
    let (kind, name) = (&object.kind, quote(&object.metadata.name));
    Err(format!("a {kind} must contain matchLabels or matchExpressions, and {name} does not"))
}

fn listed(object: &Object, text: &str) -> Result<(), String> {
    if object.kind != "List" {
        return Ok(());
    }
    let json = crate::chart::decode::yaml_to_json(text.as_bytes());
    let json = json.map_err(|error| format!("unable to parse YAML: {error}"))?;
    let items = json.get("items").and_then(Json::as_array).into_iter().flatten();
    let kept = |item: &Json| item.pointer("/metadata/annotations/helm.sh~1resource-policy").is_some();
    match items.into_iter().any(kept) {
        true => Err("annotation 'helm.sh/resource-policy' within List objects are ignored".into()),
        false => Ok(()),
    }
}

impl Struct for Object {
    const TYPE: &'static str = "rules.k8sYamlStruct";
    const NAME: &'static str = "k8sYamlStruct";
    const FIELDS: &'static [&'static str] = &["apiVersion", "Kind", "Metadata"];

    fn field(&mut self, name: &str) -> Option<&mut dyn Decode> {
        Some(match name {
            "apiVersion" => &mut self.api_version,
            "Kind" => &mut self.kind,
            "Metadata" => &mut self.metadata,
            _ => return None,
        })
    }
}

impl Struct for Metadata {
    const TYPE: &'static str = "rules.k8sYamlMetadata";
    const NAME: &'static str = "k8sYamlMetadata";
    const FIELDS: &'static [&'static str] = &["Namespace", "Name"];

    fn field(&mut self, name: &str) -> Option<&mut dyn Decode> {
        Some(match name {
            "Namespace" => &mut self.namespace,
            "Name" => &mut self.name,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("Deployment", "a.b-c", true)]
    #[case("Deployment", "", false)]
    #[case("Service", "1a", false)]
    #[case("Namespace", "1a", true)]
    #[case("Namespace", "a.b", false)]
    #[case("Role", "system:x", true)]
    #[case("Role", "a/b", false)]
    #[case("CertificateSigningRequest", "A B", true)]
    fn names_are_those_that_a_kind_may_have(#[case] kind: &str, #[case] name: &str, #[case] expected: bool) {
        let metadata = Metadata { name: name.into(), ..Metadata::default() };
        let object = Object { kind: kind.into(), metadata, ..Object::default() };
        assert_eq!(named(&object).is_ok(), expected);
    }

    #[rstest]
    #[case("batch/v1beta1", "1.20", true)]
    #[case("batch/v1beta1", "1.21", false)]
    #[case("batch/v1", "1.36", true)]
    fn old_kinds_are_told(#[case] api_version: &str, #[case] version: &str, #[case] expected: bool) {
        let object = Object { api_version: api_version.into(), kind: "CronJob".into(), ..Object::default() };
        assert_eq!(current(&object, &KubeVersion::parse(version).unwrap()).is_ok(), expected);
    }
}
