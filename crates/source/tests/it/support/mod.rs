//! A repository, a server for it, and a store.

pub(crate) mod azure;
pub(crate) mod registry;
mod repository;
mod server;

use std::path::Path;

use sluice_object::{Tree, TreePath};
use sluice_source::{
    Store,
    git::{FetchOptions, Fetched, Git, GitRef, GitSpec, Head},
    store::{Error, Options},
};
use tempfile::TempDir;

pub(crate) use self::{
    repository::Repository,
    server::{Answer, Server, Tls},
};

/// A store in a directory of its own, and a reader for it.
pub(crate) struct Fixture {
    pub(crate) dir: TempDir,
    pub(crate) store: Store,
    pub(crate) git: Git,
}

impl Fixture {
    pub(crate) fn new() -> Self {
        let dir = TempDir::new().expect("temporary directory");
        let store = store_at(dir.path()).expect("store");
        Self { git: Git::new(store.clone()), store, dir }
    }

    pub(crate) async fn fetch(&self, spec: &GitSpec) -> (Head, Fetched) {
        let head = self.git.head(spec).await.expect("head");
        let fetched = self.git.fetch(spec, &head, &FetchOptions::default()).await.expect("fetch");
        (head, fetched)
    }
}

pub(crate) fn store_at(root: &Path) -> Result<Store, Error> {
    Store::at(root, Options::default())
}

pub(crate) fn paths(tree: &Tree) -> Vec<&str> {
    tree.files().map(|(path, _)| path.as_str()).collect()
}

pub(crate) fn read(tree: &Tree, path: &str) -> String {
    let path = TreePath::parse(path).expect("path");
    String::from_utf8(tree.read(&path).expect("contents").to_vec()).expect("text")
}

pub(crate) fn branch(name: &str) -> GitRef {
    GitRef { branch: Some(name.into()), ..GitRef::default() }
}

pub(crate) fn tag(name: &str) -> GitRef {
    GitRef { tag: Some(name.into()), ..GitRef::default() }
}

pub(crate) fn semver(range: &str) -> GitRef {
    GitRef { semver: Some(range.into()), ..GitRef::default() }
}

pub(crate) fn name(name: &str) -> GitRef {
    GitRef { name: Some(name.into()), ..GitRef::default() }
}

pub(crate) fn commit(id: &str) -> GitRef {
    GitRef { commit: Some(id.into()), ..GitRef::default() }
}

pub(crate) fn any(text: &str) -> GitRef {
    GitRef { any: Some(text.into()), ..GitRef::default() }
}
