//! The state of a render.

use std::{collections::HashMap, sync::Arc};

use super::{
    Compiled, Job,
    cycles::Changed,
    frame::Frame,
    table::{Entry, Table},
    unit::Brought,
};
use crate::{
    builtins::Operand,
    exec::Trouble,
    function::{Failure, World},
    text::Str,
    value::Value,
};

/// Templates have fewer than ten in one another. So many fit on the stack of a render's thread.
const MOST_PARENS: usize = 20_000;

/// How long lists of arguments are that are kept.
const MOST_KEPT: usize = 32;

/// The functions that put something into a map that is there.
const CHANGING: [&str; 5] = ["set", "merge", "mergeOverwrite", "mustMerge", "mustMergeOverwrite"];

/// Everything that a render changes, but for values.
pub(crate) struct Machine {
    compiled: Arc<Compiled>,
    brought: Brought,
    pub(crate) world: Box<dyn World + Send>,
    pub(crate) lint: bool,
    steps: u64,
    pub(crate) bytes: usize,
    deepest: usize,
    /// Parentheses that are open, in all templates.
    parens: usize,
    /// What is written so far.
    pub(crate) out: Vec<u8>,
    /// Lists that arguments of calls may come into: a render makes thousands of calls.
    idle: Vec<Vec<Value>>,
    /// Templates that are being executed, the innermost last.
    frames: Vec<Frame>,
    /// The templates that names stand for at the moment.
    table: Arc<Table>,
    /// `$`, and what errors call a text of `tpl`.
    names: [Str; 2],
    /// How often each template is being included.
    pub(crate) includes: HashMap<Str, usize>,
    /// Maps that functions have changed.
    pub(super) changed: Changed,
    /// Why minijinja was told to stop.
    pub(super) trouble: Option<Box<Trouble>>,
}

impl Machine {
    pub(super) fn new(compiled: Arc<Compiled>, world: Box<dyn World + Send>, job: &Job) -> Self {
        let table = Arc::clone(&compiled.table);
        let limits = job.limits;
        Self {
            compiled,
            brought: Brought::default(),
            world,
            lint: job.lint,
            steps: limits.steps,
            bytes: limits.bytes,
            deepest: limits.depth,
            parens: 0,
            out: Vec::new(),
            idle: Vec::new(),
            frames: Vec::new(),
            table,
            names: ["$", "gotpl"].map(Str::from),
            includes: HashMap::new(),
            changed: Changed::default(),
            trouble: None,
        }
    }

    /// Counts one command or round.
    pub(crate) fn step(&mut self) -> Result<(), Failure> {
        match self.steps.checked_sub(1) {
            Some(left) => self.steps = left,
            None => return Err(Failure::new("the template takes more steps than it may")),
        }
        Ok(())
    }

    /// Opens a parenthesis, if not too many are open.
    pub(crate) fn nest(&mut self) -> bool {
        self.parens += 1;
        self.parens <= MOST_PARENS
    }

    pub(crate) fn unnest(&mut self) {
        self.parens -= 1;
    }

    /// Counts bytes that are made.
    pub(crate) fn take(&mut self, bytes: usize) -> Result<(), Failure> {
        match self.bytes.checked_sub(bytes) {
            Some(left) => self.bytes = left,
            None => return Err(Failure::new("the template makes more text than it may")),
        }
        Ok(())
    }

    /// Returns an empty list for arguments.
    pub(crate) fn arguments(&mut self) -> Vec<Value> {
        self.idle.pop().unwrap_or_default()
    }

    /// Takes a list back that was for arguments, unless it is a long one.
    pub(crate) fn give_back(&mut self, mut arguments: Vec<Value>) {
        arguments.clear();
        if arguments.capacity() <= MOST_KEPT {
            self.idle.push(arguments);
        }
    }

    /// Says whether keys that are not there are errors.
    pub(crate) fn strict(&self) -> bool {
        self.compiled.texts.language().strict
    }

    pub(crate) fn lookup(&self, name: &Str) -> Option<Entry> {
        self.table.get(name)
    }

    /// Compiles a text for `tpl` and lays what it defines over the templates that are there. Returns those as well.
    pub(crate) fn overlay(&mut self, text: &Str) -> Result<(Entry, Arc<Table>), Failure> {
        let name = self.names[1].clone();
        let cost = u64::try_from(text.len()).unwrap_or(u64::MAX);
        self.steps = self.steps.saturating_sub(cost / 16);
        self.step()?;
        let unit = self.brought.compile(&name, text, &self.compiled.texts).map_err(Failure::new)?;
        let mut table = Table::over(Arc::clone(&self.table));
        let entry = table.add(unit, &name).ok_or_else(|| Failure::new("the text has no template"))?;
        Ok((entry, std::mem::replace(&mut self.table, Arc::new(table))))
    }

    /// Notes what a function has changed: a map may now hold itself.
    pub(crate) fn note(&mut self, function: &str, values: &[Value]) {
        if let Some(Value::Map(map)) = values.first()
            && CHANGING.contains(&function)
        {
            self.changed.add(map);
        }
    }

    pub(crate) fn restore(&mut self, table: Arc<Table>) {
        self.table = table;
    }

    /// Returns what to say when templates nest as deep as they may.
    pub(crate) fn depth_limit(&self) -> Option<String> {
        let full = self.frames.len() >= self.deepest;
        full.then(|| format!("exceeded maximum template depth ({})", self.deepest))
    }

    /// Begins a template. The dot is its `$` too.
    pub(super) fn enter(&mut self, entry: Entry, dot: Value) -> Result<(), Failure> {
        if let Some(limit) = self.depth_limit() {
            return Err(Failure::new(limit));
        }
        self.frames.push(Frame::new(entry, self.names[0].clone(), Operand::plain(dot)));
        Ok(())
    }

    pub(super) fn leave(&mut self) {
        self.frames.pop();
    }

    pub(crate) fn frame(&mut self) -> &mut Frame {
        self.frames.last_mut().expect("invariant: sites run in templates that have begun")
    }

    pub(crate) fn dot(&self, depth: usize) -> Operand {
        let dot = self.frames.last().and_then(|frame| frame.dot(depth));
        dot.cloned().unwrap_or_else(|| Operand::plain(Value::Nil))
    }

    /// Goes round once more; says whether there was anything left. An error is kept for whoever asks next.
    pub(super) fn advance(&mut self, depth: usize) -> bool {
        match self.step() {
            Ok(()) => self.frame().advance(depth),
            Err(failure) => {
                self.trouble = Some(self.frame().trouble_in_range(depth, failure));
                false
            }
        }
    }
}

impl std::fmt::Debug for Machine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Machine").field("steps", &self.steps).field("bytes", &self.bytes).finish_non_exhaustive()
    }
}
