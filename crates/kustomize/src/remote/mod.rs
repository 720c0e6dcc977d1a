//! What a kustomization names that lies elsewhere: files at a URL, and directories of Git repositories.
//!
//! entry → [`Repository::parse`], [`is_url`] → [`Remote`] in [`Error::Needs`](crate::Error::Needs) → [`Remotes`], where
//! the answers are as if they were directories of the tree

mod mounts;
mod query;
mod repository;

use std::fmt;

pub(crate) use self::{mounts::Mounted, repository::looks_remote};
pub use self::{
    mounts::{Parts, Remotes},
    repository::{Checkout, Repository},
};

/// Something that has to be fetched.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Remote {
    /// The file at a URL.
    File(String),
    /// The files of a repository.
    Checkout(Checkout),
}

impl fmt::Display for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(url) => f.write_str(&shown(url)),
            Self::Checkout(checkout) => checkout.fmt(f),
        }
    }
}

/// Says whether a path is the URL of a file. It may be that of a repository as well: that shows when it is asked for.
pub fn is_url(path: &str) -> bool {
    ["http://", "https://"].iter().any(|scheme| has_prefix(path, scheme))
}

/// Says whether a text begins so, whatever the case of its letters.
fn has_prefix(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

/// Returns a URL without what may be secret in it: `user:password@` before the host.
pub(crate) fn shown(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let host_end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let at = rest[..host_end].rfind('@').map_or(0, |at| at + 1);
    format!("{scheme}://{}", &rest[at..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("https://example.com/a.yaml", true)]
    #[case("HTTP://example.com/a.yaml", true)]
    #[case("http:/a.yaml", false)]
    #[case("ssh://example.com/a", false)]
    #[case("a/https://b.yaml", false)]
    fn files_are_at_urls_of_the_web(#[case] path: &str, #[case] expected: bool) {
        assert_eq!(is_url(path), expected);
    }

    #[rstest]
    #[case("https://me:hunter2@example.com/a?ref=b@c", "https://example.com/a?ref=b@c")]
    #[case("git@example.com:org/repo", "git@example.com:org/repo")]
    #[case("https://example.com?x=a@b", "https://example.com?x=a@b")]
    fn a_url_is_shown_without_credentials(#[case] url: &str, #[case] expected: &str) {
        assert_eq!(Remote::File(url.into()).to_string(), expected);
    }
}
