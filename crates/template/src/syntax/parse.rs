//! Tokens to trees.

mod control;
mod operands;

use std::mem;

use super::{
    Delimiters,
    lex::Lexer,
    token::{Keyword, Text, Token, TokenKind},
    tree::{Node, Tree},
};
use crate::{builtins::Scope, print, text::Str};

/// The templates of a text, and which of them is the text itself.
#[derive(Debug)]
pub(crate) struct Parsed {
    pub(crate) trees: Vec<Tree>,
    pub(crate) own: usize,
    /// Whether a definition in it has its name, and so is the same template.
    pub(crate) redefined: bool,
}

/// Parses a text under a name, which errors begin with.
///
/// # Errors
/// The text of Go's error.
pub(crate) fn parse(name: &Str, source: &[u8], delimiters: &Delimiters, scope: &Scope) -> Result<Parsed, String> {
    let lexer = Lexer::new(source, delimiters);
    let mut parser =
        Parser { name, lexer, scope, trees: Vec::new(), level: Level::default(), variables: vec!["$".into()] };
    match parser.text() {
        Ok((own, redefined)) => Ok(Parsed { trees: parser.trees, own, redefined }),
        Err(Refused(text)) => Err(text),
    }
}

/// Parentheses nest no deeper: trees are dropped on stacks of any size. Go reads ten times as many.
const DEEPEST_PARENS: usize = 1000;
/// Control structures nest no deeper: minijinja reads no more.
const DEEPEST_BLOCKS: usize = 140;

/// The text of an error.
struct Refused(String);

type Outcome<T> = Result<T, Refused>;

struct Parser<'a> {
    name: &'a Str,
    lexer: Lexer<'a>,
    scope: &'a Scope<'a>,
    trees: Vec<Tree>,
    level: Level<'a>,
    /// Variables that are declared so far.
    variables: Vec<Str>,
}

/// What each template of a text has for itself.
#[derive(Default)]
struct Level<'a> {
    /// The last token that was read, and those that were put back before it.
    tokens: [Token<'a>; 3],
    peeked: usize,
    /// Of the action at hand; 0 outside.
    action_line: usize,
    ranges: usize,
    parens: usize,
    blocks: usize,
}

/// A node, or what ends a list of them.
enum Item {
    Node(Node),
    End,
    Else,
}

impl Item {
    fn describe(&self) -> &'static str {
        if matches!(self, Self::Else) { "{{else}}" } else { "{{end}}" }
    }
}

impl<'a> Parser<'a> {
    fn next(&mut self) -> Token<'a> {
        match self.level.peeked {
            0 => self.level.tokens[0] = self.lexer.next(),
            _ => self.level.peeked -= 1,
        }
        self.level.tokens[self.level.peeked].clone()
    }

    fn backup(&mut self) {
        self.level.peeked += 1;
    }

    /// Puts a token back before the one that was read last.
    fn backup2(&mut self, before: Token<'a>) {
        self.level.tokens[1] = before;
        self.level.peeked = 2;
    }

    fn backup3(&mut self, first: Token<'a>, second: Token<'a>) {
        self.level.tokens[1] = second;
        self.level.tokens[2] = first;
        self.level.peeked = 3;
    }

    fn peek(&mut self) -> &Token<'a> {
        if self.level.peeked == 0 {
            self.level.peeked = 1;
            self.level.tokens[0] = self.lexer.next();
        }
        &self.level.tokens[self.level.peeked - 1]
    }

    fn next_non_space(&mut self) -> Token<'a> {
        loop {
            let token = self.next();
            if token.kind != TokenKind::Space {
                return token;
            }
        }
    }

    fn peek_non_space(&mut self) -> &Token<'a> {
        self.next_non_space();
        self.backup();
        self.peek()
    }

    /// The line is that of the token that was read last.
    fn refuse<T>(&self, message: impl AsRef<[u8]>) -> Outcome<T> {
        let message = String::from_utf8_lossy(message.as_ref());
        Err(Refused(format!("template: {}:{}: {message}", self.name, self.level.tokens[0].line)))
    }

    fn expect(&mut self, kind: TokenKind, context: &str) -> Outcome<Token<'a>> {
        let token = self.next_non_space();
        match token.kind == kind {
            true => Ok(token),
            false => self.unexpected(&token, context),
        }
    }

    fn unexpected<T>(&self, token: &Token<'a>, context: &str) -> Outcome<T> {
        let Text::Message(message) = &token.text else {
            return self.refuse([b"unexpected ", token.describe().as_slice(), b" in ", context.as_bytes()].concat());
        };
        let line = self.level.action_line;
        if line == 0 || line == token.line {
            return self.refuse(message);
        }
        let started = if message.ends_with(" action") { " started at" } else { " in action started at" };
        self.refuse(format!("{message}{started} {}:{line}", self.name))
    }

    /// A whole text, with the definitions in it.
    fn text(&mut self) -> Outcome<(usize, bool)> {
        let mut nodes = Vec::new();
        loop {
            match self.peek().kind {
                TokenKind::Eof => break,
                TokenKind::LeftDelimiter => {
                    let delimiter = self.next();
                    if self.next_non_space().kind == TokenKind::Keyword(Keyword::Define) {
                        self.nested(Self::definition)?;
                        continue;
                    }
                    self.backup2(delimiter);
                }
                _ => {}
            }
            match self.text_or_action()? {
                Item::Node(node) => nodes.push(node),
                end => return self.refuse(format!("unexpected {}", end.describe())),
            }
        }
        let redefined = self.trees.iter().any(|tree| tree.name == *self.name);
        Ok((self.add(self.name.clone(), nodes)?, redefined))
    }

    /// Parses a template of its own, which knows no variables but `$`.
    fn nested(&mut self, parse: impl FnOnce(&mut Self) -> Outcome<usize>) -> Outcome<()> {
        let blocks = self.level.blocks + 1;
        let level = mem::replace(&mut self.level, Level { blocks, ..Level::default() });
        let variables = mem::replace(&mut self.variables, vec!["$".into()]);
        parse(self)?;
        self.level = level;
        self.variables = variables;
        Ok(())
    }

    fn definition(&mut self) -> Outcome<usize> {
        const CONTEXT: &str = "define clause";
        let token = self.next_non_space();
        if !matches!(token.kind, TokenKind::String | TokenKind::RawString) {
            return self.unexpected(&token, CONTEXT);
        }
        let name = self.unquoted(&token)?;
        self.expect(TokenKind::RightDelimiter, CONTEXT)?;
        self.body(name, CONTEXT)
    }

    /// Parses up to `end`, and adds the template.
    fn body(&mut self, name: Str, context: &str) -> Outcome<usize> {
        match self.list()? {
            (nodes, Item::End) => self.add(name, nodes),
            (_, end) => self.refuse(format!("unexpected {} in {context}", end.describe())),
        }
    }

    /// Adds a template, and returns where it is. One that is not empty is not replaced by another.
    fn add(&mut self, name: Str, nodes: Vec<Node>) -> Outcome<usize> {
        let empty = self.is_empty(&nodes);
        let Some(known) = self.trees.iter().position(|tree| tree.name == name) else {
            self.trees.push(Tree { name, empty, nodes });
            return Ok(self.trees.len() - 1);
        };
        let tree = &mut self.trees[known];
        match (tree.empty, empty) {
            (true, _) => (tree.empty, tree.nodes) = (empty, nodes),
            (false, true) => {}
            (false, false) => {
                let name = print::quote(name.as_bytes());
                return self.refuse([b"template: multiple definition of template ", name.as_slice()].concat());
            }
        }
        Ok(known)
    }

    fn is_empty(&self, nodes: &[Node]) -> bool {
        nodes.iter().all(|node| matches!(node, Node::Text(range) if self.lexer.is_blank(range.clone())))
    }

    /// Nodes, and what ended them.
    fn list(&mut self) -> Outcome<(Vec<Node>, Item)> {
        let mut nodes = Vec::new();
        while self.peek_non_space().kind != TokenKind::Eof {
            match self.text_or_action()? {
                Item::Node(node) => nodes.push(node),
                end => return Ok((nodes, end)),
            }
        }
        self.refuse("unexpected EOF")
    }

    fn text_or_action(&mut self) -> Outcome<Item> {
        let token = self.next_non_space();
        match token.kind {
            TokenKind::Text => {
                let range = token.position..token.position + token.source().len();
                Ok(Item::Node(Node::Text(range)))
            }
            TokenKind::LeftDelimiter => {
                self.level.action_line = token.line;
                let item = self.action()?;
                self.level.action_line = 0;
                Ok(item)
            }
            _ => self.unexpected(&token, "input"),
        }
    }
}
