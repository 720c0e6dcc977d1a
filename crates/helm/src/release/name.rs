//! Names of releases.

use std::sync::LazyLock;

use regex::Regex;
use sha2::{Digest as _, Sha256};

use super::digest::hex;

/// How many characters a name may have.
const LONGEST: usize = 53;
/// How many characters of a digest make a name that was too long differ from others.
const MARK: usize = 12;

/// A name that no release may have; the text is Helm's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidName {
    /// There is none.
    #[error("no name provided")]
    Missing,
    /// It does not fit.
    #[error(
        "invalid release name, must match regex ^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$ \
         and the length must not be longer than 53"
    )]
    Unfit,
}

/// Checks a name as Helm does.
///
/// # Errors
/// When no release may have it.
pub fn check_name(name: &str) -> Result<(), InvalidName> {
    match name {
        "" => Err(InvalidName::Missing),
        name if name.len() > LONGEST || !NAME.is_match(name) => Err(InvalidName::Unfit),
        _ => Ok(()),
    }
}

static NAME: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$")
        .expect("invariant: the pattern is a regular expression")
});

/// Returns a name as helm-controller shortens it: one that is too long keeps 40 characters, and gets a mark.
pub fn shortened(name: &str) -> String {
    if name.len() <= LONGEST {
        return name.to_owned();
    }
    let kept = name.floor_char_boundary(LONGEST - MARK - 1);
    let digest = hex(&Sha256::digest(name.as_bytes()));
    format!("{}-{}", &name[..kept], &digest[..MARK])
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::plain("podinfo", Ok(()))]
    #[case::dots("a.b-c.9", Ok(()))]
    #[case::longest("a23456789-123456789-123456789-123456789-123456789-123", Ok(()))]
    #[case::too_long("a23456789-123456789-123456789-123456789-123456789-1234", Err(InvalidName::Unfit))]
    #[case::upper("Podinfo", Err(InvalidName::Unfit))]
    #[case::ends("podinfo-", Err(InvalidName::Unfit))]
    #[case::line("podinfo\n", Err(InvalidName::Unfit))]
    #[case::none("", Err(InvalidName::Missing))]
    fn names_are_those_of_helm(#[case] name: &str, #[case] expected: Result<(), InvalidName>) {
        assert_eq!(check_name(name), expected);
    }

    #[rstest]
    #[case::short("release-name", "release-name")]
    #[case::fits(
        "a23456789-123456789-123456789-123456789-123456789-123",
        "a23456789-123456789-123456789-123456789-123456789-123"
    )]
    #[case::too_long(
        "some-very-long-namespace-name-with-a-very-long-release-name-too",
        "some-very-long-namespace-name-with-a-ver-af9fde5441a8"
    )]
    fn long_names_are_cut_and_get_a_mark(#[case] name: &str, #[case] expected: &str) {
        assert_eq!(shortened(name), expected);
    }
}
