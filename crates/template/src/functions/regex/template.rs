//! What matches are replaced with: a text in which `$1`, `${name}` stand for parts of the match.

use crate::functions::unicode::{is_digit, is_letter};

/// A part of a match that a template names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Group<'a> {
    Number(usize),
    Name(&'a str),
}

/// Writes a template. A `$` that begins no name stays.
pub(super) fn expand<'a>(out: &mut Vec<u8>, template: &[u8], part: impl Fn(Group<'_>) -> Option<&'a [u8]>) {
    let mut rest = template;
    while let Some(at) = rest.iter().position(|byte| *byte == b'$') {
        out.extend_from_slice(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix(b"$") {
            out.push(b'$');
            rest = after;
        } else if let Some((name, after)) = name(rest) {
            out.extend_from_slice(part(group(name)).unwrap_or_default());
            rest = after;
        } else {
            out.push(b'$');
        }
    }
    out.extend_from_slice(rest);
}

/// Takes `name` or `{name}`, as long as it can be.
fn name(text: &[u8]) -> Option<(&str, &[u8])> {
    let inside = text.strip_prefix(b"{");
    let from = inside.unwrap_or(text);
    let valid = from.utf8_chunks().next()?.valid();
    let end = valid.find(|c| !is_letter(c) && !is_digit(c) && c != '_').unwrap_or(valid.len());
    let (name, rest) = (&valid[..end], &from[end..]);
    let rest = if inside.is_some() { rest.strip_prefix(b"}")? } else { rest };
    (!name.is_empty()).then_some((name, rest))
}

fn group(name: &str) -> Group<'_> {
    let number = name.bytes().all(|byte| byte.is_ascii_digit()) && (name == "0" || !name.starts_with('0'));
    match name.parse() {
        Ok(index) if number => Group::Number(index),
        _ => Group::Name(name),
    }
}
