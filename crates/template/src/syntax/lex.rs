//! Source to tokens.

mod characters;
mod numbers;

use std::ops::Range;

use memchr::memmem;

use super::{
    Delimiters,
    token::{Keyword, Text, Token, TokenKind},
};
use characters::{code_point, decode, is_space, is_word, trim_end, trims_left};

/// Reads tokens one by one.
#[derive(Debug)]
pub(super) struct Lexer<'a> {
    input: &'a [u8],
    delimiters: &'a Delimiters,
    /// Where the token at hand begins.
    start: usize,
    at: usize,
    inside: bool,
    parens: usize,
    /// How far lines are counted, and the line there.
    counted: (usize, usize),
}

impl<'a> Lexer<'a> {
    pub(super) fn new(input: &'a [u8], delimiters: &'a Delimiters) -> Self {
        Self { input, delimiters, start: 0, at: 0, inside: false, parens: 0, counted: (0, 1) }
    }

    /// Says whether there are only spaces in a part of the source.
    pub(super) fn is_blank(&self, range: Range<usize>) -> bool {
        let text = self.input.get(range).unwrap_or_default();
        std::str::from_utf8(text).is_ok_and(|text| text.trim().is_empty())
    }

    /// Returns the next token; after an error or the end only ends.
    pub(super) fn next(&mut self) -> Token<'a> {
        match self.inside {
            true => self.action(),
            false => self.text(),
        }
    }

    fn token(&mut self, kind: TokenKind) -> Token<'a> {
        let text = Text::Source(&self.input[self.start..self.at]);
        let token = Token { kind, position: self.start, text, line: self.line() };
        self.start = self.at;
        token
    }

    fn error(&mut self, message: impl Into<String>) -> Token<'a> {
        let (position, line) = (self.start, self.line());
        (self.input, self.start, self.at) = (&[], 0, 0);
        Token { kind: TokenKind::Error, position, text: Text::Message(message.into()), line }
    }

    /// Tokens only go forward, so each line is counted once.
    fn line(&mut self) -> usize {
        let (from, line) = self.counted;
        if from < self.start {
            let lines = self.input[from..self.start].iter().filter(|byte| **byte == b'\n').count();
            self.counted = (self.start, line + lines);
        }
        self.counted.1
    }

    fn rest(&self) -> &'a [u8] {
        &self.input[self.at..]
    }

    fn skip(&mut self, count: usize) {
        self.at += count;
        self.start = self.at;
    }

    fn text(&mut self) -> Token<'a> {
        loop {
            let Some(length) = memmem::find(self.rest(), &self.delimiters.left) else {
                self.at = self.input.len();
                let kind = if self.at > self.start { TokenKind::Text } else { TokenKind::Eof };
                return self.token(kind);
            };
            let text = &self.rest()[..length];
            let trimmed = match trims_left(&self.rest()[length + self.delimiters.left.len()..]) {
                true => trim_end(text).len(),
                false => length,
            };
            if trimmed > 0 {
                self.at += trimmed;
                let token = self.token(TokenKind::Text);
                self.skip(length - trimmed);
                return token;
            }
            self.skip(length);
            match self.left_delimiter() {
                Some(token) => return token,
                None => continue,
            }
        }
    }

    /// Reads the beginning of an action, or a whole comment: that is no token.
    fn left_delimiter(&mut self) -> Option<Token<'a>> {
        self.at += self.delimiters.left.len();
        let marker = if trims_left(self.rest()) { 2 } else { 0 };
        if self.rest()[marker..].starts_with(b"/*") {
            self.skip(marker);
            return self.comment();
        }
        let token = self.token(TokenKind::LeftDelimiter);
        self.inside = true;
        self.parens = 0;
        self.skip(marker);
        Some(token)
    }

    fn comment(&mut self) -> Option<Token<'a>> {
        let Some(length) = memmem::find(&self.rest()[2..], b"*/") else {
            return Some(self.error("unclosed comment"));
        };
        self.at += length + 4;
        let Some(trims) = self.at_right_delimiter() else {
            return Some(self.error("comment ends before closing delimiter"));
        };
        self.leave(trims);
        self.start = self.at;
        None
    }

    fn at_right_delimiter(&self) -> Option<bool> {
        let (rest, right) = (self.rest(), self.delimiters.right.as_slice());
        match rest {
            [space, b'-', after @ ..] if is_space(*space) && after.starts_with(right) => Some(true),
            _ => rest.starts_with(right).then_some(false),
        }
    }

    /// Passes the end of an action and the spaces that it takes away.
    fn leave(&mut self, trims: bool) {
        self.at += self.delimiters.right.len();
        if trims {
            self.at += 2;
            self.at += self.rest().iter().take_while(|byte| is_space(**byte)).count();
        }
    }

    fn right_delimiter(&mut self, trims: bool) -> Token<'a> {
        if trims {
            self.skip(2);
        }
        self.at += self.delimiters.right.len();
        let token = self.token(TokenKind::RightDelimiter);
        if trims {
            let spaces = self.rest().iter().take_while(|byte| is_space(**byte)).count();
            self.skip(spaces);
        }
        self.inside = false;
        token
    }

    fn action(&mut self) -> Token<'a> {
        match self.at_right_delimiter() {
            Some(trims) if self.parens == 0 => return self.right_delimiter(trims),
            Some(_) => return self.error("unclosed left paren"),
            None => {}
        }
        let Some((c, width)) = decode(self.rest()) else { return self.error("unclosed action") };
        if u8::try_from(c).is_ok_and(is_space) {
            return self.space();
        }
        self.at += width;
        match c {
            '=' => self.token(TokenKind::Assign),
            ':' => self.declare(),
            '|' => self.token(TokenKind::Pipe),
            '"' => self.quoted('"', "unterminated quoted string", TokenKind::String),
            '\'' => self.quoted('\'', "unterminated character constant", TokenKind::CharConstant),
            '`' => self.raw(),
            '$' => self.name(TokenKind::Variable, TokenKind::Variable),
            '.' if self.rest().first().is_some_and(|byte| !byte.is_ascii_digit()) => {
                self.name(TokenKind::Field, TokenKind::Dot)
            }
            '.' | '+' | '-' | '0'..='9' => self.number(),
            '(' => {
                self.parens += 1;
                self.token(TokenKind::LeftParen)
            }
            ')' if self.parens == 0 => self.error("unexpected right paren"),
            ')' => {
                self.parens -= 1;
                self.token(TokenKind::RightParen)
            }
            _ if is_word(c) => self.identifier(),
            ' '..='~' => self.token(TokenKind::Char),
            _ => self.error(format!("unrecognized character in action: {}", code_point(c))),
        }
    }

    /// Reads spaces. The last one may belong to the end of the action.
    fn space(&mut self) -> Token<'a> {
        let count = self.rest().iter().take_while(|byte| is_space(**byte)).count();
        self.at += count - 1;
        match self.at_right_delimiter() {
            Some(true) if count == 1 => return self.right_delimiter(true),
            Some(true) => {}
            _ => self.at += 1,
        }
        self.token(TokenKind::Space)
    }

    fn declare(&mut self) -> Token<'a> {
        if !self.rest().starts_with(b"=") {
            return self.error("expected :=");
        }
        self.at += 1;
        self.token(TokenKind::Declare)
    }

    fn quoted(&mut self, mark: char, unterminated: &str, kind: TokenKind) -> Token<'a> {
        loop {
            let mut c = self.advance();
            if c == Some('\\') {
                c = self.advance().filter(|c| *c != '\n');
                if c.is_some() {
                    continue;
                }
            }
            match c {
                None | Some('\n') => return self.error(unterminated),
                Some(c) if c == mark => return self.token(kind),
                Some(_) => {}
            }
        }
    }

    fn advance(&mut self) -> Option<char> {
        let (c, width) = decode(self.rest())?;
        self.at += width;
        Some(c)
    }

    fn raw(&mut self) -> Token<'a> {
        match self.rest().iter().position(|byte| *byte == b'`') {
            None => self.error("unterminated raw quoted string"),
            Some(length) => {
                self.at += length + 1;
                self.token(TokenKind::RawString)
            }
        }
    }

    /// Reads what follows `.` or `$`, if anything does.
    fn name(&mut self, kind: TokenKind, alone: TokenKind) -> Token<'a> {
        if self.at_terminator() {
            return self.token(alone);
        }
        self.word();
        match self.at_terminator() {
            true => self.token(kind),
            false => self.bad_character(),
        }
    }

    fn word(&mut self) {
        while let Some((_, width)) = decode(self.rest()).filter(|(c, _)| is_word(*c)) {
            self.at += width;
        }
    }

    fn bad_character(&mut self) -> Token<'a> {
        let c = decode(self.rest()).map_or(char::REPLACEMENT_CHARACTER, |(c, _)| c);
        self.error(format!("bad character {}", code_point(c)))
    }

    fn at_terminator(&self) -> bool {
        match self.rest().first() {
            None | Some(b' ' | b'\t' | b'\r' | b'\n' | b'.' | b',' | b'|' | b':' | b')' | b'(') => true,
            Some(_) => self.rest().starts_with(&self.delimiters.right),
        }
    }

    fn identifier(&mut self) -> Token<'a> {
        self.word();
        if !self.at_terminator() {
            return self.bad_character();
        }
        let word = &self.input[self.start..self.at];
        let kind = match Keyword::of(word) {
            Some(keyword) => TokenKind::Keyword(keyword),
            None if matches!(word, b"true" | b"false") => TokenKind::Bool,
            None => TokenKind::Identifier,
        };
        self.token(kind)
    }
}
