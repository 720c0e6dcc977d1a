//! The query of a repository's URL, as Go's libraries read its parts.

use std::time::Duration;

/// Reads the parameters. One that cannot be read spoils them all.
pub(super) fn parameters(query: &str) -> Option<Vec<(String, String)>> {
    let pair = |part: &str| {
        let (key, value) = part.split_once('=').unwrap_or((part, ""));
        Some((decoded(key)?, decoded(value)?))
    };
    if query.contains(';') {
        return None;
    }
    query.split('&').filter(|part| !part.is_empty()).map(pair).collect()
}

fn decoded(text: &str) -> Option<String> {
    let (mut bytes, mut rest) = (Vec::with_capacity(text.len()), text.as_bytes());
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        bytes.push(match first {
            b'+' => b' ',
            b'%' => {
                let (hex, after) = rest.split_at_checked(2)?;
                rest = after;
                hex_byte(hex)?
            }
            other => other,
        });
    }
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

fn hex_byte(digits: &[u8]) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(digits[0])? * 16 + digit(digits[1])?).ok()
}

/// Reads a number of seconds, or a duration with units; only what is above zero counts.
pub(super) fn timeout(text: &str) -> Option<Duration> {
    let seconds = text.parse::<i64>().ok().filter(|seconds| *seconds > 0);
    let duration = match seconds {
        Some(seconds) => Some(Duration::from_secs(seconds.unsigned_abs())),
        None => duration(text),
    };
    duration.filter(|duration| !duration.is_zero())
}

/// Reads `1h2.5m`; a negative duration is none.
fn duration(text: &str) -> Option<Duration> {
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    let mut nanoseconds = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, after) = rest.split_at(digits);
        let unit_end = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
        let (unit, after) = after.split_at(unit_end);
        nanoseconds += number.parse::<f64>().ok()? * unit_length(unit)?;
        rest = after;
    }
    // Go counts in 63 bits.
    (nanoseconds <= i64::MAX as f64).then(|| Duration::from_secs_f64(nanoseconds / 1e9))
}

fn unit_length(unit: &str) -> Option<f64> {
    Some(match unit {
        "ns" => 1.0,
        "us" | "µs" | "μs" => 1e3,
        "ms" => 1e6,
        "s" => 1e9,
        "m" => 60e9,
        "h" => 3600e9,
        _ => return None,
    })
}

/// Reads a boolean.
pub(super) fn boolean(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}
