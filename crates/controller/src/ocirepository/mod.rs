//! OCIRepository: an artifact of a registry becomes an artifact of ours.
//!
//! head (tag or range → digest) → the same revision as stored? done : manifest → layer → store → artifact

pub(crate) mod access;
mod spec;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use sluice_api::{
    meta,
    source::{LayerOperation, OciRepository, OciRepositoryStatus},
};
use sluice_object::Artifact;
use sluice_reconcile::{
    Context,
    trace::{Arrival, Attribute, Step},
};
use sluice_source::{
    Limits, Publication,
    oci::{self, FetchOptions, Fetched, Head, Oci, OciSpec},
};

use crate::{
    Sources,
    source::{self, Fetch, Source, Told, Trouble, with_cause},
};

/// Annotations of manifests that say what an artifact was made of.
const ORIGIN_SOURCE: &str = "org.opencontainers.image.source";
const ORIGIN_REVISION: &str = "org.opencontainers.image.revision";

/// Artifacts of registries.
#[derive(Debug)]
pub struct OciRepositories {
    /// The client of registries.
    pub client: Oci,
    /// Bounds on a fetch.
    pub limits: Limits,
    /// Whether objects may be somebody of their own to a cloud (gate `ObjectLevelWorkloadIdentity`).
    pub object_level_identity: bool,
}

/// What to ask of a registry, and what to take of what it has.
#[derive(Debug, Clone)]
pub struct Spec {
    remote: OciSpec,
    options: FetchOptions,
}

impl Source for OciRepositories {
    const KIND: &'static str = "OCIRepository";

    type Object = OciRepository;
    type Spec = Spec;
    type Head = Head;
    type About = ();

    fn interval(object: &OciRepository) -> Duration {
        object.spec.interval.into()
    }

    fn unserved(object: &OciRepository) -> Option<String> {
        object.spec.verify.as_ref().map(|_| {
            "`spec.verify` is not served yet by this version of Sluice; nothing is fetched that must be verified".into()
        })
    }

    async fn spec(&self, object: &OciRepository, cx: &Context) -> Result<Spec, Trouble> {
        let selector = object.spec.layer_selector.clone().unwrap_or_default();
        let options = FetchOptions {
            ignore: object.spec.ignore.clone(),
            copy: selector.operation == Some(LayerOperation::Copy),
            limits: self.limits.clone(),
        };
        Ok(Spec { remote: spec::read(object, self.object_level_identity, cx).await?, options })
    }

    async fn look(&self, spec: &Spec, _: Option<&Arc<Artifact>>, _: &Context) -> Result<Head, Trouble> {
        self.client.head(&spec.remote).await.map_err(|error| trouble(&error))
    }

    async fn fetch(&self, fetch: Fetch<Self>, sources: &Sources, _: &Context) -> Result<(Arc<Artifact>, ()), Trouble> {
        let Fetch { spec: Spec { remote, options }, head, owner, .. } = fetch;
        let fetched = self.client.fetch(&remote, &head, &options).await.map_err(|error| trouble(&error))?;
        let Fetched { revision, file, metadata, tree, layer } = fetched;
        let etags = Default::default();
        let publication = Publication { owner: source::owner(&owner)?, file, revision, metadata, tree, etags };
        let artifact = match layer {
            Some(layer) => source::publish_as_is(sources, &owner, publication, layer).await?,
            None => source::publish(sources, &owner, publication).await?,
        };
        Ok((artifact, ()))
    }

    /// A fetch begins the trace of its revision.
    fn step(fetch: &Fetch<Self>) -> Step {
        let url = || Attribute::from(&fetch.spec.remote.url);
        let digest = || Attribute::from(fetch.head.digest().as_str());
        let arrival = Arrival {
            source: fetch.owner.clone(),
            revision: fetch.head.revision.to_string(),
            attributes: vec![("sluice.oci.url", url()), ("oci.manifest.digest", digest())],
        };
        Step::new("fetch").with("sluice.oci.url", url()).with("oci.manifest.digest", digest()).arriving(arrival)
    }

    fn is_current(object: &OciRepository, stored: &Artifact, head: &Head) -> bool {
        let OciRepositoryStatus { observed_ignore, observed_layer_selector, .. } =
            object.status.clone().unwrap_or_default();
        observed_ignore == object.spec.ignore
            && observed_layer_selector == object.spec.layer_selector
            && stored.revision == head.revision
    }

    fn about(_: &Head, _: &Artifact) {}

    fn news(object: &OciRepository, head: &Head) -> Option<String> {
        let (revision, reference) = (head.revision.as_str(), &head.reference);
        source::differs(object, revision).then(|| format!("new revision '{revision}' for '{reference}'"))
    }

    fn note_stored(object: &OciRepository, (): &(), status: &mut OciRepositoryStatus) {
        status.observed_ignore = object.spec.ignore.clone();
        status.observed_layer_selector = object.spec.layer_selector.clone();
    }

    fn locate(status: &mut OciRepositoryStatus, url: String) {
        status.url = Some(url);
    }

    fn ready(artifact: &meta::Artifact, (): &()) -> Told {
        Told::success(format!("stored artifact for digest '{}'", artifact.revision))
    }

    fn events(object: &OciRepository, artifact: &meta::Artifact, (): &(), is_new: bool) -> Vec<Told> {
        let mut message = format!("stored artifact with revision '{}' from '{}'", artifact.revision, object.spec.url);
        let annotation = |key| artifact.metadata.get(key).filter(|text| !text.is_empty());
        if let (Some(source), Some(revision)) = (annotation(ORIGIN_SOURCE), annotation(ORIGIN_REVISION)) {
            message = format!("{message}, origin source '{source}', origin revision '{revision}'");
        }
        vec![Told::artifact(is_new, message)]
    }
}

fn trouble(error: &oci::Error) -> Trouble {
    Trouble { reason: error.reason().into(), message: with_cause(error, error.hint()) }
}
