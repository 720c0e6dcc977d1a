//! Numbers and strings as Go's `strconv` and `encoding/json` read and write them.

use std::fmt::Write as _;

use serde_json::{Map, Number, Value as Json};

/// Returns a float as `strconv.FormatFloat(f, 'g', -1, 64)` writes it, infinities as YAML does.
pub fn format_g(float: f64) -> String {
    if let Some(word) = special(float) {
        return word.into();
    }
    let (sign, digits, exponent) = shortest(float);
    general(sign, &digits, exponent)
}

/// Returns a float as `strconv.FormatFloat(f, 'g', -1, 32)` writes it.
pub fn format_g32(float: f64) -> String {
    let single = float as f32;
    if let Some(word) = special(single.into()) {
        return word.into();
    }
    let (sign, digits, exponent) = split(&format!("{:e}", single.abs()), single.is_sign_negative());
    general(sign, &digits, exponent)
}

/// Returns a finite float as `encoding/json` writes it.
pub fn format_json(float: f64) -> String {
    let (sign, digits, exponent) = shortest(float);
    let size = float.abs();
    if size != 0.0 && !(1e-6..1e21).contains(&size) {
        return format!("{sign}{}", scientific(&digits, exponent, 1));
    }
    format!("{sign}{}", positional(&digits, exponent))
}

/// Returns a value as `encoding/json.Marshal` writes it: keys sorted, `<`, `>` and `&` escaped.
pub fn json_text(json: &Json) -> String {
    let mut out = String::new();
    write_json(json, &mut out);
    out
}

/// Returns text in double quotes as `strconv.Quote` does.
pub fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    match text.bytes().all(|byte| matches!(byte, b' ' | b'!' | b'#'..=b'[' | b']'..=b'~')) {
        true => out.push_str(text),
        false => text.chars().for_each(|c| quote_char(c, &mut out)),
    }
    out.push('"');
    out
}

/// Reads an integer as `strconv.ParseInt(text, 0, 64)` does, without underscores.
pub(crate) fn parse_int(text: &str) -> Option<i64> {
    let (negative, digits) = split_sign(text);
    let (radix, digits) = split_radix(digits);
    parse_radix(negative, digits, radix)
}

/// Reads an integer as `strconv.ParseUint(text, 0, 64)` does, without underscores.
pub(crate) fn parse_uint(text: &str) -> Option<u64> {
    let (radix, digits) = split_radix(text);
    parse_uint_radix(digits, radix)
}

/// Reads an integer as `strconv.ParseInt(text, radix, 64)` does.
pub(crate) fn parse_int_radix(text: &str, radix: u32) -> Option<i64> {
    let (negative, digits) = split_sign(text);
    parse_radix(negative, digits, radix)
}

/// Reads an integer as `strconv.ParseUint(text, radix, 64)` does.
pub(crate) fn parse_uint_radix(digits: &str, radix: u32) -> Option<u64> {
    match digits.bytes().all(|b| b.is_ascii_alphanumeric()) {
        true => u64::from_str_radix(digits, radix).ok(),
        false => None,
    }
}

/// Reads a decimal float; one that is too large is no float, as in Go.
pub(crate) fn parse_float(text: &str) -> Option<f64> {
    let known = |b: u8| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-');
    if !text.bytes().all(known) {
        return None;
    }
    text.parse().ok().filter(|float: &f64| float.is_finite())
}

fn special(float: f64) -> Option<&'static str> {
    match float {
        f if f.is_nan() => Some(".nan"),
        f64::INFINITY => Some(".inf"),
        f64::NEG_INFINITY => Some("-.inf"),
        _ => None,
    }
}

/// Splits a finite float into sign, shortest digits and decimal exponent.
fn shortest(float: f64) -> (&'static str, String, i32) {
    let (digits, exponent) = shortest_digits(float);
    (if float.is_sign_negative() { "-" } else { "" }, digits, exponent)
}

/// Returns the fewest digits that are a finite float, without its sign, and the exponent of the first of them.
///
/// Of two that are as near Go takes the even one, as JSON's writer does, but not the standard library.
pub fn shortest_digits(float: f64) -> (String, i32) {
    let text = Number::from_f64(float.abs()).map(|number| number.to_string()).unwrap_or_default();
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = format!("{whole}{fraction}");
    let digits = all.trim_start_matches('0');
    if digits.is_empty() {
        return ("0".into(), 0);
    }
    let point = whole.len() as i32 - (all.len() - digits.len()) as i32;
    let exponent = exponent.parse().unwrap_or(0) + point - 1;
    (digits.trim_end_matches('0').to_owned(), exponent)
}

fn split(text: &str, negative: bool) -> (&'static str, String, i32) {
    let sign = if negative { "-" } else { "" };
    let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let digits = mantissa.replace('.', "");
    (sign, digits, exponent.parse().unwrap_or(0))
}

fn general(sign: &str, digits: &str, exponent: i32) -> String {
    // Go turns to exponents at six digits before the point, also when the float needs more.
    match (-4..6).contains(&exponent) {
        true => format!("{sign}{}", positional(digits, exponent)),
        false => format!("{sign}{}", scientific(digits, exponent, 2)),
    }
}

fn positional(digits: &str, exponent: i32) -> String {
    let point = exponent + 1;
    let count = digits.len() as i32;
    if point <= 0 {
        return format!("0.{}{digits}", "0".repeat(point.unsigned_abs() as usize));
    }
    if point >= count {
        return format!("{digits}{}", "0".repeat((point - count) as usize));
    }
    let (whole, fraction) = digits.split_at(point as usize);
    format!("{whole}.{fraction}")
}

fn scientific(digits: &str, exponent: i32, width: usize) -> String {
    let (first, rest) = digits.split_at(1);
    let point = if rest.is_empty() { "" } else { "." };
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{first}{point}{rest}e{sign}{:0width$}", exponent.abs())
}

fn split_sign(text: &str) -> (bool, &str) {
    match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    }
}

fn split_radix(text: &str) -> (u32, &str) {
    let prefixes = [("0x", 16), ("0X", 16), ("0b", 2), ("0B", 2), ("0o", 8), ("0O", 8)];
    for (prefix, radix) in prefixes {
        if let Some(digits) = text.strip_prefix(prefix) {
            return (radix, digits);
        }
    }
    match text.strip_prefix('0') {
        Some(digits) if !digits.is_empty() => (8, digits),
        _ => (10, text),
    }
}

fn parse_radix(negative: bool, digits: &str, radix: u32) -> Option<i64> {
    let size = parse_uint_radix(digits, radix)?;
    match negative {
        true => 0i64.checked_sub_unsigned(size),
        false => i64::try_from(size).ok(),
    }
}

fn quote_char(c: char, out: &mut String) {
    let escape = match c {
        '"' => "\\\"",
        '\\' => "\\\\",
        '\x07' => "\\a",
        '\x08' => "\\b",
        '\x0c' => "\\f",
        '\n' => "\\n",
        '\r' => "\\r",
        '\t' => "\\t",
        '\x0b' => "\\v",
        c => return quote_plain(c, out),
    };
    out.push_str(escape);
}

fn quote_plain(c: char, out: &mut String) {
    let printable = c == ' ' || !(c.is_control() || c.is_whitespace() || c == '\u{feff}');
    // Writing to a string can't fail.
    let _ = match u32::from(c) {
        _ if printable => write!(out, "{c}"),
        code @ ..0x80 => write!(out, "\\x{code:02x}"),
        code @ ..0x10000 => write!(out, "\\u{code:04x}"),
        code => write!(out, "\\U{code:08x}"),
    };
}

fn write_json(json: &Json, out: &mut String) {
    match json {
        Json::Null => out.push_str("null"),
        Json::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Json::Number(number) => out.push_str(&number_text(number)),
        Json::String(text) => write_string(text, out),
        Json::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                out.push_str(if index > 0 { "," } else { "" });
                write_json(item, out);
            }
            out.push(']');
        }
        Json::Object(map) => write_object(map, out),
    }
}

fn write_object(map: &Map<String, Json>, out: &mut String) {
    let mut entries: Vec<_> = map.iter().collect();
    entries.sort_by_key(|(key, _)| key.as_str());
    out.push('{');
    for (index, (key, value)) in entries.into_iter().enumerate() {
        out.push_str(if index > 0 { "," } else { "" });
        write_string(key, out);
        out.push(':');
        write_json(value, out);
    }
    out.push('}');
}

fn number_text(number: &Number) -> String {
    match (number.is_f64(), number.as_f64()) {
        (true, Some(float)) => format_json(float),
        _ => number.to_string(),
    }
}

fn write_string(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\x08' => out.push_str("\\b"),
            '\x0c' => out.push_str("\\f"),
            '\0'..=' ' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}' if c != ' ' => {
                // Writing to a string can't fail.
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            _ => out.push(c),
        }
    }
    out.push('"');
}
