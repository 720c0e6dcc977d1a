//! Upper, lower and title case, and names of many words.

use crate::{
    function::Function,
    functions::{
        arguments::{bytes, text},
        function,
        names::{delimited, pascal},
        signatures::TEXT_OF_TEXT,
        unicode::{is_digit, is_letter, is_lower, is_title, is_upper, lower, title, upper},
    },
    value::Value,
};

pub(crate) const ALL: &[Function] = &[
    function("upper", TEXT_OF_TEXT, |_, given| Ok(mapped(&text(given, 0), str::to_ascii_uppercase, upper))),
    function("lower", TEXT_OF_TEXT, |_, given| Ok(mapped(&text(given, 0), str::to_ascii_lowercase, lower))),
    function("title", TEXT_OF_TEXT, |_, given| Ok(Value::string(titled(&text(given, 0))))),
    function("untitle", TEXT_OF_TEXT, |_, given| Ok(Value::string(untitled(&text(given, 0))))),
    function("swapcase", TEXT_OF_TEXT, |_, given| Ok(Value::string(swapped(&text(given, 0))))),
    function("camelcase", TEXT_OF_TEXT, |_, given| Ok(Value::string(pascal(&text(given, 0))))),
    function("snakecase", TEXT_OF_TEXT, |_, given| Ok(Value::string(delimited(bytes(given, 0), '_')))),
    function("kebabcase", TEXT_OF_TEXT, |_, given| Ok(Value::string(delimited(bytes(given, 0), '-')))),
];

fn mapped(text: &str, ascii: fn(&str) -> String, map: fn(char) -> char) -> Value {
    Value::string(if text.is_ascii() { ascii(text) } else { text.chars().map(map).collect() })
}

/// A word begins after what is no letter, digit or underscore; of what is not ASCII only spaces part words.
fn titled(text: &str) -> String {
    let mut before = ' ';
    let mut each = |c| if separates(std::mem::replace(&mut before, c)) { title(c) } else { c };
    text.chars().map(&mut each).collect()
}

fn separates(c: char) -> bool {
    match c {
        '_' => false,
        c if c.is_ascii() => !c.is_ascii_alphanumeric(),
        c => !is_letter(c) && !is_digit(c) && c.is_whitespace(),
    }
}

fn untitled(text: &str) -> String {
    let mut before = ' ';
    let mut each = |c| if std::mem::replace(&mut before, c).is_whitespace() { lower(c) } else { c };
    text.chars().map(&mut each).collect()
}

/// The first letter of a word becomes title case, if it is lower case and no capital stands before it.
fn swapped(text: &str) -> String {
    let mut begins = true;
    let mut each = |c| {
        if is_upper(c) || is_title(c) {
            begins = false;
            lower(c)
        } else if is_lower(c) {
            if std::mem::replace(&mut begins, false) { title(c) } else { upper(c) }
        } else {
            begins = c.is_whitespace();
            c
        }
    };
    text.chars().map(&mut each).collect()
}
