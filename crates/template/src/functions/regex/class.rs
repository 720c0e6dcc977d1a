//! Classes of characters, and escapes.

use super::{
    flaw::{self, Flaw},
    unicode::property,
};

/// Something read, and what follows it.
type Read<'a, T> = (T, &'a str);

const NOTHING: &str = "[^\\x00-\\x{10FFFF}]";

const POSIX: [&str; 14] = [
    "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space", "upper", "word",
    "xdigit",
];

/// Reads `[a-z]`.
pub(super) fn read(text: &str) -> Result<Read<'_, String>, Flaw> {
    let mut rest = &text[1..];
    let mut out = String::from("[");
    if let Some(after) = rest.strip_prefix('^') {
        out.push('^');
        rest = after;
    }
    let mut first = true;
    while first || !rest.starts_with(']') {
        first = false;
        let named = match posix(rest)? {
            Some(found) => Some(found),
            None => unicode(rest)?.or_else(|| perl(rest)),
        };
        let (part, after) = named.map_or_else(|| range(rest, text), Ok)?;
        out.push_str(&part);
        rest = after;
    }
    out.push(']');
    Ok((out, &rest[1..]))
}

/// Reads `a-z`, or one character.
fn range<'a>(text: &'a str, class: &str) -> Result<Read<'a, String>, Flaw> {
    let (low, rest) = character(text, class)?;
    let high = rest.strip_prefix('-').filter(|after| !after.is_empty() && !after.starts_with(']'));
    let Some(after) = high else { return Ok((code(low), rest)) };
    let (high, rest) = character(after, class)?;
    if high < low {
        return Err(Flaw::new(flaw::RANGE, &text[..text.len() - rest.len()]));
    }
    Ok((span(low, high), rest))
}

fn character<'a>(text: &'a str, class: &str) -> Result<Read<'a, u32>, Flaw> {
    match text.chars().next() {
        None => Err(Flaw::new(flaw::BRACKET, class)),
        Some('\\') => escape(text),
        Some(c) => Ok((c.into(), &text[c.len_utf8()..])),
    }
}

/// Writes a character by its number. A surrogate is none.
pub(super) fn code(code: u32) -> String {
    if char::from_u32(code).is_some() { format!("\\x{{{code:X}}}") } else { NOTHING.to_owned() }
}

/// Writes the characters from one to another, without surrogates.
fn span(low: u32, high: u32) -> String {
    let parts = [(low, high.min(0xd7ff)), (low.max(0xe000), high)];
    let parts = parts.iter().filter(|(low, high)| low <= high);
    let text: String = parts.map(|(low, high)| format!("\\x{{{low:X}}}-\\x{{{high:X}}}")).collect();
    if text.is_empty() { NOTHING.to_owned() } else { text }
}

/// Reads `[:alpha:]`.
fn posix(text: &str) -> Result<Option<Read<'_, String>>, Flaw> {
    let Some(end) = text.strip_prefix("[:").and_then(|inside| inside.find(":]")) else { return Ok(None) };
    let (whole, rest) = text.split_at(end + 4);
    let name = &whole[2..whole.len() - 2];
    let name = name.strip_prefix('^').unwrap_or(name);
    if !POSIX.contains(&name) {
        return Err(Flaw::new(flaw::RANGE, whole));
    }
    Ok(Some((whole.to_owned(), rest)))
}

/// Reads `\pL`, `\p{Greek}`, `\P{^Greek}`.
pub(super) fn unicode(text: &str) -> Result<Option<Read<'_, String>>, Flaw> {
    let Some(inside) = text.strip_prefix("\\p").or_else(|| text.strip_prefix("\\P")) else { return Ok(None) };
    let (name, length) = match inside.chars().next() {
        Some('{') => {
            let end = text.find('}').ok_or_else(|| Flaw::new(flaw::RANGE, text))?;
            (&text[3..end], end + 1)
        }
        Some(c) => (&inside[..c.len_utf8()], 2 + c.len_utf8()),
        None => ("", 2),
    };
    let (whole, rest) = text.split_at(length);
    let negated = text.starts_with("\\P") != name.starts_with('^');
    let name = name.strip_prefix('^').unwrap_or(name);
    let name = property(name).ok_or_else(|| Flaw::new(flaw::RANGE, whole))?;
    let class = match (name.as_str(), negated) {
        ("Cs", false) => NOTHING.to_owned(),
        ("Cs", true) => span(0, 0x0010_ffff),
        (name, false) => format!("\\p{{{name}}}"),
        (name, true) => format!("\\P{{{name}}}"),
    };
    Ok(Some((class, rest)))
}

/// Reads `\d`, `\s`, `\w` and their opposites: they mean ASCII. The text is for the inside of a class.
pub(super) fn perl(text: &str) -> Option<Read<'_, String>> {
    let class = match text.get(..2)? {
        "\\d" => "0-9",
        "\\D" => "[^0-9]",
        "\\s" => "\\t\\n\\f\\r ",
        "\\S" => "[^\\t\\n\\f\\r ]",
        "\\w" => "0-9A-Za-z_",
        "\\W" => "[^0-9A-Za-z_]",
        _ => return None,
    };
    Some((class.to_owned(), &text[2..]))
}

/// Reads an escape that is one character.
pub(super) fn escape(text: &str) -> Result<Read<'_, u32>, Flaw> {
    let after = &text[1..];
    let c = after.chars().next().ok_or_else(|| Flaw::new(flaw::BACKSLASH, ""))?;
    let rest = &after[c.len_utf8()..];
    let read = |code: u32| Ok((code, rest));
    match c {
        '0' => Ok(octal(after)),
        '1'..='7' if rest.starts_with(|next: char| next.is_digit(8)) => Ok(octal(after)),
        'x' => hexadecimal(text),
        'a' => read(7),
        'f' => read(12),
        'n' => read(10),
        'r' => read(13),
        't' => read(9),
        'v' => read(11),
        c if c.is_ascii() && !c.is_ascii_alphanumeric() => read(c.into()),
        _ => Err(Flaw::new(flaw::ESCAPE, &text[..text.len() - rest.len()])),
    }
}

/// Reads up to three digits.
fn octal(text: &str) -> Read<'_, u32> {
    let length = text.bytes().take(3).take_while(|byte| matches!(byte, b'0'..=b'7')).count();
    let (digits, rest) = text.split_at(length);
    (u32::from_str_radix(digits, 8).unwrap_or(0), rest)
}

/// Reads `\x41`, `\x{10FFFF}`. The flaw shows as far as it was read.
fn hexadecimal(text: &str) -> Result<Read<'_, u32>, Flaw> {
    let braces = text[2..].starts_with('{');
    let mut code = 0;
    for (count, (at, c)) in text.char_indices().skip(2 + usize::from(braces)).enumerate() {
        let rest = &text[at + c.len_utf8()..];
        let wrong = || Flaw::new(flaw::ESCAPE, &text[..text.len() - rest.len()]);
        if braces && c == '}' && count > 0 {
            return Ok((code, rest));
        }
        match c.to_digit(16) {
            Some(digit) => code = code * 16 + digit,
            // Go reads both digits before it looks at them.
            None if !braces && count == 0 => {
                let two = rest.chars().next().map_or(0, char::len_utf8);
                return Err(Flaw::new(flaw::ESCAPE, &text[..text.len() - rest.len() + two]));
            }
            None => return Err(wrong()),
        }
        if code > 0x0010_ffff {
            return Err(wrong());
        }
        if !braces && count == 1 {
            return Ok((code, rest));
        }
    }
    Err(Flaw::new(flaw::ESCAPE, text))
}
