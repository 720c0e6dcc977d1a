//! What entries of a kustomization lead to, and how one goes there: in the tree, or in what was fetched.

use sluice_object::TreePath;

use super::{Loader, invalid};
use crate::{
    Release,
    error::{Error, Place},
    files::Found,
    remote::{Remote, Repository, is_url, shown},
};

/// A directory that is being built, and those it is built for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Root {
    /// The directory.
    pub(crate) directory: TreePath,
    /// The directories that led here in the same tree, outermost first.
    above: Vec<TreePath>,
    /// Where the files of the repository are that it is in, unless it is in the tree itself.
    pub(super) checkout: Option<TreePath>,
    /// The repositories that led here, as written.
    repositories: Vec<String>,
    depth: usize,
}

/// A directory that a kustomization names.
#[derive(Debug)]
pub(crate) enum Base {
    /// In the same tree.
    Here(TreePath),
    /// In a repository.
    Fetched {
        /// The directory.
        directory: TreePath,
        /// Where the files of the repository are.
        checkout: TreePath,
        /// The URL as written.
        url: String,
    },
}

/// What an entry of `resources` leads to.
pub(crate) enum Entry {
    /// A file with manifests.
    File(TreePath),
    /// A directory with a kustomization.
    Directory(Base),
    /// Something remote that isn't here yet.
    Needed,
}

impl Loader<'_> {
    /// Returns the root of the whole build.
    pub(crate) fn root(&self, directory: &TreePath) -> Root {
        let checkout = self.options.remotes.mount_above(directory).cloned();
        Root { directory: directory.clone(), checkout, ..Root::default() }
    }

    /// Finds out what an entry of `resources` is: a file, or else a directory. What is at a URL may be either.
    pub(crate) fn entry(&mut self, root: &Root, path: &str, place: &Place) -> Result<Entry, Error> {
        match Repository::parse(path) {
            None if is_url(path) => Ok(self.download(path, place)?.map_or(Entry::Needed, Entry::File)),
            Some(repository) if is_url(path) => self.file_or_checkout(&repository, path, place),
            Some(repository) if !self.is_file(root, path) => self.checkout(&repository, path, place),
            _ => self.local(root, path, place),
        }
    }

    /// Finds out what an entry of `components` is, which is no file.
    pub(crate) fn base(&mut self, root: &Root, path: &str, place: &Place) -> Result<Entry, Error> {
        match Repository::parse(path) {
            Some(repository) => self.checkout(&repository, path, place),
            None => self.local(root, path, place),
        }
    }

    fn local(&self, root: &Root, path: &str, place: &Place) -> Result<Entry, Error> {
        if path.is_empty() {
            return Err(invalid(place, "new root cannot be empty"));
        }
        match self.find(&self.locate(root, path, place)?, path, place)? {
            Some(Found { directory: false, .. }) => self.file(root, path, place).map(Entry::File),
            Some(_) if path.starts_with('/') => Err(invalid(place, &format!("new root '{path}' cannot be absolute"))),
            Some(_) if self.options.release == Release::V5_8_2 && is_ambiguous(path) => {
                Err(invalid(place, &format!("path \"{path}\" is ambiguous: a name in it contains `..`")))
            }
            Some(found) => Ok(Entry::Directory(Base::Here(found.path))),
            None => Err(self.not_found(root, path, place)),
        }
    }

    fn file_or_checkout(&mut self, repository: &Repository, path: &str, place: &Place) -> Result<Entry, Error> {
        let no_manifests = match self.download(path, place) {
            Ok(None) => return Ok(Entry::Needed),
            Ok(Some(file)) => match self.manifests(&file, place) {
                Ok(_) => return Ok(Entry::File(file)),
                Err(error) => error,
            },
            Err(error) => error,
        };
        match (self.checkout(repository, path, place), no_manifests) {
            (Err(Error::Remote { place, url, problem }), Error::Remote { problem: other, .. }) => {
                Err(Error::Remote { place, url, problem: format!("{problem}; as a file neither: {other}") })
            }
            (Err(Error::Remote { .. }), malformed) => Err(malformed),
            (found, _) => found,
        }
    }

    /// Returns where the file of a URL is, if it is here.
    pub(super) fn download(&mut self, url: &str, place: &Place) -> Result<Option<TreePath>, Error> {
        let remote = Remote::File(url.to_owned());
        match self.options.remotes.answer(&remote) {
            Some(answer) => answer.map(|file| Some(file.clone())).map_err(|problem| absent(place, url, problem)),
            None => {
                self.need(remote, place);
                Ok(None)
            }
        }
    }

    /// Returns the directory of a repository, if it is here.
    fn checkout(&mut self, repository: &Repository, url: &str, place: &Place) -> Result<Entry, Error> {
        let remote = Remote::Checkout(repository.checkout.clone());
        let Some(answer) = self.options.remotes.answer(&remote) else {
            self.need(remote, place);
            return Ok(Entry::Needed);
        };
        let checkout = answer.map_err(|problem| absent(place, url, problem))?.clone();
        let missing =
            || absent(place, url, &format!("there is no directory `{}` in the repository", repository.directory));
        let directory = checkout.join(&repository.directory).map_err(|_| missing())?;
        match self.find(&directory, url, place)? {
            Some(Found { directory: true, path }) => {
                Ok(Entry::Directory(Base::Fetched { directory: path, checkout, url: url.to_owned() }))
            }
            _ => Err(missing()),
        }
    }

    /// Goes from one root into a directory below, beside or above it, or in a repository.
    pub(crate) fn enter(&self, root: &Root, base: Base, place: &Place) -> Result<Root, Error> {
        let limit = self.options.limits.depth;
        if root.depth >= limit {
            return Err(Error::Limit { place: place.clone(), what: "depth of bases", limit: limit as u64 });
        }
        let from = Root { depth: root.depth + 1, ..root.clone() };
        match base {
            Base::Here(directory) => from.below(directory, place),
            Base::Fetched { directory, checkout, url } => from.fetched(directory, checkout, url, place),
        }
    }

    fn is_file(&self, root: &Root, path: &str) -> bool {
        let place = Place::default();
        let found = self.locate(root, path, &place).and_then(|joined| self.find(&joined, path, &place));
        matches!(found, Ok(Some(Found { directory: false, .. })))
    }
}

impl Root {
    fn below(mut self, directory: TreePath, place: &Place) -> Result<Self, Error> {
        self.above.push(std::mem::replace(&mut self.directory, directory));
        match self.above.iter().rev().find(|visited| visited.is_below(&self.directory)) {
            None => Ok(self),
            Some(visited) => {
                Err(Error::Cycle { place: place.clone(), candidate: self.directory, visited: visited.clone() })
            }
        }
    }

    /// Each fetch is a tree of its own. A repository may lead to itself, but not to where it was entered or above.
    fn fetched(mut self, directory: TreePath, checkout: TreePath, url: String, place: &Place) -> Result<Self, Error> {
        if let Some(visited) = self.repositories.iter().find(|visited| visited.starts_with(&url)) {
            let (url, visited) = (shown(&url), shown(visited));
            return Err(invalid(place, &format!("cycle detected: URI '{url}' referenced by previous URI '{visited}'")));
        }
        self.repositories.push(url);
        Ok(Self { directory, above: Vec::new(), checkout: Some(checkout), ..self })
    }

    /// Follows a path as written that may not leave a repository.
    pub(super) fn locate_within(&self, checkout: &TreePath, path: &str, place: &Place) -> Result<TreePath, Error> {
        let joined = if path.starts_with('/') { None } else { self.directory.join(path).ok() };
        joined.filter(|joined| joined.is_below(checkout)).ok_or_else(|| Error::Outside {
            place: place.clone(),
            path: path.to_owned(),
            root: checkout.clone(),
            hint: "what a repository names must be in it",
        })
    }
}

fn absent(place: &Place, url: &str, problem: &str) -> Error {
    Error::Remote { place: place.clone(), url: shown(url), problem: problem.to_owned() }
}

/// Says whether two entries of a list have run together, as 5.8.2 suspects.
fn is_ambiguous(path: &str) -> bool {
    path.split('/').any(|part| part != ".." && part.contains(".."))
}
