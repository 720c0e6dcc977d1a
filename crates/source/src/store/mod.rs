//! The artifact store: files by digest, and one archive per artifact.
//!
//! ```text
//! <root>/artifacts/<kind>/<namespace>/<name>/<file>.tar.gz         served
//! <root>/artifacts/<kind>/<namespace>/<name>/.<file>.tar.gz.json   its index: path, digest, size, mode
//! <root>/blobs/<2 hex>/<sha256>                                    each file's contents, once
//! <root>/tmp/                                                      what is being written; emptied at the start
//! ```
//!
//! Files appear by rename, complete. Nothing is synced to disk: after a crash of the machine a torn file is found by
//! its digest and fetched again.

mod archive;
mod blobs;
mod cache;
mod draft;
mod error;
mod incoming;
mod index;
mod inner;
mod owner;
mod retention;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use sluice_object::{Artifact, Digest, Revision, Tree};
use tempfile::TempDir;
use tokio::sync::OwnedSemaphorePermit;

use self::{incoming::Incoming, inner::Inner};
use crate::Limits;

pub(crate) use self::archive::HashingReader;
pub use self::{draft::Draft, error::Error, incoming::Received, owner::Owner};

/// The name under which the newest archive of an owner is served.
pub const LATEST: &str = "latest.tar.gz";

/// The name under which the newest index of a Helm repository is served.
pub const LATEST_INDEX: &str = "index.yaml";

/// How a store works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Bytes of small files kept in memory.
    pub cache: usize,
    /// How many pieces of blocking work run at once: unpacking, archiving, verifying. With none the work is done where
    /// it is asked for, so that its end has a place in the order of a simulation.
    pub threads: usize,
    /// How many artifacts of an object are kept (`--artifact-retention-records`).
    pub retention_records: usize,
    /// How long an artifact is kept that is not the current one (`--artifact-retention-ttl`).
    pub retention_ttl: std::time::Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            cache: 16 << 20,
            // The work is CPU-bound: more than one per core only costs memory.
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            retention_records: 2,
            retention_ttl: std::time::Duration::from_secs(60),
        }
    }
}

/// What is to become an artifact.
#[derive(Debug, Clone)]
pub struct Publication {
    /// The object it belongs to.
    pub owner: Owner,
    /// Name of the archive, such as `<commit>.tar.gz`.
    pub file: String,
    /// The revision.
    pub revision: Revision,
    /// Metadata of the source.
    pub metadata: BTreeMap<String, String>,
    /// The files.
    pub tree: Arc<Tree>,
    /// By path, what the source calls the contents of a file: a file with the same one need not be fetched again.
    pub etags: BTreeMap<String, String>,
}

/// The artifact store. Clones share it.
#[derive(Debug, Clone)]
pub struct Store(Arc<Inner>);

impl Store {
    /// Opens the store below a directory, or makes one. Blocks while it reads the indexes of all artifacts.
    ///
    /// # Errors
    /// When the directory cannot be written.
    pub fn at(root: impl AsRef<Path>, options: Options) -> Result<Self, Error> {
        Inner::at(root.as_ref(), options).map(|inner| Self(Arc::new(inner)))
    }

    /// Begins a tree; `subject` names its source in errors.
    pub fn draft(&self, subject: &str, limits: Limits) -> Draft {
        Draft::new(self.0.blobs.clone(), subject, limits)
    }

    /// Archives a tree and makes it an artifact. One with the same path is replaced.
    ///
    /// # Errors
    /// When a file cannot be read or written.
    pub async fn publish(&self, publication: Publication) -> Result<Artifact, Error> {
        self.run(move |inner| inner.publish(&publication)).await
    }

    /// Makes an artifact whose archive is there already. One with the same path is replaced.
    ///
    /// # Errors
    /// When a file cannot be read or written.
    pub async fn publish_as_is(&self, publication: Publication, archive: Received) -> Result<Artifact, Error> {
        self.run(move |inner| inner.publish_as_is(&publication, archive)).await
    }

    /// Returns an artifact that was published, maybe by an earlier process. Its archive and files are verified.
    ///
    /// # Errors
    /// When it is not there any more, or damaged: it must be fetched again.
    pub async fn open(&self, path: &str, digest: &Digest) -> Result<Artifact, Error> {
        let (path, digest) = (path.to_owned(), digest.clone());
        self.run(move |inner| inner.open(&path, &digest)).await
    }

    /// Returns what the source calls the contents of an artifact's files, by path.
    pub(crate) async fn etags(&self, path: &str) -> Result<BTreeMap<String, String>, Error> {
        Owner::of_path(path)?;
        let path = path.to_owned();
        self.run(move |inner| inner.index(&path).map(|index| index.etags)).await
    }

    /// Says whether an artifact's archive is in place. Cheap.
    pub fn holds(&self, path: &str) -> bool {
        self.0.archives().contains_key(path) && self.0.artifacts.join(path).is_file()
    }

    /// Opens the file of an artifact that is served as it came, such as an index.
    ///
    /// # Errors
    /// When it is not there.
    pub fn open_file(&self, path: &str) -> Result<std::fs::File, Error> {
        Owner::of_path(path)?;
        let file = self.0.artifacts.join(path);
        std::fs::File::open(&file).map_err(Error::io("read", &file))
    }

    /// Removes the artifacts of an owner that are neither `current` nor to be retained; returns their paths.
    ///
    /// # Errors
    /// When a file cannot be listed or removed.
    pub async fn collect(&self, owner: &Owner, current: &str, now: jiff::Timestamp) -> Result<Vec<String>, Error> {
        let (owner, current) = (owner.clone(), current.to_owned());
        self.run(move |inner| inner.collect(&owner, &current, now)).await
    }

    /// Removes all artifacts of an owner; returns how many there were.
    ///
    /// # Errors
    /// When they cannot be removed.
    pub async fn remove(&self, owner: &Owner) -> Result<usize, Error> {
        let owner = owner.clone();
        self.run(move |inner| inner.remove(&owner)).await
    }

    /// Returns the owners of all artifacts, to find those that were deleted while nobody looked.
    pub fn owners(&self) -> Vec<Owner> {
        let owner = |path: &String| Some(Owner::of_path(path).ok()?.0);
        let mut owners: Vec<_> = self.0.archives().keys().filter_map(owner).collect();
        owners.sort();
        owners.dedup();
        owners
    }

    /// Removes the files that no tree uses.
    pub(crate) fn sweep(&self) {
        self.0.blobs.sweep();
    }

    /// Returns the file of an artifact's archive, or of an owner's newest one for [`LATEST`] and [`LATEST_INDEX`].
    pub(crate) fn file(&self, path: &str) -> Option<PathBuf> {
        match Owner::of_path(path).ok()? {
            (owner, LATEST | LATEST_INDEX) => Some(self.0.artifacts.join(self.0.latest(&owner)?)),
            _ => Some(self.0.artifacts.join(path)),
        }
    }

    /// Takes a file that was made here.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn take(&self, bytes: &[u8]) -> Result<Received, Error> {
        let mut file = self.incoming()?;
        file.write(bytes).await?;
        file.finish().await
    }

    /// Begins to receive a file.
    pub(crate) fn incoming(&self) -> Result<Incoming, Error> {
        Incoming::below(&self.0.scratch)
    }

    /// Makes a directory that goes away with its value.
    pub(crate) fn scratch(&self) -> Result<TempDir, Error> {
        TempDir::new_in(&self.0.scratch).map_err(Error::io("create directory below", &self.0.scratch))
    }

    /// Waits until blocking work may begin; as much runs at once as the options say.
    pub(crate) async fn turn(&self) -> Result<Turn, Error> {
        if self.0.options.threads == 0 {
            return Ok(Turn(None));
        }
        self.0.threads.clone().acquire_owned().await.map(|permit| Turn(Some(permit))).map_err(|_| Error::Cancelled)
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let inner = self.0.clone();
        self.turn().await?.run(move || work(&inner)).await
    }
}

/// The right to do one piece of blocking work.
pub(crate) struct Turn(Option<OwnedSemaphorePermit>);

impl Turn {
    /// Runs the work on a thread of its own, where there are any.
    pub(crate) async fn run<T, E>(self, work: impl FnOnce() -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        if self.0.is_none() {
            return work();
        }
        // The permit goes with the work: who waits for it may be gone before it is done.
        let work = move || (work(), drop(self.0)).0;
        tokio::task::spawn_blocking(work).await.unwrap_or_else(|_| Err(Error::Cancelled.into()))
    }
}
