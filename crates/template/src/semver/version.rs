//! A version.

use std::{cmp::Ordering, fmt};

use super::{Flaw, scan};

/// Bytes that a text of a version may have.
pub(super) const LONGEST: usize = 256;

/// A version. Two are equal here if they were written alike; [`Version::compare`] says which is newer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Version {
    /// The three numbers.
    pub numbers: [u64; 3],
    /// What follows `-`.
    pub prerelease: String,
    /// What follows `+`.
    pub metadata: String,
    /// The text that it was read from.
    pub original: String,
}

impl Version {
    /// Reads a version: one to three numbers, with or without a leading `v`.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse(text: &str) -> Result<Self, Flaw> {
        if text.len() > LONGEST {
            return Err(Flaw::VersionTooLong);
        }
        let (parts, rest) = scan::version(text, |c| c.is_ascii_digit()).ok_or(Flaw::Version)?;
        if !rest.is_empty() {
            return Err(Flaw::Version);
        }
        let mut numbers = [0; 3];
        for (number, written) in numbers.iter_mut().zip(parts.numbers) {
            let written = written.unwrap_or("0");
            *number = written.parse().map_err(|_| Flaw::Number(written.to_owned()))?;
        }
        check_prerelease(parts.prerelease)?;
        let (prerelease, metadata) = (parts.prerelease.to_owned(), parts.metadata.to_owned());
        Ok(Self { numbers, prerelease, metadata, original: text.to_owned() })
    }

    /// Compares what counts: numbers, and prereleases by their parts.
    pub fn compare(&self, other: &Self) -> Ordering {
        let prereleases = || match (self.prerelease.as_str(), other.prerelease.as_str()) {
            ("", "") => Ordering::Equal,
            ("", _) => Ordering::Greater,
            (_, "") => Ordering::Less,
            (one, other) => compare_prereleases(one, other),
        };
        self.numbers.cmp(&other.numbers).then_with(prereleases)
    }

    /// Returns the next version in which the number with an index is larger; `None` when there is no larger number.
    /// A prerelease of a patch is followed by that patch.
    pub fn next(&self, index: usize) -> Option<Self> {
        let mut numbers = self.numbers;
        if index < 2 || self.prerelease.is_empty() {
            let number = numbers.get_mut(index)?;
            *number = number.checked_add(1)?;
            numbers.iter_mut().skip(index + 1).for_each(|number| *number = 0);
        }
        Some(self.renamed(Self { numbers, ..Self::default() }))
    }

    /// Returns it with another prerelease.
    ///
    /// # Errors
    /// When that is none.
    pub fn with_prerelease(&self, prerelease: &str) -> Result<Self, Flaw> {
        check_prerelease(prerelease)?;
        Ok(self.renamed(Self { prerelease: prerelease.to_owned(), ..self.clone() }))
    }

    /// Returns it with other build metadata.
    ///
    /// # Errors
    /// When that is none.
    pub fn with_metadata(&self, metadata: &str) -> Result<Self, Flaw> {
        if !metadata.is_empty() && !metadata.split('.').all(is_identifier) {
            return Err(Flaw::Metadata);
        }
        Ok(self.renamed(Self { metadata: metadata.to_owned(), ..self.clone() }))
    }

    /// The original of a changed version is what it shows as; a `v` stays.
    fn renamed(&self, version: Self) -> Self {
        let v = if self.original.starts_with('v') { "v" } else { "" };
        let original = format!("{v}{version}");
        Self { original, ..version }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, patch] = self.numbers;
        write!(f, "{major}.{minor}.{patch}")?;
        if !self.prerelease.is_empty() {
            write!(f, "-{}", self.prerelease)?;
        }
        if !self.metadata.is_empty() {
            write!(f, "+{}", self.metadata)?;
        }
        Ok(())
    }
}

fn is_identifier(part: &str) -> bool {
    !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn check_prerelease(text: &str) -> Result<(), Flaw> {
    let each = |part: &str| match part {
        part if !is_identifier(part) => Err(Flaw::Prerelease),
        part if part.len() > 1 && part.starts_with('0') && part.bytes().all(|byte| byte.is_ascii_digit()) => {
            Err(Flaw::Zero)
        }
        _ => Ok(()),
    };
    if text.is_empty() { Ok(()) } else { text.split('.').try_for_each(each) }
}

/// The first part that differs decides; what has no more parts is older.
pub(super) fn compare_prereleases(one: &str, other: &str) -> Ordering {
    let (mut ones, mut others) = (one.split('.'), other.split('.'));
    loop {
        match (ones.next(), others.next()) {
            (None, None) => return Ordering::Equal,
            (one, other) => match compare_parts(one.unwrap_or(""), other.unwrap_or("")) {
                Ordering::Equal => {}
                decided => return decided,
            },
        }
    }
}

/// Numbers are older than names.
fn compare_parts(one: &str, other: &str) -> Ordering {
    if one.is_empty() || other.is_empty() {
        return one.cmp(other);
    }
    match (one.parse::<u64>(), other.parse::<u64>()) {
        (Ok(one), Ok(other)) => one.cmp(&other),
        (Ok(_), Err(_)) => Ordering::Less,
        (Err(_), Ok(_)) => Ordering::Greater,
        (Err(_), Err(_)) => one.cmp(other),
    }
}
