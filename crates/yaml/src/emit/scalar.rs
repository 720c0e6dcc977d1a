//! Scalars in their five styles: libyaml's `write_*_scalar` with Go's changes.

use std::fmt::Write as _;

use super::{
    analyse::{is_break, is_printable, is_simple},
    writer::{Dialect, Writer},
};

/// Whether long text may be folded: keys may not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Folds {
    Allowed,
    Never,
}

/// Writes text without quotes.
pub(super) fn plain(writer: &mut Writer, text: &str, folds: Folds) {
    writer.indention = false;
    if text.is_empty() && writer.settings.dialect != Dialect::V2 {
        return;
    }
    writer.space();
    flowing(writer, text, folds, Quotes::None);
    writer.whitespace = false;
    writer.indention = false;
}

/// Writes text in single quotes.
pub(super) fn single_quoted(writer: &mut Writer, text: &str, folds: Folds) {
    writer.leading("'");
    writer.indention = false;
    flowing(writer, text, folds, Quotes::Single);
    writer.trailing("'");
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Quotes {
    None,
    Single,
}

fn flowing(writer: &mut Writer, text: &str, folds: Folds, quotes: Quotes) {
    if is_simple(text) {
        writer.copy_simple(text);
        return;
    }
    let (mut spaces, mut breaks) = (false, false);
    for (at, c) in text.char_indices() {
        if c == ' ' {
            let folded = folds == Folds::Allowed
                && !spaces
                && writer.is_past_width()
                && (quotes == Quotes::None || (at > 0 && at + 1 < text.len()))
                && !next_is_space(text, at);
            space(writer, folded);
            spaces = true;
        } else if is_break(c) {
            if !breaks && c == '\n' {
                writer.put_break();
            }
            writer.copy_break(c);
            breaks = true;
        } else {
            if breaks {
                writer.write_indent();
            }
            if c == '\'' && quotes == Quotes::Single {
                writer.put('\'');
            }
            writer.copy(c);
            (spaces, breaks) = (false, false);
        }
    }
}

fn space(writer: &mut Writer, folded: bool) {
    match folded {
        true => writer.write_indent(),
        false => writer.put(' '),
    }
}

fn next_is_space(text: &str, at: usize) -> bool {
    text.as_bytes().get(at + 1) == Some(&b' ')
}

/// Writes text in double quotes.
pub(super) fn double_quoted(writer: &mut Writer, text: &str, folds: Folds) {
    writer.leading("\"");
    writer.indention = false;
    // Go asks whether the text, not the character, begins with a byte order mark.
    let marked = text.starts_with('\u{feff}');
    let mut spaces = false;
    for (at, c) in text.char_indices() {
        if marked || !is_printable(c) || is_break(c) || matches!(c, '"' | '\\') {
            escape(writer, c);
            spaces = false;
        } else if c == ' ' {
            let inner = at > 0 && at + 1 < text.len();
            if folds == Folds::Allowed && !spaces && writer.is_past_width() && inner {
                writer.write_indent();
                if next_is_space(text, at) {
                    writer.put('\\');
                }
            } else {
                writer.put(' ');
            }
            spaces = true;
        } else {
            writer.put(c);
            spaces = false;
        }
    }
    writer.trailing("\"");
}

fn escape(writer: &mut Writer, c: char) {
    let short = match c {
        '\0' => '0',
        '\x07' => 'a',
        '\x08' => 'b',
        '\t' => 't',
        '\n' => 'n',
        '\x0b' => 'v',
        '\x0c' => 'f',
        '\r' => 'r',
        '\x1b' => 'e',
        '"' => '"',
        '\\' => '\\',
        '\u{85}' => 'N',
        '\u{a0}' => '_',
        '\u{2028}' => 'L',
        '\u{2029}' => 'P',
        _ => return escape_code(writer, c),
    };
    writer.put('\\');
    writer.put(short);
}

fn escape_code(writer: &mut Writer, c: char) {
    let mut text = String::with_capacity(10);
    // Writing to a string can't fail.
    let _ = match u32::from(c) {
        code @ ..=0xFF => write!(text, "\\x{code:02X}"),
        code @ ..=0xFFFF => write!(text, "\\u{code:04X}"),
        code => write!(text, "\\U{code:08X}"),
    };
    writer.put_str(&text);
}

/// Writes text as a block after `|`.
pub(super) fn literal(writer: &mut Writer, text: &str) {
    block_header(writer, text, "|");
    let mut breaks = true;
    for c in text.chars() {
        if is_break(c) {
            writer.copy_break(c);
            breaks = true;
            continue;
        }
        if breaks {
            writer.write_indent();
        }
        writer.copy(c);
        breaks = false;
    }
}

/// Writes text as a block after `>`.
pub(super) fn folded(writer: &mut Writer, text: &str) {
    block_header(writer, text, ">");
    let doubled = breaks_double(text);
    let (mut breaks, mut leading_spaces) = (true, true);
    for (at, c) in text.char_indices() {
        if is_break(c) {
            if !breaks && !leading_spaces && c == '\n' && doubled {
                writer.put_break();
            }
            writer.copy_break(c);
            breaks = true;
            continue;
        }
        if breaks {
            writer.write_indent();
            leading_spaces = matches!(c, ' ' | '\t');
        }
        if !breaks && c == ' ' && !next_is_space(text, at) && writer.is_past_width() {
            writer.write_indent();
            writer.indention = false;
        } else {
            writer.copy(c);
        }
        breaks = false;
    }
}

/// libyaml means to look behind the break at hand, but looks at the beginning of the text.
fn breaks_double(text: &str) -> bool {
    let rest = text.trim_start_matches(is_break);
    !rest.is_empty() && !rest.starts_with([' ', '\t', '\0'])
}

fn block_header(writer: &mut Writer, text: &str, indicator: &str) {
    writer.leading(indicator);
    if text.starts_with(|c| c == ' ' || is_break(c)) {
        let hint = writer.settings.indent.to_string();
        writer.put_str(&hint);
    }
    writer.put_str(chomping(text));
    writer.put_break();
    writer.whitespace = true;
}

fn chomping(text: &str) -> &'static str {
    let mut ends = text.chars().rev().map(is_break);
    match (ends.next(), ends.next()) {
        (Some(true), None | Some(true)) => "+",
        (Some(true), Some(false)) => "",
        _ => "-",
    }
}
