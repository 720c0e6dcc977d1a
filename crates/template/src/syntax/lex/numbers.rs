//! How far a number goes.

use super::{
    super::token::{Token, TokenKind},
    Lexer,
    characters::{decode, is_word},
};
use crate::print;

impl<'a> Lexer<'a> {
    /// Reads a number. One that is none shows when it is parsed.
    pub(super) fn number(&mut self) -> Token<'a> {
        self.at = self.start;
        if !self.scan_number() {
            return self.bad_number();
        }
        if !matches!(self.rest().first(), Some(b'+' | b'-')) {
            return self.token(TokenKind::Number);
        }
        match self.scan_number() && self.input[self.at - 1] == b'i' {
            true => self.token(TokenKind::Complex),
            false => self.bad_number(),
        }
    }

    fn bad_number(&mut self) -> Token<'a> {
        let number = print::quote(&self.input[self.start..self.at]);
        self.error(format!("bad number syntax: {}", String::from_utf8_lossy(&number)))
    }

    fn scan_number(&mut self) -> bool {
        self.accept(b"+-");
        let mut digits: &[u8] = b"0123456789_";
        if self.accept(b"0") {
            digits = match () {
                () if self.accept(b"xX") => b"0123456789abcdefABCDEF_",
                () if self.accept(b"oO") => b"01234567_",
                () if self.accept(b"bB") => b"01_",
                () => digits,
            };
        }
        self.accept_run(digits);
        if self.accept(b".") {
            self.accept_run(digits);
        }
        let exponent: &[u8] = match digits.len() {
            11 => b"eE",
            23 => b"pP",
            _ => b"",
        };
        if self.accept(exponent) {
            self.accept(b"+-");
            self.accept_run(b"0123456789_");
        }
        self.accept(b"i");
        match decode(self.rest()).filter(|(c, _)| is_word(*c)) {
            Some((_, width)) => {
                self.at += width;
                false
            }
            None => true,
        }
    }

    fn accept(&mut self, valid: &[u8]) -> bool {
        let accepted = self.rest().first().is_some_and(|byte| valid.contains(byte));
        self.at += usize::from(accepted);
        accepted
    }

    fn accept_run(&mut self, valid: &[u8]) {
        while self.accept(valid) {}
    }
}
