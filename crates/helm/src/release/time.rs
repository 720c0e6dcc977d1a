//! Times as Go writes them.

use std::fmt;

use jiff::{Timestamp, tz::Offset};

/// A moment, with the offset from UTC that it was written with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Time {
    at: Timestamp,
    offset: Offset,
}

/// Go's zero time, which its writers leave out.
pub(crate) const ZERO: &str = "0001-01-01T00:00:00Z";

impl Time {
    /// Reads RFC 3339, as Go does; its zero is `None` of the inner option.
    pub(super) fn parse(text: &str) -> Option<Option<Self>> {
        let at: Timestamp = text.parse().ok()?;
        let offset = match text.strip_suffix(['Z']) {
            Some(_) => Offset::UTC,
            None => offset(text.get(text.len().checked_sub(6)?..)?)?,
        };
        let time = Self { at, offset };
        Some((time.to_string() != ZERO).then_some(time))
    }

    /// Returns the moment.
    pub fn timestamp(self) -> Timestamp {
        self.at
    }
}

fn offset(text: &str) -> Option<Offset> {
    let (hours, minutes) = text.get(1..)?.split_once(':')?;
    let seconds = (hours.parse::<i32>().ok()? * 60 + minutes.parse::<i32>().ok()?) * 60;
    match text.as_bytes().first()? {
        b'+' => Offset::from_seconds(seconds).ok(),
        b'-' => Offset::from_seconds(-seconds).ok(),
        _ => None,
    }
}

impl From<Timestamp> for Time {
    fn from(at: Timestamp) -> Self {
        Self { at, offset: Offset::UTC }
    }
}

/// With the digits of the second that are no zeros at the end.
impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.offset == Offset::UTC {
            return write!(f, "{}", self.at);
        }
        write!(f, "{}", self.at.display_with_offset(self.offset))
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::utc("2026-11-21T10:00:00Z", "2026-11-21T10:00:00Z")]
    #[case::no_offset("2026-11-21T10:00:00+00:00", "2026-11-21T10:00:00Z")]
    #[case::nanoseconds("2026-11-21T10:00:00.123456789Z", "2026-11-21T10:00:00.123456789Z")]
    #[case::zeros("2026-11-21T10:00:00.120000000+01:30", "2026-11-21T10:00:00.12+01:30")]
    #[case::west("2026-11-21T10:00:00-07:00", "2026-11-21T10:00:00-07:00")]
    fn times_are_written_as_go_writes_them(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(Time::parse(text).flatten().map(|time| time.to_string()).as_deref(), Some(expected));
    }

    #[test]
    fn the_zero_of_go_is_no_time() {
        assert_eq!(Time::parse(ZERO), Some(None));
        assert_eq!(Time::parse("yesterday"), None);
    }
}
