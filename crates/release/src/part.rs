//! The parts that an action is made of, one after the other.

use jiff::Timestamp;
use sluice_apply::{WaitSpec, health::Reader};
use sluice_cluster::Request;
use sluice_helm::Event;

use crate::{
    check::{Check, Resolve, Retry},
    clear::Leftovers,
    crds::Definitions,
    error::Error,
    hooks::Hooks,
    namespace::Namespace,
    remove::{Await, Remove},
    stale::Stale,
    step::{Input, Phase},
    store::Storing,
    work::Work,
    write::Write,
};

/// What a part wants next.
pub(crate) enum Turn {
    Ask(Vec<Request>),
    Wait(WaitSpec, Reader),
    Done,
    Fail(Error),
}

/// A part under way.
#[derive(Clone)]
pub(crate) enum Part {
    Definitions(Definitions),
    Resolve(Resolve),
    Check(Check),
    Namespace(Namespace),
    Store(Storing),
    Hooks(Box<Hooks>),
    Leftovers(Leftovers),
    Retry(Retry),
    Write(Write),
    Stale(Stale),
    Remove(Remove),
    Await(Await),
    /// A change of what is known, without a request.
    Note(fn(&mut Work, Timestamp) -> Result<(), Error>),
}

/// What happens when a part fails.
#[derive(Clone, Copy)]
pub(crate) enum OnFail {
    /// The action ends.
    End,
    /// The action ends, with another error.
    EndWith(fn(&Work, Error) -> Error),
    /// The error is kept, and the next part comes.
    Keep,
    /// The next part comes.
    Ignore,
}

/// A part with what happens when it fails.
#[derive(Clone)]
pub(crate) struct Stage {
    pub(crate) part: Part,
    pub(crate) on_fail: OnFail,
}

impl Part {
    pub(crate) fn turn(&mut self, work: &mut Work, input: Option<Input>, now: Timestamp) -> Turn {
        match self {
            Self::Definitions(part) => part.turn(work, input, now),
            Self::Resolve(part) => part.turn(work, input),
            Self::Check(part) => part.turn(work, input),
            Self::Namespace(part) => part.turn(work, input),
            Self::Store(part) => part.turn(work, input, now),
            Self::Hooks(part) => part.turn(work, input, now),
            Self::Leftovers(part) => part.turn(work, input, now),
            Self::Retry(part) => part.turn(work, input),
            Self::Write(part) => part.turn(work, input, now),
            Self::Stale(part) => part.turn(work, input),
            Self::Remove(part) => part.turn(work, input),
            Self::Await(part) => part.turn(work, input, now),
            Self::Note(change) => match change(work, now) {
                Ok(()) => Turn::Done,
                Err(error) => Turn::Fail(error),
            },
        }
    }

    pub(crate) fn phase(&self) -> Phase {
        match self {
            Self::Definitions(_) => Phase::Definitions,
            Self::Resolve(_) | Self::Check(_) | Self::Retry(_) => Phase::Checking,
            Self::Namespace(_) | Self::Store(_) | Self::Note(_) => Phase::Storing,
            Self::Hooks(part) => Phase::Hook(part.event()),
            Self::Write(_) => Phase::Applying,
            Self::Await(_) => Phase::Waiting,
            Self::Leftovers(_) | Self::Stale(_) | Self::Remove(_) => Phase::Deleting,
        }
    }

    pub(crate) fn hooks(event: Event) -> Self {
        Self::Hooks(Box::new(Hooks::new(event)))
    }

    pub(crate) fn or_end(self) -> Stage {
        Stage { part: self, on_fail: OnFail::End }
    }

    pub(crate) fn or_end_with(self, change: fn(&Work, Error) -> Error) -> Stage {
        Stage { part: self, on_fail: OnFail::EndWith(change) }
    }

    pub(crate) fn or_keep(self) -> Stage {
        Stage { part: self, on_fail: OnFail::Keep }
    }

    pub(crate) fn or_ignore(self) -> Stage {
        Stage { part: self, on_fail: OnFail::Ignore }
    }
}

/// Returns the answers in an input; a driver that hands in something else is asked again.
pub(crate) fn answers(input: Option<Input>) -> Option<Vec<Result<sluice_cluster::Response, sluice_cluster::ApiError>>> {
    match input {
        Some(Input::Answers(answers)) => Some(answers),
        _ => None,
    }
}
