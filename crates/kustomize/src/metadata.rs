//! `buildMetadata`: notes on objects about where they come from and what changed them.

use sluice_yaml::{LayoutOptions, Mapping, Node, emit_v3};

use crate::{
    Release, config::FieldSpec, error::Problem, kustomization::Pairs, resource::Resource, resources::Resources,
    target::Route, transform::labels,
};

/// The annotation with an object's origin.
pub(crate) const ORIGIN: &str = "config.kubernetes.io/origin";
/// The annotation with the transformers that changed an object.
pub(crate) const TRANSFORMATIONS: &str = "alpha.config.kubernetes.io/transformations";
const MANAGED_BY: &str = "app.kubernetes.io/managed-by";

/// What is to be noted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) origin: bool,
    pub(crate) transformations: bool,
    pub(crate) managed_by: bool,
    /// Whether anything was asked for at all, known or not.
    pub(crate) any: bool,
}

impl Wanted {
    pub(crate) fn of(list: &[String]) -> Self {
        let has = |name: &str| list.iter().any(|entry| entry == name);
        Self {
            origin: has("originAnnotations"),
            transformations: has("transformerAnnotations"),
            managed_by: has("managedByLabel"),
            any: !list.is_empty(),
        }
    }
}

/// Where something comes from.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Provenance {
    /// The file of a resource.
    pub(crate) path: String,
    /// The repository of the file.
    pub(crate) repository: String,
    pub(crate) reference: String,
    /// The file that asks for a generator or transformer.
    pub(crate) configured_in: String,
    /// What it asks for, as apiVersion, kind, name and namespace.
    pub(crate) configured_by: [String; 4],
}

impl Provenance {
    pub(crate) fn file(Route { path, repository, reference }: Route) -> Self {
        Self { path, repository, reference, ..Self::default() }
    }

    /// The origin of what a built-in generator or transformer does.
    pub(crate) fn built_in(Route { path, repository, reference }: Route, kind: &str) -> Self {
        let configured_by = ["builtin".to_owned(), kind.to_owned(), String::new(), String::new()];
        Self { path: String::new(), repository, reference, configured_in: path, configured_by }
    }

    fn to_yaml(&self, indent: &str) -> String {
        let mut lines = Vec::new();
        for (field, text) in [
            ("path", &self.path),
            ("repo", &self.repository),
            ("ref", &self.reference),
            ("configuredIn", &self.configured_in),
        ] {
            if !text.is_empty() {
                lines.push(format!("{field}: {}", scalar(text)));
            }
        }
        if self.configured_by.iter().any(|text| !text.is_empty()) {
            lines.push("configuredBy:".to_owned());
            for (field, text) in ["apiVersion", "kind", "name", "namespace"].iter().zip(&self.configured_by) {
                if !text.is_empty() {
                    lines.push(format!("  {field}: {}", scalar(text)));
                }
            }
        }
        lines.join(&format!("\n{indent}"))
    }
}

fn scalar(text: &str) -> String {
    emit_v3(&Node::string(text), &LayoutOptions::default()).trim_end().to_owned()
}

/// Notes an object's origin.
pub(crate) fn set_origin(resource: &mut Resource, from: &Provenance) {
    resource.annotate(ORIGIN, format!("{}\n", from.to_yaml("")));
}

/// Notes that a transformer ran; objects without an origin count as made by it.
pub(crate) fn add_transformation(resources: &mut Resources, by: &Provenance) {
    for resource in resources.list_mut() {
        if resource.annotation(ORIGIN).is_none() {
            set_origin(resource, by);
            continue;
        }
        let before = resource.annotation(TRANSFORMATIONS).unwrap_or_default().to_owned();
        resource.annotate(TRANSFORMATIONS, format!("{before}- {}\n", by.to_yaml("  ")));
    }
}

/// Takes away what was not asked for, and annotations that are empty.
pub(crate) fn finish(resources: &mut Resources, wanted: Wanted, release: Release) -> Result<(), Problem> {
    if wanted.managed_by {
        let pairs = Pairs::from([(MANAGED_BY.to_owned(), format!("kustomize-{}", release.as_str()))]);
        labels::apply(resources, &pairs, &[FieldSpec::new("", "metadata/labels", true)])?;
    }
    resources.list_mut().iter_mut().for_each(|resource| strip(resource, wanted));
    Ok(())
}

/// Annotations are written anew, sorted and as strings, as kustomize does for every object.
fn strip(resource: &mut Resource, wanted: Wanted) {
    if let Some(object) = resource.node.as_mapping_mut().filter(|object| !object.contains("metadata")) {
        // Only lists can be without.
        object.insert("metadata", Node::mapping(Mapping::new()));
    }
    if resource.node.at_path(&["metadata", "annotations"]).is_none() {
        return;
    }
    let mut pairs = crate::resource::owned(resource.metadata("annotations"));
    pairs.retain(|(key, _)| match key.as_str() {
        ORIGIN => wanted.origin,
        TRANSFORMATIONS => wanted.transformations,
        key => !is_internal(key),
    });
    resource.set_metadata("annotations", pairs);
}

/// The notes that kustomize keeps in annotations while it builds; input that has them loses them.
fn is_internal(key: &str) -> bool {
    let own = [
        "previousKinds",
        "previousNames",
        "prefixes",
        "suffixes",
        "previousNamespaces",
        "allowNameChange",
        "allowKindChange",
        "refBy",
        "generatorBehavior",
        "needsHashSuffix",
        "path",
        "index",
        "seqindent",
        "id",
        "annotations-migration-resource-id",
        "helm-generated",
    ];
    let legacy = ["config.kubernetes.io/path", "config.kubernetes.io/index", "config.k8s.io/id"];
    let internal = key.strip_prefix("internal.config.kubernetes.io/").is_some_and(|name| own.contains(&name));
    internal || legacy.contains(&key)
}
