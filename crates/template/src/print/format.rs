//! `Sprintf`'s formats.

use super::{
    padding::{Flags, characters},
    printer::{Printer, as_width, type_name},
};
use crate::value::Value;

/// Go ignores wider widths and longer precisions.
const WIDEST: i64 = 1_000_000;

/// A format that is being worked through.
pub(super) struct Format<'a> {
    format: &'a [u8],
    at: usize,
    args: &'a [Value],
    /// The argument that comes next.
    next: usize,
    /// Whether an index has chosen arguments: then nobody complains about the ones that are left.
    reordered: bool,
    /// Whether the index of the verb at hand makes sense.
    good_index: bool,
    printer: Printer,
}

impl<'a> Format<'a> {
    pub(super) fn new(format: &'a [u8], args: &'a [Value]) -> Self {
        let printer = Printer::default();
        Self { format, at: 0, args, next: 0, reordered: false, good_index: true, printer }
    }

    pub(super) fn print(mut self) -> Vec<u8> {
        while self.at < self.format.len() {
            let rest = &self.format[self.at..];
            let text = rest.iter().position(|byte| *byte == b'%').unwrap_or(rest.len());
            self.printer.bytes(&rest[..text]);
            self.at += text;
            if self.at < self.format.len() {
                self.at += 1;
                self.verb();
            }
        }
        self.complain_about_the_rest();
        self.printer.out
    }

    fn verb(&mut self) {
        self.good_index = true;
        self.printer.flags = Flags::default();
        self.flags();
        let mut after_index = self.index();
        after_index = self.width(after_index);
        after_index = self.precision(after_index);
        if !after_index {
            self.index();
        }
        match characters(&self.format[self.at..]).next() {
            None => self.printer.string("%!(NOVERB)"),
            Some((verb, bytes)) => {
                self.at += bytes.len();
                self.print_verb(verb.unwrap_or(char::REPLACEMENT_CHARACTER));
            }
        }
    }

    fn print_verb(&mut self, verb: char) {
        let complaint = match self.args.get(self.next) {
            _ if verb == '%' => return self.printer.byte(b'%'),
            _ if !self.good_index => "BADINDEX",
            None => "MISSING",
            Some(value) => {
                self.next += 1;
                return self.print_argument(value, verb);
            }
        };
        self.printer.string(&format!("%!{verb}({complaint})"));
    }

    fn print_argument(&mut self, value: &Value, verb: char) {
        let flags = &mut self.printer.flags;
        if matches!(verb, 'v' | 'w') {
            flags.sharp_v = std::mem::take(&mut flags.sharp);
            flags.plus_v = std::mem::take(&mut flags.plus);
        }
        self.printer.argument(value, verb);
    }

    fn peek(&self) -> Option<u8> {
        self.format.get(self.at).copied()
    }

    fn flags(&mut self) {
        while let Some(byte) = self.peek() {
            let flags = &mut self.printer.flags;
            match byte {
                b'#' => flags.sharp = true,
                b'0' => flags.zero = true,
                b'+' => flags.plus = true,
                b'-' => flags.minus = true,
                b' ' => flags.space = true,
                _ => return,
            }
            self.at += 1;
        }
    }

    fn width(&mut self, after_index: bool) -> bool {
        if self.peek() != Some(b'*') {
            self.printer.flags.width = self.number();
            self.good_index &= !(after_index && self.printer.flags.width.is_some());
            return after_index;
        }
        self.at += 1;
        match self.number_from_argument() {
            None => self.printer.string("%!(BADWIDTH)"),
            Some(width) => {
                let flags = &mut self.printer.flags;
                flags.width = Some(width.unsigned_abs() as usize);
                flags.minus |= width < 0;
                flags.zero &= width >= 0;
            }
        }
        false
    }

    fn precision(&mut self, mut after_index: bool) -> bool {
        if self.peek() != Some(b'.') || self.at + 1 >= self.format.len() {
            return after_index;
        }
        self.at += 1;
        self.good_index &= !after_index;
        after_index = self.index();
        if self.peek() != Some(b'*') {
            self.printer.flags.precision = Some(self.number().unwrap_or(0));
            return after_index;
        }
        self.at += 1;
        self.printer.flags.precision = self.number_from_argument().and_then(|number| usize::try_from(number).ok());
        if self.printer.flags.precision.is_none() {
            self.printer.string("%!(BADPREC)");
        }
        false
    }

    /// Reads a number. One that is too large takes the rest of the format with it, as in Go.
    fn number(&mut self) -> Option<usize> {
        let (mut number, mut found) = (0, false);
        while let Some(digit @ b'0'..=b'9') = self.peek() {
            if number > WIDEST {
                self.at = self.format.len();
                return None;
            }
            number = number * 10 + i64::from(digit - b'0');
            found = true;
            self.at += 1;
        }
        found.then_some(number as usize)
    }

    fn number_from_argument(&mut self) -> Option<i64> {
        let value = self.args.get(self.next)?;
        self.next += 1;
        as_width(value).filter(|number| number.unsigned_abs() <= WIDEST.unsigned_abs())
    }

    /// Reads `[2]`: which argument comes next.
    fn index(&mut self) -> bool {
        if self.peek() != Some(b'[') {
            return false;
        }
        self.reordered = true;
        let rest = &self.format[self.at..];
        let end = rest.iter().position(|byte| *byte == b']');
        let number = end.and_then(|end| argument_number(&rest[1..end]));
        self.at += end.filter(|_| rest.len() >= 3).map_or(1, |end| end + 1);
        match number {
            Some(number) if (1..=self.args.len()).contains(&number) => self.next = number - 1,
            _ => self.good_index = false,
        }
        number.is_some()
    }

    fn complain_about_the_rest(&mut self) {
        if self.reordered || self.next >= self.args.len() {
            return;
        }
        self.printer.flags = Flags::default();
        self.printer.string("%!(EXTRA ");
        for (index, value) in self.args[self.next..].iter().enumerate() {
            if index > 0 {
                self.printer.string(", ");
            }
            match value {
                Value::Nil => self.printer.string("<nil>"),
                _ => {
                    self.printer.string(&format!("{}=", type_name(value)));
                    self.printer.argument(value, 'v');
                }
            }
        }
        self.printer.byte(b')');
    }
}

fn argument_number(digits: &[u8]) -> Option<usize> {
    let text = std::str::from_utf8(digits).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))?;
    text.parse().ok().filter(|number| *number <= 10 * WIDEST as usize)
}
