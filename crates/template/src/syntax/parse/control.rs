//! Actions that begin with a keyword.

use super::{
    super::{
        literal::unquote,
        token::{Keyword, Token, TokenKind},
        tree::{Branch, BranchKind, Node},
    },
    DEEPEST_BLOCKS, Item, Outcome, Parser,
};
use crate::text::Str;

impl<'a> Parser<'a> {
    pub(super) fn action(&mut self) -> Outcome<Item> {
        let token = self.next_non_space();
        let TokenKind::Keyword(keyword) = token.kind else {
            self.backup();
            return Ok(Item::Node(Node::Action(self.pipeline("command", TokenKind::RightDelimiter)?)));
        };
        let node = match keyword {
            Keyword::Block => self.block()?,
            Keyword::Break => self.loop_control("{{break}}", Node::Break)?,
            Keyword::Continue => self.loop_control("{{continue}}", Node::Continue)?,
            Keyword::If => self.branch(BranchKind::If)?,
            Keyword::Range => self.branch(BranchKind::Range)?,
            Keyword::With => self.branch(BranchKind::With)?,
            Keyword::Template => self.template()?,
            Keyword::Else => return self.otherwise(),
            Keyword::End => return self.expect(TokenKind::RightDelimiter, "end").map(|_| Item::End),
            Keyword::Define | Keyword::Nil => {
                self.backup();
                Node::Action(self.pipeline("command", TokenKind::RightDelimiter)?)
            }
        };
        Ok(Item::Node(node))
    }

    fn loop_control(&mut self, keyword: &str, node: Node) -> Outcome<Node> {
        let token = self.next_non_space();
        if token.kind != TokenKind::RightDelimiter {
            return self.unexpected(&token, keyword);
        }
        if self.level.ranges == 0 {
            return self.refuse(format!("{keyword} outside {{{{range}}}}"));
        }
        Ok(node)
    }

    /// Leaves an `if` or `with` for the branch that the `else` belongs to.
    fn otherwise(&mut self) -> Outcome<Item> {
        if !matches!(self.peek_non_space().kind, TokenKind::Keyword(Keyword::If | Keyword::With)) {
            self.expect(TokenKind::RightDelimiter, "else")?;
        }
        Ok(Item::Else)
    }

    fn branch(&mut self, kind: BranchKind) -> Outcome<Node> {
        if self.level.blocks == DEEPEST_BLOCKS {
            return self.refuse(format!("control structures nest deeper than {DEEPEST_BLOCKS}"));
        }
        self.level.blocks += 1;
        let variables = self.variables.len();
        let branch = self.branch_of(kind)?;
        self.variables.truncate(variables);
        self.level.blocks -= 1;
        Ok(Node::Branch(Box::new(branch)))
    }

    fn branch_of(&mut self, kind: BranchKind) -> Outcome<Branch> {
        let pipe = self.pipeline(kind.name(), TokenKind::RightDelimiter)?;
        let loops = usize::from(kind == BranchKind::Range);
        self.level.ranges += loops;
        let (nodes, end) = self.list()?;
        self.level.ranges -= loops;
        let otherwise = match end {
            Item::Else => Some(self.else_list(kind)?),
            _ => None,
        };
        Ok(Branch { kind, pipe, nodes, otherwise })
    }

    /// `else if` is an `if` in the `else`, whose `end` ends both.
    fn else_list(&mut self, kind: BranchKind) -> Outcome<Vec<Node>> {
        let same = match kind {
            BranchKind::If => Some(Keyword::If),
            BranchKind::With => Some(Keyword::With),
            BranchKind::Range => None,
        };
        if same.is_some_and(|keyword| self.peek().kind == TokenKind::Keyword(keyword)) {
            self.next();
            let variables = self.variables.len();
            let branch = self.branch_of(kind)?;
            self.variables.truncate(variables);
            return Ok(vec![Node::Branch(Box::new(branch))]);
        }
        match self.list()? {
            (nodes, Item::End) => Ok(nodes),
            (_, end) => self.refuse(format!("expected end; found {}", end.describe())),
        }
    }

    fn block(&mut self) -> Outcome<Node> {
        const CONTEXT: &str = "block clause";
        let token = self.next_non_space();
        let name = self.template_name(&token, CONTEXT)?;
        let pipe = self.pipeline(CONTEXT, TokenKind::RightDelimiter)?;
        if self.level.blocks >= DEEPEST_BLOCKS {
            return self.refuse(format!("control structures nest deeper than {DEEPEST_BLOCKS}"));
        }
        self.nested(|parser| parser.body(name.clone(), CONTEXT))?;
        Ok(Node::Template { position: token.position, name, pipe: Some(pipe) })
    }

    fn template(&mut self) -> Outcome<Node> {
        const CONTEXT: &str = "template clause";
        let token = self.next_non_space();
        let name = self.template_name(&token, CONTEXT)?;
        let mut pipe = None;
        if self.next_non_space().kind != TokenKind::RightDelimiter {
            self.backup();
            pipe = Some(self.pipeline(CONTEXT, TokenKind::RightDelimiter)?);
        }
        Ok(Node::Template { position: token.position, name, pipe })
    }

    fn template_name(&mut self, token: &Token<'a>, context: &str) -> Outcome<Str> {
        match token.kind {
            TokenKind::String | TokenKind::RawString => self.unquoted(token),
            _ => self.unexpected(token, context),
        }
    }

    pub(super) fn unquoted(&self, token: &Token<'a>) -> Outcome<Str> {
        unquote(token.source()).or_else(|message| self.refuse(message))
    }
}
