//! What can be wrong with a YAML text, in Go's words where Go has words.

use crate::node::Position;

/// A document that can't be read, or a value that can't be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The text breaks YAML's grammar.
    #[error("yaml: {}{text}", shown(*line))]
    Syntax {
        /// go-yaml's message.
        text: String,
        /// The line go-yaml prints, zero when it prints none. It may be off by one.
        line: u32,
        /// Where the text really breaks.
        at: Position,
    },
    /// Mappings that have a key more than once.
    #[error("yaml: unmarshal errors:{}", listed(.0))]
    DuplicateKeys(Vec<DuplicateKey>),
    /// An alias without an anchor before it.
    #[error("yaml: unknown anchor '{name}' referenced")]
    UnknownAnchor {
        /// The name after the `*`.
        name: String,
        /// Where the alias stands.
        at: Position,
    },
    /// An alias inside the node it stands for.
    #[error("yaml: anchor '{name}' value contains itself")]
    Recursive {
        /// The name after the `*`.
        name: String,
        /// Where the alias stands.
        at: Position,
    },
    /// `<<` with something that isn't a mapping.
    #[error("yaml: map merge requires map or sequence of maps as the value")]
    Merge {
        /// Where the merge key stands.
        at: Position,
    },
    /// A mapping or list as key of a mapping.
    #[error("yaml: invalid map key: a mapping or list can't be a key")]
    Key {
        /// The key, as Go's `%#v` shows it.
        key: String,
        /// Where the key stands.
        at: Position,
    },
    /// A tag that doesn't fit the text, such as `!!int abc`.
    #[error("yaml: cannot decode {is} `{text}` as a {wanted}")]
    Tag {
        /// The tag the text resolves to.
        is: &'static str,
        /// The text.
        text: String,
        /// The tag that was written.
        wanted: String,
        /// Where the scalar stands.
        at: Position,
    },
    /// `!!binary` with something that isn't base64.
    #[error("yaml: !!binary value contains invalid base64 data")]
    Binary {
        /// Where the scalar stands.
        at: Position,
    },
    /// Aliases that expand to much more than was written.
    #[error("yaml: document contains excessive aliasing")]
    Aliasing {
        /// Where the alias stands that went too far.
        at: Position,
    },
    /// More than [`crate::Limits`] allow.
    #[error("yaml: {what} exceeds the limit of {limit}")]
    Limit {
        /// What there is too much of.
        what: &'static str,
        /// How much is allowed.
        limit: usize,
        /// Where the limit was passed.
        at: Position,
    },
    /// A key that JSON has no text for.
    #[error("json: unsupported map key of type: {of}")]
    JsonKey {
        /// The type as Go prints it.
        of: &'static str,
        /// The key, as Go's `%#v` shows it.
        key: String,
        /// What stands under it.
        value: String,
        /// Where the key stands.
        at: Position,
    },
    /// A value that JSON has no form for.
    #[error("json: {text}")]
    Json {
        /// What Go's encoder says.
        text: String,
        /// Where the value stands.
        at: Position,
    },
}

/// A key that a mapping has more than once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DuplicateKey {
    /// The key as Go prints it: strings in quotes.
    pub key: String,
    /// Line and column of the later one.
    pub at: Position,
    /// Line of the earlier one; zero in go-yaml v2's strict mode, which does not say.
    pub first: u32,
}

impl Error {
    /// Returns the place in the text, if the error has one.
    pub fn position(&self) -> Option<Position> {
        let at = match self {
            Self::DuplicateKeys(keys) => keys.first()?.at,
            Self::Syntax { at, .. }
            | Self::UnknownAnchor { at, .. }
            | Self::Recursive { at, .. }
            | Self::Merge { at }
            | Self::Key { at, .. }
            | Self::JsonKey { at, .. }
            | Self::Tag { at, .. }
            | Self::Binary { at }
            | Self::Aliasing { at }
            | Self::Limit { at, .. }
            | Self::Json { at, .. } => *at,
        };
        (at != Position::default()).then_some(at)
    }

    /// Returns all that go-yaml and `sigs.k8s.io/yaml` say. `Display` keeps keys and values to itself, which may be
    /// secret.
    pub fn in_full(&self) -> String {
        match self {
            Self::Key { key, .. } => format!("yaml: invalid map key: {key}"),
            Self::JsonKey { of, key, value, .. } => {
                format!("unsupported map key of type: {of}, key: {key}, value: {value}")
            }
            other => other.to_string(),
        }
    }
}

fn shown(line: u32) -> String {
    match line {
        0 => String::new(),
        line => format!("line {line}: "),
    }
}

fn listed(keys: &[DuplicateKey]) -> String {
    keys.iter().map(|key| format!("\n  {key}")).collect()
}

impl std::fmt::Display for DuplicateKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { key, at, first } = self;

        match first {
            0 => write!(f, "line {}: key {key} already set in map", at.line),
            _ => write!(f, "line {}: mapping key {key} already defined at line {first}", at.line),
        }
    }
}
