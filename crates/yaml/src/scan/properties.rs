//! Directives, anchors, aliases and tags.

use super::{
    cursor::{self, Mark},
    scanner::{Scanned, Scanner},
    token::Kind,
};

/// Scans a `%YAML` or `%TAG` line.
pub(super) fn directive(scanner: &mut Scanner<'_>) -> Scanned<Kind> {
    let start = scanner.cursor.mark;
    scanner.cursor.skip();
    let name = name(scanner);
    if name.is_empty() {
        return Err(scanner.problem(start, "could not find expected directive name"));
    }
    if !scanner.cursor.is_blank_or_end(0) {
        return Err(scanner.problem(start, "found unexpected non-alphabetical character"));
    }
    let kind = match name.as_str() {
        "YAML" => version(scanner, start)?,
        "TAG" => tag_directive(scanner, start)?,
        _ => return Err(scanner.problem(start, "found unknown directive name")),
    };
    scanner.cursor.skip_blanks();
    if scanner.cursor.byte(0) == b'#' {
        scanner.cursor.skip_to_break();
    }
    if !scanner.cursor.is_break_or_end(0) {
        return Err(scanner.problem(start, "did not find expected comment or line break"));
    }
    scanner.cursor.skip_line();
    Ok(kind)
}

fn name(scanner: &mut Scanner<'_>) -> String {
    let mut name = Vec::new();
    while scanner.cursor.is_name() {
        scanner.cursor.read(&mut name);
    }
    cursor::text(name)
}

fn version(scanner: &mut Scanner<'_>, start: Mark) -> Scanned<Kind> {
    scanner.cursor.skip_blanks();
    let major = version_number(scanner, start)?;
    if scanner.cursor.byte(0) != b'.' {
        return Err(scanner.problem(start, "did not find expected digit or '.' character"));
    }
    scanner.cursor.skip();
    let minor = version_number(scanner, start)?;
    Ok(Kind::VersionDirective { major, minor })
}

fn version_number(scanner: &mut Scanner<'_>, start: Mark) -> Scanned<u8> {
    let (mut number, mut length) = (0, 0);
    while let digit @ b'0'..=b'9' = scanner.cursor.byte(0) {
        length += 1;
        if length > 2 {
            return Err(scanner.problem(start, "found extremely long version number"));
        }
        number = number * 10 + (digit - b'0');
        scanner.cursor.skip();
    }
    match length {
        0 => Err(scanner.problem(start, "did not find expected version number")),
        _ => Ok(number),
    }
}

fn tag_directive(scanner: &mut Scanner<'_>, start: Mark) -> Scanned<Kind> {
    scanner.cursor.skip_blanks();
    let handle = tag_handle(scanner, start, Caller::Directive)?;
    if !scanner.cursor.is_blank(0) {
        return Err(scanner.problem(start, "did not find expected whitespace"));
    }
    scanner.cursor.skip_blanks();
    let prefix = tag_uri(scanner, start, "")?;
    if !scanner.cursor.is_blank_or_end(0) {
        let text = "did not find expected whitespace or line break";
        return Err(scanner.problem(start, text));
    }
    Ok(Kind::TagDirective { handle, prefix })
}

/// Scans `&name` or `*name`.
pub(super) fn anchor(scanner: &mut Scanner<'_>) -> Scanned<Kind> {
    let start = scanner.cursor.mark;
    let alias = scanner.cursor.byte(0) == b'*';
    scanner.cursor.skip();
    let name = name(scanner);
    let ends = scanner.cursor.is_blank_or_end(0)
        || matches!(scanner.cursor.byte(0), b'?' | b':' | b',' | b']' | b'}' | b'%' | b'@' | b'`');
    if name.is_empty() || !ends {
        let text = "did not find expected alphabetic or numeric character";
        return Err(scanner.problem(start, text));
    }
    Ok(if alias { Kind::Alias(name) } else { Kind::Anchor(name) })
}

/// Scans a tag in one of its forms: `!<uri>`, `!suffix`, `!handle!suffix`, `!`.
pub(super) fn tag(scanner: &mut Scanner<'_>) -> Scanned<Kind> {
    let start = scanner.cursor.mark;
    let (handle, suffix) = match scanner.cursor.byte(1) {
        b'<' => verbatim(scanner, start)?,
        _ => shorthand(scanner, start)?,
    };
    if !scanner.cursor.is_blank_or_end(0) {
        let text = "did not find expected whitespace or line break";
        return Err(scanner.problem(start, text));
    }
    Ok(Kind::Tag { handle, suffix })
}

fn verbatim(scanner: &mut Scanner<'_>, start: Mark) -> Scanned<(String, String)> {
    scanner.cursor.skip();
    scanner.cursor.skip();
    let uri = tag_uri(scanner, start, "")?;
    if scanner.cursor.byte(0) != b'>' {
        return Err(scanner.problem(start, "did not find the expected '>'"));
    }
    scanner.cursor.skip();
    Ok((String::new(), uri))
}

fn shorthand(scanner: &mut Scanner<'_>, start: Mark) -> Scanned<(String, String)> {
    let handle = tag_handle(scanner, start, Caller::Tag)?;
    if handle.len() > 1 && handle.ends_with('!') {
        let suffix = tag_uri(scanner, start, "")?;
        return Ok((handle, suffix));
    }
    let suffix = tag_uri(scanner, start, &handle)?;
    match suffix.is_empty() {
        true => Ok((String::new(), "!".into())),
        false => Ok(("!".into(), suffix)),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Caller {
    Directive,
    Tag,
}

fn tag_handle(scanner: &mut Scanner<'_>, start: Mark, caller: Caller) -> Scanned<String> {
    if scanner.cursor.byte(0) != b'!' {
        return Err(scanner.problem(start, "did not find expected '!'"));
    }
    let mut handle = Vec::new();
    scanner.cursor.read(&mut handle);
    while scanner.cursor.is_name() {
        scanner.cursor.read(&mut handle);
    }
    if scanner.cursor.byte(0) == b'!' {
        scanner.cursor.read(&mut handle);
    } else if caller == Caller::Directive && handle != b"!" {
        return Err(scanner.problem(start, "did not find expected '!'"));
    }
    Ok(cursor::text(handle))
}

/// Scans the rest of a tag after a head whose `!` is left out.
fn tag_uri(scanner: &mut Scanner<'_>, start: Mark, head: &str) -> Scanned<String> {
    let mut uri = head.get(1..).unwrap_or_default().as_bytes().to_vec();
    let mut found = !head.is_empty();
    loop {
        match scanner.cursor.byte(0) {
            b'%' => uri_escape(scanner, start, &mut uri)?,
            b';' | b'/' | b'?' | b':' | b'@' | b'&' | b'=' | b'+' | b'$' | b',' | b'.' | b'!' | b'~' | b'*' | b'\''
            | b'(' | b')' | b'[' | b']' => scanner.cursor.read(&mut uri),
            _ if scanner.cursor.is_name() => scanner.cursor.read(&mut uri),
            _ => break,
        }
        found = true;
    }
    match found {
        true => Ok(cursor::text(uri)),
        false => Err(scanner.problem(start, "did not find expected tag URI")),
    }
}

/// Decodes the `%` escapes of one character.
fn uri_escape(scanner: &mut Scanner<'_>, start: Mark, uri: &mut Vec<u8>) -> Scanned<()> {
    let lead = uri_octet(scanner, start)?;
    let more = match lead {
        0..=0x7F => 0,
        0xC0..=0xDF => 1,
        0xE0..=0xEF => 2,
        0xF0..=0xF7 => 3,
        _ => return Err(scanner.problem(start, "found an incorrect leading UTF-8 octet")),
    };
    uri.push(lead);
    skip_octet(scanner);
    for _ in 0..more {
        let octet = uri_octet(scanner, start)?;
        if octet & 0xC0 != 0x80 {
            return Err(scanner.problem(start, "found an incorrect trailing UTF-8 octet"));
        }
        uri.push(octet);
        skip_octet(scanner);
    }
    Ok(())
}

fn uri_octet(scanner: &Scanner<'_>, start: Mark) -> Scanned<u8> {
    let digit = |ahead: usize| char::from(scanner.cursor.byte(ahead)).to_digit(16);
    match (scanner.cursor.byte(0), digit(1), digit(2)) {
        (b'%', Some(high), Some(low)) => Ok((high << 4 | low) as u8),
        _ => Err(scanner.problem(start, "did not find URI escaped octet")),
    }
}

fn skip_octet(scanner: &mut Scanner<'_>) {
    (0..3).for_each(|_| scanner.cursor.skip());
}
