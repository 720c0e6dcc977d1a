//! What is wrong with a pattern, in Go's words.

/// A flaw, and the part of the pattern that has it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("error parsing regexp: {what}: `{part}`")]
pub(super) struct Flaw {
    pub(super) what: &'static str,
    pub(super) part: String,
}

impl Flaw {
    pub(super) fn new(what: &'static str, part: &str) -> Self {
        Self { what, part: part.to_owned() }
    }
}

pub(super) const RANGE: &str = "invalid character class range";
pub(super) const ESCAPE: &str = "invalid escape sequence";
pub(super) const NAME: &str = "invalid named capture";
pub(super) const FLAGS: &str = "invalid or unsupported Perl syntax";
pub(super) const NESTED: &str = "invalid nested repetition operator";
pub(super) const COUNT: &str = "invalid repeat count";
pub(super) const UTF8: &str = "invalid UTF-8";
pub(super) const BRACKET: &str = "missing closing ]";
pub(super) const PAREN: &str = "missing closing )";
pub(super) const ARGUMENT: &str = "missing argument to repetition operator";
pub(super) const BACKSLASH: &str = "trailing backslash at end of expression";
pub(super) const UNEXPECTED: &str = "unexpected )";
pub(super) const DEPTH: &str = "expression nests too deeply";
pub(super) const LARGE: &str = "expression too large";
