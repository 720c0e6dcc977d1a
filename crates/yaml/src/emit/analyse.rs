//! Which styles a text can be written in: libyaml's `analyze_scalar` with Go's changes.

use super::writer::Dialect;
use crate::node::Style;

/// What stands in the way of the styles.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Analysis {
    pub(super) multiline: bool,
    no_flow_plain: bool,
    no_block_plain: bool,
    no_single_quotes: bool,
    no_block: bool,
}

/// Where a scalar stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) in_flow: bool,
    pub(super) simple_key: bool,
}

impl Analysis {
    /// Returns the style to use for the one asked for.
    pub(super) fn style(&self, asked: Style, empty: bool, place: Place) -> Style {
        let mut style = asked;
        if place.simple_key && self.multiline {
            style = Style::DoubleQuoted;
        }
        if style == Style::Plain && !self.plain_fits(empty, place) {
            style = Style::SingleQuoted;
        }
        if style == Style::SingleQuoted && self.no_single_quotes {
            style = Style::DoubleQuoted;
        }
        let block = matches!(style, Style::Literal | Style::Folded);
        if block && (self.no_block || place.in_flow || place.simple_key) {
            style = Style::DoubleQuoted;
        }
        style
    }

    fn plain_fits(&self, empty: bool, place: Place) -> bool {
        let refused = if place.in_flow { self.no_flow_plain } else { self.no_block_plain };
        !refused && !(empty && (place.in_flow || place.simple_key))
    }
}

/// Analyses a text.
pub(super) fn analyse(text: &str, dialect: Dialect) -> Analysis {
    if text.is_empty() {
        return Analysis { no_flow_plain: true, no_block: true, ..Analysis::default() };
    }
    if is_simple(text) {
        return Analysis::default();
    }
    let indicators = indicators(text);
    let breaks = breaks(text);
    // v3 takes a tab for less of an obstacle than other unprintable characters.
    let lenient = dialect != Dialect::V2;
    let special = text.chars().any(|c| !(is_printable(c) || c == '\t' && lenient));
    let tab = lenient && text.contains('\t');
    let edge = |c: char| c == ' ' || is_break(c);
    let edges = text.starts_with(edge) || text.ends_with(edge);
    let plain = edges || breaks.any || breaks.then_space || breaks.after_space || special || tab;
    Analysis {
        multiline: breaks.any,
        no_flow_plain: plain || indicators.flow,
        no_block_plain: plain || indicators.block,
        no_single_quotes: breaks.then_space || breaks.after_space || special || tab,
        no_block: text.ends_with(' ') || breaks.after_space || special,
    }
}

/// Says whether a text is made of nothing that could stand in the way: most are names, numbers, paths.
pub(super) fn is_simple(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '/')
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'/' | b'_'))
}

#[derive(Default)]
struct Indicators {
    flow: bool,
    block: bool,
}

fn indicators(text: &str) -> Indicators {
    let document = text.starts_with("---") || text.starts_with("...");
    let mut found = Indicators { flow: document, block: document };
    let mut after_blank = true;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let before_blank = chars.peek().is_none_or(|(_, next)| matches!(next, ' ' | '\t'));
        let (flow, block) = match at {
            0 => leading_indicator(c, before_blank),
            _ => inner_indicator(c, after_blank, before_blank),
        };
        found.flow |= flow;
        found.block |= block;
        after_blank = matches!(c, ' ' | '\t' | '\0') || is_break(c);
    }
    found
}

fn leading_indicator(c: char, before_blank: bool) -> (bool, bool) {
    match c {
        '#' | ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@' | '`' => (true, true),
        '?' | ':' => (true, before_blank),
        '-' => (before_blank, before_blank),
        _ => (false, false),
    }
}

fn inner_indicator(c: char, after_blank: bool, before_blank: bool) -> (bool, bool) {
    match c {
        ',' | '?' | '[' | ']' | '{' | '}' => (true, false),
        ':' => (true, before_blank),
        '#' => (after_blank, after_blank),
        _ => (false, false),
    }
}

#[derive(Default)]
struct Breaks {
    any: bool,
    /// A space right after a break.
    then_space: bool,
    /// A break right after a space.
    after_space: bool,
}

fn breaks(text: &str) -> Breaks {
    let mut found = Breaks::default();
    let mut previous = None;
    for c in text.chars() {
        found.any |= is_break(c);
        found.then_space |= c == ' ' && previous.is_some_and(is_break);
        found.after_space |= is_break(c) && previous == Some(' ');
        previous = Some(c);
    }
    found
}

/// libyaml's line breaks.
pub(super) fn is_break(c: char) -> bool {
    matches!(c, '\r' | '\n' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// What may stand in YAML as it is. go-yaml escapes all beyond the basic plane.
pub(super) fn is_printable(c: char) -> bool {
    matches!(c, '\n' | ' '..='~' | '\u{a0}'..='\u{fffd}') && c != '\u{feff}'
}
