//! Goes to the fields that a path names, through lists, making them where asked to.

use sluice_yaml::{Mapping, Node, Tag, Value};

use crate::{
    config::FieldSpec,
    error::Problem,
    resource::{Resource, plain_key, string},
};

/// What is made at the end of a path when it isn't there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Make {
    /// Nothing.
    Nothing,
    /// An empty text.
    Scalar,
    /// An empty mapping.
    Mapping,
}

/// Calls `set` on each field of an object that a spec names, if the spec is for its kind.
pub(crate) fn visit(
    resource: &mut Resource,
    spec: &FieldSpec,
    make: Make,
    set: &mut dyn FnMut(&mut Node) -> Result<(), Problem>,
) -> Result<(), Problem> {
    if !spec.is_for(resource) {
        return Ok(());
    }
    let make = if spec.create { make } else { Make::Nothing };
    walk(&mut resource.node, &spec.parts, make, set)
        .map_err(|problem| problem.within(format!("considering field '{}' of object {}", spec.path, resource.id())))
}

/// Calls `set` on each field of an object that one of the specs names.
pub(crate) fn visit_all(
    resource: &mut Resource,
    specs: &[FieldSpec],
    make: Make,
    set: &mut dyn FnMut(&mut Node) -> Result<(), Problem>,
) -> Result<(), Problem> {
    specs.iter().try_for_each(|spec| visit(resource, spec, make, set))
}

/// Calls `set` on each node at a path.
pub(crate) fn walk(
    node: &mut Node,
    parts: &[String],
    make: Make,
    set: &mut dyn FnMut(&mut Node) -> Result<(), Problem>,
) -> Result<(), Problem> {
    let [part, rest @ ..] = parts else { return set(node) };
    if node.is_null() {
        return Ok(());
    }
    match &mut node.value {
        Value::Sequence(items) => items.iter_mut().try_for_each(|item| walk(item, parts, make, set)),
        Value::Mapping(mapping) => match field(mapping, part, rest.is_empty(), make)? {
            Some(child) => walk(child, rest, make, set),
            None => Ok(()),
        },
        Value::Scalar(_) => Err(Problem::new("expected sequence or mapping node")),
    }
}

fn field<'n>(mapping: &'n mut Mapping, part: &str, last: bool, make: Make) -> Result<Option<&'n mut Node>, Problem> {
    let (name, list) = match part.strip_suffix("[]") {
        Some(name) => (name, true),
        None => (part, false),
    };
    if name.is_empty() {
        return Err(Problem::new("cannot set or create an empty field name"));
    }
    let made = match make {
        _ if list => Some(Node::sequence(Vec::new())),
        Make::Nothing => None,
        Make::Scalar if last => Some(Node::string("")),
        _ => Some(Node::mapping(Mapping::new())),
    };
    if made.is_some() && !list && !mapping.contains(name) {
        mapping.insert(name, Node::null());
    }
    let child = mapping.get_mut(name);
    Ok(child.map(|child| replace_null(child, made)))
}

/// Null becomes what is wanted in its place.
fn replace_null(node: &mut Node, made: Option<Node>) -> &mut Node {
    if let (true, Some(made)) = (node.is_null(), made) {
        *node = made;
    }
    node
}

/// Sets a key of a mapping to a string.
pub(crate) fn set_entry(node: &mut Node, key: &str, value: &str) -> Result<(), Problem> {
    let Value::Mapping(mapping) = &mut node.value else { return Err(wrong_kind("MappingNode", node)) };
    match mapping.get_mut(key) {
        Some(old) => {
            old.tag = Tag::Str;
            old.value = Value::Scalar(value.to_owned());
        }
        None => {
            mapping.push(plain_key(key), string(value));
        }
    }
    Ok(())
}

/// Says that a node has the wrong kind, in the reference's words.
pub(crate) fn wrong_kind(expected: &str, node: &Node) -> Problem {
    let found = match &node.value {
        Value::Scalar(_) => "ScalarNode",
        Value::Sequence(_) => "SequenceNode",
        Value::Mapping(_) => "MappingNode",
    };
    let line = if node.at.line > 0 { format!(" (line {})", node.at.line) } else { String::new() };
    Problem::new(format!("wrong node kind: expected {expected} but got {found}{line}"))
}
