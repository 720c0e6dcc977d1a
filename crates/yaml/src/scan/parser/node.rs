//! Nodes: properties, aliases, scalars, and the beginnings of collections.

use super::{
    super::{cursor::Mark, scanner::Scanned, token::Kind as Token},
    Allowed, Parser, Place, State, empty, event, flow_mapping_start, problem,
};
use crate::{
    event::{Event, Kind, Properties, short_tag},
    node::Style,
};

impl Parser<'_> {
    pub(super) fn node(&mut self, allowed: Allowed) -> Scanned<Event> {
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
