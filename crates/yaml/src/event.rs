//! The parser's events, as the composer wants them: owned, with Go's short tags.

use crate::node::{Position, Style};

/// One event and where it begins.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Event {
    pub(crate) kind: Kind,
    pub(crate) at: Position,
}

/// What an event says.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    DocumentStart,
    DocumentEnd,
    Scalar { text: String, style: Style, node: Properties },
    Alias(String),
    SequenceStart { flow: bool, node: Properties },
    MappingStart { flow: bool, node: Properties },
    CollectionEnd,
    StreamEnd,
}

/// What stands before a node's content.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Properties {
    /// The name after `&`.
    pub(crate) anchor: Option<String>,
    /// The tag, `!!int` for `tag:yaml.org,2002:int`.
    pub(crate) tag: Option<String>,
}

/// Returns the short form of a tag, as go-yaml's `shortTag`.
pub(crate) fn short_tag(tag: &str) -> String {
    match tag.strip_prefix("tag:yaml.org,2002:") {
        Some(name) => format!("!!{name}"),
        None => tag.to_owned(),
    }
}
