//! Texts, by their characters.

use base64::{
    Engine as _,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

use super::{Answer, format};
use crate::{
    error::Fault,
    steps::Steps,
    value::Value::{self, Bool, Bytes, Int, List, String},
};

type Text = std::string::String;

/// Padding may be there or not.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

pub(super) fn call(name: &str, arguments: &[Value], steps: &mut Steps) -> Answer {
    let length: usize = arguments.iter().map(length).sum();
    if length > 0
        && let Err(fault) = steps.spend_on(length)
    {
        return Some(Err(fault));
    }
    asked(name, arguments).or_else(|| made(name, arguments)).or_else(|| joined(name, arguments, steps))
}

fn length(value: &Value) -> usize {
    match value {
        String(text) => text.len(),
        Bytes(bytes) => bytes.len(),
        _ => 0,
    }
}

/// What is asked of a text.
fn asked(name: &str, arguments: &[Value]) -> Answer {
    Some(match (name, arguments) {
        ("contains", [String(text), String(part)]) => Ok(Bool(text.contains(&**part))),
        ("startsWith", [String(text), String(part)]) => Ok(Bool(text.starts_with(&**part))),
        ("endsWith", [String(text), String(part)]) => Ok(Bool(text.ends_with(&**part))),
        ("indexOf", [String(text), String(part)]) => index_of(text, part, 0),
        ("indexOf", [String(text), String(part), Int(from)]) => index_of(text, part, *from),
        ("lastIndexOf", [String(text), String(part)]) => last_index_of(text, part, None),
        ("lastIndexOf", [String(text), String(part), Int(to)]) => last_index_of(text, part, Some(*to)),
        _ => return None,
    })
}

/// What is made of one text.
fn made(name: &str, arguments: &[Value]) -> Answer {
    Some(match (name, arguments) {
        ("charAt", [String(text), Int(at)]) => char_at(text, *at),
        ("substring", [String(text), Int(from)]) => substring(text, *from, None),
        ("substring", [String(text), Int(from), Int(to)]) => substring(text, *from, Some(*to)),
        ("lowerAscii", [String(text)]) => Ok(Value::text(text.to_ascii_lowercase())),
        ("upperAscii", [String(text)]) => Ok(Value::text(text.to_ascii_uppercase())),
        ("trim", [String(text)]) => Ok(Value::text(text.trim())),
        ("reverse", [String(text)]) => Ok(Value::text(text.chars().rev().collect::<Text>())),
        ("strings.quote", [String(text)]) => Ok(Value::text(quoted(text))),
        ("base64.encode", [Bytes(bytes)]) => Ok(Value::text(BASE64.encode(bytes))),
        ("base64.decode", [String(text)]) => match BASE64.decode(&**text) {
            Ok(bytes) => Ok(Bytes(bytes.into())),
            Err(_) => Err(Fault::told("illegal base64 data")),
        },
        _ => return None,
    })
}

/// What may be longer than what it is made of.
fn joined(name: &str, arguments: &[Value], steps: &mut Steps) -> Answer {
    Some(match (name, arguments) {
        ("replace", [String(text), String(old), String(new)]) => replace([text, old, new], -1, steps),
        ("replace", [String(text), String(old), String(new), Int(most)]) => replace([text, old, new], *most, steps),
        ("split", [String(text), String(by)]) => split(text, by, -1, steps),
        ("split", [String(text), String(by), Int(most)]) => split(text, by, *most, steps),
        ("join", [List(parts)]) => join(parts, "", steps),
        ("join", [List(parts), String(by)]) => join(parts, by, steps),
        ("format", [String(text), List(values)]) => format::format(text, values, steps).map(Value::text),
        _ => return None,
    })
}

fn out_of_range(index: i64) -> Fault {
    Fault::told(std::format!("index out of range: {index}"))
}

/// Returns the byte at which a character begins; the end of the text counts as one.
fn offset(text: &str, index: i64) -> Option<usize> {
    let index = usize::try_from(index).ok()?;
    text.char_indices().map(|(at, _)| at).chain([text.len()]).nth(index)
}

/// Returns the number of characters before a byte.
fn position(text: &str, at: Option<usize>) -> Value {
    Int(at.and_then(|at| i64::try_from(text[..at].chars().count()).ok()).unwrap_or(-1))
}

fn index_of(text: &str, part: &str, from: i64) -> Result<Value, Fault> {
    if from < 0 {
        return Err(out_of_range(from));
    }
    let found = offset(text, from).and_then(|from| Some(from + text[from..].find(part)?));
    if part.is_empty() { Ok(Int(from)) } else { Ok(position(text, found)) }
}

/// Looks for the last one that begins at a character or before it.
fn last_index_of(text: &str, part: &str, to: Option<i64>) -> Result<Value, Fault> {
    let Some(to) = to else { return Ok(position(text, text.rfind(part))) };
    if to < 0 {
        return Err(out_of_range(to));
    }
    if part.is_empty() {
        return Ok(Int(to));
    }
    let end = offset(text, to).filter(|end| *end < text.len());
    let found = end.and_then(|end| text[..text.floor_char_boundary(end + part.len())].rfind(part));
    Ok(position(text, found))
}

fn char_at(text: &str, index: i64) -> Result<Value, Fault> {
    let at = offset(text, index).ok_or_else(|| out_of_range(index))?;
    Ok(Value::text(text[at..].chars().next().map(Text::from).unwrap_or_default()))
}

fn substring(text: &str, from: i64, to: Option<i64>) -> Result<Value, Fault> {
    let begin = offset(text, from).ok_or_else(|| out_of_range(from))?;
    let Some(to) = to else { return Ok(Value::text(&text[begin..])) };
    let end = offset(text, to).ok_or_else(|| out_of_range(to))?;
    let part = text.get(begin..end);
    part.map(Value::text).ok_or_else(|| Fault::told(std::format!("invalid substring range. start: {from}, end: {to}")))
}

fn replace([text, old, new]: [&str; 3], most: i64, steps: &mut Steps) -> Result<Value, Fault> {
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let count = text.matches(old).count().min(most);
    steps.spend_on(text.len() + count.saturating_mul(new.len()))?;
    Ok(Value::text(text.replacen(old, new, most)))
}

fn split(text: &str, by: &str, most: i64, steps: &mut Steps) -> Result<Value, Fault> {
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let parts: Vec<&str> = match by {
        _ if most == 0 => Vec::new(),
        "" => characters(text, most),
        by => text.splitn(most, by).collect(),
    };
    steps.spend(parts.len())?;
    Ok(Value::list(parts.into_iter().map(Value::text).collect()))
}

/// Returns each character by itself, the rest being the last.
fn characters(text: &str, most: usize) -> Vec<&str> {
    let starts: Vec<_> = text.char_indices().map(|(at, _)| at).take(most).collect();
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    starts.iter().zip(ends).map(|(begin, end)| &text[*begin..end]).collect()
}

fn join(parts: &[Value], by: &str, steps: &mut Steps) -> Result<Value, Fault> {
    let mut joined = Text::new();
    for (index, part) in parts.iter().enumerate() {
        let String(part) = part else {
            return Err(Fault::NoOverload(std::format!("join(list({}))", part.type_name())));
        };
        let by = if index > 0 { by } else { "" };
        steps.spend(1)?;
        steps.spend_on(by.len() + part.len())?;
        joined.extend([by, part]);
    }
    Ok(Value::text(joined))
}

fn quoted(text: &str) -> Text {
    let mut quoted = Text::from('"');
    for c in text.chars() {
        match c {
            '\x07' => quoted.push_str("\\a"),
            '\x08' => quoted.push_str("\\b"),
            '\x0c' => quoted.push_str("\\f"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '\x0b' => quoted.push_str("\\v"),
            '\\' | '"' => quoted.extend(['\\', c]),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
