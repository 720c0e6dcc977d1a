//! Objects of hooks that go.

use std::collections::VecDeque;

use jiff::Timestamp;
use sluice_object::Object;

use crate::{
    error::Error,
    manifest,
    options::Wait,
    part::Turn,
    remove::Remove,
    step::Input,
    waiting::{Waited, Waiting},
    work::Work,
};

/// The objects of one hook, being deleted and awaited until they are gone.
#[derive(Clone)]
pub(crate) struct Clear {
    remove: Option<Remove>,
    waiting: Option<Waiting>,
    /// Whether their end is awaited although no object of the release is: they are about to be made anew, and an object
    /// that is on its way out would take the new one with it.
    always_waits: bool,
}

impl Clear {
    pub(crate) fn new(objects: Vec<Object>, always_waits: bool) -> Self {
        Self { remove: Some(Remove::objects(objects)), waiting: None, always_waits }
    }

    pub(crate) fn turn(&mut self, work: &mut Work, mut input: Option<Input>, now: Timestamp) -> Turn {
        if let Some(remove) = &mut self.remove {
            match remove.turn(work, input.take()) {
                Turn::Done => self.remove = None,
                turn => return turn,
            }
        }
        if work.options.wait == Wait::HookOnly && !self.always_waits {
            return Turn::Done;
        }
        let waiting = self.waiting.get_or_insert_with(|| Waiting::for_end(&work.going, work.options.timeout, now));
        match waiting.turn(input, now) {
            Waited::Going(turn) => turn,
            Waited::Reached => Turn::Done,
            Waited::Failed(text) => Turn::Fail(Error::new(text)),
        }
    }
}

/// Hooks whose objects go, one after the other. Errors of some do not count.
#[derive(Clone, Default)]
pub(crate) struct Leftovers {
    queue: VecDeque<(usize, bool)>,
    clear: Option<(Clear, bool)>,
}

impl Leftovers {
    pub(crate) fn of(hooks: Vec<(usize, bool)>) -> Self {
        Self { queue: hooks.into(), clear: None }
    }

    pub(crate) fn turn(&mut self, work: &mut Work, mut input: Option<Input>, now: Timestamp) -> Turn {
        self.queue.extend(std::mem::take(&mut work.leftovers));
        loop {
            let Some((clear, lenient)) = &mut self.clear else {
                let Some((place, lenient)) = self.queue.pop_front() else { return Turn::Done };
                self.clear = Some((Clear::new(objects(place, work), false), lenient));
                continue;
            };
            match clear.turn(work, input.take(), now) {
                Turn::Fail(error) if !*lenient => return Turn::Fail(error),
                Turn::Done | Turn::Fail(_) => self.clear = None,
                turn => return turn,
            }
        }
    }
}

/// The hook has run, so that its manifest can be read and its kinds are known.
fn objects(place: usize, work: &Work) -> Vec<Object> {
    let manifest = work.release.hooks.get(place).map(|hook| &*hook.manifest).unwrap_or_default();
    let mut objects = manifest::objects(manifest).unwrap_or_default();
    objects.iter_mut().for_each(|object| work.kinds.place(object, &work.release.namespace));
    objects
}
