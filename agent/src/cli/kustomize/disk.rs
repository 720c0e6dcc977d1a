//! The local file system as what a build reads from. Links are followed, as kustomize does.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use sluice_kustomize::{Files, Found};
use sluice_object::{TreeError, TreePath};

/// Files below a directory, read when they are asked for.
#[derive(Debug)]
pub(super) struct Disk {
    /// Absolute, and without links.
    root: PathBuf,
}

impl Disk {
    /// Takes what is below a directory, which must be absolute and without links.
    pub(super) fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    fn place(&self, path: &TreePath) -> PathBuf {
        self.root.join(path.as_str())
    }

    /// Turns a real path into one below the root.
    fn below(&self, real: &Path) -> Result<TreePath, TreeError> {
        let leaves = || TreeError::Leaves(real.display().to_string());
        TreePath::parse(&real.strip_prefix(&self.root).map_err(|_| leaves())?.to_string_lossy())
    }
}

impl Files for Disk {
    fn find(&self, path: &TreePath) -> Result<Option<Found>, TreeError> {
        let Ok(real) = fs::canonicalize(self.place(path)) else { return Ok(None) };
        Ok(Some(Found { path: self.below(&real)?, directory: real.is_dir() }))
    }

    fn read(&self, path: &TreePath) -> Result<Bytes, TreeError> {
        match fs::read(self.place(path)) {
            Ok(contents) => Ok(contents.into()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(TreeError::NotFound(path.clone())),
            Err(source) => Err(TreeError::Read { path: path.clone(), source }),
        }
    }

    fn names(&self, directory: &TreePath) -> Vec<String> {
        let entries = fs::read_dir(self.place(directory)).into_iter().flatten().flatten();
        let mut names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    fn is_whole(&self) -> bool {
        self.root.parent().is_none()
    }
}
