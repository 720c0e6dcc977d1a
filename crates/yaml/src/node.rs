//! The document model: what go-yaml v3 calls a node, as a Rust value.

/// One YAML node with everything the writers need: resolved tag, style and where it stood.
#[derive(Debug, Clone)]
pub struct Node {
    /// What the node holds.
    pub value: Value,
    /// The resolved type, after go-yaml's rules.
    pub tag: Tag,
    /// How it was, or is to be, written.
    pub style: Style,
    /// Line and column in the file it came from; zero for nodes made in memory.
    pub at: Position,
}

/// The content of a node. Anchors and merge keys are expanded by the reader.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Text as written, without quotes and escapes; the node's tag says what it means.
    Scalar(String),
    /// A list.
    Sequence(Vec<Node>),
    /// Keys and values in file order.
    Mapping(Mapping),
}

/// The type of a node under go-yaml's resolution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tag {
    /// `!!null`
    Null,
    /// `!!bool`
    Bool,
    /// `!!int`
    Int,
    /// `!!float`
    Float,
    /// `!!str`
    Str,
    /// `!!timestamp`; a string wherever YAML becomes JSON.
    Timestamp,
    /// `!!binary`, already decoded when read.
    Binary,
    /// `!!seq`
    Seq,
    /// `!!map`
    Map,
    /// Any other tag, as written (`!custom`).
    Other(String),
}

/// How a node is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Style {
    /// Plain scalar, or block collection.
    #[default]
    Plain,
    /// `'…'`
    SingleQuoted,
    /// `"…"`
    DoubleQuoted,
    /// `|`
    Literal,
    /// `>`
    Folded,
    /// `[a, b]` or `{a: b}`
    Flow,
}

/// A place in a file, both counted from one; zero means unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Position {
    /// Line, from one.
    pub line: u32,
    /// Column, from one.
    pub column: u32,
}

/// Keys and values in order. Lookup is linear: Kubernetes mappings are small.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Mapping {
    entries: Vec<(Node, Node)>,
}

/// Position does not count: two nodes are equal when they hold and mean the same.
impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        self.tag == other.tag && self.value == other.value
    }
}

impl Node {
    fn made(value: Value, tag: Tag) -> Self {
        Self { value, tag, style: Style::Plain, at: Position::default() }
    }

    /// Returns a string node, which writers quote where needed.
    pub fn string(text: impl Into<String>) -> Self {
        Self::made(Value::Scalar(text.into()), Tag::Str)
    }

    /// Returns an integer node.
    pub fn int(number: i64) -> Self {
        Self::made(Value::Scalar(number.to_string()), Tag::Int)
    }

    /// Returns a boolean node.
    pub fn bool(value: bool) -> Self {
        Self::made(Value::Scalar(value.to_string()), Tag::Bool)
    }

    /// Returns a null node.
    pub fn null() -> Self {
        Self::made(Value::Scalar("null".into()), Tag::Null)
    }

    /// Returns a list node.
    pub fn sequence(items: Vec<Node>) -> Self {
        Self::made(Value::Sequence(items), Tag::Seq)
    }

    /// Returns a mapping node.
    pub fn mapping(mapping: Mapping) -> Self {
        Self::made(Value::Mapping(mapping), Tag::Map)
    }

    /// Says whether the node is null.
    pub fn is_null(&self) -> bool {
        self.tag == Tag::Null
    }

    /// Returns the text of any scalar that is not null.
    pub fn as_scalar(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar(text) if !self.is_null() => Some(text),
            _ => None,
        }
    }

    /// Returns the text of a string.
    pub fn as_str(&self) -> Option<&str> {
        match (&self.value, &self.tag) {
            (Value::Scalar(text), Tag::Str | Tag::Timestamp | Tag::Binary) => Some(text),
            _ => None,
        }
    }

    /// Returns the mapping, if it is one.
    pub fn as_mapping(&self) -> Option<&Mapping> {
        match &self.value {
            Value::Mapping(mapping) => Some(mapping),
            _ => None,
        }
    }

    /// Returns the mapping to change, if it is one.
    pub fn as_mapping_mut(&mut self) -> Option<&mut Mapping> {
        match &mut self.value {
            Value::Mapping(mapping) => Some(mapping),
            _ => None,
        }
    }

    /// Returns the items, if it is a list.
    pub fn as_sequence(&self) -> Option<&[Node]> {
        match &self.value {
            Value::Sequence(items) => Some(items),
            _ => None,
        }
    }

    /// Returns the items to change, if it is a list.
    pub fn as_sequence_mut(&mut self) -> Option<&mut Vec<Node>> {
        match &mut self.value {
            Value::Sequence(items) => Some(items),
            _ => None,
        }
    }

    /// Returns the value of a key, if the node is a mapping that has it.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.as_mapping()?.get(key)
    }

    /// Returns the value of a key to change it.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        self.as_mapping_mut()?.get_mut(key)
    }

    /// Follows keys from mapping to mapping.
    pub fn at_path(&self, keys: &[&str]) -> Option<&Node> {
        keys.iter().try_fold(self, |node, key| node.get(key))
    }
}

impl Mapping {
    /// Returns an empty mapping.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the value of a key, compared by its text.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entries.iter().find(|(k, _)| is_key(k, key)).map(|(_, value)| value)
    }

    /// Returns the value of a key to change it.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        self.entries.iter_mut().find(|(k, _)| is_key(k, key)).map(|(_, value)| value)
    }

    /// Says whether the key is there.
    pub fn contains(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// Sets a key: in place when it is there, else at the end. Returns the old value.
    pub fn insert(&mut self, key: impl Into<String>, value: Node) -> Option<Node> {
        let key = key.into();
        if let Some(old) = self.get_mut(&key) {
            return Some(std::mem::replace(old, value));
        }
        self.entries.push((Node::string(key), value));
        None
    }

    /// Removes a key and returns its value.
    pub fn remove(&mut self, key: &str) -> Option<Node> {
        let index = self.entries.iter().position(|(k, _)| is_key(k, key))?;
        Some(self.entries.remove(index).1)
    }

    /// Adds an entry whose key may be of any type, as the reader does.
    pub fn push(&mut self, key: Node, value: Node) {
        self.entries.push((key, value));
    }

    /// Returns the entries in order.
    pub fn entries(&self) -> &[(Node, Node)] {
        &self.entries
    }

    /// Returns the entries to change them.
    pub fn entries_mut(&mut self) -> &mut Vec<(Node, Node)> {
        &mut self.entries
    }

    /// Says how many keys there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Says whether there is no key.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

fn is_key(node: &Node, key: &str) -> bool {
    matches!(&node.value, Value::Scalar(text) if text == key)
}
