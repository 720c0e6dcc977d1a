//! When a failing watch is tried again, and when somebody is told.

use std::{fmt, time::Duration};

use tokio::time::Instant;

use super::watching::is_missing;
use crate::ApiError;

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// The pause grows no further than this until the outage is twenty times as long: a server that comes back after
/// a restart is found within a second.
const SHORT_PAUSE: Duration = Duration::from_secs(1);
/// An outage is told when it has lasted so long.
const TOLD_AFTER: Duration = Duration::from_secs(5);
/// A refusal is told at once, but by a watch that has worked only when it lasts: a server that has just started
/// refuses what it will allow when it has read its roles.
const TOLD_AFTER_REFUSALS: u32 = 3;

/// Why a watch broke.
#[derive(Debug)]
pub(super) enum Fault {
    /// The server's answer, or the way to it.
    Failed(ApiError),
    /// Nothing came for too long.
    Silent,
    /// The connection ended too soon.
    Ended,
}

impl Fault {
    /// Says whether the version that the watch was at is of no more use.
    pub(super) fn has_expired(&self) -> bool {
        let Self::Failed(error) = self else { return false };
        // The second: the server's store was restored from a backup, and is behind us.
        error.code() == 410 || error.message.contains("Too large resource version")
    }

    fn is_refused(&self) -> bool {
        let Self::Failed(error) = self else { return false };
        matches!(error.code(), 401 | 403 | 404 | 405) || is_missing(error)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(error) => error.fmt(f),
            Self::Silent => f.write_str("the API server sends nothing"),
            Self::Ended => f.write_str("the API server closes the watch"),
        }
    }
}

/// The failures since the watch last worked.
#[derive(Debug, Default)]
pub(super) struct Trouble {
    since: Option<Instant>,
    failures: u32,
    refusals: u32,
    kind_missing: bool,
    /// What was told: whether access was refused.
    told: Option<bool>,
}

impl Trouble {
    /// Notes a failure; returns what is to be told, if anything.
    pub(super) fn add(&mut self, fault: Fault, worked_before: bool) -> Option<(String, bool)> {
        let refused = fault.is_refused();
        let since = *self.since.get_or_insert_with(Instant::now);
        self.failures += 1;
        self.refusals = if refused { self.refusals + 1 } else { 0 };
        self.kind_missing = matches!(&fault, Fault::Failed(error) if is_missing(error));
        let lasts = match refused {
            true => !worked_before || self.refusals >= TOLD_AFTER_REFUSALS,
            false => since.elapsed() >= TOLD_AFTER,
        };
        let tell = lasts && self.told != Some(refused);
        tell.then(|| {
            self.told = Some(refused);
            (fault.to_string(), refused)
        })
    }

    /// Returns how long to wait before the next try.
    pub(super) fn pause(&self) -> Option<Duration> {
        let since = self.since?;
        let doubled = |first: Duration, times: u32| first * 2_u32.saturating_pow(times.min(10));
        if self.refusals > 0 {
            return Some(doubled(SHORT_PAUSE, self.refusals - 1).min(LONGEST_PAUSE));
        }
        let longest = (since.elapsed() / 20).clamp(SHORT_PAUSE, LONGEST_PAUSE);
        Some(doubled(FIRST_PAUSE, self.failures - 1).min(longest))
    }

    /// Says whether the server does not serve the kind.
    pub(super) fn is_kind_missing(&self) -> bool {
        self.kind_missing
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::advance;

    fn lost() -> Fault {
        Fault::Failed(ApiError::transport("lost"))
    }

    fn forbidden() -> Fault {
        Fault::Failed(ApiError::status(403, "Forbidden", "no"))
    }

    #[tokio::test(start_paused = true)]
    async fn a_short_outage_is_over_within_a_second_and_a_long_one_is_not_hammered() {
        let mut trouble = Trouble::default();
        let mut pauses = Vec::new();
        while pauses.iter().sum::<Duration>() < Duration::from_secs(20) {
            trouble.add(lost(), true);
            pauses.extend(trouble.pause());
            advance(trouble.pause().unwrap_or_default()).await;
        }
        assert_eq!(pauses[..4], [100, 200, 400, 800].map(Duration::from_millis));
        assert_eq!(pauses.last(), Some(&Duration::from_secs(1)));
        advance(Duration::from_secs(3600)).await;
        assert_eq!(trouble.pause(), Some(Duration::from_secs(30)));
    }

    #[tokio::test(start_paused = true)]
    async fn an_outage_is_told_once_when_it_lasts() {
        let mut trouble = Trouble::default();
        assert_eq!(trouble.add(lost(), true), None);
        advance(Duration::from_secs(5)).await;
        assert_eq!(trouble.add(lost(), true), Some(("lost".into(), false)));
        assert_eq!(trouble.add(lost(), true), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_is_told_at_once_unless_the_watch_has_worked() {
        assert_eq!(Trouble::default().add(forbidden(), false), Some(("no".into(), true)));
        let mut trouble = Trouble::default();
        assert_eq!((trouble.add(forbidden(), true), trouble.add(forbidden(), true)), (None, None));
        assert_eq!(trouble.add(forbidden(), true), Some(("no".into(), true)));
        assert_eq!(trouble.pause(), Some(Duration::from_secs(4)));
    }
}
