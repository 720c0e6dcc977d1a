//! What the conditions of a failed release say beside the failure: what comes next, and when.

use std::time::Duration;

use jiff::Timestamp;
use sluice_api::{
    conditions::{FALSE, READY, RECONCILING, STALLED, TRUE, find_condition, reasons},
    helm::{HelmRelease, Remediation},
};
use sluice_reconcile::Next;

use super::{Run, Step, recovering::GivenUp};

/// Stands between Flux's words and ours.
const NEXT: &str = "; next: ";

impl Run {
    /// The same is tried again after a time that grows with each failure. Tries that count have a number.
    pub(super) fn try_again(mut self, object: &HelmRelease, counts: bool, now: Timestamp) -> Step {
        let delay = delay(self.facts.policy.retry_delays, self.status.failures);
        let remediation = object.remediation(&self.status).filter(|_| counts);
        let next = retry(remediation.as_ref(), at(now, delay));
        self.say_next(object, &next, now);
        if counts {
            let message = self.ready_message().unwrap_or_default();
            self.marks(object, now).set(RECONCILING, TRUE, reasons::PROGRESSING_WITH_RETRY, &message);
        }
        self.pause(object, Next::In(delay))
    }

    /// Releases that are tried again instead of being remediated wait for it.
    pub(super) fn try_again_after(mut self, object: &HelmRelease, after: Duration, now: Timestamp) -> Step {
        let next = retry(None, at(now, after));
        self.say_next(object, &next, now);
        let message = format!("retrying after {}{NEXT}{next}", sluice_api::Duration(after));
        self.marks(object, now).set(RECONCILING, TRUE, reasons::PROGRESSING_WITH_RETRY, &message);
        self.status.observed_generation = object.metadata.generation;
        self.pause(object, Next::In(after))
    }

    /// Nothing is tried until spec, chart or values change, or somebody asks for it.
    pub(super) fn give_up(mut self, object: &HelmRelease, given_up: GivenUp, next: Next, now: Timestamp) -> Step {
        let told = last_resort(object, next != Next::Never);
        self.say_next(object, &told, now);
        let mut marks = self.marks(object, now);
        marks.clear(RECONCILING);
        marks.set(STALLED, TRUE, given_up.reason, &format!("{}{NEXT}{told}", given_up.message));
        self.status.observed_generation = object.metadata.generation;
        self.pause(object, next)
    }

    /// Appends what is next to what has failed, in place of what was next before.
    fn say_next(&mut self, object: &HelmRelease, next: &str, now: Timestamp) {
        let ready = find_condition(&self.status.conditions, READY).filter(|ready| ready.status == FALSE).cloned();
        let Some(ready) = ready else { return };
        let failure = ready.message.rsplit_once(NEXT).map_or(ready.message.as_str(), |(failure, _)| failure);
        self.marks(object, now).set(READY, FALSE, &ready.reason, &format!("{failure}{NEXT}{next}"));
    }
}

/// client-go: exponential from the first delay to the longest.
fn delay((first, longest): (Duration, Duration), failures: i64) -> Duration {
    let doublings = u32::try_from(failures - 1).unwrap_or(0).min(20);
    first.saturating_mul(2u32.saturating_pow(doublings)).min(longest)
}

fn at(now: Timestamp, delay: Duration) -> Timestamp {
    crate::marks::time(now.saturating_add(delay).unwrap_or(Timestamp::MAX)).0
}

fn retry(remediation: Option<&Remediation>, at: Timestamp) -> String {
    match remediation {
        Some(Remediation { failures, retries, .. }) if (1..=*retries).contains(failures) => {
            format!("retry {failures} of {retries} at {at}")
        }
        Some(Remediation { failures, retries: ..0, .. }) => format!("retry {failures} at {at}"),
        _ => format!("another attempt at {at}"),
    }
}

fn last_resort(object: &HelmRelease, recovers: bool) -> String {
    let request = format!("a request (`flux reconcile helmrelease {} --reset`)", object.own_name());
    let recovery = if recovers { ", or the health of its objects" } else { "" };
    format!("no retry before a change of spec, chart or values, {request}{recovery}")
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use sluice_api::helm::RemediationStrategy;

    use super::*;

    #[rstest]
    #[case(0, 750)]
    #[case(1, 750)]
    #[case(3, 3000)]
    #[case(99, 900_000)]
    fn delays_grow(#[case] failures: i64, #[case] millis: u64) {
        let delays = (Duration::from_millis(750), Duration::from_secs(900));
        assert_eq!(delay(delays, failures), Duration::from_millis(millis));
    }

    #[rstest]
    #[case::counted(1, 3, "retry 1 of 3 at 1970-01-01T00:00:03Z")]
    #[case::the_last(3, 3, "retry 3 of 3 at 1970-01-01T00:00:03Z")]
    #[case::without_end(7, -1, "retry 7 at 1970-01-01T00:00:03Z")]
    #[case::beyond(2, 1, "another attempt at 1970-01-01T00:00:03Z")]
    fn retries_have_numbers(#[case] failures: i64, #[case] retries: i64, #[case] expected: &str) {
        let (strategy, ignore_test_failures, remediate_last_failure) = (RemediationStrategy::Rollback, false, false);
        let remediation = Remediation { retries, ignore_test_failures, remediate_last_failure, strategy, failures };
        let at = at(Timestamp::UNIX_EPOCH, Duration::from_millis(3999));
        assert_eq!(retry(Some(&remediation), at), expected);
    }
}
