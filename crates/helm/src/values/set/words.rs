//! What texts stand for, and how Go shows them in its errors.

use sluice_template::Value;
use sluice_yaml::quote;

/// Returns what Go says when a value is not of the type that the text takes it for.
pub(super) fn conversion(value: &Value, wanted: &str) -> String {
    let is = value.type_of().map_or("nil".to_owned(), |of| of.to_string());
    format!("unable to parse key: interface conversion: interface {{}} is {is}, not {wanted}")
}

/// Returns a text as `%q` prints a slice of letters.
pub(super) fn letters(text: &str) -> String {
    let quoted: Vec<_> = text.chars().map(quoted_letter).collect();
    format!("[{}]", quoted.join(" "))
}

fn quoted_letter(letter: char) -> String {
    match letter {
        '"' => "'\"'".into(),
        '\'' => "'\\''".into(),
        letter => {
            let quoted = quote(letter.encode_utf8(&mut [0; 4]));
            format!("'{}'", &quoted[1..quoted.len() - 1])
        }
    }
}

pub(super) fn typed(text: &str) -> Value {
    let is = |word: &str| text.eq_ignore_ascii_case(word);
    match text {
        _ if is("true") => Value::Bool(true),
        _ if is("false") => Value::Bool(false),
        _ if is("null") => Value::Nil,
        "0" => Value::int64(0),
        // A number that begins with 0 is a text.
        _ if text.starts_with('0') => Value::string(text),
        _ => text.parse().map_or_else(|_| Value::string(text), Value::int64),
    }
}
