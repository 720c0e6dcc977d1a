//! Contents on their way into the store: written as they come, so that memory does not hold them.

use std::{fs, path::Path};

use sha2::{Digest as _, Sha256};
use sluice_object::Digest;
use tempfile::{NamedTempFile, TempPath};
use tokio::{
    fs::File,
    io::{AsyncWriteExt, BufWriter},
};

use super::{Error, blobs::BlobId};

/// A file that is being received. It goes away with its value.
#[derive(Debug)]
pub(crate) struct Incoming {
    file: BufWriter<File>,
    path: TempPath,
    hasher: Sha256,
    size: u64,
}

/// A file that was received in full.
#[derive(Debug)]
pub struct Received {
    pub(super) id: BlobId,
    pub(crate) size: u64,
    pub(super) path: TempPath,
}

impl Received {
    /// Returns the digest of what came.
    pub fn digest(&self) -> Digest {
        self.id.digest()
    }

    /// Opens the file.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn open(&self) -> Result<fs::File, Error> {
        fs::File::open(&self.path).map_err(Error::io("read", &self.path))
    }
}

impl Received {
    /// Reads the whole file, which who received it has bounded.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(&self) -> Result<Vec<u8>, Error> {
        fs::read(&self.path).map_err(Error::io("read", &self.path))
    }
}

impl Incoming {
    pub(super) fn below(scratch: &Path) -> Result<Self, Error> {
        let (file, path) = NamedTempFile::new_in(scratch).map_err(Error::io("write", scratch))?.into_parts();
        let file = BufWriter::with_capacity(64 << 10, File::from_std(file));
        Ok(Self { file, path, hasher: Sha256::new(), size: 0 })
    }

    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    pub(crate) async fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.hasher.update(bytes);
        self.size += bytes.len() as u64;
        self.file.write_all(bytes).await.map_err(Error::io("write", &self.path))
    }

    pub(crate) async fn finish(mut self) -> Result<Received, Error> {
        self.file.shutdown().await.map_err(Error::io("write", &self.path))?;
        Ok(Received { id: BlobId(self.hasher.finalize().into()), size: self.size, path: self.path })
    }
}
