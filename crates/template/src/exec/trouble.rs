//! Errors on their way up, one layer for each template that they pass.

use crate::{function::Failure, print, text::Str};

pub(crate) type Outcome<T> = Result<T, Box<Trouble>>;

/// An error: what went wrong, and where, innermost first.
#[derive(Debug)]
pub(crate) struct Trouble {
    layers: Vec<Layer>,
    /// What a function said.
    cause: Option<Failure>,
}

/// A part of an error's text, before that of its cause.
#[derive(Debug)]
pub(crate) enum Layer {
    /// From the execution of a template.
    Executing {
        /// `template: file:line:column: executing "name" at <node>: `
        head: String,
        message: String,
    },
    /// From a function that wraps an error.
    Wrapped(String),
}

/// Texts of errors are no longer: each level of a recursion may quote a text.
const LONGEST: usize = 4 << 20;

impl Layer {
    pub(crate) fn executing(location: String, name: &Str, context: &[u8], message: String) -> Self {
        let name = String::from_utf8_lossy(&print::quote(name.as_bytes())).into_owned();
        let context = String::from_utf8_lossy(context);
        Self::Executing { head: format!("template: {location}: executing {name} at <{context}>: "), message }
    }

    fn text(&self) -> [&str; 2] {
        match self {
            Self::Executing { head, message } => [head, message],
            Self::Wrapped(text) => [text, ""],
        }
    }
}

impl Trouble {
    pub(crate) fn of(layer: Layer) -> Box<Self> {
        Box::new(Self { layers: vec![layer], cause: None })
    }

    pub(crate) fn caused(cause: Failure, layer: Layer) -> Box<Self> {
        Box::new(Self { layers: vec![layer], cause: Some(cause) })
    }

    /// An error that belongs to no node.
    pub(crate) fn bare(cause: Failure) -> Box<Self> {
        Box::new(Self { layers: Vec::new(), cause: Some(cause) })
    }

    pub(crate) fn within(mut self: Box<Self>, layer: Layer) -> Box<Self> {
        self.layers.push(layer);
        self
    }

    /// Returns the layers from the outermost on.
    pub(crate) fn layers(&self) -> impl Iterator<Item = &Layer> {
        self.layers.iter().rev()
    }

    pub(crate) fn cause(&self) -> Option<&Failure> {
        self.cause.as_ref()
    }

    /// Returns the whole text.
    pub(crate) fn text(&self) -> String {
        let cause = self.cause.iter().map(|failure| failure.text.as_str());
        let mut text = String::new();
        for part in self.layers().flat_map(Layer::text).chain(cause) {
            if text.len() + part.len() > LONGEST {
                break;
            }
            text.push_str(part);
        }
        text
    }
}
