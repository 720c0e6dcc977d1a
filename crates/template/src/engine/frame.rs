//! A template that is being executed.

use std::sync::Arc;

use super::{lower::Act, table::Entry, unit::Unit};
use crate::{
    builtins::Operand,
    exec::{Layer, Trouble},
    function::Failure,
    list::List,
    syntax::Syntax,
    text::Str,
    types::{IntKind, Type},
    value::Value,
};

/// The execution of a template.
#[derive(Debug)]
pub(crate) struct Frame {
    entry: Entry,
    pub(crate) name: Str,
    /// Variables that are declared, `$` the first.
    variables: Vec<(Str, Operand)>,
    /// How many variables there were where each structure began.
    scopes: Vec<usize>,
    /// The dots of `with` and `range`, the template's own the first.
    dots: Vec<Operand>,
    ranges: Vec<Round>,
}

/// A `range` that is going round.
#[derive(Debug)]
pub(super) struct Round {
    pub(super) items: Items,
    /// Where it stands.
    pub(super) site: usize,
    pub(super) next: u64,
    /// How many variables there were before its body.
    pub(super) variables: usize,
    pub(super) names: Vec<Str>,
    pub(super) assigns: bool,
    pub(super) dot: usize,
}

/// What a `range` goes through.
#[derive(Debug)]
pub(super) enum Items {
    Count(IntKind, u64),
    List(List),
    Entries(Vec<(Str, Value)>, Type),
}

impl Items {
    /// Returns index and element.
    fn get(&self, index: u64) -> Option<(Value, Operand)> {
        let at = usize::try_from(index).ok()?;
        match self {
            Self::Count(kind, count) => {
                (index < *count).then(|| (Value::Nil, Operand::plain(Value::Int(*kind, index.cast_signed()))))
            }
            Self::List(list) => {
                let item = list.items().get(at)?.clone();
                Some((Value::int(index.cast_signed()), Operand::of(item, list.type_of().element())))
            }
            Self::Entries(entries, of) => {
                let (key, value) = entries.get(at)?.clone();
                Some((Value::String(key), Operand::of(value, *of)))
            }
        }
    }
}

impl Frame {
    /// Begins a template. The dot is its `$` too.
    pub(super) fn new(entry: Entry, dollar: Str, dot: Operand) -> Self {
        let (name, variables) = (entry.name.clone(), vec![(dollar, dot.clone())]);
        Self { entry, name, variables, scopes: Vec::new(), dots: vec![dot], ranges: Vec::new() }
    }

    pub(super) fn dot(&self, depth: usize) -> Option<&Operand> {
        self.dots.get(depth)
    }

    /// Returns the text that the template is from, and which of its templates it is.
    pub(super) fn unit(&self) -> (Arc<Unit>, usize) {
        (Arc::clone(&self.entry.unit), self.entry.program)
    }

    /// Returns what an error begins with that is met at a node.
    pub(crate) fn layer(&self, source: &Str, node: &dyn Syntax, message: String) -> Layer {
        let mut context = Vec::new();
        node.write(&mut context);
        Layer::executing(self.location(source.as_bytes(), node.position()), &self.name, &context, message)
    }

    /// Returns `file:line:column` of a byte of the source.
    fn location(&self, source: &[u8], position: usize) -> String {
        let before = source.get(..position).unwrap_or(source);
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let column = before.iter().rev().take_while(|byte| **byte != b'\n').count();
        format!("{}:{line}:{column}", self.entry.file)
    }

    pub(crate) fn declare(&mut self, name: &Str, operand: Operand) {
        self.variables.push((name.clone(), operand));
    }

    /// Writes the innermost variable of a name.
    pub(crate) fn assign(&mut self, name: &Str, operand: Operand) -> bool {
        match self.variables.iter_mut().rev().find(|(known, _)| known == name) {
            Some(variable) => variable.1 = operand,
            None => return false,
        }
        true
    }

    pub(crate) fn variable(&self, name: &Str) -> Option<Operand> {
        self.variables.iter().rev().find(|(known, _)| known == name).map(|(_, operand)| operand.clone())
    }

    /// Forgets the variables of the structure that ended at this depth.
    pub(super) fn close(&mut self, depth: usize) {
        let variables = self.scopes.get(depth).copied().unwrap_or(usize::MAX);
        self.variables.truncate(variables);
    }

    /// Remembers the variables that there are before a structure.
    pub(super) fn open(&mut self, depth: usize) {
        self.scopes.truncate(depth);
        self.scopes.resize(depth + 1, self.variables.len());
    }

    pub(super) fn set_dot(&mut self, depth: usize, dot: Operand) {
        self.dots.truncate(depth);
        self.dots.resize(depth + 1, dot);
    }

    pub(super) fn variables(&self) -> usize {
        self.variables.len()
    }

    pub(super) fn start(&mut self, depth: usize, round: Round) {
        self.ranges.truncate(depth);
        self.ranges.push(round);
    }

    /// Says whether a range never went round.
    pub(super) fn was_idle(&self, depth: usize) -> bool {
        self.ranges.get(depth).is_none_or(|round| round.next == 0)
    }

    /// Tells an error at a range.
    pub(super) fn trouble_in_range(&self, depth: usize, failure: Failure) -> Box<Trouble> {
        let site = self.ranges.get(depth).map_or(usize::MAX, |round| round.site);
        let unit = &self.entry.unit;
        match unit.programs[self.entry.program].lowered.sites.get(site).map(|site| &site.act) {
            Some(Act::Range(pipe)) => Trouble::caused(failure, self.layer(&unit.source, pipe, String::new())),
            _ => Trouble::bare(failure),
        }
    }

    /// Goes round once more; says whether there was anything left.
    pub(super) fn advance(&mut self, depth: usize) -> bool {
        let Some(round) = self.ranges.get_mut(depth) else { return false };
        let Some((index, element)) = round.items.get(round.next) else { return false };
        round.next += 1;
        let (dot, count, assigns, names) = (round.dot, round.variables, round.assigns, round.names.clone());
        self.variables.truncate(count);
        self.set_dot(dot, element.clone());
        match (names.as_slice(), assigns) {
            ([], _) => {}
            ([name], true) => drop(self.assign(name, element)),
            ([first, second, ..], true) => {
                self.assign(first, Operand::plain(index));
                self.assign(second, element);
            }
            (names, false) => self.set_declared(names.len(), index, element),
        }
        true
    }

    /// The variables of a range are those that were declared last.
    fn set_declared(&mut self, names: usize, index: Value, element: Operand) {
        let count = self.variables.len();
        let mut last = self.variables[count.saturating_sub(names)..].iter_mut().rev();
        if let Some(variable) = last.next() {
            variable.1 = element;
        }
        if let Some(variable) = last.next() {
            variable.1 = Operand::plain(index);
        }
    }
}
