//! Types of expressions, and what stands for an unknown one.

use std::{collections::HashMap, fmt};

/// A type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Type {
    /// Known only when the expression is evaluated.
    Dyn,
    /// A type by its name.
    Plain(&'static str),
    List(Box<Type>),
    Map(Box<[Type; 2]>),
    Optional(Box<Type>),
    /// The type of a type.
    Of(Box<Type>),
    /// Any one type; the same number is the same type.
    Any(usize),
}

pub(crate) const BOOL: Type = Type::Plain("bool");
pub(crate) const INT: Type = Type::Plain("int");
pub(crate) const NULL: Type = Type::Plain("null_type");
pub(crate) const TIMESTAMP: &str = "google.protobuf.Timestamp";
pub(crate) const DURATION: &str = "google.protobuf.Duration";

impl Type {
    pub(crate) fn list(element: Type) -> Self {
        Self::List(Box::new(element))
    }

    pub(crate) fn map(key: Type, value: Type) -> Self {
        Self::Map(Box::new([key, value]))
    }

    pub(crate) fn optional(value: Type) -> Self {
        Self::Optional(Box::new(value))
    }

    fn parts(&self) -> &[Type] {
        match self {
            Self::List(part) | Self::Optional(part) | Self::Of(part) => std::slice::from_ref(part),
            Self::Map(parts) => &parts[..],
            _ => &[],
        }
    }

    /// Makes the same type of other parts.
    fn with(&self, mut part: impl FnMut(&Type) -> Type) -> Type {
        match self {
            Self::List(inner) => Self::list(part(inner)),
            Self::Optional(inner) => Self::optional(part(inner)),
            Self::Of(inner) => Self::Of(Box::new(part(inner))),
            Self::Map(parts) => Self::map(part(&parts[0]), part(&parts[1])),
            other => other.clone(),
        }
    }

    /// Replaces what stands for any type by others.
    pub(crate) fn fresh(&self, first: usize) -> Type {
        match self {
            Self::Any(number) => Self::Any(first + number),
            other => other.with(|part| part.fresh(first)),
        }
    }

    fn is_of_kind(&self, other: &Type) -> bool {
        match (self, other) {
            (Self::Plain(a), Self::Plain(b)) => a == b,
            _ => std::mem::discriminant(self) == std::mem::discriminant(other),
        }
    }

    fn is_at_least_as_general(&self, other: &Type) -> bool {
        match (self, other) {
            (Self::Dyn | Self::Any(_), _) => true,
            (_, Self::Dyn | Self::Any(_)) => false,
            (Self::Of(_), Self::Of(_)) => true,
            _ => {
                self.is_of_kind(other)
                    && self.parts().iter().zip(other.parts()).all(|(a, b)| a.is_at_least_as_general(b))
            }
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dyn | Self::Any(_) => f.write_str("dyn"),
            Self::Plain(name) => f.write_str(name),
            Self::List(element) => write!(f, "list({element})"),
            Self::Map(parts) => write!(f, "map({}, {})", parts[0], parts[1]),
            Self::Optional(value) => write!(f, "optional_type({value})"),
            Self::Of(of) => write!(f, "type({of})"),
        }
    }
}

/// What is known of the types that stand for any.
#[derive(Debug)]
pub(crate) struct Known {
    types: HashMap<usize, Type>,
    /// What was there before, for an attempt that fails.
    undo: Vec<(usize, Option<Type>)>,
    /// Comparisons of types that are left.
    left: usize,
    depth: usize,
}

/// Comparisons of types that an expression may need. Few need a hundred; types can be made that need endless ones.
const COMPARISONS: usize = 100_000;
/// Types within types that are followed; what is beyond is `dyn`, or does not fit.
const DEEPEST: usize = 200;
/// Parts of a type that are told; what is beyond is `dyn`.
const LARGEST: usize = 1000;

impl Known {
    pub(crate) fn new() -> Self {
        Self { types: HashMap::new(), undo: Vec::new(), left: COMPARISONS, depth: 0 }
    }

    /// Puts in what is known.
    pub(crate) fn resolve(&self, wanted: &Type) -> Type {
        self.resolved(wanted, &mut LARGEST.clone(), 0)
    }

    fn resolved(&self, wanted: &Type, left: &mut usize, depth: usize) -> Type {
        if *left == 0 || depth > DEEPEST {
            return Type::Dyn;
        }
        *left -= 1;
        match wanted {
            Type::Any(number) => match self.types.get(number) {
                Some(found) => self.resolved(found, left, depth + 1),
                None => wanted.clone(),
            },
            other => other.with(|part| self.resolved(part, left, depth + 1)),
        }
    }

    /// Says whether values of the `given` types may be used where others are wanted, and learns from it if so.
    pub(crate) fn accept_all(&mut self, given: &[Type], wanted: &[Type]) -> bool {
        let accepted =
            given.len() == wanted.len() && given.iter().zip(wanted).all(|(given, wanted)| self.accept(given, wanted));
        for (number, before) in std::mem::take(&mut self.undo).into_iter().rev().filter(|_| !accepted) {
            match before {
                Some(before) => _ = self.types.insert(number, before),
                None => _ = self.types.remove(&number),
            }
        }
        accepted
    }

    fn accept(&mut self, given: &Type, wanted: &Type) -> bool {
        if self.left == 0 || self.depth > DEEPEST {
            return false;
        }
        self.left -= 1;
        self.depth += 1;
        let accepted = self.accepts(given, wanted);
        self.depth -= 1;
        accepted
    }

    /// Source: cel-go's checker, `internalIsAssignable`.
    fn accepts(&mut self, given: &Type, wanted: &Type) -> bool {
        if let Type::Any(number) = wanted
            && let Some(accepted) = self.substitute(*number, given)
        {
            return accepted;
        }
        match (given, wanted) {
            (Type::Any(number), _) => self.substitute(*number, wanted).unwrap_or(false),
            (Type::Dyn, _) | (_, Type::Dyn) => true,
            (other, null) | (null, other) if *null == NULL => is_nullable(other),
            (Type::Of(_), Type::Of(_)) => true,
            _ => {
                let pairs = given.parts().iter().zip(wanted.parts());
                given.is_of_kind(wanted) && pairs.into_iter().all(|(a, b)| self.accept(a, b))
            }
        }
    }

    /// Lets a type stand for what is any; `None` when that would make it a part of itself.
    fn substitute(&mut self, number: usize, by: &Type) -> Option<bool> {
        if *by == Type::Any(number) {
            return Some(true);
        }
        if let Some(found) = self.types.get(&number).cloned() {
            if found == *by {
                return Some(true);
            }
            let accepted = self.accept(by, &found);
            if accepted {
                let general = if by.is_at_least_as_general(&found) { by.clone() } else { found };
                self.learn(number, general);
            }
            return Some(accepted);
        }
        if self.mentions(by, number) {
            return None;
        }
        self.learn(number, by.clone());
        Some(true)
    }

    fn learn(&mut self, number: usize, found: Type) {
        let before = self.types.insert(number, found);
        self.undo.push((number, before));
    }

    fn mentions(&self, found: &Type, number: usize) -> bool {
        fn within(found: &Type, number: usize) -> bool {
            *found == Type::Any(number) || found.parts().iter().any(|part| within(part, number))
        }
        within(&self.resolve(found), number)
    }
}

/// `null` may be given for an optional, a time or a time span.
fn is_nullable(wanted: &Type) -> bool {
    matches!(wanted, Type::Optional(_) | Type::Plain(TIMESTAMP | DURATION | "null_type"))
}
