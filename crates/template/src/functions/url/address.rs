//! IP addresses, of which only the form counts; and what is wrong with them, in Go's words.

use super::quoted;

/// What is wrong, and from where on.
struct Flaw<'a>(&'static str, &'a [u8]);

/// Which kind of address a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    V4,
    V6,
}

/// Reads an address, with a zone if it is of version 6.
pub(super) fn read(text: &[u8]) -> Result<Kind, String> {
    let checked = match text.iter().find(|byte| b".:%".contains(byte)) {
        Some(b'.') => v4(text).map(|()| Kind::V4),
        Some(b':') => v6(text).map(|()| Kind::V6),
        Some(_) => Err(Flaw("missing IPv6 address", b"")),
        None => Err(Flaw("unable to parse IP", b"")),
    };
    checked.map_err(|Flaw(what, at)| {
        let at = if at.is_empty() { String::new() } else { format!(" (at {})", quoted(at)) };
        format!("ParseAddr({}): {what}{at}", quoted(text))
    })
}

fn v4(text: &[u8]) -> Result<(), Flaw<'_>> {
    let (mut value, mut digits, mut fields) = (0u32, 0, 0);
    for (index, byte) in text.iter().enumerate() {
        let at = &text[index..];
        match byte {
            b'0'..=b'9' if digits == 1 && value == 0 => {
                return Err(Flaw("IPv4 field has octet with leading zero", b""));
            }
            b'0'..=b'9' => {
                (value, digits) = (value * 10 + u32::from(byte - b'0'), digits + 1);
                if value > 255 {
                    return Err(Flaw("IPv4 field has value >255", b""));
                }
            }
            b'.' if digits == 0 || at.len() == 1 => return Err(Flaw("IPv4 field must have at least one digit", at)),
            b'.' if fields == 3 => return Err(Flaw("IPv4 address too long", b"")),
            b'.' => (value, digits, fields) = (0, 0, fields + 1),
            _ => return Err(Flaw("unexpected character", at)),
        }
    }
    if fields < 3 { Err(Flaw("IPv4 address too short", b"")) } else { Ok(()) }
}

fn v6(text: &[u8]) -> Result<(), Flaw<'_>> {
    let zone = text.iter().position(|byte| *byte == b'%');
    if zone.is_some_and(|zone| zone + 1 == text.len()) {
        return Err(Flaw("zone must be a non-empty string", b""));
    }
    let mut rest = &text[..zone.unwrap_or(text.len())];
    let (mut groups, mut ellipsis) = (0, false);
    if let Some(after) = rest.strip_prefix(b"::") {
        (rest, ellipsis) = (after, true);
    }
    while groups < 8 && !(rest.is_empty() && ellipsis) {
        let digits = group(rest)?;
        if rest.get(digits) == Some(&b'.') {
            embedded(rest, groups, ellipsis)?;
            (rest, groups) = (b"", groups + 2);
            break;
        }
        (rest, groups) = (&rest[digits..], groups + 1);
        match rest {
            [] => break,
            [b':'] => return Err(Flaw("colon must be followed by more characters", rest)),
            [b':', b':', ..] if ellipsis => return Err(Flaw("multiple :: in address", &rest[1..])),
            [b':', b':', after @ ..] => (rest, ellipsis) = (after, true),
            [b':', after @ ..] => rest = after,
            _ => return Err(Flaw("unexpected character, want colon", rest)),
        }
    }
    match (rest.is_empty(), groups < 8, ellipsis) {
        (false, _, _) => Err(Flaw("trailing garbage after address", rest)),
        (true, true, false) => Err(Flaw("address string too short", b"")),
        (true, false, true) => Err(Flaw("the :: must expand to at least one field of zeros", b"")),
        _ => Ok(()),
    }
}

/// Returns the number of digits of a group.
fn group(text: &[u8]) -> Result<usize, Flaw<'_>> {
    match text.iter().take_while(|byte| byte.is_ascii_hexdigit()).count() {
        0 => Err(Flaw("each colon-separated field must have at least one digit", text)),
        digits @ 1..=4 => Ok(digits),
        _ => Err(Flaw("each group must have 4 or less digits", text)),
    }
}

/// Reads an address of version 4 in the place of the last two groups.
fn embedded(text: &[u8], groups: usize, ellipsis: bool) -> Result<(), Flaw<'_>> {
    if !ellipsis && groups != 6 {
        return Err(Flaw("embedded IPv4 address must replace the final 2 fields of the address", text));
    }
    if groups > 6 {
        return Err(Flaw("too many hex fields to fit an embedded IPv4 at the end of the address", text));
    }
    v4(text)
}
