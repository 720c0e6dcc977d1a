//! The artifacts of a source: found again, published, removed.

use std::sync::Arc;

use jiff::Timestamp;
use sluice_api::meta;
use sluice_object::{Artifact, ObjectId};
use sluice_source::{
    Owner, Publication,
    store::{self, Received},
};

use super::{Leftovers, Trouble};
use crate::Sources;

pub(crate) fn owner(id: &ObjectId) -> Result<Owner, Trouble> {
    named(id).map_err(|error| Trouble::storage(&error))
}

fn named(id: &ObjectId) -> Result<Owner, store::Error> {
    Owner::new(&id.kind, &id.namespace, &id.name)
}

/// Returns the artifact of a status, if it is in the store and in order.
pub(super) async fn stored(
    sources: &Sources,
    id: &ObjectId,
    artifact: Option<&meta::Artifact>,
) -> Option<Arc<Artifact>> {
    let artifact = artifact.filter(|artifact| sources.store().holds(&artifact.path))?;
    sources.artifact(id, artifact, true).await.ok()
}

/// Makes an artifact that consumers find.
pub(crate) async fn publish(
    sources: &Sources,
    id: &ObjectId,
    publication: Publication,
) -> Result<Arc<Artifact>, Trouble> {
    let published = sources.store().publish(publication).await;
    shared(sources, id, published)
}

/// The same for an archive that is served as it came.
pub(crate) async fn publish_as_is(
    sources: &Sources,
    id: &ObjectId,
    publication: Publication,
    archive: Received,
) -> Result<Arc<Artifact>, Trouble> {
    let published = sources.store().publish_as_is(publication, archive).await;
    shared(sources, id, published)
}

fn shared(
    sources: &Sources,
    id: &ObjectId,
    published: Result<Artifact, store::Error>,
) -> Result<Arc<Artifact>, Trouble> {
    let artifact = Arc::new(published.map_err(|error| Trouble::storage(&error))?);
    sources.put(id, artifact.clone());
    Ok(artifact)
}

/// Removes old artifacts and returns how many went. That may fail without harm: the next pass tries again.
pub(super) async fn collect(sources: &Sources, Leftovers { owner: id, current }: &Leftovers, now: Timestamp) -> usize {
    let store = sources.store();
    let result = match (named(id), current) {
        (Ok(owner), Some(current)) => store.collect(&owner, current, now).await.map(|gone| gone.len()),
        (Ok(owner), None) => {
            sources.forget(id);
            store.remove(&owner).await
        }
        (Err(error), _) => Err(error),
    };
    result.unwrap_or_else(|error| {
        tracing::warn!(%error, "old artifacts not removed");
        0
    })
}
