//! A tree of files while it is being fetched.

use std::{collections::BTreeMap, sync::Arc};

use sluice_object::{Entry, Tree, TreeError, TreePath};

use super::{
    Error,
    blobs::{Blobs, Lease},
    incoming::Received,
};
use crate::{Limit, Limits};

/// Files that are put into the store one by one, within limits.
#[derive(Debug)]
pub struct Draft {
    subject: String,
    limits: Limits,
    size: u64,
    files: BTreeMap<TreePath, Entry>,
    lease: Lease,
}

impl Draft {
    pub(super) fn new(blobs: Arc<Blobs>, subject: &str, limits: Limits) -> Self {
        let lease = Lease::new(blobs);
        Self { subject: subject.to_owned(), limits, size: 0, files: BTreeMap::new(), lease }
    }

    /// Checks the limits for a file before its contents are read.
    ///
    /// # Errors
    /// When a limit would be exceeded.
    pub fn admit(&self, path: &TreePath, size: u64) -> Result<(), Error> {
        self.limits.check(Limit::File, size, path.as_str())?;
        self.limits.check(Limit::Files, self.files.len() as u64 + 1, &self.subject)?;
        self.limits.check(Limit::Size, self.size.saturating_add(size), &self.subject)?;
        Ok(())
    }

    /// Stores a file. One at the same path is replaced.
    ///
    /// # Errors
    /// When a limit is exceeded, or the file cannot be written.
    pub fn add(&mut self, path: TreePath, bytes: &[u8], executable: bool) -> Result<(), Error> {
        let size = bytes.len() as u64;
        self.admit(&path, size)?;
        let digest = self.lease.put(bytes)?.digest();
        self.size += size;
        self.files.insert(path, Entry { digest, size, executable });
        Ok(())
    }

    /// Takes a file that was received.
    ///
    /// # Errors
    /// When a limit is exceeded, or the file cannot be moved to its place.
    pub(crate) fn take(&mut self, path: TreePath, received: Received) -> Result<(), Error> {
        let size = received.size;
        self.admit(&path, size)?;
        let digest = self.lease.take(received)?.digest();
        self.size += size;
        self.files.insert(path, Entry { digest, size, executable: false });
        Ok(())
    }

    /// Takes a file of another tree, at the same path.
    ///
    /// # Errors
    /// When it is not there, a limit is exceeded, or the file cannot be read or written.
    pub(crate) fn reuse(&mut self, tree: &Tree, path: &TreePath) -> Result<(), Error> {
        let entry = tree.entry(path).ok_or_else(|| TreeError::NotFound(path.clone()))?;
        self.admit(path, entry.size)?;
        self.lease.adopt(entry, || tree.read(path))?;
        self.size += entry.size;
        self.files.insert(path.clone(), entry.clone());
        Ok(())
    }

    /// Puts the files in and below a directory of another tree below `to`, in the place of those that are there.
    ///
    /// # Errors
    /// When a limit is exceeded, or a file cannot be read or written.
    pub fn copy(&mut self, tree: &Tree, from: &TreePath, to: &TreePath) -> Result<(), Error> {
        for (path, entry) in tree.files_below(from) {
            let relative = path.as_str().strip_prefix(from.as_str()).unwrap_or_default();
            let path_here = to.join(relative)?;
            self.admit(&path_here, entry.size)?;
            self.lease.adopt(entry, || tree.read(path))?;
            self.size += entry.size;
            self.files.insert(path_here, entry.clone());
        }
        Ok(())
    }

    /// Returns the tree. Its files stay in the store as long as it lives.
    pub fn finish(self) -> Arc<Tree> {
        Arc::new(Tree::new(self.files, Arc::new(self.lease)))
    }
}
