//! JSON to values.

use std::collections::BTreeMap;

use super::scan;
use crate::{map::Map, text::Str, types::Type, value::Value};

/// What a text was decoded to, and Go's first complaint.
#[derive(Debug)]
pub(in crate::functions) struct Decoded {
    pub(in crate::functions) value: Value,
    pub(in crate::functions) error: Option<String>,
}

/// Decodes a text as `json.Unmarshal` does into an `interface {}`.
pub(in crate::functions) fn decode(text: &[u8]) -> Decoded {
    if let Err(error) = scan::check(text) {
        return Decoded { value: Value::Nil, error: Some(error) };
    }
    let mut reader = Reader { text, at: 0, error: None };
    match reader.value() {
        // A number that is the whole text is one of another type first of all.
        Value::Nil if reader.error.is_some() => Decoded { value: Value::Float(f64::INFINITY), error: reader.error },
        value => Decoded { value, error: reader.error },
    }
}

/// Returns what Go says where a value does not go into a type.
pub(in crate::functions) fn mismatch(value: &Value, wanted: Type) -> String {
    let found = match value {
        Value::Bool(_) => "bool",
        Value::String(_) => "string",
        Value::List(_) => "array",
        Value::Map(_) => "object",
        _ => "number",
    };
    format!("json: cannot unmarshal {found} into Go value of type {wanted}")
}

/// Reads what the scanner has let through.
struct Reader<'a> {
    text: &'a [u8],
    at: usize,
    error: Option<String>,
}

impl Reader<'_> {
    fn value(&mut self) -> Value {
        match self.token() {
            b'{' => self.map(),
            b'[' => self.list(),
            b'"' => Value::String(self.string()),
            b't' => self.word(4, Value::Bool(true)),
            b'f' => self.word(5, Value::Bool(false)),
            b'n' => self.word(4, Value::Nil),
            _ => self.number(),
        }
    }

    fn map(&mut self) -> Value {
        let mut entries = BTreeMap::new();
        while self.token() != b'}' {
            if matches!(self.token(), b',' | b'{') {
                self.at += 1;
                continue;
            }
            let key = self.string();
            self.token();
            self.at += 1;
            let value = self.value();
            entries.insert(key, value);
        }
        self.at += 1;
        Value::Map(Map::new(entries))
    }

    fn list(&mut self) -> Value {
        self.at += 1;
        let mut items = Vec::new();
        while self.token() != b']' {
            if self.token() == b',' {
                self.at += 1;
            }
            items.push(self.value());
        }
        self.at += 1;
        Value::list(items)
    }

    fn word(&mut self, length: usize, value: Value) -> Value {
        self.at += length;
        value
    }

    /// A number beyond a `float64` is left out, and complained of.
    fn number(&mut self) -> Value {
        let rest = &self.text[self.at..];
        let length = rest.iter().take_while(|byte| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E'));
        let digits = String::from_utf8_lossy(&rest[..length.count()]).into_owned();
        self.at += digits.len();
        match digits.parse() {
            Ok(float) if f64::is_finite(float) => Value::Float(float),
            _ => {
                let text = format!("json: cannot unmarshal number {digits} into Go value of type float64");
                self.error.get_or_insert(text);
                Value::Nil
            }
        }
    }

    fn string(&mut self) -> Str {
        self.at += 1;
        let rest = &self.text[self.at..];
        let plain = rest.iter().position(|byte| matches!(byte, b'"' | b'\\')).unwrap_or(rest.len());
        let mut text = Str::from(&rest[..plain]).to_text().into_owned();
        self.at += plain;
        while self.byte() == b'\\' {
            self.at += 1;
            self.escape(&mut text);
            let rest = &self.text[self.at..];
            let plain = rest.iter().position(|byte| matches!(byte, b'"' | b'\\')).unwrap_or(rest.len());
            text.push_str(&Str::from(&rest[..plain]).to_text());
            self.at += plain;
        }
        self.at += 1;
        Str::from(text)
    }

    fn escape(&mut self, text: &mut String) {
        let byte = self.byte();
        self.at += 1;
        text.push(match byte {
            b'b' => '\x08',
            b'f' => '\x0c',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => self.rune(),
            byte => char::from(byte),
        });
    }

    /// Reads four digits, or twice as many for a pair of surrogates; half a pair is U+FFFD.
    fn rune(&mut self) -> char {
        let first = self.code(0);
        self.at += 4;
        if !(0xd800..0xdc00).contains(&first) || !self.text[self.at..].starts_with(b"\\u") {
            return char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER);
        }
        let second = self.code(2);
        if !(0xdc00..0xe000).contains(&second) {
            return char::REPLACEMENT_CHARACTER;
        }
        self.at += 6;
        let code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
        char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
    }

    fn code(&self, skip: usize) -> u32 {
        let from = self.at + skip;
        let digits = self.text.get(from..from + 4).unwrap_or_default();
        digits.iter().fold(0, |code, digit| code * 16 + char::from(*digit).to_digit(16).unwrap_or(0))
    }

    /// Skips what is blank or a colon and returns the byte behind it.
    fn token(&mut self) -> u8 {
        while matches!(self.byte(), b' ' | b'\t' | b'\r' | b'\n') {
            self.at += 1;
        }
        self.byte()
    }

    fn byte(&self) -> u8 {
        self.text.get(self.at).copied().unwrap_or(b'}')
    }
}
