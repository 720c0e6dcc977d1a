//! The CRDs accept what `fields.txt` says: nothing less, nothing more.

use std::collections::BTreeSet;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use sluice_api::{annotations, crds, crds_yaml, kinds, schema};

const FACTS: &str = include_str!("fields.txt");

fn facts(about_kinds: bool) -> BTreeSet<String> {
    let facts = FACTS.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    facts.filter(|line| line.starts_with('@') == about_kinds).map(Into::into).collect()
}

fn assert_same(facts: &BTreeSet<String>, found: &BTreeSet<String>) {
    let missing: Vec<_> = facts.difference(found).collect();
    let extra: Vec<_> = found.difference(facts).collect();
    assert!(missing.is_empty() && extra.is_empty(), "missing: {missing:#?}\nextra: {extra:#?}");
}

#[test]
fn every_field_accepts_what_the_table_says() {
    let found = crds().iter().flat_map(schema::fields).map(|line| line.to_string()).collect();
    assert_same(&facts(false), &found);
}

#[test]
fn every_kind_is_named_and_printed_as_the_table_says() {
    let found = crds().iter().flat_map(about).collect();
    assert_same(&facts(true), &found);
}

fn about(crd: &CustomResourceDefinition) -> [String; 2] {
    let (spec, names, version) = (&crd.spec, &crd.spec.names, &crd.spec.versions[0]);
    let annotations = crd.metadata.annotations.iter().flatten();
    let disabled = annotations.filter(|(key, _)| *key == annotations::KUSTOMIZE_SUBSTITUTE).count() == 1;
    let columns = version.additional_printer_columns.iter().flatten();
    let columns: Vec<_> = columns.map(|column| format!("{}={}", column.name, column.json_path)).collect();
    [
        format!(
            "@{} {}/{} ; short={} ; categories={} ; substitute={}",
            names.kind,
            spec.group,
            version.name,
            names.short_names.clone().unwrap_or_default().join(","),
            names.categories.clone().unwrap_or_default().join(","),
            if disabled { "disabled" } else { "enabled" },
        ),
        format!("@{} columns {}", names.kind, columns.join(" ; ")),
    ]
}

#[test]
fn kinds_and_crds_are_the_same_in_the_same_order() {
    let of_crds: Vec<_> = crds()
        .iter()
        .map(|crd| {
            let conditions = schema::fields(crd).iter().any(|line| line.path == "status.conditions");
            (crd.spec.group.clone(), crd.spec.versions[0].name.clone(), crd.spec.names.plural.clone(), conditions)
        })
        .collect();
    let of_kinds: Vec<_> = kinds()
        .iter()
        .map(|info| (info.group.into(), info.version.into(), info.plural.into(), info.has_conditions))
        .collect();
    assert_eq!(of_crds, of_kinds);
}

#[test]
fn every_field_is_described_and_none_may_be_null() {
    let mut bare = Vec::new();
    for crd in crds() {
        let schema = serde_json::to_value(&crd.spec.versions[0].schema).expect("JSON");
        walk(&crd.spec.names.kind, &schema["openAPIV3Schema"], &mut bare);
    }
    assert_eq!(bare, Vec::<String>::new());
}

fn walk(path: &str, schema: &serde_json::Value, bare: &mut Vec<String>) {
    for keyword in ["$ref", "anyOf", "oneOf", "allOf", "not", "nullable"] {
        assert!(schema.get(keyword).is_none(), "{path} has {keyword}");
    }
    let properties = schema["properties"].as_object().into_iter().flatten();
    for (name, property) in properties.filter(|(name, _)| *name != "metadata" || path.contains('.')) {
        let path = format!("{path}.{name}");
        if property["description"].as_str().is_none_or(str::is_empty) {
            bare.push(path.clone());
        }
        walk(&path, property, bare);
    }
    for child in ["items", "additionalProperties"].iter().filter_map(|key| schema.get(key)) {
        walk(&format!("{path}[]"), child, bare);
    }
}

#[test]
fn the_yaml_reads_back_as_the_crds() {
    let text = crds_yaml();
    let read: Vec<CustomResourceDefinition> =
        text.split("---\n").skip(1).map(|document| serde_saphyr::from_str(document).expect("YAML")).collect();
    assert_eq!(read, crds());
    assert_eq!(text, crds_yaml());
}
