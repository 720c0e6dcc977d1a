//! How much a source may bring.

use std::fmt;

const MIB: u64 = 1 << 20;

/// Bounds on one fetch. Remote content is hostile: it may fill the disk, the memory, or both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of all files together, and of what is downloaded for them.
    pub size: u64,
    /// Number of files.
    pub files: u64,
    /// Bytes of one file. A file is read into memory when it is stored, so this bounds memory too.
    pub file: u64,
    /// First word of the flags that raise the limits: `git` for `--git-max-size`, `bucket` for `--bucket-max-size`.
    pub flags: &'static str,
}

impl Limits {
    /// Returns the defaults for Git.
    pub fn git() -> Self {
        Self { size: 512 * MIB, files: 200_000, file: 100 * MIB, flags: "git" }
    }

    /// Returns the defaults for buckets.
    pub fn bucket() -> Self {
        Self { flags: "bucket", ..Self::git() }
    }

    /// Returns the defaults for artifacts in registries.
    pub fn oci() -> Self {
        Self { flags: "oci", ..Self::git() }
    }

    /// Returns the defaults for indexes of Helm repositories.
    pub fn helm_index() -> Self {
        Self { size: 50 * MIB, flags: "helm-index", ..Self::git() }
    }

    /// Returns the defaults for charts, which are Helm's and source-controller's.
    pub fn helm_chart() -> Self {
        Self { size: 10 * MIB, file: 5 * MIB, flags: "helm-chart", ..Self::git() }
    }

    /// Fails when `found` is above the limit.
    pub(crate) fn check(&self, limit: Limit, found: u64, subject: &str) -> Result<(), LimitExceeded> {
        let allowed = self.allowed(limit);
        if found <= allowed {
            return Ok(());
        }
        Err(LimitExceeded { limit, allowed, subject: subject.to_owned(), flag: self.flag(limit) })
    }

    fn allowed(&self, limit: Limit) -> u64 {
        match limit {
            Limit::Download | Limit::Size => self.size,
            Limit::Files => self.files,
            Limit::File | Limit::Object => self.file,
        }
    }

    fn flag(&self, limit: Limit) -> String {
        let name = match limit {
            Limit::Download | Limit::Size => "size",
            Limit::Files => "files",
            Limit::File | Limit::Object => "file-size",
        };
        format!("--{}-max-{name}", self.flags)
    }
}

/// What is limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// Bytes sent by the server.
    Download,
    /// Bytes of all files.
    Size,
    /// Number of files.
    Files,
    /// Bytes of one file.
    File,
    /// Bytes of one object of the repository, whether it is left out or not.
    Object,
}

/// A source brings more than it may.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitExceeded {
    /// What is limited.
    pub limit: Limit,
    /// The bound.
    pub allowed: u64,
    /// The repository or file.
    pub subject: String,
    /// The flag that raises the limit.
    pub flag: String,
}

impl LimitExceeded {
    /// Returns what can be done.
    pub fn hint(&self) -> String {
        let flag = &self.flag;
        match self.limit {
            _ if flag.starts_with("--helm-index-") => format!("remove old versions from the index, or raise `{flag}`"),
            _ if flag.starts_with("--helm-chart-") => format!("leave files out of the chart, or raise `{flag}`"),
            _ if flag.starts_with("--oci-") => format!("push an artifact with less in it, or raise `{flag}`"),
            Limit::Download | Limit::Object => format!("remove large files from the branch, or raise `{flag}`"),
            _ => format!("leave files out with `spec.ignore` or `.sourceignore`, or raise `{flag}`"),
        }
    }
}

impl fmt::Display for LimitExceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { limit, allowed, subject, flag } = self;
        match limit {
            Limit::Download => write!(f, "download `{subject}`: it is larger than {}", bytes(*allowed))?,
            Limit::Size => write!(f, "store `{subject}`: its files are larger than {} together", bytes(*allowed))?,
            Limit::Files => write!(f, "store `{subject}`: it has more than {allowed} files")?,
            Limit::Object => write!(f, "download `{subject}`: a file in it is larger than {}", bytes(*allowed))?,
            Limit::File => write!(f, "store `{subject}`: the file is larger than {}", bytes(*allowed))?,
        }
        write!(f, " (limit `{flag}`)")
    }
}

impl std::error::Error for LimitExceeded {}

fn bytes(count: u64) -> String {
    match count {
        0..1024 => format!("{count} B"),
        1024..MIB => format!("{} KiB", count / 1024),
        _ => format!("{} MiB", count / MIB),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(Limit::Download, "download `r`: it is larger than 512 MiB (limit `--git-max-size`)")]
    #[case(Limit::Size, "store `r`: its files are larger than 512 MiB together (limit `--git-max-size`)")]
    #[case(Limit::Files, "store `r`: it has more than 200000 files (limit `--git-max-files`)")]
    #[case(Limit::File, "store `r`: the file is larger than 100 MiB (limit `--git-max-file-size`)")]
    fn the_error_names_the_limit_and_its_flag(#[case] limit: Limit, #[case] text: &str) {
        let error = Limits::git().check(limit, u64::MAX, "r").unwrap_err();
        assert_eq!(error.to_string(), text);
        assert!(error.hint().contains(&error.flag));
    }

    #[test]
    fn a_limit_may_be_reached() {
        let limits = Limits::git();
        assert_eq!(limits.check(Limit::Files, limits.files, "r"), Ok(()));
    }
}
