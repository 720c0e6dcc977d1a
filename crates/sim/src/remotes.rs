//! Remotes of sources, scripted: what was pushed to each, and what of it is there now.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use sluice_object::Tree;

use crate::clock::lock;

/// Files of a commit: path and text.
pub(crate) type Files = Vec<(String, String)>;

/// A commit of a repository, or a push of an artifact.
#[derive(Debug, Clone)]
pub(crate) struct Commit {
    /// 40 hexadecimal digits.
    pub(crate) id: String,
    pub(crate) files: Files,
}

impl Commit {
    pub(crate) fn tree(&self) -> Tree {
        Tree::in_memory(self.files.iter().map(|(path, text)| (path, text.clone())))
    }
}

#[derive(Debug, Default)]
struct Remote {
    commits: Vec<Arc<Commit>>,
    head: usize,
}

/// All remotes by their URL. Clones share them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Remotes(Arc<Mutex<BTreeMap<String, Remote>>>);

impl Remotes {
    /// Puts a commit on top.
    pub(crate) fn push(&self, url: &str, files: Files) {
        let mut remotes = lock(&self.0);
        let remote = remotes.entry(url.to_owned()).or_default();
        let id = format!("{:040x}", remote.commits.len() + 1);
        remote.commits.push(Arc::new(Commit { id, files }));
        remote.head = remote.commits.len() - 1;
    }

    /// Goes back to the commit before.
    pub(crate) fn rewind(&self, url: &str) {
        if let Some(remote) = lock(&self.0).get_mut(url) {
            remote.head = remote.head.saturating_sub(1);
        }
    }

    /// Returns the commit that is there now.
    pub(crate) fn head(&self, url: &str) -> Option<Arc<Commit>> {
        let remotes = lock(&self.0);
        let remote = remotes.get(url)?;
        remote.commits.get(remote.head).cloned()
    }

    /// Returns all commits that ever were there.
    pub(crate) fn commits(&self, url: &str) -> Vec<Arc<Commit>> {
        lock(&self.0).get(url).map(|remote| remote.commits.clone()).unwrap_or_default()
    }
}
