//! Which fields hold names, labels, images and so on: the defaults, and what `configurations` and `crds` add.

mod crds;
mod defaults;
mod references;

use std::sync::{Arc, LazyLock};

use sluice_yaml::Node;

use crate::{
    Release,
    decode::{At, FromNode, record},
    error::{Error, Problem},
    id::{Gvk, selects},
    resource::Resource,
    sort,
};

pub(crate) use crds::from_definitions;

record! {
    /// A field of some kinds of objects; empty parts fit any kind.
    pub(crate) struct RawSpec {
        group: String = "group",
        version: String = "version",
        kind: String = "kind",
        path: String = "path",
        create: bool = "create",
    }
}

/// A field of some kinds of objects.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FieldSpec {
    /// The kinds; empty parts fit any.
    pub(crate) gvk: Gvk,
    /// The path as written.
    pub(crate) path: String,
    /// The path in parts.
    pub(crate) parts: Vec<String>,
    /// Whether the field is made when it isn't there.
    pub(crate) create: bool,
}

record! {
    /// The fields that hold the name of some kind of object.
    pub(crate) struct RawReference {
        group: String = "group",
        version: String = "version",
        kind: String = "kind",
        referrers: Vec<FieldSpec> = "fieldSpecs",
    }
}

/// The fields that hold the name of some kind of object.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct NameReference {
    /// The kind that is referred to; empty parts fit any.
    pub(crate) target: Gvk,
    /// The fields that refer to it.
    pub(crate) referrers: Vec<FieldSpec>,
}

record! {
    /// All field specs, by what they are for.
    pub(crate) struct Config {
        name_prefix: Vec<FieldSpec> = "namePrefix",
        name_suffix: Vec<FieldSpec> = "nameSuffix",
        namespace: Vec<FieldSpec> = "namespace",
        common_labels: Vec<FieldSpec> = "commonLabels",
        labels: Vec<FieldSpec> = "labels",
        template_labels: Vec<FieldSpec> = "templateLabels",
        claim_labels: Vec<FieldSpec> = "volumeClaimTemplateLabels",
        common_annotations: Vec<FieldSpec> = "commonAnnotations",
        name_reference: Vec<NameReference> = "nameReference",
        var_reference: Vec<FieldSpec> = "varReference",
        images: Vec<FieldSpec> = "images",
        replicas: Vec<FieldSpec> = "replicas",
    }
}

impl Default for FieldSpec {
    fn default() -> Self {
        Self::new("", "", false)
    }
}

impl Default for NameReference {
    fn default() -> Self {
        Self { target: Gvk::new("", "", ""), referrers: Vec::new() }
    }
}

impl FromNode for FieldSpec {
    fn from_node(node: &Node, at: &At<'_>) -> Result<Self, Error> {
        let raw = RawSpec::from_node(node, at)?;
        Ok(Self::of(Gvk::new(raw.group, raw.version, raw.kind), &raw.path, raw.create))
    }
}

impl FromNode for NameReference {
    fn from_node(node: &Node, at: &At<'_>) -> Result<Self, Error> {
        let raw = RawReference::from_node(node, at)?;
        Ok(Self { target: Gvk::new(raw.group, raw.version, raw.kind), referrers: raw.referrers })
    }
}

impl FieldSpec {
    /// Makes a spec for all versions of a kind.
    pub(crate) fn new(kind: &str, path: &str, create: bool) -> Self {
        Self::of(Gvk::new("", "", kind), path, create)
    }

    pub(crate) fn of(gvk: Gvk, path: &str, create: bool) -> Self {
        Self { gvk, path: path.to_owned(), parts: split_path(path, '/'), create }
    }

    /// Says whether the spec is for objects of this kind.
    pub(crate) fn is_for(&self, resource: &Resource) -> bool {
        let fits = |wanted: &str, found: &str| wanted.is_empty() || wanted == found;
        if !fits(&self.gvk.kind, resource.kind()) {
            return false;
        }
        let api_version = resource.api_version();
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        fits(&self.gvk.group, group) && fits(&self.gvk.version, version)
    }
}

/// Splits a path; a separator after a backslash belongs to a part.
pub(crate) fn split_path(path: &str, separator: char) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    let path = path.strip_prefix(separator).unwrap_or(path);
    for part in path.split(separator) {
        match parts.last_mut() {
            Some(last) if last.ends_with('\\') => {
                last.pop();
                last.push(separator);
                last.push_str(part);
            }
            _ => parts.push(part.to_owned()),
        }
    }
    parts
}

static DEFAULTS: [LazyLock<Arc<Config>>; 2] = [
    LazyLock::new(|| Arc::new(defaults::config(Release::V5_8_1))),
    LazyLock::new(|| Arc::new(defaults::config(Release::V5_8_2))),
];

impl Config {
    /// Returns what holds without any configuration.
    pub(crate) fn built_in(release: Release) -> Arc<Self> {
        let [first, second] = &DEFAULTS;
        let defaults = if release == Release::V5_8_1 { first } else { second };
        (**defaults).clone()
    }

    /// Adds the specs of another configuration.
    ///
    /// Even where there was nothing before, specs are added one by one in their order: a spec for any kind that comes
    /// behind one for some kind is left out, so that `configurations` can narrow a default.
    pub(crate) fn merged(self: &Arc<Self>, other: &Arc<Self>) -> Result<Arc<Self>, Problem> {
        let built_in = DEFAULTS.iter().any(|defaults| Arc::ptr_eq(other, defaults));
        if Arc::ptr_eq(self, other) || **other == Self::default() {
            return Ok(self.clone());
        }
        if built_in && **self == Self::default() {
            return Ok(other.clone());
        }
        self.add(other).map(Arc::new)
    }

    fn add(&self, other: &Self) -> Result<Self, Problem> {
        Ok(Self {
            name_prefix: merge(&self.name_prefix, &other.name_prefix)?,
            name_suffix: merge(&self.name_suffix, &other.name_suffix)?,
            namespace: merge(&self.namespace, &other.namespace)?,
            common_labels: merge(&self.common_labels, &other.common_labels)?,
            labels: merge(&self.labels, &other.labels)?,
            template_labels: merge(&self.template_labels, &other.template_labels)?,
            claim_labels: merge(&self.claim_labels, &other.claim_labels)?,
            common_annotations: merge(&self.common_annotations, &other.common_annotations)?,
            name_reference: merge_references(&self.name_reference, &other.name_reference)?,
            var_reference: merge(&self.var_reference, &other.var_reference)?,
            images: merge(&self.images, &other.images)?,
            replicas: merge(&self.replicas, &other.replicas)?,
        })
    }
}

/// Adds specs that aren't covered yet and sorts all by kind.
pub(crate) fn merge(specs: &[FieldSpec], more: &[FieldSpec]) -> Result<Vec<FieldSpec>, Problem> {
    let mut merged = append(specs, more)?;
    merged.sort_by(|a, b| sort::compare_kinds(&a.gvk, &b.gvk));
    Ok(merged)
}

/// Adds specs that aren't covered yet.
pub(crate) fn append(specs: &[FieldSpec], more: &[FieldSpec]) -> Result<Vec<FieldSpec>, Problem> {
    let mut merged = specs.to_vec();
    for spec in more {
        match merged.iter().find(|known| known.path == spec.path && selects(&spec.gvk, &known.gvk)) {
            None => merged.push(spec.clone()),
            Some(known) if known.create == spec.create => {}
            Some(_) => {
                return Err(Problem::invalid(format!("conflicting fieldspecs for `{}`", spec.path))
                    .hint("`create` must be the same in both"));
            }
        }
    }
    Ok(merged)
}

fn merge_references(known: &[NameReference], more: &[NameReference]) -> Result<Vec<NameReference>, Problem> {
    let mut merged = known.to_vec();
    for reference in more {
        match merged.iter_mut().find(|known| known.target == reference.target) {
            Some(known) => known.referrers = append(&known.referrers, &reference.referrers)?,
            None => merged.push(reference.clone()),
        }
    }
    merged.sort_by(|a, b| sort::compare_kinds(&a.target, &b.target));
    Ok(merged)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backslash_keeps_a_slash_in_its_part() {
        assert_eq!(split_path(r"/metadata/annotations/a.io\/b", '/'), ["metadata", "annotations", "a.io/b"]);
    }

    #[test]
    fn specs_that_differ_only_in_create_conflict() {
        let (one, other) = (FieldSpec::new("A", "x", true), FieldSpec::new("A", "x", false));
        assert!(append(&[one], &[other]).is_err());
    }
}
