//! Strategic merge, as kustomize does it: not quite what the API server does.
//!
//! Object and patch are walked together. Where the object has nothing, the patch's part is taken over and then walked
//! on its own, so that directives and nulls inside it vanish.

use sluice_yaml::{Mapping, Node, Value};

use super::associative;
use crate::{
    error::Problem,
    fields::wrong_kind,
    resource::{keep_style, raw_text, text_at},
    schema::{Schema, Types},
};

/// The key that says what to do with a mapping or list.
const DIRECTIVE: &str = "$patch";

/// Merges a patch into an object. `None` means that the object is deleted.
///
/// A patch that would take the place of the whole object changes nothing: kustomize forgets the result.
pub(crate) fn merge(object: Node, patch: &Node, types: &Types) -> Result<Option<Node>, Problem> {
    if mapping_directive(patch)? == Some(Directive::Replace) {
        return Ok(Some(object));
    }
    let merged = Walk { types }.walk(Some(object), Source::Patch(patch), None)?;
    Ok(merged.map(|merged| merged.node))
}

/// What is merged into a node.
#[derive(Debug, Clone, Copy)]
pub(super) enum Source<'p> {
    /// Nothing: the object's part only.
    Nothing,
    /// A part of the patch.
    Patch(&'p Node),
    /// The node itself: it was taken over from the patch.
    Itself,
}

/// The result for one node.
#[derive(Debug)]
pub(super) struct Merged {
    pub(super) node: Node,
    /// Whether a null stays.
    keep_null: bool,
    /// Whether this is the object's node, changed, and not the patch's.
    pub(super) in_place: bool,
}

/// What a directive says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Directive {
    Merge,
    Replace,
    Delete,
}

/// How a mapping or list goes on after its directive was read.
pub(super) enum Plan<'p> {
    /// Nothing is left.
    Gone,
    /// This is the result.
    Done(Merged),
    /// Its parts are to be merged.
    Parts { node: Node, source: Source<'p>, in_place: bool },
    /// Its parts are to be merged with a changed patch.
    Changed { node: Node, patch: Node },
}

pub(super) struct Walk<'t> {
    types: &'t Types,
}

impl<'t> Walk<'t> {
    pub(super) fn walk(
        &self,
        node: Option<Node>,
        source: Source<'_>,
        schema: Option<Schema<'t>>,
    ) -> Result<Option<Merged>, Problem> {
        let schema = schema.or_else(|| self.schema_of(node.as_ref(), source));
        let patch = match source {
            Source::Patch(patch) if !patch.is_null() => Some(patch),
            _ => None,
        };
        let Some(kind) = node.as_ref().filter(|node| !node.is_null()).or(patch) else {
            return self.walk_mapping(node, source, schema);
        };
        match kind.value {
            Value::Mapping(_) => {
                check(&node, patch, "MappingNode", |node| matches!(node.value, Value::Mapping(_)))?;
                self.walk_mapping(node, source, schema)
            }
            Value::Sequence(_) => {
                check(&node, patch, "SequenceNode", |node| matches!(node.value, Value::Sequence(_)))?;
                self.walk_sequence(node, source, schema)
            }
            Value::Scalar(_) => {
                check(&node, patch, "ScalarNode", |node| matches!(node.value, Value::Scalar(_)))?;
                Ok(take(node, source))
            }
        }
    }

    /// A part that says its kind has a type, even where the type around it isn't known.
    fn schema_of(&self, node: Option<&Node>, source: Source<'_>) -> Option<Schema<'t>> {
        let patch = match source {
            Source::Patch(patch) => Some(patch),
            _ => None,
        };
        let typed = |node: &Node| match (text_at(node, &["apiVersion"]), text_at(node, &["kind"])) {
            ("", _) | (_, "") => None,
            (api_version, kind) => self.types.of(api_version, kind),
        };
        node.and_then(typed).or_else(|| patch.and_then(typed))
    }

    fn walk_mapping(
        &self,
        node: Option<Node>,
        source: Source<'_>,
        schema: Option<Schema<'t>>,
    ) -> Result<Option<Merged>, Problem> {
        match plan_mapping(node, source)? {
            Plan::Gone => Ok(None),
            Plan::Done(merged) => Ok(Some(merged)),
            Plan::Parts { node, source, in_place } => {
                self.merge_fields(node, source, schema).map(|node| Some(merged(node, in_place)))
            }
            Plan::Changed { node, patch } => {
                self.merge_fields(node, Source::Patch(&patch), schema).map(|node| Some(merged(node, true)))
            }
        }
    }

    fn merge_fields(&self, mut node: Node, source: Source<'_>, schema: Option<Schema<'t>>) -> Result<Node, Problem> {
        let Value::Mapping(mapping) = &mut node.value else { return Ok(node) };
        let added = only_in_patch(mapping, source);
        let mut entries = Vec::with_capacity(mapping.len() + added.len());
        for (key, child) in std::mem::take(mapping.entries_mut()) {
            let name = raw_text(&key);
            let (part, style) = (part(source, name), child.style);
            let walked = self.walk(Some(child), part, schema.and_then(|schema| schema.field(name)))?;
            if let Some(mut child) = settled(walked) {
                keep_style(&mut child, style);
                entries.push((key, child));
            }
        }
        for (key, value) in added {
            let schema = schema.and_then(|schema| schema.field(raw_text(key)));
            if let Some(value) = settled(self.walk(None, Source::Patch(value), schema)?) {
                entries.push((key.clone(), value));
            }
        }
        *mapping.entries_mut() = entries;
        Ok(node)
    }

    fn walk_sequence(
        &self,
        node: Option<Node>,
        source: Source<'_>,
        schema: Option<Schema<'t>>,
    ) -> Result<Option<Merged>, Problem> {
        let Some((schema, keys)) = schema.and_then(|schema| Some((schema, schema.merge_keys()?))) else {
            return Ok(take(node, source));
        };
        match plan_sequence(node, source)? {
            Plan::Gone => Ok(None),
            Plan::Done(merged) => Ok(Some(merged)),
            Plan::Parts { node, source, in_place } => {
                let node = associative::merge(self, node, source, schema, keys)?;
                Ok(Some(merged(node, in_place)))
            }
            Plan::Changed { node, patch } => {
                let node = associative::merge(self, node, Source::Patch(&patch), schema, keys)?;
                Ok(Some(merged(node, true)))
            }
        }
    }
}

/// Returns what the patch has and the object has not; nulls would go again.
fn only_in_patch<'p>(mapping: &Mapping, source: Source<'p>) -> Vec<(&'p Node, &'p Node)> {
    let Source::Patch(patch) = source else { return Vec::new() };
    let entries = patch.as_mapping().map(Mapping::entries).unwrap_or_default();
    let new = entries.iter().filter(|(key, value)| !mapping.contains(raw_text(key)) && !value.is_null());
    new.map(|(key, value)| (key, value)).collect()
}

fn merged(node: Node, in_place: bool) -> Merged {
    Merged { node, keep_null: false, in_place }
}

/// Returns the value that a key gets, if it stays.
fn settled(walked: Option<Merged>) -> Option<Node> {
    walked.filter(|merged| merged.keep_null || !merged.node.is_null()).map(|merged| merged.node)
}

fn part<'p>(source: Source<'p>, name: &str) -> Source<'p> {
    match source {
        Source::Patch(patch) => patch.get(name).map_or(Source::Nothing, Source::Patch),
        other => other,
    }
}

/// The patch's value wins as a whole.
fn take(node: Option<Node>, source: Source<'_>) -> Option<Merged> {
    match source {
        Source::Patch(patch) => Some(merged(patch.clone(), false)),
        Source::Nothing | Source::Itself => node.map(|node| merged(node, true)),
    }
}

fn check(node: &Option<Node>, patch: Option<&Node>, expected: &str, fits: fn(&Node) -> bool) -> Result<(), Problem> {
    let present = node.iter().chain(patch).filter(|node| !node.is_null());
    match present.into_iter().find(|node| !fits(node)) {
        Some(wrong) => Err(wrong_kind(expected, wrong)),
        None => Ok(()),
    }
}

fn plan_mapping<'p>(node: Option<Node>, source: Source<'p>) -> Result<Plan<'p>, Problem> {
    let Some(node) = node.filter(|node| !node.is_null() || !matches!(source, Source::Patch(_))) else {
        return Ok(match source {
            Source::Patch(patch) => take_over(patch),
            Source::Nothing | Source::Itself => Plan::Gone,
        });
    };
    if node.is_null() {
        return Ok(lone_null(node, source));
    }
    match source {
        Source::Nothing => Ok(Plan::Parts { node, source, in_place: true }),
        Source::Patch(patch) if patch.is_null() => Ok(Plan::Gone),
        Source::Patch(patch) => match mapping_directive(patch)? {
            None => Ok(Plan::Parts { node, source, in_place: true }),
            Some(directive) => Ok(directed(node, without_directive(patch), directive)),
        },
        Source::Itself => match mapping_directive(&node)? {
            Some(Directive::Delete) => Ok(Plan::Gone),
            Some(_) => Ok(Plan::Parts { node: without_directive(&node), source, in_place: true }),
            None => Ok(Plan::Parts { node, source, in_place: true }),
        },
    }
}

/// A null of the object stays if it is written out; one of the patch means that nothing is there.
fn lone_null<'p>(node: Node, source: Source<'p>) -> Plan<'p> {
    match source {
        Source::Nothing if raw_text(&node).is_empty() => Plan::Gone,
        Source::Nothing => Plan::Done(Merged { node, keep_null: true, in_place: true }),
        _ => Plan::Done(merged(node, true)),
    }
}

/// The object has nothing here. Directives that can't be read are let pass, as in kustomize.
fn take_over<'p>(patch: &Node) -> Plan<'p> {
    match mapping_directive(patch) {
        Ok(Some(Directive::Delete)) => Plan::Gone,
        Ok(Some(_)) => Plan::Parts { node: without_directive(patch), source: Source::Itself, in_place: false },
        _ => Plan::Parts { node: patch.clone(), source: Source::Itself, in_place: false },
    }
}

fn directed<'p>(node: Node, patch: Node, directive: Directive) -> Plan<'p> {
    match directive {
        Directive::Delete => Plan::Gone,
        Directive::Replace => Plan::Parts { node: patch, source: Source::Itself, in_place: false },
        Directive::Merge => Plan::Changed { node, patch },
    }
}

fn plan_sequence<'p>(node: Option<Node>, source: Source<'p>) -> Result<Plan<'p>, Problem> {
    let Some(node) = node.filter(|node| !node.is_null()) else {
        return Ok(match source {
            Source::Patch(patch) => Plan::Parts { node: patch.clone(), source: Source::Itself, in_place: false },
            Source::Nothing | Source::Itself => Plan::Gone,
        });
    };
    match source {
        Source::Nothing => Ok(Plan::Parts { node, source, in_place: true }),
        Source::Patch(patch) if patch.is_null() => Ok(Plan::Gone),
        Source::Patch(patch) => match sequence_directive(patch)? {
            None => Ok(Plan::Parts { node, source, in_place: true }),
            Some((directive, word)) => Ok(directed(node, without_element(patch, word), directive)),
        },
        Source::Itself => match sequence_directive(&node)? {
            Some((Directive::Delete, _)) => Ok(Plan::Gone),
            Some((_, word)) => Ok(Plan::Parts { node: without_element(&node, word), source, in_place: true }),
            None => Ok(Plan::Parts { node, source, in_place: true }),
        },
    }
}

fn directive(word: &str) -> Result<Directive, Problem> {
    match word {
        "merge" => Ok(Directive::Merge),
        "replace" => Ok(Directive::Replace),
        "delete" => Ok(Directive::Delete),
        _ => Err(Problem::invalid(format!("unknown patch strategy '{word}'"))
            .hint("`$patch` is one of merge, replace, delete")),
    }
}

fn mapping_directive(patch: &Node) -> Result<Option<Directive>, Problem> {
    patch.get(DIRECTIVE).map(|word| directive(raw_text(word))).transpose()
}

/// A list's directive is an element of its own; the first element with the key decides.
fn sequence_directive(patch: &Node) -> Result<Option<(Directive, &str)>, Problem> {
    let items = patch.as_sequence().unwrap_or_default();
    let Some(element) = items.iter().find(|item| item.get(DIRECTIVE).is_some()) else { return Ok(None) };
    if element.as_mapping().is_some_and(|mapping| mapping.len() > 1) {
        return Ok(None);
    }
    let word = element.get(DIRECTIVE).map(raw_text).unwrap_or_default();
    Ok(Some((directive(word)?, word)))
}

fn without_directive(patch: &Node) -> Node {
    let mut patch = patch.clone();
    if let Some(mapping) = patch.as_mapping_mut() {
        mapping.remove(DIRECTIVE);
    }
    patch
}

fn without_element(patch: &Node, word: &str) -> Node {
    let mut patch = patch.clone();
    if let Some(items) = patch.as_sequence_mut() {
        items.retain(|item| item.get(DIRECTIVE).is_none_or(|found| raw_text(found) != word));
        items.retain(|item| !item.is_null() && item.as_mapping().is_none_or(|mapping| !mapping.is_empty()));
    }
    patch
}
