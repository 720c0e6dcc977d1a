//! Bytes as `%20`, and which of them need it where.

use super::{Wrong, quoted};

/// Where a text stands in a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Path,
    Host,
    /// What follows `%25` in an IPv6 address.
    Zone,
    User,
    Fragment,
}

/// Says whether a byte stands for itself.
fn is_plain(byte: u8, part: Part) -> bool {
    match byte {
        byte if byte.is_ascii_alphanumeric() => true,
        b'-' | b'.' | b'_' | b'~' => true,
        b'$' | b'&' | b'+' | b',' | b'=' => true,
        b';' => true,
        b'/' => matches!(part, Part::Path | Part::Fragment),
        b':' | b'@' if part == Part::Path => true,
        b'@' | b'?' => part == Part::Fragment,
        b':' | b'!' | b'(' | b')' | b'*' => part != Part::Path && part != Part::User,
        b'"' | b'\'' | b'<' | b'>' | b'[' | b']' => matches!(part, Part::Host | Part::Zone),
        _ => false,
    }
}

/// Writes bytes that need it as `%20`.
pub(super) fn escape(text: &[u8], part: Part) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for byte in text {
        match is_plain(*byte, part) {
            true => out.push(*byte),
            false => out.extend(format!("%{byte:02X}").into_bytes()),
        }
    }
    out
}

/// Reads `%20` and the like.
pub(super) fn unescape(text: &[u8], part: Part) -> Result<Vec<u8>, Wrong> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [byte, after @ ..] = rest {
        rest = after;
        if *byte == b'%' {
            out.push(unescaped(after, part)?);
            rest = &after[2..];
        } else if matches!(part, Part::Host | Part::Zone) && byte.is_ascii() && !is_plain(*byte, part) {
            return Err(format!("invalid character {} in host name", quoted(&[*byte])));
        } else {
            out.push(*byte);
        }
    }
    Ok(out)
}

/// Reads the two digits after `%`. In a host only what is not ASCII may be escaped, and `%` itself.
fn unescaped(after: &[u8], part: Part) -> Result<u8, Wrong> {
    let shown = [b"%", &after[..after.len().min(2)]].concat();
    let wrong = || format!("invalid URL escape {}", quoted(&shown));
    let digit = |index: usize| after.get(index).and_then(|byte| char::from(*byte).to_digit(16));
    let (Some(high), Some(low)) = (digit(0), digit(1)) else { return Err(wrong()) };
    let byte = u8::try_from(high * 16 + low).unwrap_or_default();
    let fits = match part {
        _ if shown == b"%25" => true,
        Part::Host => !byte.is_ascii(),
        Part::Zone => byte == b' ' || is_plain(byte, Part::Host),
        _ => true,
    };
    if fits { Ok(byte) } else { Err(wrong()) }
}
