//! Go's template language: source → tokens → trees.
//!
//! Positions are bytes of the source; lines and columns are found when an error needs them.

mod lex;
mod literal;
mod parse;
mod text;
mod token;
mod tree;

pub(crate) use literal::Number;
pub(crate) use parse::{Parsed, parse};
pub(crate) use tree::{Branch, BranchKind, Command, Node, Pipe, Syntax, Term, Tree, Variable};

/// What actions begin and end with.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Delimiters {
    pub(crate) left: Vec<u8>,
    pub(crate) right: Vec<u8>,
}

impl Delimiters {
    /// Makes a pair. What is empty is Go's own.
    pub fn new(left: &str, right: &str) -> Self {
        let or = |mark: &str, usual: &str| if mark.is_empty() { usual.into() } else { mark.into() };
        Self { left: or(left, "{{"), right: or(right, "}}") }
    }
}

impl Default for Delimiters {
    /// `{{` and `}}`
    fn default() -> Self {
        Self::new("", "")
    }
}

#[cfg(test)]
mod tests;
