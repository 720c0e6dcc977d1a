//! Spaces, letters and bytes that are neither.

use std::sync::LazyLock;

use regex::bytes::Regex;

use crate::print;

/// Letters and digits beyond ASCII, one of them.
static WORD: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^[\p{L}\p{Nd}]$").ok());

/// Says whether a byte is what Go's templates take for a space: no form feed.
pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// Says whether an action begins with a trim marker.
pub(super) fn trims_left(text: &[u8]) -> bool {
    matches!(text, [b'-', space, ..] if is_space(*space))
}

/// Says whether a character can be in a name.
pub(super) fn is_word(c: char) -> bool {
    match c.is_ascii() {
        true => c == '_' || c.is_ascii_alphanumeric(),
        false => WORD.as_ref().is_some_and(|word| word.is_match(c.encode_utf8(&mut [0; 4]).as_bytes())),
    }
}

/// Returns a text without the spaces at its end.
pub(super) fn trim_end(text: &[u8]) -> &[u8] {
    let end = text.iter().rposition(|byte| !is_space(*byte)).map_or(0, |last| last + 1);
    &text[..end]
}

/// Returns the first character; a byte that begins none is U+FFFD.
pub(super) fn decode(text: &[u8]) -> Option<(char, usize)> {
    match text.first()? {
        byte @ ..0x80 => Some((char::from(*byte), 1)),
        _ => {
            let head = &text[..text.len().min(4)];
            let chunk = head.utf8_chunks().next()?;
            match chunk.valid().chars().next() {
                Some(c) => Some((c, c.len_utf8())),
                None => Some((char::REPLACEMENT_CHARACTER, 1)),
            }
        }
    }
}

/// Writes a character as `%#U` does.
pub(super) fn code_point(c: char) -> String {
    match print::is_printable(c) {
        true => format!("U+{:04X} '{c}'", u32::from(c)),
        false => format!("U+{:04X}", u32::from(c)),
    }
}
