//! What the lexer finds.

use crate::print;

/// A token: what it is and where it stands.
#[derive(Debug, Clone, Default)]
pub(super) struct Token<'a> {
    pub(super) kind: TokenKind,
    /// Of its first byte.
    pub(super) position: usize,
    /// The bytes; of an error the message.
    pub(super) text: Text<'a>,
    pub(super) line: usize,
}

/// Text of the source, or a message.
#[derive(Debug, Clone)]
pub(super) enum Text<'a> {
    Source(&'a [u8]),
    Message(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum TokenKind {
    Error,
    Bool,
    /// A printable character that means nothing by itself.
    Char,
    CharConstant,
    Complex,
    Assign,
    Declare,
    #[default]
    Eof,
    Field,
    Identifier,
    LeftDelimiter,
    LeftParen,
    Number,
    Pipe,
    RawString,
    RightDelimiter,
    RightParen,
    Space,
    String,
    Text,
    Variable,
    Dot,
    Keyword(Keyword),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keyword {
    Block,
    Break,
    Continue,
    Define,
    Else,
    End,
    If,
    Nil,
    Range,
    Template,
    With,
}

impl Default for Text<'_> {
    fn default() -> Self {
        Self::Source(&[])
    }
}

impl<'a> Token<'a> {
    /// Returns the bytes in the source.
    pub(super) fn source(&self) -> &'a [u8] {
        match self.text {
            Text::Source(source) => source,
            Text::Message(_) => &[],
        }
    }

    /// Returns what an error says of it.
    pub(super) fn describe(&self) -> Vec<u8> {
        let source = match &self.text {
            Text::Message(message) => return message.clone().into_bytes(),
            Text::Source(source) => source,
        };
        match self.kind {
            TokenKind::Eof => b"EOF".to_vec(),
            TokenKind::Keyword(_) | TokenKind::Dot => [b"<", *source, b">"].concat(),
            _ if source.len() > 10 => print::sprintf(b"%.10q...", &[crate::Value::string(*source)]),
            _ => print::quote(source),
        }
    }
}

impl Keyword {
    pub(super) fn of(word: &[u8]) -> Option<Self> {
        Some(match word {
            b"block" => Self::Block,
            b"break" => Self::Break,
            b"continue" => Self::Continue,
            b"define" => Self::Define,
            b"else" => Self::Else,
            b"end" => Self::End,
            b"if" => Self::If,
            b"nil" => Self::Nil,
            b"range" => Self::Range,
            b"template" => Self::Template,
            b"with" => Self::With,
            _ => return None,
        })
    }
}
