//! Durations.

use std::fmt;

/// Nanoseconds, as Go's `time.Duration`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Duration(pub(crate) i64);

const SECOND: i64 = 1_000_000_000;
/// Go allows one more below zero than above.
const MOST: u64 = 1 << 63;

impl Duration {
    /// Makes one of seconds, which wrap as Go's arithmetic does.
    pub(crate) fn seconds(seconds: i64) -> Self {
        Self(seconds.wrapping_mul(SECOND))
    }

    /// Rounds to a multiple of another, halves away from zero.
    pub(crate) fn round(self, unit: Duration) -> Self {
        let (size, unit) = (i128::from(self.0), i128::from(unit.0));
        if unit <= 0 {
            return self;
        }
        let rest = size.abs() % unit;
        let down = size.abs() - rest;
        let rounded = if rest + rest < unit { down } else { down + unit };
        let signed = if size < 0 { -rounded } else { rounded };
        Self(signed.clamp(i64::MIN.into(), i64::MAX.into()) as i64)
    }

    /// Cuts off what is less than a multiple of another.
    pub(crate) fn truncate(self, unit: Duration) -> Self {
        if unit.0 <= 0 { self } else { Self(self.0 - self.0 % unit.0) }
    }

    /// Returns it in units of so many nanoseconds.
    pub(crate) fn float(self, unit: i64) -> f64 {
        (self.0 / unit) as f64 + (self.0 % unit) as f64 / unit as f64
    }
}

/// As Go writes it: `1h0m0s`, `1.5s`, `3µs`.
impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let size = self.0.unsigned_abs();
        let second = SECOND.unsigned_abs();
        match size {
            0 => f.write_str("0s"),
            1..1_000 => write!(f, "{sign}{size}ns"),
            1_000..1_000_000 => write!(f, "{sign}{}µs", decimal(size, 1_000)),
            1_000_000..1_000_000_000 => write!(f, "{sign}{}ms", decimal(size, 1_000_000)),
            _ => {
                let (hours, minutes) = (size / second / 3600, size / second / 60 % 60);
                let seconds = decimal(size % (60 * second), second);
                match (hours, minutes) {
                    (0, 0) => write!(f, "{sign}{seconds}s"),
                    (0, minutes) => write!(f, "{sign}{minutes}m{seconds}s"),
                    (hours, minutes) => write!(f, "{sign}{hours}h{minutes}m{seconds}s"),
                }
            }
        }
    }
}

fn decimal(size: u64, unit: u64) -> String {
    let width = unit.ilog10() as usize;
    let text = format!("{}.{:0width$}", size / unit, size % unit);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Reads a duration as `time.ParseDuration` does.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, String> {
    let invalid = |what: &str| format!("time: {what} {}", super::parse::quote(text));
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Ok(Duration(0));
    }
    let mut sum: u64 = 0;
    if rest.is_empty() {
        return Err(invalid("invalid duration"));
    }
    while !rest.is_empty() {
        let (term, behind) = term(rest).map_err(|what| invalid(&what))?;
        sum = sum.checked_add(term).filter(|sum| *sum <= MOST).ok_or_else(|| invalid("invalid duration"))?;
        rest = behind;
    }
    match (negative, i64::try_from(sum)) {
        (true, _) => Ok(Duration((sum as i64).wrapping_neg())),
        (false, Ok(sum)) => Ok(Duration(sum)),
        (false, Err(_)) => Err(invalid("invalid duration")),
    }
}

/// Reads one number with its unit, in nanoseconds.
fn term(text: &str) -> Result<(u64, &str), String> {
    let bad = || "invalid duration".to_owned();
    let (whole, rest) = text.split_at(digits(text));
    let (fraction, rest) = match rest.strip_prefix('.') {
        Some(rest) => rest.split_at(digits(rest)),
        None => ("", rest),
    };
    if whole.is_empty() && fraction.is_empty() {
        return Err(bad());
    }
    let number = if whole.is_empty() { 0 } else { whole.parse().ok().filter(|n: &u64| *n <= MOST).ok_or_else(bad)? };
    let (name, rest) = rest.split_at(rest.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(rest.len()));
    let unit = unit(name)?;
    let nanoseconds = if number > MOST / unit { None } else { Some(number * unit) };
    let part = part_of(fraction, unit);
    let term = nanoseconds.and_then(|sum| sum.checked_add(part)).filter(|sum| *sum <= MOST).ok_or_else(bad)?;
    Ok((term, rest))
}

fn digits(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

fn unit(name: &str) -> Result<u64, String> {
    Ok(match name {
        "ns" => 1,
        "us" | "µs" | "μs" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        "" => return Err("missing unit in duration".into()),
        _ => return Err(format!("unknown unit {} in duration", super::parse::quote(name))),
    })
}

/// Digits that a `u64` can't hold don't count.
fn part_of(fraction: &str, unit: u64) -> u64 {
    let (mut value, mut scale) = (0u64, 1f64);
    for digit in fraction.bytes().map(|byte| u64::from(byte - b'0')) {
        if value > (MOST - 1) / 10 || value * 10 + digit > MOST {
            break;
        }
        value = value * 10 + digit;
        scale *= 10.0;
    }
    (value as f64 * (unit as f64 / scale)) as u64
}
