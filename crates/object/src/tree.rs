//! An immutable tree of files: paths and digests in memory, contents read on demand.

mod inputs;
mod path;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt, io,
    ops::Bound,
    sync::Arc,
};

use bytes::Bytes;

use crate::Digest;
pub use inputs::Inputs;
use inputs::{Ask, Log};
pub use path::TreePath;

/// Why a tree could not answer.
#[derive(Debug, thiserror::Error)]
pub enum TreeError {
    /// The path leads out of the tree.
    #[error("path `{0}` leaves the artifact")]
    Leaves(String),
    /// Nothing is there.
    #[error("`{0}` not found")]
    NotFound(TreePath),
    /// The contents could not be read.
    #[error("read `{path}`")]
    Read {
        /// The file.
        path: TreePath,
        /// The cause.
        #[source]
        source: io::Error,
    },
}

/// A file of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Digest of the contents.
    pub digest: Digest,
    /// Bytes.
    pub size: u64,
    /// Whether the executable bit is set.
    pub executable: bool,
}

/// Where the contents of a tree's files are read from.
pub trait Contents: fmt::Debug + Send + Sync {
    /// Reads one file.
    fn read(&self, path: &TreePath, entry: &Entry) -> io::Result<Bytes>;
}

/// Files by path, sorted, with their contents behind [`Contents`]. Clones share them.
#[derive(Debug, Clone)]
pub struct Tree {
    base: Arc<Base>,
    /// Files in the place of, or beside, those of the base.
    above: BTreeMap<TreePath, (Entry, Bytes)>,
    /// What has been asked, where that is wanted.
    log: Option<Arc<Log>>,
}

#[derive(Debug)]
struct Base {
    files: BTreeMap<TreePath, Entry>,
    directories: BTreeSet<TreePath>,
    contents: Arc<dyn Contents>,
}

impl Tree {
    /// Makes a tree of files whose contents are read from `contents`.
    pub fn new(files: BTreeMap<TreePath, Entry>, contents: Arc<dyn Contents>) -> Self {
        let mut directories = BTreeSet::from([TreePath::root()]);
        for path in files.keys() {
            let mut dir = path.parent();
            while directories.insert(dir.clone()) {
                dir = dir.parent();
            }
        }
        Self { base: Arc::new(Base { files, directories, contents }), above: BTreeMap::new(), log: None }
    }

    /// Makes a tree of files in memory, for tests and generated input. Paths that leave the tree are dropped.
    pub fn in_memory<P: AsRef<str>, B: Into<Bytes>>(files: impl IntoIterator<Item = (P, B)>) -> Self {
        let mut entries = BTreeMap::new();
        let mut contents = MemoryContents::default();
        for (path, bytes) in files {
            let (Ok(path), bytes) = (TreePath::parse(path.as_ref()), bytes.into()) else { continue };
            let entry = Entry::of(&bytes);
            contents.0.insert(entry.digest.clone(), bytes);
            entries.insert(path, entry);
        }
        Self::new(entries, Arc::new(contents))
    }

    /// Returns the tree with a log of what is asked of it from here on, for [`Tree::inputs`].
    #[must_use]
    pub fn logged(&self) -> Self {
        Self { log: Some(Arc::default()), ..self.clone() }
    }

    /// Returns what has been asked of this tree, and of overlays of it, since [`Tree::logged`].
    pub fn inputs(&self) -> Option<Inputs> {
        self.log.as_ref().map(|log| log.inputs(&self.base))
    }

    /// Returns the files in order of their paths.
    pub fn files(&self) -> impl Iterator<Item = (&TreePath, &Entry)> {
        const ROOT: &TreePath = &TreePath::ROOT;
        self.files_below(ROOT)
    }

    /// Returns the files in or below a directory, in order.
    pub fn files_below<'a>(&'a self, dir: &'a TreePath) -> impl Iterator<Item = (&'a TreePath, &'a Entry)> {
        self.note(dir, Ask::Below);
        let mut found: Vec<_> = self.base.below(dir).filter(|(path, _)| !self.above.contains_key(*path)).collect();
        if !self.above.is_empty() {
            let above = self.above.iter().filter(|(path, _)| path.is_below(dir));
            found.extend(above.map(|(path, (entry, _))| (path, entry)));
            found.sort_by_key(|(path, _)| *path);
        }
        found.into_iter()
    }

    /// Returns the names in a directory in order, with whether each is a directory.
    pub fn list(&self, dir: &TreePath) -> Vec<(String, bool)> {
        self.note(dir, Ask::Names);
        let mut names: BTreeSet<_> = self.base.names(dir).into_iter().collect();
        for path in self.above.keys().filter(|path| **path != *dir && path.is_below(dir)) {
            let rest = &path.0[if dir.is_root() { 0 } else { dir.0.len() + 1 }..];
            names.insert(match rest.split_once('/') {
                Some((name, _)) => (name.to_owned(), true),
                None => (rest.to_owned(), false),
            });
        }
        names.into_iter().collect()
    }

    /// Returns a file's entry.
    pub fn entry(&self, path: &TreePath) -> Option<&Entry> {
        if let Some((entry, _)) = self.above.get(path) {
            return Some(entry);
        }
        self.note(path, Ask::Entry);
        self.base.files.get(path)
    }

    /// Says whether a directory is there. Directories without files do not exist.
    pub fn is_dir(&self, path: &TreePath) -> bool {
        self.note(path, Ask::Directory);
        self.base.directories.contains(path) || self.above.keys().any(|file| file != path && file.is_below(path))
    }

    /// Reads a file.
    ///
    /// # Errors
    /// When there is no such file, or its contents cannot be read.
    pub fn read(&self, path: &TreePath) -> Result<Bytes, TreeError> {
        if let Some((_, bytes)) = self.above.get(path) {
            return Ok(bytes.clone());
        }
        let entry = self.entry(path).ok_or_else(|| TreeError::NotFound(path.clone()))?;
        self.base.contents.read(path, entry).map_err(|source| TreeError::Read { path: path.clone(), source })
    }

    /// Returns the tree with some files put in the place of, or beside, its own.
    #[must_use]
    pub fn overlay(&self, files: impl IntoIterator<Item = (TreePath, Bytes)>) -> Self {
        let mut tree = self.clone();
        tree.above.extend(files.into_iter().map(|(path, bytes)| (path, (Entry::of(&bytes), bytes))));
        tree
    }

    fn note(&self, path: &TreePath, ask: Ask) {
        if let Some(log) = &self.log {
            log.note(path, ask);
        }
    }
}

impl Base {
    /// Returns the files in or below a directory.
    fn below(&self, dir: &TreePath) -> impl Iterator<Item = (&TreePath, &Entry)> {
        let itself = self.files.get_key_value(dir);
        itself.into_iter().chain(self.files.range(inside(dir)))
    }

    /// Returns the names in a directory. What is below its directories is jumped over, not walked through.
    fn names(&self, dir: &TreePath) -> Vec<(String, bool)> {
        let (mut names, (mut from, to)) = (Vec::new(), inside(dir));
        let skip = if dir.is_root() { 0 } else { dir.0.len() + 1 };
        while let Some((path, _)) = self.files.range((from.clone(), to.clone())).next() {
            match path.0[skip..].split_once('/') {
                None => {
                    names.push((path.0[skip..].to_owned(), false));
                    from = Bound::Excluded(path.clone());
                }
                Some((name, _)) => {
                    names.push((name.to_owned(), true));
                    from = Bound::Included(TreePath(format!("{}0", &path.0[..skip + name.len()])));
                }
            }
        }
        names
    }
}

/// Returns the bounds of the paths below a directory: `0` is the letter after `/`.
fn inside(dir: &TreePath) -> (Bound<TreePath>, Bound<TreePath>) {
    if dir.is_root() {
        return (Bound::Unbounded, Bound::Unbounded);
    }
    (Bound::Excluded(TreePath(format!("{dir}/"))), Bound::Excluded(TreePath(format!("{dir}0"))))
}

impl Entry {
    fn of(bytes: &Bytes) -> Self {
        Self { digest: Digest::sha256(bytes), size: bytes.len() as u64, executable: false }
    }
}

/// Contents kept in memory by digest.
#[derive(Debug, Default)]
pub struct MemoryContents(HashMap<Digest, Bytes>);

impl Contents for MemoryContents {
    fn read(&self, _: &TreePath, entry: &Entry) -> io::Result<Bytes> {
        self.0.get(&entry.digest).cloned().ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_what_a_directory_holds() {
        let tree = Tree::in_memory([("a/b/c.yaml", "1"), ("a/d.yaml", "2"), ("e.yaml", "3"), ("ab/x", "4")]);
        let a = TreePath::parse("a").unwrap();
        assert_eq!(tree.list(&a), [("b".to_owned(), true), ("d.yaml".to_owned(), false)]);
        assert_eq!(tree.files_below(&a).count(), 2);
        assert!(tree.is_dir(&TreePath::parse("a/b").unwrap()) && !tree.is_dir(&TreePath::parse("e.yaml").unwrap()));
    }

    #[test]
    fn an_overlay_hides_what_is_below() {
        let below = Tree::in_memory([("a", "old"), ("b", "kept")]);
        let tree = below.overlay([(TreePath::parse("a").unwrap(), Bytes::from("new"))]);
        let read = |path: &str| tree.read(&TreePath::parse(path).unwrap()).unwrap();
        assert_eq!((&read("a")[..], &read("b")[..]), (&b"new"[..], &b"kept"[..]));
    }
}
