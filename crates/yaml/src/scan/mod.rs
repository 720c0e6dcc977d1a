//! Text to events: libyaml's scanner and parser as go-yaml runs them.
//!
//! text → [`cursor::Cursor`] → [`scanner::Scanner`] (tokens) → [`parser::Parser`] (events)
//!
//! Whether Go accepts a text is decided by the quirks of this state machine rather than by a
//! grammar: a YAML 1.2 parser would take and refuse other texts. So the states, their order and
//! the lookahead are the original's, down to the line numbers in its errors.

mod block;
mod comment;
mod cursor;
mod indicator;
mod parser;
mod plain;
mod properties;
mod quoted;
mod scanner;
mod token;

pub(crate) use parser::Parser;

use crate::{error::Error, node::Position, resolve::Flavor};
use cursor::Mark;

/// What is wrong with a text, and which marks Go keeps about it.
#[derive(Debug)]
struct Problem {
    text: &'static str,
    stage: Stage,
    context: Option<Mark>,
    at: Mark,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Scanner,
    Parser,
}

impl Problem {
    /// Says it as go-yaml would. Its parser counts lines from zero and its scanner from one, v2
    /// asks first where the problem is and v3 where it began, and the first line is never named.
    fn into_error(self, flavor: Flavor) -> Error {
        let context = self.context.map_or(0, |mark| mark.line);
        let bump = u32::from(self.stage == Stage::Scanner);
        let line = match (flavor, context, self.at.line) {
            (Flavor::V3, 0, 0) | (Flavor::V2, 0, 0) => 0,
            (Flavor::V3, 0, line) | (Flavor::V2, _, line @ 1..) => line + bump,
            (Flavor::V3, line, _) => line + bump,
            (Flavor::V2, line, 0) => line,
        };
        Error::Syntax { text: self.text.into(), line, at: self.at.position() }
    }
}

/// Checks for characters that go-yaml's reader refuses anywhere in a text.
pub(crate) fn check_characters(text: &str) -> Result<(), Error> {
    if text.bytes().all(|byte| matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~')) {
        return Ok(());
    }
    let refused =
        |c: char| !matches!(c, '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{a0}'..='\u{fffd}' | '\u{10000}'..);
    match text.find(refused) {
        None => Ok(()),
        Some(offset) => {
            let text_of_problem = "control characters are not allowed".into();
            Err(Error::Syntax { text: text_of_problem, line: 0, at: place(&text[..offset]) })
        }
    }
}

fn place(before: &str) -> Position {
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX - 1);
    let line = before.bytes().filter(|b| *b == b'\n').count();
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count();
    Position { line: count(line) + 1, column: count(column) + 1 }
}
