//! Scalars without quotes, and the folding of lines they share with quoted ones.

use super::{
    cursor::{self, Cursor},
    scanner::{Scanned, Scanner},
};

/// White space between the words of a scalar that may run over lines.
#[derive(Debug, Default)]
pub(super) struct Gap {
    blanks: Vec<u8>,
    first_break: Vec<u8>,
    more_breaks: Vec<u8>,
    /// A line break was passed.
    pub(super) broken: bool,
}

impl Gap {
    /// Passes one blank or line break.
    pub(super) fn pass(&mut self, cursor: &mut Cursor<'_>) {
        match (cursor.is_blank(0), self.broken) {
            (true, false) => cursor.read(&mut self.blanks),
            (true, true) => cursor.skip(),
            (false, false) => {
                self.blanks.clear();
                cursor.read_line(&mut self.first_break);
                self.broken = true;
            }
            (false, true) => cursor.read_line(&mut self.more_breaks),
        }
    }

    /// Writes what the white space stands for: one break is a space, more are one less.
    pub(super) fn fold_into(&mut self, text: &mut Vec<u8>) {
        if !self.broken {
            text.append(&mut self.blanks);
            return;
        }
        match (self.first_break.first(), self.more_breaks.is_empty()) {
            (Some(b'\n'), true) => text.push(b' '),
            (Some(b'\n'), false) => {}
            _ => text.append(&mut self.first_break),
        }
        text.append(&mut self.more_breaks);
        self.first_break.clear();
        self.broken = false;
    }
}

/// Scans a plain scalar.
pub(super) fn scan(scanner: &mut Scanner<'_>) -> Scanned<String> {
    let start = scanner.cursor.mark;
    let indent = scanner.indent + 1;
    let in_flow = scanner.flow_level > 0;
    let mut text = Vec::new();
    let mut gap = Gap::default();
    loop {
        let cursor = &mut scanner.cursor;
        if cursor.is_document_indicator() || cursor.byte(0) == b'#' {
            break;
        }
        word(cursor, in_flow, &mut text, &mut gap);
        if !(cursor.is_blank(0) || cursor.is_break(0)) {
            break;
        }
        while cursor.is_blank(0) || cursor.is_break(0) {
            let indents = gap.broken && i64::from(cursor.mark.column) < indent;
            if indents && cursor.byte(0) == b'\t' {
                let text = "found a tab character that violates indentation";
                return Err(scanner.problem(start, text));
            }
            gap.pass(cursor);
        }
        if !in_flow && i64::from(cursor.mark.column) < indent {
            break;
        }
    }
    if gap.broken {
        scanner.simple_key_allowed = true;
    }
    Ok(cursor::text(text))
}

fn word(cursor: &mut Cursor<'_>, in_flow: bool, text: &mut Vec<u8>, gap: &mut Gap) {
    while !cursor.is_blank_or_end(0) && !ends_plain(cursor, in_flow) {
        gap.fold_into(text);
        cursor.read(text);
        cursor.read_run(text, |byte| !matches!(byte, b':' | b',' | b'?' | b'[' | b']' | b'{' | b'}'));
    }
}

fn ends_plain(cursor: &Cursor<'_>, in_flow: bool) -> bool {
    match cursor.byte(0) {
        b':' => cursor.is_blank_or_end(1),
        b',' | b'?' | b'[' | b']' | b'{' | b'}' => in_flow,
        _ => false,
    }
}
