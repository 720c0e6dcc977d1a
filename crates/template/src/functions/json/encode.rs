//! Values to JSON.

use std::fmt::Write as _;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Map as JsonMap, Number, Value as Json};
use sluice_yaml::format_json;

use crate::{
    function::{Call, Failure},
    list::List,
    map::Map,
    text::Str,
    types::IntKind,
    value::Value,
};

/// From here on Go looks for maps that hold themselves.
const DEEPEST: usize = 1000;

/// How JSON is written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Style {
    /// Whether `<`, `>` and `&` are escaped.
    html: bool,
    /// Whether each value has a line of its own.
    lines: bool,
}

impl Style {
    /// As `json.Marshal`.
    pub(super) const COMPACT: Self = Self { html: true, lines: false };
    /// As `json.MarshalIndent` with two spaces.
    pub(super) const PRETTY: Self = Self { html: true, lines: true };
    /// As an encoder after `SetEscapeHTML(false)`.
    pub(super) const RAW: Self = Self { html: false, lines: false };
}

/// Why a value is not written.
#[derive(Debug)]
pub(in crate::functions) enum Refusal {
    /// What Go says; functions without `must` pass over it.
    Go(String),
    /// A limit of ours, which nothing passes over.
    Limit(Failure),
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        Self::Limit(failure)
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Go(text) => Failure::new(text),
            Refusal::Limit(failure) => failure,
        }
    }
}

/// Writes a value as `encoding/json` does.
pub(super) fn encode(value: &Value, style: Style, call: &mut Call<'_>) -> Result<String, Refusal> {
    let mut writer = Writer { out: String::new(), style, depth: 0 };
    writer.value(value, call)?;
    Ok(writer.out)
}

/// Returns what JSON holds of a value.
pub(in crate::functions) fn to_json(value: &Value, call: &mut Call<'_>) -> Result<Json, Refusal> {
    json_at(value, 0, call)
}

fn json_at(value: &Value, depth: usize, call: &mut Call<'_>) -> Result<Json, Refusal> {
    call.take(weight(value))?;
    Ok(match value {
        Value::Nil => Json::Null,
        Value::List(list) if list.is_nil() => Json::Null,
        Value::Map(map) if map.is_nil() => Json::Null,
        Value::Bool(value) => Json::Bool(*value),
        Value::Int(IntKind::Uint64 | IntKind::Uint, bits) => Json::from(*bits as u64),
        Value::Int(_, number) => Json::from(*number),
        Value::Float(float) => Json::Number(finite(*float)?),
        Value::String(text) => Json::String(text.to_text().into_owned()),
        Value::List(list) => match list.as_bytes() {
            Some(bytes) => Json::String(STANDARD.encode(bytes.as_bytes())),
            None => json_list(list, depth, call)?,
        },
        Value::Map(map) => {
            within(depth)?;
            let mut entries = JsonMap::new();
            for (key, value) in map.entries() {
                entries.insert(key.to_text().into_owned(), json_at(&value, depth + 1, call)?);
            }
            Json::Object(entries)
        }
        Value::Object(object) => object.to_json(),
    })
}

fn json_list(list: &List, depth: usize, call: &mut Call<'_>) -> Result<Json, Refusal> {
    within(depth)?;
    let items: Result<_, _> = list.items().iter().map(|item| json_at(item, depth + 1, call)).collect();
    Ok(Json::Array(items?))
}

/// Returns about how much a value takes without what is in it.
fn weight(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len() + 2,
        Value::Map(map) => 2 + 4 * map.len(),
        Value::List(list) => 2 + 2 * list.items().len(),
        _ => 8,
    }
}

fn finite(float: f64) -> Result<Number, Refusal> {
    let unsupported = |name: &str| Refusal::Go(format!("json: unsupported value: {name}"));
    match Number::from_f64(float) {
        Some(number) => Ok(number),
        None if float.is_nan() => Err(unsupported("NaN")),
        None if float > 0.0 => Err(unsupported("+Inf")),
        None => Err(unsupported("-Inf")),
    }
}

fn within(depth: usize) -> Result<(), Refusal> {
    let cycle = "json: unsupported value: encountered a cycle via map[string]interface {}";
    if depth < DEEPEST { Ok(()) } else { Err(Refusal::Go(cycle.into())) }
}

struct Writer {
    out: String,
    style: Style,
    depth: usize,
}

impl Writer {
    fn value(&mut self, value: &Value, call: &mut Call<'_>) -> Result<(), Refusal> {
        call.take(weight(value) + self.depth * usize::from(self.style.lines))?;
        match value {
            Value::String(text) => self.string(text),
            Value::Map(map) if map.is_nil() => self.out.push_str("null"),
            Value::List(list) if list.is_nil() => self.out.push_str("null"),
            Value::Map(map) if map.is_nil() => self.out.push_str("null"),
            Value::List(list) => match list.as_bytes() {
                Some(bytes) => self.string(&Str::from(STANDARD.encode(bytes.as_bytes()))),
                None => self.list(list, call)?,
            },
            Value::Map(map) => self.map(map, call)?,
            Value::Object(object) => self.json(&object.to_json()),
            scalar => self.json(&json_at(scalar, self.depth, call)?),
        }
        Ok(())
    }

    fn list(&mut self, list: &List, call: &mut Call<'_>) -> Result<(), Refusal> {
        within(self.depth)?;
        self.open('[');
        for (index, item) in list.items().iter().enumerate() {
            self.next(index);
            self.value(item, call)?;
        }
        self.close(']', list.items().is_empty());
        Ok(())
    }

    fn map(&mut self, map: &Map, call: &mut Call<'_>) -> Result<(), Refusal> {
        within(self.depth)?;
        self.open('{');
        let entries = map.entries();
        for (index, (key, value)) in entries.iter().enumerate() {
            self.next(index);
            self.key(key);
            self.value(value, call)?;
        }
        self.close('}', entries.is_empty());
        Ok(())
    }

    /// Writes what a struct of Go comes to.
    fn json(&mut self, json: &Json) {
        match json {
            Json::Null => self.out.push_str("null"),
            Json::Bool(value) => self.out.push_str(if *value { "true" } else { "false" }),
            Json::Number(number) => self.out.push_str(&number_text(number)),
            Json::String(text) => self.string(&Str::from(text.as_str())),
            Json::Array(items) => {
                self.open('[');
                for (index, item) in items.iter().enumerate() {
                    self.next(index);
                    self.json(item);
                }
                self.close(']', items.is_empty());
            }
            Json::Object(entries) => {
                self.open('{');
                for (index, (key, value)) in entries.iter().enumerate() {
                    self.next(index);
                    self.key(&Str::from(key.as_str()));
                    self.json(value);
                }
                self.close('}', entries.is_empty());
            }
        }
    }

    fn open(&mut self, bracket: char) {
        self.out.push(bracket);
        self.depth += 1;
    }

    fn next(&mut self, index: usize) {
        if index > 0 {
            self.out.push(',');
        }
        self.line();
    }

    fn close(&mut self, bracket: char, empty: bool) {
        self.depth -= 1;
        if !empty {
            self.line();
        }
        self.out.push(bracket);
    }

    fn line(&mut self) {
        if self.style.lines {
            self.out.push('\n');
            self.out.extend(std::iter::repeat_n("  ", self.depth));
        }
    }

    fn key(&mut self, key: &Str) {
        self.string(key);
        self.out.push_str(if self.style.lines { ": " } else { ":" });
    }

    /// A byte that is no UTF-8 is written as an escape, U+FFFD itself is not.
    fn string(&mut self, text: &Str) {
        self.out.push('"');
        for chunk in text.as_bytes().utf8_chunks() {
            chunk.valid().chars().for_each(|c| self.char(c));
            chunk.invalid().iter().for_each(|_| self.out.push_str("\\ufffd"));
        }
        self.out.push('"');
    }

    fn char(&mut self, c: char) {
        match c {
            '"' => self.out.push_str("\\\""),
            '\\' => self.out.push_str("\\\\"),
            '\n' => self.out.push_str("\\n"),
            '\r' => self.out.push_str("\\r"),
            '\t' => self.out.push_str("\\t"),
            '\x08' => self.out.push_str("\\b"),
            '\x0c' => self.out.push_str("\\f"),
            '<' | '>' | '&' if self.style.html => self.escape(c),
            '\0'..='\x1f' | '\u{2028}' | '\u{2029}' => self.escape(c),
            _ => self.out.push(c),
        }
    }

    fn escape(&mut self, c: char) {
        // Writing to a string can't fail.
        let _ = write!(self.out, "\\u{:04x}", u32::from(c));
    }
}

fn number_text(number: &Number) -> String {
    match number.as_f64() {
        Some(float) if number.is_f64() => format_json(float),
        _ => number.to_string(),
    }
}
