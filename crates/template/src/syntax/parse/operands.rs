//! Pipelines and what they are made of.

use super::{
    super::{
        literal::Number,
        token::{Token, TokenKind},
        tree::{Command, Names, Pipe, Syntax, Term, Variable},
    },
    DEEPEST_PARENS, Outcome, Parser,
};
use crate::{print, text::Str, value::Value};

impl<'a> Parser<'a> {
    /// Parses up to a token: the end of the action, or of the parentheses.
    pub(super) fn pipeline(&mut self, context: &str, end: TokenKind) -> Outcome<Pipe> {
        let position = self.peek_non_space().position;
        let mut pipe = Pipe { position, assigns: false, variables: Vec::new(), commands: Vec::new() };
        while self.declaration(&mut pipe, context)? {}
        loop {
            let token = self.next_non_space();
            match token.kind {
                kind if kind == end => break,
                kind if begins_operand(kind) => {
                    self.backup();
                    let command = self.command()?;
                    pipe.commands.push(command);
                }
                _ => return self.unexpected(&token, context),
            }
        }
        self.check(&pipe, context)?;
        Ok(pipe)
    }

    /// Parses a variable with `:=`, `=` or a comma. Says whether another one may follow.
    fn declaration(&mut self, pipe: &mut Pipe, context: &str) -> Outcome<bool> {
        let token = self.peek_non_space().clone();
        if token.kind != TokenKind::Variable {
            return Ok(false);
        }
        self.next();
        let after = self.peek().clone();
        let next = self.peek_non_space().clone();
        match next.kind {
            TokenKind::Assign | TokenKind::Declare => {
                pipe.assigns = next.kind == TokenKind::Assign;
                self.next_non_space();
                self.declare(pipe, &token);
                Ok(false)
            }
            TokenKind::Char if next.source() == b"," => {
                self.next_non_space();
                self.declare(pipe, &token);
                self.second_variable(pipe, context)
            }
            _ if after.kind == TokenKind::Space => {
                self.backup3(token, after);
                Ok(false)
            }
            _ => {
                self.backup2(token);
                Ok(false)
            }
        }
    }

    fn declare(&mut self, pipe: &mut Pipe, token: &Token<'a>) {
        let name = Str::from(token.source());
        self.variables.push(name.clone());
        pipe.variables.push(Variable { position: token.position, name, fields: Vec::new() });
    }

    fn second_variable(&mut self, pipe: &Pipe, context: &str) -> Outcome<bool> {
        if context != "range" || pipe.variables.len() > 1 {
            return self.refuse(format!("too many declarations in {context}"));
        }
        match self.peek_non_space().kind {
            TokenKind::Variable | TokenKind::RightDelimiter | TokenKind::RightParen => Ok(true),
            _ => self.refuse("range can only initialize variables"),
        }
    }

    fn check(&self, pipe: &Pipe, context: &str) -> Outcome<()> {
        if pipe.commands.is_empty() {
            return self.refuse(format!("missing value for {context}"));
        }
        let plain = |command: &Command| {
            let first = command.terms.first();
            matches!(first, Some(Term::Bool(..) | Term::Dot(_) | Term::Nil(_) | Term::Number(..) | Term::String(..)))
        };
        match pipe.commands.iter().skip(1).position(plain) {
            Some(index) => self.refuse(format!("non executable command in pipeline stage {}", index + 2)),
            None => Ok(()),
        }
    }

    fn command(&mut self) -> Outcome<Command> {
        let position = self.peek_non_space().position;
        let mut terms = Vec::new();
        loop {
            self.peek_non_space();
            terms.extend(self.operand()?);
            let token = self.next();
            match token.kind {
                TokenKind::Space => continue,
                TokenKind::RightDelimiter | TokenKind::RightParen => self.backup(),
                TokenKind::Pipe => {}
                _ => return self.unexpected(&token, "operand"),
            }
            break;
        }
        match terms.is_empty() {
            true => self.refuse("empty command"),
            false => Ok(Command { position, terms }),
        }
    }

    /// A term with fields behind it.
    fn operand(&mut self) -> Outcome<Option<Term>> {
        let Some(term) = self.term()? else { return Ok(None) };
        if self.peek().kind != TokenKind::Field {
            return Ok(Some(term));
        }
        let position = self.peek().position;
        let mut fields = Names::new();
        while self.peek().kind == TokenKind::Field {
            fields.push(self.next().source()[1..].into());
        }
        self.with_fields(term, position, fields).map(Some)
    }

    fn with_fields(&self, term: Term, position: usize, more: Names) -> Outcome<Term> {
        Ok(match term {
            Term::Field(_, mut fields) => {
                fields.extend(more);
                Term::Field(position, fields)
            }
            Term::Variable(mut variable) => {
                variable.fields.extend(more);
                Term::Variable(Variable { position, ..variable })
            }
            Term::Bool(..) | Term::String(..) | Term::Number(..) | Term::Nil(_) | Term::Dot(_) => {
                let mut text = Vec::new();
                term.write(&mut text);
                let quoted = print::quote(&text);
                return self.refuse([b"unexpected . after term ", quoted.as_slice()].concat());
            }
            term => Term::Chain(position, Box::new(term), more),
        })
    }

    fn term(&mut self) -> Outcome<Option<Term>> {
        let token = self.next_non_space();
        let (position, source) = (token.position, token.source());
        Ok(Some(match token.kind {
            TokenKind::Identifier => self.function(position, source)?,
            TokenKind::Dot => Term::Dot(position),
            TokenKind::Keyword(super::Keyword::Nil) => Term::Nil(position),
            TokenKind::Variable => self.variable(position, source)?,
            TokenKind::Field => Term::Field(position, vec![source[1..].into()]),
            TokenKind::Bool => Term::Bool(position, source == b"true"),
            TokenKind::CharConstant | TokenKind::Complex | TokenKind::Number => self.number(&token)?,
            TokenKind::LeftParen => self.parenthesized()?,
            TokenKind::String | TokenKind::RawString => {
                Term::String(position, source.into(), Value::String(self.unquoted(&token)?))
            }
            _ => {
                self.backup();
                return Ok(None);
            }
        }))
    }

    fn function(&self, position: usize, name: &[u8]) -> Outcome<Term> {
        let known = std::str::from_utf8(name).ok().and_then(|name| self.scope.callee(name));
        match known {
            Some(callee) => Ok(Term::Function(position, callee)),
            None => self.refuse([b"function ", print::quote(name).as_slice(), b" not defined"].concat()),
        }
    }

    fn variable(&self, position: usize, name: &[u8]) -> Outcome<Term> {
        let name = Str::from(name);
        match self.variables.contains(&name) {
            true => Ok(Term::Variable(Variable { position, name, fields: Vec::new() })),
            false => self.refuse([b"undefined variable ", print::quote(name.as_bytes()).as_slice()].concat()),
        }
    }

    fn number(&self, token: &Token<'a>) -> Outcome<Term> {
        let text = String::from_utf8_lossy(token.source());
        let number = match token.kind {
            TokenKind::CharConstant => Number::character(token.source()),
            TokenKind::Complex => Number::complex(&text),
            _ => Number::parse(&text),
        };
        match number {
            Ok(number) => Ok(Term::Number(token.position, Box::new(number))),
            Err(message) => self.refuse(message),
        }
    }

    fn parenthesized(&mut self) -> Outcome<Term> {
        if self.level.parens >= DEEPEST_PARENS {
            return self.refuse("max expression depth exceeded");
        }
        self.level.parens += 1;
        let pipe = self.pipeline("parenthesized pipeline", TokenKind::RightParen)?;
        self.level.parens -= 1;
        Ok(Term::Pipe(Box::new(pipe)))
    }
}

fn begins_operand(kind: TokenKind) -> bool {
    matches!(
        kind,
        TokenKind::Bool
            | TokenKind::CharConstant
            | TokenKind::Complex
            | TokenKind::Dot
            | TokenKind::Field
            | TokenKind::Identifier
            | TokenKind::Number
            | TokenKind::Keyword(super::Keyword::Nil)
            | TokenKind::RawString
            | TokenKind::String
            | TokenKind::Variable
            | TokenKind::LeftParen
    )
}
