//! Points in time and time spans, as Go reads and writes them.

use jiff::{
    SignedDuration,
    civil::{DateTime, date},
};

use super::Answer;
use crate::{
    error::Fault,
    value::Value::{self, Duration, Int, String, Timestamp},
};

const SECOND: i64 = 1_000_000_000;
const EPOCH: DateTime = date(1970, 1, 1).at(0, 0, 0, 0);

pub(super) fn call(name: &str, arguments: &[Value]) -> Answer {
    match arguments {
        [Duration(nanos)] => Some(Ok(Int(match name {
            "getHours" => nanos / (3600 * SECOND),
            "getMinutes" => nanos / (60 * SECOND),
            "getSeconds" => nanos / SECOND,
            "getMilliseconds" => nanos / 1_000_000,
            _ => return None,
        }))),
        [Timestamp(at)] => part(name, *at).map(Ok),
        [Timestamp(at), String(zone)] => match offset(zone) {
            Some(offset) => part(name, at.checked_add(offset).unwrap_or(*at)).map(Ok),
            None => part(name, *at).map(|_| Err(unknown_zone())),
        },
        _ => None,
    }
}

fn unknown_zone() -> Fault {
    Fault::told("unknown time zone; hint: `UTC` and offsets such as `+02:00` are known")
}

fn part(name: &str, at: DateTime) -> Option<Value> {
    Some(Int(match name {
        "getFullYear" => at.year().into(),
        "getMonth" => i64::from(at.month()) - 1,
        "getDayOfYear" => i64::from(at.day_of_year()) - 1,
        "getDayOfMonth" => i64::from(at.day()) - 1,
        "getDate" => at.day().into(),
        "getDayOfWeek" => at.weekday().to_sunday_zero_offset().into(),
        "getHours" => at.hour().into(),
        "getMinutes" => at.minute().into(),
        "getSeconds" => at.second().into(),
        "getMilliseconds" => at.millisecond().into(),
        _ => return None,
    }))
}

/// Reads `UTC`, `02:00`, `+02:00` or `-02:00`.
fn offset(zone: &str) -> Option<SignedDuration> {
    if matches!(zone, "UTC" | "") {
        return Some(SignedDuration::ZERO);
    }
    let (sign, time) = match zone.strip_prefix('-') {
        Some(time) => (-1, time),
        None => (1, zone.strip_prefix('+').unwrap_or(zone)),
    };
    let (hours, minutes) = time.split_once(':')?;
    let (hours, minutes) = (two_digits(hours, 23)?, two_digits(minutes, 59)?);
    Some(SignedDuration::from_secs(sign * (hours * 3600 + minutes * 60)))
}

fn two_digits(text: &str, most: i64) -> Option<i64> {
    let digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|number| digits && *number <= most)
}

/// Returns the nanoseconds since the beginning of 1970.
pub(super) fn since_epoch(at: DateTime) -> i128 {
    at.duration_since(EPOCH).as_nanos()
}

/// Writes a point in time as RFC 3339 has it.
pub(super) fn text(at: DateTime) -> std::string::String {
    format!("{at}Z")
}

/// Returns another point in time, in the years from 1 to 9999.
pub(super) fn later(at: DateTime, span: SignedDuration) -> Result<Value, Fault> {
    let moved = at.checked_add(span).ok().filter(|at| at.year() > 0);
    moved.map(Timestamp).ok_or_else(|| Fault::told("timestamp overflow"))
}

pub(super) fn from_seconds(seconds: i64) -> Result<Value, Fault> {
    later(EPOCH, SignedDuration::from_secs(seconds))
}

/// Reads a timestamp as RFC 3339 has it.
pub(super) fn timestamp(text: &str) -> Option<Value> {
    let (date, time) = text.split_once('T')?;
    let end = time.find(['Z', '+', '-'])?;
    let (time, zone) = time.split_at(end);
    let (time, fraction) = time.split_at(time.find(['.', ',']).unwrap_or(time.len()));
    let date = numbers(date, '-', [4, 2, 2])?;
    let time = numbers(time, ':', [2, 2, 2])?;
    let small = |number: i16| i8::try_from(number).ok();
    let at = DateTime::new(
        date[0],
        small(date[1])?,
        small(date[2])?,
        small(time[0])?,
        small(time[1])?,
        small(time[2]).filter(|second| *second < 60)?,
        nanoseconds(fraction)?,
    );
    let offset = if zone == "Z" { SignedDuration::ZERO } else { offset(zone)? };
    let at = at.ok()?.checked_sub(offset).ok()?;
    (at.year() > 0).then_some(Timestamp(at))
}

fn numbers(text: &str, separator: char, digits: [usize; 3]) -> Option<[i16; 3]> {
    let mut numbers = [0; 3];
    let mut parts = text.split(separator);
    for (number, digits) in numbers.iter_mut().zip(digits) {
        let part =
            parts.next().filter(|part| part.len() == digits && part.bytes().all(|byte| byte.is_ascii_digit()))?;
        *number = part.parse().ok()?;
    }
    parts.next().is_none().then_some(numbers)
}

/// Reads `.123`, cut off at nanoseconds.
fn nanoseconds(fraction: &str) -> Option<i32> {
    let Some(digits) = fraction.get(1..) else { return Some(0) };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    format!("{digits:0<9}").get(..9)?.parse().ok()
}

/// Reads a duration as Go does: `1h30m`, `-1.5s`.
pub(super) fn duration(text: &str) -> Option<Value> {
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(Duration(0));
    }
    let mut nanos: i128 = 0;
    loop {
        let digits = &rest[..rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len())];
        rest = &rest[digits.len()..];
        let (name, unit) = UNITS.into_iter().find(|(name, _)| rest.starts_with(name))?;
        rest = &rest[name.len()..];
        nanos = nanos.checked_add(amount(digits, unit)?)?;
        if rest.is_empty() {
            return i64::try_from(sign * nanos).ok().map(Duration);
        }
    }
}

/// Longer names come before their beginnings.
const UNITS: [(&str, i128); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("μs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

fn amount(digits: &str, unit: i128) -> Option<i128> {
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() && fraction.is_empty() || fraction.contains('.') || whole.len() > 19 {
        return None;
    }
    let whole: i128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let fraction = fraction.get(..18).unwrap_or(fraction);
    let scale = 10_i128.pow(u32::try_from(fraction.len()).ok()?);
    let part: i128 = if fraction.is_empty() { 0 } else { fraction.parse().ok()? };
    (whole * unit).checked_add(part * unit / scale)
}

/// Writes a time span in seconds.
pub(super) fn seconds(nanos: i64) -> std::string::String {
    format!("{}s", (nanos / SECOND) as f64 + (nanos % SECOND) as f64 / 1e9)
}
