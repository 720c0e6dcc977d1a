//! Tokens into a tree: operators and fields here, what they stand between in `values`.

mod values;

use std::sync::Arc;

use crate::{
    declared,
    error::Flaw,
    lex::{Located, Token, tokens},
    macros,
    syntax::{Kind, Mode, Node},
};

/// The longest expression, in bytes.
const LONGEST: usize = 32 << 10;
/// Parts within parts: what reads or evaluates them goes as deep on the stack.
const DEEPEST: usize = 100;

/// Operators between two operands, by how strongly they bind.
const OPERATORS: [&[(&str, &str)]; 3] = [
    &[("<", "_<_"), ("<=", "_<=_"), (">", "_>_"), (">=", "_>=_"), ("==", "_==_"), ("!=", "_!=_"), ("in", "@in")],
    &[("+", "_+_"), ("-", "_-_")],
    &[("*", "_*_"), ("/", "_/_"), ("%", "_%_")],
];

/// Reads an expression.
pub(crate) fn parse(text: &str) -> Result<Node, Flaw> {
    if text.len() > LONGEST {
        return Err(Flaw::new(0, format!("the expression is longer than {LONGEST} bytes")));
    }
    let mut parser = Parser { tokens: tokens(text)?, next: 0, depth: 0 };
    let node = parser.expression()?;
    match parser.peek() {
        Token::End => Ok(node),
        _ => Err(parser.unexpected("the end")),
    }
}

struct Parser {
    tokens: Vec<Located>,
    next: usize,
    depth: usize,
}

impl Parser {
    fn peek(&self) -> &Token {
        &self.tokens[self.next].token
    }

    fn at(&self) -> usize {
        self.tokens[self.next].at
    }

    /// Takes a token; the last one stays.
    fn take(&mut self) -> Token {
        let token = self.peek().clone();
        if token != Token::End {
            self.next += 1;
        }
        token
    }

    fn is(&self, sign: &str) -> bool {
        matches!(self.peek(), Token::Sign(found) if *found == sign)
    }

    fn accept(&mut self, sign: &str) -> bool {
        let found = self.is(sign);
        self.next += usize::from(found);
        found
    }

    fn expect(&mut self, sign: &str) -> Result<(), Flaw> {
        if self.accept(sign) { Ok(()) } else { Err(self.unexpected(&format!("`{sign}`"))) }
    }

    fn unexpected(&self, wanted: &str) -> Flaw {
        let found = match self.peek() {
            Token::End => "the end".into(),
            Token::Sign(sign) => format!("`{sign}`"),
            Token::Name(name) => format!("`{name}`"),
            Token::Int(_) | Token::Uint(_) | Token::Double(_) => "a number".into(),
            Token::String(_) | Token::Bytes(_) => "a text".to_owned(),
        };
        Flaw::new(self.at(), format!("expected {wanted}, found {found}"))
    }

    fn expression(&mut self) -> Result<Node, Flaw> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(too_deep(self.at()));
        }
        let at = self.at();
        let condition = self.any()?;
        let node = if self.accept("?") {
            let yes = self.any()?;
            self.expect(":")?;
            let no = self.expression()?;
            self.node(Kind::If(Box::new([condition, yes, no])), at)?
        } else {
            condition
        };
        self.depth -= 1;
        Ok(node)
    }

    fn node(&self, kind: Kind, at: usize) -> Result<Node, Flaw> {
        let node = Node::new(kind, at);
        if node.depth > DEEPEST { Err(too_deep(at)) } else { Ok(node) }
    }

    fn any(&mut self) -> Result<Node, Flaw> {
        let (at, first) = (self.at(), self.all()?);
        if !self.is("||") {
            return Ok(first);
        }
        let mut parts = vec![first];
        while self.accept("||") {
            parts.push(self.all()?);
        }
        self.node(Kind::Any(parts), at)
    }

    fn all(&mut self) -> Result<Node, Flaw> {
        let (at, first) = (self.at(), self.binary(0)?);
        if !self.is("&&") {
            return Ok(first);
        }
        let mut parts = vec![first];
        while self.accept("&&") {
            parts.push(self.binary(0)?);
        }
        self.node(Kind::All(parts), at)
    }

    fn binary(&mut self, level: usize) -> Result<Node, Flaw> {
        let Some(operators) = OPERATORS.get(level) else { return self.unary() };
        let at = self.at();
        let mut left = self.binary(level + 1)?;
        while let Some((_, name)) = operators.iter().find(|(sign, _)| self.is(sign)) {
            self.next += 1;
            let right = self.binary(level + 1)?;
            left = self.node(call(name, vec![left, right]), at)?;
        }
        Ok(left)
    }

    /// Two signs of a kind cancel each other out.
    fn unary(&mut self) -> Result<Node, Flaw> {
        let at = self.at();
        for (sign, name) in [("!", "!_"), ("-", "-_")] {
            let mut count = 0;
            while self.is(sign) && !(sign == "-" && self.is_number(self.next + 1)) {
                self.next += 1;
                count += 1;
            }
            if count > 0 {
                let operand = self.member()?;
                return if count % 2 == 0 { Ok(operand) } else { self.node(call(name, vec![operand]), at) };
            }
        }
        self.member()
    }

    fn is_number(&self, index: usize) -> bool {
        self.tokens.get(index).is_some_and(|next| matches!(next.token, Token::Int(_) | Token::Double(_)))
    }

    fn member(&mut self) -> Result<Node, Flaw> {
        let at = self.at();
        let mut node = self.primary()?;
        loop {
            node = if self.accept(".") {
                self.select(node, at)?
            } else if self.accept("[") {
                let optional = self.accept("?");
                let key = Box::new(self.expression()?);
                self.expect("]")?;
                self.node(Kind::Index { operand: Box::new(node), key, optional }, at)?
            } else if self.is("{") && node.is_attribute() {
                return Err(Flaw::new(self.at(), "messages of a named type cannot be made; hint: write a map"));
            } else {
                return Ok(node);
            };
        }
    }

    fn select(&mut self, operand: Node, at: usize) -> Result<Node, Flaw> {
        let mode = if self.accept("?") { Mode::May } else { Mode::Must };
        let Token::Name(field) = self.peek().clone() else { return Err(self.unexpected("the name of a field")) };
        if matches!(&*field, "true" | "false" | "null") {
            return Err(self.unexpected("the name of a field"));
        }
        self.next += 1;
        if mode == Mode::Must && self.accept("(") {
            let arguments = self.arguments()?;
            return self.method(operand, field, arguments, at);
        }
        self.node(Kind::Select { operand: Box::new(operand), field, mode }, at)
    }

    fn method(&self, operand: Node, name: Arc<str>, mut arguments: Vec<Node>, at: usize) -> Result<Node, Flaw> {
        if macros::is_macro(&name, arguments.len()) {
            return self.node(macros::expand(operand, &name, arguments)?, at);
        }
        if let Kind::Name(space) = &operand.kind {
            let qualified = format!("{space}.{name}");
            if declared::is_function(&qualified) {
                return self.node(call(&qualified, arguments), at);
            }
        }
        arguments.insert(0, operand);
        self.node(Kind::Call { name, method: true, arguments }, at)
    }
}

fn call(name: &str, arguments: Vec<Node>) -> Kind {
    Kind::Call { name: name.into(), method: false, arguments }
}

fn too_deep(at: usize) -> Flaw {
    Flaw::new(at, format!("more than {DEEPEST} parts lie within each other"))
}
