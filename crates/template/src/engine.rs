//! Sets of templates, compiled once and rendered as Helm's engine renders a chart.
//!
//! sources → [`Compiled`]: parsed, lowered to minijinja → [`Compiled::render`] with values and a world → texts

mod checks;
mod cycles;
mod frame;
mod host;
mod lower;
mod machine;
mod order;
mod report;
mod session;
mod table;
mod unit;

use std::{collections::BTreeMap, sync::Arc, thread};

pub(crate) use checks::CHECKS;
pub(crate) use machine::Machine;
pub(crate) use session::Session;
pub use unit::Texts;
pub(crate) use unit::Unit;

use crate::{
    exec::without_no_value,
    function::{Failure, Functions, World},
    map::Map,
    syntax::Delimiters,
    text::Str,
    value::Value,
};
use table::Table;

/// A template by its path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The path, which errors begin with. Those whose last part begins with `_` are not rendered.
    pub name: Str,
    /// What is in it.
    pub text: Str,
}

/// How templates are read.
#[derive(Debug, Clone, Default)]
pub struct Language {
    /// The functions besides Go's own.
    pub functions: Functions,
    /// What actions begin and end with.
    pub delimiters: Delimiters,
    /// Whether a key that a map does not have is an error: `missingkey=error`.
    pub strict: bool,
}

/// A set of templates, ready to be rendered any number of times, also at once.
#[derive(Debug)]
pub struct Compiled {
    /// The names of all files, in the order in which they are rendered.
    files: Vec<Str>,
    table: Arc<Table>,
    texts: Arc<Texts>,
}

/// What the templates of a file see.
#[derive(Debug, Clone)]
pub struct Data {
    /// Their dot: a map that files may share, and may change. `Template` is set in it for each file, of its type.
    pub values: Map,
    /// `.Template.BasePath`
    pub base_path: Str,
}

/// What a render is for, and how much it may take.
#[derive(Debug, Clone)]
pub struct Job {
    /// What each file sees.
    pub data: BTreeMap<Str, Data>,
    /// Whether templates are only looked at: `required` and `fail` do not end the render.
    pub lint: bool,
    /// The bounds.
    pub limits: Limits,
}

/// Bounds of one render; the error names the one that was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Commands and rounds of loops.
    pub steps: u64,
    /// Templates in templates.
    pub depth: usize,
    /// Bytes that templates and functions make, what is thrown away included.
    pub bytes: usize,
}

impl Default for Limits {
    /// Far beyond what any known chart takes, and done in seconds.
    fn default() -> Self {
        Self { steps: 20_000_000, depth: 4000, bytes: 256 << 20 }
    }
}

/// Address space for a render's thread; only what is used costs memory. It holds templates in templates to the depth of
/// [`Limits`], and parentheses as deep as Go reads them.
const STACK: usize = 512 << 20;

impl Compiled {
    /// Compiles files. Of templates with one name that of the file counts that comes last: the higher it lies, the later.
    ///
    /// # Errors
    /// As Helm tells them: `parse error at (file:line): …`.
    pub fn new(sources: &[Source], language: Language) -> Result<Self, Failure> {
        Self::sharing(sources, &Arc::new(Texts::new(language)))
    }

    /// Compiles files, but for texts that were compiled before and are still there.
    ///
    /// # Errors
    /// As [`Compiled::new`].
    pub fn sharing(sources: &[Source], texts: &Arc<Texts>) -> Result<Self, Failure> {
        on_a_large_stack(|| Self::compile(sources, texts))
    }

    fn compile(sources: &[Source], texts: &Arc<Texts>) -> Result<Self, Failure> {
        let mut sorted: Vec<_> = sources.iter().collect();
        sorted.sort_by(|one, other| order::by_depth(&one.name, &other.name));
        let mut table = Table::default();
        for source in &sorted {
            let unit = texts.compile(&source.name, &source.text);
            table.add(unit.map_err(|error| report::parse_error(&source.name, &error))?, &source.name);
        }
        texts.forget();
        let files = sorted.into_iter().map(|source| source.name.clone()).collect();
        Ok(Self { files, table: Arc::new(table), texts: Arc::clone(texts) })
    }

    /// Renders all files that are no partials, deepest path first, and returns their texts by name.
    ///
    /// # Errors
    /// As Helm tells them: where the execution was, and what went wrong there.
    pub fn render(self: &Arc<Self>, job: Job, world: Box<dyn World + Send>) -> Result<BTreeMap<Str, Str>, Failure> {
        on_a_large_stack(|| self.render_here(job, world))
    }

    fn render_here(self: &Arc<Self>, job: Job, world: Box<dyn World + Send>) -> Result<BTreeMap<Str, Str>, Failure> {
        let session = Session::new(Machine::new(Arc::clone(self), world, &job));
        let rendered = self.render_files(&session, &job);
        session.machine().changed.cut();
        rendered
    }

    fn render_files(&self, session: &Arc<Session>, job: &Job) -> Result<BTreeMap<Str, Str>, Failure> {
        let mut rendered = BTreeMap::new();
        for name in self.files.iter().filter(|name| !order::is_partial(name)) {
            let text = self.render_file(session, name, job)?;
            rendered.insert(name.clone(), text);
        }
        Ok(rendered)
    }

    fn render_file(&self, session: &Arc<Session>, name: &Str, job: &Job) -> Result<Str, Failure> {
        let mut dot = Value::Nil;
        if let Some(data) = job.data.get(name) {
            let entries = [("Name", name.clone()), ("BasePath", data.base_path.clone())];
            let entries = entries.map(|(key, text)| (Str::from(key), Value::String(text)));
            data.values.set("Template", Value::Map(Map::typed(data.values.type_of(), entries.into())));
            dot = Value::Map(data.values.clone());
        }
        let Some(entry) = self.table.get(name) else { return Ok("".into()) };
        session.execute(entry, dot).map_err(|trouble| report::execution_error(name, &trouble))?;
        Ok(without_no_value(std::mem::take(&mut session.machine().out).into()))
    }
}

/// Templates nest as their authors like; the stacks of other threads are too small for that.
fn on_a_large_stack<T: Send>(run: impl FnOnce() -> Result<T, Failure> + Send) -> Result<T, Failure> {
    thread::scope(|scope| {
        let thread = thread::Builder::new().name("render".into()).stack_size(STACK).spawn_scoped(scope, run);
        let thread = thread.map_err(|error| Failure::new(format!("start a thread for templates: {error}")))?;
        thread.join().unwrap_or_else(|_| Err(Failure::new("rendering template failed: it has ended with a panic")))
    })
}
