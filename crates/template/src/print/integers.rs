//! Integers under a verb.

use super::{padding::Flags, printer::Printer, quote::is_printable};

/// An integer of any type.
#[derive(Debug, Clone, Copy)]
pub(super) struct Integer {
    pub(super) negative: bool,
    pub(super) size: u64,
}

impl Integer {
    pub(super) fn new(value: i64, unsigned: bool) -> Self {
        match unsigned {
            true => Self { negative: false, size: value.cast_unsigned() },
            false => Self { negative: value < 0, size: value.unsigned_abs() },
        }
    }
}

impl Printer {
    /// Appends an integer, if the verb is one for integers.
    pub(super) fn integer(&mut self, value: i64, unsigned: bool, verb: char) -> bool {
        let integer = Integer::new(value, unsigned);
        match verb {
            'v' if self.flags.sharp_v && unsigned => self.hex_with_prefix(integer.size),
            'v' | 'd' => self.digits(integer, 10, verb),
            'b' => self.digits(integer, 2, verb),
            'o' | 'O' => self.digits(integer, 8, verb),
            'x' | 'X' => self.digits(integer, 16, verb),
            'c' => self.pad(character(value).encode_utf8(&mut [0; 4]).as_bytes()),
            'q' => self.quoted_char(character(value)),
            'U' => self.code_point(value.cast_unsigned()),
            _ => return false,
        }
        true
    }

    /// Appends a number as Go's source has unsigned ones.
    pub(super) fn hex_with_prefix(&mut self, size: u64) {
        let sharp = std::mem::replace(&mut self.flags.sharp, true);
        self.digits(Integer { negative: false, size }, 16, 'v');
        self.flags.sharp = sharp;
    }

    pub(super) fn digits(&mut self, integer: Integer, base: u32, verb: char) {
        if self.flags.precision == Some(0) && integer.size == 0 {
            let zero = std::mem::take(&mut self.flags.zero);
            self.fill(self.flags.width.unwrap_or(0));
            self.flags.zero = zero;
            return;
        }
        let text = written(integer, base, verb, &self.flags);
        self.pad_with_spaces(text.as_bytes());
    }

    /// Appends `U+0041`, with `#` the character as well.
    fn code_point(&mut self, code: u64) {
        let digits = self.flags.precision.unwrap_or(4).max(4);
        let mut text = format!("U+{code:0digits$X}");
        let c = u32::try_from(code).ok().and_then(char::from_u32);
        if let Some(c) = c.filter(|c| self.flags.sharp && is_printable(*c)) {
            text.push_str(&format!(" '{c}'"));
        }
        self.pad_with_spaces(text.as_bytes());
    }
}

fn character(value: i64) -> char {
    u32::try_from(value).ok().and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER)
}

fn written(integer: Integer, base: u32, verb: char, flags: &Flags) -> String {
    let Integer { negative, size } = integer;
    let digits = match (base, verb) {
        (2, _) => format!("{size:b}"),
        (8, _) => format!("{size:o}"),
        (16, 'X') => format!("{size:X}"),
        (16, _) => format!("{size:x}"),
        _ => size.to_string(),
    };
    let sign = sign(negative, flags);
    let least = least_digits(flags, !sign.is_empty());
    let zeros = "0".repeat(least.saturating_sub(digits.len()));
    let prefix = match (flags.sharp, base) {
        _ if verb == 'O' => "0o",
        (true, 2) => "0b",
        (true, 8) if zeros.is_empty() && !digits.starts_with('0') => "0",
        (true, 16) if verb == 'X' => "0X",
        (true, 16) => "0x",
        _ => "",
    };
    format!("{sign}{prefix}{zeros}{digits}")
}

fn sign(negative: bool, flags: &Flags) -> &'static str {
    match (negative, flags.plus, flags.space) {
        (true, ..) => "-",
        (_, true, _) => "+",
        (.., true) => " ",
        _ => "",
    }
}

/// Zeros come from the precision, or from `0` with a width.
fn least_digits(flags: &Flags, signed: bool) -> usize {
    match (flags.precision, flags.width) {
        (Some(precision), _) => precision,
        (None, Some(width)) if flags.zero && !flags.minus => width.saturating_sub(usize::from(signed)),
        _ => 0,
    }
}
