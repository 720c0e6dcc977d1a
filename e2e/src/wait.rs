//! Waiting for something to become true, and saying what was seen last when it does not.

use std::fmt::Debug;
use std::time::Duration;

use futures::StreamExt as _;
use kube::runtime::watcher;
use kube::{Api, Resource};
use serde::de::DeserializeOwned;
use tokio::time::{Instant, sleep, timeout_at};

/// The time between two looks: short against what is waited for, long against one look.
const POLL: Duration = Duration::from_millis(50);

/// What was waited for did not come.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("see it within {timeout:?}; last observed: {last}")]
pub struct TimedOut {
    /// How long was waited.
    pub timeout: Duration,
    /// What the last look saw.
    pub last: String,
}

/// The answer of one look: a value, or what was there instead.
pub trait Look {
    /// What is waited for.
    type Value;

    /// Returns the value, or what to report when time runs out.
    fn found(self) -> Result<Self::Value, String>;
}

impl<T> Look for Option<T> {
    type Value = T;

    fn found(self) -> Result<T, String> {
        self.ok_or_else(|| "nothing".to_owned())
    }
}

impl<T, O: Debug> Look for Result<T, O> {
    type Value = T;

    fn found(self) -> Result<T, String> {
        self.map_err(|observed| format!("{observed:#?}"))
    }
}

/// Looks again and again until there is something, and returns it.
///
/// A look answers `Option<T>`, or `Result<T, O>` where `O` is what it saw instead: the error
/// then tells it.
///
/// # Errors
/// When the time is over. A look that hangs is cut off.
pub async fn eventually<L, F>(timeout: Duration, mut look: impl FnMut() -> F) -> Result<L::Value, TimedOut>
where
    F: Future<Output = L>,
    L: Look,
{
    let deadline = Instant::now() + timeout;
    let mut last = "no answer".to_owned();
    loop {
        match timeout_at(deadline, look()).await.map(Look::found) {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(observed)) => last = observed,
            Err(_) => return Err(TimedOut { timeout, last }),
        }
        if Instant::now() + POLL >= deadline {
            return Err(TimedOut { timeout, last });
        }
        sleep(POLL).await;
    }
}

/// Watches one object until the condition holds, and returns it as it was then; `None` is an
/// object that does not exist.
///
/// # Errors
/// When the time is over; the error holds the object as seen last.
pub async fn until<K>(
    api: &Api<K>,
    name: &str,
    timeout: Duration,
    holds: impl Fn(Option<&K>) -> bool,
) -> Result<Option<K>, TimedOut>
where
    K: Resource + Clone + Debug + DeserializeOwned + Send + 'static,
{
    let deadline = Instant::now() + timeout;
    let mut last = "no answer".to_owned();
    let mut states = watcher::watch_object(api.clone(), name).boxed();
    while let Ok(Some(state)) = timeout_at(deadline, states.next()).await {
        match state {
            Ok(object) if holds(object.as_ref()) => return Ok(object),
            Ok(object) => last = format!("{object:#?}"),
            Err(error) => last = format!("{error}"),
        }
    }
    Err(TimedOut { timeout, last })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn returns_the_first_value() {
        let mut looks = 0;
        let third = eventually(Duration::from_secs(5), || {
            looks += 1;
            let seen = (looks == 3).then_some(looks);
            async move { seen }
        });
        assert_eq!(third.await, Ok(3));
    }

    #[tokio::test]
    async fn the_error_tells_what_was_seen_last() {
        let never = eventually(Duration::from_millis(120), || async { Err::<(), _>("2 of 3 pods") });
        let error = never.await.unwrap_err().to_string();
        assert_eq!(error, "see it within 120ms; last observed: \"2 of 3 pods\"");
    }

    #[tokio::test]
    async fn a_look_that_hangs_is_cut_off() {
        let hanging = eventually(Duration::from_millis(120), std::future::pending::<Option<()>>);
        assert_eq!(hanging.await.unwrap_err().last, "no answer");
    }
}
