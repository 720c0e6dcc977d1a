//! Field paths of replacements: `spec.containers.[name=web].env.0.value`.
//!
//! A source path leads to one node at most; a target path may lead to many.

use regex::Regex;
use sluice_yaml::{Mapping, Node, Tag, Value};

use crate::{error::Problem, fields::wrong_kind, resource::raw_text};

/// Splits a path at its dots. `\.` and dots in brackets don't count; brackets without `=` are dropped.
pub(crate) fn split(path: &str) -> Vec<String> {
    let mut parts = Vec::new();
    let mut pieces = crate::config::split_path(path, '.').into_iter();
    while let Some(piece) = pieces.next() {
        if !piece.starts_with('[') || piece.ends_with(']') {
            parts.push(piece);
            continue;
        }
        let mut bracketed = vec![piece];
        for more in pieces.by_ref() {
            let closed = more.ends_with(']');
            bracketed.push(more);
            if closed {
                break;
            }
        }
        let whole = bracketed.join(".");
        parts.push(if whole.contains('=') { whole } else { whole.trim_matches(['[', ']']).to_owned() });
    }
    parts
}

/// What one part of a path means.
enum Part<'p> {
    Field(&'p str),
    Index(usize),
    Last,
    Every,
    /// Elements with a field of a value; an empty field means the element itself.
    Match(&'p str, &'p str),
}

impl<'p> Part<'p> {
    fn parse(part: &'p str) -> Result<Self, Problem> {
        if let Ok(index) = part.parse::<usize>() {
            return Ok(Self::Index(index));
        }
        match part.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            Some(inner) => inner.split_once('=').map(|(field, value)| Self::Match(field, value)).ok_or_else(|| {
                Problem::invalid("list path element must contain fieldName=fieldValue for element to match")
            }),
            None if part == "*" => Ok(Self::Every),
            None if part == "-" => Ok(Self::Last),
            None => Ok(Self::Field(part)),
        }
    }
}

/// Follows a path whose parts fit exactly.
pub(crate) fn lookup<'n>(mut node: &'n Node, parts: &[String]) -> Result<Option<&'n Node>, Problem> {
    for part in parts.iter().map(|part| part.trim()).filter(|part| !part.is_empty()) {
        match step(node, part)? {
            Some(next) => node = next,
            None => return Ok(None),
        }
    }
    Ok(Some(node))
}

fn step<'n>(node: &'n Node, part: &str) -> Result<Option<&'n Node>, Problem> {
    if node.is_null() {
        return Ok(None);
    }
    let items = || node.as_sequence().ok_or_else(|| wrong_kind("SequenceNode", node));
    match Part::parse(part)? {
        Part::Field(name) => match node.as_mapping() {
            Some(mapping) => Ok(mapping.get(name)),
            None => Err(wrong_kind("MappingNode", node)),
        },
        Part::Index(index) => Ok(items()?.get(index)),
        Part::Last => Ok(items()?.last()),
        Part::Every => Err(Problem::invalid("wildcard is not supported in PathGetter")
            .hint("a source must be one field; `*` is for targets")),
        Part::Match(field, value) => Ok(items()?.iter().find(|item| has(item, field, value))),
    }
}

fn has(item: &Node, field: &str, value: &str) -> bool {
    match field {
        "" => raw_text(item) == value,
        field => item.get(field).is_some_and(|found| raw_text(found) == value),
    }
}

/// What is made at the end of a target path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Create {
    /// Nothing is made.
    No,
    /// A scalar.
    Scalar,
    /// A mapping.
    Mapping,
    /// A list.
    Sequence,
}

impl Create {
    /// Returns what to make for a value.
    pub(crate) fn like(value: &Node) -> Self {
        match value.value {
            Value::Scalar(_) => Self::Scalar,
            Value::Mapping(_) => Self::Mapping,
            Value::Sequence(_) => Self::Sequence,
        }
    }

    /// Makes a node that the next part of a path can go into.
    fn before(self, next: Option<&String>) -> Node {
        match (next, self) {
            (Some(next), _) if next.parse::<usize>().is_ok() || (next.starts_with('[') && next.ends_with(']')) => {
                Node::sequence(Vec::new())
            }
            (Some(_), _) | (None, Self::Mapping) => Node::mapping(Mapping::new()),
            (None, Self::Sequence) => Node::sequence(Vec::new()),
            (None, Self::Scalar | Self::No) => Node::string(""),
        }
    }
}

/// What is done with each node, and whether it was made just now.
pub(crate) type Visit<'v> = &'v mut dyn FnMut(&mut Node, bool) -> Result<(), Problem>;

/// Calls `visit` for all nodes a target path leads to, with whether the node was made; returns their number.
pub(crate) fn visit(node: &mut Node, parts: &[String], create: Create, visit: Visit<'_>) -> Result<usize, Problem> {
    Walk { create }.go(node, parts, false, visit)
}

struct Walk {
    create: Create,
}

impl Walk {
    fn go(&self, node: &mut Node, parts: &[String], made: bool, visit: Visit<'_>) -> Result<usize, Problem> {
        let [part, rest @ ..] = parts else {
            visit(node, made)?;
            return Ok(1);
        };
        match Part::parse(part)? {
            Part::Index(index) => self.index(node, index, rest, visit),
            Part::Match(field, pattern) => self.matching(node, (field, pattern), rest, visit),
            Part::Every => self.every(node, rest, visit),
            Part::Last => self.field(node, "-", rest, visit),
            Part::Field(name) => self.field(node, name, rest, visit),
        }
    }

    fn field(&self, node: &mut Node, name: &str, rest: &[String], visit: Visit<'_>) -> Result<usize, Problem> {
        if node.is_null() {
            return Ok(0);
        }
        let kind = wrong_kind("MappingNode", node);
        let mapping = node.as_mapping_mut().ok_or(kind)?;
        let mut made = false;
        if !mapping.contains(name) && self.create != Create::No {
            mapping.insert(name, self.create.before(rest.first()));
            made = true;
        }
        match mapping.get_mut(name) {
            Some(child) if is_text(child) && !rest.is_empty() => self.inside_text(child, rest),
            Some(child) => self.go(child, rest, made, visit),
            None => Ok(0),
        }
    }

    /// Text that is YAML itself is looked into, but what is found there isn't written back from here.
    fn inside_text(&self, node: &Node, rest: &[String]) -> Result<usize, Problem> {
        let mut inner = super::structured::parse(raw_text(node))?;
        self.go(&mut inner, rest, false, &mut |_, _| Ok(()))
    }

    fn index(&self, node: &mut Node, index: usize, rest: &[String], visit: Visit<'_>) -> Result<usize, Problem> {
        let items = items(node)?;
        let mut made = false;
        if items.len() == index && self.create != Create::No {
            items.push(self.create.before(rest.first()));
            made = true;
        }
        let found = items.len();
        match items.get_mut(index) {
            Some(item) => self.go(item, rest, made, visit),
            None => Err(Problem::new(format!("index {index} specified but only {found} elements found"))),
        }
    }

    fn every(&self, node: &mut Node, rest: &[String], visit: Visit<'_>) -> Result<usize, Problem> {
        let mut count = 0;
        for item in items(node)? {
            count += self.go(item, rest, false, visit)?;
        }
        Ok(count)
    }

    /// The value is a pattern that may fit a part of the text, as in kustomize.
    fn matching(
        &self,
        node: &mut Node,
        (field, pattern): (&str, &str),
        rest: &[String],
        visit: Visit<'_>,
    ) -> Result<usize, Problem> {
        let regex = Regex::new(pattern).map_err(|error| Problem::invalid(error.to_string()))?;
        let count = self.each_match(node, field, &regex, rest, visit)?;
        if count > 0 || self.create == Create::No {
            return Ok(count);
        }
        items(node)?.push(element(field, pattern));
        self.each_match(node, field, &regex, rest, visit)
    }

    fn each_match(
        &self,
        node: &mut Node,
        field: &str,
        regex: &Regex,
        rest: &[String],
        visit: Visit<'_>,
    ) -> Result<usize, Problem> {
        let mut count = 0;
        for item in items(node)? {
            if field.is_empty() {
                if regex.is_match(raw_text(item)) {
                    count += self.go(item, &[], false, visit)?;
                }
            } else if item.get(field).is_some_and(|found| regex.is_match(raw_text(found).trim())) {
                count += self.go(item, rest, false, visit)?;
            }
        }
        Ok(count)
    }
}

fn element(field: &str, value: &str) -> Node {
    let mut mapping = Mapping::new();
    match field {
        "" => Node::string(value),
        field => {
            mapping.insert(field, Node::string(value));
            Node::mapping(mapping)
        }
    }
}

fn is_text(node: &Node) -> bool {
    matches!(node.value, Value::Scalar(_)) && node.tag != Tag::Null
}

fn items(node: &mut Node) -> Result<&mut Vec<Node>, Problem> {
    let kind = wrong_kind("SequenceNode", node);
    node.as_sequence_mut().ok_or(kind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("a.b", &["a", "b"])]
    #[case(r"metadata.annotations.a\.b/c", &["metadata", "annotations", "a.b/c"])]
    #[case("metadata.annotations.[a.b/c]", &["metadata", "annotations", "a.b/c"])]
    #[case("spec.[name=a.b].x", &["spec", "[name=a.b]", "x"])]
    fn paths_are_split_at_dots(#[case] path: &str, #[case] expected: &[&str]) {
        assert_eq!(split(path), expected);
    }
}
