//! What Flux does with what Helm has rendered: the post-renderers of a HelmRelease.
//!
//! stream → each entry of `postRenderers` → `commonMetadata` → labels that name the HelmRelease → stream

use std::{collections::BTreeMap, fmt::Write as _};

use serde_json::{Map as JsonMap, Value as Json, json};
use sluice_object::{Tree, TreePath};
use sluice_yaml::json_text;

use crate::{
    Options, build,
    build::duplicate,
    config::FieldSpec,
    error::{Error, Place},
    flux::{Image, Patch, Target},
    kustomization::Pairs,
    manifest, output,
    resource::Resource,
    resources::Resources,
    schema::Scopes,
    transform::labels,
};

/// The name that the stream has as a file, for messages.
const INPUT: &str = "helm-output.yaml";
const API_VERSION: &str = "kustomize.config.k8s.io/v1beta1";

/// An entry of `spec.postRenderers`: its `kustomize`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Kustomize {
    /// `patches`
    pub patches: Vec<Patch>,
    /// `images`
    pub images: Vec<Image>,
}

/// `spec.commonMetadata`
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CommonMetadata {
    /// `annotations`
    pub annotations: BTreeMap<String, String>,
    /// `labels`
    pub labels: BTreeMap<String, String>,
}

/// All post-renderers of a HelmRelease, in their order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PostRenderers {
    /// `spec.postRenderers`; an entry may have nothing in it.
    pub kustomize: Vec<Option<Kustomize>>,
    /// `spec.commonMetadata`
    pub common: Option<CommonMetadata>,
    /// Labels that name the HelmRelease; they win over others.
    pub origin: BTreeMap<String, String>,
}

impl PostRenderers {
    /// Changes a stream of documents.
    ///
    /// # Errors
    /// When it holds what is no object, or a patch does not fit.
    pub fn run(&self, stream: &str) -> Result<String, Error> {
        let mut stream = stream.to_owned();
        for kustomize in self.kustomize.iter().flatten() {
            stream = kustomize.run(&stream)?;
        }
        if let Some(common) = &self.common {
            stream = set(stream, &common.labels, &common.annotations)?;
        }
        set(stream, &self.origin, &BTreeMap::new())
    }
}

impl Kustomize {
    fn run(&self, stream: &str) -> Result<String, Error> {
        let kustomization = json!({
            "apiVersion": API_VERSION,
            "kind": "Kustomization",
            "resources": [INPUT],
            "patches": self.patches.iter().map(patch).collect::<Vec<_>>(),
            "images": self.images.iter().map(image).collect::<Vec<_>>(),
        });
        let tree = Tree::in_memory([("kustomization.yaml", kustomization.to_string()), (INPUT, stream.to_owned())]);
        Ok(build(&tree, &TreePath::root(), &Options::flux())?.to_yaml())
    }
}

fn patch(Patch { patch, target }: &Patch) -> Json {
    match target {
        None => json!({ "patch": patch }),
        Some(target) => json!({ "patch": patch, "target": filled(&selector(target)) }),
    }
}

fn selector(target: &Target) -> [(&'static str, &str); 7] {
    [
        ("group", &target.group),
        ("version", &target.version),
        ("kind", &target.kind),
        ("namespace", &target.namespace),
        ("name", &target.name),
        ("annotationSelector", &target.annotation_selector),
        ("labelSelector", &target.label_selector),
    ]
}

fn image(image: &Image) -> Json {
    filled(&image_fields(image))
}

fn image_fields(image: &Image) -> [(&'static str, &str); 4] {
    [("name", &image.name), ("newName", &image.new_name), ("newTag", &image.new_tag), ("digest", &image.digest)]
}

fn filled(fields: &[(&str, &str)]) -> Json {
    let filled = fields.iter().filter(|(_, text)| !text.is_empty());
    Json::Object(filled.map(|(name, text)| ((*name).to_owned(), Json::from(*text))).collect::<JsonMap<_, _>>())
}

/// Sets labels and annotations of all objects. The objects are written anew also if there is nothing to set.
fn set(stream: String, labels: &Pairs, annotations: &Pairs) -> Result<String, Error> {
    if labels.is_empty() && annotations.is_empty() {
        return Ok(stream);
    }
    let _scopes = Scopes::enter(crate::Release::default());
    let file = TreePath::parse(INPUT).unwrap_or_default();
    let mut resources = Resources::default();
    for node in manifest::read(&stream, &file, &sluice_yaml::Limits::default())? {
        let place = Place { file: file.clone(), line: node.at.line, field: String::new() };
        resources.append(Resource::new(node, INPUT)).map_err(|id| duplicate(&place, &id))?;
    }
    for (pairs, field) in [(labels, "metadata/labels"), (annotations, "metadata/annotations")] {
        labels::apply(&mut resources, pairs, &[FieldSpec::new("", field, true)])
            .map_err(|problem| problem.at(&Place { file: file.clone(), ..Place::default() }))?;
    }
    Ok(output::built(resources, Default::default(), Vec::new())?.to_yaml())
}

/// Returns `spec.postRenderers` as Go writes it, with the line end that its encoder adds: what its digest is made of.
pub fn post_renderers_json(entries: &[Option<Kustomize>]) -> String {
    let entry = |entry: &Option<Kustomize>| match entry {
        None => "{}".to_owned(),
        Some(kustomize) => {
            let lists = [
                ("patches", list(&kustomize.patches, patch_text)),
                ("images", list(&kustomize.images, |image| ordered(&image_fields(image), &["name"]))),
            ];
            let lists = lists.into_iter().filter_map(|(name, list)| Some(format!("\"{name}\":{}", list?)));
            format!("{{\"kustomize\":{{{}}}}}", lists.collect::<Vec<_>>().join(","))
        }
    };
    format!("[{}]\n", entries.iter().map(entry).collect::<Vec<_>>().join(","))
}

fn list<T>(items: &[T], write: impl Fn(&T) -> String) -> Option<String> {
    let texts: Vec<_> = items.iter().map(write).collect();
    (!texts.is_empty()).then(|| format!("[{}]", texts.join(",")))
}

fn patch_text(Patch { patch, target }: &Patch) -> String {
    let patch = json_text(&Json::from(patch.as_str()));
    match target {
        None => format!("{{\"patch\":{patch}}}"),
        Some(target) => format!("{{\"patch\":{patch},\"target\":{}}}", ordered(&selector(target), &[])),
    }
}

/// Writes fields in their order, without those that are empty and not always there.
fn ordered(fields: &[(&str, &str)], always: &[&str]) -> String {
    let there = fields.iter().filter(|(name, text)| !text.is_empty() || always.contains(name));
    let texts = there.map(|(name, text)| format!("\"{name}\":{}", json_text(&Json::from(*text))));
    format!("{{{}}}", texts.collect::<Vec<_>>().join(","))
}

impl CommonMetadata {
    /// Returns it as Go writes it, with the line end that its encoder adds: what its digest is made of.
    pub fn to_json(&self) -> String {
        let maps = [("annotations", &self.annotations), ("labels", &self.labels)];
        let maps = maps.into_iter().filter(|(_, map)| !map.is_empty());
        let mut text = String::new();
        for (name, map) in maps {
            let comma = if text.is_empty() { "" } else { "," };
            let _ = write!(text, "{comma}\"{name}\":{}", json_text(&json!(map)));
        }
        format!("{{{text}}}\n")
    }
}
