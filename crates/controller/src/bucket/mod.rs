//! Bucket: a container of Azure Blob Storage becomes an artifact.
//!
//! list (names and etags) → the same revision as stored? done : fetch what has changed → store → artifact

mod access;
mod spec;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use sluice_api::{
    meta,
    source::{Bucket, BucketProvider, BucketStatus},
};
use sluice_object::Artifact;
use sluice_reconcile::{
    Context,
    trace::{Arrival, Attribute, Step},
};
use sluice_source::{
    Limits, Publication,
    bucket::{self, BucketSpec, FetchOptions, Fetched, Listing},
};

use crate::{
    Sources,
    source::{self, Fetch, Source, Told, Trouble, with_cause},
};

/// Containers of object stores.
#[derive(Debug)]
pub struct Buckets {
    /// The client of object stores.
    pub client: bucket::Buckets,
    /// Bounds on a fetch.
    pub limits: Limits,
}

/// What to ask of a store, and what to take of what it has.
#[derive(Debug, Clone)]
pub struct Spec {
    remote: BucketSpec,
    options: FetchOptions,
}

impl Source for Buckets {
    const KIND: &'static str = "Bucket";

    type Object = Bucket;
    type Spec = Spec;
    type Head = Listing;
    /// How many files there are.
    type About = usize;

    fn interval(object: &Bucket) -> Duration {
        object.spec.interval.into()
    }

    fn unserved(object: &Bucket) -> Option<String> {
        unserved(object)
    }

    async fn spec(&self, object: &Bucket, cx: &Context) -> Result<Spec, Trouble> {
        let options = FetchOptions { ignore: object.spec.ignore.clone(), limits: self.limits.clone() };
        Ok(Spec { remote: spec::read(object, cx).await?, options })
    }

    async fn look(&self, spec: &Spec, _: Option<&Arc<Artifact>>, _: &Context) -> Result<Listing, Trouble> {
        self.client.list(&spec.remote, &spec.options).await.map_err(|error| trouble(&error))
    }

    async fn fetch(
        &self,
        fetch: Fetch<Self>,
        sources: &Sources,
        _: &Context,
    ) -> Result<(Arc<Artifact>, usize), Trouble> {
        let Fetch { spec: Spec { remote, options }, head, stored, owner } = fetch;
        let fetched = self.client.fetch(&remote, head, &options, stored).await.map_err(|error| trouble(&error))?;
        let Fetched { revision, file, tree, etags, downloaded } = fetched;
        tracing::debug!(bucket = remote.name, downloaded, "files of a bucket fetched");
        let metadata = Default::default();
        let publication = Publication { owner: source::owner(&owner)?, file, revision, metadata, tree, etags };
        let artifact = source::publish(sources, &owner, publication).await?;
        let files = artifact.tree.files().count();
        Ok((artifact, files))
    }

    /// A fetch begins the trace of its revision.
    fn step(fetch: &Fetch<Self>) -> Step {
        let name = || Attribute::from(&fetch.spec.remote.name);
        let arrival = Arrival {
            source: fetch.owner.clone(),
            revision: fetch.head.revision.to_string(),
            attributes: vec![("sluice.bucket.name", name())],
        };
        let files = Attribute::count(fetch.head.files());
        Step::new("fetch").with("sluice.bucket.name", name()).with("sluice.files", files).arriving(arrival)
    }

    fn is_current(_: &Bucket, stored: &Artifact, head: &Listing) -> bool {
        stored.revision == head.revision
    }

    fn about(head: &Listing, _: &Artifact) -> usize {
        head.files()
    }

    fn news(object: &Bucket, head: &Listing) -> Option<String> {
        let revision = head.revision.as_str();
        source::differs(object, revision).then(|| format!("new upstream revision '{revision}'"))
    }

    fn note_stored(object: &Bucket, _: &usize, status: &mut BucketStatus) {
        status.observed_ignore = object.spec.ignore.clone();
    }

    fn locate(status: &mut BucketStatus, url: String) {
        status.url = Some(url);
    }

    fn ready(artifact: &meta::Artifact, _: &usize) -> Told {
        Told::success(format!("stored artifact: revision '{}'", artifact.revision))
    }

    fn events(object: &Bucket, _: &meta::Artifact, files: &usize, is_new: bool) -> Vec<Told> {
        let bucket = &object.spec.bucket_name;
        vec![Told::artifact(is_new, format!("stored artifact with {files} fetched files from '{bucket}' bucket"))]
    }
}

/// Says what of the object is not served yet.
fn unserved(object: &Bucket) -> Option<String> {
    let provider = match object.spec.provider {
        BucketProvider::Azure => None,
        BucketProvider::Generic => Some("generic"),
        BucketProvider::Aws => Some("aws"),
        BucketProvider::Gcp => Some("gcp"),
    };
    if let Some(provider) = provider {
        return Some(format!(
            "`spec.provider: {provider}` is not served yet by this version of Sluice, only `azure` is; nothing is fetched"
        ));
    }
    object.spec.service_account_name.as_ref().map(|_| {
        "`spec.serviceAccountName` is not served yet by this version of Sluice; remove it to use the agent's own identity, \
         or name a Secret in `spec.secretRef`"
            .into()
    })
}

fn trouble(error: &bucket::Error) -> Trouble {
    Trouble { reason: error.reason().into(), message: with_cause(error, error.hint()) }
}
