//! Scalars after `|` and `>`.

use super::{
    comment,
    cursor::{self, Cursor, Mark},
    scanner::{Scanned, Scanner},
};
use crate::node::Style;

/// What happens to the line breaks at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Chomping {
    Strip,
    Clip,
    Keep,
}

/// Scans a block scalar.
pub(super) fn scan(scanner: &mut Scanner<'_>, style: Style) -> Scanned<String> {
    let start = scanner.cursor.mark;
    scanner.cursor.skip();
    let (chomping, increment) = header(scanner, start)?;
    end_header(scanner, start)?;
    let base = u32::try_from(scanner.indent.max(0)).unwrap_or(0);
    let mut indent = if increment > 0 { base + increment } else { 0 };
    let mut text = Vec::new();
    let mut last_break = Vec::new();
    let mut breaks = Vec::new();
    let mut led_by_blank = false;
    pass_breaks(scanner, &mut indent, &mut breaks, start)?;
    while scanner.cursor.mark.column == indent && !scanner.cursor.is_end() {
        let cursor = &mut scanner.cursor;
        let blank = cursor.is_blank(0);
        let folds = style == Style::Folded && !led_by_blank && !blank;
        join(&mut text, &mut last_break, &mut breaks, folds);
        led_by_blank = blank;
        read_to_break(cursor, &mut text);
        cursor.read_line(&mut last_break);
        pass_breaks(scanner, &mut indent, &mut breaks, start)?;
    }
    if chomping != Chomping::Strip {
        text.append(&mut last_break);
    }
    if chomping == Chomping::Keep {
        text.append(&mut breaks);
    }
    Ok(cursor::text(text))
}

fn read_to_break(cursor: &mut Cursor<'_>, text: &mut Vec<u8>) {
    while !cursor.is_break_or_end(0) {
        cursor.read(text);
        cursor.read_run(text, |_| true);
    }
}

/// Writes the breaks before a line; where they fold, the first is a space if it is alone.
fn join(text: &mut Vec<u8>, last_break: &mut Vec<u8>, breaks: &mut Vec<u8>, folds: bool) {
    if folds && last_break.first() == Some(&b'\n') {
        if breaks.is_empty() {
            text.push(b' ');
        }
        last_break.clear();
    }
    text.append(last_break);
    text.append(breaks);
}

/// Scans the chomping and indentation indicators, in either order.
fn header(scanner: &mut Scanner<'_>, start: Mark) -> Scanned<(Chomping, u32)> {
    if let Some(chomping) = chomping(&mut scanner.cursor) {
        return Ok((chomping, increment(scanner, start)?));
    }
    let increment = increment(scanner, start)?;
    let chomping = match increment {
        0 => None,
        _ => chomping(&mut scanner.cursor),
    };
    Ok((chomping.unwrap_or(Chomping::Clip), increment))
}

fn chomping(cursor: &mut Cursor<'_>) -> Option<Chomping> {
    let chomping = match cursor.byte(0) {
        b'+' => Chomping::Keep,
        b'-' => Chomping::Strip,
        _ => return None,
    };
    cursor.skip();
    Some(chomping)
}

fn increment(scanner: &mut Scanner<'_>, start: Mark) -> Scanned<u32> {
    match scanner.cursor.byte(0) {
        b'0' => Err(scanner.problem(start, "found an indentation indicator equal to 0")),
        digit @ b'1'..=b'9' => {
            scanner.cursor.skip();
            Ok(u32::from(digit - b'0'))
        }
        _ => Ok(0),
    }
}

fn end_header(scanner: &mut Scanner<'_>, start: Mark) -> Scanned<()> {
    scanner.cursor.skip_blanks();
    if scanner.cursor.byte(0) == b'#' {
        comment::skip_behind_token(&mut scanner.cursor, scanner.flavor);
        scanner.cursor.skip_to_break();
    }
    if !scanner.cursor.is_break_or_end(0) {
        return Err(scanner.problem(start, "did not find expected comment or line break"));
    }
    scanner.cursor.skip_line();
    Ok(())
}

/// Passes indentation and empty lines; finds the indentation if it is not known yet.
fn pass_breaks(scanner: &mut Scanner<'_>, indent: &mut u32, breaks: &mut Vec<u8>, start: Mark) -> Scanned<()> {
    let mut widest = 0;
    loop {
        let cursor = &mut scanner.cursor;
        let inside = |cursor: &Cursor<'_>| *indent == 0 || cursor.mark.column < *indent;
        while inside(cursor) && cursor.byte(0) == b' ' {
            cursor.skip();
        }
        widest = widest.max(cursor.mark.column);
        if inside(cursor) && cursor.byte(0) == b'\t' {
            let text = "found a tab character where an indentation space is expected";
            return Err(scanner.problem(start, text));
        }
        if !cursor.is_break(0) {
            break;
        }
        cursor.read_line(breaks);
    }
    if *indent == 0 {
        let least = u32::try_from(scanner.indent + 1).unwrap_or(0);
        *indent = widest.max(least).max(1);
    }
    Ok(())
}
