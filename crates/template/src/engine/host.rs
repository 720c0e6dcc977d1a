//! The calls that minijinja's templates make.

use std::sync::{Arc, Weak};

use minijinja::{
    Error, ErrorKind, State,
    value::{Enumerator, Object, ObjectRepr, Value},
};

use super::session::Session;
use crate::exec::Outcome;

/// What a call does: see `lower`.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Block,
    Condition,
    Range,
    Idle,
}

/// A name in minijinja's context.
#[derive(Debug)]
struct Call {
    kind: Kind,
    session: Weak<Session>,
}

/// The context: the four calls.
#[derive(Debug)]
struct Calls([Value; 4]);

/// A range at a depth of loops, as minijinja goes through it.
#[derive(Debug)]
struct Rounds {
    session: Weak<Session>,
    depth: usize,
}

/// Returns minijinja's context of a render.
pub(super) fn calls(session: &Weak<Session>) -> Value {
    let kinds = [Kind::Block, Kind::Condition, Kind::Range, Kind::Idle];
    Value::from_object(Calls(kinds.map(|kind| Value::from_object(Call { kind, session: Weak::clone(session) }))))
}

impl Object for Calls {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        let [block, condition, range, idle] = &self.0;
        match key {
            "b" => Some(block.clone()),
            "c" => Some(condition.clone()),
            "r" => Some(range.clone()),
            "z" => Some(idle.clone()),
            _ => None,
        }
    }
}

impl Object for Call {
    fn call(self: &Arc<Self>, _state: &mut State<'_, '_>, args: &[Value]) -> Result<Value, Error> {
        let (Some(session), Some(site)) = (self.session.upgrade(), args.first().and_then(Value::as_usize)) else {
            return Err(stopped());
        };
        if session.machine().trouble.is_some() {
            return Err(stopped());
        }
        match self.kind {
            Kind::Block => answer(&session, session.block(site)).map(|()| Value::UNDEFINED),
            Kind::Condition => answer(&session, session.condition(site)).map(Value::from),
            Kind::Idle => answer(&session, session.was_idle(site)).map(Value::from),
            Kind::Range => {
                let depth = answer(&session, session.range(site))?;
                Ok(Value::from_object(Rounds { session: Weak::clone(&self.session), depth }))
            }
        }
    }
}

impl Object for Rounds {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Iterable
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        let rounds = Arc::clone(self);
        Enumerator::Iter(Box::new(std::iter::from_fn(move || rounds.next())))
    }
}

impl Rounds {
    fn next(&self) -> Option<Value> {
        let session = self.session.upgrade()?;
        let more = session.machine().advance(self.depth);
        more.then_some(Value::UNDEFINED)
    }
}

/// Keeps an error; minijinja is only told to stop.
fn answer<T>(session: &Session, outcome: Outcome<T>) -> Result<T, Error> {
    outcome.map_err(|trouble| {
        session.machine().trouble = Some(trouble);
        stopped()
    })
}

fn stopped() -> Error {
    Error::new(ErrorKind::InvalidOperation, "")
}
