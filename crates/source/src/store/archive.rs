//! The archive of a tree: gzipped tar, the same bytes for the same files.

use std::{
    collections::BTreeSet,
    fs,
    io::{self, BufWriter, Read, Write},
    path::Path,
};

use bytes::Buf;
use flate2::{Compression, write::GzEncoder};
use sha2::{Digest as _, Sha256};
use sluice_object::{Digest, Entry, Tree, TreePath};
use tempfile::{NamedTempFile, TempPath};

use super::Error;

/// A finished archive that has no name yet.
pub(super) struct Archive {
    pub(super) file: TempPath,
    pub(super) digest: Digest,
    pub(super) size: u64,
}

/// Writes the archive of a tree below `scratch`, one file in memory at a time.
pub(super) fn write(tree: &Tree, scratch: &Path) -> Result<Archive, Error> {
    let file = NamedTempFile::new_in(scratch).map_err(Error::io("write", scratch))?;
    // The fastest level: archives are read by few, and written at each revision.
    let gzip = GzEncoder::new(Hashing::new(BufWriter::new(file)), Compression::fast());
    let mut tar = tar::Builder::new(gzip);
    append_all(&mut tar, tree, scratch)?;
    let failed = || Error::io("write", scratch);
    let hashing = tar.into_inner().and_then(GzEncoder::finish).map_err(failed())?;
    let (digest, size) = (Digest::of_hash(&hashing.hasher.finalize()), hashing.count);
    let file = hashing.inner.into_inner().map_err(|error| failed()(error.into_error()))?;
    Ok(Archive { file: file.into_temp_path(), digest, size })
}

fn append_all(tar: &mut tar::Builder<impl Write>, tree: &Tree, scratch: &Path) -> Result<(), Error> {
    let mut seen = BTreeSet::new();
    for (path, entry) in tree.files() {
        append_directories(tar, &path.parent(), &mut seen).map_err(Error::io("write", scratch))?;
        let bytes = tree.read(path)?;
        let mut header = header(tar::EntryType::Regular, mode(entry), bytes.len() as u64);
        tar.append_data(&mut header, path.as_str(), bytes.reader()).map_err(Error::io("write", scratch))?;
    }
    Ok(())
}

fn append_directories(
    tar: &mut tar::Builder<impl Write>,
    dir: &TreePath,
    seen: &mut BTreeSet<TreePath>,
) -> io::Result<()> {
    if dir.is_root() || seen.contains(dir) {
        return Ok(());
    }
    append_directories(tar, &dir.parent(), seen)?;
    let mut header = header(tar::EntryType::Directory, 0o750, 0);
    tar.append_data(&mut header, format!("{dir}/"), io::empty())?;
    seen.insert(dir.clone());
    Ok(())
}

/// Owners, names and times are zero: the digest depends on the files alone (source-controller `Storage.Archive`).
fn header(kind: tar::EntryType, mode: u32, size: u64) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_size(size);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header
}

fn mode(entry: &Entry) -> u32 {
    if entry.executable { 0o700 } else { 0o600 }
}

/// Returns the digest and the size of a file.
pub(super) fn digest_of(path: &Path) -> io::Result<(Digest, u64)> {
    let mut reader = HashingReader::new(fs::File::open(path)?);
    io::copy(&mut reader, &mut io::sink())?;
    Ok(reader.finish())
}

/// Reads through, and knows the digest of what was read.
#[derive(Debug)]
pub(crate) struct HashingReader<R> {
    inner: R,
    hasher: Sha256,
    count: u64,
}

impl<R: Read> HashingReader<R> {
    pub(crate) fn new(inner: R) -> Self {
        Self { inner, hasher: Sha256::new(), count: 0 }
    }

    /// Returns digest and number of the bytes so far.
    pub(crate) fn finish(self) -> (Digest, u64) {
        (Digest::of_hash(&self.hasher.finalize()), self.count)
    }
}

impl<R: Read> Read for HashingReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.hasher.update(&buffer[..read]);
        self.count += read as u64;
        Ok(read)
    }
}

struct Hashing<W> {
    inner: W,
    hasher: Sha256,
    count: u64,
}

impl<W> Hashing<W> {
    fn new(inner: W) -> Self {
        Self { inner, hasher: Sha256::new(), count: 0 }
    }
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        self.count += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
