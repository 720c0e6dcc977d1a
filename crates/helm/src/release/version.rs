//! The version of a chart from a registry: with the digest, so that a tag that has moved is another version.

use std::cmp::Ordering;

use sluice_template::semver::Version;

/// How many characters of a digest are in a version.
const MARK: usize = 12;

/// A chart's version, and the digest of the artifact that it came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tracked {
    /// The version with the digest as its metadata.
    pub version: String,
    /// The whole digest, `lastAttemptedRevisionDigest`.
    pub digest: String,
}

/// Why a chart has no such version; the texts are helm-controller's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VersionError {
    /// The chart's version is none.
    #[error("invalid chart version {0}")]
    Chart(String),
    /// The artifact has no digest.
    #[error("invalid artifact revision {0}")]
    Revision(String),
    /// The tag is another version.
    #[error("artifact revision {tag} does not match chart version {version}")]
    Mismatch {
        /// The tag.
        tag: String,
        /// The chart's version.
        version: String,
    },
}

/// Returns the version of a chart from an artifact with a revision such as `6.5.0@sha256:…` or `sha256:…`.
///
/// # Errors
/// When there is no digest, or the tag is a version and another one.
pub fn track(chart: &str, revision: &str) -> Result<Tracked, VersionError> {
    let version = Version::parse(chart).map_err(|_| VersionError::Chart(chart.to_owned()))?;
    let digest = match tagged(revision) {
        None => revision,
        Some((tag, found)) => {
            let parts: Vec<&str> = revision.split('@').collect();
            if parts.len() != 2 || found.compare(&version) != Ordering::Equal {
                return Err(VersionError::Mismatch { tag: tag.to_owned(), version: chart.to_owned() });
            }
            parts[1]
        }
    };
    let with_mark = version.with_metadata(mark(digest)?).map_err(|_| VersionError::Revision(digest.to_owned()))?;
    Ok(Tracked { version: with_mark.to_string(), digest: digest.to_owned() })
}

/// Returns the tag of a revision, if it is a version. In tags a `+` is written as `_`.
fn tagged(revision: &str) -> Option<(&str, Version)> {
    let tag = revision.split('@').next().unwrap_or_default();
    let candidate = if tag == revision { tag.to_owned() } else { tag.replace('_', "+") };
    Version::parse(&candidate).ok().map(|version| (tag, version))
}

fn mark(digest: &str) -> Result<&str, VersionError> {
    let invalid = || VersionError::Revision(digest.to_owned());
    let parts: Vec<&str> = digest.split(':').collect();
    match parts.as_slice() {
        [_, hex] => hex.get(..MARK).ok_or_else(invalid),
        _ => Err(invalid()),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::tag("6.5.0", "6.5.0@sha256:0123456789abcdef", Ok("6.5.0+0123456789ab"))]
    #[case::digest("6.5.0", "sha256:0123456789abcdef", Ok("6.5.0+0123456789ab"))]
    #[case::latest("6.5.0", "latest@sha256:0123456789abcdef", Ok("6.5.0+0123456789ab"))]
    #[case::metadata("6.5.0+a", "6.5.0_a@sha256:0123456789abcdef", Ok("6.5.0+0123456789ab"))]
    #[case::normal("v6.5", "6.5.0@sha256:0123456789abcdef", Ok("6.5.0+0123456789ab"))]
    #[case::other(
        "6.5.1",
        "6.5.0@sha256:0123456789abcdef",
        Err("artifact revision 6.5.0 does not match chart version 6.5.1")
    )]
    #[case::no_digest("6.5.0", "6.5.0", Err("artifact revision 6.5.0 does not match chart version 6.5.0"))]
    #[case::short("6.5.0", "sha256:0123", Err("invalid artifact revision sha256:0123"))]
    #[case::no_version("six", "sha256:0123456789abcdef", Err("invalid chart version six"))]
    fn a_version_has_the_digest(#[case] chart: &str, #[case] revision: &str, #[case] expected: Result<&str, &str>) {
        let found = track(chart, revision).map(|tracked| tracked.version).map_err(|error| error.to_string());
        assert_eq!(found, expected.map(str::to_owned).map_err(str::to_owned));
    }
}
