//! Reads files of the tree for a kustomization, and keeps account of what was read.

mod entry;

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use sluice_object::{TreeError, TreePath};
use sluice_yaml::Node;

use crate::{
    Files, Limits, Options, Restriction,
    error::{Error, Need, Place, closest},
    files::Found,
    manifest,
    remote::{Mounted, Remote, is_url, looks_remote},
};

pub(crate) use entry::{Base, Entry, Root};

/// The names a kustomization file may have.
pub(crate) const FILE_NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// Reads files, within the limits.
pub(crate) struct Loader<'t> {
    files: Mounted<'t>,
    options: &'t Options,
    /// Files read and directories looked into.
    pub(crate) read: BTreeSet<TreePath>,
    /// What has to be fetched.
    pub(crate) needs: Vec<Need>,
    bytes: u64,
    kustomizations: usize,
    manifests: HashMap<TreePath, Arc<Vec<Node>>>,
}

impl<'t> Loader<'t> {
    pub(crate) fn new(files: &'t dyn Files, options: &'t Options) -> Self {
        Self {
            files: Mounted::new(files, &options.remotes),
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
        let file = self.named_file(root, path, place)?;
        self.read_file(&file, place)
    }

    /// Reads a text file that a kustomization names.
    pub(crate) fn load_text(&mut self, root: &Root, path: &str, place: &Place) -> Result<(TreePath, String), Error> {
        let file = self.named_file(root, path, place)?;
        let bytes = self.read_file(&file, place)?;
        let text = String::from_utf8(bytes).map_err(|_| Error::Invalid {
            place: Place { file: file.clone(), ..Place::default() },
            problem: "the file is not UTF-8 text".into(),
            hint: String::new(),
        })?;
        Ok((file, text))
    }

    fn named_file(&mut self, root: &Root, path: &str, place: &Place) -> Result<TreePath, Error> {
        if !is_url(path) {
            return self.file(root, path, place);
        }
        self.download(path, place)?.ok_or_else(|| Error::Needs(self.needs.clone()))
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

    /// Notes that something must be fetched.
    fn need(&mut self, what: Remote, place: &Place) {
        if !self.needs.iter().any(|known| known.what == what) {
            self.needs.push(Need { what, place: place.clone() });
        }
    }

    fn file(&self, root: &Root, path: &str, place: &Place) -> Result<TreePath, Error> {
        let joined = self.locate(root, path, place)?;
        let found = self.find(&joined, path, place)?.filter(|found| !found.directory);
        let Some(found) = found else { return Err(self.not_found(root, path, place)) };
        // What is fetched may read nothing else, whatever the rest may.
        let root_only = root.checkout.is_some() || self.options.restriction == Restriction::RootOnly;
        if root_only && !found.path.is_below(&root.directory) {
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
        if let Some(checkout) = &root.checkout {
            return root.locate_within(checkout, path, place);
        }
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
        let hint = match self.suggestion(root, path) {
            Some(near) => format!("did you mean `{near}`"),
            None if looks_remote(path) => {
                "a repository is named by its whole URL, as in `https://host/org/repo`".into()
            }
            None => String::new(),
        };
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

fn invalid(place: &Place, problem: &str) -> Error {
    Error::Invalid { place: place.clone(), problem: problem.to_owned(), hint: String::new() }
}
