//! The page: text, column and what was written last.

use super::analyse::is_break;

/// Whose layout is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    V2,
    V3,
    /// V3 with the dashes of lists under their key.
    V3Compact,
}

/// What doesn't change while writing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Settings {
    pub(super) width: Option<usize>,
    pub(super) indent: usize,
    pub(super) dialect: Dialect,
}

/// Text under construction, with libyaml's state.
#[derive(Debug)]
pub(super) struct Writer {
    pub(super) out: String,
    pub(super) settings: Settings,
    pub(super) column: usize,
    /// The current indentation; none before the root.
    pub(super) indent: Option<usize>,
    pub(super) flow_level: usize,
    /// The last character was white space.
    pub(super) whitespace: bool,
    /// The line has only indentation and indicators so far.
    pub(super) indention: bool,
}

impl Writer {
    pub(super) fn new(settings: Settings) -> Self {
        Self { out: String::new(), settings, column: 0, indent: None, flow_level: 0, whitespace: true, indention: true }
    }

    /// Says whether the line is long enough to be folded.
    pub(super) fn is_past_width(&self) -> bool {
        self.settings.width.is_some_and(|width| self.column > width)
    }

    pub(super) fn put(&mut self, c: char) {
        self.out.push(c);
        self.column += 1;
    }

    /// Writes text without breaks.
    pub(super) fn put_str(&mut self, text: &str) {
        self.out.push_str(text);
        self.column += text.chars().count();
    }

    pub(super) fn put_break(&mut self) {
        self.out.push('\n');
        self.column = 0;
        self.indention = true;
    }

    /// Writes a break of the text itself.
    pub(super) fn copy_break(&mut self, c: char) {
        self.out.push(c);
        self.column = 0;
        self.indention = true;
    }

    /// Writes a character of the text itself.
    pub(super) fn copy(&mut self, c: char) {
        debug_assert!(!is_break(c), "breaks go through copy_break");
        self.put(c);
        self.indention = false;
    }

    /// Writes a text of the text itself that is ASCII without blanks and breaks.
    pub(super) fn copy_simple(&mut self, text: &str) {
        self.out.push_str(text);
        self.column += text.len();
        self.indention = false;
    }

    /// Goes to the current indentation, on a new line if need be.
    pub(super) fn write_indent(&mut self) {
        let indent = self.indent.unwrap_or(0);
        let beyond = self.column > indent || (self.column == indent && !self.whitespace);
        if !self.indention || beyond {
            self.put_break();
        }
        while self.column < indent {
            self.put(' ');
        }
        self.whitespace = true;
        self.indention = true;
    }

    /// Writes an indicator such as `[`, with a space before it where one is needed.
    pub(super) fn opening(&mut self, indicator: &str) {
        self.space();
        self.put_str(indicator);
        self.whitespace = true;
        self.indention = false;
    }

    /// Writes `-`, `?` or `:` at the beginning of a line.
    pub(super) fn leading(&mut self, indicator: &str) {
        self.space();
        self.put_str(indicator);
        self.whitespace = false;
    }

    /// Writes an indicator close to what came before.
    pub(super) fn trailing(&mut self, indicator: &str) {
        self.put_str(indicator);
        self.whitespace = false;
        self.indention = false;
    }

    pub(super) fn space(&mut self) {
        if !self.whitespace {
            self.put(' ');
        }
    }
}
