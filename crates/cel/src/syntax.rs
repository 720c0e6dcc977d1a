//! The tree of an expression.

use std::sync::Arc;

use crate::value::Value;

/// A part of an expression.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub(crate) kind: Kind,
    /// The byte at which it begins.
    pub(crate) at: usize,
    /// How many parts lie within each other in it.
    pub(crate) depth: usize,
}

/// What a part is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    Literal(Value),
    Name(Arc<str>),
    Select {
        operand: Box<Node>,
        field: Arc<str>,
        mode: Mode,
    },
    Index {
        operand: Box<Node>,
        key: Box<Node>,
        optional: bool,
    },
    /// A function or operator; the object of a method is the first argument.
    Call {
        name: Arc<str>,
        method: bool,
        arguments: Vec<Node>,
    },
    /// `a && b && …`
    All(Vec<Node>),
    /// `a || b || …`
    Any(Vec<Node>),
    If(Box<[Node; 3]>),
    List(Vec<Element>),
    Map(Vec<(Node, Element)>),
    Loop(Box<Loop>),
    /// `optMap` and `optFlatMap`: an expression on the value of an optional.
    Bind {
        flat: bool,
        value: Box<Node>,
        name: Arc<str>,
        body: Box<Node>,
    },
}

/// How a field is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// `a.b`
    Must,
    /// `a.?b`
    May,
    /// `has(a.b)`
    Test,
}

/// An element of a list or the value of an entry, perhaps only if there is one.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Element {
    pub(crate) node: Node,
    pub(crate) optional: bool,
}

/// A macro over a list, or over the keys of a map.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Loop {
    pub(crate) over: Over,
    pub(crate) range: Node,
    pub(crate) name: Arc<str>,
    /// The condition; `map` may have none.
    pub(crate) condition: Option<Node>,
    /// What `map` makes of an element.
    pub(crate) transform: Option<Node>,
}

/// Which macro.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Over {
    All,
    Exists,
    ExistsOne,
    Filter,
    Map,
}

impl Node {
    pub(crate) fn new(kind: Kind, at: usize) -> Self {
        let depth = kind.parts().iter().map(|part| part.depth).max().unwrap_or(0) + 1;
        Self { kind, at, depth }
    }

    /// Returns the parts that it is made of.
    pub(crate) fn parts(&self) -> Vec<&Node> {
        self.kind.parts()
    }

    /// Says whether it is a name with fields.
    pub(crate) fn is_attribute(&self) -> bool {
        match &self.kind {
            Kind::Name(_) => true,
            Kind::Select { operand, .. } | Kind::Index { operand, .. } => operand.is_attribute(),
            _ => false,
        }
    }
}

impl Kind {
    fn parts(&self) -> Vec<&Node> {
        match self {
            Self::Literal(_) | Self::Name(_) => Vec::new(),
            Self::Select { operand, .. } => vec![operand],
            Self::Index { operand, key, .. } => vec![operand, key],
            Self::Call { arguments, .. } => arguments.iter().collect(),
            Self::All(parts) | Self::Any(parts) => parts.iter().collect(),
            Self::If(parts) => parts.iter().collect(),
            Self::List(elements) => elements.iter().map(|element| &element.node).collect(),
            Self::Map(entries) => entries.iter().flat_map(|(key, value)| [key, &value.node]).collect(),
            Self::Loop(all) => {
                let parts = [Some(&all.range), all.condition.as_ref(), all.transform.as_ref()];
                parts.into_iter().flatten().collect()
            }
            Self::Bind { value, body, .. } => vec![value, body],
        }
    }
}
