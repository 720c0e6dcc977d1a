//! Reads Kubernetes objects out of a text.

use std::{borrow::Cow, collections::VecDeque};

use sluice_object::TreePath;
use sluice_yaml::{Limits, Node, Value, parse_all};

use crate::{
    error::{Error, Place, Problem},
    resource::text_at,
};

/// Reads the objects of a file.
pub(crate) fn read(text: &str, file: &TreePath, limits: &Limits) -> Result<Vec<Node>, Error> {
    let place = |line: u32| Place { file: file.clone(), line, field: String::new() };
    check_separators(text).map_err(|(line, problem)| problem.at(&place(line)))?;
    let documents = parse(text, limits).map_err(|source| yaml_error(file, source))?;
    objects(documents).map_err(|(line, problem)| problem.at(&place(line)))
}

/// Reads the objects of a text that isn't a file of its own.
pub(crate) fn read_inline(text: &str, limits: &Limits) -> Result<Vec<Node>, Problem> {
    check_separators(text).map_err(|(_, problem)| problem)?;
    let documents = parse(text, limits).map_err(|error| Problem::invalid(format!("MalformedYAMLError: {error}")))?;
    objects(documents).map_err(|(_, problem)| problem)
}

/// Says where in a file YAML breaks.
pub(crate) fn yaml_error(file: &TreePath, cause: sluice_yaml::Error) -> Error {
    let line = cause.position().map_or(0, |at| at.line);
    Error::Yaml { place: Place { file: file.clone(), line, field: String::new() }, cause: Box::new(cause) }
}

/// Reads documents as kustomize does, which cuts a text at its separators first.
fn parse(text: &str, limits: &Limits) -> Result<Vec<Node>, sluice_yaml::Error> {
    let text = if text.contains("\r\n") { Cow::from(text.replace("\r\n", "\n")) } else { Cow::from(text) };
    parse_all(&separated(&text), limits)
}

/// Takes out what kustomize never sees: of each part between separators it reads the first document only.
fn separated(text: &str) -> Cow<'_, str> {
    if !text.lines().any(|line| line.starts_with("...")) {
        return text.into();
    }
    let mut ended = false;
    let lines = text.split_inclusive('\n').enumerate().map(|(index, line)| {
        let separates = index > 0 && line.starts_with("---");
        ended = !separates && (ended || line.starts_with("..."));
        if ended { "\n" } else { line }
    });
    lines.collect::<String>().into()
}

/// Refuses separators with something behind them, and directives: they would stand in a part of their own.
fn check_separators(text: &str) -> Result<(), Located> {
    let line = |index: usize| u32::try_from(index + 1).unwrap_or(u32::MAX);
    let mut lines = text.lines().enumerate();
    let directive = text.starts_with('%') && text.contains("\n---");
    if directive {
        return Err((1, Problem::invalid("MalformedYAMLError: did not find expected <document start>")));
    }
    let broken = |(index, text): &(usize, &str)| {
        let rest = text.strip_prefix("---").map(str::trim_start);
        *index > 0 && rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('#'))
    };
    match lines.find(broken) {
        Some((index, text)) => Err((line(index), Problem::invalid(format!("invalid document separator: {text}")))),
        None => Ok(()),
    }
}

/// A problem and its line.
pub(crate) type Located = (u32, Problem);

fn objects(documents: Vec<Node>) -> Result<Vec<Node>, Located> {
    let documents: Vec<Node> = documents.into_iter().filter(|node| !is_empty(node)).collect();
    let mut queue: VecDeque<Node> = unwrap_list(documents)?.into();
    queue.iter().try_for_each(check)?;
    let mut objects = Vec::with_capacity(queue.len());
    while let Some(node) = queue.pop_front() {
        match list_items(node)? {
            Items::Object(node) => objects.push(node),
            Items::List(items) => queue.extend(items),
        }
    }
    Ok(objects)
}

fn is_empty(node: &Node) -> bool {
    match &node.value {
        Value::Scalar(text) => node.is_null() || text.is_empty(),
        Value::Sequence(items) => items.is_empty(),
        Value::Mapping(mapping) => mapping.is_empty(),
    }
}

/// A single `List` or `ResourceList` is what it holds.
fn unwrap_list(mut documents: Vec<Node>) -> Result<Vec<Node>, Located> {
    let [single] = &mut documents[..] else { return Ok(documents) };
    if !matches!(text_at(single, &["kind"]), "List" | "ResourceList") {
        return Ok(documents);
    }
    let wraps_nothing = single.get("functionConfig").is_some();
    match single.get_mut("items") {
        Some(items) if items.is_null() => Ok(Vec::new()),
        Some(items) => match items.as_sequence_mut().map(std::mem::take) {
            Some(items) => Ok(items.into_iter().filter(|node| !is_empty(node)).collect()),
            None => Err((items.at.line, Problem::manifest("missing Resource metadata").hint("`items` is a list"))),
        },
        None if wraps_nothing => Ok(Vec::new()),
        None => Ok(documents),
    }
}

/// Refuses what has no kind or no name.
pub(crate) fn check(node: &Node) -> Result<(), Located> {
    let line = node.at.line;
    if node.as_mapping().is_none() {
        return Err((line, Problem::manifest("missing Resource metadata").hint("a manifest is a mapping")));
    }
    let (kind, name) = (text_at(node, &["kind"]), text_at(node, &["metadata", "name"]));
    let object = || format!("{{apiVersion: {}, kind: {kind}, name: {name}}}", text_at(node, &["apiVersion"]));
    if kind.is_empty() {
        return Err((line, Problem::manifest(format!("missing kind in object {}", object()))));
    }
    if name.is_empty() && !kind.ends_with("List") {
        let problem = Problem::manifest(format!("missing metadata.name in object {}", object()));
        let generated = !text_at(node, &["metadata", "generateName"]).is_empty();
        let problem = if generated { problem.hint("`generateName` does not stand in for a name") } else { problem };
        return Err((line, problem));
    }
    Ok(())
}

enum Items {
    Object(Node),
    List(Vec<Node>),
}

/// An object whose kind ends in `List` and that has `items` is those.
fn list_items(mut node: Node) -> Result<Items, Located> {
    let (kind, line) = (text_at(&node, &["kind"]).to_owned(), node.at.line);
    if !kind.ends_with("List") {
        return Ok(Items::Object(node));
    }
    let Some(items) = node.get_mut("items") else { return Ok(Items::Object(node)) };
    if items.is_null() {
        return Ok(Items::List(Vec::new()));
    }
    let Some(items) = items.as_sequence_mut().map(std::mem::take) else {
        return Err((line, Problem::manifest(format!("expected array in {kind}/items, but found something else"))));
    };
    let items: Vec<Node> = items.into_iter().filter(|node| !is_empty(node)).collect();
    items.iter().try_for_each(check)?;
    Ok(Items::List(items))
}
