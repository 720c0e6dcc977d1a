//! The language of `--set`: `a.b[0]=1,c={x,y}`.

mod words;

use std::str::Chars;

use serde_json::Value as Json;
use sluice_template::{List, Map, Str, Value};
use sluice_yaml::quote;

use words::{conversion, letters, typed};

/// The largest index of a list.
const MAX_INDEX: i64 = 65536;
/// How many names may stand in one with dots between them.
const MAX_LEVEL: usize = 30;

/// How many lists may be inside each other. Helm has no bound.
const MAX_LISTS: usize = 128;

/// Reads the file that `--set-file` names; an error is told as it is.
pub type ReadFile<'a> = &'a dyn Fn(&str) -> Result<Str, String>;

/// What a text after a `=` stands for.
#[derive(Clone, Copy)]
pub enum Style<'a> {
    /// A boolean, `null`, whole number or text, by its looks.
    Typed,
    /// A text.
    Text,
    /// The contents of a file.
    File(ReadFile<'a>),
    /// JSON.
    Json,
    /// All that follows, letter for letter.
    Literal,
}

/// Why a text sets nothing, in Helm's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SetError(String);

/// Puts what a text says into values.
///
/// # Errors
/// With Helm's text. What came before the error may be set.
pub fn set(text: &str, values: &Map, style: Style<'_>) -> Result<(), SetError> {
    set_in_place(text, values, style).map(|_| ())
}

/// A list that Go would have changed in place, and what it has become: whoever else holds it must see the change.
pub(super) struct Changed {
    pub(super) before: List,
    pub(super) after: List,
}

/// Does what [`set`] does, and says which lists have been changed in place.
pub(super) fn set_in_place(text: &str, values: &Map, style: Style<'_>) -> Result<Vec<Changed>, SetError> {
    let mut parser = Parser { rest: text.chars(), style, lists: 0, changed: Vec::new() };
    loop {
        match parser.key(values, 0) {
            Ok(()) => {}
            Err(Stop::End) => return Ok(parser.changed),
            Err(Stop::Failed(text)) => return Err(SetError(text)),
        }
    }
}

/// Why a key is not read to its end.
enum Stop {
    /// The text ends. Helm takes it for its end wherever it happens.
    End,
    /// It says nothing that can be set.
    Failed(String),
}

struct Parser<'a> {
    rest: Chars<'a>,
    style: Style<'a>,
    /// Lists inside each other, since the last name.
    lists: usize,
    /// Lists that are as long as before.
    changed: Vec<Changed>,
}

fn failed<T>(text: impl Into<String>) -> Result<T, Stop> {
    Err(Stop::Failed(text.into()))
}

impl Parser<'_> {
    fn is_literal(&self) -> bool {
        matches!(self.style, Style::Literal)
    }

    /// Reads up to one of some letters; `None` instead of the letter at the end of the text.
    fn until(&mut self, stops: &[char]) -> (String, Option<char>) {
        let mut found = String::new();
        while let Some(letter) = self.rest.next() {
            match letter {
                letter if stops.contains(&letter) => return (found, Some(letter)),
                '\\' if !self.is_literal() => match self.rest.next() {
                    Some(escaped) => found.push(escaped),
                    None => break,
                },
                letter => found.push(letter),
            }
        }
        (found, None)
    }

    fn key(&mut self, data: &Map, level: usize) -> Result<(), Stop> {
        let stops: &[char] = if self.is_literal() { &['=', '[', '.'] } else { &['=', '[', ',', '.'] };
        let (name, last) = self.until(stops);
        match last {
            None if name.is_empty() => Err(Stop::End),
            None => failed(format!("key {} has no value", quote(&name))),
            Some('[') => self.indexed(data, &name, level),
            Some('=') => self.assigned(data, &name),
            Some('.') => self.nested(data, &name, level + 1),
            Some(_) => {
                put(data, &name, Value::string(""));
                failed(format!("key {} has no value (cannot end with ,)", quote(&name)))
            }
        }
    }

    fn indexed(&mut self, data: &Map, name: &str, level: usize) -> Result<(), Stop> {
        self.lists = 0;
        let index = self.index()?;
        let before = data.get(name.as_bytes());
        let mut list = match &before {
            Some(value) => list_of(value)?,
            None => Vec::new(),
        };
        let result = self.item(&mut list, index, level);
        put(data, name, self.changed(before.as_ref(), list));
        result
    }

    /// Returns a list that takes the place of another. A longer one is a new list in Go too.
    fn changed(&mut self, before: Option<&Value>, after: Vec<Value>) -> Value {
        let after = List::new(after);
        if let Some(Value::List(before)) = before
            && before.items().len() == after.items().len()
        {
            self.changed.push(Changed { before: before.clone(), after: after.clone() });
        }
        Value::List(after)
    }

    fn nested(&mut self, data: &Map, name: &str, level: usize) -> Result<(), Stop> {
        if level > MAX_LEVEL {
            return failed(format!(
                "value name nested level is greater than maximum supported nested level of {MAX_LEVEL}"
            ));
        }
        let inner = match data.get(name.as_bytes()) {
            Some(Value::Map(map)) => map,
            Some(other) => return failed(conversion(&other, "map[string]interface {}")),
            None => Map::default(),
        };
        let result = self.key(&inner, level);
        if result.is_ok() && inner.is_empty() {
            return failed(format!("key map {} has no value", quote(name)));
        }
        if !inner.is_empty() {
            put(data, name, Value::Map(inner));
        }
        result
    }

    fn assigned(&mut self, data: &Map, name: &str) -> Result<(), Stop> {
        match self.value()? {
            Found::Value(value) => {
                put(data, name, value);
                Ok(())
            }
            Found::Json(value) => {
                put(data, name, value);
                self.is_empty();
                Ok(())
            }
            Found::Nothing => {
                put(data, name, Value::string(""));
                Err(Stop::End)
            }
        }
    }

    /// Reads what is after a `=`.
    fn value(&mut self) -> Result<Found, Stop> {
        match self.style {
            Style::Json => return self.json(),
            Style::Literal => return Ok(Found::Value(Value::string(self.until(&[]).0))),
            _ => {}
        }
        let mut ahead = self.rest.clone();
        match ahead.next() {
            None => Ok(Found::Nothing),
            Some('{') => {
                self.rest = ahead;
                self.list().map(Found::Value)
            }
            Some(_) => {
                let (text, _) = self.until(&[',']);
                self.styled(&text).map(Found::Value)
            }
        }
    }

    fn json(&mut self) -> Result<Found, Stop> {
        if self.is_empty() {
            return Ok(Found::Value(Value::Nil));
        }
        let text = self.rest.as_str();
        let mut values = serde_json::Deserializer::from_str(text).into_iter::<Json>();
        match values.next() {
            Some(Ok(json)) => {
                self.rest = text[values.byte_offset()..].chars();
                Ok(Found::Json(Value::from_json(&json)))
            }
            Some(Err(error)) => failed(error.to_string()),
            None => failed("unexpected EOF"),
        }
    }

    /// Skips blanks; says whether nothing but a comma or the end comes after them, and skips that too.
    fn is_empty(&mut self) -> bool {
        let mut ahead = self.rest.clone();
        while let Some(letter) = ahead.next() {
            match letter {
                ',' => {
                    self.rest = ahead;
                    return true;
                }
                letter if letter.is_whitespace() => self.rest = ahead.clone(),
                _ => return false,
            }
        }
        self.rest = ahead;
        true
    }

    /// Reads the rest of `{a,b}`.
    fn list(&mut self) -> Result<Value, Stop> {
        let mut items = Vec::new();
        loop {
            let (text, last) = self.until(&[',', '}']);
            if last.is_none() {
                return failed("list must terminate with '}'");
            }
            items.push(self.styled(&text)?);
            if last == Some('}') {
                let mut ahead = self.rest.clone();
                if ahead.next() == Some(',') {
                    self.rest = ahead;
                }
                return Ok(Value::list(items));
            }
        }
    }

    fn styled(&self, text: &str) -> Result<Value, Stop> {
        match self.style {
            Style::Typed => Ok(typed(text)),
            Style::File(read) => match read(text) {
                Ok(contents) => Ok(Value::String(contents)),
                Err(error) => failed(error),
            },
            Style::Text | Style::Json | Style::Literal => Ok(Value::string(text)),
        }
    }

    /// Reads the number in brackets; the text may end in it.
    fn index(&mut self) -> Result<i64, Stop> {
        let (text, last) = self.until(&[']']);
        if last.is_none() {
            return Err(Stop::End);
        }
        text.parse().or_else(|error: std::num::ParseIntError| {
            use std::num::IntErrorKind::{NegOverflow, PosOverflow};
            let reason = match error.kind() {
                PosOverflow | NegOverflow => "value out of range",
                _ => "invalid syntax",
            };
            failed(format!("error parsing index: strconv.Atoi: parsing {}: {reason}", quote(&text)))
        })
    }

    /// Reads what is after the brackets.
    fn item(&mut self, list: &mut Vec<Value>, index: i64, level: usize) -> Result<(), Stop> {
        if index < 0 {
            return failed(format!("negative {index} index not allowed"));
        }
        let (name, last) = self.until(&['[', '.', '=']);
        if !name.is_empty() {
            return failed(format!("unexpected data at end of array index: {}", letters(&name)));
        }
        match last {
            None => Err(Stop::End),
            Some('=') => self.item_assigned(list, index),
            Some('[') => self.item_indexed(list, index, level),
            Some(_) => self.item_nested(list, index, level),
        }
    }

    fn item_assigned(&mut self, list: &mut Vec<Value>, index: i64) -> Result<(), Stop> {
        match self.value()? {
            Found::Value(value) => put_at(list, index, value),
            Found::Json(value) => {
                put_at(list, index, value)?;
                self.is_empty();
                Ok(())
            }
            Found::Nothing => put_at(list, index, Value::string("")),
        }
    }

    fn item_indexed(&mut self, list: &mut Vec<Value>, index: i64, level: usize) -> Result<(), Stop> {
        self.lists += 1;
        if self.lists > MAX_LISTS {
            return failed(format!("lists are nested more than {MAX_LISTS} deep"));
        }
        let next = self.index()?;
        let before = at(list, index).cloned();
        let mut inner = match &before {
            None | Some(Value::Nil) => Vec::new(),
            Some(value) => list_of(value)?,
        };
        self.item(&mut inner, next, level)?;
        put_at(list, index, self.changed(before.as_ref(), inner))
    }

    fn item_nested(&mut self, list: &mut Vec<Value>, index: i64, level: usize) -> Result<(), Stop> {
        let inner = match at(list, index) {
            Some(Value::Map(map)) => map.clone(),
            _ => Map::default(),
        };
        self.key(&inner, level)?;
        put_at(list, index, Value::Map(inner))
    }
}

/// What is after a `=`.
enum Found {
    Value(Value),
    /// JSON, after which blanks and a comma are skipped.
    Json(Value),
    /// The end of the text.
    Nothing,
}

fn put(data: &Map, name: &str, value: Value) {
    if !name.is_empty() {
        data.set(name, value);
    }
}

fn at(list: &[Value], index: i64) -> Option<&Value> {
    list.get(usize::try_from(index).ok()?)
}

fn put_at(list: &mut Vec<Value>, index: i64, value: Value) -> Result<(), Stop> {
    if index > MAX_INDEX {
        return failed(format!("index of {index} is greater than maximum supported index of {MAX_INDEX}"));
    }
    let index = usize::try_from(index).unwrap_or(0);
    if list.len() <= index {
        list.resize(index + 1, Value::Nil);
    }
    list[index] = value;
    Ok(())
}

fn list_of(value: &Value) -> Result<Vec<Value>, Stop> {
    match value {
        Value::List(list) => Ok(List::items(list).to_vec()),
        other => failed(conversion(other, "[]interface {}")),
    }
}
