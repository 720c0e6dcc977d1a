//! What was fetched, as directories and files beside those of the build: each at a path of its own.

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use sluice_object::{Tree, TreeError, TreePath};

use super::{Checkout, Remote};
use crate::files::{Files, Found};

/// The answers to what a build has asked for.
#[derive(Debug, Clone, Default)]
pub struct Remotes {
    answers: BTreeMap<Remote, Result<TreePath, String>>,
    mounts: BTreeMap<TreePath, Content>,
}

/// The files of a repository: its own tree at the root, and below those of submodules, each at its directory.
pub type Parts = Vec<(TreePath, Arc<Tree>)>;

#[derive(Debug, Clone)]
enum Content {
    File(Bytes),
    Parts(Parts),
}

impl Remotes {
    /// Adds the file at a URL, or why there is none.
    pub fn add_file(&mut self, url: &str, answer: Result<Bytes, String>) {
        self.add(Remote::File(url.to_owned()), answer.map(Content::File));
    }

    /// Adds the files of a repository, or why they cannot be had.
    pub fn add_checkout(&mut self, checkout: &Checkout, answer: Result<Parts, String>) {
        self.add(Remote::Checkout(checkout.clone()), answer.map(Content::Parts));
    }

    /// Returns where the answer is, if it is here.
    pub(crate) fn answer(&self, remote: &Remote) -> Option<Result<&TreePath, &str>> {
        self.answers.get(remote).map(|answer| answer.as_ref().map_err(String::as_str))
    }

    /// Returns where the files are of the repository that a path is in.
    pub(crate) fn mount_above(&self, path: &TreePath) -> Option<&TreePath> {
        self.mounts.keys().find(|mount| path.is_below(mount))
    }

    /// Returns where the directory of a repository is.
    ///
    /// # Errors
    /// With the reason why they are not here.
    pub fn directory(&self, repository: &super::Repository) -> Result<TreePath, String> {
        let remote = Remote::Checkout(repository.checkout.clone());
        let mount = self.answer(&remote).unwrap_or(Err("it has not been fetched"))?;
        mount.join(&repository.directory).map_err(|error| error.to_string())
    }

    fn add(&mut self, remote: Remote, answer: Result<Content, String>) {
        let answer = answer.map(|content| {
            let mount = self.free_path(&remote);
            self.mounts.insert(mount.clone(), content);
            mount
        });
        self.answers.insert(remote, answer);
    }

    /// Makes a path that tells where things are from, and that no other mount is at, above or below.
    fn free_path(&self, remote: &Remote) -> TreePath {
        let shown = remote.to_string();
        let (scheme, rest) = shown.split_once("://").unwrap_or(("git", &shown));
        let rest: Vec<_> = rest.split('/').filter(|part| !matches!(*part, "" | "." | "..")).collect();
        let path = |number: usize| {
            let first = if number == 1 { format!("{scheme}:") } else { format!("{scheme}:{number}") };
            TreePath::parse(&format!("{first}/{}", rest.join("/").replace('\0', ""))).unwrap_or_default()
        };
        let is_free = |path: &TreePath| !self.mounts.keys().any(|other| path.is_below(other) || other.is_below(path));
        let first = path(1);
        if is_free(&first) { first } else { path(self.mounts.len() + 1) }
    }

    /// Returns what is there that a path leads into, and the rest of the path.
    fn mounted(&self, path: &TreePath) -> Option<Mount<'_>> {
        let mount = self.mount_above(path)?;
        let rest = rest(path, mount);
        match self.mounts.get(mount)? {
            Content::File(contents) => Some(Mount::File(contents, rest.is_root())),
            Content::Parts(parts) => {
                let above = parts.iter().filter(|(at, _)| rest.is_below(at));
                let (at, tree) = above.max_by_key(|(at, _)| at.as_str().len())?;
                Some(Mount::Tree(tree, self::rest(&rest, at)))
            }
        }
    }
}

/// Where a path leads.
enum Mount<'r> {
    /// To a file, or below it, where nothing is.
    File(&'r Bytes, bool),
    /// Into a tree.
    Tree(&'r Tree, TreePath),
}

fn rest(path: &TreePath, above: &TreePath) -> TreePath {
    TreePath::parse(&path.as_str()[above.as_str().len()..]).unwrap_or_default()
}

/// The files of a build, and what was fetched for it.
pub(crate) struct Mounted<'t> {
    files: &'t dyn Files,
    remotes: &'t Remotes,
}

impl<'t> Mounted<'t> {
    pub(crate) fn new(files: &'t dyn Files, remotes: &'t Remotes) -> Self {
        Self { files, remotes }
    }
}

impl Files for Mounted<'_> {
    fn find(&self, path: &TreePath) -> Result<Option<Found>, TreeError> {
        match self.remotes.mounted(path) {
            None => self.files.find(path),
            Some(Mount::File(_, itself)) => Ok(itself.then(|| Found { path: path.clone(), directory: false })),
            Some(Mount::Tree(tree, rest)) => {
                let found = Files::find(tree, &rest)?;
                Ok(found.map(|found| Found { path: path.clone(), ..found }))
            }
        }
    }

    fn read(&self, path: &TreePath) -> Result<Bytes, TreeError> {
        match self.remotes.mounted(path) {
            None => self.files.read(path),
            Some(Mount::File(contents, true)) => Ok(contents.clone()),
            Some(Mount::File(_, false)) => Err(TreeError::NotFound(path.clone())),
            Some(Mount::Tree(tree, rest)) => tree.read(&rest),
        }
    }

    fn names(&self, directory: &TreePath) -> Vec<String> {
        match self.remotes.mounted(directory) {
            None => self.files.names(directory),
            Some(Mount::File(..)) => Vec::new(),
            Some(Mount::Tree(tree, rest)) => Files::names(tree, &rest),
        }
    }

    fn is_whole(&self) -> bool {
        self.files.is_whole()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Repository;

    fn checkout(url: &str) -> Checkout {
        Repository::parse(url).unwrap().checkout
    }

    fn parts(files: &[(&str, &str)]) -> Parts {
        let files = files.iter().map(|(path, text)| (*path, (*text).to_owned()));
        vec![(TreePath::root(), Arc::new(Tree::in_memory(files)))]
    }

    fn at(remotes: &Remotes, url: &str) -> String {
        remotes.directory(&Repository::parse(url).unwrap()).unwrap().to_string()
    }

    #[test]
    fn paths_tell_where_things_are_from_and_never_meet() {
        let urls = [
            "https://me:hunter2@example.com/org/repo//a?ref=v1",
            "https://you:hunter2@example.com/org/repo//a?ref=v1",
            "https://example.com/org/repo//a?ref=v1/b",
            "git@example.com:org/repo//a/../b",
        ];
        let mut remotes = Remotes::default();
        for url in urls {
            remotes.add_checkout(&checkout(url), Ok(parts(&[("x", url)])));
        }
        let paths = urls.map(|url| at(&remotes, url));
        assert_eq!(
            paths,
            [
                "https:/example.com/org/repo@v1/a",
                "https:2/example.com/org/repo@v1/a",
                "https:3/example.com/org/repo@v1/b/a",
                "git:/git@example.com:org/repo/b",
            ]
        );
    }

    #[test]
    fn a_mount_is_read_like_a_directory() {
        let url = "https://example.com/org/repo//a";
        let (below, mut remotes) = (Tree::in_memory([("x", "below")]), Remotes::default());
        let mut both = parts(&[("a/x", "1"), ("a/y", "2")]);
        both.extend(parts(&[("b", "submodule")]).into_iter().map(|(_, tree)| (TreePath::parse("a/z").unwrap(), tree)));
        remotes.add_checkout(&checkout(url), Ok(both));
        remotes.add_file("https://example.com/z", Ok(Bytes::from("3")));
        let files = Mounted::new(&below, &remotes);
        let path = |text: &str| TreePath::parse(text).unwrap();
        let a = path(&at(&remotes, url));
        assert_eq!(files.find(&a).unwrap(), Some(Found { path: a.clone(), directory: true }));
        assert_eq!(files.names(&a), ["x", "y"]);
        let read = |path: TreePath| files.read(&path).map(|contents| contents.to_vec()).ok();
        assert_eq!(read(a.join("y").unwrap()), Some(b"2".to_vec()));
        assert_eq!(read(a.join("z/b").unwrap()), Some(b"submodule".to_vec()));
        assert_eq!(read(path("https:/example.com/z")), Some(b"3".to_vec()));
        assert_eq!((read(path("x")), read(path("y"))), (Some(b"below".to_vec()), None));
    }
}
