//! Documents: directives, markers, and what lies between.

use super::{
    super::{cursor::Mark, scanner::Scanned, token::Kind as Token},
    Allowed, Parser, State, empty, event, problem,
};
use crate::event::{Event, Kind};

impl Parser<'_> {
    pub(super) fn document_start(&mut self, implicit: bool) -> Scanned<Event> {
        while !implicit && self.scanner.peek()?.kind == Token::DocumentEnd {
            self.scanner.skip();
        }
        let token = self.scanner.peek()?;
        let start = token.start;
        match token.kind {
            Token::StreamEnd => {
                self.state = State::End;
                return Ok(event(Kind::StreamEnd, start));
            }
            Token::VersionDirective { .. } | Token::TagDirective { .. } | Token::DocumentStart => {}
            _ if implicit => {
                self.directives()?;
                self.states.push(State::DocumentEnd);
                self.state = State::BlockNode;
                return Ok(event(Kind::DocumentStart, start));
            }
            _ => {}
        }
        self.directives()?;
        self.expect_document_start()?;
        self.states.push(State::DocumentEnd);
        self.state = State::DocumentContent;
        Ok(event(Kind::DocumentStart, start))
    }

    fn expect_document_start(&mut self) -> Scanned<()> {
        let token = self.scanner.take()?;
        match token.kind {
            Token::DocumentStart => Ok(()),
            _ => Err(problem("did not find expected <document start>", None, token.start)),
        }
    }

    fn directives(&mut self) -> Scanned<()> {
        let mut versioned = false;
        loop {
            let token = self.scanner.peek()?.clone();
            match token.kind {
                Token::VersionDirective { major, minor } => {
                    check_version(versioned, (major, minor), token.start)?;
                    versioned = true;
                }
                Token::TagDirective { handle, prefix } => {
                    if self.tags.iter().any(|(known, _)| *known == handle) {
                        return Err(problem("found duplicate %TAG directive", None, token.start));
                    }
                    self.tags.push((handle, prefix));
                }
                _ => break,
            }
            self.scanner.skip();
        }
        self.tags.push(("!".into(), "!".into()));
        self.tags.push(("!!".into(), "tag:yaml.org,2002:".into()));
        Ok(())
    }

    pub(super) fn document_content(&mut self) -> Scanned<Event> {
        let token = self.scanner.peek()?;
        match token.kind {
            Token::VersionDirective { .. }
            | Token::TagDirective { .. }
            | Token::DocumentStart
            | Token::DocumentEnd
            | Token::StreamEnd => {
                let start = token.start;
                self.pop_state();
                Ok(empty(start))
            }
            _ => self.node(Allowed::Block),
        }
    }

    pub(super) fn document_end(&mut self) -> Scanned<Event> {
        let token = self.scanner.peek()?;
        let start = token.start;
        if token.kind == Token::DocumentEnd {
            self.scanner.skip();
        }
        self.tags.clear();
        self.state = State::DocumentStart;
        Ok(event(Kind::DocumentEnd, start))
    }
}

fn check_version(seen: bool, version: (u8, u8), at: Mark) -> Scanned<()> {
    match (seen, version) {
        (true, _) => Err(problem("found duplicate %YAML directive", None, at)),
        (false, (1, 1)) => Ok(()),
        _ => Err(problem("found incompatible YAML document", None, at)),
    }
}
