//! Literals: quoted texts, characters and numbers.

use crate::text::Str;

/// A number under every type that can hold it, as Go's untyped constants.
#[derive(Debug, Clone, Default)]
pub(crate) struct Number {
    /// As it was written.
    pub(crate) text: String,
    pub(crate) int: Option<i64>,
    pub(crate) uint: Option<u64>,
    pub(crate) float: Option<f64>,
    /// Real and imaginary part.
    pub(crate) complex: Option<(f64, f64)>,
}

const INVALID: &str = "invalid syntax";

/// Returns what is in a text with its quotes: `strconv.Unquote`.
pub(super) fn unquote(quoted: &[u8]) -> Result<Str, String> {
    match quoted {
        [b'`', inner @ .., b'`'] => Ok(inner.iter().copied().filter(|byte| *byte != b'\r').collect::<Vec<_>>().into()),
        [b'"', inner @ .., b'"'] => unescape(inner),
        _ => Err(INVALID.into()),
    }
}

fn unescape(mut rest: &[u8]) -> Result<Str, String> {
    if !rest.contains(&b'\\') && std::str::from_utf8(rest).is_ok() {
        return Ok(rest.into());
    }
    let mut out = Vec::with_capacity(rest.len());
    while !rest.is_empty() {
        let (code, is_byte, width) = character(rest, b'"').ok_or(INVALID)?;
        match char::from_u32(code) {
            Some(c) if !is_byte => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            _ => out.push(code as u8),
        }
        rest = &rest[width..];
    }
    Ok(out.into())
}

/// Reads one character: its code, whether it stands for a byte, and how long it is.
fn character(text: &[u8], mark: u8) -> Option<(u32, bool, usize)> {
    match text {
        [b'\\', escape, rest @ ..] => escaped(*escape, rest, mark),
        [first, ..] if *first == mark || *first == b'\\' => None,
        [first @ ..0x80, ..] => Some((u32::from(*first), false, 1)),
        _ => {
            let head = &text[..text.len().min(4)];
            let c = head.utf8_chunks().next().and_then(|chunk| chunk.valid().chars().next());
            let c = c.map_or((char::REPLACEMENT_CHARACTER, 1), |c| (c, c.len_utf8()));
            Some((u32::from(c.0), false, c.1))
        }
    }
}

fn escaped(escape: u8, rest: &[u8], mark: u8) -> Option<(u32, bool, usize)> {
    let simple = match escape {
        b'a' => 7,
        b'b' => 8,
        b'f' => 12,
        b'n' => 10,
        b'r' => 13,
        b't' => 9,
        b'v' => 11,
        b'\\' => u32::from(b'\\'),
        b'\'' | b'"' if escape == mark => u32::from(mark),
        b'x' => return digits(rest, 2, 16).map(|code| (code, true, 4)),
        b'u' => return digits(rest, 4, 16).filter(|code| char::from_u32(*code).is_some()).map(|code| (code, false, 6)),
        b'U' => {
            return digits(rest, 8, 16).filter(|code| char::from_u32(*code).is_some()).map(|code| (code, false, 10));
        }
        b'0'..=b'7' => {
            let code = u32::from(escape - b'0') * 64 + digits(rest, 2, 8)?;
            return (code < 256).then_some((code, true, 4));
        }
        _ => return None,
    };
    Some((simple, false, 2))
}

fn digits(text: &[u8], count: usize, radix: u32) -> Option<u32> {
    let mut code = 0u32;
    for byte in text.get(..count)? {
        code = code.checked_mul(radix)?.checked_add(char::from(*byte).to_digit(radix)?)?;
    }
    Some(code)
}

impl Number {
    /// Reads `'x'`.
    pub(super) fn character(text: &[u8]) -> Result<Self, String> {
        let source = String::from_utf8_lossy(text).into_owned();
        let (code, _, width) = character(&text[1..], b'\'').ok_or(INVALID)?;
        if text[1 + width..] != *b"'" {
            return Err(format!("malformed character constant: {source}"));
        }
        Ok(Self {
            text: source,
            int: Some(code.into()),
            uint: Some(code.into()),
            float: Some(code.into()),
            complex: None,
        })
    }

    /// Reads `1+2i`.
    pub(super) fn complex(text: &str) -> Result<Self, String> {
        let middle = text.rfind(['+', '-']).filter(|at| !text[..*at].ends_with(['e', 'E', 'p', 'P']));
        let middle = middle.or_else(|| text[..text.rfind(['+', '-'])?].rfind(['+', '-']));
        let (real, imaginary) = text.split_at(middle.unwrap_or(0));
        match (parse_float(real), parse_float(imaginary.trim_end_matches('i'))) {
            (Some(real), Some(imaginary)) => Ok(Self::of_complex(text, real, imaginary)),
            _ => Err("syntax error scanning complex number".into()),
        }
    }

    fn of_complex(text: &str, real: f64, imaginary: f64) -> Self {
        let float = (imaginary == 0.0).then_some(real);
        Self {
            text: text.into(),
            int: float.and_then(as_int),
            uint: float.and_then(as_uint),
            float,
            complex: Some((real, imaginary)),
        }
    }

    /// Reads any other number.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if let Some(imaginary) = text.strip_suffix('i').and_then(parse_float) {
            return Ok(Self::of_complex(text, 0.0, imaginary));
        }
        let int = parse_int(text);
        let uint = parse_uint(text).or(int.filter(|int| *int == 0).map(|_| 0));
        let whole = int.map(|int| int as f64).or(uint.map(|uint| uint as f64));
        let number = Self { text: text.into(), int, uint, float: whole, complex: None };
        match whole {
            Some(_) => Ok(number),
            None => number.with_fraction(),
        }
    }

    fn with_fraction(self) -> Result<Self, String> {
        let Some(float) = parse_float(&self.text) else {
            return Err(format!("illegal number syntax: {:?}", self.text));
        };
        if !self.text.contains(['.', 'e', 'E', 'p', 'P']) {
            return Err(format!("integer overflow: {:?}", self.text));
        }
        Ok(Self { int: as_int(float), uint: as_uint(float), float: Some(float), ..self })
    }

    /// Says whether it is written as a float.
    pub(crate) fn is_written_as_float(&self) -> bool {
        let hex = self.text.len() > 2 && (self.text.starts_with("0x") || self.text.starts_with("0X"));
        let hex = hex && !self.text.contains(['p', 'P']);
        self.float.is_some() && !hex && !self.text.starts_with('\'') && self.text.contains(['.', 'e', 'E', 'p', 'P'])
    }
}

fn as_int(float: f64) -> Option<i64> {
    let fits = (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&float);
    (fits && float.trunc() == float).then_some(float as i64)
}

fn as_uint(float: f64) -> Option<u64> {
    ((0.0..18_446_744_073_709_551_616.0).contains(&float) && float.trunc() == float).then_some(float as u64)
}

fn parse_int(text: &str) -> Option<i64> {
    let (negative, digits) = match text.as_bytes() {
        [b'-', ..] => (true, &text[1..]),
        [b'+', ..] => (false, &text[1..]),
        _ => (false, text),
    };
    let size = parse_uint(digits)?;
    match negative {
        true => 0i64.checked_sub_unsigned(size),
        false => i64::try_from(size).ok(),
    }
}

/// `strconv.ParseUint(text, 0, 64)`
fn parse_uint(text: &str) -> Option<u64> {
    let (radix, digits) = match text.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &text[2..]),
        [b'0', b'o' | b'O', ..] => (8, &text[2..]),
        [b'0', b'b' | b'B', ..] => (2, &text[2..]),
        [b'0', _, ..] => (8, &text[1..]),
        _ => (10, text),
    };
    let plain = digits.replace('_', "");
    let known = plain.bytes().all(|byte| byte.is_ascii_alphanumeric()) && underscores_separate(text);
    known.then(|| u64::from_str_radix(&plain, radix).ok()).flatten()
}

fn parse_float(text: &str) -> Option<f64> {
    if !underscores_separate(text) {
        return None;
    }
    let plain = text.replace('_', "");
    let size = plain.trim_start_matches(['+', '-']);
    match size.strip_prefix("0x").or(size.strip_prefix("0X")) {
        Some(digits) => hex_float(digits).map(|float| if plain.starts_with('-') { -float } else { float }),
        None => plain.parse().ok().filter(|float: &f64| float.is_finite()),
    }
}

fn hex_float(text: &str) -> Option<f64> {
    let (mantissa, exponent) = text.split_once(['p', 'P'])?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = [whole, fraction].concat();
    let size = u64::from_str_radix(&digits, 16).ok()?;
    let exponent: i32 = exponent.parse().ok()?;
    let float = size as f64 * 2f64.powi(exponent.checked_sub(4 * i32::try_from(fraction.len()).ok()?)?);
    float.is_finite().then_some(float)
}

/// Underscores stand between digits, or after a prefix such as `0x`.
fn underscores_separate(text: &str) -> bool {
    let digits = text.trim_start_matches(['+', '-']).as_bytes();
    let (hex, start) = match digits {
        [b'0', b'x' | b'X', ..] => (true, 2),
        [b'0', b'b' | b'B' | b'o' | b'O', ..] => (false, 2),
        _ => (false, 0),
    };
    let mut last = if start > 0 { b'0' } else { b'^' };
    for byte in &digits[start..] {
        let digit = byte.is_ascii_digit() || (hex && byte.is_ascii_hexdigit());
        match (digit, byte, last) {
            (true, ..) => last = b'0',
            (_, b'_', b'0') => last = b'_',
            (_, b'_', _) | (_, _, b'_') => return false,
            _ => last = b'!',
        }
    }
    last != b'_'
}
