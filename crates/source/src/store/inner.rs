//! What the clones of a store share.

use std::{
    collections::HashMap,
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use sluice_object::{Artifact, Digest, Revision, Tree};
use tempfile::{NamedTempFile, TempPath};
use tokio::sync::Semaphore;

use super::{
    Error, Options, Owner, Publication, Received,
    archive::{self, Archive},
    blobs::{Blobs, Lease},
    index::Index,
    retention,
};

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) artifacts: PathBuf,
    pub(super) scratch: PathBuf,
    pub(super) options: Options,
    pub(super) blobs: Arc<Blobs>,
    /// By artifact path. Keeps the blobs of what is on disk.
    archives: Mutex<HashMap<String, Held>>,
    pub(super) threads: Arc<Semaphore>,
}

/// An archive on disk: its blobs, and its tree while somebody uses it.
#[derive(Debug)]
pub(super) struct Held {
    _lease: Arc<Lease>,
    digest: Digest,
    tree: Weak<Tree>,
}

impl Inner {
    pub(super) fn at(root: &Path, options: Options) -> Result<Self, Error> {
        let [artifacts, blob_dir, scratch] = ["artifacts", "blobs", "tmp"].map(|name| root.join(name));
        let _ = fs::remove_dir_all(&scratch);
        for dir in [&artifacts, &blob_dir, &scratch] {
            fs::create_dir_all(dir).map_err(Error::io("create directory", dir))?;
        }
        let blobs = Arc::new(Blobs::new(blob_dir, scratch.clone(), options.cache));
        let threads = Arc::new(Semaphore::new(options.threads.max(1)));
        let inner = Self { artifacts, scratch, options, blobs, archives: Mutex::default(), threads };
        inner.load()?;
        Ok(inner)
    }

    /// Takes a hold on the blobs of all archives, and removes the other blobs. An archive that lacks something goes
    /// too: its source fetches it again.
    fn load(&self) -> Result<(), Error> {
        self.blobs.scan()?;
        for path in retention::archives_below(&self.artifacts)? {
            match self.index(&path).and_then(|index| Ok((self.lease(&index, &path)?, index))) {
                Ok((lease, index)) => self.keep(&path, lease, index.digest(), Weak::new()),
                Err(error) => {
                    tracing::warn!(%path, %error, "an artifact in storage is not usable");
                    self.discard(&path)?;
                }
            }
        }
        self.blobs.sweep();
        Ok(())
    }

    pub(super) fn publish(&self, publication: &Publication) -> Result<Artifact, Error> {
        let archive = archive::write(&publication.tree, &self.scratch)?;
        self.publish_archive(publication, archive)
    }

    pub(super) fn publish_as_is(&self, publication: &Publication, received: Received) -> Result<Artifact, Error> {
        let (digest, size) = (received.digest(), received.size);
        self.publish_archive(publication, Archive { file: received.path, digest, size })
    }

    fn publish_archive(&self, publication: &Publication, archive: Archive) -> Result<Artifact, Error> {
        let Publication { owner, file, revision, metadata, tree, etags } = publication;
        let path = owner.path(file)?;
        let lease = self.adopt(tree)?;
        let mut index = Index::new(tree, archive.digest.as_str(), archive.size);
        (index.revision, index.metadata) = (revision.as_str().to_owned(), metadata.clone());
        index.etags = etags.clone();
        self.place(&path, archive.file, index.write(&self.scratch)?)?;
        Ok(self.artifact(&path, &index, archive.digest, lease))
    }

    /// Makes sure that the store has all files of a tree, which may come from elsewhere in part.
    fn adopt(&self, tree: &Tree) -> Result<Lease, Error> {
        let mut lease = Lease::new(self.blobs.clone());
        for (path, entry) in tree.files() {
            lease.adopt(entry, || tree.read(path))?;
        }
        Ok(lease)
    }

    fn place(&self, path: &str, archive: TempPath, index: NamedTempFile) -> Result<(), Error> {
        let (file, index_file) = (self.artifacts.join(path), self.index_file(path));
        let dir = file.parent().unwrap_or(&self.artifacts);
        fs::create_dir_all(dir).map_err(Error::io("create directory", dir))?;
        archive.persist(&file).map_err(|error| Error::io("write", &file)(error.error))?;
        index.persist(&index_file).map_err(|error| Error::io("write", &index_file)(error.error))?;
        Ok(())
    }

    pub(super) fn open(&self, path: &str, digest: &Digest) -> Result<Artifact, Error> {
        Owner::of_path(path)?;
        let index = self.index(path)?;
        let file = self.artifacts.join(path);
        let (found, _) = archive::digest_of(&file).map_err(|error| missing_or("read", path, &file, error))?;
        if found != *digest || index.digest() != found {
            return Err(Error::Corrupt { path: path.to_owned(), expected: digest.clone(), found });
        }
        match self.shared_tree(path, digest) {
            Some(tree) => Ok(index.artifact(path, found, tree)),
            None => Ok(self.artifact(path, &index, found, self.lease(&index, path)?)),
        }
    }

    fn shared_tree(&self, path: &str, digest: &Digest) -> Option<Arc<Tree>> {
        self.archives().get(path).filter(|held| held.digest == *digest)?.tree.upgrade()
    }

    /// Holds the blobs of an index, all of which must be there.
    fn lease(&self, index: &Index, path: &str) -> Result<Lease, Error> {
        let mut lease = Lease::new(self.blobs.clone());
        for file in index.files() {
            let (_, entry, id) = file.ok_or_else(|| Error::Missing(path.to_owned()))?;
            lease.hold(id);
            if !self.blobs.is_there(&id, entry.size) {
                return Err(Error::Missing(path.to_owned()));
            }
        }
        Ok(lease)
    }

    fn artifact(&self, path: &str, index: &Index, digest: Digest, lease: Lease) -> Artifact {
        let lease = Arc::new(lease);
        let files = index.files().flatten().map(|(path, entry, _)| (path, entry)).collect();
        let tree = Arc::new(Tree::new(files, lease.clone()));
        self.archives()
            .insert(path.to_owned(), Held { _lease: lease, digest: digest.clone(), tree: Arc::downgrade(&tree) });
        index.artifact(path, digest, tree)
    }

    fn keep(&self, path: &str, lease: Lease, digest: Digest, tree: Weak<Tree>) {
        self.archives().insert(path.to_owned(), Held { _lease: Arc::new(lease), digest, tree });
    }

    pub(super) fn index(&self, path: &str) -> Result<Index, Error> {
        Index::read(&self.index_file(path), path)
    }

    pub(super) fn index_file(&self, path: &str) -> PathBuf {
        let (dir, file) = path.rsplit_once('/').unwrap_or(("", path));
        self.artifacts.join(dir).join(format!(".{file}.json"))
    }

    pub(super) fn archives(&self) -> MutexGuard<'_, HashMap<String, Held>> {
        self.archives.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Index {
    fn digest(&self) -> Digest {
        Digest::parse(&self.digest).unwrap_or_else(|| Digest::of_hash(&[]))
    }

    fn artifact(&self, path: &str, digest: Digest, tree: Arc<Tree>) -> Artifact {
        let (revision, metadata) = (Revision::new(&self.revision), self.metadata.clone());
        Artifact { revision, digest, path: path.to_owned(), size: self.size, metadata, tree }
    }
}

fn missing_or(act: &'static str, path: &str, file: &Path, error: io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::NotFound => Error::Missing(path.to_owned()),
        _ => Error::io(act, file)(error),
    }
}
