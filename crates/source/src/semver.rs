//! Version ranges as Flux reads them: the rules of Masterminds/semver, for tags.
//!
//! `>=1.0.0 <2`, `~1.4`, `^1`, `1.x`, `1.2 - 1.4`, `!=1.5.1`, joined by space or comma, alternatives by `||`.
//! A version with a prerelease matches only where one is named: `>=1.0.0-0`.

use std::cmp::Ordering;

use semver::{Prerelease, Version};

/// A range that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("read the version range `{0}`")]
pub struct RangeError(pub String);

/// A version range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range {
    /// One of them must match…
    alternatives: Vec<Vec<Comparator>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Comparator {
    op: Op,
    version: Version,
    /// Which parts were left open, as in `1`, `1.x`.
    open: Open,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Op {
    Equal,
    NotEqual,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
    Tilde,
    Caret,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    Nothing,
    Patch,
    Minor,
    Major,
}

/// Longer ones first.
const OPERATORS: [(&str, Op); 12] = [
    ("!=", Op::NotEqual),
    (">=", Op::GreaterOrEqual),
    ("=>", Op::GreaterOrEqual),
    ("<=", Op::LessOrEqual),
    ("=<", Op::LessOrEqual),
    ("~>", Op::Tilde),
    ("=", Op::Equal),
    (">", Op::Greater),
    ("<", Op::Less),
    ("~", Op::Tilde),
    ("^", Op::Caret),
    ("", Op::Equal),
];

/// Reads a tag as a version: three numbers, with or without a leading `v`.
pub fn version_of_tag(tag: &str) -> Option<Version> {
    Version::parse(tag.strip_prefix('v').unwrap_or(tag)).ok()
}

/// Returns the newest tag in a range. Among versions that differ only in build metadata the highest of that wins.
pub fn newest<'a>(range: &Range, tags: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let versions = tags.into_iter().filter_map(|tag| Some((version_of_tag(tag)?, tag)));
    versions.filter(|(version, _)| range.matches(version)).max().map(|(_, tag)| tag)
}

impl Range {
    /// Reads a range.
    ///
    /// # Errors
    /// When it is not a range.
    pub fn parse(text: &str) -> Result<Self, RangeError> {
        let alternatives = text.split("||").map(alternative).collect::<Option<_>>();
        alternatives.map(|alternatives| Self { alternatives }).ok_or_else(|| RangeError(text.into()))
    }

    /// Says whether a version is in the range.
    pub fn matches(&self, version: &Version) -> bool {
        self.alternatives.iter().any(|all| {
            let prereleases = all.iter().any(|comparator| !comparator.version.pre.is_empty());
            all.iter().all(|comparator| comparator.matches(version, prereleases))
        })
    }
}

fn alternative(text: &str) -> Option<Vec<Comparator>> {
    let tokens = tokens(text)?;
    let mut rest = &tokens[..];
    let mut found = Vec::new();
    while let [(op, version), more @ ..] = rest {
        match more {
            [("-", ""), ("", high), tail @ ..] if op.is_empty() => {
                found.extend([comparator(">=", version)?, comparator("<=", high)?]);
                rest = tail;
            }
            tail => {
                found.push(comparator(op, version)?);
                rest = tail;
            }
        }
    }
    Some(if found.is_empty() { vec![comparator("", "*")?] } else { found })
}

/// Splits into pairs of operator and version; the dash of `1 - 2` is `("-", "")`.
fn tokens(text: &str) -> Option<Vec<(&str, &str)>> {
    let mut rest = text.trim();
    let mut found = Vec::new();
    while !rest.is_empty() {
        let (op, after) = operator(rest);
        let after = after.trim_start();
        let end = after.find(|char: char| char.is_whitespace() || char == ',').unwrap_or(after.len());
        let (word, tail) = after.split_at(end);
        found.push(if (op, word) == ("", "-") { ("-", "") } else { (op, word) });
        rest = separator(tail)?;
    }
    Some(found)
}

fn operator(text: &str) -> (&str, &str) {
    let length = OPERATORS.iter().find(|(op, _)| text.starts_with(op)).map_or(0, |(op, _)| op.len());
    text.split_at(length)
}

/// Between comparators stand spaces, or one comma; nothing may follow a comma but a comparator.
fn separator(text: &str) -> Option<&str> {
    match text.trim_start().strip_prefix(',') {
        None => Some(text.trim_start()),
        Some(rest) => Some(rest.trim_start()).filter(|rest| !rest.is_empty() && !rest.starts_with(',')),
    }
}

fn comparator(op: &str, text: &str) -> Option<Comparator> {
    let (_, op) = *OPERATORS.iter().find(|(name, _)| *name == op)?;
    let text = text.strip_prefix('v').unwrap_or(text);
    let (text, _build) = text.split_once('+').unwrap_or((text, ""));
    let (numbers, pre) = text.split_once('-').unwrap_or((text, ""));
    let parts: Vec<&str> = numbers.split('.').collect();
    let open = open(&parts)?;
    let mut version = Version::new(0, 0, 0);
    let fixed = parts.iter().take(open.fixed());
    for (part, to) in fixed.zip([&mut version.major, &mut version.minor, &mut version.patch]) {
        *to = part.parse().ok()?;
    }
    version.pre = Prerelease::new(pre).ok()?;
    Some(Comparator { op, version, open })
}

fn open(parts: &[&str]) -> Option<Open> {
    let wild = |part: &&str| matches!(*part, "x" | "X" | "*");
    let number = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if parts.len() > 3 || !parts.iter().all(|part| wild(part) || number(part)) {
        return None;
    }
    Some(match parts.iter().position(wild).unwrap_or(parts.len()) {
        0 => Open::Major,
        1 => Open::Minor,
        2 => Open::Patch,
        _ => Open::Nothing,
    })
}

impl Open {
    fn fixed(self) -> usize {
        match self {
            Self::Major => 0,
            Self::Minor => 1,
            Self::Patch => 2,
            Self::Nothing => 3,
        }
    }
}

impl Comparator {
    fn matches(&self, version: &Version, prereleases: bool) -> bool {
        if !version.pre.is_empty() && !prereleases {
            return false;
        }
        match self.op {
            Op::Equal if self.open == Open::Nothing => self.compare(version) == Ordering::Equal,
            Op::Equal | Op::Tilde => self.tilde(version),
            Op::NotEqual => self.not_equal(version),
            Op::Greater => self.greater(version),
            Op::GreaterOrEqual => self.compare(version) != Ordering::Less,
            Op::Less => self.compare(version) == Ordering::Less,
            Op::LessOrEqual => self.less_or_equal(version),
            Op::Caret => self.caret(version),
        }
    }

    fn compare(&self, version: &Version) -> Ordering {
        version.cmp_precedence(&self.version)
    }

    /// Says whether the version has the parts that are not open, as in `1.4.x`.
    fn shares(&self, version: &Version, parts: usize) -> bool {
        let numbers = |version: &Version| [version.major, version.minor, version.patch];
        numbers(version).iter().zip(numbers(&self.version)).take(parts).all(|(found, wanted)| *found == wanted)
    }

    fn tilde(&self, version: &Version) -> bool {
        let zero = self.version.major == 0 && self.version.minor == 0 && self.version.patch == 0;
        let everything = zero && matches!(self.open, Open::Nothing | Open::Major);
        self.compare(version) != Ordering::Less && (everything || self.shares(version, self.open.fixed().min(2)))
    }

    fn not_equal(&self, version: &Version) -> bool {
        match self.open {
            Open::Nothing | Open::Major => self.compare(version) != Ordering::Equal,
            Open::Patch if !(version.pre.is_empty() && self.version.pre.is_empty()) => {
                !self.shares(version, 2) || version.pre != self.version.pre
            }
            open => !self.shares(version, open.fixed()),
        }
    }

    /// `>1` is above all of `1.x`.
    fn greater(&self, version: &Version) -> bool {
        match self.open {
            Open::Nothing | Open::Major => self.compare(version) == Ordering::Greater,
            Open::Minor => version.major > self.version.major,
            Open::Patch => (version.major, version.minor) > (self.version.major, self.version.minor),
        }
    }

    /// `<=1` contains all of `1.x`.
    fn less_or_equal(&self, version: &Version) -> bool {
        match self.open {
            Open::Nothing => self.compare(version) != Ordering::Greater,
            Open::Minor => version.major <= self.version.major,
            Open::Patch | Open::Major => (version.major, version.minor) <= (self.version.major, self.version.minor),
        }
    }

    /// Nothing left of the first number that is not zero may change.
    fn caret(&self, version: &Version) -> bool {
        let Version { major, minor, .. } = self.version;
        let parts = match self.open {
            Open::Minor => 1,
            _ if major > 0 => 1,
            Open::Patch => 2,
            _ if minor > 0 => 2,
            _ => 3,
        };
        self.compare(version) != Ordering::Less && self.shares(version, parts)
    }
}

#[cfg(test)]
mod tests;
