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

    /// Work goes on, maybe for minutes: what the last attempt at this generation failed of stays to be read.
    pub(crate) fn working_on(&mut self, message: &str) {
        let ready = conditions::find_condition(self.conditions, READY);
        if ready.is_some_and(|ready| ready.status == FALSE && ready.observed_generation == Some(self.generation)) {
            return self.set(RECONCILING, TRUE, reasons::PROGRESSING, message);
        }
        self.working(message, message);
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns Ready and Reconciling while a retry runs at a generation that failed, or at one after it.
    fn retried(generation: i64) -> [(String, String); 2] {
        let mut conditions = Vec::new();
        Marks::new(&mut conditions, 1, Timestamp::UNIX_EPOCH).failed("LimitExceeded", "too large");
        Marks::new(&mut conditions, generation, Timestamp::UNIX_EPOCH).working_on("building artifact");
        [READY, RECONCILING].map(|type_| {
            let found = conditions::find_condition(&conditions, type_).unwrap();
            (found.status.clone(), found.message.clone())
        })
    }

    #[test]
    fn a_failure_can_be_read_while_the_same_is_tried_again() {
        let told = |status: &str, message: &str| (status.to_owned(), message.to_owned());
        assert_eq!(retried(1), [told(FALSE, "too large"), told(TRUE, "building artifact")]);
        assert_eq!(retried(2), [told(UNKNOWN, "building artifact"), told(TRUE, "building artifact")]);
    }

    #[test]
    fn long_messages_are_cut_between_characters() {
        assert_eq!(shorten("é"), "é");
        let cut = shorten(&"é".repeat(LONGEST));
        assert_eq!((cut.len(), cut.ends_with("é...")), (LONGEST + 3, true));
    }
}
