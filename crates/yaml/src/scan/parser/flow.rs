//! Flow collections, and single pairs in flow sequences.

use super::{
    super::{scanner::Scanned, token::Kind as Token},
    Allowed, Parser, Place, State, event, flow_mapping_start,
};
use crate::event::{Event, Kind, Properties};

impl Parser<'_> {
    pub(super) fn flow_sequence(&mut self, place: Place) -> Scanned<Event> {
        self.begin(place)?;
        let end = Token::FlowSequenceEnd;
        self.flow_separator(place, &end, "did not find expected ',' or ']'")?;
        let token = self.scanner.peek()?;
        let start = token.start;
        match token.kind {
            Token::FlowSequenceEnd => {
                self.scanner.skip();
                Ok(self.end(start))
            }
            Token::Key => {
                self.scanner.skip();
                self.state = State::FlowPairKey;
                Ok(event(flow_mapping_start(Properties::default()), start))
            }
            _ => self.child(State::FlowSequence(Place::Later), Allowed::Flow),
        }
    }

    pub(super) fn flow_pair_key(&mut self) -> Scanned<Event> {
        let token = self.scanner.peek()?;
        match token.kind {
            Token::Value | Token::FlowEntry | Token::FlowSequenceEnd => {
                // Whatever it is, it is passed over: libyaml's behaviour.
                let end = token.end;
                self.scanner.skip();
                Ok(self.nothing(State::FlowPairValue, end))
            }
            _ => self.child(State::FlowPairValue, Allowed::Flow),
        }
    }

    pub(super) fn flow_pair_value(&mut self) -> Scanned<Event> {
        let start = self.scanner.peek()?.start;
        if self.scanner.peek()?.kind == Token::Value {
            self.scanner.skip();
            match self.scanner.peek()?.kind {
                Token::FlowEntry | Token::FlowSequenceEnd => {}
                _ => return self.child(State::FlowPairEnd, Allowed::Flow),
            }
        }
        Ok(self.nothing(State::FlowPairEnd, start))
    }

    pub(super) fn flow_pair_end(&mut self) -> Scanned<Event> {
        let start = self.scanner.peek()?.start;
        self.state = State::FlowSequence(Place::Later);
        Ok(event(Kind::CollectionEnd, start))
    }

    pub(super) fn flow_mapping_key(&mut self, place: Place) -> Scanned<Event> {
        self.begin(place)?;
        let end = Token::FlowMappingEnd;
        self.flow_separator(place, &end, "did not find expected ',' or '}'")?;
        let token = self.scanner.peek()?;
        let start = token.start;
        match token.kind {
            Token::FlowMappingEnd => {
                self.scanner.skip();
                Ok(self.end(start))
            }
            Token::Key => {
                self.scanner.skip();
                self.flow_mapping_part(State::FlowMappingValue)
            }
            _ => self.child(State::FlowMappingEmptyValue, Allowed::Flow),
        }
    }

    fn flow_mapping_part(&mut self, next: State) -> Scanned<Event> {
        let token = self.scanner.peek()?;
        let start = token.start;
        match (&token.kind, next) {
            (Token::FlowEntry | Token::FlowMappingEnd, _) | (Token::Value, State::FlowMappingValue) => {
                Ok(self.nothing(next, start))
            }
            _ => self.child(next, Allowed::Flow),
        }
    }

    pub(super) fn flow_mapping_value(&mut self) -> Scanned<Event> {
        let next = State::FlowMappingKey(Place::Later);
        let token = self.scanner.peek()?;
        let start = token.start;
        if token.kind != Token::Value {
            return Ok(self.nothing(next, start));
        }
        self.scanner.skip();
        self.flow_mapping_part(next)
    }

    pub(super) fn flow_mapping_empty_value(&mut self) -> Scanned<Event> {
        let start = self.scanner.peek()?.start;
        Ok(self.nothing(State::FlowMappingKey(Place::Later), start))
    }

    /// Passes the comma between entries of a flow collection.
    fn flow_separator(&mut self, place: Place, end: &Token, text: &'static str) -> Scanned<()> {
        let token = self.scanner.peek()?;
        if place == Place::First || token.kind == *end {
            return Ok(());
        }
        if token.kind == Token::FlowEntry {
            self.scanner.skip();
            return Ok(());
        }
        let token = token.clone();
        Err(self.unexpected(text, &token))
    }
}
