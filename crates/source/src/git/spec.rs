//! What is to be read, from where, as whom.

use std::{fmt, time::Duration};

use crate::{
    Secret,
    client::{Proxy, Tls},
};

/// A repository and what to take from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GitSpec {
    /// `http` or `https` URL.
    pub url: String,
    /// What to take.
    pub reference: GitRef,
    /// Who asks.
    pub auth: Auth,
    /// Whom to trust.
    pub tls: Tls,
    /// Through whom; those of the environment (`HTTPS_PROXY`, …) are used otherwise.
    pub proxy: Option<Proxy>,
    /// Bound on each exchange with the server, and on unpacking.
    pub timeout: Duration,
}

impl GitSpec {
    /// Returns the spec of a public repository at its default branch, with Flux's timeout of 60 seconds.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            reference: GitRef::default(),
            auth: Auth::None,
            tls: Tls::default(),
            proxy: None,
            timeout: Duration::from_secs(60),
        }
    }

    /// Returns the URL as it may be shown: without credentials, query and fragment.
    pub fn shown_url(&self) -> String {
        let url = super::http::without_credentials(&self.url);
        url.split(['?', '#']).next().unwrap_or_default().to_owned()
    }
}

/// A reference as users write it: a commit wins over a name, then a version range, a tag, a branch.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GitRef {
    /// Branch.
    pub branch: Option<String>,
    /// Tag.
    pub tag: Option<String>,
    /// Range of tags.
    pub semver: Option<String>,
    /// Full name, such as `refs/pull/420/head`.
    pub name: Option<String>,
    /// Commit, 40 hexadecimal digits.
    pub commit: Option<String>,
    /// Whatever `git fetch` would take for it: a commit, or the first of the references that may be meant. It counts
    /// where nothing else is given.
    pub any: Option<String>,
}

/// The part of a [`GitRef`] that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target<'a> {
    Commit { id: &'a str, branch: Option<&'a str> },
    Name(&'a str),
    Semver(&'a str),
    Tag(&'a str),
    Branch(&'a str),
    Any(&'a str),
}

/// What Flux takes when nothing is said.
const DEFAULT_BRANCH: &str = "master";

impl GitRef {
    /// Commit wins over name, then version range, tag, branch. Empty ones count as not given.
    pub(super) fn target(&self) -> Target<'_> {
        let Self { branch, tag, semver, name, commit, any } = self;
        let [branch, tag, semver, name, commit, any] =
            [branch, tag, semver, name, commit, any].map(|part| part.as_deref().filter(|text| !text.is_empty()));
        match (commit, name, semver, tag) {
            (Some(id), ..) => Target::Commit { id, branch },
            (_, Some(name), ..) => Target::Name(name),
            (_, _, Some(range), _) => Target::Semver(range),
            (_, _, _, Some(tag)) => Target::Tag(tag),
            _ => match (branch, any) {
                (None, Some(id)) if is_commit(id) => Target::Commit { id, branch: None },
                (None, Some(name)) => Target::Any(name),
                _ => Target::Branch(branch.unwrap_or(DEFAULT_BRANCH)),
            },
        }
    }
}

fn is_commit(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

impl fmt::Display for Target<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Commit { id, .. } => write!(f, "commit `{id}`"),
            Self::Name(name) | Self::Any(name) => write!(f, "reference `{name}`"),
            Self::Semver(range) => write!(f, "a tag in the range `{range}`"),
            Self::Tag(tag) => write!(f, "tag `{tag}`"),
            Self::Branch(branch) => write!(f, "branch `{branch}`"),
        }
    }
}

/// Credentials.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Auth {
    /// None; those in the URL are used, if any.
    #[default]
    None,
    /// HTTP basic authentication.
    Basic {
        /// User.
        username: String,
        /// Password or token.
        password: Secret,
    },
    /// HTTP bearer token.
    Bearer(Secret),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some(text: &str) -> Option<String> {
        Some(text.into())
    }

    #[test]
    fn commit_wins_over_name_semver_tag_and_branch() {
        let mut all = GitRef {
            branch: some("b"),
            tag: some("t"),
            semver: some("1.x"),
            name: some("refs/x"),
            commit: some("c"),
            any: some("a"),
        };
        assert_eq!(all.target(), Target::Commit { id: "c", branch: Some("b") });
        all.commit = some("");
        assert_eq!(all.target(), Target::Name("refs/x"));
        all.name = None;
        assert_eq!(all.target(), Target::Semver("1.x"));
        all.semver = None;
        assert_eq!(all.target(), Target::Tag("t"));
        all.tag = None;
        assert_eq!(all.target(), Target::Branch("b"));
        assert_eq!(GitRef::default().target(), Target::Branch("master"));
    }

    #[test]
    fn what_git_would_take_is_a_commit_or_any_reference() {
        let any = |text: &str| GitRef { any: some(text), ..GitRef::default() };
        let commit = "0123456789abcdef0123456789ABCDEF01234567";
        assert_eq!(any(commit).target(), Target::Commit { id: commit, branch: None });
        assert_eq!(any(&commit[1..]).target(), Target::Any(&commit[1..]));
    }

    #[test]
    fn a_url_is_shown_without_what_may_be_secret() {
        let shown = |url| GitSpec::new(url).shown_url();
        assert_eq!(shown("https://me:hunter2@example.com/a/b.git?token=x#y"), "https://example.com/a/b.git");
        assert_eq!(shown("https://example.com/a/b.git"), "https://example.com/a/b.git");
    }

    #[test]
    fn credentials_are_never_printed() {
        let mut spec = GitSpec::new("https://example.com/repo");
        spec.auth = Auth::Basic { username: "git".into(), password: Secret::new("hunter2") };
        spec.tls.identity = Some(Secret::new("hunter2"));
        let printed = format!("{spec:?}");
        assert!(printed.contains("***") && !printed.contains("hunter2"), "{printed}");
    }
}
