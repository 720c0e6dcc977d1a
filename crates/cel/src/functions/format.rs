//! `'%s has %d'.format([…])`.

use super::times;
use crate::{
    error::Fault,
    steps::Steps,
    value::Value::{self, Bool, Bytes, Double, Duration, Int, List, Map, Null, String, Timestamp, Type, Uint},
};

type Text = std::string::String;

/// More digits than a double has.
const DIGITS: usize = 400;

/// Puts values into a text.
pub(super) fn format(text: &str, values: &[Value], steps: &mut Steps) -> Result<Text, Fault> {
    let (mut out, mut rest, mut next) = (Text::new(), text, 0);
    while let Some((before, clause)) = rest.split_once('%') {
        out.push_str(before);
        if let Some(after) = clause.strip_prefix('%') {
            out.push('%');
            rest = after;
            continue;
        }
        let (digits, clause) = precision(clause)?;
        let value = values.get(next).ok_or_else(|| Fault::told(std::format!("index {next} out of range")))?;
        next += 1;
        let verb = clause.chars().next().ok_or_else(|| Fault::told("unexpected end of a formatting clause"))?;
        let written = written(verb, value, digits, steps)?;
        steps.spend_on(written.len())?;
        out.push_str(&written);
        rest = &clause[verb.len_utf8()..];
    }
    out.push_str(rest);
    Ok(out)
}

/// Reads `.2`.
fn precision(clause: &str) -> Result<(usize, &str), Fault> {
    const DEFAULT: usize = 6;
    let Some(rest) = clause.strip_prefix('.') else { return Ok((DEFAULT, clause)) };
    let digits = &rest[..rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len())];
    let number = digits.parse().ok().filter(|number| *number <= DIGITS);
    let number = number.ok_or_else(|| Fault::told(std::format!("a precision must be a number up to {DIGITS}")))?;
    Ok((number, &rest[digits.len()..]))
}

fn written(verb: char, value: &Value, digits: usize, steps: &mut Steps) -> Result<Text, Fault> {
    let unfit = || {
        let found = value.type_name();
        Err(Fault::told(std::format!("error during formatting: '%{verb}' cannot be used on {found}")))
    };
    Ok(match (verb, value) {
        ('s', value) => plain(value, steps)?,
        ('d', Int(_) | Uint(_) | Double(_)) => plain(value, steps)?,
        ('f', value) => match number(value) {
            Some(number) => fixed(number, |number| std::format!("{number:.digits$}")),
            None => return unfit(),
        },
        ('e', value) => match number(value) {
            Some(number) => fixed(number, |number| scientific(number, digits)),
            None => return unfit(),
        },
        ('b', Bool(value)) => u8::from(*value).to_string(),
        ('b' | 'o' | 'x' | 'X', Int(whole)) => {
            let sign = if *whole < 0 { "-" } else { "" };
            std::format!("{sign}{}", based(verb, whole.unsigned_abs()))
        }
        ('b' | 'o' | 'x' | 'X', Uint(whole)) => based(verb, *whole),
        ('x' | 'X', String(text)) => hexadecimal(verb, text.as_bytes()),
        ('x' | 'X', Bytes(bytes)) => hexadecimal(verb, bytes),
        ('d' | 'b' | 'o' | 'x' | 'X', _) => return unfit(),
        (other, _) => {
            let reason = std::format!("unrecognized formatting clause \"{other}\"");
            return Err(Fault::told(std::format!("could not parse formatting clause: {reason}")));
        }
    })
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Double(value) => Some(*value),
        Int(whole) => Some(*whole as f64),
        Uint(whole) => Some(*whole as f64),
        _ => None,
    }
}

fn fixed(number: f64, write: impl FnOnce(f64) -> Text) -> Text {
    match number {
        _ if number.is_finite() => write(number),
        _ if number.is_nan() => "NaN".into(),
        _ if number > 0.0 => "Infinity".into(),
        _ => "-Infinity".into(),
    }
}

fn scientific(number: f64, digits: usize) -> Text {
    let text = std::format!("{number:.digits$e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |exponent| ('-', exponent));
    std::format!("{digits}e{sign}{exponent:0>2}")
}

fn based(verb: char, whole: u64) -> Text {
    match verb {
        'b' => std::format!("{whole:b}"),
        'o' => std::format!("{whole:o}"),
        'x' => std::format!("{whole:x}"),
        _ => std::format!("{whole:X}"),
    }
}

fn hexadecimal(verb: char, bytes: &[u8]) -> Text {
    let digits = |byte: &u8| if verb == 'x' { std::format!("{byte:02x}") } else { std::format!("{byte:02X}") };
    bytes.iter().map(digits).collect()
}

/// Writes a value for people.
fn plain(value: &Value, steps: &mut Steps) -> Result<Text, Fault> {
    steps.spend(1)?;
    Ok(match value {
        String(text) | Type(text) => text.to_string(),
        Bytes(bytes) => Text::from_utf8_lossy(bytes).into_owned(),
        Bool(value) => value.to_string(),
        Int(whole) => whole.to_string(),
        Uint(whole) => whole.to_string(),
        Double(value) => fixed(*value, |value| value.to_string()),
        Null => "null".into(),
        Timestamp(at) => times::text(*at),
        Duration(nanos) => times::seconds(*nanos),
        List(elements) => {
            let written = elements.iter().map(|element| plain(element, steps)).collect::<Result<Vec<_>, _>>()?;
            std::format!("[{}]", written.join(", "))
        }
        Map(entries) => {
            let entry = |(key, value): (&crate::value::Key, &Value)| {
                Ok(std::format!("{}: {}", plain(&key.value(), steps)?, plain(value, steps)?))
            };
            let written = entries.iter().map(entry).collect::<Result<Vec<_>, Fault>>()?;
            std::format!("{{{}}}", written.join(", "))
        }
        Value::Optional(_) => return Err(Fault::told("error during formatting: '%s' cannot be used on an optional")),
    })
}
