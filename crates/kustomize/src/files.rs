//! What a build reads from: the tree of an artifact, or a file system.

use bytes::Bytes;
use sluice_object::{Tree, TreeError, TreePath};

/// Files and directories by path. Paths are relative to a root that they never leave.
pub trait Files {
    /// Returns what is at a path, links followed.
    ///
    /// # Errors
    /// When a link leads out of the root.
    fn find(&self, path: &TreePath) -> Result<Option<Found>, TreeError>;

    /// Reads a file.
    ///
    /// # Errors
    /// When it is not there, or cannot be read.
    fn read(&self, path: &TreePath) -> Result<Bytes, TreeError>;

    /// Returns the names in a directory, sorted.
    fn names(&self, directory: &TreePath) -> Vec<String>;

    /// Says whether the root is that of the whole file system, so that absolute paths can be followed.
    fn is_whole(&self) -> bool {
        false
    }
}

/// What is at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The path that is left when all links are followed.
    pub path: TreePath,
    /// Whether it is a directory.
    pub directory: bool,
}

impl Files for Tree {
    fn find(&self, path: &TreePath) -> Result<Option<Found>, TreeError> {
        let directory = self.is_dir(path);
        let there = directory || self.entry(path).is_some();
        Ok(there.then(|| Found { path: path.clone(), directory }))
    }

    fn read(&self, path: &TreePath) -> Result<Bytes, TreeError> {
        Self::read(self, path)
    }

    fn names(&self, directory: &TreePath) -> Vec<String> {
        self.list(directory).into_iter().map(|(name, _)| name).collect()
    }
}
