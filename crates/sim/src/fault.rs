//! What can go wrong at an effect.

use std::fmt;

use sluice_cluster::{ApiError, ErrorKind};

/// What happens at one effect instead of its being done and answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// It is not done, and the agent is told that nobody has answered.
    Lost,
    /// It is done, and the agent is told that nobody has answered.
    Unanswered,
    /// It is refused with this status.
    Refused(u16),
    /// It is not done; the agent dies, and knows nothing when it is back.
    DiesBefore,
    /// It is done; the agent dies before it hears of that.
    DiesAfter,
    /// As [`Self::DiesBefore`], but the agent is not back before the user has taken the next step.
    GoneBefore,
    /// As [`Self::DiesAfter`], but the agent is not back before the user has taken the next step.
    GoneAfter,
    /// It is done; the agent dies, and so does its disk.
    DiskLost,
    /// It is done, and all watches are cut: events that were not delivered are never seen, and all is listed again.
    Cut,
}

/// The faults of a single sweep, in the order in which they are tried.
pub const FAULTS: [Fault; 12] = [
    Fault::DiesAfter,
    Fault::DiesBefore,
    Fault::GoneAfter,
    Fault::GoneBefore,
    Fault::Unanswered,
    Fault::Lost,
    Fault::Refused(403),
    Fault::Refused(409),
    Fault::Refused(429),
    Fault::Refused(500),
    Fault::DiskLost,
    Fault::Cut,
];

impl Fault {
    /// Says whether the effect is done all the same.
    pub(crate) fn is_done(self) -> bool {
        !matches!(self, Self::Lost | Self::Refused(_) | Self::DiesBefore | Self::GoneBefore)
    }

    /// Says whether the agent dies.
    pub(crate) fn is_death(self) -> bool {
        matches!(self, Self::DiesBefore | Self::DiesAfter | Self::GoneBefore | Self::GoneAfter | Self::DiskLost)
    }

    /// Says whether the agent stays away until the next step.
    pub(crate) fn is_lasting(self) -> bool {
        matches!(self, Self::GoneBefore | Self::GoneAfter)
    }

    /// Returns what the agent is told instead of an answer.
    pub(crate) fn error(self) -> Option<ApiError> {
        match self {
            Self::Lost | Self::Unanswered => Some(ApiError {
                kind: ErrorKind::Timeout,
                reason: String::new(),
                message: "no answer from the API server in time".into(),
                causes: Vec::new(),
            }),
            Self::Refused(code) => Some(refusal(code)),
            _ => None,
        }
    }
}

fn refusal(code: u16) -> ApiError {
    let (reason, message) = match code {
        403 => ("Forbidden", "the request is forbidden for now"),
        409 => {
            ("Conflict", "the object has been modified; please apply your changes to the latest version and try again")
        }
        429 => ("TooManyRequests", "too many requests, please try again later"),
        _ => ("InternalError", "etcdserver: request timed out"),
    };
    ApiError::status(code, reason, message)
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lost => f.write_str("not done, not answered"),
            Self::Unanswered => f.write_str("done, not answered"),
            Self::Refused(code) => write!(f, "refused with {code}"),
            Self::DiesBefore => f.write_str("not done, the agent dies"),
            Self::DiesAfter => f.write_str("done, the agent dies"),
            Self::GoneBefore => f.write_str("not done, the agent dies and misses a step"),
            Self::GoneAfter => f.write_str("done, the agent dies and misses a step"),
            Self::DiskLost => f.write_str("done, the agent dies and loses its disk"),
            Self::Cut => f.write_str("done, watches are cut"),
        }
    }
}
