//! Times, durations, months and weekdays as templates see them.

use std::sync::Arc;

use serde_json::Value as Json;

use super::{
    Duration, RFC3339_NANO, Time, Zone,
    civil::Date,
    format::{DAYS, MONTHS},
};
use crate::{
    function::{Call, Failure, Function, Signature},
    object::{Method, Object},
    types::{IntKind, Kind, Named, Type},
    value::Value,
};

/// `time.Time`
pub(crate) static TIME: Named = Named { name: "time.Time", underlying: None, methods: &TIME_METHODS };
/// `time.Duration`
pub(crate) static DURATION: Named = Named { name: "time.Duration", underlying: None, methods: &DURATION_METHODS };
static MONTH: Named = Named { name: "time.Month", underlying: None, methods: &COUNTED_METHODS };
static WEEKDAY: Named = Named { name: "time.Weekday", underlying: None, methods: &COUNTED_METHODS };
static LOCATION: Named = Named { name: "*time.Location", underlying: None, methods: &LOCATION_METHODS };

// Constants can't name what names them; statics can.
static ANYTHING: [Type; 1] = [Type::Any];
static A_DURATION: [Type; 1] = [Type::Named(&DURATION)];
static A_LOCATION: [Type; 1] = [Type::Named(&LOCATION)];
static A_TIME: [Type; 1] = [Type::Named(&TIME)];
static DATE_STEP: [Type; 4] = [Type::Named(&TIME), Type::INT, Type::INT, Type::INT];
static DURATIONS: [Type; 2] = [Type::Named(&DURATION), Type::Named(&DURATION)];
static TIMES: [Type; 2] = [Type::Named(&TIME), Type::Named(&TIME)];
static TIME_AND_DURATION: [Type; 2] = [Type::Named(&TIME), Type::Named(&DURATION)];
static TIME_AND_LOCATION: [Type; 2] = [Type::Named(&TIME), Type::Named(&LOCATION)];
static TIME_AND_TEXT: [Type; 2] = [Type::Named(&TIME), Type::String];

static TIME_METHODS: [Method; 30] = [
    method("Add", &TIME_AND_DURATION, Type::Named(&TIME), |_, args| Ok(time(args, 0)?.plus(duration(args, 1)?).into())),
    method("AddDate", &DATE_STEP, Type::Named(&TIME), add_date),
    method("After", &TIMES, Type::Bool, |_, args| Ok(Value::Bool(order(args)?.is_gt()))),
    method("Before", &TIMES, Type::Bool, |_, args| Ok(Value::Bool(order(args)?.is_lt()))),
    method("Compare", &TIMES, Type::INT, |_, args| Ok(Value::int(order(args)? as i64))),
    method("Day", &A_TIME, Type::INT, |_, args| Ok(Value::int(time(args, 0)?.parts().date.day))),
    method("Equal", &TIMES, Type::Bool, |_, args| Ok(Value::Bool(order(args)?.is_eq()))),
    method("Format", &TIME_AND_TEXT, Type::String, format),
    method("Hour", &A_TIME, Type::INT, |_, args| Ok(Value::int(time(args, 0)?.parts().hour()))),
    method("In", &TIME_AND_LOCATION, Type::Named(&TIME), within),
    method("IsDST", &A_TIME, Type::Bool, |_, args| Ok(Value::Bool(time(args, 0)?.zone.is_dst(time(args, 0)?.seconds)))),
    method("IsZero", &A_TIME, Type::Bool, is_zero),
    method("Local", &A_TIME, Type::Named(&TIME), |_, args| Ok(time(args, 0)?.within(Zone::Utc).into())),
    method("Location", &A_TIME, Type::Named(&LOCATION), |_, args| Ok(object(Location(time(args, 0)?.zone)))),
    method("Minute", &A_TIME, Type::INT, |_, args| Ok(Value::int(time(args, 0)?.parts().minute()))),
    method("Month", &A_TIME, Type::Named(&MONTH), |_, args| Ok(object(Month(time(args, 0)?.parts().date.month)))),
    method("Nanosecond", &A_TIME, Type::INT, |_, args| Ok(Value::int(time(args, 0)?.nanoseconds.into()))),
    method("Round", &TIME_AND_DURATION, Type::Named(&TIME), |_, args| rounded(args, Duration::round)),
    method("Second", &A_TIME, Type::INT, |_, args| Ok(Value::int(time(args, 0)?.parts().second()))),
    method("String", &A_TIME, Type::String, |_, args| Ok(Value::string(time(args, 0)?.to_string()))),
    method("Sub", &TIMES, Type::Named(&DURATION), |_, args| Ok(time(args, 0)?.minus(&time(args, 1)?).into())),
    method("Truncate", &TIME_AND_DURATION, Type::Named(&TIME), |_, args| rounded(args, Duration::truncate)),
    method("UTC", &A_TIME, Type::Named(&TIME), |_, args| Ok(time(args, 0)?.within(Zone::Utc).into())),
    method("Unix", &A_TIME, Type::INT64, |_, args| Ok(Value::int64(time(args, 0)?.seconds))),
    method("UnixMicro", &A_TIME, Type::INT64, |_, args| unix(args, 1_000_000)),
    method("UnixMilli", &A_TIME, Type::INT64, |_, args| unix(args, 1_000)),
    method("UnixNano", &A_TIME, Type::INT64, |_, args| unix(args, 1_000_000_000)),
    method("Weekday", &A_TIME, Type::Named(&WEEKDAY), |_, args| {
        Ok(object(Weekday(time(args, 0)?.parts().date.weekday())))
    }),
    method("Year", &A_TIME, Type::INT, |_, args| Ok(Value::int(time(args, 0)?.parts().date.year))),
    method("YearDay", &A_TIME, Type::INT, |_, args| Ok(Value::int(time(args, 0)?.parts().date.year_day()))),
];

static DURATION_METHODS: [Method; 10] = [
    method("Abs", &A_DURATION, Type::Named(&DURATION), |_, args| {
        Ok(Duration(duration(args, 0)?.0.saturating_abs()).into())
    }),
    method("Hours", &A_DURATION, Type::Float, |_, args| Ok(Value::Float(duration(args, 0)?.float(3_600_000_000_000)))),
    method("Microseconds", &A_DURATION, Type::INT64, |_, args| Ok(Value::int64(duration(args, 0)?.0 / 1_000))),
    method("Milliseconds", &A_DURATION, Type::INT64, |_, args| Ok(Value::int64(duration(args, 0)?.0 / 1_000_000))),
    method("Minutes", &A_DURATION, Type::Float, |_, args| Ok(Value::Float(duration(args, 0)?.float(60_000_000_000)))),
    method("Nanoseconds", &A_DURATION, Type::INT64, |_, args| Ok(Value::int64(duration(args, 0)?.0))),
    method("Round", &DURATIONS, Type::Named(&DURATION), |_, args| {
        Ok(duration(args, 0)?.round(duration(args, 1)?).into())
    }),
    method("Seconds", &A_DURATION, Type::Float, |_, args| Ok(Value::Float(duration(args, 0)?.float(1_000_000_000)))),
    method("String", &A_DURATION, Type::String, |_, args| Ok(Value::string(duration(args, 0)?.to_string()))),
    method("Truncate", &DURATIONS, Type::Named(&DURATION), |_, args| {
        Ok(duration(args, 0)?.truncate(duration(args, 1)?).into())
    }),
];

static COUNTED_METHODS: [Method; 1] = [method("String", &ANYTHING, Type::String, printed)];
static LOCATION_METHODS: [Method; 1] = [method("String", &A_LOCATION, Type::String, printed)];

const fn method(
    name: &'static str,
    params: &'static [Type],
    result: Type,
    call: fn(&mut Call<'_>, &[Value]) -> Result<Value, Failure>,
) -> Method {
    Method { function: Function { name, signature: Signature::of(params, result), call } }
}

impl From<Time> for Value {
    fn from(time: Time) -> Self {
        object(time)
    }
}

impl From<Duration> for Value {
    fn from(duration: Duration) -> Self {
        object(duration)
    }
}

fn object(object: impl Object) -> Value {
    Value::Object(Arc::new(object))
}

impl Value {
    /// Returns the `time.Time` that it is.
    pub(crate) fn as_time(&self) -> Option<&Time> {
        self.as_object()
    }

    /// Returns the `time.Duration` that it is.
    pub(crate) fn as_duration(&self) -> Option<Duration> {
        self.as_object().copied()
    }

    fn as_object<T: Object>(&self) -> Option<&T> {
        let Value::Object(object) = self else {
            return None;
        };
        let any: &dyn std::any::Any = object.as_ref();
        any.downcast_ref()
    }
}

impl Object for Time {
    fn type_of(&self) -> &'static Named {
        &TIME
    }

    fn kind(&self) -> Kind {
        Kind::Struct
    }

    fn print(&self) -> String {
        self.to_string()
    }

    fn to_json(&self) -> Json {
        Json::String(self.format(RFC3339_NANO))
    }
}

impl Object for Duration {
    fn type_of(&self) -> &'static Named {
        &DURATION
    }

    fn kind(&self) -> Kind {
        Kind::Int(IntKind::Int64)
    }

    fn print(&self) -> String {
        self.to_string()
    }

    fn to_json(&self) -> Json {
        self.0.into()
    }
}

/// `time.Month`
#[derive(Debug)]
struct Month(i64);

impl Object for Month {
    fn type_of(&self) -> &'static Named {
        &MONTH
    }

    fn kind(&self) -> Kind {
        Kind::Int(IntKind::Int)
    }

    fn print(&self) -> String {
        MONTHS[(self.0 - 1) as usize].to_owned()
    }

    fn to_json(&self) -> Json {
        self.0.into()
    }
}

/// `time.Weekday`
#[derive(Debug)]
struct Weekday(i64);

impl Object for Weekday {
    fn type_of(&self) -> &'static Named {
        &WEEKDAY
    }

    fn kind(&self) -> Kind {
        Kind::Int(IntKind::Int)
    }

    fn print(&self) -> String {
        DAYS[self.0 as usize].to_owned()
    }

    fn to_json(&self) -> Json {
        self.0.into()
    }
}

/// `*time.Location`
#[derive(Debug)]
struct Location(Zone);

impl Object for Location {
    fn type_of(&self) -> &'static Named {
        &LOCATION
    }

    fn kind(&self) -> Kind {
        Kind::Pointer
    }

    fn print(&self) -> String {
        self.0.name().to_owned()
    }

    fn to_json(&self) -> Json {
        Json::Object(serde_json::Map::new())
    }
}

fn time(args: &[Value], index: usize) -> Result<Time, Failure> {
    args.get(index).and_then(Value::as_time).cloned().ok_or_else(|| Failure::new("not a time.Time"))
}

/// A duration, or a whole number that stands in a template for one.
fn duration(args: &[Value], index: usize) -> Result<Duration, Failure> {
    let found = args.get(index).and_then(|value| match value {
        Value::Int(_, nanoseconds) => Some(Duration(*nanoseconds)),
        other => other.as_duration(),
    });
    found.ok_or_else(|| Failure::new("not a time.Duration"))
}

fn order(args: &[Value]) -> Result<std::cmp::Ordering, Failure> {
    let (a, b) = (time(args, 0)?, time(args, 1)?);
    Ok((a.seconds, a.nanoseconds).cmp(&(b.seconds, b.nanoseconds)))
}

fn format(_: &mut Call<'_>, args: &[Value]) -> Result<Value, Failure> {
    let Some(Value::String(layout)) = args.get(1) else {
        return Err(Failure::new("not a string"));
    };
    Ok(Value::string(time(args, 0)?.format(&layout.to_text())))
}

fn within(_: &mut Call<'_>, args: &[Value]) -> Result<Value, Failure> {
    let location: Option<&Location> = args.get(1).and_then(Value::as_object);
    let zone = location.map(|location| location.0.clone()).ok_or_else(|| Failure::new("not a *time.Location"))?;
    Ok(time(args, 0)?.within(zone).into())
}

fn is_zero(_: &mut Call<'_>, args: &[Value]) -> Result<Value, Failure> {
    let time = time(args, 0)?;
    Ok(Value::Bool((time.seconds, time.nanoseconds) == (Time::ZERO.seconds, 0)))
}

fn unix(args: &[Value], unit: i64) -> Result<Value, Failure> {
    let time = time(args, 0)?;
    let below = i64::from(time.nanoseconds) / (1_000_000_000 / unit);
    Ok(Value::int64(time.seconds.wrapping_mul(unit).wrapping_add(below)))
}

/// Both count from the zero time.
fn rounded(args: &[Value], how: fn(Duration, Duration) -> Duration) -> Result<Value, Failure> {
    let (time, unit) = (time(args, 0)?, duration(args, 1)?);
    if unit.0 <= 0 {
        return Ok(time.into());
    }
    let since = i128::from(time.seconds - Time::ZERO.seconds) * 1_000_000_000 + i128::from(time.nanoseconds);
    let rest = Duration(since.rem_euclid(unit.0.into()) as i64);
    // What is over is less than the unit: rounding it gives nothing or the unit.
    Ok(time.plus(Duration(how(rest, unit).0 - rest.0)).into())
}

fn add_date(_: &mut Call<'_>, args: &[Value]) -> Result<Value, Failure> {
    let start = time(args, 0)?;
    let count = |index: usize| if let Some(Value::Int(_, count)) = args.get(index) { *count } else { 0 };
    let parts = start.parts();
    let date = Date::of(parts.date.year.saturating_add(count(1)), parts.date.month + count(2), 1);
    let days = date.days.saturating_add(parts.date.day - 1 + count(3));
    let local = days.saturating_mul(86_400).saturating_add(parts.second_of_day);
    Ok(Time { seconds: start.zone.moment_of(local), ..start }.into())
}

fn printed(_: &mut Call<'_>, args: &[Value]) -> Result<Value, Failure> {
    match args.first() {
        Some(Value::Object(object)) => Ok(Value::string(object.print())),
        _ => Err(Failure::new("not an object")),
    }
}
