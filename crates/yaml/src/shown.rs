//! Values as Go's `%#v` shows them, which go-yaml v2 tells keys apart by and names in errors.

use std::cmp::Ordering;

use crate::{
    go,
    node::{Mapping, Node, Tag, Value},
    resolve::{Resolved, resolve_v2},
};

/// Shows a node as Go shows what go-yaml v2 decodes it into.
pub(crate) fn shown(node: &Node) -> String {
    match &node.value {
        Value::Scalar(text) => scalar(&node.tag, text),
        Value::Sequence(items) => {
            format!("[]interface {{}}{{{}}}", items.iter().map(shown).collect::<Vec<_>>().join(", "))
        }
        Value::Mapping(mapping) => format!("map[interface {{}}]interface {{}}{{{}}}", entries(mapping).join(", ")),
    }
}

/// Shows a node that stands alone: there `nil` has no type.
pub(crate) fn shown_alone(node: &Node) -> String {
    if node.is_null() { "<nil>".into() } else { shown(node) }
}

fn scalar(tag: &Tag, text: &str) -> String {
    match (tag, resolve_v2(text)) {
        (Tag::Null, _) => "interface {}(nil)".into(),
        (Tag::Bool, Resolved::Bool(value)) => value.to_string(),
        (Tag::Int, Resolved::Int(int)) => int.to_string(),
        (Tag::Int, Resolved::Uint(uint)) => format!("{uint:#x}"),
        (Tag::Float, Resolved::Float(float)) => number(float),
        (Tag::Float, Resolved::Int(int)) => number(int as f64),
        _ => go::quote(text),
    }
}

fn number(float: f64) -> String {
    match float {
        _ if float.is_nan() => "NaN".into(),
        f64::INFINITY => "+Inf".into(),
        f64::NEG_INFINITY => "-Inf".into(),
        _ => go::format_g(float),
    }
}

/// Go sorts the entries by their keys; where keys have several types, in an order of its own at each start.
fn entries(mapping: &Mapping) -> Vec<String> {
    let mut entries: Vec<_> = mapping.entries().iter().collect();
    entries.sort_by(|(one, _), (other, _)| order(one, other));
    entries.into_iter().map(|(key, value)| format!("{}:{}", shown(key), shown(value))).collect()
}

fn order(one: &Node, other: &Node) -> Ordering {
    let number = |node: &Node| match (&node.tag, &node.value) {
        (Tag::Int | Tag::Float, Value::Scalar(text)) => go::parse_float(text),
        _ => None,
    };
    match (number(one), number(other)) {
        (Some(one), Some(other)) => one.total_cmp(&other),
        (one, other) if one.is_some() != other.is_some() => other.is_some().cmp(&one.is_some()),
        _ => shown(one).cmp(&shown(other)),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::{Duplicates, Flavor, Limits, parse_first};

    /// What Go 1.26 prints of what go-yaml v2 has decoded.
    #[rstest]
    #[case("a", r#""a""#)]
    #[case("[a, 1, 1.5, ~, yes]", r#"[]interface {}{"a", 1, 1.5, interface {}(nil), true}"#)]
    #[case("{b: 2, a: [x]}", r#"map[interface {}]interface {}{"a":[]interface {}{"x"}, "b":2}"#)]
    #[case("{10: a, 9: b}", r#"map[interface {}]interface {}{9:"b", 10:"a"}"#)]
    #[case("18446744073709551615", "0xffffffffffffffff")]
    #[case("[.inf, -.inf, .nan, !!float 3]", "[]interface {}{+Inf, -Inf, NaN, 3}")]
    #[case("2001-01-01", r#""2001-01-01""#)]
    #[case("~", "<nil>")]
    fn values_are_shown_as_go_shows_them(#[case] text: &str, #[case] expected: &str) {
        let node = parse_first(text, Flavor::V2, Duplicates::LastWins, &Limits::default());
        assert_eq!(node.map(|node| shown_alone(&node)).as_deref(), Ok(expected));
    }
}
