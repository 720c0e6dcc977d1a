//! Tokens to events: libyaml's parser states.

use super::{
    Problem, Stage,
    cursor::Mark,
    scanner::{Scanned, Scanner},
    token::{Kind as Token, Token as Placed},
};
use crate::{
    error::Error,
    event::{Event, Kind, Properties, short_tag},
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

    fn document_start(&mut self, implicit: bool) -> Scanned<Event> {
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

    fn document_content(&mut self) -> Scanned<Event> {
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

    fn document_end(&mut self) -> Scanned<Event> {
        let token = self.scanner.peek()?;
        let start = token.start;
        if token.kind == Token::DocumentEnd {
            self.scanner.skip();
        }
        self.tags.clear();
        self.state = State::DocumentStart;
        Ok(event(Kind::DocumentEnd, start))
    }

    fn node(&mut self, allowed: Allowed) -> Scanned<Event> {
        if let Token::Alias(_) = self.scanner.peek()?.kind {
            return self.alias();
        }
        let (properties, start) = self.properties()?;
        let indentless = allowed == Allowed::BlockOrIndentlessSequence;
        let flow = allowed == Allowed::Flow;
        let token = self.scanner.peek()?;
        let (kind, state) = match &token.kind {
            Token::BlockEntry if indentless => (sequence(properties), State::IndentlessSequence),
            Token::Scalar { .. } => return self.scalar(properties, start),
            Token::FlowSequenceStart => (flow_sequence_start(properties), State::FlowSequence(Place::First)),
            Token::FlowMappingStart => (flow_mapping_start(properties), State::FlowMappingKey(Place::First)),
            Token::BlockSequenceStart if !flow => (sequence(properties), State::BlockSequence(Place::First)),
            Token::BlockMappingStart if !flow => (mapping(properties), State::BlockMappingKey(Place::First)),
            _ if properties != Properties::default() => {
                self.pop_state();
                let kind = Kind::Scalar { text: String::new(), style: Style::Plain, node: properties };
                return Ok(event(kind, start));
            }
            _ => {
                let at = token.start;
                return Err(problem("did not find expected node content", Some(start), at));
            }
        };
        self.state = state;
        Ok(event(kind, start))
    }

    fn alias(&mut self) -> Scanned<Event> {
        let token = self.scanner.take()?;
        self.pop_state();
        match token.kind {
            Token::Alias(name) => Ok(event(Kind::Alias(name), token.start)),
            _ => Ok(empty(token.start)),
        }
    }

    fn scalar(&mut self, node: Properties, start: Mark) -> Scanned<Event> {
        let token = self.scanner.take()?;
        self.pop_state();
        match token.kind {
            Token::Scalar { text, style } => Ok(event(Kind::Scalar { text, style, node }, start)),
            _ => Ok(empty(start)),
        }
    }

    /// Takes an anchor and a tag in either order; returns where the node begins.
    fn properties(&mut self) -> Scanned<(Properties, Mark)> {
        let start = self.scanner.peek()?.start;
        let mut properties = Properties { anchor: self.anchor()?, tag: None };
        let tag = self.tag_token()?;
        if properties.anchor.is_none() && tag.is_some() {
            properties.anchor = self.anchor()?;
        }
        if let Some((handle, suffix, mark)) = tag {
            properties.tag = Some(self.resolve_tag(&handle, &suffix, start, mark)?);
        }
        Ok((properties, start))
    }

    fn anchor(&mut self) -> Scanned<Option<String>> {
        match &self.scanner.peek()?.kind {
            Token::Anchor(name) => {
                let name = name.clone();
                self.scanner.skip();
                Ok(Some(name))
            }
            _ => Ok(None),
        }
    }

    fn tag_token(&mut self) -> Scanned<Option<(String, String, Mark)>> {
        let token = self.scanner.peek()?;
        match &token.kind {
            Token::Tag { handle, suffix } => {
                let tag = (handle.clone(), suffix.clone(), token.start);
                self.scanner.skip();
                Ok(Some(tag))
            }
            _ => Ok(None),
        }
    }

    fn resolve_tag(&self, handle: &str, suffix: &str, start: Mark, at: Mark) -> Scanned<String> {
        if handle.is_empty() {
            return Ok(short_tag(suffix));
        }
        match self.tags.iter().find(|(known, _)| known == handle) {
            Some((_, prefix)) => Ok(short_tag(&format!("{prefix}{suffix}"))),
            None => Err(problem("found undefined tag handle", Some(start), at)),
        }
    }

    fn block_sequence(&mut self, place: Place) -> Scanned<Event> {
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

    fn indentless_sequence(&mut self) -> Scanned<Event> {
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

    fn block_mapping_key(&mut self, place: Place) -> Scanned<Event> {
        self.begin(place)?;
        let token = self.scanner.take()?;
        match token.kind {
            Token::Key => self.block_mapping_part(State::BlockMappingValue, token.end),
            Token::BlockEnd => Ok(self.end(token.start)),
            _ => Err(self.unexpected("did not find expected key", &token)),
        }
    }

    fn block_mapping_value(&mut self) -> Scanned<Event> {
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

    fn flow_sequence(&mut self, place: Place) -> Scanned<Event> {
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

    fn flow_pair_key(&mut self) -> Scanned<Event> {
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

    fn flow_pair_value(&mut self) -> Scanned<Event> {
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

    fn flow_pair_end(&mut self) -> Scanned<Event> {
        let start = self.scanner.peek()?.start;
        self.state = State::FlowSequence(Place::Later);
        Ok(event(Kind::CollectionEnd, start))
    }

    fn flow_mapping_key(&mut self, place: Place) -> Scanned<Event> {
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

    fn flow_mapping_value(&mut self) -> Scanned<Event> {
        let next = State::FlowMappingKey(Place::Later);
        let token = self.scanner.peek()?;
        let start = token.start;
        if token.kind != Token::Value {
            return Ok(self.nothing(next, start));
        }
        self.scanner.skip();
        self.flow_mapping_part(next)
    }

    fn flow_mapping_empty_value(&mut self) -> Scanned<Event> {
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

fn check_version(seen: bool, version: (u8, u8), at: Mark) -> Scanned<()> {
    match (seen, version) {
        (true, _) => Err(problem("found duplicate %YAML directive", None, at)),
        (false, (1, 1)) => Ok(()),
        _ => Err(problem("found incompatible YAML document", None, at)),
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

fn sequence(node: Properties) -> Kind {
    Kind::SequenceStart { flow: false, node }
}

fn mapping(node: Properties) -> Kind {
    Kind::MappingStart { flow: false, node }
}

fn flow_sequence_start(node: Properties) -> Kind {
    Kind::SequenceStart { flow: true, node }
}

fn flow_mapping_start(node: Properties) -> Kind {
    Kind::MappingStart { flow: true, node }
}
