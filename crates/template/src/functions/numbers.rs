//! Texts as numbers, as Go's `strconv` reads them, and values as numbers, as spf13/cast does.

use crate::{types::IntKind, value::Value};

/// A text that is no number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// It is none at all.
    Syntax,
    /// It is one, but too large; this is the nearest.
    Range(i64),
}

/// Returns a value as an integer: what is none is 0.
pub(crate) fn to_integer(value: &Value) -> i64 {
    match value {
        Value::Int(_, value) => *value,
        Value::Float(value) => truncated(*value),
        Value::String(text) => integer(without_zeros(text.as_bytes()), 0).unwrap_or(0),
        Value::Bool(value) => i64::from(*value),
        _ => 0,
    }
}

/// Returns a value as a floating point number: what is none is 0.
pub(crate) fn to_float(value: &Value) -> f64 {
    match value {
        Value::Int(IntKind::Uint64 | IntKind::Uint, value) => value.cast_unsigned() as f64,
        Value::Int(_, value) => *value as f64,
        Value::Float(value) => *value,
        Value::String(text) => float(text.as_bytes()).unwrap_or(0.0),
        Value::Bool(value) => f64::from(u8::from(*value)),
        _ => 0.0,
    }
}

/// Converts as amd64 does: what does not fit is the smallest integer.
pub(crate) fn truncated(value: f64) -> i64 {
    const BEYOND: f64 = (1u64 << 63) as f64;
    if (-BEYOND..BEYOND).contains(&value) { value as i64 } else { i64::MIN }
}

/// Removes `.0` and the like.
fn without_zeros(text: &[u8]) -> &[u8] {
    let kept = text.iter().rposition(|byte| *byte != b'0');
    match kept {
        Some(point) if text[point] == b'.' && point + 1 < text.len() => &text[..point],
        _ => text,
    }
}

/// Reads an integer of a base; 0 means that the text says which: `0x1f`, `0b1`, `0o7`, `07`, with `_` between digits.
pub(crate) fn integer(text: &[u8], base: u32) -> Result<i64, Flaw> {
    let (negative, digits) = sign(text);
    let (read, digits) = if base == 0 { prefixed(digits) } else { (base, digits) };
    if (digits.is_empty() && !(base == 0 && read == 8)) || (base == 0 && !underscores_fit(text)) {
        return Err(Flaw::Syntax);
    }
    let mut value: i128 = 0;
    for byte in digits.iter().filter(|byte| base != 0 || **byte != b'_') {
        let digit = char::from(*byte).to_digit(read).ok_or(Flaw::Syntax)?;
        value = (value * i128::from(read) + i128::from(digit)).min(i128::from(u64::MAX));
    }
    let value = if negative { -value } else { value };
    i64::try_from(value).map_err(|_| Flaw::Range(if negative { i64::MIN } else { i64::MAX }))
}

fn sign(text: &[u8]) -> (bool, &[u8]) {
    match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    }
}

fn prefixed(digits: &[u8]) -> (u32, &[u8]) {
    match digits {
        [b'0', b'x' | b'X', rest @ ..] if !rest.is_empty() => (16, rest),
        [b'0', b'b' | b'B', rest @ ..] if !rest.is_empty() => (2, rest),
        [b'0', b'o' | b'O', rest @ ..] if !rest.is_empty() => (8, rest),
        [b'0', rest @ ..] => (8, rest),
        digits => (10, digits),
    }
}

/// An underscore stands between digits, or after the prefix.
fn underscores_fit(text: &[u8]) -> bool {
    let (_, text) = sign(text);
    let (mut before, hex, rest) = match text {
        [b'0', prefix @ (b'x' | b'X' | b'b' | b'B' | b'o' | b'O'), rest @ ..] => {
            (b'0', prefix.eq_ignore_ascii_case(&b'x'), rest)
        }
        text => (b'^', false, text),
    };
    for byte in rest {
        let digit = byte.is_ascii_digit() || (hex && byte.is_ascii_hexdigit());
        before = match (byte, before) {
            _ if digit => b'0',
            (b'_', b'0') => b'_',
            (b'_', _) | (_, b'_') => return false,
            _ => b'!',
        };
    }
    before != b'_'
}

/// Reads a floating point number; `None` when it is none, or too large.
pub(crate) fn float(text: &[u8]) -> Option<f64> {
    let (signed, rest) = (matches!(text, [b'+' | b'-', ..]), sign(text).1);
    if text.contains(&b'_') && !underscores_fit(text) {
        return None;
    }
    let plain: String = text.iter().filter(|byte| **byte != b'_').map(|byte| char::from(*byte)).collect();
    match rest.first()? {
        b'n' | b'N' if signed => None,
        b'i' | b'I' | b'n' | b'N' => plain.parse().ok().filter(|_| !text.contains(&b'_')),
        _ if matches!(rest, [b'0', b'x' | b'X', ..]) => hexadecimal(&plain),
        _ => plain.parse().ok().filter(|value: &f64| value.is_finite()),
    }
}

/// Reads `0x1.8p-3`.
fn hexadecimal(text: &str) -> Option<f64> {
    let (negative, digits) = sign(text.as_bytes());
    let digits = std::str::from_utf8(digits.get(2..)?).ok()?;
    let (mantissa, exponent) = digits.split_once(['p', 'P'])?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let mut exponent = i32::try_from(integer(exponent.as_bytes(), 10).ok()?).ok()?;
    exponent = exponent.checked_sub(i32::try_from(fraction.len()).ok()?.checked_mul(4)?)?;
    let mut value: u64 = 0;
    for digit in whole.chars().chain(fraction.chars()) {
        let digit = u64::from(digit.to_digit(16)?);
        match value >> 58 {
            0 => value = value * 16 + digit,
            // What is dropped can only break a tie.
            _ => (value, exponent) = (value | u64::from(digit != 0), exponent.checked_add(4)?),
        }
    }
    let value = scaled(value as f64, exponent.clamp(-3000, 3000));
    value.is_finite().then_some(if negative { -value } else { value })
}

/// Multiplies by a power of two.
pub(crate) fn scaled(mut value: f64, mut exponent: i32) -> f64 {
    while exponent != 0 {
        let step = exponent.clamp(-1000, 1000);
        value *= 2f64.powi(step);
        exponent -= step;
    }
    value
}
