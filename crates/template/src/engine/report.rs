//! Errors as Helm tells them.

use super::checks::MARKS;
use crate::{
    exec::{Layer, Trouble},
    function::Failure,
    text::Str,
};

/// What Helm shows of one level of an error.
#[derive(Debug, PartialEq, Eq)]
struct Trace {
    location: String,
    function: String,
    message: String,
}

/// Returns the error of a file that cannot be parsed. The last part of the text counts, whatever it is.
pub(super) fn parse_error(file: &Str, text: &str) -> Failure {
    let parts: Vec<_> = text.split(": ").collect();
    match parts.as_slice() {
        [_, location, .., message] => Failure::new(format!("parse error at ({location}): {message}")),
        [_, location] => Failure::new(format!("parse error at ({location}): {location}")),
        _ => Failure::new(format!("parse error in ({file}): {text}")),
    }
}

/// Returns the error of a file whose execution has ended with one.
pub(super) fn execution_error(file: &Str, trouble: &Trouble) -> Failure {
    let text = trouble.text();
    if !matches!(trouble.layers().next(), Some(Layer::Executing { .. })) {
        return Failure::new(text);
    }
    let mut parts = text.splitn(3, ": ");
    let (Some(_), Some(location), Some(rest)) = (parts.next(), parts.next(), parts.next()) else {
        return Failure::new(format!("execution error in ({file}): {text}"));
    };
    match marked(rest) {
        Some(message) => Failure::new(format!("execution error at ({location}): {message}")),
        None => Failure::new(traced(trouble).unwrap_or(text)),
    }
}

/// Returns what an author has said: all between the first and the last mark.
fn marked(text: &str) -> Option<&str> {
    let [start, end] = MARKS;
    let (_, rest) = text.split_once(start)?;
    rest.rsplit_once(end).map(|(message, _)| message)
}

/// Returns the levels one below the other, if every level is an error of a template.
fn traced(trouble: &Trouble) -> Option<String> {
    let mut traces: Vec<Trace> = Vec::new();
    for text in levels(trouble) {
        let trace = Trace::parse(&text)?;
        if traces.last() != Some(&trace) {
            traces.push(trace);
        }
    }
    let text: String = traces.iter().map(Trace::text).collect();
    Some(text.trim().to_owned())
}

/// Returns the text of each level with no more than the beginning of the next: Helm cuts there.
fn levels(trouble: &Trouble) -> Vec<String> {
    let mut levels: Vec<String> = Vec::new();
    for layer in trouble.layers() {
        let (head, message) = match layer {
            Layer::Executing { head, message } => (head.as_str(), message.as_str()),
            Layer::Wrapped(text) => (text.as_str(), ""),
        };
        if let Some(level) = levels.last_mut() {
            level.push_str(head);
        }
        levels.push(format!("{head}{message}"));
    }
    let mut cause = trouble.cause();
    if let (Some(level), Some(failure)) = (levels.last_mut(), cause) {
        level.push_str(&failure.text);
    }
    while let Some(failure) = cause {
        levels.push(failure.text.clone());
        cause = failure.cause.as_deref();
    }
    levels
}

impl Trace {
    fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix("template: ")?;
        if rest.starts_with("no template ") {
            return Some(Self { location: String::new(), function: String::new(), message: text.to_owned() });
        }
        Self::executing(rest).or_else(|| {
            let (location, message) = rest.rsplit_once(": ")?;
            let message = message.split(" template:").next().unwrap_or(message);
            Some(Self { location: location.to_owned(), function: String::new(), message: message.to_owned() })
        })
    }

    fn executing(rest: &str) -> Option<Self> {
        let (location, after) = rest.split_once(": executing ")?;
        let (function, after) = after.strip_prefix('"')?.split_once('"')?;
        let (node, message) = after.strip_prefix(" at <")?.split_once(">: ")?;
        let message = message.split(" template:").next().unwrap_or(message);
        Some(Self {
            location: location.to_owned(),
            function: format!("executing \"{function}\" at <{node}>:"),
            message: message.to_owned(),
        })
    }

    fn text(&self) -> String {
        let mut text = String::new();
        for (part, end) in [(&self.location, "\n  "), (&self.function, "\n    "), (&self.message, "\n")] {
            if !part.is_empty() {
                text.push_str(part);
                text.push_str(end);
            }
        }
        text
    }
}
