//! Names of Events.

use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;

use crate::Event;

/// A DNS subdomain has 253 characters; this leaves room for a dot and the time.
const LONGEST_NAME: usize = 230;

/// Returns a name that no other Event has: the object's with the time in nanoseconds, in hexadecimal.
pub(super) fn of_event(event: &Event) -> String {
    static SERIAL: AtomicU64 = AtomicU64::new(0);
    let now = u64::try_from(Timestamp::now().as_nanosecond()).unwrap_or_default();
    format!("{}.{:x}", subdomain(&event.about.name), now.wrapping_add(SERIAL.fetch_add(1, Ordering::Relaxed)))
}

/// Names of roles may hold characters that names of Events may not.
fn subdomain(name: &str) -> String {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '.';
    let name: String =
        name.to_lowercase().chars().map(|c| if allowed(c) { c } else { '-' }).take(LONGEST_NAME).collect();
    name.trim_matches(['-', '.']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("podinfo", "podinfo")]
    #[case("system:Node_x", "system-node-x")]
    #[case(":a:", "a")]
    fn an_event_has_a_dns_name(#[case] name: &str, #[case] expected: &str) {
        assert_eq!(subdomain(name), expected);
    }
}
