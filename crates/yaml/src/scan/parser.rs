//! Tokens to events: libyaml's parser states.

mod block;
mod document;
mod flow;
mod node;

use super::{
    Problem, Stage,
    cursor::Mark,
    scanner::{Scanned, Scanner},
    token::Token as Placed,
};
use crate::{
    error::Error,
    event::{Event, Kind, Properties},
    node::{Position, Style},
    resolve::Flavor,
};

/// The events of one text.
#[derive(Debug)]
pub(crate) struct Parser<'a> {
    scanner: Scanner<'a>,
    state: State,
    states: Vec<State>,
    marks: Vec<Mark>,
    /// Handles and prefixes of `%TAG` lines and the two that always hold.
    tags: Vec<(String, String)>,
}

/// What is expected next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    StreamStart,
    ImplicitDocumentStart,
    DocumentStart,
    DocumentContent,
    DocumentEnd,
    BlockNode,
    BlockSequence(Place),
    IndentlessSequence,
    BlockMappingKey(Place),
    BlockMappingValue,
    FlowSequence(Place),
    FlowPairKey,
    FlowPairValue,
    FlowPairEnd,
    FlowMappingKey(Place),
    FlowMappingValue,
    FlowMappingEmptyValue,
    End,
}

/// Whether a collection has just begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    First,
    Later,
}

/// What kinds of nodes may stand here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Allowed {
    Block,
    BlockOrIndentlessSequence,
    Flow,
}

impl<'a> Parser<'a> {
    pub(crate) fn new(text: &'a str, flavor: Flavor) -> Self {
        Self {
            scanner: Scanner::new(text, flavor),
            state: State::StreamStart,
            states: Vec::new(),
            marks: Vec::new(),
            tags: Vec::new(),
        }
    }

    /// Returns the next event; [`Kind::StreamEnd`] for ever after the last one.
    pub(crate) fn next(&mut self) -> Result<Event, Error> {
        let flavor = self.scanner.flavor;
        self.event().map_err(|problem| problem.into_error(flavor))
    }

    fn event(&mut self) -> Scanned<Event> {
        match self.state {
            State::StreamStart => {
                self.scanner.take()?;
                self.state = State::ImplicitDocumentStart;
                self.event()
            }
            State::ImplicitDocumentStart => self.document_start(true),
            State::DocumentStart => self.document_start(false),
            State::DocumentContent => self.document_content(),
            State::DocumentEnd => self.document_end(),
            State::BlockNode => self.node(Allowed::Block),
            State::BlockSequence(place) => self.block_sequence(place),
            State::IndentlessSequence => self.indentless_sequence(),
            State::BlockMappingKey(place) => self.block_mapping_key(place),
            State::BlockMappingValue => self.block_mapping_value(),
            State::FlowSequence(place) => self.flow_sequence(place),
            State::FlowPairKey => self.flow_pair_key(),
            State::FlowPairValue => self.flow_pair_value(),
            State::FlowPairEnd => self.flow_pair_end(),
            State::FlowMappingKey(place) => self.flow_mapping_key(place),
            State::FlowMappingValue => self.flow_mapping_value(),
            State::FlowMappingEmptyValue => self.flow_mapping_empty_value(),
            State::End => Ok(Event { kind: Kind::StreamEnd, at: Position::default() }),
        }
    }

    /// Passes the token that begins a collection, and remembers where that is.
    fn begin(&mut self, place: Place) -> Scanned<()> {
        if place == Place::First {
            let token = self.scanner.take()?;
            self.marks.push(token.start);
        }
        Ok(())
    }

    fn end(&mut self, at: Mark) -> Event {
        self.pop_state();
        self.marks.pop();
        event(Kind::CollectionEnd, at)
    }

    fn child(&mut self, next: State, allowed: Allowed) -> Scanned<Event> {
        self.states.push(next);
        self.node(allowed)
    }

    fn nothing(&mut self, next: State, at: Mark) -> Event {
        self.state = next;
        empty(at)
    }

    fn pop_state(&mut self) {
        self.state = self.states.pop().unwrap_or(State::End);
    }

    fn unexpected(&mut self, text: &'static str, token: &Placed) -> Problem {
        problem(text, self.marks.pop(), token.start)
    }
}

fn problem(text: &'static str, context: Option<Mark>, at: Mark) -> Problem {
    Problem { text, stage: Stage::Parser, context, at }
}

fn event(kind: Kind, at: Mark) -> Event {
    Event { kind, at: at.position() }
}

fn empty(at: Mark) -> Event {
    let kind = Kind::Scalar { text: String::new(), style: Style::Plain, node: Properties::default() };
    event(kind, at)
}

fn flow_mapping_start(node: Properties) -> Kind {
    Kind::MappingStart { flow: true, node }
}
