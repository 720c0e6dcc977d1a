//! What to do about one lease: a pure decision.

use std::time::Duration;

use tokio::time::Instant;

use super::record::LeaseSpec;

/// The times of an election, those of Flux's controllers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// How long others wait after the last change that they saw.
    pub duration: Duration,
    /// How long the holder goes on without having renewed. Shorter than `duration`: it stops before others begin.
    pub renew_deadline: Duration,
    /// How long between renewals, and between attempts.
    pub retry: Duration,
}

impl Default for Terms {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self { duration: seconds(35), renew_deadline: seconds(30), retry: seconds(5) }
    }
}

/// What this process itself has seen of a lease, by its own clock. Clocks of others are not trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Observation {
    /// When the lease was last seen to change.
    pub changed: Instant,
    /// When we last wrote ourselves into it; none when it is not ours.
    pub renewed: Option<Instant>,
}

/// What to do about a lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Write us into it: it is nobody's.
    Acquire,
    /// Write again: it is ours.
    Renew,
    /// Nothing before that time, unless it changes.
    Wait(Instant),
    /// It was ours and is no longer, or may not be for long.
    Lost,
}

/// Decides about a lease that is stored as `lease`, or not at all.
pub fn decide(lease: Option<&LeaseSpec>, seen: Observation, me: &str, terms: Terms, now: Instant) -> Act {
    match seen.renewed {
        Some(renewed) => keep(lease, renewed, me, terms, now),
        None => take(lease, seen.changed, me, now),
    }
}

fn keep(lease: Option<&LeaseSpec>, renewed: Instant, me: &str, terms: Terms, now: Instant) -> Act {
    let holder = lease.map(|lease| lease.holder.as_str()).unwrap_or_default();
    match holder {
        _ if now >= renewed + terms.renew_deadline => Act::Lost,
        // Deleted, or given back in our name.
        "" => Act::Acquire,
        other if other != me => Act::Lost,
        _ if now < renewed + terms.retry => Act::Wait(renewed + terms.retry),
        _ => Act::Renew,
    }
}

fn take(lease: Option<&LeaseSpec>, changed: Instant, me: &str, now: Instant) -> Act {
    match lease {
        None => Act::Acquire,
        Some(lease) if lease.holder.is_empty() => Act::Acquire,
        // Our write went through, its answer was lost.
        Some(lease) if lease.holder == me => Act::Renew,
        Some(lease) if now >= changed + lease.duration => Act::Acquire,
        Some(lease) => Act::Wait(changed + lease.duration),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rstest::rstest;
    use tokio::time::Instant;

    use super::{Act, LeaseSpec, Observation, Terms, decide};

    /// An act by name, with the second of waiting.
    #[derive(Debug, PartialEq)]
    enum Is {
        Acquire,
        Renew,
        WaitTo(u64),
        Lost,
    }

    fn held(holder: &str) -> Option<LeaseSpec> {
        Some(LeaseSpec {
            holder: holder.into(),
            duration: Duration::from_secs(35),
            acquired: "2001-01-01T00:00:00.000000Z".into(),
            renewed: "2001-01-01T00:00:00.000000Z".into(),
            transitions: 3,
        })
    }

    /// Decides at second `now` about a lease seen to change at second 0, renewed by us at second `renewed`.
    fn at(now: u64, lease: Option<&LeaseSpec>, renewed: Option<u64>) -> Is {
        let start = Instant::now();
        let second = |second| start + Duration::from_secs(second);
        let seen = Observation { changed: start, renewed: renewed.map(second) };
        match decide(lease, seen, "me", Terms::default(), second(now)) {
            Act::Acquire => Is::Acquire,
            Act::Renew => Is::Renew,
            Act::Wait(until) => Is::WaitTo((until - start).as_secs()),
            Act::Lost => Is::Lost,
        }
    }

    #[rstest]
    #[case::a_missing_lease_is_made(0, None, Is::Acquire)]
    #[case::a_released_lease_is_taken(0, held(""), Is::Acquire)]
    #[case::a_living_holder_is_waited_for(34, held("flux"), Is::WaitTo(35))]
    #[case::a_silent_holder_is_replaced(35, held("flux"), Is::Acquire)]
    #[case::an_old_renew_time_counts_for_nothing(0, held("flux"), Is::WaitTo(35))]
    #[case::a_write_whose_answer_was_lost_is_repeated(0, held("me"), Is::Renew)]
    fn without_the_lease(#[case] now: u64, #[case] lease: Option<LeaseSpec>, #[case] expected: Is) {
        assert_eq!(at(now, lease.as_ref(), None), expected);
    }

    #[rstest]
    #[case::a_fresh_lease_is_left_alone(14, held("me"), Is::WaitTo(15))]
    #[case::a_lease_is_renewed_every_5_seconds(15, held("me"), Is::Renew)]
    #[case::renewing_is_tried_until_the_deadline(39, held("me"), Is::Renew)]
    #[case::a_lease_not_renewed_in_time_is_lost(40, held("me"), Is::Lost)]
    #[case::a_deleted_lease_is_made_again(14, None, Is::Acquire)]
    #[case::a_lease_released_in_our_name_is_taken_again(14, held(""), Is::Acquire)]
    #[case::a_lease_taken_by_another_is_lost(11, held("flux"), Is::Lost)]
    #[case::a_deleted_lease_is_lost_after_the_deadline(40, None, Is::Lost)]
    fn with_the_lease_renewed_at_second_10(#[case] now: u64, #[case] lease: Option<LeaseSpec>, #[case] expected: Is) {
        assert_eq!(at(now, lease.as_ref(), Some(10)), expected);
    }
}
