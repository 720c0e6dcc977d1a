//! A pattern that is ready, and the text that it is looked for in.

use std::{borrow::Cow, cell::RefCell, collections::HashMap, rc::Rc};

use regex::{CaptureMatches, Regex, RegexBuilder};

use super::{
    flaw::{self, Flaw},
    template::Group,
    translate::translate,
};
use crate::functions::bytes::runes;

/// What a pattern may take in memory.
const SIZE: usize = 10 << 20;
/// How deep a translated pattern may be: a level of Go's has up to two.
const NESTED: u32 = 500;
/// Patterns that are kept: templates use the same ones again and again.
const KEPT: usize = 64;

thread_local! {
    /// A render runs on a thread of its own.
    static PATTERNS: RefCell<HashMap<Vec<u8>, Pattern>> = RefCell::default();
}

/// A pattern with the names of its groups. Copies share it.
#[derive(Debug, Clone)]
pub(super) struct Pattern(Rc<(Regex, Vec<Option<String>>)>);

impl Pattern {
    /// Reads a pattern.
    pub(super) fn read(text: &[u8]) -> Result<Self, String> {
        if let Some(known) = PATTERNS.with_borrow(|patterns| patterns.get(text).cloned()) {
            return Ok(known);
        }
        let pattern = Self::compile(text).map_err(|wrong| wrong.to_string())?;
        PATTERNS.with_borrow_mut(|patterns| {
            if patterns.len() >= KEPT {
                patterns.clear();
            }
            patterns.insert(text.to_vec(), pattern.clone());
        });
        Ok(pattern)
    }

    fn compile(text: &[u8]) -> Result<Self, Flaw> {
        let text = std::str::from_utf8(text)
            .map_err(|wrong| Flaw::new(flaw::UTF8, &String::from_utf8_lossy(&text[wrong.valid_up_to()..])))?;
        let translated = translate(text)?;
        let mut builder = RegexBuilder::new(&translated.pattern);
        let regex = builder.size_limit(SIZE).nest_limit(NESTED).build().map_err(|wrong| match wrong {
            regex::Error::CompiledTooBig(_) => Flaw::new(flaw::LARGE, text),
            _ => Flaw::new(flaw::DEPTH, text),
        })?;
        Ok(Self(Rc::new((regex, translated.names))))
    }

    pub(super) fn is_match(&self, subject: &Subject<'_>) -> bool {
        self.0.0.is_match(&subject.text)
    }

    /// Returns where matches begin and end.
    pub(super) fn matches(&self, subject: &Subject<'_>) -> impl Iterator<Item = (usize, usize)> {
        self.0.0.find_iter(&subject.text).map(|found| (found.start(), found.end()))
    }

    pub(super) fn captures<'a>(&'a self, subject: &'a Subject<'_>) -> CaptureMatches<'a, 'a> {
        self.0.0.captures_iter(&subject.text)
    }

    /// Returns the indexes of the groups that a template means: several may have one name.
    pub(super) fn groups<'a>(&'a self, group: Group<'a>) -> impl Iterator<Item = usize> + 'a {
        let names = &self.0.1;
        (0..names.len()).filter(move |index| match group {
            Group::Number(number) => number == *index,
            Group::Name(name) => names[*index].as_deref() == Some(name),
        })
    }
}

/// A text as characters, in which each byte that is no UTF-8 is U+FFFD. Positions are those of the characters' bytes.
pub(super) struct Subject<'a> {
    bytes: &'a [u8],
    text: Cow<'a, str>,
    /// The positions in the bytes of what begins there, if they are not the same.
    at: Vec<usize>,
}

impl<'a> Subject<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        if let Ok(text) = std::str::from_utf8(bytes) {
            return Self { bytes, text: Cow::Borrowed(text), at: Vec::new() };
        }
        let (mut text, mut at, mut next) = (String::new(), Vec::new(), 0);
        for rune in runes(bytes) {
            let shown = std::str::from_utf8(rune).unwrap_or("\u{fffd}");
            at.extend(std::iter::repeat_n(next, shown.len()));
            text.push_str(shown);
            next += rune.len();
        }
        at.push(next);
        Self { bytes, text: Cow::Owned(text), at }
    }

    pub(super) fn len(&self) -> usize {
        self.text.len()
    }

    /// Returns the bytes between two positions.
    pub(super) fn part(&self, begin: usize, end: usize) -> &'a [u8] {
        let at = |position: usize| self.at.get(position).copied().unwrap_or(position);
        &self.bytes[at(begin)..at(end)]
    }
}
