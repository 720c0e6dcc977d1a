//! Reads the fields of a kustomization out of a node, as Go's JSON decoder would.
//!
//! Names match whatever their case, nulls count as absent, the last of two equal keys wins.

use std::{cell::RefCell, collections::BTreeMap};

use sluice_object::TreePath;
use sluice_yaml::{Node, Tag, Value};

use crate::error::{Error, Place, closest};

/// A file that is being decoded.
#[derive(Debug)]
pub(crate) struct Source<'a> {
    /// The file.
    pub(crate) file: &'a TreePath,
    /// What kustomize calls the whole: `Kustomization`.
    pub(crate) title: &'a str,
    /// Whether unknown fields are refused.
    pub(crate) strict: bool,
    /// Unknown fields that were accepted.
    pub(crate) ignored: RefCell<Vec<Place>>,
}

impl<'a> Source<'a> {
    pub(crate) fn new(file: &'a TreePath, title: &'a str, strict: bool) -> Self {
        Self { file, title, strict, ignored: RefCell::default() }
    }

    /// Decodes a whole document.
    pub(crate) fn decode<T: FromNode>(&self, node: &Node) -> Result<T, Error> {
        let at = At { source: self, parent: None, name: Name::Root, line: node.at.line };
        read(node, &at)
    }
}

/// A node on the way down, for error messages.
pub(crate) struct At<'a> {
    source: &'a Source<'a>,
    parent: Option<&'a At<'a>>,
    name: Name<'a>,
    line: u32,
}

enum Name<'a> {
    Root,
    Field(&'a str),
    Index(usize),
}

impl At<'_> {
    pub(crate) fn field<'b>(&'b self, name: &'b str, node: &Node) -> At<'b> {
        At { source: self.source, parent: Some(self), name: Name::Field(name), line: node.at.line }
    }

    fn index<'b>(&'b self, index: usize, node: &Node) -> At<'b> {
        At { source: self.source, parent: Some(self), name: Name::Index(index), line: node.at.line }
    }

    pub(crate) fn place(&self) -> Place {
        Place { file: self.source.file.clone(), line: self.line, field: self.path() }
    }

    fn path(&self) -> String {
        let before = self.parent.map(At::path).unwrap_or_default();
        match self.name {
            Name::Root => before,
            Name::Field(name) if before.is_empty() => name.to_owned(),
            Name::Field(name) => format!("{before}.{name}"),
            Name::Index(index) => format!("{before}[{index}]"),
        }
    }

    fn wrong(&self, node: &Node, wanted: &str) -> Error {
        let (title, found) = (self.source.title, json_kind(node));
        let field = if matches!(self.name, Name::Root) { String::new() } else { format!(".{}", self.path()) };
        let problem = format!(
            "invalid {title}: json: cannot unmarshal {found} into Go struct field {title}{field} of type {wanted}"
        );
        let hint = match (&node.value, wanted) {
            (Value::Scalar(text), "string") => format!("put it in quotes: \"{text}\""),
            _ => String::new(),
        };
        Error::Invalid { place: self.place(), problem, hint }
    }

    /// Refuses or notes a field that isn't known.
    pub(crate) fn unknown(&self, key: &Node, known: &[&str]) -> Result<(), Error> {
        let name = key.as_scalar().unwrap_or("null");
        let place = self.field(name, key).place();
        if !self.source.strict {
            self.source.ignored.borrow_mut().push(place);
            return Ok(());
        }
        let hint = closest(name, known.iter().copied()).map(|near| format!("did you mean `{near}`"));
        let problem = format!("invalid {}: json: unknown field \"{name}\"", self.source.title);
        Err(Error::Invalid { place, problem, hint: hint.unwrap_or_default() })
    }
}

fn json_kind(node: &Node) -> &'static str {
    match (&node.value, &node.tag) {
        (Value::Sequence(_), _) => "array",
        (Value::Mapping(_), _) => "object",
        (_, Tag::Bool) => "bool",
        (_, Tag::Int | Tag::Float) => "number",
        _ => "string",
    }
}

/// What can be read out of a node.
pub(crate) trait FromNode: Default {
    /// Reads a node that isn't null.
    fn from_node(node: &Node, at: &At<'_>) -> Result<Self, Error>;
}

/// Reads a node; null gives the default.
pub(crate) fn read<T: FromNode>(node: &Node, at: &At<'_>) -> Result<T, Error> {
    if node.is_null() { Ok(T::default()) } else { T::from_node(node, at) }
}

/// Returns keys and values of a mapping.
pub(crate) fn entries<'n>(node: &'n Node, at: &At<'_>) -> Result<&'n [(Node, Node)], Error> {
    node.as_mapping().map(|mapping| mapping.entries()).ok_or_else(|| at.wrong(node, "object"))
}

/// A value with the line it stands on.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Located<T> {
    pub(crate) line: u32,
    pub(crate) value: T,
}

impl<T: FromNode> FromNode for Located<T> {
    fn from_node(node: &Node, at: &At<'_>) -> Result<Self, Error> {
        Ok(Self { line: node.at.line, value: T::from_node(node, at)? })
    }
}

impl FromNode for String {
    fn from_node(node: &Node, at: &At<'_>) -> Result<Self, Error> {
        match (&node.value, &node.tag) {
            (Value::Scalar(text), Tag::Str | Tag::Timestamp | Tag::Binary | Tag::Other(_)) => Ok(text.clone()),
            _ => Err(at.wrong(node, "string")),
        }
    }
}

impl FromNode for bool {
    fn from_node(node: &Node, at: &At<'_>) -> Result<Self, Error> {
        match sluice_yaml::to_json(node, sluice_yaml::Flavor::V2) {
            Ok(serde_json::Value::Bool(value)) => Ok(value),
            _ => Err(at.wrong(node, "bool")),
        }
    }
}

impl FromNode for i64 {
    fn from_node(node: &Node, at: &At<'_>) -> Result<Self, Error> {
        let json = sluice_yaml::to_json(node, sluice_yaml::Flavor::V2).ok();
        json.as_ref().and_then(serde_json::Value::as_i64).ok_or_else(|| at.wrong(node, "int64"))
    }
}

impl<T: FromNode> FromNode for Option<T> {
    fn from_node(node: &Node, at: &At<'_>) -> Result<Self, Error> {
        T::from_node(node, at).map(Some)
    }
}

impl<T: FromNode> FromNode for Vec<T> {
    fn from_node(node: &Node, at: &At<'_>) -> Result<Self, Error> {
        let items = node.as_sequence().ok_or_else(|| at.wrong(node, "array"))?;
        items.iter().enumerate().map(|(index, item)| read(item, &at.index(index, item))).collect()
    }
}

impl<T: FromNode> FromNode for BTreeMap<String, T> {
    fn from_node(node: &Node, at: &At<'_>) -> Result<Self, Error> {
        let mut map = Self::new();
        for (key, value) in entries(node, at)? {
            let key = key.as_scalar().unwrap_or("null");
            map.insert(key.to_owned(), read(value, &at.field(key, value))?);
        }
        Ok(map)
    }
}

/// Declares a struct that is read from a mapping.
macro_rules! record {
    ($(#[$meta:meta])* pub(crate) struct $name:ident {
        $($(#[$about:meta])* $field:ident: $type:ty = $key:literal,)*
    }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Default, PartialEq)]
        pub(crate) struct $name { $($(#[$about])* pub(crate) $field: $type,)* }

        impl $crate::decode::FromNode for $name {
            fn from_node(node: &sluice_yaml::Node, at: &$crate::decode::At<'_>) -> Result<Self, $crate::error::Error> {
                let mut record = Self::default();
                for (key, value) in $crate::decode::entries(node, at)? {
                    let name = key.as_scalar().unwrap_or_default();
                    $(if name.eq_ignore_ascii_case($key) {
                        record.$field = $crate::decode::read(value, &at.field($key, value))?;
                        continue;
                    })*
                    at.unknown(key, &[$($key),*])?;
                }
                Ok(record)
            }
        }
    };
}
pub(crate) use record;
