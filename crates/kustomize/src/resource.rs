//! An object while it is built: its node, and what it was called before.

use sluice_object::Origin;
use sluice_yaml::{Mapping, Node, Style, Tag, Value, resolve_v2, resolve_v3};

use crate::{
    error::Problem,
    id::{Gvk, ResId, effective_namespace},
};

/// An object with its history.
#[derive(Debug, Clone)]
pub(crate) struct Resource {
    pub(crate) node: Node,
    pub(crate) origin: Origin,
    /// What it was called, oldest first.
    history: Vec<Former>,
    pub(crate) prefixes: Vec<String>,
    pub(crate) suffixes: Vec<String>,
    /// Names of the vars that read it.
    pub(crate) vars: Vec<String>,
    /// Set on what a generator made.
    pub(crate) generated: Option<Generated>,
    /// Whether its name gets a hash of its contents at the end.
    pub(crate) needs_hash: bool,
}

/// What a generator says about an object it made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Generated {
    /// No behavior was named; it must be new.
    #[default]
    Unspecified,
    /// It must be new.
    Create,
    /// It replaces one that is there.
    Replace,
    /// Its data goes into one that is there.
    Merge,
}

#[derive(Debug, Clone, PartialEq)]
struct Former {
    kind: String,
    name: String,
    namespace: String,
}

impl Resource {
    pub(crate) fn new(node: Node, file: impl Into<String>) -> Self {
        let origin = Origin { file: file.into(), line: node.at.line };
        Self {
            node,
            origin,
            history: Vec::new(),
            prefixes: Vec::new(),
            suffixes: Vec::new(),
            vars: Vec::new(),
            generated: None,
            needs_hash: false,
        }
    }

    pub(crate) fn kind(&self) -> &str {
        text_at(&self.node, &["kind"])
    }

    pub(crate) fn api_version(&self) -> &str {
        text_at(&self.node, &["apiVersion"])
    }

    pub(crate) fn gvk(&self) -> Gvk {
        Gvk::parse(self.api_version(), self.kind())
    }

    pub(crate) fn name(&self) -> &str {
        text_at(&self.node, &["metadata", "name"])
    }

    pub(crate) fn namespace(&self) -> &str {
        text_at(&self.node, &["metadata", "namespace"])
    }

    /// Returns what the object is called now.
    pub(crate) fn id(&self) -> ResId {
        ResId::new(self.gvk(), self.name(), self.namespace())
    }

    /// Returns what the object was called before, oldest first.
    pub(crate) fn former_ids(&self) -> impl Iterator<Item = ResId> {
        let now = self.gvk();
        self.history.iter().map(move |former| {
            let gvk = Gvk { kind: former.kind.clone(), ..now.clone() };
            ResId::new(gvk, &former.name, &former.namespace)
        })
    }

    /// Returns what the object was called first.
    pub(crate) fn original_id(&self) -> ResId {
        self.former_ids().next().unwrap_or_else(|| self.id())
    }

    /// Returns everything the object is or was called, the present id last.
    pub(crate) fn all_ids(&self) -> impl Iterator<Item = ResId> {
        self.former_ids().chain(std::iter::once(self.id()))
    }

    /// Returns every name the object has or had.
    pub(crate) fn all_names(&self) -> impl Iterator<Item = &str> {
        self.history.iter().map(|former| former.name.as_str()).chain(std::iter::once(self.name()))
    }

    /// Notes the present id before it changes.
    pub(crate) fn remember_id(&mut self) {
        let gvk = self.gvk();
        let namespace = effective_namespace(&gvk, self.namespace()).to_owned();
        self.history.push(Former { kind: gvk.kind, name: self.name().to_owned(), namespace });
        self.drop_broken_annotations();
    }

    /// kustomize writes its notes over annotations that are no mapping.
    fn drop_broken_annotations(&mut self) {
        let metadata = self.node.get_mut("metadata").and_then(Node::as_mapping_mut);
        let broken = |metadata: &&mut Mapping| {
            metadata.get("annotations").is_some_and(|node| !node.is_null() && node.as_mapping().is_none())
        };
        if let Some(metadata) = metadata.filter(broken) {
            metadata.remove("annotations");
        }
    }

    /// Says whether the reference would carry notes of its own in the object's annotations.
    pub(crate) fn has_notes(&self) -> bool {
        !self.history.is_empty() || self.generated.is_some() || self.needs_hash
    }

    pub(crate) fn set_name(&mut self, name: &str) {
        set_meta(&mut self.node, "name", name);
    }

    /// Sets the namespace; an empty one is removed.
    pub(crate) fn set_namespace(&mut self, namespace: &str) {
        match namespace {
            "" => {
                let metadata = self.node.get_mut("metadata").and_then(Node::as_mapping_mut);
                metadata.and_then(|metadata| metadata.remove("namespace"));
            }
            namespace => set_meta(&mut self.node, "namespace", namespace),
        }
    }

    pub(crate) fn set_kind(&mut self, kind: &str) {
        set_field(&mut self.node, "kind", kind);
    }

    /// Returns labels or annotations as text.
    pub(crate) fn metadata(&self, map: &str) -> Vec<(&str, &str)> {
        let entries = self.node.at_path(&["metadata", map]).and_then(Node::as_mapping).map(Mapping::entries);
        entries.unwrap_or_default().iter().map(|(key, value)| (raw_text(key), raw_text(value))).collect()
    }

    pub(crate) fn annotation(&self, key: &str) -> Option<&str> {
        self.metadata("annotations").into_iter().find(|(name, _)| *name == key).map(|(_, value)| value)
    }

    /// Replaces labels or annotations; none removes the map. Keys get sorted and values are strings.
    pub(crate) fn set_metadata(&mut self, map: &str, mut pairs: Vec<(String, String)>) {
        let Some(metadata) = self.node.get_mut("metadata").and_then(Node::as_mapping_mut) else { return };
        metadata.remove(map);
        if pairs.is_empty() {
            return;
        }
        pairs.sort();
        let mut mapping = Mapping::new();
        for (key, value) in pairs {
            mapping.push(plain_key(&key), string(&value));
        }
        metadata.insert(map, Node::mapping(mapping));
    }

    /// Sets one annotation.
    pub(crate) fn annotate(&mut self, key: &str, value: String) {
        let mut pairs = owned(self.metadata("annotations"));
        pairs.retain(|(name, _)| name != key);
        pairs.push((key.into(), value));
        self.set_metadata("annotations", pairs);
    }
}

/// Makes a string as kustomize does: in quotes if YAML 1.1 would take it for something else. What replaces it later
/// gets its quotes.
pub(crate) fn string(text: &str) -> Node {
    let mut node = Node::string(text);
    if resolve_v2(text).tag() != Tag::Str {
        node.style = Style::DoubleQuoted;
    }
    node
}

/// Makes a key as kustomize does: without quotes, so that `true` is none that JSON could have.
pub(crate) fn plain_key(text: &str) -> Node {
    Node { tag: resolve_v3(text).tag(), ..Node::string(text) }
}

/// Copies borrowed pairs.
pub(crate) fn owned(pairs: Vec<(&str, &str)>) -> Vec<(String, String)> {
    pairs.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

/// Returns the text of a scalar at a path, empty when there is none.
pub(crate) fn text_at<'n>(node: &'n Node, path: &[&str]) -> &'n str {
    node.at_path(path).and_then(Node::as_scalar).unwrap_or_default()
}

/// Returns the text of a scalar as written, also of a null.
pub(crate) fn raw_text(node: &Node) -> &str {
    match &node.value {
        Value::Scalar(text) => text,
        _ => "",
    }
}

/// Writes a text into a scalar and lets it mean what it says: `5` without quotes is a number then.
pub(crate) fn set_plain(node: &mut Node, text: &str) {
    node.tag = if is_quoted(node.style) { Tag::Str } else { resolve_v3(text).tag() };
    node.value = Value::Scalar(text.to_owned());
}

/// Writes a text into a scalar and leaves its type: what was a number must be one.
pub(crate) fn set_typed(node: &mut Node, text: &str) -> Result<(), Problem> {
    let found = resolve_v3(text).tag();
    let fits = match node.tag {
        Tag::Float => matches!(found, Tag::Int | Tag::Float),
        Tag::Bool | Tag::Int | Tag::Null => found == node.tag,
        _ => true,
    };
    if !fits {
        let (found, wanted) = (tag_text(&found), tag_text(&node.tag));
        return Err(Problem::new(format!("yaml: cannot decode {found} `{text}` as a {wanted}"))
            .hint("the field keeps its type; put its value in quotes to make it a string"));
    }
    node.value = Value::Scalar(text.to_owned());
    Ok(())
}

fn tag_text(tag: &Tag) -> &'static str {
    match tag {
        Tag::Null => "!!null",
        Tag::Bool => "!!bool",
        Tag::Int => "!!int",
        Tag::Float => "!!float",
        Tag::Timestamp => "!!timestamp",
        _ => "!!str",
    }
}

/// Gives a value the style of the one it replaces: what is written in quotes is a string then, whatever it was.
pub(crate) fn keep_style(node: &mut Node, style: Style) {
    if !matches!(node.value, Value::Scalar(_)) {
        return;
    }
    node.style = style;
    if is_quoted(style) && matches!(node.tag, Tag::Bool | Tag::Int | Tag::Float | Tag::Timestamp) {
        node.tag = Tag::Str;
    }
}

fn is_quoted(style: Style) -> bool {
    matches!(style, Style::SingleQuoted | Style::DoubleQuoted | Style::Literal | Style::Folded)
}

/// Writes a string into a scalar.
pub(crate) fn set_string(node: &mut Node, text: &str) {
    node.tag = Tag::Str;
    node.value = Value::Scalar(text.to_owned());
}

fn set_meta(node: &mut Node, field: &str, text: &str) {
    if let Some(metadata) = node.get_mut("metadata") {
        set_field(metadata, field, text);
    }
}

fn set_field(node: &mut Node, field: &str, text: &str) {
    let Some(mapping) = node.as_mapping_mut() else { return };
    match mapping.get_mut(field) {
        Some(value) if raw_text(value) == text => {}
        Some(value) => set_plain(value, text),
        None => {
            mapping.insert(field, string(text));
        }
    }
}
