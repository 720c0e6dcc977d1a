//! How entries spell a directory of a Git repository. Source: kustomize 5.8, `git.NewRepoSpecFromURL`.
//!
//! `[git::] scheme user@ host repository [// | .git | _git/name] directory ?ref=…&timeout=…&submodules=…`

use std::{fmt, time::Duration};

use super::{has_prefix, query, shown};

/// How long kustomize waits for Git when nothing is said.
const TIMEOUT: Duration = Duration::from_secs(27);

/// A directory of a Git repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    /// The files to fetch.
    pub checkout: Checkout,
    /// The directory in them, as written; empty for the root.
    pub directory: String,
}

/// The files of a repository at a reference.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Checkout {
    /// What Git would be told to fetch from: `https://host/org/repo`, or `git@host:org/repo`.
    pub url: String,
    /// A branch, a tag, a full name or a commit; empty for what the server takes by itself.
    pub reference: String,
    /// Whether submodules belong to it.
    pub submodules: bool,
    /// How long each exchange may take.
    pub timeout: Duration,
}

impl fmt::Display for Checkout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", shown(&self.url))?;
        if self.reference.is_empty() { Ok(()) } else { write!(f, "@{}", self.reference) }
    }
}

impl Checkout {
    fn of(url: String, query: &str) -> Self {
        let all = query::parameters(query).unwrap_or_default();
        let get = |name: &str| all.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value);
        let reference = if get("ref").is_empty() { get("version") } else { get("ref") };
        Self {
            url,
            reference: reference.to_owned(),
            submodules: query::boolean(get("submodules")).unwrap_or(true),
            timeout: query::timeout(get("timeout")).unwrap_or(TIMEOUT),
        }
    }
}

impl Repository {
    /// Reads what an entry names; nothing when it cannot be a repository.
    pub fn parse(entry: &str) -> Option<Self> {
        if entry.starts_with('/') {
            return None;
        }
        let (address, query) = entry.split_once('?').unwrap_or((entry, ""));
        let (host, path) = split_host(address)?;
        let (path, directory) = split_path(path, host == FILE)?;
        if path.is_empty() || leaves(directory) {
            return None;
        }
        let checkout = Checkout::of(format!("{host}{path}"), query);
        Some(Self { checkout, directory: directory.strip_prefix('/').unwrap_or(directory).to_owned() })
    }
}

const FILE: &str = "file://";
const SCHEMES: [&str; 4] = ["ssh://", "https://", "http://", FILE];

/// Splits behind the host. That of GitHub is spelt anew, and may stand without a scheme.
fn split_host(address: &str) -> Option<(String, &str)> {
    let rest = if has_prefix(address, "git::") { &address["git::".len()..] } else { address };
    let scheme = SCHEMES.into_iter().find(|scheme| has_prefix(rest, scheme)).unwrap_or_default();
    let after_scheme = &rest[scheme.len()..];
    let (user, rest) = split_user(after_scheme);
    let github = has_prefix(rest, "github.com/") || has_prefix(rest, "github.com:");
    let colon = scheme.is_empty() && (!user.is_empty() || github);
    if scheme.is_empty() && !colon {
        return None;
    }
    if scheme == FILE {
        return Some((FILE.to_owned(), after_scheme));
    }
    let (host, path) = rest.split_at(host_end(rest, colon));
    match (github, scheme == "ssh://" || !user.is_empty()) {
        (true, true) => Some((format!("{user}github.com:"), path)),
        (true, false) => Some(("https://github.com/".to_owned(), path)),
        (false, _) if host.is_empty() => None,
        (false, _) => Some((format!("{scheme}{user}{host}"), path)),
    }
}

/// Splits behind `user@`.
fn split_user(text: &str) -> (&str, &str) {
    let Some(at) = text.find('@') else { return ("", text) };
    let user = &text[..at];
    let plain = user.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    let named = plain && user.starts_with(|c: char| c.is_ascii_alphabetic());
    text.split_at(if named { at + 1 } else { 0 })
}

/// Returns where the path begins: behind the first slash, or behind a colon before it.
fn host_end(text: &str, colon: bool) -> usize {
    let slash = text.find('/');
    let end = match text.find(':').filter(|_| colon) {
        Some(at) if slash.is_none_or(|slash| at > 0 && at < slash) => Some(at),
        _ => slash,
    };
    end.map_or(text.len(), |at| at + 1)
}

/// Splits a path into that of the repository and the directory in it.
fn split_path(path: &str, whole: bool) -> Option<(&str, &str)> {
    const NAMED_BELOW: &str = "_git/";
    if let Some(at) = path.find(NAMED_BELOW) {
        let name = at + NAMED_BELOW.len();
        let end = path[name..].find('/').map_or(path.len(), |slash| name + slash);
        return Some((&path[..end], path[end..].strip_prefix('/').unwrap_or_default()));
    }
    if let Some(split) = path.split_once("//") {
        return Some(split);
    }
    if let Some(at) = path.find(".git") {
        return Some(path.split_at(at + ".git".len()));
    }
    if whole {
        return Some((path, ""));
    }
    let slash = path.find('/')?;
    let end = path[slash + 1..].find('/').map_or(path.len(), |second| slash + 1 + second);
    Some((&path[..end], path[end..].strip_prefix('/').unwrap_or_default()))
}

/// Says whether a directory lies outside of its repository.
fn leaves(directory: &str) -> bool {
    let mut depth = 0_usize;
    for part in directory.split('/') {
        match part {
            "" | "." => {}
            ".." if directory.starts_with("//") && depth == 0 => {}
            ".." if depth == 0 => return true,
            ".." => depth -= 1,
            _ => depth += 1,
        }
    }
    false
}

/// Says whether somebody who wrote this may have meant a repository.
pub(crate) fn looks_remote(path: &str) -> bool {
    let host = path.split('/').next().unwrap_or_default();
    let hosted = host.contains('.') && !host.starts_with('.') && (path.contains(".git") || path.contains("_git/"));
    hosted || path.contains("://") || path.contains("?ref=") || (host.contains('@') && host.contains(':'))
}
