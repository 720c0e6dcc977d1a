//! Block collections, and sequences without indentation in mappings.

use super::{
    super::{cursor::Mark, scanner::Scanned, token::Kind as Token},
    Allowed, Parser, Place, State, event,
};
use crate::event::{Event, Kind};

impl Parser<'_> {
    pub(super) fn block_sequence(&mut self, place: Place) -> Scanned<Event> {
        self.begin(place)?;
        let token = self.scanner.take()?;
        match token.kind {
            Token::BlockEntry => {
                let next = State::BlockSequence(Place::Later);
                match self.scanner.peek()?.kind {
                    Token::BlockEntry | Token::BlockEnd => Ok(self.nothing(next, token.end)),
                    _ => self.child(next, Allowed::Block),
                }
            }
            Token::BlockEnd => Ok(self.end(token.start)),
            _ => Err(self.unexpected("did not find expected '-' indicator", &token)),
        }
    }

    pub(super) fn indentless_sequence(&mut self) -> Scanned<Event> {
        let token = self.scanner.peek()?;
        let (start, end) = (token.start, token.end);
        if token.kind != Token::BlockEntry {
            self.pop_state();
            return Ok(event(Kind::CollectionEnd, start));
        }
        self.scanner.skip();
        match self.scanner.peek()?.kind {
            Token::BlockEntry | Token::Key | Token::Value | Token::BlockEnd => {
                Ok(self.nothing(State::IndentlessSequence, end))
            }
            _ => self.child(State::IndentlessSequence, Allowed::Block),
        }
    }

    pub(super) fn block_mapping_key(&mut self, place: Place) -> Scanned<Event> {
        self.begin(place)?;
        let token = self.scanner.take()?;
        match token.kind {
            Token::Key => self.block_mapping_part(State::BlockMappingValue, token.end),
            Token::BlockEnd => Ok(self.end(token.start)),
            _ => Err(self.unexpected("did not find expected key", &token)),
        }
    }

    pub(super) fn block_mapping_value(&mut self) -> Scanned<Event> {
        let next = State::BlockMappingKey(Place::Later);
        let token = self.scanner.peek()?;
        let (start, end) = (token.start, token.end);
        if token.kind != Token::Value {
            return Ok(self.nothing(next, start));
        }
        self.scanner.skip();
        self.block_mapping_part(next, end)
    }

    fn block_mapping_part(&mut self, next: State, end: Mark) -> Scanned<Event> {
        match self.scanner.peek()?.kind {
            Token::Key | Token::Value | Token::BlockEnd => Ok(self.nothing(next, end)),
            _ => self.child(next, Allowed::BlockOrIndentlessSequence),
        }
    }
}
