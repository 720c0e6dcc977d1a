//! YAML into the fields of a chart, as Go decodes it into structs.
//!
//! YAML → JSON, where a number or boolean that meets a text becomes one → fields, whose names need not fit in case

mod structs;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map as JsonMap, Value as Json};
use sluice_yaml::{Duplicates, Flavor, Limits, quote};

use super::metadata::{Dependency, Generated, Import, Maintainer};

/// Why YAML is not what it should be, in Go's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// It is no YAML, or has no form in JSON.
    #[error("error converting YAML to JSON: {0}")]
    Yaml(String),
    /// It has another shape.
    #[error("error unmarshaling JSON: while decoding JSON: {0}")]
    Json(String),
}

/// A file has 5 MiB at most; aliases may make more of it, but not without end.
const YAML: Limits = Limits { bytes: 16 << 20, depth: 400, nodes: 2_000_000 };

/// Reads the first document of a YAML text as `sigs.k8s.io/yaml` does, the last of equal keys counting.
pub(crate) fn yaml_to_json(bytes: &[u8]) -> Result<Json, DecodeError> {
    let text = std::str::from_utf8(bytes).map_err(|_| DecodeError::Yaml("yaml: invalid leading UTF-8 octet".into()))?;
    let read = sluice_yaml::parse_first(text, Flavor::V2, Duplicates::LastWins, &YAML);
    let node = read.map_err(|error| DecodeError::Yaml(error.to_string()))?;
    sluice_yaml::into_json(node).map_err(|error| DecodeError::Yaml(error.to_string()))
}

/// Decodes a YAML text into a struct, over what is in it.
pub(crate) fn decode_into<T: Decode>(bytes: &[u8], target: &mut T) -> Result<(), DecodeError> {
    let json = yaml_to_json(bytes)?;
    target.decode(&json, &Place::default()).map_err(DecodeError::Json)
}

/// Returns what Go says of the first field that a struct does not have, if there is one.
pub(crate) fn unknown_field<T: Struct>(json: &Json) -> Option<DecodeError> {
    let object = json.as_object()?;
    let unknown = sorted(object).into_keys().find(|key| field_name(T::FIELDS, key).is_none())?;
    Some(DecodeError::Json(format!("json: unknown field {}", quote(unknown))))
}

/// Returns Go's words for a value that does not fit a Go value of a type.
pub(crate) fn unfit(json: &Json, of: &str) -> DecodeError {
    DecodeError::Json(Place::default().mismatch(json, of))
}

/// Where a value stands: the struct it is in, and the fields from the top.
#[derive(Debug, Clone, Default)]
pub(crate) struct Place {
    structure: &'static str,
    fields: String,
}

/// What JSON can be decoded into.
pub(crate) trait Decode {
    /// Takes a value over what is there.
    fn decode(&mut self, json: &Json, at: &Place) -> Result<(), String>;
}

/// A struct of Go.
pub(crate) trait Struct {
    /// As Go prints it.
    const TYPE: &'static str;
    const NAME: &'static str;
    const FIELDS: &'static [&'static str];
    fn field(&mut self, name: &str) -> Option<&mut dyn Decode>;
}

/// What may stand in a slice.
pub(crate) trait Item: Decode {
    /// The slice, as Go prints it.
    const SLICE: &'static str;
    /// What is decoded into.
    fn empty() -> Self;
}

impl Place {
    fn inside(&self, structure: &'static str, field: &str) -> Self {
        let dot = if self.fields.is_empty() { "" } else { "." };
        Self { structure, fields: format!("{}{dot}{field}", self.fields) }
    }

    pub(crate) fn mismatch(&self, json: &Json, of: &str) -> String {
        let found = match json {
            Json::Null => "null",
            Json::Bool(_) => "bool",
            Json::Number(_) => "number",
            Json::String(_) => "string",
            Json::Array(_) => "array",
            Json::Object(_) => "object",
        };
        match self.fields.as_str() {
            "" => format!("json: cannot unmarshal {found} into Go value of type {of}"),
            fields => {
                format!("json: cannot unmarshal {found} into Go struct field {}.{fields} of type {of}", self.structure)
            }
        }
    }
}

impl<T: Struct> Decode for T {
    fn decode(&mut self, json: &Json, at: &Place) -> Result<(), String> {
        let object = match json {
            Json::Null => return Ok(()),
            Json::Object(object) => object,
            other => return Err(at.mismatch(other, T::TYPE)),
        };
        let mut first = Ok(());
        for (key, value) in sorted(object) {
            let Some(name) = field_name(T::FIELDS, key) else { continue };
            let Some(field) = self.field(name) else { continue };
            first = first.and(field.decode(value, &at.inside(T::NAME, name)));
        }
        first
    }
}

/// Returns the entries in the order in which Go's decoder sees them: the YAML has been made JSON before.
fn sorted(object: &JsonMap<String, Json>) -> BTreeMap<&String, &Json> {
    object.iter().collect()
}

fn field_name(fields: &'static [&'static str], key: &str) -> Option<&'static str> {
    let exact = fields.iter().find(|field| **field == key);
    exact.or_else(|| fields.iter().find(|field| field.eq_ignore_ascii_case(key))).copied()
}

impl Decode for String {
    fn decode(&mut self, json: &Json, at: &Place) -> Result<(), String> {
        match json {
            Json::Null => {}
            Json::String(text) => self.clone_from(text),
            Json::Bool(value) => *self = value.to_string(),
            Json::Number(number) => match (number.is_f64(), number.as_f64()) {
                // sigs.k8s.io/yaml writes it with the precision of a float32.
                (true, Some(float)) => *self = sluice_yaml::format_g32(float),
                _ => *self = number.to_string(),
            },
            other => return Err(at.mismatch(other, "string")),
        }
        Ok(())
    }
}

impl Decode for bool {
    fn decode(&mut self, json: &Json, at: &Place) -> Result<(), String> {
        match json {
            Json::Null => {}
            Json::Bool(value) => *self = *value,
            other => return Err(at.mismatch(other, "bool")),
        }
        Ok(())
    }
}

impl Decode for BTreeMap<String, String> {
    fn decode(&mut self, json: &Json, at: &Place) -> Result<(), String> {
        let object = match json {
            Json::Null => {
                self.clear();
                return Ok(());
            }
            Json::Object(object) => object,
            other => return Err(at.mismatch(other, "map[string]string")),
        };
        let mut first = Ok(());
        for (key, value) in sorted(object) {
            first = first.and(self.entry(key.clone()).or_default().decode(value, at));
        }
        first
    }
}

impl<T: Item> Decode for Vec<T> {
    fn decode(&mut self, json: &Json, at: &Place) -> Result<(), String> {
        let items = match json {
            Json::Null => {
                self.clear();
                return Ok(());
            }
            Json::Array(items) => items,
            other => return Err(at.mismatch(other, T::SLICE)),
        };
        // What was there before is kept below: Go decodes into the elements of the old slice.
        self.resize_with(items.len(), T::empty);
        let decoded = self.iter_mut().zip(items).map(|(place, item)| place.decode(item, at));
        decoded.fold(Ok(()), Result::and)
    }
}

/// A pointer, or a slice that may be `nil`.
impl<T: Decode + Default> Decode for Option<T> {
    fn decode(&mut self, json: &Json, at: &Place) -> Result<(), String> {
        if json.is_null() {
            *self = None;
            return Ok(());
        }
        self.get_or_insert_default().decode(json, at)
    }
}

impl Decode for Import {
    fn decode(&mut self, json: &Json, _: &Place) -> Result<(), String> {
        *self = Self::Written(json.clone());
        Ok(())
    }
}

impl Item for String {
    const SLICE: &'static str = "[]string";
    fn empty() -> Self {
        Self::new()
    }
}

impl Item for Import {
    const SLICE: &'static str = "[]interface {}";
    fn empty() -> Self {
        Self::Written(Json::Null)
    }
}

impl Item for Option<Maintainer> {
    const SLICE: &'static str = "[]*v2.Maintainer";
    fn empty() -> Self {
        None
    }
}

impl Item for Option<Dependency> {
    const SLICE: &'static str = "[]*v2.Dependency";
    fn empty() -> Self {
        None
    }
}

impl Decode for Generated {
    fn decode(&mut self, json: &Json, _: &Place) -> Result<(), String> {
        const LAYOUT: &str = "2006-01-02T15:04:05Z07:00";
        match json {
            Json::Null => Ok(()),
            Json::String(text) => match text.parse::<Timestamp>() {
                Ok(time) => {
                    self.0 = Some((time, trimmed(text)));
                    Ok(())
                }
                Err(_) => Err(format!("parsing time {} as {}", quote(text), quote(LAYOUT))),
            },
            _ => Err("Time.UnmarshalJSON: input is not a JSON string".into()),
        }
    }
}

/// Takes the zeros away that end a fraction of a second, as Go writes it again.
fn trimmed(time: &str) -> String {
    let Some((seconds, rest)) = time.split_once('.') else { return time.to_owned() };
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    match rest[..digits].trim_end_matches('0') {
        "" => format!("{seconds}{}", &rest[digits..]),
        fraction => format!("{seconds}.{fraction}{}", &rest[digits..]),
    }
}
