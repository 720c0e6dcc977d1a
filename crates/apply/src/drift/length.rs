//! How long operations are as JSON, as wI2L/jsondiff reckons it.

use serde_json::{Map, Number, Value};

use super::patch::Act;

/// Bytes of JSON without spaces.
pub(super) type Length = usize;

/// Returns the length of an operation. The value of an `add` is not counted, nor is what a path needs in quotes.
pub(super) fn of_operation(act: Act<'_>, path: &str) -> Length {
    let frame = r#"{"op":"","path":""}"#.len() + path.len();
    let value = r#","value":"#.len();
    match act {
        Act::Add(_) => frame + "add".len() + value,
        Act::Replace(new) => frame + "replace".len() + value + of_value(new),
        Act::Remove => frame + "remove".len(),
    }
}

fn of_value(value: &Value) -> Length {
    match value {
        Value::Null | Value::Bool(true) => 4,
        Value::Bool(false) => 5,
        Value::Number(number) => of_number(number),
        Value::String(text) => of_text(text),
        Value::Array(list) => of_list(list.iter().map(of_value)),
        Value::Object(map) => of_map(map),
    }
}

fn of_map(map: &Map<String, Value>) -> Length {
    of_list(map.iter().map(|(key, value)| of_text(key) + 1 + of_value(value)))
}

fn of_list(members: impl ExactSizeIterator<Item = Length>) -> Length {
    let commas = members.len().saturating_sub(1);
    2 + commas + members.sum::<Length>()
}

/// Go escapes what HTML could take for its own.
fn of_text(text: &str) -> Length {
    let of_char = |char: char| match char {
        '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
        '\0'..='\u{1f}' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => 6,
        char => char.len_utf8(),
    };
    2 + text.chars().map(of_char).sum::<Length>()
}

/// Go writes floats without point where they have no fraction, and very large and small ones with exponent.
fn of_number(number: &Number) -> Length {
    let Some(float) = number.as_f64().filter(|_| number.is_f64()) else { return number.to_string().len() };
    let size = float.abs();
    if size != 0.0 && size < 1e-6 {
        format!("{float:e}").len()
    } else if size >= 1e21 {
        format!("{float:e}+").len()
    } else {
        float.to_string().len()
    }
}
