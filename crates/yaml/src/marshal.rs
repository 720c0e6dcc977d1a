//! Nodes as go-yaml v3 makes them of Go's values, to be written by [`emit_v3`](crate::emit_v3).

use crate::{
    base64,
    emit::sort_keys,
    go,
    node::{Mapping, Node, Position, Style, Tag, Value},
    resolve::{Flavor, Resolved, is_base60, resolve_v2, resolve_v3},
};

/// Returns a node of a Go string: quoted where it would be read as something else, also by YAML 1.1.
pub fn string_v3(bytes: &[u8]) -> Node {
    match std::str::from_utf8(bytes) {
        Ok(text) => scalar(text.to_owned(), Tag::Str, style(text)),
        Err(_) => scalar(base64::encode_lines(bytes), Tag::Other("!!binary".into()), Style::Plain),
    }
}

/// Returns a node of a `float64`: in JSON's `1000000` it is `1e+06`.
pub fn float_v3(float: f64) -> Node {
    let text = go::format_g(float);
    let tag = resolve_v3(&text).tag();
    scalar(text, tag, Style::Plain)
}

/// Returns a node of a `time.Time`, given as RFC 3339.
pub fn time_v3(text: String) -> Node {
    let tag = resolve_v3(&text).tag();
    scalar(text, tag, Style::Plain)
}

/// Returns a node of a map, its keys sorted.
pub fn map_v3(entries: Vec<(String, Node)>) -> Node {
    let keys: Vec<_> = entries.iter().map(|(key, _)| key.clone()).collect();
    let places: Vec<_> = keys.iter().enumerate().map(|(place, key)| (key.as_str(), place)).collect();
    let mut nodes: Vec<_> = entries.into_iter().map(|(_, node)| Some(node)).collect();
    let mut mapping = Mapping::new();
    for (key, place) in sort_keys(Flavor::V3, &places) {
        mapping.push(string_v3(key.as_bytes()), nodes[place].take().unwrap_or_else(Node::null));
    }
    Node::mapping(mapping)
}

fn style(text: &str) -> Style {
    let is_string = resolve_v3(text) == Resolved::Str && !matches!(resolve_v2(text), Resolved::Bool(_));
    match text.contains('\n') {
        true => Style::Literal,
        false if is_string && !is_base60(text) => Style::Plain,
        false => Style::DoubleQuoted,
    }
}

fn scalar(text: String, tag: Tag, style: Style) -> Node {
    Node { value: Value::Scalar(text), tag, style, at: Position::default() }
}
