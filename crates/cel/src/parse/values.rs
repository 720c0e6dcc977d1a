//! What stands between operators: literals, names, calls, lists and maps.

use std::sync::Arc;

use super::Parser;
use crate::{
    error::Flaw,
    lex::Token,
    macros,
    syntax::{Element, Kind, Node},
    value::Value,
};

/// Words that may not name a variable.
const RESERVED: [&str; 17] = [
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
];

impl Parser {
    pub(super) fn arguments(&mut self) -> Result<Vec<Node>, Flaw> {
        let mut arguments = Vec::new();
        if self.accept(")") {
            return Ok(arguments);
        }
        loop {
            arguments.push(self.expression()?);
            if self.accept(")") {
                return Ok(arguments);
            }
            self.expect(",")?;
        }
    }

    pub(super) fn primary(&mut self) -> Result<Node, Flaw> {
        let (at, begin) = (self.at(), self.next);
        let kind = match self.take() {
            Token::Sign("(") => {
                let node = self.expression()?;
                self.expect(")")?;
                return Ok(node);
            }
            Token::Sign("[") => self.list()?,
            Token::Sign("{") => self.map()?,
            Token::Sign("-") => self.negative()?,
            Token::Sign(".") => {
                let Token::Name(name) = self.peek().clone() else { return Err(self.unexpected("a name")) };
                self.next += 1;
                self.name(name, at)?
            }
            Token::Name(name) => match &*name {
                "true" => Kind::Literal(Value::Bool(true)),
                "false" => Kind::Literal(Value::Bool(false)),
                "null" => Kind::Literal(Value::Null),
                _ => self.name(name, at)?,
            },
            Token::Int(digits) => Kind::Literal(Value::Int(i64::try_from(digits).map_err(|_| too_large(at))?)),
            Token::Uint(digits) => Kind::Literal(Value::Uint(digits)),
            Token::Double(value) => Kind::Literal(Value::Double(value)),
            Token::String(text) => Kind::Literal(Value::String(text)),
            Token::Bytes(bytes) => Kind::Literal(Value::Bytes(bytes)),
            Token::Sign(_) | Token::End => {
                self.next = begin;
                return Err(self.unexpected("a value"));
            }
        };
        self.node(kind, at)
    }

    fn negative(&mut self) -> Result<Kind, Flaw> {
        let value = match *self.peek() {
            Token::Double(value) => Value::Double(-value),
            Token::Int(digits) => Value::Int(i64::try_from(-i128::from(digits)).map_err(|_| too_large(self.at()))?),
            _ => return Err(self.unexpected("a number")),
        };
        self.next += 1;
        Ok(Kind::Literal(value))
    }

    fn name(&mut self, name: Arc<str>, at: usize) -> Result<Kind, Flaw> {
        if RESERVED.contains(&&*name) {
            return Err(Flaw::new(at, format!("`{name}` is a reserved word")));
        }
        if !self.accept("(") {
            return Ok(Kind::Name(name));
        }
        let arguments = self.arguments()?;
        match &arguments[..] {
            [argument] if &*name == "has" => macros::has(argument),
            _ => Ok(Kind::Call { name, method: false, arguments }),
        }
    }

    fn list(&mut self) -> Result<Kind, Flaw> {
        let mut elements = Vec::new();
        while !self.accept("]") {
            let optional = self.accept("?");
            elements.push(Element { node: self.expression()?, optional });
            self.separator("]")?;
        }
        Ok(Kind::List(elements))
    }

    fn map(&mut self) -> Result<Kind, Flaw> {
        let mut entries = Vec::new();
        while !self.accept("}") {
            let optional = self.accept("?");
            let key = self.expression()?;
            self.expect(":")?;
            entries.push((key, Element { node: self.expression()?, optional }));
            self.separator("}")?;
        }
        Ok(Kind::Map(entries))
    }

    /// A comma comes after each element; the last may do without.
    fn separator(&mut self, close: &str) -> Result<(), Flaw> {
        if self.is(close) { Ok(()) } else { self.expect(",") }
    }
}

fn too_large(at: usize) -> Flaw {
    Flaw::new(at, "the number is too large")
}
