//! What is to be printed: values reduced to text and style.

use std::borrow::Cow;

use serde_json::{Number, Value as Json};

use super::{Keys, order};
use crate::{
    base64, go,
    node::{Node, Style, Tag, Value},
    resolve::{Flavor, Resolved, is_base60, resolve_v2, resolve_v3},
};

/// A node on its way out.
#[derive(Debug)]
pub(super) enum Item<'a> {
    Scalar(Scalar<'a>),
    Sequence { items: Vec<Item<'a>>, flow: bool },
    Mapping { entries: Vec<(Item<'a>, Item<'a>)>, flow: bool },
}

/// Text, the style asked for, and a tag where it can't be left out.
#[derive(Debug)]
pub(super) struct Scalar<'a> {
    pub(super) text: Cow<'a, str>,
    pub(super) style: Style,
    pub(super) tag: Option<Cow<'a, str>>,
}

impl<'a> Item<'a> {
    pub(super) fn scalar(text: impl Into<Cow<'a, str>>, style: Style) -> Self {
        Self::Scalar(Scalar { text: text.into(), style, tag: None })
    }
}

/// Returns the item of a JSON value, styled as go-yaml v2 does.
pub(super) fn of_json(json: &Json, keys: Keys) -> Item<'_> {
    match json {
        Json::Null => Item::scalar("null", Style::Plain),
        Json::Bool(true) => Item::scalar("true", Style::Plain),
        Json::Bool(false) => Item::scalar("false", Style::Plain),
        Json::Number(number) => Item::scalar(number_text(number), Style::Plain),
        Json::String(text) => of_text(text),
        Json::Array(items) => {
            Item::Sequence { items: items.iter().map(|item| of_json(item, keys)).collect(), flow: false }
        }
        Json::Object(map) => {
            let mut entries: Vec<_> = map.iter().map(|(key, value)| (key.as_str(), value)).collect();
            entries.sort_by_key(|(key, _)| *key);
            let sorted = match keys {
                Keys::Natural => order::sort(Flavor::V2, &entries),
                Keys::Bytewise => entries,
            };
            let entries = sorted.into_iter().map(|(key, value)| (of_text(key), of_json(value, keys))).collect();
            Item::Mapping { entries, flow: false }
        }
    }
}

fn of_text(text: &str) -> Item<'_> {
    let style = if text.contains('\n') {
        Style::Literal
    } else if resolve_v2(text) == Resolved::Str && !is_base60(text) {
        Style::Plain
    } else {
        Style::DoubleQuoted
    };
    Item::scalar(text, style)
}

/// Go writes the number as JSON, reads that as YAML and prints what it read: `1.0` becomes `1`.
fn number_text(number: &Number) -> String {
    if number.is_i64() || number.is_u64() {
        return number.to_string();
    }
    let float = number.as_f64().unwrap_or_default();
    match resolve_v2(&go::format_json(float)) {
        Resolved::Int(int) => int.to_string(),
        Resolved::Uint(uint) => uint.to_string(),
        _ => go::format_g(float),
    }
}

/// Returns the item of a node, styled as go-yaml v3 does.
pub(super) fn of_node(node: &Node) -> Item<'_> {
    let flow = node.style == Style::Flow;
    match &node.value {
        Value::Scalar(text) => of_scalar(node, text),
        Value::Sequence(items) => Item::Sequence { items: items.iter().map(of_node).collect(), flow },
        Value::Mapping(mapping) => {
            let pairs = mapping.entries().iter().map(|(key, value)| (of_node(key), of_node(value)));
            Item::Mapping { entries: pairs.collect(), flow }
        }
    }
}

fn of_scalar<'a>(node: &'a Node, text: &'a str) -> Item<'a> {
    if node.tag == Tag::Binary {
        let text = Cow::Owned(base64::encode(text.as_bytes()));
        return Item::Scalar(Scalar { text, style: node.style, tag: Some("!!binary".into()) });
    }
    let quoted = !matches!(node.style, Style::Plain | Style::Flow);
    let fits = (node.tag == Tag::Str && quoted) || resolve_v3(text).tag() == node.tag;
    let style = if quoted {
        node.style
    } else if text.contains('\n') {
        Style::Literal
    } else if node.tag == Tag::Str && !fits {
        Style::DoubleQuoted
    } else {
        Style::Plain
    };
    let tag = (!fits && node.tag != Tag::Str).then(|| shown_tag(&node.tag));
    Item::Scalar(Scalar { text: text.into(), style, tag })
}

fn shown_tag(tag: &Tag) -> Cow<'_, str> {
    match tag {
        Tag::Null => "!!null".into(),
        Tag::Bool => "!!bool".into(),
        Tag::Int => "!!int".into(),
        Tag::Float => "!!float".into(),
        Tag::Str => "!!str".into(),
        Tag::Timestamp => "!!timestamp".into(),
        Tag::Binary => "!!binary".into(),
        Tag::Seq => "!!seq".into(),
        Tag::Map => "!!map".into(),
        Tag::Other(tag) if tag.starts_with('!') => tag.as_str().into(),
        Tag::Other(tag) => format!("!<{tag}>").into(),
    }
}
