//! What the machine asks of its driver, and what the driver tells it.

use sluice_apply::{
    WaitSpec,
    health::{Health, Reader},
};
use sluice_cluster::{ApiError, Request, Response};
use sluice_helm::{Event, release::Release};
use sluice_object::ObjectId;

use crate::error::Error;

/// What the machine wants next.
#[derive(Clone, PartialEq)]
pub enum Step {
    /// Do the requests, at most `concurrency` at once, and hand in [`Input::Answers`].
    Requests {
        /// The requests.
        requests: Vec<Request>,
        /// How many may be under way at once.
        concurrency: usize,
    },
    /// Watch the targets: hand in [`Input::Health`] as it becomes known, or [`Input::Deadline`].
    Wait {
        /// The wait.
        spec: WaitSpec,
        /// The rules of health that count here; see [`Reader::judges`].
        reader: Reader,
    },
    /// It has ended: with the release as it now is, or with what went wrong.
    Ended(Result<Box<Release>, Error>),
}

/// What the driver tells.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// Answers to the requests of the last step, in their order.
    Answers(Vec<Result<Response, ApiError>>),
    /// What is known of awaited objects. An object that is gone is [`Health::not_found`].
    Health(Vec<(ObjectId, Health)>),
    /// The deadline of the wait has passed.
    Deadline,
    /// What is awaited is no longer wanted. Only waits for objects of the release end by it.
    Cancelled,
}

/// Where an action is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Definitions of the chart are brought in.
    Definitions,
    /// The objects are tried.
    Checking,
    /// A revision is stored.
    Storing,
    /// Hooks of a moment run.
    Hook(Event),
    /// Objects are written.
    Applying,
    /// Objects are awaited.
    Waiting,
    /// Objects are deleted.
    Deleting,
    /// It has ended.
    Ended,
}

/// Requests may hold secrets: only their verbs are shown.
impl std::fmt::Debug for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Requests { requests, .. } => {
                let verbs: Vec<_> = requests.iter().map(|request| request.verb().as_str()).collect();
                f.debug_tuple("Requests").field(&verbs).finish()
            }
            Self::Wait { spec, .. } => f.debug_tuple("Wait").field(spec).finish(),
            Self::Ended(result) => f.debug_tuple("Ended").field(result).finish(),
        }
    }
}
