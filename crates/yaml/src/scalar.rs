//! One scalar: its tag, explicit or resolved, and its text.

use crate::{
    base64,
    error::Error,
    mapping::Child,
    node::{Node, Position, Style, Tag, Value},
    resolve::{Flavor, Resolved, resolve, resolve_tagged},
};

/// Makes the node of a scalar.
pub(crate) fn compose(
    flavor: Flavor,
    text: String,
    style: Style,
    tag: Option<String>,
    at: Position,
) -> Result<Child, Error> {
    let merge = is_merge(flavor, &text, style, tag.as_deref());
    let (tag, text) = match tag.as_deref() {
        None if style != Style::Plain => (Tag::Str, text),
        // The non-specific tag: a string to v2, no tag at all to v3.
        Some("!") if style != Style::Plain || flavor == Flavor::V2 => (Tag::Str, text),
        None | Some("!") => (resolve(flavor, &text).tag(), text),
        Some("!!binary") => (Tag::Binary, binary(&text, at)?),
        Some(tag) => (tagged(flavor, tag, &text, at)?, text),
    };
    let node = Node { value: Value::Scalar(text), tag, style, at };
    Ok(Child { node, alias: None, merge, at })
}

fn is_merge(flavor: Flavor, text: &str, style: Style, tag: Option<&str>) -> bool {
    text == "<<"
        && match tag {
            None => style == Style::Plain,
            Some("!") => style == Style::Plain || flavor == Flavor::V2,
            Some(tag) => tag == "!!merge",
        }
}

fn tagged(flavor: Flavor, tag: &str, text: &str, at: Position) -> Result<Tag, Error> {
    let resolved = match tag {
        "!!str" => return Ok(Tag::Str),
        "!!timestamp" => resolve(flavor, text),
        "!!bool" | "!!int" | "!!float" | "!!null" => resolve_tagged(flavor, text),
        other => return Ok(Tag::Other(other.to_owned())),
    };
    let is = name(resolved);
    match (tag, resolved) {
        ("!!float", Resolved::Int(_)) => Ok(Tag::Float),
        _ if tag == is => Ok(resolved.tag()),
        _ => Err(Error::Tag { is, text: text.to_owned(), wanted: tag.to_owned(), at }),
    }
}

fn name(resolved: Resolved) -> &'static str {
    match resolved {
        Resolved::Null => "!!null",
        Resolved::Bool(_) => "!!bool",
        Resolved::Int(_) | Resolved::Uint(_) => "!!int",
        Resolved::Float(_) => "!!float",
        Resolved::Timestamp => "!!timestamp",
        Resolved::Str => "!!str",
    }
}

fn binary(text: &str, at: Position) -> Result<String, Error> {
    let bytes = base64::decode(text).ok_or(Error::Binary { at })?;
    Ok(lossy(&bytes))
}

/// As Go's JSON encoder: each byte that isn't UTF-8 becomes a replacement character of its own.
fn lossy(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        out.push_str(chunk.valid());
        chunk.invalid().iter().for_each(|_| out.push(char::REPLACEMENT_CHARACTER));
    }
    out
}
