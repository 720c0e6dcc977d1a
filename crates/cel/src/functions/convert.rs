//! Values of one type into those of another.

use super::{Answer, times};
use crate::{
    error::Fault,
    steps::Steps,
    value::Value::{self, Bool, Bytes, Double, Duration, Int, String, Timestamp, Type, Uint},
};

/// Functions whose mistakes show before an evaluation when their argument is a constant.
pub(crate) const CONVERSIONS: [&str; 8] = ["bool", "bytes", "double", "duration", "int", "string", "timestamp", "uint"];

pub(super) fn call(name: &str, arguments: &[Value], steps: &mut Steps) -> Answer {
    let [value] = arguments else { return None };
    if CONVERSIONS.contains(&name)
        && let Err(fault) = steps.spend_on(length(value))
    {
        return Some(Err(fault));
    }
    let converted = match (name, value) {
        ("dyn", value) => Some(value.clone()),
        ("type", value) => Some(Type(value.type_name().into())),
        ("bool", Bool(_))
        | ("bytes", Bytes(_))
        | ("double", Double(_))
        | ("duration", Duration(_))
        | ("int", Int(_))
        | ("string", String(_))
        | ("timestamp", Timestamp(_))
        | ("uint", Uint(_)) => Some(value.clone()),
        ("bool", String(text)) => boolean(text),
        ("bytes", String(text)) => Some(Bytes(text.as_bytes().into())),
        ("double", value) => return double(value).map(|double| double.ok_or_else(|| failed(value, name))),
        ("duration", String(text)) => times::duration(text),
        ("int", value) => return int(value).map(|int| int.map(Int).ok_or_else(|| failed(value, name))),
        ("uint", value) => return uint(value).map(|uint| uint.map(Uint).ok_or_else(|| failed(value, name))),
        ("string", value) => return string(value).map(|text| text.map(Value::text).ok_or_else(|| failed(value, name))),
        ("timestamp", String(text)) => times::timestamp(text),
        ("timestamp", Int(seconds)) => return Some(times::from_seconds(*seconds)),
        _ => return None,
    };
    Some(converted.ok_or_else(|| failed(value, name)))
}

fn length(value: &Value) -> usize {
    match value {
        String(text) => text.len(),
        Bytes(bytes) => bytes.len(),
        _ => 0,
    }
}

fn failed(value: &Value, wanted: &str) -> Fault {
    let wanted = match wanted {
        "timestamp" => "google.protobuf.Timestamp",
        "duration" => "google.protobuf.Duration",
        other => other,
    };
    Fault::told(format!("type conversion error from '{}' to '{wanted}'", value.type_name()))
}

fn boolean(text: &str) -> Option<Value> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(Bool(true)),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(Bool(false)),
        _ => None,
    }
}

/// Returns nothing for what cannot be converted, and no number for what is none.
fn double(value: &Value) -> Option<Option<Value>> {
    Some(match value {
        Int(whole) => Some(Double(*whole as f64)),
        Uint(whole) => Some(Double(*whole as f64)),
        String(text) => text.parse().ok().map(Double),
        _ => return None,
    })
}

/// Doubles outside of what an int holds, the bounds too, are refused as in Flux.
fn int(value: &Value) -> Option<Option<i64>> {
    const BOUND: f64 = 9_223_372_036_854_775_808.0;
    Some(match value {
        Uint(whole) => i64::try_from(*whole).ok(),
        Double(value) => (*value > -BOUND && *value < BOUND).then_some(*value as i64),
        String(text) => text.parse().ok(),
        Timestamp(at) => Some(times::since_epoch(*at).div_euclid(1_000_000_000)).and_then(|at| i64::try_from(at).ok()),
        Duration(nanos) => Some(*nanos),
        _ => return None,
    })
}

fn uint(value: &Value) -> Option<Option<u64>> {
    const BOUND: f64 = 18_446_744_073_709_551_616.0;
    Some(match value {
        Int(whole) => u64::try_from(*whole).ok(),
        Double(value) => (*value >= 0.0 && *value < BOUND).then_some(*value as u64),
        String(text) => Some(text).filter(|text| !text.starts_with('+')).and_then(|text| text.parse().ok()),
        _ => return None,
    })
}

fn string(value: &Value) -> Option<Option<std::string::String>> {
    Some(match value {
        Bool(value) => Some(value.to_string()),
        Int(whole) => Some(whole.to_string()),
        Uint(whole) => Some(whole.to_string()),
        Double(value) => Some(short(*value)),
        Bytes(bytes) => std::string::String::from_utf8(bytes.to_vec()).ok(),
        Timestamp(at) => Some(times::text(*at)),
        Duration(nanos) => Some(times::seconds(*nanos)),
        _ => return None,
    })
}

/// Writes a double as Go's `%g` does.
fn short(value: f64) -> std::string::String {
    if !value.is_finite() {
        return Double(value).to_string();
    }
    sluice_yaml::format_g(value)
}
