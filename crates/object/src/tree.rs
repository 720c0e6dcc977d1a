//! An immutable tree of files: paths and digests in memory, contents read on demand.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt, io,
    sync::Arc,
};

use bytes::Bytes;

use crate::Digest;

/// A path inside a tree: relative, `/`-separated, without `.`, `..` and empty parts. The root is the empty path.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct TreePath(String);

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

impl TreePath {
    /// The root of the tree.
    pub fn root() -> Self {
        Self::default()
    }

    /// Reads a path relative to the root. Leading `/` and `./` are dropped; `..` may not lead out.
    pub fn parse(text: &str) -> Result<Self, TreeError> {
        Self::root().join(text)
    }

    /// Follows a relative path from this directory.
    pub fn join(&self, relative: &str) -> Result<Self, TreeError> {
        let mut parts: Vec<&str> = self.0.split('/').filter(|part| !part.is_empty()).collect();
        for part in relative.split('/') {
            match part {
                "" | "." => {}
                ".." => {
                    parts.pop().ok_or_else(|| TreeError::Leaves(relative.into()))?;
                }
                part if part.contains('\0') => return Err(TreeError::Leaves(relative.escape_default().to_string())),
                part => parts.push(part),
            }
        }
        Ok(Self(parts.join("/")))
    }

    /// Returns the directory that holds this path; the root's is the root.
    pub fn parent(&self) -> Self {
        Self(self.0.rsplit_once('/').map_or("", |(parent, _)| parent).into())
    }

    /// Returns the last part.
    pub fn file_name(&self) -> &str {
        self.0.rsplit_once('/').map_or(&self.0, |(_, name)| name)
    }

    /// Says whether the path is `dir` or below it.
    pub fn is_below(&self, dir: &TreePath) -> bool {
        dir.0.is_empty() || self == dir || self.0.strip_prefix(&dir.0).is_some_and(|rest| rest.starts_with('/'))
    }

    /// Returns the path as text, empty for the root.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Says whether this is the root.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for TreePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "." } else { &self.0 })
    }
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

/// Files by path, sorted, with their contents behind [`Contents`].
#[derive(Debug)]
pub struct Tree {
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
        Self { files, directories, contents }
    }

    /// Makes a tree of files in memory, for tests and generated input. Paths that leave the tree are dropped.
    pub fn in_memory<P: AsRef<str>, B: Into<Bytes>>(files: impl IntoIterator<Item = (P, B)>) -> Self {
        let mut entries = BTreeMap::new();
        let mut contents = MemoryContents::default();
        for (path, bytes) in files {
            let (Ok(path), bytes) = (TreePath::parse(path.as_ref()), bytes.into()) else { continue };
            let digest = Digest::sha256(&bytes);
            entries.insert(path, Entry { digest: digest.clone(), size: bytes.len() as u64, executable: false });
            contents.0.insert(digest, bytes);
        }
        Self::new(entries, Arc::new(contents))
    }

    /// Returns the files in order of their paths.
    pub fn files(&self) -> impl Iterator<Item = (&TreePath, &Entry)> {
        self.files.iter()
    }

    /// Returns the files in or below a directory, in order.
    pub fn files_below<'a>(&'a self, dir: &'a TreePath) -> impl Iterator<Item = (&'a TreePath, &'a Entry)> {
        self.files.range(dir.clone()..).filter(move |(path, _)| path.is_below(dir))
    }

    /// Returns the names in a directory in order, with whether each is a directory.
    pub fn list<'a>(&'a self, dir: &'a TreePath) -> Vec<(String, bool)> {
        let child = |path: &TreePath| !path.is_root() && path.parent() == *dir;
        let files = self.files.keys().filter(|path| child(path)).map(|path| (path.file_name().to_owned(), false));
        let dirs = self.directories.iter().filter(|path| child(path)).map(|path| (path.file_name().to_owned(), true));
        let mut names: Vec<_> = files.chain(dirs).collect();
        names.sort();
        names
    }

    /// Returns a file's entry.
    pub fn entry(&self, path: &TreePath) -> Option<&Entry> {
        self.files.get(path)
    }

    /// Says whether a directory is there. Directories without files do not exist.
    pub fn is_dir(&self, path: &TreePath) -> bool {
        self.directories.contains(path)
    }

    /// Reads a file.
    ///
    /// # Errors
    /// When there is no such file, or its contents cannot be read.
    pub fn read(&self, path: &TreePath) -> Result<Bytes, TreeError> {
        let entry = self.files.get(path).ok_or_else(|| TreeError::NotFound(path.clone()))?;
        self.contents.read(path, entry).map_err(|source| TreeError::Read { path: path.clone(), source })
    }

    /// Returns the tree with some files put in the place of, or beside, its own.
    pub fn overlay(self: &Arc<Self>, files: impl IntoIterator<Item = (TreePath, Bytes)>) -> Self {
        let mut entries = self.files.clone();
        let mut above = MemoryContents::default();
        for (path, bytes) in files {
            let digest = Digest::sha256(&bytes);
            entries.insert(path, Entry { digest: digest.clone(), size: bytes.len() as u64, executable: false });
            above.0.insert(digest, bytes);
        }
        Self::new(entries, Arc::new(Overlay { above, below: self.clone() }))
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

#[derive(Debug)]
struct Overlay {
    above: MemoryContents,
    below: Arc<Tree>,
}

impl Contents for Overlay {
    fn read(&self, path: &TreePath, entry: &Entry) -> io::Result<Bytes> {
        match self.above.read(path, entry) {
            Err(_) => self.below.contents.read(path, entry),
            found => found,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("", "./a/b", Some("a/b"))]
    #[case("", "/a//b/", Some("a/b"))]
    #[case("a/b", "../c", Some("a/c"))]
    #[case("a", "../..", None)]
    #[case("", "..", None)]
    #[case("", "a/../../b", None)]
    fn a_path_never_leaves_the_tree(#[case] dir: &str, #[case] relative: &str, #[case] expected: Option<&str>) {
        let joined = TreePath::parse(dir).unwrap().join(relative).ok();
        assert_eq!(joined.as_ref().map(TreePath::as_str), expected);
    }

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
        let below = Arc::new(Tree::in_memory([("a", "old"), ("b", "kept")]));
        let tree = below.overlay([(TreePath::parse("a").unwrap(), Bytes::from("new"))]);
        let read = |path: &str| tree.read(&TreePath::parse(path).unwrap()).unwrap();
        assert_eq!((&read("a")[..], &read("b")[..]), (&b"new"[..], &b"kept"[..]));
    }
}
