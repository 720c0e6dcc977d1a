//! One line of an ignore file.

use super::glob::Glob;

/// A pattern with the directory that it applies to. It matches as go-git's `gitignore.Pattern` does, on which Flux
/// relies: a pattern matches a file also through a directory above it, so that `!` can bring back files from an
/// ignored directory, which Git does not allow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern {
    domain: Vec<String>,
    parts: Vec<Part>,
    pub(super) includes: bool,
    directories_only: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    /// Before the first `/`, or between two.
    Empty,
    /// `**`: any number of directories.
    AnyDepth,
    Name(Glob),
    /// Malformed, or `**` together with something else: matches nothing.
    Never,
}

impl Pattern {
    pub(super) fn parse(line: &str, domain: &[String]) -> Self {
        let (includes, line) = line.strip_prefix('!').map_or((false, line), |rest| (true, rest));
        let line = if line.ends_with("\\ ") { line } else { line.trim_end_matches(' ') };
        let (directories_only, line) = line.strip_suffix('/').map_or((false, line), |rest| (true, rest));
        let anchored = line.contains('/');
        let parts = line.split('/').map(|text| Part::parse(text, anchored)).collect();
        Self { domain: domain.to_vec(), parts, includes, directories_only }
    }

    /// Says whether a file matches, itself or by a directory that it is in.
    pub(super) fn matches(&self, path: &[&str]) -> bool {
        let below = path.len() > self.domain.len() && self.domain.iter().zip(path).all(|(dir, part)| dir == part);
        let path = path.get(self.domain.len()..).unwrap_or_default();
        match &self.parts[..] {
            _ if !below => false,
            [part] => self.matches_any_name(part, path),
            parts => self.matches_from_start(parts, path),
        }
    }

    fn matches_any_name(&self, part: &Part, path: &[&str]) -> bool {
        match path.iter().position(|name| part.matches(name)) {
            Some(at) => !(self.directories_only && at + 1 == path.len()),
            None => false,
        }
    }

    fn matches_from_start(&self, parts: &[Part], path: &[&str]) -> bool {
        let (mut rest, mut matched, mut any_depth) = (path, false, false);
        for (at, part) in parts.iter().enumerate() {
            match part {
                Part::Empty => any_depth = false,
                Part::AnyDepth if at + 1 == parts.len() => break,
                Part::AnyDepth => any_depth = true,
                part => {
                    let reach = if any_depth { rest.len() } else { rest.len().min(1) };
                    let Some(found) = rest[..reach].iter().position(|name| part.matches(name)) else { return false };
                    rest = &rest[found + 1..];
                    (matched, any_depth) = (true, false);
                }
            }
        }
        matched && !(self.directories_only && rest.is_empty())
    }
}

impl Part {
    fn parse(text: &str, anchored: bool) -> Self {
        match text {
            "" => Self::Empty,
            "**" if anchored => Self::AnyDepth,
            text if anchored && text.contains("**") => Self::Never,
            text => Glob::parse(text).map_or(Self::Never, Self::Name),
        }
    }

    fn matches(&self, name: &str) -> bool {
        matches!(self, Self::Name(glob) if glob.matches(name))
    }
}
