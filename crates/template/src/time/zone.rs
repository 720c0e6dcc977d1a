//! Time zones.

use jiff::{
    Timestamp,
    tz::{TimeZone, TimeZoneDatabase},
};

/// A zone. The local one of an agent is UTC.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Zone {
    /// `UTC`
    Utc,
    /// One of the tz database.
    Named(TimeZone),
    /// An offset, and the name that is shown for it, which may be empty.
    Fixed {
        /// As it is shown.
        name: String,
        /// Seconds east of Greenwich.
        offset: i32,
    },
}

impl Zone {
    /// Finds a zone by its name as `time.LoadLocation` does: letters count.
    pub(crate) fn load(name: &str) -> Option<Self> {
        match name {
            "" | "UTC" | "Local" => Some(Self::Utc),
            _ => {
                let found = TimeZoneDatabase::bundled().get(name).ok()?;
                (found.iana_name() == Some(name)).then_some(Self::Named(found))
            }
        }
    }

    /// Returns the name of the whole zone.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Utc => "UTC",
            Self::Fixed { name, .. } => name,
            Self::Named(zone) => zone.iana_name().unwrap_or_default(),
        }
    }

    /// Returns the name of a zone that is only an offset.
    pub(crate) fn fixed_name(&self) -> Option<&str> {
        if let Self::Fixed { name, .. } = self { Some(name) } else { None }
    }

    /// Says whether it is summer at a moment.
    pub(super) fn is_dst(&self, seconds: i64) -> bool {
        match self {
            Self::Named(zone) => zone.to_offset_info(moment(seconds)).dst().is_dst(),
            _ => false,
        }
    }

    /// Returns the moment at which clocks show so many seconds since 1970, as `time.Date` guesses it.
    pub(super) fn moment_of(&self, local: i64) -> i64 {
        let (guess, _) = self.at(local);
        let first = local.saturating_sub(guess.into());
        match self.at(first).0 {
            offset if offset == guess => first,
            offset => {
                let second = local.saturating_sub(offset.into());
                if self.at(second).0 == offset { second } else { first }
            }
        }
    }

    /// Returns the offset in seconds and the name that hold at a moment.
    pub(super) fn at(&self, seconds: i64) -> (i32, String) {
        match self {
            Self::Utc => (0, "UTC".into()),
            Self::Fixed { name, offset } => (*offset, name.clone()),
            Self::Named(zone) => {
                let found = zone.to_offset_info(moment(seconds));
                (found.offset().seconds(), found.abbreviation().to_owned())
            }
        }
    }
}

fn moment(seconds: i64) -> Timestamp {
    let (first, last) = (Timestamp::MIN.as_second(), Timestamp::MAX.as_second());
    Timestamp::from_second(seconds.clamp(first, last)).unwrap_or_default()
}
