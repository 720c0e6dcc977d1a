//! Passing comments.
//!
//! go-yaml v3 keeps comments, and while it looks for them it passes tabs that v2 refuses.

use super::cursor::Cursor;
use crate::resolve::Flavor;

/// How far v3 looks ahead for a comment, in bytes.
const LOOKAHEAD: usize = 512;

/// Passes the comment at the cursor.
pub(super) fn skip(cursor: &mut Cursor<'_>, in_flow: bool, flavor: Flavor) {
    match flavor {
        Flavor::V2 => cursor.skip_to_break(),
        Flavor::V3 => skip_group(cursor, in_flow),
    }
}

/// Passes a comment behind a token: only v3 looks for it, right after the token.
pub(super) fn skip_behind_token(cursor: &mut Cursor<'_>, flavor: Flavor) {
    if flavor == Flavor::V2 || cursor.newlines > 0 {
        return;
    }
    let blanks = (0..LOOKAHEAD).take_while(|ahead| cursor.is_blank(*ahead)).count();
    if blanks < LOOKAHEAD && cursor.byte(blanks) == b'#' {
        skip_from(cursor, blanks);
    }
}

/// Passes a comment and those on the lines below it, whatever blanks are before them.
fn skip_group(cursor: &mut Cursor<'_>, in_flow: bool) {
    let mut peek = 0;
    while peek < LOOKAHEAD {
        if cursor.is_blank(peek) {
            peek += 1;
            continue;
        }
        let closes = in_flow && matches!(cursor.byte(peek), b']' | b'}');
        if !closes && cursor.is_break(peek) {
            peek += 1;
            continue;
        }
        if closes || cursor.byte(peek) != b'#' {
            break;
        }
        skip_from(cursor, peek);
        // The break that ends the comment is not looked at again.
        peek = 1;
    }
}

/// Passes the comment that begins that many characters ahead.
fn skip_from(cursor: &mut Cursor<'_>, ahead: usize) {
    let start = cursor.mark.index + ahead;
    loop {
        if !cursor.is_break_or_end(0) {
            cursor.skip();
        } else if cursor.mark.index >= start || cursor.is_end() {
            break;
        } else {
            cursor.skip_line();
        }
    }
}
