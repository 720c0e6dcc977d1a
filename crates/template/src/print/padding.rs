//! Flags, width and precision of a verb, and what they do to a text.

use super::printer::Printer;

/// What stands between `%` and the verb.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Flags {
    pub(super) width: Option<usize>,
    pub(super) precision: Option<usize>,
    pub(super) minus: bool,
    pub(super) plus: bool,
    pub(super) sharp: bool,
    pub(super) space: bool,
    pub(super) zero: bool,
    /// `%+v`
    pub(super) plus_v: bool,
    /// `%#v`: as Go's source
    pub(super) sharp_v: bool,
}

impl Printer {
    /// Appends a text, filled up to the width.
    pub(super) fn pad(&mut self, text: &[u8]) {
        let missing = self.flags.width.unwrap_or(0).saturating_sub(count(text));
        if !self.flags.minus {
            self.fill(missing);
        }
        self.bytes(text);
        if self.flags.minus {
            self.fill(missing);
        }
    }

    /// Appends a text that is never filled with zeros.
    pub(super) fn pad_with_spaces(&mut self, text: &[u8]) {
        let zero = std::mem::take(&mut self.flags.zero);
        self.pad(text);
        self.flags.zero = zero;
    }

    /// Appends spaces, or zeros if they are wanted and stand on the left.
    pub(super) fn fill(&mut self, count: usize) {
        let byte = if self.flags.zero && !self.flags.minus { b'0' } else { b' ' };
        let room = super::LONGEST.saturating_sub(self.out.len());
        self.out.resize(self.out.len() + count.min(room), byte);
    }

    /// Appends a text, cut to the precision.
    pub(super) fn plain(&mut self, text: &[u8]) {
        let text = cut(text, self.flags.precision);
        self.pad(text);
    }
}

/// Returns the characters of a text, each with its bytes; a byte that belongs to none is one.
pub(super) fn characters(text: &[u8]) -> impl Iterator<Item = (Option<char>, &[u8])> {
    text.utf8_chunks().flat_map(|chunk| {
        let valid = chunk.valid();
        let good = valid.char_indices().map(|(at, c)| (Some(c), &valid.as_bytes()[at..at + c.len_utf8()]));
        good.chain(chunk.invalid().chunks(1).map(|byte| (None, byte)))
    })
}

/// Returns the first characters of a text.
pub(super) fn cut(text: &[u8], precision: Option<usize>) -> &[u8] {
    match precision {
        Some(most) => &text[..characters(text).take(most).map(|(_, bytes)| bytes.len()).sum()],
        None => text,
    }
}

fn count(text: &[u8]) -> usize {
    match text.is_ascii() {
        true => text.len(),
        false => characters(text).count(),
    }
}
