//! What a plain scalar means under go-yaml's rules.
//!
//! v2 (behind `sigs.k8s.io/yaml`) reads YAML 1.1's `yes`, `on` and `n` as booleans; v3 (behind
//! kustomize) reads them as strings and knows `-0o17`. Both read `0644` as 420.

use crate::{go, node::Tag, timestamp::Timestamp};

/// What a plain scalar is, with its value where there is one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Resolved {
    /// Nothing, `~`, `null`.
    Null,
    /// A boolean.
    Bool(bool),
    /// An integer that fits an `i64`.
    Int(i64),
    /// An integer that only fits a `u64`.
    Uint(u64),
    /// A float.
    Float(f64),
    /// A date, with or without a time.
    Timestamp,
    /// Text.
    Str,
}

/// Which library's rules hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flavor {
    /// go-yaml v2 under `sigs.k8s.io/yaml`: Kubernetes manifests, Helm, kustomization files.
    V2,
    /// go-yaml v3: kustomize's resources.
    V3,
}

impl Resolved {
    /// Returns the tag of what was resolved.
    pub fn tag(self) -> Tag {
        match self {
            Self::Null => Tag::Null,
            Self::Bool(_) => Tag::Bool,
            Self::Int(_) | Self::Uint(_) => Tag::Int,
            Self::Float(_) => Tag::Float,
            Self::Timestamp => Tag::Timestamp,
            Self::Str => Tag::Str,
        }
    }
}

/// Resolves a plain scalar by the rules of one library.
pub fn resolve(flavor: Flavor, text: &str) -> Resolved {
    match flavor {
        Flavor::V2 => resolve_v2(text),
        Flavor::V3 => resolve_v3(text),
    }
}

/// Resolves a plain scalar as go-yaml v2 does.
pub fn resolve_v2(text: &str) -> Resolved {
    match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Resolved::Bool(true),
        "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => Resolved::Bool(false),
        _ => dated(text).unwrap_or_else(|| undated(Flavor::V2, text)),
    }
}

/// Resolves a plain scalar as go-yaml v3 does when it decodes into an interface.
pub fn resolve_v3(text: &str) -> Resolved {
    dated(text).unwrap_or_else(|| undated(Flavor::V3, text))
}

/// Resolves a scalar that has one of the tags `!!bool`, `!!int`, `!!float` or `!!null`: text
/// that looks like a date isn't one then.
pub(crate) fn resolve_tagged(flavor: Flavor, text: &str) -> Resolved {
    match (flavor, resolve(flavor, text)) {
        (_, Resolved::Timestamp) => undated(flavor, text),
        (_, resolved) => resolved,
    }
}

/// Says whether the text is a base 60 number of YAML 1.1, which the writers quote.
pub(crate) fn is_base60(text: &str) -> bool {
    let body = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (body, fraction) = body.split_once('.').unwrap_or((body, ""));
    let mut parts = body.split(':');
    let first = parts.next().unwrap_or_default();
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit() || b == b'_');
    first.starts_with(|c: char| c.is_ascii_digit())
        && digits(first)
        && digits(fraction)
        && body.contains(':')
        && parts.all(is_sixtieth)
}

fn is_sixtieth(part: &str) -> bool {
    match part.as_bytes() {
        [unit] => unit.is_ascii_digit(),
        [b'0'..=b'5', unit] => unit.is_ascii_digit(),
        _ => false,
    }
}

fn dated(text: &str) -> Option<Resolved> {
    Timestamp::parse(text).map(|_| Resolved::Timestamp)
}

fn undated(flavor: Flavor, text: &str) -> Resolved {
    let Some(first) = text.bytes().next() else {
        return Resolved::Null;
    };
    match first {
        b'+' | b'-' | b'0'..=b'9' => word(text).unwrap_or_else(|| number(flavor, text)),
        b'.' => word(text).unwrap_or_else(|| dotted(text)),
        b't' | b'T' | b'f' | b'F' | b'n' | b'N' | b'~' => word(text).unwrap_or(Resolved::Str),
        _ => Resolved::Str,
    }
}

fn word(text: &str) -> Option<Resolved> {
    Some(match text {
        "true" | "True" | "TRUE" => Resolved::Bool(true),
        "false" | "False" | "FALSE" => Resolved::Bool(false),
        "~" | "null" | "Null" | "NULL" => Resolved::Null,
        ".nan" | ".NaN" | ".NAN" => Resolved::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Resolved::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Resolved::Float(f64::NEG_INFINITY),
        _ => return None,
    })
}

/// Text that begins with a point: Go hands it to `ParseFloat`, which allows `_` between digits.
fn dotted(text: &str) -> Resolved {
    if text.contains('_') && !underscores_separate_digits(text) {
        return Resolved::Str;
    }
    go::parse_float(&text.replace('_', "")).map_or(Resolved::Str, Resolved::Float)
}

fn underscores_separate_digits(text: &str) -> bool {
    let bytes = text.as_bytes();
    let digit = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(|b| b.is_ascii_digit());
    let underscore = |(at, _): (usize, &u8)| digit(at.checked_sub(1)) && digit(Some(at + 1));
    bytes.iter().enumerate().filter(|(_, b)| **b == b'_').all(underscore)
}

fn number(flavor: Flavor, text: &str) -> Resolved {
    let plain = text.replace('_', "");
    integer(&plain)
        .or_else(|| float(&plain))
        .or_else(|| prefixed(&plain, "0b", 2))
        .or_else(|| prefixed(&plain, "0o", 8).filter(|_| flavor == Flavor::V3))
        .unwrap_or(Resolved::Str)
}

fn integer(plain: &str) -> Option<Resolved> {
    let uint = || go::parse_uint(plain).map(Resolved::Uint);
    go::parse_int(plain).map(Resolved::Int).or_else(uint)
}

fn float(plain: &str) -> Option<Resolved> {
    let unsigned = plain.strip_prefix(['+', '-']).unwrap_or(plain);
    // `1.` and `.5` are floats, `.` and `1e` aren't; Rust agrees on all of these.
    match unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        true => go::parse_float(plain).map(Resolved::Float),
        false => None,
    }
}

/// Go's second try at binary and octal numbers takes a sign after the prefix: `0b-1` is -1.
fn prefixed(plain: &str, prefix: &str, radix: u32) -> Option<Resolved> {
    if let Some(digits) = plain.strip_prefix(prefix) {
        let uint = || go::parse_uint_radix(digits, radix).map(Resolved::Uint);
        return go::parse_int_radix(digits, radix).map(Resolved::Int).or_else(uint);
    }
    let digits = plain.strip_prefix('-')?.strip_prefix(prefix)?;
    match digits.starts_with(['+', '-']) {
        true => None,
        false => go::parse_int_radix(&format!("-{digits}"), radix).map(Resolved::Int),
    }
}
