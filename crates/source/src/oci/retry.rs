//! What is tried again, and when.

use std::{future::Future, time::Duration};

use jiff::Timestamp;
use reqwest::header::{HeaderMap, RETRY_AFTER};

use super::Problem;

/// Delays before the second, third and fourth try. A pass is repeated anyway; these are for what passes in seconds.
const DELAYS: [Duration; 3] = [Duration::from_millis(200), Duration::from_millis(600), Duration::from_millis(1800)];

/// The longest wait that a server may ask for within a pass; for a longer one the pass ends, and the object says why.
const LONGEST: Duration = Duration::from_secs(10);

/// Statuses that pass: of load, of gateways, of servers that start.
const PASSING: [u16; 7] = [408, 499, 500, 502, 503, 504, 522];

/// Does something until it is done, or fails for good.
pub(crate) async fn retried<T, F: Future<Output = Result<T, Problem>>>(
    mut attempt: impl FnMut() -> F,
) -> Result<T, Problem> {
    for count in 0.. {
        match attempt().await {
            Err(problem) => match delay(&problem, count) {
                Some(delay) => tokio::time::sleep(delay).await,
                None => return Err(problem),
            },
            done => return done,
        }
    }
    unreachable!("invariant: the delays end")
}

/// Returns when to try again after so many failures before this one; nothing for what would fail again.
fn delay(problem: &Problem, count: usize) -> Option<Duration> {
    let usual = *DELAYS.get(count)?;
    let asked = match problem {
        Problem::Unreachable { .. } => None,
        Problem::Throttled { after, .. } => *after,
        Problem::Status { status, after, .. } if PASSING.contains(status) => *after,
        _ => return None,
    };
    Some(asked.unwrap_or(usual).max(usual)).filter(|delay| *delay <= LONGEST)
}

/// Reads `Retry-After`: seconds, or a date.
pub(super) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    Some(at.duration_since(now)).filter(|wait| !wait.is_negative()).map(|wait| wait.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn throttled(after: Option<u64>) -> Problem {
        Problem::Throttled { asked: String::new(), after: after.map(Duration::from_secs) }
    }

    fn status(status: u16, after: Option<u64>) -> Problem {
        let after = after.map(Duration::from_secs);
        Problem::Status { asked: String::new(), status, text: String::new(), after }
    }

    #[rstest]
    #[case(throttled(None), 0, Some(200))]
    #[case(throttled(Some(3)), 0, Some(3000))]
    #[case(throttled(Some(0)), 1, Some(600))]
    #[case(throttled(Some(11)), 0, None)]
    #[case(throttled(None), 3, None)]
    #[case(status(503, Some(2)), 2, Some(2000))]
    #[case(status(500, None), 1, Some(600))]
    #[case(status(400, None), 0, None)]
    #[case(Problem::Credentials, 0, None)]
    fn what_passes_is_tried_again_a_few_times(
        #[case] problem: Problem,
        #[case] count: usize,
        #[case] expected: Option<u64>,
    ) {
        assert_eq!(delay(&problem, count), expected.map(Duration::from_millis));
    }

    #[rstest]
    #[case("7", Some(7))]
    #[case(" 7 ", Some(7))]
    #[case("Thu, 01 Jan 1970 00:01:10 GMT", Some(10))]
    #[case("Thu, 01 Jan 1970 00:00:10 GMT", None)]
    #[case("-7", None)]
    #[case("soon", None)]
    fn a_server_says_when_to_come_back(#[case] value: &str, #[case] expected: Option<u64>) {
        let headers = HeaderMap::from_iter([(RETRY_AFTER, value.parse().unwrap())]);
        let now = Timestamp::from_second(60).unwrap();
        assert_eq!(retry_after(&headers, now), expected.map(Duration::from_secs));
    }
}
