//! sprig's functions of times.

use super::{
    Answer,
    arguments::{any, text},
    function,
};
use crate::{
    function::{Call, Failure, Function, Signature},
    time::{self, Duration, TIME, Time, Zone, parse_duration},
    types::{IntKind, Type},
    value::Value,
};

const OF_TIME: Type = Type::Named(&TIME);
const IN_ZONE: Signature = Signature::of(&[Type::String, Type::Any, Type::String], Type::String);
const MODIFY: Signature = Signature::of(&[Type::String, OF_TIME], OF_TIME);
const PARSE: Signature = Signature::of(&[Type::String, Type::String], OF_TIME);
const PRINTS: Signature = Signature::of(&[Type::Any], Type::String);

/// How a date is written in HTML.
const HTML: &str = "2006-01-02";

pub(super) const FUNCTIONS: &[Function] = &[
    function("ago", PRINTS, ago),
    function("date", Signature::of(&[Type::String, Type::Any], Type::String), |call, args| {
        Ok(in_zone(call, &text(args, 0), any(args, 1), "Local"))
    }),
    function("dateInZone", IN_ZONE, date_in_zone),
    function("dateModify", MODIFY, date_modify),
    function("date_in_zone", IN_ZONE, date_in_zone),
    function("date_modify", MODIFY, date_modify),
    function("duration", PRINTS, duration),
    function("durationRound", PRINTS, duration_round),
    function("htmlDate", PRINTS, |call, args| Ok(in_zone(call, HTML, any(args, 0), "Local"))),
    function("htmlDateInZone", Signature::of(&[Type::Any, Type::String], Type::String), |call, args| {
        Ok(in_zone(call, HTML, any(args, 0), &text(args, 1)))
    }),
    function("mustDateModify", MODIFY, must_date_modify),
    function("mustToDate", PARSE, |_, args| to_date(args).map(Value::from).map_err(Failure::new)),
    function("must_date_modify", MODIFY, must_date_modify),
    function("now", Signature::of(&[], OF_TIME), |call, _| Ok(Time::of(call.now()).into())),
    function("toDate", PARSE, |_, args| Ok(to_date(args).unwrap_or(Time::ZERO).into())),
    function("unixEpoch", Signature::of(&[OF_TIME], Type::String), |_, args| {
        Ok(Value::string(moment(args, 0).seconds.to_string()))
    }),
];

fn date_in_zone(call: &mut Call<'_>, args: &[Value]) -> Answer {
    Ok(in_zone(call, &text(args, 0), any(args, 1), &text(args, 2)))
}

/// An unknown zone is UTC, and what is no date is now.
fn in_zone(call: &mut Call<'_>, layout: &str, date: &Value, zone: &str) -> Value {
    let zone = Zone::load(zone).unwrap_or(Zone::Utc);
    let date = given(date, &[IntKind::Int, IntKind::Int32, IntKind::Int64]);
    let date = date.unwrap_or_else(|| Time::of(call.now()));
    Value::string(date.within(zone).format(layout))
}

/// Returns a time, or one of seconds that have one of the types.
fn given(date: &Value, seconds: &[IntKind]) -> Option<Time> {
    match date {
        Value::Int(kind, number) if seconds.contains(kind) => Some(Time::unix(*number)),
        other => other.as_time().cloned(),
    }
}

fn date_modify(_: &mut Call<'_>, args: &[Value]) -> Answer {
    let date = moment(args, 1);
    Ok(match parse_duration(&text(args, 0)) {
        Ok(duration) => date.plus(duration),
        Err(_) => date,
    }
    .into())
}

fn must_date_modify(_: &mut Call<'_>, args: &[Value]) -> Answer {
    let duration = parse_duration(&text(args, 0)).map_err(Failure::new)?;
    Ok(moment(args, 1).plus(duration).into())
}

fn ago(call: &mut Call<'_>, args: &[Value]) -> Answer {
    let now = Time::of(call.now());
    let date = given(any(args, 0), &[IntKind::Int, IntKind::Int64]).unwrap_or_else(|| now.clone());
    Ok(Value::string(now.minus(&date).round(Duration::seconds(1)).to_string()))
}

fn duration(_: &mut Call<'_>, args: &[Value]) -> Answer {
    let seconds = match any(args, 0) {
        Value::String(text) => saturating(&text.to_text()),
        Value::Int(IntKind::Int64, seconds) => *seconds,
        _ => 0,
    };
    Ok(Value::string(Duration::seconds(seconds).to_string()))
}

/// Reads a whole number as `strconv.ParseInt` does, whose error sprig passes over: one out of range is the nearest.
fn saturating(text: &str) -> i64 {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let valid = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    match (valid, text.starts_with('-')) {
        (false, _) => 0,
        (true, true) => text.parse().unwrap_or(i64::MIN),
        (true, false) => text.parse().unwrap_or(i64::MAX),
    }
}

fn duration_round(call: &mut Call<'_>, args: &[Value]) -> Answer {
    let duration = match any(args, 0) {
        Value::String(text) => parse_duration(&text.to_text()).unwrap_or(Duration(0)),
        Value::Int(IntKind::Int64, nanoseconds) => Duration(*nanoseconds),
        other => match other.as_time() {
            Some(time) => Time::of(call.now()).minus(time),
            None => Duration(0),
        },
    };
    Ok(Value::string(rounded(duration)))
}

/// Names the largest unit that it is more than one of.
fn rounded(duration: Duration) -> String {
    const SECOND: u64 = 1_000_000_000;
    const DAY: u64 = 24 * 3600 * SECOND;
    let units =
        [(365 * DAY, "y"), (30 * DAY, "mo"), (DAY, "d"), (3600 * SECOND, "h"), (60 * SECOND, "m"), (SECOND, "s")];
    let size = duration.0.unsigned_abs();
    match units.iter().find(|(unit, _)| size > *unit) {
        Some((unit, name)) => format!("{}{name}", size / unit),
        None => "0s".into(),
    }
}

fn to_date(args: &[Value]) -> Result<Time, String> {
    time::parse(&text(args, 0), &text(args, 1), &Zone::Utc)
}

fn moment(args: &[Value], index: usize) -> Time {
    any(args, index).as_time().cloned().unwrap_or(Time::ZERO)
}
