//! Why an expression is refused, and why it has no answer.

/// Why an expression is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It cannot be read, or its parts do not fit together.
    #[error("failed to parse the CEL expression '{text}': {reason}, at character {at}")]
    Invalid {
        /// The expression, cut off when it is long.
        text: String,
        /// What is wrong.
        reason: String,
        /// Where, counted from 1.
        at: usize,
    },
    /// It may come to something else than true or false.
    #[error("CEL expression output type mismatch: expected bool, got {found}")]
    NotBool {
        /// The type that it has.
        found: String,
    },
}

/// Why an expression has no answer for an object.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unanswered {
    /// Something that it asks for is missing, or cannot be done.
    #[error("failed to evaluate the CEL expression '{text}': {reason}")]
    Failed {
        /// The expression, cut off when it is long.
        text: String,
        /// What is wrong.
        reason: String,
    },
    /// The answer is neither true nor false.
    #[error("failed to evaluate CEL expression as boolean: '{text}'")]
    NotBool {
        /// The expression, cut off when it is long.
        text: String,
    },
}

/// What is wrong in a text, and where in bytes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Flaw {
    pub(crate) at: usize,
    pub(crate) reason: String,
}

impl Flaw {
    pub(crate) fn new(at: usize, reason: impl Into<String>) -> Self {
        Self { at, reason: reason.into() }
    }

    pub(crate) fn of(self, text: &str) -> Error {
        let at = text.get(..self.at).unwrap_or(text).chars().count() + 1;
        Error::Invalid { text: shown(text), reason: self.reason, at }
    }
}

/// Why an evaluation ends. Values are never told: they may be a Secret's.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub(crate) enum Fault {
    #[error("no such attribute(s): {0}")]
    Unbound(String),
    #[error("no such overload: {0}")]
    NoOverload(String),
    #[error("ended after {} steps; hint: loops within loops over large lists multiply", crate::STEPS)]
    TooLong,
    #[error("{0}")]
    Told(String),
}

impl Fault {
    pub(crate) fn told(text: impl Into<String>) -> Self {
        Self::Told(text.into())
    }
}

/// Returns a text as messages have it.
pub(crate) fn shown(text: &str) -> String {
    const LONGEST: usize = 400;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
