//! Values as texts: Go's `fmt.Sprint`, `Sprintln` and `Sprintf`.
//!
//! values (and a format) → [`Printer`], which knows the flags of the verb at hand → bytes

mod floats;
mod format;
mod integers;
mod padding;
mod printer;
mod quote;

pub(crate) use floats::format_float;
pub(crate) use quote::{is_printable, quote};

use crate::{
    print::{format::Format, printer::Printer},
    text::Str,
    value::Value,
};

/// What is printed at once is cut here: maps and lists may hold themselves over and over. Callers refuse what is as long.
pub(crate) const LONGEST: usize = 64 << 20;

/// Returns what `fmt.Sprint` does: a space between two values if neither is a text.
pub(crate) fn sprint(args: &[Value]) -> Vec<u8> {
    let mut printer = Printer::default();
    let mut previous = true;
    for (index, arg) in args.iter().enumerate() {
        let text = matches!(arg, Value::String(_));
        if index > 0 && !text && !previous {
            printer.byte(b' ');
        }
        printer.argument(arg, 'v');
        previous = text;
    }
    printer.out
}

/// Returns what `fmt.Sprintln` does: spaces between all values, and a newline.
pub(crate) fn sprintln(args: &[Value]) -> Vec<u8> {
    let mut printer = Printer::default();
    for (index, arg) in args.iter().enumerate() {
        if index > 0 {
            printer.byte(b' ');
        }
        printer.argument(arg, 'v');
    }
    printer.byte(b'\n');
    printer.out
}

/// Returns what `fmt.Sprintf` does, complaints about the format included.
pub(crate) fn sprintf(format: &[u8], args: &[Value]) -> Vec<u8> {
    Format::new(format, args).print()
}

/// Returns how many bytes a text takes from what a render may make: all, if it was cut.
pub(crate) fn cost(text: &[u8]) -> usize {
    if text.len() < LONGEST { text.len() } else { usize::MAX }
}

/// Returns what `%v` prints.
pub(crate) fn text(value: &Value) -> Str {
    match value {
        Value::String(text) => text.clone(),
        other => sprint(std::slice::from_ref(other)).into(),
    }
}

/// Appends what `%v` prints.
pub(crate) fn append(out: &mut Vec<u8>, value: &Value) {
    if let Value::String(text) = value {
        return out.extend_from_slice(text.as_bytes());
    }
    let mut printer = Printer { out: std::mem::take(out), ..Printer::default() };
    printer.argument(value, 'v');
    *out = printer.out;
}
