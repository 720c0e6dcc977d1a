//! Quantities in the form that Kubernetes stores: `1000m` is `1`, `0.5Gi` is `512Mi`.

use serde_json::{Map, Value};
use sluice_object::Gvk;

/// Fields that are maps from names to quantities.
const MAPS: [&str; 5] = ["limits", "requests", "overhead", "podFixed", "hard"];
/// Such fields of a LimitRange item.
const RANGES: [&str; 5] = ["max", "min", "default", "defaultRequest", "maxLimitRequestRatio"];
/// Fields that are one quantity.
const SINGLES: [&str; 3] = ["sizeLimit", "divisor", "averageValue"];
/// The same, in autoscalers.
const OF_AUTOSCALER: [&str; 2] = ["value", "tolerance"];
/// Maps of texts: nothing in them is a quantity.
const OPAQUE: [&str; 7] = ["metadata", "data", "matchLabels", "selector", "nodeSelector", "parameters", "stringData"];

/// Brings the quantities of a built-in kind into canonical form. What is no quantity stays as it is.
pub(super) fn canonicalize_all(value: &mut Value, gvk: &Gvk) {
    let is_map = |key: &str| {
        MAPS.contains(&key)
            || (gvk.kind == "LimitRange" && RANGES.contains(&key))
            || (gvk.kind == "PersistentVolume" && key == "capacity")
    };
    let is_single =
        |key: &str| SINGLES.contains(&key) || (gvk.kind == "HorizontalPodAutoscaler" && OF_AUTOSCALER.contains(&key));
    walk(value, &is_map, &is_single);
}

fn walk(value: &mut Value, is_map: &dyn Fn(&str) -> bool, is_single: &dyn Fn(&str) -> bool) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| walk(item, is_map, is_single)),
        Value::Object(map) => map.iter_mut().for_each(|(key, value)| match value {
            Value::Object(below) if is_map(key) && !below.values().any(Value::is_object) => canonicalize_map(below),
            Value::Object(_) if OPAQUE.contains(&key.as_str()) => {}
            Value::String(_) | Value::Number(_) if is_single(key) => canonicalize_value(value),
            _ => walk(value, is_map, is_single),
        }),
        _ => {}
    }
}

fn canonicalize_map(map: &mut Map<String, Value>) {
    map.values_mut().for_each(canonicalize_value);
}

fn canonicalize_value(value: &mut Value) {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => return,
    };
    if let Some(canonical) = canonical(&text) {
        *value = Value::String(canonical);
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Binary,
    Decimal,
    Exponent,
}

const NANO: i128 = 1_000_000_000;
const MAX: i128 = i64::MAX as i128 * NANO;

/// Returns the canonical form of a quantity, or nothing when the text is none.
pub(super) fn canonical(text: &str) -> Option<String> {
    let (negative, unsigned) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let end = unsigned.find(|char: char| !char.is_ascii_digit() && char != '.').unwrap_or(unsigned.len());
    let (digits, suffix) = unsigned.split_at(end);
    let (format, base, exponent) = unit(suffix)?;
    let nanos = nanos(digits, base, exponent)?.min(MAX);
    let sign = if negative && nanos != 0 { "-" } else { "" };
    Some(format!("{sign}{}", written(nanos, format)))
}

fn unit(suffix: &str) -> Option<(Format, u32, i32)> {
    let decimal =
        [("n", -9), ("u", -6), ("m", -3), ("", 0), ("k", 3), ("M", 6), ("G", 9), ("T", 12), ("P", 15), ("E", 18)];
    let binary = [("Ki", 10), ("Mi", 20), ("Gi", 30), ("Ti", 40), ("Pi", 50), ("Ei", 60)];
    if let Some((_, exponent)) = decimal.iter().find(|(name, _)| *name == suffix) {
        return Some((Format::Decimal, 10, *exponent));
    }
    if let Some((_, exponent)) = binary.iter().find(|(name, _)| *name == suffix) {
        return Some((Format::Binary, 2, *exponent));
    }
    let exponent = suffix.strip_prefix(['e', 'E'])?.parse().ok()?;
    Some((Format::Exponent, 10, exponent))
}

/// Reads digits as billionths, rounded up; nothing when they are no number or beyond reckoning.
fn nanos(digits: &str, base: u32, exponent: i32) -> Option<i128> {
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') || exponent.unsigned_abs() > 60 {
        return None;
    }
    let fraction = fraction.trim_end_matches('0');
    let number: i128 = format!("0{whole}{fraction}").parse().ok()?;
    let places = i32::try_from(fraction.len()).ok()?;
    if base == 2 {
        let scaled = number.checked_mul(1_i128 << exponent)?.checked_mul(NANO)?;
        return scale(scaled, -places);
    }
    scale(number, exponent - places + 9)
}

fn scale(number: i128, power: i32) -> Option<i128> {
    let factor = 10_i128.checked_pow(power.unsigned_abs());
    match (power >= 0, factor) {
        _ if number == 0 => Some(0),
        (true, Some(factor)) => Some(number.checked_mul(factor).unwrap_or(MAX)),
        (true, None) => Some(MAX),
        (false, Some(factor)) => Some(number / factor + i128::from(number % factor != 0)),
        (false, None) => Some(1),
    }
}

fn written(nanos: i128, format: Format) -> String {
    if format == Format::Binary && nanos >= 1024 * NANO && nanos % NANO == 0 {
        return binary(nanos / NANO);
    }
    let format = if format == Format::Binary { Format::Decimal } else { format };
    decimal(nanos, format)
}

fn binary(mut number: i128) -> String {
    let mut unit = 0;
    while unit < 6 && number % 1024 == 0 {
        number /= 1024;
        unit += 1;
    }
    format!("{number}{}", ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"][unit])
}

fn decimal(mut nanos: i128, format: Format) -> String {
    let mut exponent = -9;
    while nanos != 0 && exponent < 18 && nanos % 1000 == 0 {
        nanos /= 1000;
        exponent += 3;
    }
    if nanos == 0 {
        return "0".into();
    }
    match (format, exponent) {
        (_, 0) => nanos.to_string(),
        (Format::Exponent, exponent) => format!("{nanos}e{exponent}"),
        (_, exponent) => format!("{nanos}{}", suffix(exponent)),
    }
}

fn suffix(exponent: i32) -> &'static str {
    match exponent {
        -9 => "n",
        -6 => "u",
        -3 => "m",
        3 => "k",
        6 => "M",
        9 => "G",
        12 => "T",
        15 => "P",
        18 => "E",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("1000m", Some("1"))]
    #[case("0.5Gi", Some("512Mi"))]
    #[case("1024Mi", Some("1Gi"))]
    #[case("1000Mi", Some("1000Mi"))]
    #[case("0.5", Some("500m"))]
    #[case(".5", Some("500m"))]
    #[case("1500m", Some("1500m"))]
    #[case("1000", Some("1k"))]
    #[case("1024", Some("1024"))]
    #[case("1Ki", Some("1Ki"))]
    #[case("0.5Ki", Some("512"))]
    #[case("0.1Mi", Some("104857600m"))]
    #[case("1e3", Some("1e3"))]
    #[case("1E3", Some("1e3"))]
    #[case("100e-3", Some("100e-3"))]
    #[case("1E", Some("1E"))]
    #[case("0", Some("0"))]
    #[case("0Mi", Some("0"))]
    #[case("-1000m", Some("-1"))]
    #[case("+2", Some("2"))]
    #[case("0.1n", Some("1n"))]
    #[case("100m", Some("100m"))]
    #[case("64Mi", Some("64Mi"))]
    #[case("1.5Gi", Some("1536Mi"))]
    #[case("99999999999999999999", Some("9223372036854775807"))]
    #[case("abc", None)]
    #[case("", None)]
    #[case("1.2.3", None)]
    #[case("1Xi", None)]
    #[case("1e-2147483648", None)]
    #[case("{{ memory }}", None)]
    fn quantities_become_canonical(#[case] text: &str, #[case] expected: Option<&str>) {
        assert_eq!(canonical(text).as_deref(), expected);
    }
}
