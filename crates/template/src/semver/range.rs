//! A range of versions.

use std::cmp::Ordering;

use super::{
    Flaw,
    scan::{self, Parts},
    version::{Version, compare_prereleases},
};
use crate::print;

/// Bytes that a text of a range may have.
pub(super) const LONGEST: usize = 512;
/// Alternatives that it may have.
pub(super) const MOST: usize = 32;

/// A range: one of its alternatives must hold, and of that all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range(Vec<Vec<Comparator>>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Comparator {
    op: Op,
    version: Version,
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

/// Which numbers are left open, as in `1`, `1.x`.
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

impl Range {
    /// Reads a range.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse(text: &str) -> Result<Self, Flaw> {
        if text.len() > LONGEST {
            return Err(Flaw::RangeTooLong);
        }
        let text = with_bounds(text);
        let alternatives: Vec<&str> = text.split("||").collect();
        if alternatives.len() > MOST {
            return Err(Flaw::Alternatives);
        }
        alternatives.into_iter().map(alternative).collect::<Result<_, _>>().map(Self)
    }

    /// Says whether a version is in the range.
    pub fn contains(&self, version: &Version) -> bool {
        self.0.iter().any(|all| {
            let prereleases = all.iter().any(|comparator| !comparator.version.prerelease.is_empty());
            (prereleases || version.prerelease.is_empty()) && all.iter().all(|comparator| comparator.holds(version))
        })
    }
}

/// A number in a range; the bar is Masterminds' own slip.
fn is_digit(c: char) -> bool {
    c.is_ascii_digit() || matches!(c, 'x' | 'X' | '*' | '|')
}

fn is_space(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\x0c' | '\r' | ' ')
}

/// Writes `1.2 - 1.4` as `>= 1.2, <= 1.4 `, wherever it stands.
fn with_bounds(text: &str) -> String {
    let (mut out, mut rest) = (text.to_owned(), text);
    while let Some(first) = rest.chars().next() {
        let Some((low, high, after)) = bounds(rest) else {
            rest = &rest[first.len_utf8()..];
            continue;
        };
        let written = &rest[..rest.len() - after.len()];
        out = out.replacen(written, &format!(">= {}, <= {} ", low.whole, high.whole), 1);
        rest = after;
    }
    out
}

fn bounds(text: &str) -> Option<(Parts<'_>, Parts<'_>, &str)> {
    let (low, rest) = scan::version(text.trim_start_matches(is_space), is_digit)?;
    let dash = spaced(rest)?.strip_prefix('-')?;
    let (high, rest) = scan::version(spaced(dash)?, is_digit)?;
    Some((low, high, rest.trim_start_matches(is_space)))
}

/// Removes white space, of which there must be some.
fn spaced(text: &str) -> Option<&str> {
    text.starts_with(is_space).then(|| text.trim_start_matches(is_space))
}

fn alternative(text: &str) -> Result<Vec<Comparator>, Flaw> {
    let improper = || Flaw::Range(String::from_utf8_lossy(&print::quote(text.as_bytes())).into_owned());
    let (mut rest, mut found) = (text, Vec::new());
    loop {
        let (op, after) = operator(rest.trim_start_matches(is_space));
        let (parts, after) = scan::version(after.trim_start_matches(is_space), is_digit).ok_or_else(improper)?;
        found.push((op, parts));
        let next = after.trim_start_matches(is_space);
        rest = match next.strip_prefix(',') {
            Some(next) => next,
            None if next.is_empty() => break,
            None if next.len() < after.len() => next,
            None => return Err(improper()),
        };
    }
    found.into_iter().map(|(op, parts)| comparator(op, &parts)).collect()
}

fn operator(text: &str) -> (Op, &str) {
    let found = OPERATORS.iter().find_map(|(sign, op)| Some((*op, text.strip_prefix(sign)?)));
    found.unwrap_or((Op::Equal, text))
}

fn comparator(op: Op, parts: &Parts<'_>) -> Result<Comparator, Flaw> {
    let open_at = |number: &Option<&str>| number.is_none_or(|number| matches!(number, "x" | "X" | "*"));
    let fixed = parts.numbers.iter().position(open_at).unwrap_or(3);
    let numbers: Vec<&str> =
        (0..3).map(|index| parts.numbers[index].filter(|_| index < fixed).unwrap_or("0")).collect();
    let pre = if parts.prerelease.is_empty() { String::new() } else { format!("-{}", parts.prerelease) };
    let version = Version::parse(&format!("{}{pre}", numbers.join("."))).map_err(|_| Flaw::Constraint)?;
    let open = [Open::Major, Open::Minor, Open::Patch, Open::Nothing][fixed];
    Ok(Comparator { op, version, open })
}

impl Comparator {
    fn holds(&self, version: &Version) -> bool {
        let ordering = version.compare(&self.version);
        match self.op {
            Op::Equal if self.open == Open::Nothing => ordering == Ordering::Equal,
            Op::Equal | Op::Tilde => ordering != Ordering::Less && self.tilde(version),
            Op::NotEqual => self.differs(version, ordering),
            Op::Greater => self.greater(version, ordering),
            Op::GreaterOrEqual => ordering != Ordering::Less,
            Op::Less => ordering == Ordering::Less,
            Op::LessOrEqual => self.less_or_equal(version, ordering),
            Op::Caret => ordering != Ordering::Less && self.shares(version, self.caret()),
        }
    }

    /// Says whether the first numbers are the same.
    fn shares(&self, version: &Version, count: usize) -> bool {
        version.numbers[..count] == self.version.numbers[..count]
    }

    /// `~0.0.0` and `*` are everything.
    fn tilde(&self, version: &Version) -> bool {
        match self.open {
            Open::Nothing | Open::Major if self.version.numbers == [0; 3] => true,
            Open::Minor => self.shares(version, 1),
            _ => self.shares(version, 2),
        }
    }

    fn differs(&self, version: &Version, ordering: Ordering) -> bool {
        match self.open {
            Open::Nothing | Open::Major => ordering != Ordering::Equal,
            Open::Minor => !self.shares(version, 1),
            Open::Patch if version.prerelease.is_empty() && self.version.prerelease.is_empty() => {
                !self.shares(version, 2)
            }
            Open::Patch => {
                let (one, other) = (&version.prerelease, &self.version.prerelease);
                !self.shares(version, 2) || compare_prereleases(one, other) != Ordering::Equal
            }
        }
    }

    /// `>1` is above all of `1.x`.
    fn greater(&self, version: &Version, ordering: Ordering) -> bool {
        match self.open {
            Open::Nothing | Open::Major => ordering == Ordering::Greater,
            Open::Minor => version.numbers[0] > self.version.numbers[0],
            Open::Patch => version.numbers[..2] > self.version.numbers[..2],
        }
    }

    /// `<=1` contains all of `1.x`.
    fn less_or_equal(&self, version: &Version, ordering: Ordering) -> bool {
        match self.open {
            Open::Nothing => ordering != Ordering::Greater,
            Open::Minor => version.numbers[0] <= self.version.numbers[0],
            Open::Patch | Open::Major => version.numbers[..2] <= self.version.numbers[..2],
        }
    }

    /// Returns how many numbers must be the same: nothing left of the first that is not zero may change.
    fn caret(&self) -> usize {
        let [major, minor, _] = self.version.numbers;
        match self.open {
            Open::Minor => 1,
            _ if major > 0 => 1,
            Open::Patch => 2,
            _ if minor > 0 => 2,
            _ => 3,
        }
    }
}
