//! Values under a verb.

use std::sync::Arc;

use super::{LONGEST, padding::Flags};
use crate::{
    list::List,
    map::Map,
    object::Object,
    types::{IntKind, Kind, Type},
    value::Value,
};

/// Values nest no deeper than this in a text: a map may hold itself.
const DEEPEST: usize = 1000;

/// What is printed so far, and the flags of the verb at hand.
#[derive(Debug, Default)]
pub(super) struct Printer {
    pub(super) out: Vec<u8>,
    pub(super) flags: Flags,
    pub(super) depth: usize,
}

impl Printer {
    pub(super) fn byte(&mut self, byte: u8) {
        self.bytes(&[byte]);
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        if self.out.len() < LONGEST {
            self.out.extend_from_slice(bytes);
        }
    }

    pub(super) fn string(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    /// Appends an argument of a print function.
    pub(super) fn argument(&mut self, value: &Value, verb: char) {
        match (value, verb) {
            (Value::Nil, 'T' | 'v') => self.pad(b"<nil>"),
            (Value::Nil, _) => self.bad_verb(value, verb),
            (_, 'T') => self.plain(type_name(value).as_bytes()),
            (Value::Map(_) | Value::List(_) | Value::Object(_), 'w') => self.bad_verb(value, verb),
            _ => self.value(value, verb),
        }
    }

    fn value(&mut self, value: &Value, verb: char) {
        let known = match value {
            Value::Nil => self.nil(),
            Value::Bool(value) => self.boolean(*value, verb),
            Value::Int(kind, value) => self.integer(*value, kind.is_unsigned(), verb),
            Value::Float(value) => self.float(*value, verb),
            Value::String(text) => self.text(text.as_bytes(), verb),
            Value::List(list) => self.list(list, verb),
            Value::Map(map) => self.map(map, verb),
            Value::Object(object) => self.object(object, verb),
        };
        if !known {
            self.bad_verb(value, verb);
        }
    }

    /// Appends a complaint: the verb does not fit the value.
    fn bad_verb(&mut self, value: &Value, verb: char) {
        self.string(&format!("%!{verb}("));
        match value {
            Value::Nil => self.string("<nil>"),
            _ => {
                self.string(&format!("{}=", type_name(value)));
                self.value(value, 'v');
            }
        }
        self.byte(b')');
    }

    /// A nil that is in a list or map.
    fn nil(&mut self) -> bool {
        self.string(if self.flags.sharp_v { "interface {}(nil)" } else { "<nil>" });
        true
    }

    fn boolean(&mut self, value: bool, verb: char) -> bool {
        if !matches!(verb, 't' | 'v') {
            return false;
        }
        self.pad(if value { b"true" } else { b"false" });
        true
    }

    fn text(&mut self, text: &[u8], verb: char) -> bool {
        match verb {
            'v' if self.flags.sharp_v => self.quoted(text),
            'v' | 's' => self.plain(text),
            'x' | 'X' => self.hex(text, verb == 'X'),
            'q' => self.quoted(text),
            _ => return false,
        }
        true
    }

    /// Appends bytes as hexadecimal digits.
    fn hex(&mut self, bytes: &[u8], upper: bool) {
        let bytes = &bytes[..self.flags.precision.unwrap_or(bytes.len()).min(bytes.len())];
        let prefix = match (self.flags.sharp, upper) {
            (true, true) => "0X",
            (true, false) => "0x",
            _ => "",
        };
        let digits = |byte: &u8| if upper { format!("{byte:02X}") } else { format!("{byte:02x}") };
        let digits: Vec<_> = bytes.iter().map(digits).collect();
        let text = match (digits.is_empty(), self.flags.space) {
            (true, _) => String::new(),
            (_, true) => format!("{prefix}{}", digits.join(&format!(" {prefix}"))),
            _ => format!("{prefix}{}", digits.concat()),
        };
        self.pad(text.as_bytes());
    }

    fn list(&mut self, list: &List, verb: char) -> bool {
        if list.type_of().underlying() == Type::BYTES {
            return self.octets(list, verb);
        }
        self.nested(|printer| {
            printer.open(list.type_of(), "[");
            for (index, item) in list.items().iter().enumerate() {
                printer.separator(index);
                printer.element(item, verb);
            }
            printer.close();
        })
    }

    /// `[]byte` is a list of numbers under `%v` and `%d`, and a text under the verbs for texts.
    fn octets(&mut self, list: &List, verb: char) -> bool {
        let byte = |item: &Value| if let Value::Int(_, byte) = item { *byte as u8 } else { 0 };
        let bytes: Vec<u8> = list.items().iter().map(byte).collect();
        match verb {
            's' => self.plain(&bytes),
            'x' | 'X' => self.hex(&bytes, verb == 'X'),
            'q' => self.quoted(&bytes),
            'v' if self.flags.sharp_v => self.octets_as_source(list.type_of(), &bytes),
            _ => {
                self.byte(b'[');
                for (index, item) in list.items().iter().enumerate() {
                    self.separator(index);
                    self.value(item, if verb == 'v' { 'd' } else { verb });
                }
                self.byte(b']');
            }
        }
        true
    }

    fn octets_as_source(&mut self, of: Type, bytes: &[u8]) {
        let name = if of == Type::BYTES { "[]byte".to_owned() } else { of.to_string() };
        self.string(&format!("{name}{{"));
        for (index, byte) in bytes.iter().enumerate() {
            self.separator(index);
            self.hex_with_prefix(u64::from(*byte));
        }
        self.byte(b'}');
    }

    fn map(&mut self, map: &Map, verb: char) -> bool {
        self.nested(|printer| {
            printer.open(map.type_of(), "map[");
            for (index, (key, value)) in map.entries().into_iter().enumerate() {
                printer.separator(index);
                printer.value(&Value::String(key), verb);
                printer.byte(b':');
                printer.element(&value, verb);
            }
            printer.close();
        })
    }

    fn object(&mut self, object: &Arc<dyn Object>, verb: char) -> bool {
        let text = object.print();
        match verb {
            'v' | 's' => self.plain(text.as_bytes()),
            'x' | 'X' => self.hex(text.as_bytes(), verb == 'X'),
            'q' => self.quoted(text.as_bytes()),
            'p' => return object.kind() == Kind::Pointer,
            _ => self.string(&text),
        }
        true
    }

    /// Stops at a depth that only a map which holds itself reaches.
    fn nested(&mut self, print: impl FnOnce(&mut Self)) -> bool {
        if self.depth == DEEPEST || self.out.len() >= LONGEST {
            self.string("…");
            return true;
        }
        self.depth += 1;
        print(self);
        self.depth -= 1;
        true
    }

    /// An element of a list or map: a nil there is no argument.
    fn element(&mut self, value: &Value, verb: char) {
        match (value, verb) {
            (Value::Map(_) | Value::List(_), 'w') => self.bad_verb(value, verb),
            _ => self.value(value, verb),
        }
    }

    fn open(&mut self, of: Type, mark: &str) {
        match self.flags.sharp_v {
            true => self.string(&format!("{of}{{")),
            false => self.string(mark),
        }
    }

    fn separator(&mut self, index: usize) {
        if index > 0 {
            self.string(if self.flags.sharp_v { ", " } else { " " });
        }
    }

    fn close(&mut self) {
        self.byte(if self.flags.sharp_v { b'}' } else { b']' });
    }
}

/// The name of the type that `%T` prints.
pub(super) fn type_name(value: &Value) -> String {
    value.type_of().map_or_else(|| "<nil>".to_owned(), |of| of.to_string())
}

/// Whether a value is an integer that can be a width.
pub(super) fn as_width(value: &Value) -> Option<i64> {
    match value {
        Value::Int(IntKind::Uint | IntKind::Uint64, value) if *value < 0 => None,
        Value::Int(_, value) => Some(*value),
        _ => None,
    }
}
