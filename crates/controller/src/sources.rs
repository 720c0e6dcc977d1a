//! The artifacts of sources, as consumers use them: opened once, shared by all.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use sluice_api::meta;
use sluice_object::{Artifact, Digest, ObjectId};
use sluice_source::{Store, store};

/// The store, and the artifacts in use by their source.
#[derive(Debug)]
pub struct Sources {
    store: Store,
    open: Mutex<HashMap<ObjectId, Arc<Artifact>>>,
}

impl Sources {
    /// Makes the registry of a store.
    pub fn new(store: Store) -> Self {
        Self { store, open: Mutex::default() }
    }

    /// Returns the store.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Returns the artifact that a source's status names, opening it from the store when nobody has yet.
    ///
    /// # Errors
    /// When it is not in the store, or damaged; the source's own pass fetches it again.
    pub async fn artifact(&self, source: &ObjectId, named: &meta::Artifact) -> Result<Arc<Artifact>, store::Error> {
        let digest = Digest::parse(&named.digest).ok_or_else(|| store::Error::Missing(named.path.clone()))?;
        if let Some(artifact) = self.get(source).filter(|open| open.digest == digest && open.path == named.path) {
            return Ok(artifact);
        }
        let artifact = Arc::new(self.store.open(&named.path, &digest).await?);
        self.put(source, artifact.clone());
        Ok(artifact)
    }

    pub(crate) fn put(&self, source: &ObjectId, artifact: Arc<Artifact>) {
        self.lock().insert(source.clone(), artifact);
    }

    pub(crate) fn forget(&self, source: &ObjectId) {
        self.lock().remove(source);
    }

    fn get(&self, source: &ObjectId) -> Option<Arc<Artifact>> {
        self.lock().get(source).cloned()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<ObjectId, Arc<Artifact>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
