//! Post-rendering: rendered files as one stream to what changes manifests, and back to files.
//!
//! files → documents, each with its file's name in an annotation → stream → changed → documents → files

use std::collections::BTreeMap;

use sluice_yaml::{LayoutOptions, Limits, Mapping, Node, emit_v3, parse_all};

use super::{Files, Refusal};
use crate::{
    KindOrder,
    manifest::{self, Sorted},
    notice::Notice,
};

/// The annotation with the name of a document's file.
const FILE: &str = "postrenderer.helm.sh/postrender-filename";

/// Kinds that only hold others.
const LISTS: [&str; 2] = ["List", "ResourceList"];

/// What a post-renderer is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Strategy {
    /// All manifests and hooks at once.
    #[default]
    Combined,
    /// Manifests only, as with Helm 3.
    NoHooks,
    /// Hooks first, then manifests: an object may be among both.
    Separate,
}

/// What changes manifests before they are sorted.
#[derive(Clone, Copy)]
pub struct PostRender<'a> {
    /// What it is given.
    pub strategy: Strategy,
    /// Takes a stream of documents to another one; an error is told as it is.
    pub run: &'a dyn Fn(&str) -> Result<String, String>,
}

impl Strategy {
    /// Reads `spec.postRenderStrategy`.
    pub fn of(word: &str) -> Option<Self> {
        match word {
            "" | "combined" => Some(Self::Combined),
            "nohooks" => Some(Self::NoHooks),
            "separate" => Some(Self::Separate),
            _ => None,
        }
    }
}

/// Returns files after post-rendering.
pub(super) fn run(files: Files, post: PostRender<'_>, notices: &mut Vec<Notice>) -> Result<Files, Refusal> {
    if post.strategy == Strategy::Combined {
        return combined(&files, post).map_err(Refusal::PostRender);
    }
    let sorted = match manifest::sort(&files, KindOrder::INSTALL) {
        Ok(sorted) => sorted,
        Err(reason) => return Err(Refusal::Manifest { reason, files }),
    };
    let Sorted { hooks, manifests, notices: skipped } = sorted;
    notices.extend(skipped);
    let hooks = by_file(hooks.into_iter().map(|hook| (hook.path, hook.manifest.to_string())));
    let manifests = by_file(manifests.into_iter().map(|manifest| (manifest.path, manifest.text)));
    let hooks = match post.strategy {
        Strategy::Separate => group("hooks", hooks, post).map_err(Refusal::PostRender)?,
        _ => hooks,
    };
    let manifests = group("manifests", manifests, post).map_err(Refusal::PostRender)?;
    Ok(by_file(hooks.into_iter().chain(manifests)).into_iter().map(|(path, text)| (path, text.into_bytes())).collect())
}

fn combined(files: &Files, post: PostRender<'_>) -> Result<Files, String> {
    let text = |(path, bytes): (&String, &Vec<u8>)| (path.clone(), String::from_utf8_lossy(bytes).into_owned());
    let merged =
        merged(&files.iter().map(text).collect()).map_err(|error| format!("error merging manifests: {error}"))?;
    let made = (post.run)(&merged).map_err(|error| format!("error while running post render on files: {error}"))?;
    let files =
        split(&made, "").map_err(|error| format!("error while parsing post rendered output: {error}"))?.into_iter();
    Ok(files.map(|(path, text)| (path, text.into_bytes())).collect())
}

fn group(name: &str, files: Texts, post: PostRender<'_>) -> Result<Texts, String> {
    if files.is_empty() {
        return Ok(files);
    }
    let merged = merged(&files).map_err(|error| format!("error merging {name}: {error}"))?;
    let made = (post.run)(&merged).map_err(|error| format!("error while running post render on {name}: {error}"))?;
    split(&made, name).map_err(|error| format!("error while parsing post rendered output for {name}: {error}"))
}

/// Texts of files by path.
type Texts = BTreeMap<String, String>;

fn by_file(texts: impl Iterator<Item = (String, String)>) -> Texts {
    let mut files = Texts::new();
    for (path, text) in texts {
        files.entry(path).and_modify(|all| *all = format!("{all}\n---\n{text}")).or_insert(text);
    }
    files
}

/// Makes one stream of files, each document with the name of its file.
fn merged(files: &Texts) -> Result<String, String> {
    let mut documents = Vec::new();
    for (path, text) in files.iter().filter(|(path, _)| !manifest::is_partial(path)) {
        for document in manifest::documents(text) {
            let object = parse(document).map_err(|error| format!("parsing {path}: {error}"))?;
            for mut object in object.map(unwrapped).unwrap_or_default() {
                annotate(&mut object, path).map_err(|error| format!("annotating {path}: {error}"))?;
                documents.push(object);
            }
        }
    }
    Ok(stream(&documents))
}

/// Makes files of one stream; documents that have lost their file's name get one of their own.
fn split(text: &str, prefix: &str) -> Result<Texts, String> {
    let mut files: BTreeMap<String, Vec<Node>> = BTreeMap::new();
    let documents = separated(text);
    let mut objects: Vec<Node> = Vec::new();
    for document in &documents {
        let object = parse(document)?.into_iter();
        match documents.len() {
            1 => objects.extend(object.flat_map(unwrapped)),
            _ => objects.extend(object),
        }
    }
    let prefix = if prefix.is_empty() { String::new() } else { format!("{prefix}-") };
    for (index, mut object) in objects.into_iter().enumerate() {
        let file = take_file(&mut object).unwrap_or_else(|| format!("generated-by-postrender-{prefix}{index}.yaml"));
        files.entry(file).or_default().push(object);
    }
    Ok(files.into_iter().map(|(file, objects)| (file, stream(&objects))).collect())
}

/// Cuts a stream at its separators, as kyaml does: the line end before one belongs to the document.
fn separated(text: &str) -> Vec<String> {
    let mut documents = vec![String::new()];
    for (index, line) in text.split_inclusive('\n').enumerate() {
        if index > 0 && line.starts_with("---") {
            documents.push(String::new());
        } else if let Some(document) = documents.last_mut() {
            document.push_str(line);
        }
    }
    documents
}

/// Reads the first document of a text, if there is something in it.
fn parse(text: &str) -> Result<Option<Node>, String> {
    let text = text.replace("\r\n", "\n");
    let documents = parse_all(&text, &Limits::default()).map_err(|error| format!("MalformedYAMLError: {error}"))?;
    Ok(documents.into_iter().next().filter(|node| !node.is_null()))
}

/// Returns what is in a list that stands alone, as kyaml does.
fn unwrapped(mut object: Node) -> Vec<Node> {
    let is_list = object.get("kind").and_then(Node::as_scalar).is_some_and(|kind| LISTS.contains(&kind));
    if !is_list || (object.get("items").is_none() && object.get("functionConfig").is_none()) {
        return vec![object];
    }
    let items = object.get_mut("items").and_then(Node::as_sequence_mut);
    items.map(std::mem::take).unwrap_or_default()
}

fn annotate(object: &mut Node, file: &str) -> Result<(), String> {
    let mut here = object;
    for key in ["metadata", "annotations"] {
        let mapping = here.as_mapping_mut().ok_or("wrong node kind: expected a mapping")?;
        if mapping.get(key).is_none_or(Node::is_null) {
            mapping.insert(key, Node::mapping(Mapping::new()));
        }
        here = mapping.get_mut(key).ok_or("invariant: it has just been inserted")?;
    }
    here.as_mapping_mut().ok_or("wrong node kind: expected a mapping")?.insert(FILE, Node::string(file));
    Ok(())
}

/// Takes the name of its file from a document, and annotations with it that are empty then.
fn take_file(object: &mut Node) -> Option<String> {
    let metadata = object.get_mut("metadata")?.as_mapping_mut()?;
    let annotations = metadata.get_mut("annotations")?.as_mapping_mut()?;
    let file = annotations.remove(FILE).and_then(|node| node.as_scalar().map(str::to_owned));
    if annotations.is_empty() {
        metadata.remove("annotations");
    }
    file.filter(|file| !file.is_empty())
}

fn stream(documents: &[Node]) -> String {
    let texts: Vec<_> = documents.iter().map(|document| emit_v3(document, &LayoutOptions::default())).collect();
    texts.join("---\n")
}
