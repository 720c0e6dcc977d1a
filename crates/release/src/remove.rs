//! Objects that go: deleted kind by kind, then awaited until they are gone.

use std::collections::VecDeque;

use jiff::Timestamp;
use sluice_cluster::{ApiError, Precondition, Propagation, Request, Response, Target};
use sluice_object::Object;

use crate::{
    error::{Error, joined},
    options::Wait,
    part::{Turn, answers},
    step::Input,
    waiting::{Waited, Waiting},
    work::Work,
};

/// Objects being deleted. Those that were there are in [`Work::going`] afterwards.
#[derive(Clone)]
pub(crate) struct Remove {
    groups: VecDeque<Vec<Object>>,
    propagation: Propagation,
    separator: &'static str,
    from: From,
    errors: Vec<Error>,
}

/// Which objects go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum From {
    Given,
    Former,
    Created,
}

impl Remove {
    /// Deletes objects; errors are joined as Helm does for hooks.
    pub(crate) fn objects(objects: Vec<Object>) -> Self {
        Self { groups: by_kind(objects), ..Self::new(From::Given, Propagation::Background, "; ") }
    }

    /// Deletes the objects of a release.
    pub(crate) fn former(propagation: Propagation) -> Self {
        Self::new(From::Former, propagation, ", ")
    }

    /// Deletes what a failed action has made.
    pub(crate) fn created() -> Self {
        Self::new(From::Created, Propagation::Background, ", ")
    }

    fn new(from: From, propagation: Propagation, separator: &'static str) -> Self {
        Self { groups: VecDeque::new(), propagation, separator, from, errors: Vec::new() }
    }

    pub(crate) fn turn(&mut self, work: &mut Work, input: Option<Input>) -> Turn {
        match answers(input) {
            None => self.begin(work),
            Some(answers) => self.learn(work, answers),
        }
        match self.groups.front() {
            Some(group) => Turn::Ask(group.iter().map(|object| self.delete(object)).collect()),
            None => match joined(std::mem::take(&mut self.errors), self.separator) {
                Some(error) => Turn::Fail(error),
                None => Turn::Done,
            },
        }
    }

    fn begin(&mut self, work: &mut Work) {
        work.going.clear();
        match self.from {
            From::Given => {}
            From::Former => self.groups = by_kind(work.former.clone()),
            From::Created => self.groups = by_kind(work.created.clone()),
        }
    }

    fn learn(&mut self, work: &mut Work, answers: Vec<Result<Response, ApiError>>) {
        for (object, answer) in self.groups.pop_front().unwrap_or_default().into_iter().zip(answers) {
            match answer {
                Ok(_) => work.going.push(object),
                Err(error) if error.is_not_found() => {}
                Err(error) => self.errors.push(Error::new(error.to_string()).about(&object)),
            }
        }
    }

    fn delete(&self, object: &Object) -> Request {
        let (target, only_if) = (Target::of(object), Precondition::default());
        Request::Delete { target, only_if, propagation: self.propagation }
    }
}

/// Objects of one kind that stand in a row go at once.
pub(crate) fn by_kind(objects: Vec<Object>) -> VecDeque<Vec<Object>> {
    let mut groups: VecDeque<Vec<Object>> = VecDeque::new();
    for object in objects {
        match groups.back_mut() {
            Some(group) if group.first().is_some_and(|first| first.kind() == object.kind()) => group.push(object),
            _ => groups.push_back(vec![object]),
        }
    }
    groups
}

/// What an action awaits.
#[derive(Clone)]
pub(crate) enum Await {
    /// The objects of the release, to be as desired.
    Items(Option<Waiting>),
    /// The deleted objects, to be gone.
    End(Option<Waiting>),
}

impl Await {
    pub(crate) fn turn(&mut self, work: &mut Work, input: Option<Input>, now: Timestamp) -> Turn {
        if work.options.wait == Wait::HookOnly {
            return Turn::Done;
        }
        let waiting = match self {
            Self::Items(waiting) => waiting.get_or_insert_with(|| items(work, now)),
            Self::End(waiting) => {
                waiting.get_or_insert_with(|| Waiting::for_end(&work.going, work.options.timeout, now))
            }
        };
        match waiting.turn(input, now) {
            Waited::Going(turn) => turn,
            Waited::Reached => Turn::Done,
            Waited::Failed(text) => Turn::Fail(Error::new(text)),
        }
    }
}

/// A Deployment that is paused never gets there. Waits are long, and many at once: of objects only their names are kept.
fn items(work: &mut Work, now: Timestamp) -> Waiting {
    let awaited = work.items.iter().filter(|item| !is_paused(&item.object));
    let known: Vec<_> = awaited.map(|item| (&item.object, item.health.clone())).collect();
    let waiting = Waiting::for_health(&known, work.terms(), now);
    work.items.iter_mut().for_each(|item| item.object = item.object.named());
    waiting
}

fn is_paused(object: &Object) -> bool {
    let gvk = object.gvk();
    let is_deployment = (gvk.group.as_str(), gvk.version.as_str(), gvk.kind.as_str()) == ("apps", "v1", "Deployment");
    is_deployment && object.value().pointer("/spec/paused").and_then(serde_json::Value::as_bool) == Some(true)
}
