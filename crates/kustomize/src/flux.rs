//! What Flux does before it builds: writes a missing kustomization, and puts a Flux Kustomization's fields into it.
//!
//! tree → [`prepare`] → tree with another `kustomization.yaml` → [`crate::build`] with [`crate::Options::flux`]

use std::sync::Arc;

use bytes::Bytes;
use sluice_object::{Tree, TreePath};
use sluice_yaml::{Duplicates, EmitOptions, Flavor, Limits, Mapping, Node, emit_v2, parse_all_v2, to_json};

use crate::{
    error::{Error, Place, Problem},
    loader::FILE_NAMES,
    manifest,
};

const API_VERSION: &str = "kustomize.config.k8s.io/v1beta1";
/// The namespace of a kustomization that has nothing to build.
const PLACEHOLDER: &str = "_placeholder";

/// The fields of a Flux Kustomization that change its build.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Overrides {
    /// `spec.targetNamespace`: takes the place of `namespace`.
    pub target_namespace: String,
    /// `spec.namePrefix`: takes the place of `namePrefix`.
    pub name_prefix: String,
    /// `spec.nameSuffix`: takes the place of `nameSuffix`.
    pub name_suffix: String,
    /// `spec.patches`: come after the patches that are there.
    pub patches: Vec<Patch>,
    /// `spec.images`: change the entries of the same name, field by field, or come after.
    pub images: Vec<Image>,
    /// `spec.components`: come after the components that are there.
    pub components: Vec<String>,
    /// `spec.ignoreMissingComponents`.
    pub ignore_missing_components: bool,
    /// `spec.buildMetadata`: takes the place of `buildMetadata`.
    pub build_metadata: Vec<String>,
}

/// An entry of `spec.patches`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Patch {
    /// The patch, of either kind.
    pub patch: String,
    /// What it is for; without it a merge patch names its target itself.
    pub target: Option<Target>,
}

/// What a patch is for; empty parts fit anything.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Target {
    /// Regular expression on the API group.
    pub group: String,
    /// Regular expression on the version.
    pub version: String,
    /// Regular expression on the kind.
    pub kind: String,
    /// Regular expression on the name.
    pub name: String,
    /// Regular expression on the namespace.
    pub namespace: String,
    /// Label selector.
    pub label_selector: String,
    /// The same on annotations.
    pub annotation_selector: String,
}

/// An entry of `spec.images`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Image {
    /// The name as it stands in the manifests.
    pub name: String,
    /// Another name.
    pub new_name: String,
    /// Another tag.
    pub new_tag: String,
    /// A digest.
    pub digest: String,
}

/// Returns the tree as Flux would build it: with a kustomization file in the directory, and the overrides in it.
///
/// # Errors
/// When a file that would be part of a generated kustomization isn't Kubernetes YAML, the kustomization that is there
/// can't be read, or a component is remote or missing.
pub fn prepare(tree: &Arc<Tree>, path: &TreePath, overrides: &Overrides) -> Result<Tree, Error> {
    let found = kustomization_file(tree, path)?;
    let file = match &found {
        Some(file) => file.clone(),
        None => join(path, FILE_NAMES[0])?,
    };
    let place = Place { file: file.clone(), ..Place::default() };
    let mut kustomization = match &found {
        Some(file) => existing(tree, file)?,
        None => generated(tree, path)?,
    };
    merge(&mut kustomization, tree, path, overrides).map_err(|problem| problem.at(&place))?;
    let text = print(kustomization).map_err(|problem| problem.at(&place))?;
    Ok(tree.overlay([(file, Bytes::from(text))]))
}

fn join(directory: &TreePath, name: &str) -> Result<TreePath, Error> {
    directory.join(name).map_err(|source| Error::Tree { place: Place::default(), source })
}

fn kustomization_file(tree: &Tree, directory: &TreePath) -> Result<Option<TreePath>, Error> {
    for name in FILE_NAMES {
        let path = join(directory, name)?;
        if tree.entry(&path).is_some() {
            return Ok(Some(path));
        }
    }
    Ok(None)
}

fn read(tree: &Tree, path: &TreePath) -> Result<String, Error> {
    let place = || Place { file: path.clone(), ..Place::default() };
    let bytes = tree.read(path).map_err(|source| Error::Tree { place: place(), source })?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Reads the kustomization that is there. Without resources it gets `buildMetadata`, so that it isn't empty.
fn existing(tree: &Tree, file: &TreePath) -> Result<Mapping, Error> {
    let text = read(tree, file)?;
    let documents = parse_all_v2(&text, Duplicates::LastWins, &Limits::default());
    let first = documents.map_err(|source| manifest::yaml_error(file, source))?.into_iter().next();
    let mut kustomization = match first {
        Some(mut node) => node.as_mapping_mut().map(std::mem::take).unwrap_or_default(),
        None => Mapping::new(),
    };
    let resources = field(&mut kustomization, "resources").and_then(|node| node.as_sequence()).unwrap_or_default();
    if resources.is_empty() && !text_is_set(&mut kustomization, "buildMetadata") {
        set(&mut kustomization, "buildMetadata", strings(&["originAnnotations".to_owned()]));
    }
    Ok(kustomization)
}

fn text_is_set(kustomization: &mut Mapping, name: &str) -> bool {
    field(kustomization, name).and_then(|node| node.as_sequence()).is_some_and(|items| !items.is_empty())
}

/// Writes a kustomization of all manifests in and below a directory.
fn generated(tree: &Tree, directory: &TreePath) -> Result<Mapping, Error> {
    let mut kustomization = Mapping::new();
    kustomization.insert("apiVersion", Node::string(API_VERSION));
    kustomization.insert("kind", Node::string("Kustomization"));
    let mut found = Vec::new();
    collect(tree, directory, "", &mut found)?;
    if found.is_empty() {
        kustomization.insert("namespace", Node::string(PLACEHOLDER));
    } else {
        kustomization.insert("resources", strings(&found));
    }
    Ok(kustomization)
}

/// Goes through a directory in order; directories with a kustomization of their own count as one.
fn collect(tree: &Tree, directory: &TreePath, before: &str, found: &mut Vec<String>) -> Result<(), Error> {
    for (name, is_directory) in tree.list(directory) {
        let path = join(directory, &name)?;
        let relative = format!("{before}{name}");
        if !is_directory {
            if is_manifest(&name) {
                check(tree, &path)?;
                found.push(relative);
            }
        } else if kustomization_file(tree, &path)?.is_some() {
            found.push(relative);
        } else {
            collect(tree, &path, &format!("{relative}/"), found)?;
        }
    }
    Ok(())
}

fn is_manifest(name: &str) -> bool {
    name.ends_with(".yaml") || name.ends_with(".yml")
}

fn check(tree: &Tree, path: &TreePath) -> Result<(), Error> {
    let text = read(tree, path)?;
    match manifest::read(&text, path, &Limits::default()) {
        Ok(_) => Ok(()),
        Err(Error::Manifest { place, problem, hint }) => Err(Error::Manifest {
            place,
            problem: format!("failed to decode Kubernetes YAML from {path}: {problem}"),
            hint: if hint.is_empty() { "keep other YAML out with a kustomization.yaml".into() } else { hint },
        }),
        Err(error) => Err(error),
    }
}

fn merge(kustomization: &mut Mapping, tree: &Tree, directory: &TreePath, overrides: &Overrides) -> Result<(), Problem> {
    for (name, text) in [
        ("namespace", &overrides.target_namespace),
        ("namePrefix", &overrides.name_prefix),
        ("nameSuffix", &overrides.name_suffix),
    ] {
        if !text.is_empty() {
            set(kustomization, name, Node::string(text));
        }
    }
    extend(kustomization, "patches", overrides.patches.iter().map(patch_node).collect());
    let components = components(tree, directory, overrides)?;
    extend(kustomization, "components", components.iter().map(Node::string).collect());
    overrides.images.iter().for_each(|image| merge_image(kustomization, image));
    if !overrides.build_metadata.is_empty() {
        set(kustomization, "buildMetadata", strings(&overrides.build_metadata));
    }
    Ok(())
}

/// Returns a field whatever the case of its name.
fn field<'m>(kustomization: &'m mut Mapping, name: &str) -> Option<&'m mut Node> {
    let is_it = |key: &Node| key.as_scalar().is_some_and(|key| key.eq_ignore_ascii_case(name));
    kustomization.entries_mut().iter_mut().rev().find(|(key, _)| is_it(key)).map(|(_, value)| value)
}

fn set(kustomization: &mut Mapping, name: &str, value: Node) {
    match field(kustomization, name) {
        Some(node) => *node = value,
        None => {
            kustomization.insert(name, value);
        }
    }
}

fn extend(kustomization: &mut Mapping, name: &str, more: Vec<Node>) {
    if more.is_empty() {
        return;
    }
    match field(kustomization, name).and_then(Node::as_sequence_mut) {
        Some(items) => items.extend(more),
        None => set(kustomization, name, Node::sequence(more)),
    }
}

fn strings(texts: &[String]) -> Node {
    Node::sequence(texts.iter().map(Node::string).collect())
}

fn texts(pairs: &[(&str, &str)]) -> Mapping {
    let mut mapping = Mapping::new();
    for (name, text) in pairs.iter().filter(|(_, text)| !text.is_empty()) {
        mapping.insert(*name, Node::string(*text));
    }
    mapping
}

fn patch_node(patch: &Patch) -> Node {
    let mut mapping = texts(&[("patch", &patch.patch)]);
    if let Some(target) = &patch.target {
        let target = texts(&[
            ("group", &target.group),
            ("version", &target.version),
            ("kind", &target.kind),
            ("name", &target.name),
            ("namespace", &target.namespace),
            ("labelSelector", &target.label_selector),
            ("annotationSelector", &target.annotation_selector),
        ]);
        mapping.insert("target", Node::mapping(target));
    }
    Node::mapping(mapping)
}

/// A name replaces the name; a tag or digest replaces both, so that none of the old ones stays.
fn merge_image(kustomization: &mut Mapping, image: &Image) {
    let named = |node: &&mut Node| node.get("name").and_then(Node::as_scalar) == Some(image.name.as_str());
    let items = field(kustomization, "images").and_then(Node::as_sequence_mut);
    let known = items.and_then(|items| items.iter_mut().find(named)).and_then(Node::as_mapping_mut);
    let Some(known) = known else {
        let fields = texts(&[
            ("name", &image.name),
            ("newName", &image.new_name),
            ("newTag", &image.new_tag),
            ("digest", &image.digest),
        ]);
        return extend(kustomization, "images", vec![Node::mapping(fields)]);
    };
    if !image.new_name.is_empty() {
        known.insert("newName", Node::string(&image.new_name));
    }
    if !(image.new_tag.is_empty() && image.digest.is_empty()) {
        for (name, text) in [("newTag", &image.new_tag), ("digest", &image.digest)] {
            known.remove(name);
            if !text.is_empty() {
                known.insert(name, Node::string(text));
            }
        }
    }
}

/// Returns the components to add: relative, local, and there unless missing ones may be left out.
fn components(tree: &Tree, directory: &TreePath, overrides: &Overrides) -> Result<Vec<String>, Problem> {
    let mut present = Vec::new();
    for component in &overrides.components {
        if !is_local(component) {
            return Err(Problem::invalid(format!("component path '{component}' must be local and relative"))
                .hint("components are read from the source of the Kustomization"));
        }
        let path = directory.join(component).map_err(|error| Problem::invalid(error.to_string()))?;
        if tree.is_dir(&path) {
            present.push(component.clone());
        } else if !overrides.ignore_missing_components {
            return Err(Problem::target(format!("component path '{component}' not found"))
                .hint("spec.ignoreMissingComponents leaves missing ones out"));
        }
    }
    Ok(present)
}

/// Flux tells by how a path begins.
fn is_local(component: &str) -> bool {
    let elsewhere =
        ["/", "git::", "gh:", "ssh://", "https://", "http://", "git@", "github.com:", "github.com/", "file:///"];
    let lower = component.to_ascii_lowercase();
    !elsewhere.iter().any(|start| lower.starts_with(start))
}

fn print(kustomization: Mapping) -> Result<String, Problem> {
    let json =
        to_json(&Node::mapping(kustomization), Flavor::V2).map_err(|error| Problem::invalid(error.to_string()))?;
    Ok(emit_v2(&json, &EmitOptions::FOLDED))
}
