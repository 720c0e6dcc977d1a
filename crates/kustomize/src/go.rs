//! JSON as Go's encoder writes it: keys sorted, `<`, `>` and `&` escaped.

use serde_json::Value as Json;

/// Writes a value without spaces.
pub(crate) fn to_json(value: &Json) -> String {
    let mut text = String::new();
    write(value, None, &mut text);
    text
}

/// Writes a value over several lines, two spaces for each level.
pub(crate) fn to_json_indented(value: &Json) -> String {
    let mut text = String::new();
    write(value, Some(0), &mut text);
    text
}

fn write(value: &Json, indent: Option<usize>, out: &mut String) {
    match value {
        Json::Array(items) if items.is_empty() => out.push_str("[]"),
        Json::Object(map) if map.is_empty() => out.push_str("{}"),
        Json::Array(items) => block('[', ']', items.iter(), indent, out, write),
        Json::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by(|a, b| a.0.cmp(b.0));
            block('{', '}', entries.into_iter(), indent, out, |(key, value), inner, out| {
                quote(key, out);
                out.push_str(if inner.is_some() { ": " } else { ":" });
                write(value, inner, out);
            });
        }
        Json::String(text) => quote(text, out),
        Json::Number(number) if number.is_f64() => {
            out.push_str(&sluice_yaml::format_json(number.as_f64().unwrap_or_default()));
        }
        other => out.push_str(&other.to_string()),
    }
}

fn block<T>(
    open: char,
    close: char,
    items: impl Iterator<Item = T>,
    indent: Option<usize>,
    out: &mut String,
    each: impl Fn(T, Option<usize>, &mut String),
) {
    let inner = indent.map(|depth| depth + 1);
    out.push(open);
    for (index, item) in items.enumerate() {
        if index > 0 {
            out.push(',');
        }
        line(inner, out);
        each(item, inner, out);
    }
    line(indent, out);
    out.push(close);
}

fn line(indent: Option<usize>, out: &mut String) {
    if let Some(depth) = indent {
        out.push('\n');
        out.push_str(&"  ".repeat(depth));
    }
}

fn quote(text: &str, out: &mut String) {
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' => {
                out.push_str(&format!("\\u{:04x}", letter as u32));
            }
            letter => out.push(letter),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn keys_are_sorted_and_markup_is_escaped() {
        assert_eq!(to_json(&json!({"b": "<a&b>", "a": [1, {}]})), r#"{"a":[1,{}],"b":"\u003ca\u0026b\u003e"}"#);
    }

    #[test]
    fn lines_are_indented_by_two_spaces() {
        assert_eq!(to_json_indented(&json!({"a": [1]})), "{\n  \"a\": [\n    1\n  ]\n}");
    }
}
