//! Durations as Go writes them: `1h30m`, `1.5s`, `300ms`.

use std::{fmt, str::FromStr, time};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// What a CRD accepts as an interval.
pub(crate) const INTERVAL: &str = r"^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$";
/// What a CRD accepts as the timeout of a source: as an interval, without hours.
pub(crate) const TIMEOUT: &str = r"^([0-9]+(\.[0-9]+)?(ms|s|m))+$";

/// A span of time in a spec or a status; a Go duration string in JSON.
///
/// Written as Go writes it (`90s` is read and `1m30s` written), so that a status does not change when Flux and Sluice
/// take turns. Never negative: JSON that is reads as zero, since it only occurs where a clock was set back.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Duration(pub time::Duration);

/// Says why a text is not a duration.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum DurationError {
    /// It is not a sequence of numbers with units.
    Invalid(String),
    /// It has a minus sign.
    Negative(String),
    /// It is more than some 292 years, which is where Go stops.
    TooLong(String),
}

impl fmt::Display for DurationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(text) => write!(f, "read `{text}` as a duration such as `1h30m`"),
            Self::Negative(text) => write!(f, "use the negative duration `{text}`"),
            Self::TooLong(text) => write!(f, "use the duration `{text}`: it is too long"),
        }
    }
}

impl std::error::Error for DurationError {}

impl Duration {
    /// Returns a duration of whole seconds.
    pub const fn from_secs(secs: u64) -> Self {
        Self(time::Duration::from_secs(secs))
    }
}

impl From<time::Duration> for Duration {
    fn from(duration: time::Duration) -> Self {
        Self(duration)
    }
}

impl From<Duration> for time::Duration {
    fn from(duration: Duration) -> Self {
        duration.0
    }
}

impl FromStr for Duration {
    type Err = DurationError;

    /// Reads what Go's `time.ParseDuration` reads, except for what is negative.
    fn from_str(text: &str) -> Result<Self, DurationError> {
        let (negative, body) = match text.strip_prefix('-') {
            Some(body) => (true, body),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let nanos = nanos(body, text)?;
        match negative && nanos > 0 {
            true => Err(DurationError::Negative(text.into())),
            false => Ok(Self(time::Duration::from_nanos(nanos))),
        }
    }
}

/// Sums up the terms of `body`; `text` is the whole, for the error.
fn nanos(body: &str, text: &str) -> Result<u64, DurationError> {
    let invalid = || DurationError::Invalid(text.into());
    let too_long = || DurationError::TooLong(text.into());
    if body == "0" {
        return Ok(0);
    }
    if body.is_empty() {
        return Err(invalid());
    }
    let (mut rest, mut total) = (body, 0_u64);
    while !rest.is_empty() {
        let (whole, after) = digits(rest);
        let (fraction, after) = after.strip_prefix('.').map_or(("", after), digits);
        if whole.is_empty() && fraction.is_empty() {
            return Err(invalid());
        }
        let end = after.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(after.len());
        let unit = unit(&after[..end]).ok_or_else(invalid)?;
        let term = term(whole, fraction, unit).ok_or_else(too_long)?;
        total = total.checked_add(term).filter(|sum| *sum <= i64::MAX as u64).ok_or_else(too_long)?;
        rest = &after[end..];
    }
    Ok(total)
}

fn digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}

fn unit(name: &str) -> Option<u64> {
    Some(match name {
        "ns" => 1,
        "us" | "µs" | "μs" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return None,
    })
}

/// `whole.fraction` times `unit`, in nanoseconds; none if too much.
fn term(whole: &str, fraction: &str, unit: u64) -> Option<u64> {
    let whole = if whole.is_empty() { 0 } else { whole.parse::<u64>().ok()? };
    whole.checked_mul(unit)?.checked_add(part(fraction, unit))
}

/// `0.fraction` times `unit`, with the float arithmetic of Go's, so that thirds round as they do there. Digits that do
/// not fit into 63 bits do not count.
fn part(fraction: &str, unit: u64) -> u64 {
    let (mut value, mut scale) = (0_u64, 1.0_f64);
    for digit in fraction.bytes().map(|byte| u64::from(byte - b'0')) {
        match value.checked_mul(10).and_then(|value| value.checked_add(digit)) {
            Some(next) if next <= 1 << 63 => (value, scale) = (next, scale * 10.0),
            _ => break,
        }
    }
    (value as f64 * (unit as f64 / scale)) as u64
}

impl fmt::Display for Duration {
    /// Writes what Go's `Duration.String` writes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = self.0.as_nanos();
        match nanos {
            0 => f.write_str("0s"),
            1..1_000 => write!(f, "{nanos}ns"),
            1_000..1_000_000 => write!(f, "{}µs", decimal(nanos, 3)),
            1_000_000..1_000_000_000 => write!(f, "{}ms", decimal(nanos, 6)),
            _ => {
                let (minutes, rest) = (nanos / 60_000_000_000, nanos % 60_000_000_000);
                if minutes >= 60 {
                    write!(f, "{}h", minutes / 60)?;
                }
                if minutes > 0 {
                    write!(f, "{}m", minutes % 60)?;
                }
                write!(f, "{}s", decimal(rest, 9))
            }
        }
    }
}

/// `value / 10^places` without trailing zeros.
fn decimal(value: u128, places: u32) -> String {
    let scale = 10u128.pow(places);
    let text = format!("{}.{:0width$}", value / scale, value % scale, width = places as usize);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

impl Serialize for Duration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Duration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match String::deserialize(deserializer)?.parse() {
            Err(DurationError::Negative(_)) => Ok(Self::default()),
            result => result.map_err(de::Error::custom),
        }
    }
}

impl JsonSchema for Duration {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string"})
    }
}
