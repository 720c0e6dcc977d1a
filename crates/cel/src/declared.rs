//! The functions and operators that there are, with the types that they take: CEL's standard, optionals, and the
//! extensions for texts, sets and encodings, as Flux enables them.

use std::{collections::HashMap, sync::LazyLock};

use crate::types::{DURATION, TIMESTAMP, Type};

/// One way to call a function.
#[derive(Debug, Clone)]
pub(crate) struct Overload {
    /// Whether the first argument stands before the name.
    pub(crate) method: bool,
    pub(crate) takes: Vec<Type>,
    pub(crate) gives: Type,
}

/// A name, and its overloads as `(arguments) result`; methods have a point before. `A`, `B` stand for any type.
const FUNCTIONS: &[(&str, &str)] = &[
    ("!_", "(bool) bool"),
    ("-_", "(int) int; (double) double"),
    (
        "_+_",
        "(bytes, bytes) bytes; (double, double) double; (duration, duration) duration; (duration, timestamp) timestamp; \
         (timestamp, duration) timestamp; (int, int) int; (list(A), list(A)) list(A); (string, string) string; \
         (uint, uint) uint",
    ),
    (
        "_-_",
        "(double, double) double; (duration, duration) duration; (int, int) int; (timestamp, duration) timestamp; \
         (timestamp, timestamp) duration; (uint, uint) uint",
    ),
    ("_*_", "(double, double) double; (int, int) int; (uint, uint) uint"),
    ("_/_", "(double, double) double; (int, int) int; (uint, uint) uint"),
    ("_%_", "(int, int) int; (uint, uint) uint"),
    ("_==_", "(A, A) bool"),
    ("_!=_", "(A, A) bool"),
    ("_<_", ORDER),
    ("_<=_", ORDER),
    ("_>_", ORDER),
    ("_>=_", ORDER),
    ("@in", "(A, list(A)) bool; (A, map(A, B)) bool"),
    (
        "_[_]",
        "(list(A), int) A; (map(A, B), A) B; (optional(list(A)), int) optional(A); \
         (optional(map(A, B)), A) optional(B)",
    ),
    (
        "_[?_]",
        "(list(A), int) optional(A); (optional(list(A)), int) optional(A); (map(A, B), A) optional(B); \
         (optional(map(A, B)), A) optional(B)",
    ),
    ("_?_:_", "(bool, A, A) A"),
    (
        "size",
        "(bytes) int; .(bytes) int; (list(A)) int; .(list(A)) int; (map(A, B)) int; .(map(A, B)) int; (string) int; \
         .(string) int",
    ),
    ("type", "(A) type(A)"),
    ("bool", "(bool) bool; (string) bool"),
    ("bytes", "(bytes) bytes; (string) bytes"),
    ("double", "(double) double; (int) double; (string) double; (uint) double"),
    ("duration", "(duration) duration; (int) duration; (string) duration"),
    ("dyn", "(A) dyn"),
    ("int", "(int) int; (double) int; (duration) int; (string) int; (timestamp) int; (uint) int"),
    (
        "string",
        "(string) string; (bool) string; (bytes) string; (double) string; (duration) string; (int) string; \
         (timestamp) string; (uint) string",
    ),
    ("timestamp", "(timestamp) timestamp; (int) timestamp; (string) timestamp"),
    ("uint", "(uint) uint; (double) uint; (int) uint; (string) uint"),
    ("contains", ".(string, string) bool"),
    ("endsWith", ".(string, string) bool"),
    ("startsWith", ".(string, string) bool"),
    ("matches", "(string, string) bool; .(string, string) bool"),
    ("getFullYear", OF_DAY),
    ("getMonth", OF_DAY),
    ("getDayOfYear", OF_DAY),
    ("getDayOfMonth", OF_DAY),
    ("getDate", OF_DAY),
    ("getDayOfWeek", OF_DAY),
    ("getHours", OF_TIME),
    ("getMinutes", OF_TIME),
    ("getSeconds", OF_TIME),
    ("getMilliseconds", OF_TIME),
    ("charAt", ".(string, int) string"),
    ("indexOf", ".(string, string) int; .(string, string, int) int"),
    ("lastIndexOf", ".(string, string) int; .(string, string, int) int"),
    ("lowerAscii", ".(string) string"),
    ("upperAscii", ".(string) string"),
    ("replace", ".(string, string, string) string; .(string, string, string, int) string"),
    ("split", ".(string, string) list(string); .(string, string, int) list(string)"),
    ("substring", ".(string, int) string; .(string, int, int) string"),
    ("trim", ".(string) string"),
    ("format", ".(string, list(dyn)) string"),
    ("strings.quote", "(string) string"),
    ("join", ".(list(string)) string; .(list(string), string) string"),
    ("reverse", ".(string) string"),
    ("sets.contains", "(list(A), list(A)) bool"),
    ("sets.equivalent", "(list(A), list(A)) bool"),
    ("sets.intersects", "(list(A), list(A)) bool"),
    ("base64.decode", "(string) bytes"),
    ("base64.encode", "(bytes) string"),
    ("optional.of", "(A) optional(A)"),
    ("optional.ofNonZeroValue", "(A) optional(A)"),
    ("optional.none", "() optional(A)"),
    ("optional.unwrap", "(list(optional(A))) list(A)"),
    ("value", ".(optional(A)) A"),
    ("hasValue", ".(optional(A)) bool"),
    ("or", ".(optional(A), optional(A)) optional(A)"),
    ("orValue", ".(optional(A), A) A"),
    ("first", ".(list(A)) optional(A)"),
    ("last", ".(list(A)) optional(A)"),
    ("unwrapOpt", ".(list(optional(A))) list(A)"),
];

const ORDER: &str = "(bool, bool) bool; (int, int) bool; (int, double) bool; (int, uint) bool; (uint, uint) bool; \
                     (uint, double) bool; (uint, int) bool; (double, double) bool; (double, int) bool; \
                     (double, uint) bool; (string, string) bool; (bytes, bytes) bool; (timestamp, timestamp) bool; \
                     (duration, duration) bool";
const OF_DAY: &str = ".(timestamp) int; .(timestamp, string) int";
const OF_TIME: &str = ".(timestamp) int; .(timestamp, string) int; .(duration) int";

/// Names that stand for types.
const TYPES: [&str; 9] = ["bool", "bytes", "double", "int", "list", "map", "null_type", "string", "uint"];

static OVERLOADS: LazyLock<HashMap<&str, Vec<Overload>>> =
    LazyLock::new(|| FUNCTIONS.iter().map(|(name, text)| (*name, text.split("; ").map(overload).collect())).collect());

/// Returns the ways to call a function; none if it is unknown.
pub(crate) fn overloads(name: &str) -> &'static [Overload] {
    OVERLOADS.get(name).map_or(&[], Vec::as_slice)
}

pub(crate) fn is_function(name: &str) -> bool {
    OVERLOADS.contains_key(name)
}

/// Returns the type that a name stands for: `int`, `list`, `type`.
pub(crate) fn named_type(name: &str) -> Option<Type> {
    Some(match name {
        "type" => Type::Of(Box::new(Type::Dyn)),
        "list" => Type::list(Type::Dyn),
        "map" => Type::map(Type::Dyn, Type::Dyn),
        _ => Type::Plain(TYPES.into_iter().find(|known| *known == name)?),
    })
}

fn overload(text: &str) -> Overload {
    let (method, text) = match text.strip_prefix('.') {
        Some(text) => (true, text),
        None => (false, text),
    };
    let (takes, gives) = text.rsplit_once(") ").unwrap_or((text, "dyn"));
    let takes = takes.strip_prefix('(').unwrap_or(takes);
    Overload { method, takes: list(takes), gives: type_of(gives) }
}

/// Splits at the commas outside of parentheses.
fn list(text: &str) -> Vec<Type> {
    let (mut parts, mut depth, mut begin) = (Vec::new(), 0, 0);
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(type_of(&text[begin..at]));
                begin = at + 1;
            }
            _ => {}
        }
    }
    if !text.is_empty() {
        parts.push(type_of(&text[begin..]));
    }
    parts
}

fn type_of(text: &str) -> Type {
    let text = text.trim();
    if let Some((name, inner)) = text.strip_suffix(')').and_then(|text| text.split_once('(')) {
        let mut inner = list(inner).into_iter();
        let (first, second) = (inner.next().unwrap_or(Type::Dyn), inner.next().unwrap_or(Type::Dyn));
        return match name {
            "list" => Type::list(first),
            "map" => Type::map(first, second),
            "optional" => Type::optional(first),
            _ => Type::Of(Box::new(first)),
        };
    }
    match text {
        "A" => Type::Any(0),
        "B" => Type::Any(1),
        "timestamp" => Type::Plain(TIMESTAMP),
        "duration" => Type::Plain(DURATION),
        name => named_type(name).unwrap_or(Type::Dyn),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_signature_can_be_read() {
        let told = |overload: &Overload| {
            let takes: Vec<_> = overload.takes.iter().map(Type::to_string).collect();
            let point = if overload.method { "." } else { "" };
            format!("{point}({}) {}", takes.join(", "), overload.gives)
        };
        for (name, text) in FUNCTIONS {
            let found: Vec<_> = overloads(name).iter().map(told).collect();
            let wanted = text.replace("timestamp", TIMESTAMP).replace("duration", DURATION);
            let wanted = wanted.replace("optional(", "optional_type(").replace(['A', 'B'], "dyn");
            assert_eq!(found.join("; "), wanted, "{name}");
        }
    }
}
