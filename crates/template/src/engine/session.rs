//! A render that is under way, as minijinja's calls reach it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use minijinja::Value as Jinja;

use super::{
    frame::{Items, Round},
    host,
    lower::{Act, Place, Step},
    machine::Machine,
    table::Entry,
};
use crate::{
    builtins::Operand,
    exec::{Evaluator, Outcome, Trouble},
    function::Failure,
    print,
    syntax::Pipe,
    value::Value,
};

/// The machine, and what minijinja's templates find under the names of calls.
///
/// One render runs on one thread; the lock is there because minijinja's values may be sent.
#[derive(Debug)]
pub(crate) struct Session {
    machine: Mutex<Machine>,
    calls: Jinja,
}

impl Session {
    pub(super) fn new(machine: Machine) -> Arc<Self> {
        Arc::new_cyclic(|session: &Weak<Self>| Self { machine: Mutex::new(machine), calls: host::calls(session) })
    }

    pub(crate) fn machine(&self) -> MutexGuard<'_, Machine> {
        self.machine.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Executes a template to its end.
    pub(crate) fn execute(&self, entry: Entry, dot: Value) -> Outcome<()> {
        let (unit, program) = (Arc::clone(&entry.unit), entry.program);
        let entered = self.machine().enter(entry, dot);
        entered.map_err(Trouble::bare)?;
        let result = match unit.programs[program].lowered.code.is_empty() {
            // A template without structures has nothing for minijinja to decide.
            true if unit.programs[program].lowered.sites.is_empty() => Ok(()),
            true => self.block(0),
            false => self.run(&unit, program),
        };
        self.machine().leave();
        result
    }

    fn run(&self, unit: &super::Unit, program: usize) -> Outcome<()> {
        let template = unit.environment.get_template(&unit.programs[program].number);
        let result = template.and_then(|template| template.render(self.calls.clone()));
        match (self.machine().trouble.take(), result) {
            (Some(trouble), _) => Err(trouble),
            (None, Ok(_)) => Ok(()),
            (None, Err(error)) => Err(Trouble::bare(Failure::new(format!("minijinja: {error}")))),
        }
    }

    /// Runs a site of the template that is being executed.
    fn at<T>(&self, site: usize, run: impl FnOnce(&Act, Place, &super::Unit) -> Outcome<T>) -> Outcome<T> {
        let (unit, program) = self.machine().frame().unit();
        let Some(site) = unit.programs[program].lowered.sites.get(site) else {
            return Err(Trouble::bare(Failure::new("minijinja: there is no such site")));
        };
        if site.place.leaves {
            self.machine().frame().close(site.place.scopes);
        }
        run(&site.act, site.place, &unit)
    }

    pub(super) fn block(&self, site: usize) -> Outcome<()> {
        self.at(site, |act, place, unit| {
            let Act::Block(steps) = act else { return Ok(()) };
            let mut evaluator = Evaluator::new(self, unit, place.dots, &NOWHERE);
            for step in steps {
                match step {
                    Step::Text(range) => {
                        let text = unit.source.as_bytes().get(range.clone()).unwrap_or_default();
                        evaluator.machine().out.extend_from_slice(text);
                        evaluator.take(text.len())?;
                    }
                    Step::Action(pipe) => evaluator.action(pipe)?,
                    Step::Template(node) => evaluator.template(node)?,
                }
            }
            Ok(())
        })
    }

    pub(super) fn condition(&self, site: usize) -> Outcome<bool> {
        self.at(site, |act, place, unit| {
            let Act::Branch(pipe, with) = act else { return Ok(false) };
            let mut evaluator = Evaluator::new(self, unit, place.dots, pipe);
            evaluator.machine().frame().open(place.scopes);
            let value = evaluator.pipe(pipe)?;
            let truth = value.is_true();
            if truth && *with {
                evaluator.machine().frame().set_dot(place.dots + 1, Operand::plain(value));
            }
            Ok(truth)
        })
    }

    /// Begins a range. Returns at which depth of loops it goes round.
    pub(super) fn range(&self, site: usize) -> Outcome<usize> {
        self.at(site, |act, place, unit| {
            let Act::Range(pipe) = act else { return Ok(place.loops) };
            let mut evaluator = Evaluator::new(self, unit, place.dots, pipe);
            evaluator.machine().frame().open(place.scopes);
            let value = evaluator.pipe(pipe)?;
            let items = items(&mut evaluator, pipe, value)?;
            let frame = evaluator.machine().frame();
            let names = pipe.variables.iter().map(|variable| variable.name.clone()).collect();
            let variables = frame.variables();
            let dot = place.dots + 1;
            frame.start(place.loops, Round { items, site, next: 0, variables, names, assigns: pipe.assigns, dot });
            Ok(place.loops)
        })
    }

    pub(super) fn was_idle(&self, site: usize) -> Outcome<bool> {
        self.at(site, |_, place, _| {
            let mut machine = self.machine();
            let frame = machine.frame();
            Ok(frame.was_idle(place.loops))
        })
    }
}

/// Blocks begin with a pipeline of their own at once.
static NOWHERE: Pipe = Pipe { position: 0, assigns: false, variables: Vec::new(), commands: Vec::new() };

fn items<'u>(evaluator: &mut Evaluator<'u>, pipe: &'u Pipe, value: Value) -> Outcome<Items> {
    match value {
        Value::Int(..) if pipe.variables.len() > 1 => {
            evaluator.fail(format!("can't use {} to iterate over more than one variable", print::text(&value)))
        }
        Value::Int(kind, count) if kind.is_unsigned() => Ok(Items::Count(kind, count.cast_unsigned())),
        Value::Int(kind, count) => Ok(Items::Count(kind, u64::try_from(count).unwrap_or(0))),
        Value::List(list) => Ok(Items::List(list)),
        Value::Map(map) => Ok(Items::Entries(map.entries(), map.type_of().element())),
        Value::Nil => Ok(Items::Count(crate::IntKind::Int, 0)),
        other => evaluator.fail(format!("range can't iterate over {}", print::text(&other))),
    }
}
