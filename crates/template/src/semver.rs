//! Versions and ranges of them, by the rules of Masterminds/semver 3, which Helm and Flux have.
//!
//! `1.2`, `v1` are versions as well. A range is `>=1.0.0 <2`, `~1.4`, `^1`, `1.x`, `1.2 - 1.4`, `!=1.5.1`, joined by
//! space or comma, alternatives by `||`. A prerelease is in a range only where one is named: `>=1.0.0-0`.

mod range;
mod scan;
mod version;

pub use range::Range;
pub use version::Version;

/// What is no version, or no range.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// It is not written as one.
    #[error("invalid semantic version")]
    Version,
    /// A text of a version may not be longer.
    #[error("version string is too long (max {} bytes)", version::LONGEST)]
    VersionTooLong,
    /// A number is too large.
    #[error("error parsing version segment: strconv.ParseUint: parsing \"{0}\": value out of range")]
    Number(String),
    /// A number of a prerelease begins with zero.
    #[error("version segment starts with 0")]
    Zero,
    /// A prerelease has an empty part, or other characters than letters, digits and dashes.
    #[error("invalid prerelease string")]
    Prerelease,
    /// Build metadata has such.
    #[error("invalid metadata string")]
    Metadata,
    /// A range may not be longer.
    #[error("constraint string is too long (max {} bytes)", range::LONGEST)]
    RangeTooLong,
    /// A range may not have more alternatives.
    #[error("too many constraint groups (max {})", range::MOST)]
    Alternatives,
    /// A part of a range, quoted as Go does.
    #[error("improper constraint: {0}")]
    Range(String),
    /// A version in a range is none.
    #[error("constraint parser error")]
    Constraint,
}
