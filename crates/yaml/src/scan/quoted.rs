//! Scalars in quotes.

use super::{
    cursor::{self, Mark},
    plain::Gap,
    scanner::{Scanned, Scanner},
};
use crate::node::Style;

/// Scans a quoted scalar.
pub(super) fn scan(scanner: &mut Scanner<'_>, style: Style) -> Scanned<String> {
    let start = scanner.cursor.mark;
    let quote = if style == Style::SingleQuoted { b'\'' } else { b'"' };
    scanner.cursor.skip();
    let mut text = Vec::new();
    loop {
        if scanner.cursor.is_document_indicator() {
            return Err(scanner.problem(start, "found unexpected document indicator"));
        }
        if scanner.cursor.is_end() {
            return Err(scanner.problem(start, "found unexpected end of stream"));
        }
        let mut gap = Gap::default();
        gap.broken = word(scanner, start, quote, &mut text)?;
        if scanner.cursor.byte(0) == quote {
            break;
        }
        while scanner.cursor.is_blank(0) || scanner.cursor.is_break(0) {
            gap.pass(&mut scanner.cursor);
        }
        gap.fold_into(&mut text);
    }
    scanner.cursor.skip();
    Ok(cursor::text(text))
}

/// Scans up to a blank, a line break or the closing quote. Says whether an escaped line break
/// ended it.
fn word(scanner: &mut Scanner<'_>, start: Mark, quote: u8, text: &mut Vec<u8>) -> Scanned<bool> {
    while !scanner.cursor.is_blank_or_end(0) {
        let cursor = &mut scanner.cursor;
        match (quote, cursor.byte(0)) {
            (b'\'', b'\'') if cursor.byte(1) == b'\'' => {
                cursor.skip();
                cursor.read(text);
            }
            (quote, byte) if quote == byte => break,
            (b'"', b'\\') if cursor.is_break(1) => {
                cursor.skip();
                cursor.skip_line();
                return Ok(true);
            }
            (b'"', b'\\') => escape(scanner, start, text)?,
            _ => {
                cursor.read(text);
                cursor.read_run(text, |byte| !matches!(byte, b'\'' | b'"' | b'\\'));
            }
        }
    }
    Ok(false)
}

fn escape(scanner: &mut Scanner<'_>, start: Mark, text: &mut Vec<u8>) -> Scanned<()> {
    let decoded = match scanner.cursor.byte(1) {
        b'0' => "\0",
        b'a' => "\x07",
        b'b' => "\x08",
        b't' | b'\t' => "\t",
        b'n' => "\n",
        b'v' => "\x0b",
        b'f' => "\x0c",
        b'r' => "\r",
        b'e' => "\x1b",
        b' ' => " ",
        b'"' => "\"",
        b'\'' => "'",
        b'\\' => "\\",
        b'N' => "\u{85}",
        b'_' => "\u{a0}",
        b'L' => "\u{2028}",
        b'P' => "\u{2029}",
        b'x' => return escape_code(scanner, start, 2, text),
        b'u' => return escape_code(scanner, start, 4, text),
        b'U' => return escape_code(scanner, start, 8, text),
        _ => return Err(scanner.problem(start, "found unknown escape character")),
    };
    text.extend_from_slice(decoded.as_bytes());
    scanner.cursor.skip();
    scanner.cursor.skip();
    Ok(())
}

fn escape_code(scanner: &mut Scanner<'_>, start: Mark, length: usize, text: &mut Vec<u8>) -> Scanned<()> {
    scanner.cursor.skip();
    scanner.cursor.skip();
    let mut code = 0u32;
    for ahead in 0..length {
        let Some(digit) = char::from(scanner.cursor.byte(ahead)).to_digit(16) else {
            return Err(scanner.problem(start, "did not find expected hexdecimal number"));
        };
        code = code << 4 | digit;
    }
    let Some(c) = char::from_u32(code) else {
        return Err(scanner.problem(start, "found invalid Unicode character escape code"));
    };
    text.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    (0..length).for_each(|_| scanner.cursor.skip());
    Ok(())
}
