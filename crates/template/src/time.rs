//! Times and durations as Go's `time` has them: layouts instead of patterns, years beyond four digits.
//!
//! `civil` counts days, `zone` knows offsets, `layout` splits a layout into its parts, `format` and `parse` go through
//! them, `object` is what templates see.

mod civil;
mod duration;
mod format;
mod layout;
mod object;
mod parse;
mod zone;

pub(crate) use duration::{Duration, parse_duration};
pub(crate) use object::TIME;
pub(crate) use parse::parse;
pub(crate) use zone::Zone;

use civil::Date;

/// A moment in a zone.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Time {
    /// Seconds since 1970 in UTC.
    pub(crate) seconds: i64,
    /// Below a second.
    pub(crate) nanoseconds: u32,
    /// Where it is shown.
    pub(crate) zone: Zone,
}

/// A moment's parts in its zone.
#[derive(Debug, Clone, Copy)]
struct Parts {
    date: Date,
    second_of_day: i64,
}

/// `time.RFC3339Nano`
pub(crate) const RFC3339_NANO: &str = "2006-01-02T15:04:05.999999999Z07:00";

impl Time {
    /// Go's zero value: the first of January of the year one.
    pub(crate) const ZERO: Self = Self { seconds: -62_135_596_800, nanoseconds: 0, zone: Zone::Utc };

    /// Makes a time of seconds since 1970.
    pub(crate) fn unix(seconds: i64) -> Self {
        Self { seconds, nanoseconds: 0, zone: Zone::Utc }
    }

    /// Makes a time of the world's.
    pub(crate) fn of(now: jiff::Timestamp) -> Self {
        let nanoseconds = now.as_nanosecond();
        let seconds = nanoseconds.div_euclid(1_000_000_000) as i64;
        Self { seconds, nanoseconds: nanoseconds.rem_euclid(1_000_000_000) as u32, zone: Zone::Utc }
    }

    /// Returns the same moment in another zone.
    pub(crate) fn within(&self, zone: Zone) -> Self {
        Self { zone, ..self.clone() }
    }

    /// Returns a later moment; a negative duration gives an earlier one.
    pub(crate) fn plus(&self, duration: Duration) -> Self {
        let sum = i64::from(self.nanoseconds) + duration.0 % 1_000_000_000;
        let seconds = self.seconds.wrapping_add(duration.0 / 1_000_000_000).wrapping_add(sum.div_euclid(1_000_000_000));
        Self { seconds, nanoseconds: sum.rem_euclid(1_000_000_000) as u32, zone: self.zone.clone() }
    }

    /// Returns how much later this is, within what a duration holds.
    pub(crate) fn minus(&self, other: &Self) -> Duration {
        let nanoseconds = i128::from(self.nanoseconds) - i128::from(other.nanoseconds);
        let all = (i128::from(self.seconds) - i128::from(other.seconds)) * 1_000_000_000 + nanoseconds;
        Duration(all.clamp(i64::MIN.into(), i64::MAX.into()) as i64)
    }

    fn parts(&self) -> Parts {
        let (offset, _) = self.zone.at(self.seconds);
        let local = self.seconds.saturating_add(offset.into());
        Parts { date: Date::of_days(local.div_euclid(86_400)), second_of_day: local.rem_euclid(86_400) }
    }
}

impl Parts {
    fn hour(self) -> i64 {
        self.second_of_day / 3600
    }

    fn minute(self) -> i64 {
        self.second_of_day / 60 % 60
    }

    fn second(self) -> i64 {
        self.second_of_day % 60
    }
}
