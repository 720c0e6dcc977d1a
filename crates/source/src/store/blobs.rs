//! Contents of files by digest, written once, counted by those who need them.

use std::{
    collections::HashMap,
    fmt, fs,
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use sluice_object::{Contents, Digest, Entry, TreeError, TreePath};

use super::{Error, cache::Cache, incoming::Received};

/// The SHA-256 of a file's contents.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct BlobId(pub(super) [u8; 32]);

impl BlobId {
    pub(super) fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    pub(super) fn parse(hex: &str) -> Option<Self> {
        let mut id = [0; 32];
        if hex.len() != 64 || !hex.is_ascii() {
            return None;
        }
        for (byte, at) in id.iter_mut().zip((0..64).step_by(2)) {
            *byte = u8::from_str_radix(&hex[at..at + 2], 16).ok()?;
        }
        Some(Self(id))
    }

    pub(super) fn of_digest(digest: &Digest) -> Option<Self> {
        digest.as_str().starts_with("sha256:").then(|| Self::parse(digest.hex())).flatten()
    }

    pub(super) fn digest(&self) -> Digest {
        Digest::of_hash(&self.0)
    }
}

impl fmt::Debug for BlobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.digest().hex())
    }
}

/// The blobs on disk: `<dir>/<2 hex>/<64 hex>`.
pub(crate) struct Blobs {
    dir: PathBuf,
    scratch: PathBuf,
    /// How many leases hold each blob. A blob at zero is removed by [`Self::sweep`].
    held: Mutex<HashMap<BlobId, u32>>,
    cache: Mutex<Cache>,
}

impl Blobs {
    pub(super) fn new(dir: PathBuf, scratch: PathBuf, cache: usize) -> Self {
        Self { dir, scratch, held: Mutex::default(), cache: Mutex::new(Cache::new(cache)) }
    }

    /// Notes what lies on disk from an earlier run, so that [`Self::sweep`] can remove it.
    pub(super) fn scan(&self) -> Result<(), Error> {
        for dir in list(&self.dir)? {
            for file in list(&dir)? {
                let name = file.file_name().unwrap_or_default().to_string_lossy();
                if let Some(id) = BlobId::parse(&name) {
                    self.held().entry(id).or_insert(0);
                }
            }
        }
        Ok(())
    }

    /// Writes a blob unless it is there. The caller gets a hold on it.
    fn put(&self, id: BlobId, bytes: &[u8]) -> Result<(), Error> {
        *self.held().entry(id).or_insert(0) += 1;
        let path = self.path(&id);
        if self.is_there(&id, bytes.len() as u64) {
            return Ok(());
        }
        self.write(&path, bytes).inspect_err(|_| self.release(&[id]))
    }

    /// Takes a file as a blob unless it is there. The caller gets a hold on it.
    fn take(&self, received: Received) -> Result<(), Error> {
        let Received { id, size, path: file } = received;
        self.hold(id);
        if self.is_there(&id, size) {
            return Ok(());
        }
        self.place(file, &self.path(&id)).inspect_err(|_| self.release(&[id]))
    }

    fn place(&self, file: tempfile::TempPath, path: &Path) -> Result<(), Error> {
        let dir = path.parent().unwrap_or(&self.dir);
        fs::create_dir_all(dir).map_err(Error::io("create directory", dir))?;
        file.persist(path).map_err(|error| Error::io("write", path)(error.error))
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> Result<(), Error> {
        let dir = path.parent().unwrap_or(&self.dir);
        fs::create_dir_all(dir).map_err(Error::io("create directory", dir))?;
        let mut file = tempfile::NamedTempFile::new_in(&self.scratch).map_err(Error::io("write", &self.scratch))?;
        file.write_all(bytes).map_err(Error::io("write", path))?;
        file.persist(path).map_err(|error| Error::io("write", path)(error.error))?;
        Ok(())
    }

    pub(super) fn is_there(&self, id: &BlobId, size: u64) -> bool {
        fs::metadata(self.path(id)).is_ok_and(|found| found.is_file() && found.len() == size)
    }

    pub(super) fn read(&self, id: &BlobId) -> io::Result<Bytes> {
        if let Some(bytes) = self.cache().get(id) {
            return Ok(bytes);
        }
        let bytes = Bytes::from(fs::read(self.path(id))?);
        self.verify(id, &bytes)?;
        self.cache().put(*id, &bytes);
        Ok(bytes)
    }

    /// A blob torn by a crash of the machine is removed, so that the next fetch writes it anew.
    fn verify(&self, id: &BlobId, bytes: &[u8]) -> io::Result<()> {
        if BlobId::of(bytes) == *id {
            return Ok(());
        }
        let _ = fs::remove_file(self.path(id));
        Err(io::Error::new(io::ErrorKind::InvalidData, "the stored contents are damaged"))
    }

    fn hold(&self, id: BlobId) {
        *self.held().entry(id).or_insert(0) += 1;
    }

    fn release(&self, ids: &[BlobId]) {
        let mut held = self.held();
        for id in ids {
            if let Some(count) = held.get_mut(id) {
                *count = count.saturating_sub(1);
            }
        }
    }

    /// Removes the blobs that nobody holds.
    pub(super) fn sweep(&self) {
        let free: Vec<BlobId> = self.held().iter().filter(|(_, count)| **count == 0).map(|(id, _)| *id).collect();
        for id in free {
            // One lock per blob: a writer that comes between takes its hold first, and finds the blob gone or kept.
            let mut held = self.held();
            if held.get(&id) == Some(&0) {
                held.remove(&id);
                let _ = fs::remove_file(self.path(&id));
            }
        }
    }

    fn path(&self, id: &BlobId) -> PathBuf {
        let digest = id.digest();
        self.dir.join(&digest.hex()[..2]).join(digest.hex())
    }

    fn held(&self) -> MutexGuard<'_, HashMap<BlobId, u32>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn cache(&self) -> MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Blobs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Blobs").field("dir", &self.dir).finish_non_exhaustive()
    }
}

/// A hold on blobs: they stay on disk until it is dropped.
pub(crate) struct Lease {
    blobs: Arc<Blobs>,
    ids: Vec<BlobId>,
}

impl Lease {
    pub(super) fn new(blobs: Arc<Blobs>) -> Self {
        Self { blobs, ids: Vec::new() }
    }

    /// Holds a blob that somebody else keeps, or that was found on disk.
    pub(super) fn hold(&mut self, id: BlobId) {
        self.blobs.hold(id);
        self.ids.push(id);
    }

    /// Holds a file of a tree, which is read and stored only when it is not here.
    pub(super) fn adopt(
        &mut self,
        entry: &Entry,
        read: impl FnOnce() -> Result<Bytes, TreeError>,
    ) -> Result<(), Error> {
        if let Some(id) = BlobId::of_digest(&entry.digest) {
            // Hold it first, so that it cannot go in between.
            self.hold(id);
            if self.blobs.is_there(&id, entry.size) {
                return Ok(());
            }
        }
        self.put(&read()?).map(drop)
    }

    /// Stores what was received and holds it.
    pub(super) fn take(&mut self, received: Received) -> Result<BlobId, Error> {
        let id = received.id;
        self.blobs.take(received)?;
        self.ids.push(id);
        Ok(id)
    }

    /// Stores contents and holds them.
    pub(super) fn put(&mut self, bytes: &[u8]) -> Result<BlobId, Error> {
        let id = BlobId::of(bytes);
        self.blobs.put(id, bytes)?;
        self.ids.push(id);
        Ok(id)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.blobs.release(&self.ids);
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Lease({} blobs)", self.ids.len())
    }
}

impl Contents for Lease {
    fn read(&self, _: &TreePath, entry: &Entry) -> io::Result<Bytes> {
        let id = BlobId::of_digest(&entry.digest).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
        self.blobs.read(&id)
    }
}

/// Lists a directory; one that is not there is empty.
pub(super) fn list(dir: &Path) -> Result<Vec<PathBuf>, Error> {
    match fs::read_dir(dir) {
        Ok(entries) => entries
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<io::Result<_>>()
            .map_err(Error::io("list", dir)),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(Vec::new()),
        Err(error) => Err(Error::io("list", dir)(error)),
    }
}
