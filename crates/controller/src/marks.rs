//! Conditions by the protocol that kstatus and the `flux` CLI read.

use jiff::Timestamp;
use sluice_api::{
    conditions::{self, Condition, FALSE, READY, RECONCILING, STALLED, TRUE, UNKNOWN, reasons},
    meta::Time,
};

/// Longest message of a condition, in bytes; longer ones are cut, as kustomize-controller does.
const LONGEST: usize = 20_000;

/// The conditions of one object while a pass changes them.
pub(crate) struct Marks<'a> {
    conditions: &'a mut Vec<Condition>,
    generation: i64,
    now: Timestamp,
}

impl<'a> Marks<'a> {
    pub(crate) fn new(conditions: &'a mut Vec<Condition>, generation: i64, now: Timestamp) -> Self {
        Self { conditions, generation, now }
    }

    /// Sets a condition. `lastTransitionTime` moves only when the status does.
    pub(crate) fn set(&mut self, type_: &str, status: &str, reason: &str, message: &str) {
        let condition = Condition {
            type_: type_.into(),
            status: status.into(),
            reason: reason.into(),
            message: shorten(message),
            observed_generation: Some(self.generation),
            last_transition_time: time(self.now),
        };
        conditions::set_condition(self.conditions, condition);
    }

    pub(crate) fn clear(&mut self, type_: &str) {
        conditions::remove_condition(self.conditions, type_);
    }

    /// Work goes on: Reconciling with a message, Ready unknown.
    pub(crate) fn working(&mut self, ready: &str, message: &str) {
        self.clear(STALLED);
        self.set(RECONCILING, TRUE, reasons::PROGRESSING, message);
        self.set(READY, UNKNOWN, reasons::PROGRESSING, ready);
    }

    /// Work is done.
    pub(crate) fn ready(&mut self, reason: &str, message: &str) {
        self.clear(STALLED);
        self.clear(RECONCILING);
        self.set(READY, TRUE, reason, message);
    }

    /// The attempt failed and is repeated.
    pub(crate) fn failed(&mut self, reason: &str, message: &str) {
        self.clear(STALLED);
        self.set(READY, FALSE, reason, message);
        if let Some(progress) = conditions::find_condition(self.conditions, RECONCILING).cloned() {
            self.set(RECONCILING, TRUE, reasons::PROGRESSING_WITH_RETRY, &progress.message);
        }
    }

    /// The attempt failed, and is not repeated before the object changes.
    pub(crate) fn stalled(&mut self, reason: &str, message: &str) {
        self.clear(RECONCILING);
        self.set(STALLED, TRUE, reason, message);
        self.set(READY, FALSE, reason, message);
    }

    /// Something else must happen first: only Ready tells it, as in Flux.
    pub(crate) fn blocked(&mut self, reason: &str, message: &str) {
        self.clear(STALLED);
        self.clear(RECONCILING);
        self.set(READY, FALSE, reason, message);
    }
}

/// Returns a time as Kubernetes writes it, in whole seconds.
pub(crate) fn time(at: Timestamp) -> Time {
    Time(Timestamp::from_second(at.as_second()).unwrap_or(at))
}

fn shorten(message: &str) -> String {
    if message.len() <= LONGEST {
        return message.into();
    }
    let end = (0..=LONGEST).rev().find(|index| message.is_char_boundary(*index)).unwrap_or(0);
    format!("{}...", &message[..end])
}
