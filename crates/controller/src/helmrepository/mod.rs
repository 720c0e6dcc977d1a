//! HelmRepository: the index of a repository becomes an artifact; one of the type `oci` is a mere address.
//!
//! fetch (unless it is the one stored) → announce → store → artifact

mod size;
pub(crate) mod spec;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use sluice_api::{
    meta,
    source::{HelmRepository, HelmRepositoryStatus, HelmRepositoryType},
};
use sluice_object::Artifact;
use sluice_reconcile::{
    Context,
    trace::{Arrival, Attribute, Step},
};
use sluice_source::{
    Limits, Publication,
    helm_repo::{self, Fetched, HelmRepoSpec, HelmRepos},
    store::LATEST_INDEX,
};

use crate::{
    Sources,
    source::{self, Fetch, Source, Told, Trouble, with_cause},
};

/// The interval of an object that names none.
const INTERVAL: Duration = Duration::from_secs(60);

/// Indexes of Helm repositories.
#[derive(Debug)]
pub struct HelmRepositories {
    /// The client of repositories.
    pub client: HelmRepos,
}

/// What a repository has.
#[derive(Debug)]
pub enum Head {
    /// The index that is stored.
    Same,
    /// Another one.
    New(Box<Fetched>),
}

impl Source for HelmRepositories {
    const KIND: &'static str = "HelmRepository";
    const LATEST: &'static str = LATEST_INDEX;

    type Object = HelmRepository;
    type Spec = HelmRepoSpec;
    type Head = Head;
    type About = ();

    fn interval(object: &HelmRepository) -> Duration {
        object.spec.interval.map_or(INTERVAL, Into::into)
    }

    fn is_address(object: &HelmRepository) -> bool {
        object.spec.type_ == Some(HelmRepositoryType::Oci)
    }

    async fn spec(&self, object: &HelmRepository, cx: &Context) -> Result<HelmRepoSpec, Trouble> {
        spec::read(object, cx).await
    }

    async fn look(&self, spec: &HelmRepoSpec, stored: Option<&Arc<Artifact>>, _: &Context) -> Result<Head, Trouble> {
        let fetched = self.client.fetch(spec, stored.map(|stored| &**stored)).await.map_err(|error| trouble(&error))?;
        Ok(fetched.map_or(Head::Same, |fetched| Head::New(Box::new(fetched))))
    }

    /// The index is here already. Nobody reads files of it: it is opened as it is.
    async fn fetch(&self, fetch: Fetch<Self>, sources: &Sources, _: &Context) -> Result<(Arc<Artifact>, ()), Trouble> {
        let Fetch { head: Head::New(fetched), owner: id, .. } = fetch else {
            return Err(Trouble::lost("the index that was to be stored"));
        };
        let Fetched { revision, file, etags, index, .. } = *fetched;
        let tree = sources.store().draft("an index", Limits::helm_index()).finish();
        let (owner, metadata) = (source::owner(&id)?, Default::default());
        let publication = Publication { owner, file, revision, metadata, tree, etags };
        Ok((source::publish_as_is(sources, &id, publication, index).await?, ()))
    }

    /// A new index begins the trace of its revision.
    fn step(fetch: &Fetch<Self>) -> Step {
        let Head::New(fetched) = &fetch.head else { return Step::new("fetch") };
        let charts = || Attribute::count(fetched.summary.charts);
        let arrival = Arrival {
            source: fetch.owner.clone(),
            revision: fetched.revision.to_string(),
            attributes: vec![("sluice.helm.charts", charts())],
        };
        Step::new("fetch").with("sluice.helm.charts", charts()).arriving(arrival)
    }

    fn is_current(_: &HelmRepository, _: &Artifact, head: &Head) -> bool {
        matches!(head, Head::Same)
    }

    fn about(_: &Head, _: &Artifact) {}

    fn news(_: &HelmRepository, head: &Head) -> Option<String> {
        let Head::New(fetched) = head else { return None };
        Some(format!("new index revision '{}'", fetched.revision))
    }

    fn note_stored(_: &HelmRepository, (): &(), _: &mut HelmRepositoryStatus) {}

    fn locate(status: &mut HelmRepositoryStatus, url: String) {
        status.url = Some(url);
    }

    fn ready(artifact: &meta::Artifact, (): &()) -> Told {
        Told::success(format!("stored artifact: revision '{}'", artifact.revision))
    }

    fn events(object: &HelmRepository, artifact: &meta::Artifact, (): &(), is_new: bool) -> Vec<Told> {
        let size = artifact.size.map(size::human).map_or("unknown size".into(), |size| format!("size {size}"));
        vec![Told::artifact(is_new, format!("stored fetched index of {size} from '{}'", object.spec.url))]
    }
}

pub(crate) fn trouble(error: &helm_repo::Error) -> Trouble {
    Trouble { reason: error.reason().into(), message: with_cause(error, error.hint()) }
}
