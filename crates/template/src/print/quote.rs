//! Texts and characters in quotes, as `strconv.Quote` writes them.

use std::sync::LazyLock;

use regex::Regex;

use super::{padding::characters, printer::Printer};

/// Letters, marks, numbers, punctuation and symbols that Unicode 15 knows, as Go 1.26 does.
static PRINTABLE: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^[[\p{L}\p{M}\p{N}\p{P}\p{S}]&&\p{age:15.0}]$").ok());

/// Returns a text in double quotes, escaped as in Go's source.
pub(crate) fn quote(text: &[u8]) -> Vec<u8> {
    quoted(text, '"', false)
}

/// Says whether Go takes a character for one that can be printed: `strconv.IsPrint`.
pub(crate) fn is_printable(c: char) -> bool {
    match c {
        ..='\u{ff}' => matches!(c, ' '..='~' | '\u{a1}'..='\u{ac}' | '\u{ae}'..),
        _ => PRINTABLE.as_ref().is_some_and(|printable| printable.is_match(c.encode_utf8(&mut [0; 4]))),
    }
}

impl Printer {
    /// Appends a text in quotes; with `#` in back quotes, if it can be.
    pub(super) fn quoted(&mut self, text: &[u8]) {
        let text = super::padding::cut(text, self.flags.precision);
        match std::str::from_utf8(text) {
            Ok(raw) if self.flags.sharp && raw.chars().all(may_be_raw) => self.pad(format!("`{raw}`").as_bytes()),
            _ => self.pad(&quoted(text, '"', self.flags.plus)),
        }
    }

    /// Appends a character in quotes.
    pub(super) fn quoted_char(&mut self, c: char) {
        self.pad(&quoted(c.encode_utf8(&mut [0; 4]).as_bytes(), '\'', self.flags.plus));
    }
}

fn may_be_raw(c: char) -> bool {
    !matches!(c, '`' | '\u{7f}' | '\u{feff}') && (c == '\t' || c >= ' ')
}

fn quoted(text: &[u8], mark: char, ascii: bool) -> Vec<u8> {
    let mut out = String::with_capacity(text.len() + 2);
    out.push(mark);
    for (c, bytes) in characters(text) {
        match c {
            Some(c) => escaped(c, mark, ascii, &mut out),
            None => out.push_str(&format!("\\x{:02x}", bytes[0])),
        }
    }
    out.push(mark);
    out.into_bytes()
}

fn escaped(c: char, mark: char, ascii: bool, out: &mut String) {
    match c {
        _ if c == mark || c == '\\' => out.extend(['\\', c]),
        '\x07' => out.push_str("\\a"),
        '\x08' => out.push_str("\\b"),
        '\x0c' => out.push_str("\\f"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\x0b' => out.push_str("\\v"),
        _ if is_printable(c) && (c.is_ascii() || !ascii) => out.push(c),
        _ => out.push_str(&match u32::from(c) {
            code @ (..0x20 | 0x7f) => format!("\\x{code:02x}"),
            code @ ..0x10000 => format!("\\u{code:04x}"),
            code => format!("\\U{code:08x}"),
        }),
    }
}
