//! Reads files of the tree for a kustomization, and keeps account of what was read.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use sluice_object::{TreeError, TreePath};
use sluice_yaml::Node;

use crate::{
    Files, Limits, Options, Release, Restriction,
    error::{Error, Need, Place, closest},
    files::Found,
    manifest,
};

/// The names a kustomization file may have.
pub(crate) const FILE_NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// Reads files, within the limits.
pub(crate) struct Loader<'t> {
    files: &'t dyn Files,
    options: &'t Options,
    /// Files read and directories looked into.
    pub(crate) read: BTreeSet<TreePath>,
    /// What has to be fetched.
    pub(crate) needs: Vec<Need>,
    bytes: u64,
    kustomizations: usize,
    manifests: HashMap<TreePath, Arc<Vec<Node>>>,
}

/// A directory that is being built, and those it is built for.
#[derive(Debug, Clone)]
pub(crate) struct Root {
    /// The directory.
    pub(crate) directory: TreePath,
    /// The directories that led here, outermost first.
    pub(crate) above: Vec<TreePath>,
}

/// What an entry of `resources` leads to.
pub(crate) enum Entry {
    /// A file with manifests.
    File(TreePath),
    /// A directory with a kustomization.
    Directory(TreePath),
    /// Something remote that isn't here yet.
    Needed,
}

impl<'t> Loader<'t> {
    pub(crate) fn new(files: &'t dyn Files, options: &'t Options) -> Self {
        Self {
            files,
            options,
            read: BTreeSet::new(),
            needs: Vec::new(),
            bytes: 0,
            kustomizations: 0,
            manifests: HashMap::new(),
        }
    }

    pub(crate) fn limits(&self) -> &'t Limits {
        &self.options.limits
    }

    /// Returns the kustomization file of a directory.
    pub(crate) fn kustomization(&mut self, directory: &TreePath, by: Option<Place>) -> Result<TreePath, Error> {
        self.read.insert(directory.clone());
        self.kustomizations += 1;
        let limit = self.options.limits.kustomizations;
        if self.kustomizations > limit {
            let place = by.unwrap_or_default();
            return Err(Error::Limit { place, what: "number of kustomizations", limit: limit as u64 });
        }
        let paths = FILE_NAMES.iter().filter_map(|name| directory.join(name).ok());
        let mut found = paths.filter(|path| self.is_readable(path, directory));
        match (found.next(), found.next()) {
            (Some(path), None) => Ok(path),
            (Some(_), Some(_)) => Err(Error::SeveralKustomizations { directory: directory.clone() }),
            (None, _) => Err(Error::NoKustomization { directory: directory.clone(), by }),
        }
    }

    /// Reads a file that a kustomization names.
    pub(crate) fn load(&mut self, root: &Root, path: &str, place: &Place) -> Result<Vec<u8>, Error> {
        let found = match self.remote(path) {
            Some(found) => found,
            None if is_url(path) => return Err(self.need(path, place)),
            None => self.file(root, path, place)?,
        };
        self.read_file(&found, place)
    }

    /// Reads a text file that a kustomization names.
    pub(crate) fn load_text(&mut self, root: &Root, path: &str, place: &Place) -> Result<(TreePath, String), Error> {
        let bytes = self.load(root, path, place)?;
        let file = self.remote(path).map_or_else(|| self.locate(root, path, place), Ok)?;
        let text = String::from_utf8(bytes).map_err(|_| Error::Invalid {
            place: Place { file: file.clone(), ..Place::default() },
            problem: "the file is not UTF-8 text".into(),
            hint: String::new(),
        })?;
        Ok((file, text))
    }

    /// Reads the manifests of a file; a file is read once, however often it is named.
    pub(crate) fn manifests(&mut self, path: &TreePath, place: &Place) -> Result<Arc<Vec<Node>>, Error> {
        if let Some(known) = self.manifests.get(path) {
            return Ok(known.clone());
        }
        let bytes = self.read_file(path, place)?;
        let nodes = Arc::new(manifest::read(&String::from_utf8_lossy(&bytes), path, &self.options.limits.yaml)?);
        self.manifests.insert(path.clone(), nodes.clone());
        Ok(nodes)
    }

    /// Reads a file of the tree.
    pub(crate) fn read_file(&mut self, path: &TreePath, place: &Place) -> Result<Vec<u8>, Error> {
        let bytes = self.files.read(path).map_err(|source| Error::Tree { place: place.clone(), source })?;
        self.read.insert(path.clone());
        self.bytes += bytes.len() as u64;
        let limit = self.options.limits.bytes;
        if self.bytes > limit {
            return Err(Error::Limit { place: place.clone(), what: "bytes read", limit });
        }
        Ok(bytes.to_vec())
    }

    /// Finds out what an entry of `resources` or `components` is.
    pub(crate) fn entry(&mut self, root: &Root, path: &str, place: &Place) -> Result<Entry, Error> {
        if let Some(found) = self.remote(path) {
            return Ok(self.kind_of(found));
        }
        if path.is_empty() {
            return Err(invalid(place, "new root cannot be empty"));
        }
        let found = match self.locate(root, path, place) {
            Err(_) if is_remote(path) => None,
            located => self.find(&located?, path, place)?,
        };
        match found {
            Some(Found { directory: false, .. }) => self.file(root, path, place).map(Entry::File),
            Some(_) if path.starts_with('/') => Err(invalid(place, &format!("new root '{path}' cannot be absolute"))),
            Some(_) if self.options.release == Release::V5_8_2 && is_ambiguous(path) => {
                Err(invalid(place, &format!("path \"{path}\" is ambiguous: a name in it contains `..`")))
            }
            Some(found) => Ok(Entry::Directory(found.path)),
            None if is_remote(path) => {
                self.need(path, place);
                Ok(Entry::Needed)
            }
            None => Err(self.not_found(root, path, place)),
        }
    }

    /// Goes from one root into a directory below, beside or above it.
    pub(crate) fn enter(&self, root: &Root, directory: TreePath, place: &Place) -> Result<Root, Error> {
        let visited = root.above.iter().chain([&root.directory]).rev().find(|visited| visited.is_below(&directory));
        if let Some(visited) = visited {
            let (place, visited) = (place.clone(), visited.clone());
            return Err(Error::Cycle { place, candidate: directory, visited });
        }
        let limit = self.options.limits.depth;
        if root.above.len() >= limit {
            return Err(Error::Limit { place: place.clone(), what: "depth of bases", limit: limit as u64 });
        }
        let mut above = root.above.clone();
        above.push(root.directory.clone());
        Ok(Root { directory, above })
    }

    fn kind_of(&self, path: TreePath) -> Entry {
        let directory = matches!(self.files.find(&path), Ok(Some(Found { directory: true, .. })));
        if directory { Entry::Directory(path) } else { Entry::File(path) }
    }

    fn remote(&self, path: &str) -> Option<TreePath> {
        self.options.remotes.get(path).cloned()
    }

    /// Notes that something must be fetched.
    fn need(&mut self, url: &str, place: &Place) -> Error {
        let need = Need { url: url.to_owned(), place: place.clone() };
        if !self.needs.iter().any(|known| known.url == need.url) {
            self.needs.push(need.clone());
        }
        Error::Needs(vec![need])
    }

    fn file(&self, root: &Root, path: &str, place: &Place) -> Result<TreePath, Error> {
        let joined = self.locate(root, path, place)?;
        let found = self.find(&joined, path, place)?.filter(|found| !found.directory);
        let Some(found) = found else { return Err(self.not_found(root, path, place)) };
        if self.options.restriction == Restriction::RootOnly && !found.path.is_below(&root.directory) {
            return Err(Error::Outside {
                place: place.clone(),
                path: path.to_owned(),
                root: root.directory.clone(),
                hint: "only bases may lie outside",
            });
        }
        Ok(joined)
    }

    /// Says whether a kustomization file is there that may be read.
    fn is_readable(&self, path: &TreePath, directory: &TreePath) -> bool {
        let Ok(Some(found)) = self.files.find(path) else { return false };
        !found.directory && (self.options.restriction == Restriction::Tree || found.path.is_below(directory))
    }

    /// Follows a path as written, which may be absolute only where the whole file system is read from.
    fn locate(&self, root: &Root, path: &str, place: &Place) -> Result<TreePath, Error> {
        match path.starts_with('/') {
            true if self.files.is_whole() => TreePath::parse(path),
            true => Err(TreeError::Leaves(path.to_owned())),
            false => root.directory.join(path),
        }
        .map_err(|error| trouble(error, path, place))
    }

    fn find(&self, joined: &TreePath, path: &str, place: &Place) -> Result<Option<Found>, Error> {
        self.files.find(joined).map_err(|error| trouble(error, path, place))
    }

    fn not_found(&self, root: &Root, path: &str, place: &Place) -> Error {
        let hint = self.suggestion(root, path).map(|near| format!("did you mean `{near}`")).unwrap_or_default();
        Error::NotFound { place: place.clone(), path: path.to_owned(), hint }
    }

    /// Returns a path to something beside the one that was not found, with a name like it.
    fn suggestion(&self, root: &Root, path: &str) -> Option<String> {
        let trimmed = path.trim_end_matches('/');
        let (before, wanted) = trimmed.rsplit_once('/').map_or(("", trimmed), |(before, name)| (before, name));
        let names = self.files.names(&root.directory.join(before).ok()?);
        let near = closest(wanted, names.iter().map(String::as_str))?;
        Some(if before.is_empty() { near.to_owned() } else { format!("{before}/{near}") })
    }
}

fn trouble(error: TreeError, path: &str, place: &Place) -> Error {
    match error {
        TreeError::Leaves(_) => Error::Leaves { place: place.clone(), path: path.to_owned() },
        source => Error::Tree { place: place.clone(), source },
    }
}

/// Says whether two entries of a list have run together, as 5.8.2 suspects.
fn is_ambiguous(path: &str) -> bool {
    path.split('/').any(|part| part != ".." && part.contains(".."))
}

fn invalid(place: &Place, problem: &str) -> Error {
    Error::Invalid { place: place.clone(), problem: problem.to_owned(), hint: String::new() }
}

/// Says whether a path leads elsewhere: to something at a URL, or to a Git repository.
pub fn is_remote(path: &str) -> bool {
    is_url(path) || is_repository(path)
}

fn is_url(path: &str) -> bool {
    path.starts_with("http://") || path.starts_with("https://")
}

/// Says whether a path names a Git repository, in one of the forms kustomize knows.
pub(crate) fn is_repository(path: &str) -> bool {
    let schemes = ["git::", "ssh://", "git://", "file://", "git@", "gh:", "github.com/", "github.com:"];
    let host = path.split('/').next().unwrap_or_default();
    let user_at_host = host.contains('@') && host.contains(':');
    let hosted = host.contains('.') && !host.starts_with('.') && (path.contains(".git") || path.contains("_git/"));
    schemes.iter().any(|scheme| path.starts_with(scheme)) || user_at_host || hosted || path.contains("?ref=")
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("github.com/org/repo//path?ref=v1", true)]
    #[case("git@example.com:org/repo", true)]
    #[case("example.com/org/repo.git/path", true)]
    #[case("ssh://git@example.com/org/repo", true)]
    #[case("../base", false)]
    #[case("../base.github", false)]
    #[case("deployment.yaml", false)]
    fn tells_repositories_from_paths(#[case] path: &str, #[case] expected: bool) {
        assert_eq!(is_repository(path), expected);
    }
}
