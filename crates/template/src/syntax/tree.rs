//! What a template is made of.

use std::{fmt, ops::Range};

use super::literal::Number;
use crate::{builtins::Callee, text::Str, value::Value};

/// A template: the text of a file, or what is between `define` and `end`.
#[derive(Debug)]
pub(crate) struct Tree {
    pub(crate) name: Str,
    /// Whether there is nothing but spaces in it: then it replaces no other of its name.
    pub(crate) empty: bool,
    pub(crate) nodes: Vec<Node>,
}

/// What stands side by side in a template.
#[derive(Debug)]
pub(crate) enum Node {
    /// A range of the source.
    Text(Range<usize>),
    Action(Pipe),
    Branch(Box<Branch>),
    Break,
    Continue,
    Template {
        position: usize,
        name: Str,
        pipe: Option<Pipe>,
    },
}

#[derive(Debug)]
pub(crate) struct Branch {
    pub(crate) kind: BranchKind,
    pub(crate) pipe: Pipe,
    pub(crate) nodes: Vec<Node>,
    pub(crate) otherwise: Option<Vec<Node>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BranchKind {
    If,
    Range,
    With,
}

/// Commands, each of which gets what the one before comes to.
#[derive(Debug)]
pub(crate) struct Pipe {
    pub(crate) position: usize,
    /// Whether the variables are there already.
    pub(crate) assigns: bool,
    pub(crate) variables: Vec<Variable>,
    pub(crate) commands: Vec<Command>,
}

/// A term with arguments.
#[derive(Debug)]
pub(crate) struct Command {
    pub(crate) position: usize,
    /// Never empty; the first is what is called.
    pub(crate) terms: Vec<Term>,
}

#[derive(Debug)]
pub(crate) enum Term {
    Bool(usize, bool),
    /// Fields of what is no field or variable itself.
    Chain(usize, Box<Term>, Names),
    Dot(usize),
    Field(usize, Names),
    Function(usize, Callee),
    Nil(usize),
    Number(usize, Box<Number>),
    /// In parentheses.
    Pipe(Box<Pipe>),
    /// With its quotes, and without.
    String(usize, Str, Value),
    Variable(Variable),
}

/// A variable, and fields of it.
#[derive(Debug, Clone)]
pub(crate) struct Variable {
    pub(crate) position: usize,
    pub(crate) name: Str,
    pub(crate) fields: Names,
}

/// Names of fields, in order.
pub(crate) type Names = Vec<Str>;

/// Anything that an error can point at.
pub(crate) trait Syntax: fmt::Debug {
    /// Returns the byte of the source where Go says that it is.
    fn position(&self) -> usize;
    /// Appends it as Go's `Node.String()` writes it.
    fn write(&self, out: &mut Vec<u8>);
}

impl Syntax for Pipe {
    fn position(&self) -> usize {
        self.position
    }
    fn write(&self, out: &mut Vec<u8>) {
        self.append_to(out);
    }
}

impl Syntax for Command {
    fn position(&self) -> usize {
        self.position
    }
    fn write(&self, out: &mut Vec<u8>) {
        self.append_to(out);
    }
}

impl Syntax for Variable {
    fn position(&self) -> usize {
        self.position
    }
    fn write(&self, out: &mut Vec<u8>) {
        self.append_to(out);
    }
}

impl Syntax for Term {
    fn position(&self) -> usize {
        match self {
            Self::Bool(position, _)
            | Self::Chain(position, ..)
            | Self::Dot(position)
            | Self::Field(position, _)
            | Self::Function(position, _)
            | Self::Nil(position)
            | Self::Number(position, _)
            | Self::String(position, ..) => *position,
            Self::Pipe(pipe) => pipe.position,
            Self::Variable(variable) => variable.position,
        }
    }
    fn write(&self, out: &mut Vec<u8>) {
        self.append_to(out);
    }
}

/// A `template` or an action, which is no more than its pipeline.
impl Syntax for Node {
    fn position(&self) -> usize {
        match self {
            Self::Template { position, .. } => *position,
            Self::Action(pipe) => pipe.position,
            Self::Branch(branch) => branch.pipe.position,
            Self::Text(range) => range.start,
            Self::Break | Self::Continue => 0,
        }
    }
    fn write(&self, out: &mut Vec<u8>) {
        self.append_to(out, &[]);
    }
}
