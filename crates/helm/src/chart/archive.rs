//! Charts in archives, which nobody may trust.

use std::io::Read;

use flate2::read::MultiGzDecoder;
use jiff::Timestamp;
use sluice_yaml::quote;
use tar::{Archive, EntryType};

use super::{File, Limits, LoadError};

/// Why an archive is no chart's; the text is Helm's where Helm has the error.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArchiveError {
    /// It is not compressed with gzip.
    #[error("gzip: invalid header")]
    NoGzip,
    /// It is cut short, or no archive.
    #[error("{0}")]
    Broken(String),
    /// A file's path begins at the root.
    #[error("chart illegally contains absolute paths")]
    Absolute,
    /// A file lies beside the chart's folder.
    #[error("chart illegally contains content outside the base directory: {}", quote(.0))]
    Outside(String),
    /// A file's path leads out of the chart's folder.
    #[error("chart illegally references parent directory")]
    Parent,
    /// A file's path begins with a drive.
    #[error("chart contains illegally named files")]
    Drive,
    /// `Chart.yaml` is in no folder.
    #[error("chart yaml not in base directory")]
    NoFolder,
    /// The files are too large together.
    #[error("decompressed chart is larger than the maximum size {0}")]
    Size(u64),
    /// A file is too large.
    #[error("decompressed chart file {} is larger than the maximum file size {limit}", quote(.name))]
    FileSize {
        /// Its path.
        name: String,
        /// The limit.
        limit: u64,
    },
    /// There is no file in it.
    #[error("no files in chart archive")]
    Empty,
}

/// What may still be unpacked, over all archives of a chart.
pub(super) struct Budget {
    bytes: u64,
    files: usize,
    limits: Limits,
}

impl Budget {
    pub(super) fn of(limits: &Limits) -> Self {
        Self { bytes: limits.total, files: limits.files, limits: *limits }
    }

    /// Takes a file of a size.
    pub(super) fn take(&mut self, bytes: u64) -> Result<(), LoadError> {
        let files = LoadError::Limit { what: "files", limit: self.limits.files as u64 };
        self.files = self.files.checked_sub(1).ok_or(files)?;
        let total = LoadError::Limit { what: "bytes", limit: self.limits.total };
        self.bytes = self.bytes.checked_sub(bytes).ok_or(total)?;
        Ok(())
    }
}

/// Returns the files of a compressed archive, named from below its one folder. Nothing is written anywhere, and links
/// are empty files, as they are to Helm.
pub(super) fn unpack(bytes: &[u8], limits: &Limits, budget: &mut Budget) -> Result<Vec<File>, LoadError> {
    check_header(bytes)?;
    // What comes after the last file counts for nobody, but is not read without bound either.
    let bound = limits.archive.saturating_mul(2);
    let mut archive = Archive::new(MultiGzDecoder::new(bytes).take(bound));
    let mut files = Vec::new();
    let mut left = limits.archive;
    for entry in archive.entries().map_err(broken)? {
        let mut entry = entry.map_err(broken)?;
        let kind = entry.header().entry_type();
        if matches!(kind, EntryType::Directory | EntryType::XGlobalHeader | EntryType::XHeader) {
            continue;
        }
        let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let name = name_of(&path)?;
        let size = if kind.is_file() { entry.size() } else { 0 };
        check_size(&path, size, left, limits)?;
        budget.take(size)?;
        left -= size;
        let modified = modified(&entry);
        let mut data = Vec::new();
        if size > 0 {
            entry.read_to_end(&mut data).map_err(broken)?;
        }
        // Helm notices after a file that nothing is left.
        if left == 0 {
            return Err(ArchiveError::Size(limits.archive).into());
        }
        files.push(File { name, data: data.into(), modified }.without_mark());
    }
    if files.is_empty() {
        return Err(ArchiveError::Empty.into());
    }
    Ok(files)
}

fn check_header(bytes: &[u8]) -> Result<(), ArchiveError> {
    match bytes.len() {
        0 => Err(ArchiveError::Broken("EOF".into())),
        1..10 => Err(ArchiveError::Broken("unexpected EOF".into())),
        _ if bytes.starts_with(b"\x1f\x8b") => Ok(()),
        _ => Err(ArchiveError::NoGzip),
    }
}

fn broken(error: std::io::Error) -> LoadError {
    let text = error.to_string();
    let text = if text.starts_with("unexpected") { "unexpected EOF".into() } else { text };
    ArchiveError::Broken(text).into()
}

fn check_size(path: &str, size: u64, left: u64, limits: &Limits) -> Result<(), ArchiveError> {
    if size > left {
        return Err(ArchiveError::Size(limits.archive));
    }
    if size > limits.file {
        return Err(ArchiveError::FileSize { name: path.to_owned(), limit: limits.file });
    }
    Ok(())
}

fn modified<R: Read>(entry: &tar::Entry<'_, R>) -> Option<Timestamp> {
    let seconds = entry.header().mtime().ok()?;
    Timestamp::from_second(i64::try_from(seconds).ok()?).ok()
}

/// Returns a file's path below the archive's folder. Archives that were made on Windows may have `\` in theirs.
fn name_of(path: &str) -> Result<String, ArchiveError> {
    let delimiter = if path.contains('\\') { '\\' } else { '/' };
    let (folder, rest) = path.split_once(delimiter).unwrap_or((path, ""));
    let rest = rest.replace(delimiter, "/");
    if rest.starts_with('/') {
        return Err(ArchiveError::Absolute);
    }
    let name = clean(&rest);
    match name.as_bytes() {
        b"." => return Err(ArchiveError::Outside(path.to_owned())),
        [b'.', b'.', ..] => return Err(ArchiveError::Parent),
        [drive, b':', b'/', ..] if drive.is_ascii_alphabetic() => return Err(ArchiveError::Drive),
        _ => {}
    }
    if folder == "Chart.yaml" {
        return Err(ArchiveError::NoFolder);
    }
    Ok(name)
}

/// Returns a relative path without empty parts, `.` and, where something is before it, `..`, as Go's `path.Clean`.
fn clean(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    if parts.is_empty() { ".".into() } else { parts.join("/") }
}
