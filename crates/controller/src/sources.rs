//! The artifacts of sources, as consumers use them: opened once, shared by all.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use sluice_api::meta;
use sluice_object::{Artifact, Digest, ObjectId, Revision};
use sluice_source::{
    Limits, Store,
    external::{Error, External, Reference},
    store,
};

/// The store, and the artifacts in use by their source.
#[derive(Debug)]
pub struct Sources {
    store: Store,
    external: External,
    open: Mutex<HashMap<ObjectId, Arc<Artifact>>>,
    /// Who opens the artifact of a source; others wait, and find it open.
    opening: Mutex<HashMap<ObjectId, Arc<futures::lock::Mutex<()>>>>,
}

impl Sources {
    /// Makes the registry of a store. The limits are for artifacts that other agents serve.
    pub fn new(store: Store, limits: Limits) -> Self {
        let external = External::new(store.clone(), limits);
        Self { store, external, open: Mutex::default(), opening: Mutex::default() }
    }

    /// Returns the store.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Returns the artifact that a source's status names: opened already, or from the store, or, where another agent
    /// serves the source, downloaded.
    ///
    /// # Errors
    /// When it is not there, or damaged; the source's own pass fetches it again.
    pub async fn artifact(
        &self,
        source: &ObjectId,
        named: &meta::Artifact,
        served_here: bool,
    ) -> Result<Arc<Artifact>, Error> {
        let digest = Digest::parse(&named.digest).ok_or_else(|| store::Error::Missing(named.path.clone()))?;
        if let Some(artifact) = self.get(source, named, &digest) {
            return Ok(artifact);
        }
        let opening = locked(&self.opening).entry(source.clone()).or_default().clone();
        let _turn = opening.lock().await;
        if let Some(artifact) = self.get(source, named, &digest) {
            return Ok(artifact);
        }
        let artifact = match self.store.open(&named.path, &digest).await {
            Err(store::Error::Missing(_)) if !served_here => self.external.fetch(&reference(named, digest)).await?,
            opened => opened?,
        };
        let artifact = Arc::new(artifact);
        self.put(source, artifact.clone());
        Ok(artifact)
    }

    pub(crate) fn put(&self, source: &ObjectId, artifact: Arc<Artifact>) {
        locked(&self.open).insert(source.clone(), artifact);
    }

    pub(crate) fn forget(&self, source: &ObjectId) {
        locked(&self.open).remove(source);
        locked(&self.opening).remove(source);
    }

    fn get(&self, source: &ObjectId, named: &meta::Artifact, digest: &Digest) -> Option<Arc<Artifact>> {
        let open = locked(&self.open).get(source).cloned();
        open.filter(|open| open.digest == *digest && open.path == named.path)
    }
}

fn reference(named: &meta::Artifact, digest: Digest) -> Reference {
    Reference {
        url: named.url.clone(),
        digest,
        path: named.path.clone(),
        revision: Revision::new(&named.revision),
        metadata: named.metadata.clone(),
    }
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
