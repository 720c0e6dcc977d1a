//! Changes values inside text that is YAML or JSON itself.

use sluice_yaml::{Flavor, LayoutOptions, Limits, Node, Value, emit_v3, parse_all, to_json};

use super::path::{self, Create, Visit};
use crate::{error::Problem, go, resource::raw_text};

/// How much YAML may be inside a text.
const LIMITS: Limits = Limits { bytes: 4 << 20, depth: 100, nodes: 200_000 };

/// Reads a text as YAML.
pub(crate) fn parse(text: &str) -> Result<Node, Problem> {
    let documents = parse_all(text, &LIMITS).map_err(|error| Problem::new(error.to_string()))?;
    Ok(documents.into_iter().next().unwrap_or_else(Node::null))
}

/// Calls `set` on the fields inside a text, if the path leads into one. Says whether it did.
pub(crate) fn set(target: &mut Node, parts: &[String], create: Create, set: Visit<'_>) -> bool {
    let Some((at, mut inner)) = text_on(target, parts) else { return false };
    let (outer, rest) = parts.split_at(at);
    if !path::visit(&mut inner, rest, create, set).is_ok_and(|count| count > 0) {
        return false;
    }
    let mut written = false;
    let _ = path::visit(target, outer, Create::No, &mut |node, _| {
        if let Some(text) = print(&inner, raw_text(node)) {
            set_text(node, &text);
            written = true;
        }
        Ok(())
    });
    written
}

/// Finds the first part of the path that leads to a text with YAML in it.
fn text_on(target: &Node, parts: &[String]) -> Option<(usize, Node)> {
    (1..parts.len()).find_map(|at| {
        let node = path::lookup(target, &parts[..at]).ok()??;
        let Value::Scalar(text) = &node.value else { return None };
        parse(text).ok().map(|inner| (at, inner))
    })
}

fn set_text(node: &mut Node, text: &str) {
    node.value = Value::Scalar(text.to_owned());
}

/// Prints JSON as JSON, over several lines if it was, and all else as YAML, in the styles that it had.
fn print(inner: &Node, original: &str) -> Option<String> {
    if !original.trim_start().starts_with(['{', '[']) {
        return Some(emit_v3(inner, &LayoutOptions::default()).trim().to_owned());
    }
    let json = to_json(inner, Flavor::V3).ok()?;
    let lines = original.contains('\n') && original.contains("  ");
    Some(if lines { go::to_json_indented(&json) } else { go::to_json(&json) })
}
