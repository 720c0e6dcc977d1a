//! The place in the text, and the classes of characters.

use crate::node::Position;

/// A place: characters from the beginning, line and column from zero.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) index: usize,
    pub(super) line: u32,
    pub(super) column: u32,
}

impl Mark {
    pub(super) fn position(self) -> Position {
        Position { line: self.line + 1, column: self.column + 1 }
    }
}

/// A text and how far it was read. After the end come zero bytes.
#[derive(Debug)]
pub(super) struct Cursor<'a> {
    bytes: &'a [u8],
    position: usize,
    pub(super) mark: Mark,
    /// Line breaks since something else than a blank was passed.
    pub(super) newlines: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { bytes: text.as_bytes(), position: 0, mark: Mark::default(), newlines: 0 }
    }

    /// Returns the byte that many bytes ahead.
    pub(super) fn byte(&self, ahead: usize) -> u8 {
        self.bytes.get(self.position + ahead).copied().unwrap_or(0)
    }

    pub(super) fn starts_with(&self, text: &str) -> bool {
        self.bytes.get(self.position..).is_some_and(|rest| rest.starts_with(text.as_bytes()))
    }

    pub(super) fn is_end(&self) -> bool {
        self.byte(0) == 0
    }

    pub(super) fn is_blank(&self, ahead: usize) -> bool {
        matches!(self.byte(ahead), b' ' | b'\t')
    }

    /// Says whether there is a line break: CR, LF, NEL, LS or PS.
    pub(super) fn is_break(&self, ahead: usize) -> bool {
        match self.byte(ahead) {
            b'\r' | b'\n' => true,
            0xC2 => self.byte(ahead + 1) == 0x85,
            0xE2 => self.byte(ahead + 1) == 0x80 && matches!(self.byte(ahead + 2), 0xA8 | 0xA9),
            _ => false,
        }
    }

    pub(super) fn is_break_or_end(&self, ahead: usize) -> bool {
        self.byte(ahead) == 0 || self.is_break(ahead)
    }

    pub(super) fn is_blank_or_end(&self, ahead: usize) -> bool {
        self.is_blank(ahead) || self.is_break_or_end(ahead)
    }

    /// Letters, digits, `_` and `-`: what names are made of.
    pub(super) fn is_name(&self) -> bool {
        matches!(self.byte(0), b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'_' | b'-')
    }

    /// Says whether a line begins here with `---` or `...`.
    pub(super) fn is_document_indicator(&self) -> bool {
        self.mark.column == 0 && (self.starts_with("---") || self.starts_with("...")) && self.is_blank_or_end(3)
    }

    /// Passes one character that is not a line break.
    pub(super) fn skip(&mut self) {
        if !self.is_blank(0) {
            self.newlines = 0;
        }
        self.position += self.width();
        self.mark.index += 1;
        self.mark.column += 1;
    }

    /// Passes a line break, if there is one.
    pub(super) fn skip_line(&mut self) {
        if !self.is_break(0) {
            return;
        }
        let pair = self.starts_with("\r\n");
        self.position += if pair { 2 } else { self.width() };
        self.mark.index += if pair { 2 } else { 1 };
        self.next_line();
    }

    /// Copies one character and passes it.
    pub(super) fn read(&mut self, into: &mut Vec<u8>) {
        let end = (self.position + self.width()).min(self.bytes.len());
        into.extend_from_slice(self.bytes.get(self.position..end).unwrap_or_default());
        self.skip();
    }

    /// Copies printed ASCII characters, as far as they belong, and passes them.
    pub(super) fn read_run(&mut self, into: &mut Vec<u8>, belongs: impl Fn(u8) -> bool) {
        let rest = self.bytes.get(self.position..).unwrap_or_default();
        let count = rest.iter().take_while(|byte| byte.is_ascii_graphic() && belongs(**byte)).count();
        into.extend_from_slice(&rest[..count]);
        self.pass(count);
    }

    /// Copies a line break, as LF where it isn't LS or PS, and passes it.
    pub(super) fn read_line(&mut self, into: &mut Vec<u8>) {
        if !self.is_break(0) {
            return;
        }
        match self.byte(0) {
            0xE2 => into.extend_from_slice(&self.bytes[self.position..self.position + 3]),
            _ => into.push(b'\n'),
        }
        self.skip_line();
    }

    /// Passes what is left of a line, without its break.
    pub(super) fn skip_to_break(&mut self) {
        while !self.is_break_or_end(0) {
            self.skip();
            let rest = self.bytes.get(self.position..).unwrap_or_default();
            self.pass(rest.iter().take_while(|byte| byte.is_ascii_graphic()).count());
        }
    }

    /// Passes printed ASCII characters.
    fn pass(&mut self, count: usize) {
        if count == 0 {
            return;
        }
        self.newlines = 0;
        self.position += count;
        self.mark.index += count;
        self.mark.column = self.mark.column.saturating_add(u32::try_from(count).unwrap_or(u32::MAX));
    }

    pub(super) fn skip_blanks(&mut self) {
        while self.is_blank(0) {
            self.skip();
        }
    }

    fn next_line(&mut self) {
        self.mark.column = 0;
        self.mark.line += 1;
        self.newlines += 1;
    }

    fn width(&self) -> usize {
        match self.byte(0) {
            0xF0.. => 4,
            0xE0.. => 3,
            0xC0.. => 2,
            _ => 1,
        }
    }
}

/// Makes a string of copied bytes. They are whole characters unless a tag's `%` escapes made
/// something else.
pub(super) fn text(bytes: Vec<u8>) -> String {
    match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
    }
}
