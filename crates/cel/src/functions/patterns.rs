//! Regular expressions as Go reads them, in linear time.

use std::collections::HashMap;

use regex::{Regex, RegexBuilder};

use crate::{error::Fault, steps::Steps, value::Value};

/// The patterns that an evaluation has met.
#[derive(Debug, Default)]
pub(crate) struct Patterns(HashMap<String, Regex>);

/// What a pattern may take in memory.
const SIZE: usize = 1 << 20;
/// Steps that reading a pattern costs.
const COST: usize = 2000;
/// Patterns that are kept.
const KEPT: usize = 8;

impl Patterns {
    /// Says whether a part of the text is as the pattern says.
    pub(crate) fn matches(&mut self, text: &str, pattern: &str, steps: &mut Steps) -> Result<Value, Fault> {
        steps.spend_on(text.len())?;
        if !self.0.contains_key(pattern) {
            if self.0.len() >= KEPT {
                self.0.clear();
            }
            self.0.insert(pattern.to_owned(), read(pattern, steps)?);
        }
        Ok(Value::Bool(self.0.get(pattern).is_some_and(|pattern| pattern.is_match(text))))
    }
}

/// Reads a text as a pattern.
pub(crate) fn read(pattern: &str, steps: &mut Steps) -> Result<Regex, Fault> {
    steps.spend(COST)?;
    let mut builder = RegexBuilder::new(&translated(pattern));
    let read = builder.size_limit(SIZE).dfa_size_limit(SIZE).nest_limit(50).build();
    read.map_err(|_| Fault::told("error parsing regexp; hint: the syntax is RE2's"))
}

/// In Go's patterns `\d`, `\w`, `\s` and `\b` mean ASCII, and a class has neither classes nor operators inside.
fn translated(pattern: &str) -> String {
    let (mut out, mut inside, mut first) = (String::with_capacity(pattern.len()), false, false);
    let mut rest = pattern;
    while let Some(c) = rest.chars().next() {
        let next = rest[c.len_utf8()..].chars().next();
        let mut taken = c.len_utf8();
        let opens = std::mem::replace(&mut first, false);
        match (c, next) {
            ('\\', Some(escaped)) => {
                taken += escaped.len_utf8();
                out.push_str(&class(escaped, inside).map_or_else(|| rest[..taken].to_owned(), str::to_owned));
            }
            ('[', Some(':')) if inside => out.push('['),
            ('[', _) if inside => out.push_str("\\["),
            ('[', _) => {
                (inside, first) = (true, true);
                out.push('[');
            }
            ('^', _) if opens => {
                first = true;
                out.push('^');
            }
            (']', _) if inside && opens => out.push_str("\\]"),
            (']', _) if inside && out.ends_with(':') => out.push(']'),
            (']', _) => {
                inside = false;
                out.push(']');
            }
            ('&' | '~', _) if inside => out.extend(['\\', c]),
            ('-', Some('-')) if inside => out.push_str("\\-"),
            (c, _) => out.push(c),
        }
        rest = &rest[taken..];
    }
    out
}

fn class(escaped: char, inside: bool) -> Option<&'static str> {
    Some(match (escaped, inside) {
        ('d', true) => "0-9",
        ('w', true) => "0-9A-Za-z_",
        ('s', true) => "\\t\\n\\f\\r ",
        ('d', false) => "[0-9]",
        ('w', false) => "[0-9A-Za-z_]",
        ('s', false) => "[\\t\\n\\f\\r ]",
        ('D', _) => "[^0-9]",
        ('W', _) => "[^0-9A-Za-z_]",
        ('S', _) => "[^\\t\\n\\f\\r ]",
        ('b', false) => "(?-u:\\b)",
        ('B', false) => "(?-u:\\B)",
        _ => return None,
    })
}
