//! Texts, numbers, truth and dates.

use super::scan::{END, Scanner, Wrong, shown};
use crate::{
    text::Str,
    time::{self, RFC3339_NANO, Zone},
    value::Value,
};

/// Reads what is neither a list nor a table.
pub(super) fn scalar(scanner: &mut Scanner<'_>) -> Result<Value, Wrong> {
    let start = scanner.at;
    match scanner.next()? {
        quote @ ('"' | '\'') => quoted(scanner, quote).map(Value::String),
        '0'..='9' => number(scanner, start),
        '-' | '+' => signed(scanner, start),
        '.' => Err(scanner.wrong("floats must start with a digit, not '.'")),
        END => Err(scanner.wrong("unexpected EOF; expected value")),
        '\n' => Err(scanner.wrong_before("expected value but found '\\n' instead")),
        first if first.is_alphabetic() => word(scanner, first),
        other => Err(scanner.wrong_after(other, format!("expected value but found {} instead", shown(other)))),
    }
}

fn quoted(scanner: &mut Scanner<'_>, quote: char) -> Result<Str, Wrong> {
    if !scanner.accept(quote)? {
        return line(scanner, quote);
    }
    match scanner.accept(quote)? {
        true => block(scanner, quote),
        false => Ok(Str::from("")),
    }
}

/// Reads a text of one line, after its first quote.
pub(super) fn line(scanner: &mut Scanner<'_>, quote: char) -> Result<Str, Wrong> {
    let start = scanner.at;
    let first_line = scanner.line;
    loop {
        let end = scanner.at;
        match scanner.next()? {
            END if quote == '"' => return Err(scanner.wrong("unexpected EOF; expected '\"'")),
            END => return Err(scanner.wrong("unexpected EOF; expected \"'\"")),
            '\n' | '\r' => return Err(scanner.wrong_before("strings cannot contain newlines")),
            '\\' if quote == '"' => escape(scanner, start)?,
            found if found == quote => {
                let text = scanner.text(start, end);
                return match quote {
                    '"' => unescaped(text, first_line),
                    _ => Ok(Str::from(text)),
                };
            }
            _ => {}
        }
    }
}

/// Reads a text of several lines, after its three quotes. Up to two more may stand before those that end it.
fn block(scanner: &mut Scanner<'_>, quote: char) -> Result<Str, Wrong> {
    let start = scanner.at;
    let mut run = 0;
    loop {
        let found = scanner.next()?;
        match found {
            END if quote == '"' => return Err(scanner.wrong("unexpected EOF; expected '\"\"\"'")),
            END => return Err(scanner.wrong("unexpected EOF; expected \"'''\"")),
            '\\' if quote == '"' => {
                run = 0;
                escape_in_block(scanner, start)?;
                continue;
            }
            found if found == quote => run += 1,
            _ => run = 0,
        }
        if run < 3 || (!scanner.is_end() && scanner.peek()? == quote && run < 5) {
            continue;
        }
        if !scanner.is_end() && scanner.peek()? == quote {
            let six = quote.to_string().repeat(6);
            let around = if quote == '"' { '\'' } else { '"' };
            return Err(scanner.wrong(format!("unexpected {around}{six}{around}")));
        }
        let text = without_first_break(scanner.text(start, scanner.at - 3));
        return match quote {
            '"' => unescaped(&without_escaped_breaks(text), scanner.line),
            _ => Ok(Str::from(text)),
        };
    }
}

fn without_first_break(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"\n").or_else(|| text.strip_prefix(b"\r\n")).unwrap_or(text)
}

fn escape_in_block(scanner: &mut Scanner<'_>, start: usize) -> Result<(), Wrong> {
    match scanner.peek()? {
        '\n' | '\r' => scanner.next().map(drop),
        _ => escape(scanner, start),
    }
}

/// Reads what follows a backslash; its meaning comes later.
fn escape(scanner: &mut Scanner<'_>, start: usize) -> Result<(), Wrong> {
    let (count, digits) = match scanner.next()? {
        'e' | 'b' | 't' | 'n' | 'f' | 'r' | '"' | ' ' | '\t' | '\\' => return Ok(()),
        'x' => (2, "two hexadecimal digits after '\\x'"),
        'u' => (4, "four hexadecimal digits after '\\u'"),
        'U' => (8, "eight hexadecimal digits after '\\U'"),
        END => return Err(scanner.wrong_before("invalid escape in string '\\\0'")),
        other => return Err(scanner.wrong_after(other, format!("invalid escape in string '\\{other}'"))),
    };
    for _ in 0..count {
        let found = scanner.next()?;
        if !found.is_ascii_hexdigit() {
            let text = String::from_utf8_lossy(scanner.since(start)).into_owned();
            let text = format!("expected {digits}, but got {} instead", sluice_yaml::quote(&text));
            return Err(scanner.wrong_after(found, text));
        }
    }
    Ok(())
}

/// Leaves out what a backslash at the end of a line makes invisible.
fn without_escaped_breaks(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.iter().position(|byte| *byte == b'\\') {
        let (before, behind) = (&rest[..at], &rest[at + 1..]);
        out.extend(before);
        let blank = behind.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n')).count();
        if behind[..blank].contains(&b'\n') {
            rest = &behind[blank..];
        } else {
            let kept = behind.len().min(1);
            out.push(b'\\');
            out.extend(&behind[..kept]);
            rest = &behind[kept..];
        }
    }
    out.extend(rest);
    out
}

/// Replaces escapes that [`escape`] has let through.
fn unescaped(text: &[u8], line: usize) -> Result<Str, Wrong> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.iter().position(|byte| *byte == b'\\') {
        out.extend(&rest[..at]);
        let code = rest.get(at + 1).copied().unwrap_or(b'\\');
        rest = &rest[(at + 2).min(rest.len())..];
        let found = match code {
            b'b' => '\x08',
            b't' => '\t',
            b'n' => '\n',
            b'f' => '\x0c',
            b'r' => '\r',
            b'e' => '\x1b',
            b'x' => rune(&mut rest, 2, line)?,
            b'u' => rune(&mut rest, 4, line)?,
            b'U' => rune(&mut rest, 8, line)?,
            b' ' | b'\t' => {
                return Err(Wrong { text: format!("invalid escape: '\\{}'", char::from(code)), line });
            }
            other => char::from(other),
        };
        out.extend(found.encode_utf8(&mut [0; 4]).bytes());
    }
    out.extend(rest);
    Ok(Str::from(out))
}

fn rune(rest: &mut &[u8], count: usize, line: usize) -> Result<char, Wrong> {
    let (digits, behind) = rest.split_at(count.min(rest.len()));
    *rest = behind;
    let digits = String::from_utf8_lossy(digits);
    let code = u32::from_str_radix(&digits, 16).unwrap_or(u32::MAX);
    let invalid = || Wrong { text: format!("Escaped character '\\u{digits}' is not valid UTF-8."), line };
    char::from_u32(code).ok_or_else(invalid)
}

/// `inf` and `nan` begin like words, and what looks like them half is read from its end.
fn word(scanner: &mut Scanner<'_>, first: char) -> Result<Value, Wrong> {
    let mut start = scanner.at - first.len_utf8();
    if matches!(first, 'i' | 'n') {
        let infinite = scanner.accept('n')? && scanner.accept('f')?;
        if infinite || (scanner.accept('a')? && scanner.accept('n')?) {
            return float(scanner, start);
        }
        start = scanner.at - 1;
    }
    scanner.skip(char::is_alphabetic)?;
    match scanner.since(start) {
        b"true" => Ok(Value::Bool(true)),
        b"false" => Ok(Value::Bool(false)),
        other => {
            let text = sluice_yaml::quote(&String::from_utf8_lossy(other));
            Err(scanner.wrong(format!("expected value but found {text} instead")))
        }
    }
}

fn signed(scanner: &mut Scanner<'_>, start: usize) -> Result<Value, Wrong> {
    let first = scanner.next()?;
    let tail = match first {
        'i' => ['n', 'f'],
        'n' => ['a', 'n'],
        '.' => return Err(scanner.wrong("floats must start with a digit, not '.'")),
        '0' if !scanner.is_end() && matches!(scanner.peek()?, 'b' | 'o' | 'x') => {
            let text = format!("{}{}", read(scanner, start), scanner.peek()?);
            return Err(scanner.wrong(format!("cannot use sign with non-decimal numbers: '{text}'")));
        }
        '0'..='9' => return decimal(scanner, start),
        other => return Err(scanner.wrong_after(other, format!("expected a digit but got {}", shown(other)))),
    };
    if scanner.accept(tail[0])? && scanner.accept(tail[1])? {
        return float(scanner, start);
    }
    Err(scanner.wrong(format!("invalid float: '{}'", read(scanner, start))))
}

fn read(scanner: &Scanner<'_>, start: usize) -> String {
    String::from_utf8_lossy(scanner.since(start)).into_owned()
}

/// Reads a number or date after its first digit.
fn number(scanner: &mut Scanner<'_>, start: usize) -> Result<Value, Wrong> {
    if scanner.since(start) == b"0" {
        match scanner.peek()? {
            'b' => return based(scanner, start, "a binary", |c| matches!(c, '0' | '1')),
            'o' => return based(scanner, start, "an octal", |c| matches!(c, '0'..='7')),
            'x' => return based(scanner, start, "a hexadecimal", |c| c.is_ascii_hexdigit()),
            _ => {}
        }
    }
    scanner.skip(|c| c.is_ascii_digit())?;
    let digits = scanner.at - start;
    match scanner.peek()? {
        '-' | ':' if digits > 1 || scanner.since(start) != b"0" => {
            scanner.skip(|c| c.is_ascii_digit() || "-:Tt .Zz+".contains(c))?;
            date(scanner, start)
        }
        _ => decimal(scanner, start),
    }
}

fn based(scanner: &mut Scanner<'_>, start: usize, kind: &str, is_digit: fn(char) -> bool) -> Result<Value, Wrong> {
    scanner.next()?;
    let first = scanner.peek()?;
    if scanner.is_end() || !is_digit(first) {
        let text = format!("not {kind} number: '{}{first}'", read(scanner, start));
        return Err(Wrong { text, line: scanner.line });
    }
    scanner.skip(|c| is_digit(c) || c == '_')?;
    integer(scanner, start)
}

/// Reads the rest of a decimal number.
fn decimal(scanner: &mut Scanner<'_>, start: usize) -> Result<Value, Wrong> {
    scanner.skip(|c| c.is_ascii_digit() || c == '_')?;
    match !scanner.is_end() && matches!(scanner.peek()?, '.' | 'e' | 'E') {
        true => {
            scanner.skip(|c| c.is_ascii_digit() || "_.-+eE".contains(c))?;
            float(scanner, start)
        }
        false => integer(scanner, start),
    }
}

fn integer(scanner: &Scanner<'_>, start: usize) -> Result<Value, Wrong> {
    let text = read(scanner, start);
    let invalid = |why: &str| scanner_wrong(scanner, format!("Invalid integer {}: {why}", sluice_yaml::quote(&text)));
    if !underscores_fit(&text) {
        return Err(invalid("underscores must be surrounded by digits"));
    }
    if has_leading_zero(&text) {
        return Err(invalid("cannot have leading zeroes"));
    }
    let digits = text.replace('_', "");
    let (digits, radix) = match digits.get(..2) {
        Some("0b") => (&digits[2..], 2),
        Some("0o") => (&digits[2..], 8),
        Some("0x") => (&digits[2..], 16),
        _ => (digits.as_str(), 10),
    };
    let number = i64::from_str_radix(digits, radix);
    number.map(Value::int64).map_err(|_| scanner_wrong(scanner, format!("{text} is out of range for int64")))
}

fn scanner_wrong(scanner: &Scanner<'_>, text: String) -> Wrong {
    Wrong { text, line: scanner.line }
}

fn float(scanner: &Scanner<'_>, start: usize) -> Result<Value, Wrong> {
    let text = read(scanner, start);
    let shown = sluice_yaml::quote(&text);
    let wrong = |text: String| Err(scanner_wrong(scanner, text));
    let mut parts = text.split(['.', 'e', 'E']).filter(|part| !part.is_empty());
    if !parts.clone().all(underscores_fit) {
        return wrong(format!("Invalid float {shown}: underscores must be surrounded by digits"));
    }
    if parts.next().is_some_and(has_leading_zero) {
        return wrong(format!("Invalid float {shown}: cannot have leading zeroes"));
    }
    let point = text.split('.').skip(1).any(|behind| !behind.starts_with(|c: char| c.is_ascii_digit()));
    if point {
        return wrong(format!("Invalid float {shown}: '.' must be followed by one or more digits"));
    }
    let special = text.trim_start_matches(['+', '-']);
    match (text.replace('_', "").parse::<f64>(), special) {
        (_, "nan") if text.starts_with('-') => Ok(Value::Float(-f64::NAN)),
        (Ok(float), "inf" | "nan") => Ok(Value::Float(float)),
        (Ok(float), _) if float.is_infinite() => wrong(format!("{text} is out of range for float64")),
        (Ok(float), _) => Ok(Value::Float(float)),
        (Err(_), _) => wrong(format!("Invalid float value: {shown}")),
    }
}

fn underscores_fit(text: &str) -> bool {
    if matches!(text.trim_start_matches(['+', '-']), "nan" | "inf") {
        return true;
    }
    let mut fits = false;
    for c in text.chars() {
        if c == '_' && !fits {
            return false;
        }
        fits = c.is_ascii_hexdigit();
    }
    fits
}

fn has_leading_zero(text: &str) -> bool {
    match text.as_bytes() {
        [b'0', b'b' | b'o' | b'x', ..] => false,
        [b'0', _, ..] | [b'+' | b'-', b'0', _, ..] => true,
        _ => false,
    }
}

/// Dates and times may lack what is local: then they say so by the name of their zone.
fn date(scanner: &Scanner<'_>, start: usize) -> Result<Value, Wrong> {
    let text = read(scanner, start).trim().replace('z', "Z").replace(['t', ' '], "T");
    let local = |name: &str| Zone::Fixed { name: format!("{name}-local"), offset: 0 };
    let forms = [
        (RFC3339_NANO, Zone::Utc),
        ("2006-01-02T15:04:05.999999999", local("datetime")),
        ("2006-01-02", local("date")),
        ("15:04:05.999999999", local("time")),
        ("2006-01-02T15:04Z07:00", Zone::Utc),
        ("2006-01-02T15:04", local("datetime")),
        ("15:04", local("time")),
    ];
    let invalid = || scanner_wrong(scanner, format!("invalid datetime: {}", sluice_yaml::quote(&text)));
    let read = |(layout, zone): (&'static str, Zone)| Some((layout, time::parse(layout, &text, &zone).ok()?));
    let (layout, time) = forms.into_iter().find_map(read).ok_or_else(invalid)?;
    if lacks_zero(&text, layout) { Err(invalid()) } else { Ok(time.into()) }
}

/// Go's parser takes one digit where the layout has two.
fn lacks_zero(text: &str, layout: &str) -> bool {
    let pairs = layout.bytes().zip(text.bytes()).take_while(|(wanted, _)| !matches!(wanted, b'.' | b'Z'));
    pairs.into_iter().any(|(wanted, found)| !wanted.is_ascii_digit() && wanted != found)
}
