//! The files of a commit, from the object database into the store.

use std::collections::BTreeMap;

use gix::{
    ObjectId,
    hash::Kind as Hash,
    objs::{CommitRefIter, Find, FindHeader, Kind, TreeRefIter},
};
use sluice_object::TreePath;

use super::{
    Error, FetchOptions,
    pack::{self, Cancel},
};
use crate::{
    Limit, Limits,
    ignore::{self, Rules},
    store::Draft,
};

/// Directories within directories; deeper ones exist only to do harm.
const DEPTH: usize = 128;

/// Entries visited per file that may be stored: a small tree can name the same directory again and again.
const VISITS: u64 = 10;

/// An object database, with what its reader must respect.
pub(super) struct Objects<'a> {
    pub(super) db: &'a gix::odb::Handle,
    pub(super) url: &'a str,
    pub(super) limits: &'a Limits,
    pub(super) cancel: &'a Cancel,
}

/// A commit: the tree it names, and its message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Commit {
    tree: ObjectId,
    pub(super) raw: Vec<u8>,
    pub(super) message: String,
}

/// A regular file of a tree.
struct File {
    path: TreePath,
    id: ObjectId,
    executable: bool,
}

/// Directories that stand for commits of other repositories.
pub(super) type Links = Vec<(TreePath, ObjectId)>;

/// A walk over the files of a commit.
struct Visit<'a> {
    directories: &'a [TreePath],
    /// How many entries may still be seen.
    left: u64,
    links: Links,
    act: &'a mut dyn FnMut(File) -> Result<(), Error>,
}

impl Visit<'_> {
    fn takes(&self, path: &TreePath) -> bool {
        self.directories.is_empty() || self.directories.iter().any(|dir| path.is_below(dir))
    }

    fn leads_to(&self, path: &TreePath) -> bool {
        self.takes(path) || self.directories.iter().any(|dir| dir.is_below(path))
    }
}

impl Objects<'_> {
    /// Reads a commit; `None` when it is not there.
    pub(super) fn commit(&self, id: ObjectId) -> Result<Option<Commit>, Error> {
        if self.db.try_header(&id).map_err(|error| self.failed(&error))?.is_none() {
            return Ok(None);
        }
        let raw = self.object(id, Kind::Commit)?;
        let tree = CommitRefIter::from_bytes(&raw, Hash::Sha1).tree_id().map_err(|error| self.failed(&error))?;
        let message = CommitRefIter::from_bytes(&raw, Hash::Sha1).message();
        let message = message.map(ToString::to_string).unwrap_or_default();
        Ok(Some(Commit { tree, raw, message }))
    }

    /// Reads a tag.
    pub(super) fn tag(&self, id: ObjectId) -> Result<Vec<u8>, Error> {
        self.object(id, Kind::Tag)
    }

    /// Stores the files of a commit that are not ignored. Symbolic links are dropped, as Flux does; returns which
    /// directories stand for commits of other repositories.
    pub(super) fn store(&self, commit: &Commit, options: &FetchOptions, draft: &mut Draft) -> Result<Links, Error> {
        let directories = &options.directories;
        let rules = if options.everything { Rules::none() } else { self.rules(commit, options)? };
        let mut found = vec![false; directories.len()];
        let links = self.visit(commit, directories, &mut |file| {
            directories.iter().zip(&mut found).for_each(|(dir, found)| *found |= file.path.is_below(dir));
            if rules.ignores(&file.path) {
                return Ok(());
            }
            draft.admit(&file.path, self.size(file.id)?)?;
            let bytes = self.blob(file.id)?;
            draft.add(file.path, &bytes, file.executable)?;
            Ok(())
        })?;
        match directories.iter().zip(found).find(|(_, found)| !found) {
            None => Ok(links),
            Some((dir, _)) => Err(Error::DirectoryNotFound { url: self.url.to_owned(), dir: dir.to_string() }),
        }
    }

    fn rules(&self, commit: &Commit, options: &FetchOptions) -> Result<Rules, Error> {
        /// Each file is held against each pattern.
        const LONGEST: u64 = 256 << 10;
        let mut found = BTreeMap::new();
        self.visit(commit, &options.directories, &mut |file| {
            if file.path.file_name() == ignore::FILE {
                if self.size(file.id)? > LONGEST {
                    return Err(self.damaged(format!("`{}` is larger than {} KiB", file.path, LONGEST >> 10)));
                }
                let text = String::from_utf8_lossy(&self.blob(file.id)?).into_owned();
                let dir = file.path.parent();
                found.insert(parts(&dir), (dir, text));
            }
            Ok(())
        })?;
        Ok(Rules::new(found.values().map(|(dir, text)| (dir, text.as_str())), options.ignore.as_deref()))
    }

    /// Visits the regular files below some directories, or all.
    fn visit(
        &self,
        commit: &Commit,
        directories: &[TreePath],
        act: &mut dyn FnMut(File) -> Result<(), Error>,
    ) -> Result<Links, Error> {
        let left = self.limits.files.saturating_mul(VISITS);
        let mut visit = Visit { directories, left, links: Vec::new(), act };
        self.visit_tree(commit.tree, &TreePath::root(), DEPTH, &mut visit)?;
        Ok(visit.links)
    }

    fn visit_tree(&self, tree: ObjectId, dir: &TreePath, depth: usize, visit: &mut Visit<'_>) -> Result<(), Error> {
        let too_deep = || self.damaged(format!("directories are nested deeper than {DEPTH}"));
        let depth = depth.checked_sub(1).ok_or_else(too_deep)?;
        let data = self.object(tree, Kind::Tree)?;
        for entry in TreeRefIter::from_bytes(&data, Hash::Sha1) {
            pack::check(self.cancel)?;
            let entry = entry.map_err(|error| self.failed(&error))?;
            visit.left = visit.left.checked_sub(1).ok_or(()).or_else(|()| self.too_many())?;
            let Some(path) = self.child(dir, entry.filename)? else { continue };
            let id = entry.oid.to_owned();
            if entry.mode.is_tree() && visit.leads_to(&path) {
                self.visit_tree(id, &path, depth, visit)?;
            } else if entry.mode.is_commit() && visit.takes(&path) {
                visit.links.push((path, id));
            } else if entry.mode.is_blob() && visit.takes(&path) {
                (visit.act)(File { path, id, executable: entry.mode.is_executable() })?;
            }
        }
        Ok(())
    }

    fn too_many(&self) -> Result<u64, Error> {
        self.limits.check(Limit::Files, u64::MAX, self.url)?;
        Ok(0)
    }

    /// Returns the path of a tree's entry; names that are not text cannot be referred to and are dropped.
    fn child(&self, dir: &TreePath, name: &[u8]) -> Result<Option<TreePath>, Error> {
        let Ok(name) = std::str::from_utf8(name) else {
            tracing::warn!(url = self.url, %dir, "a file was left out whose name is not UTF-8");
            return Ok(None);
        };
        if matches!(name, "" | "." | ".." | ".git") || name.contains('/') {
            return Err(self.damaged(format!("the file name `{}` is not allowed", name.escape_default())));
        }
        dir.join(name).map(Some).map_err(|error| self.damaged(error.to_string()))
    }

    fn size(&self, id: ObjectId) -> Result<u64, Error> {
        let header = self.db.try_header(&id).map_err(|error| self.failed(&error))?;
        header.map(|header| header.size).ok_or_else(|| self.missing(id))
    }

    fn blob(&self, id: ObjectId) -> Result<Vec<u8>, Error> {
        self.object(id, Kind::Blob)
    }

    fn object(&self, id: ObjectId, kind: Kind) -> Result<Vec<u8>, Error> {
        let mut buffer = Vec::new();
        let found = self.db.try_find(&id, &mut buffer).map_err(|error| self.failed(&error))?;
        match found.map(|object| (object.kind, object.data.len())) {
            None => Err(self.missing(id)),
            Some((found, _)) if found != kind => Err(self.damaged(format!("`{id}` is a {found}, not a {kind}"))),
            Some((_, length)) => {
                buffer.truncate(length);
                Ok(buffer)
            }
        }
    }

    fn missing(&self, id: ObjectId) -> Error {
        self.damaged(format!("object `{id}` is missing"))
    }

    fn damaged(&self, problem: String) -> Error {
        Error::Pack { url: self.url.to_owned(), problem }
    }

    fn failed(&self, error: &gix::Error) -> Error {
        pack::pack_error(self.url, self.limits, error)
    }
}

/// Directories compare by this as one walks them: parents first, then by name.
fn parts(dir: &TreePath) -> Vec<String> {
    dir.as_str().split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

/// Returns the subject of a commit message as Flux shows it: 50 characters at most, then `...`.
pub(super) fn subject(message: &str) -> String {
    const SHOWN: usize = 50;
    let line = message.split('\n').next().unwrap_or_default();
    match line.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}...", &line[..end]),
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::subject;

    #[test]
    fn a_long_subject_is_cut() {
        assert_eq!(subject("Fix it\n\nBecause."), "Fix it");
        assert_eq!(subject(&"é".repeat(50)), "é".repeat(50));
        assert_eq!(subject(&"é".repeat(51)), format!("{}...", "é".repeat(50)));
    }
}
