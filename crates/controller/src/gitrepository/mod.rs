//! GitRepository: a Git remote becomes an artifact.
//!
//! head (one round trip) → the same revision as stored? done : fetch → store → artifact

mod spec;
mod steps;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use sluice_api::{
    meta,
    source::{GitProvider, GitRepository, GitRepositoryStatus},
};
use sluice_object::Artifact;
use sluice_reconcile::{Context, trace::Step};
use sluice_source::{
    Limits, Publication,
    git::{self, FetchOptions, Git, GitSpec, Head},
};

use crate::{
    Sources,
    source::{self, Fetch, Source, Told, Trouble, with_cause},
};

/// Git remotes.
#[derive(Debug)]
pub struct GitRepositories {
    /// The Git client.
    pub client: Git,
    /// Bounds on a fetch.
    pub limits: Limits,
}

/// What to ask of a remote, and what to leave out of what it has.
#[derive(Debug, Clone)]
pub struct Spec {
    remote: GitSpec,
    ignore: Option<String>,
}

#[cfg(test)]
impl Spec {
    pub(crate) fn of(remote: GitSpec) -> Self {
        Self { remote, ignore: None }
    }
}

impl Source for GitRepositories {
    const KIND: &'static str = "GitRepository";

    type Object = GitRepository;
    type Spec = Spec;
    type Head = Head;
    /// The first line of the commit's message, or the revision where that is not known.
    type About = String;

    fn interval(object: &GitRepository) -> Duration {
        object.spec.interval.into()
    }

    fn unserved(object: &GitRepository) -> Option<String> {
        let field = unserved_field(object)?;
        Some(format!(
            "`spec.{field}` is not served yet by this version of Sluice; remove it, or use another form of access"
        ))
    }

    async fn spec(&self, object: &GitRepository, cx: &Context) -> Result<Spec, Trouble> {
        Ok(Spec { remote: spec::read(object, cx).await?, ignore: object.spec.ignore.clone() })
    }

    async fn look(&self, spec: &Spec, _: Option<&Arc<Artifact>>, _: &Context) -> Result<Head, Trouble> {
        self.client.head(&spec.remote).await.map_err(|error| trouble(&error))
    }

    async fn fetch(
        &self,
        fetch: Fetch<Self>,
        sources: &Sources,
        _: &Context,
    ) -> Result<(Arc<Artifact>, String), Trouble> {
        let Fetch { spec, head, owner, .. } = fetch;
        let options = FetchOptions { ignore: spec.ignore, limits: self.limits.clone(), ..FetchOptions::default() };
        let fetched = self.client.fetch(&spec.remote, &head, &options).await.map_err(|error| trouble(&error))?;
        let publication = Publication {
            owner: source::owner(&owner)?,
            file: fetched.file,
            revision: fetched.revision,
            metadata: Default::default(),
            tree: fetched.tree,
            etags: Default::default(),
        };
        Ok((source::publish(sources, &owner, publication).await?, fetched.subject))
    }

    fn step(fetch: &Fetch<Self>) -> Step {
        steps::step(fetch)
    }

    fn is_current(object: &GitRepository, stored: &Artifact, head: &Head) -> bool {
        let observed = object.status.as_ref().and_then(|status| status.observed_ignore.as_ref());
        observed == object.spec.ignore.as_ref() && stored.revision == head.revision
    }

    fn about(head: &Head, _: &Artifact) -> String {
        head.revision.to_string()
    }

    fn news(object: &GitRepository, head: &Head) -> Option<String> {
        let revision = head.revision.as_str();
        source::differs(object, revision).then(|| format!("new upstream revision '{revision}'"))
    }

    fn note_stored(object: &GitRepository, _: &String, status: &mut GitRepositoryStatus) {
        status.observed_ignore = object.spec.ignore.clone();
    }

    fn ready(artifact: &meta::Artifact, _: &String) -> Told {
        Told::success(format!("stored artifact for revision '{}'", artifact.revision))
    }

    fn events(_: &GitRepository, _: &meta::Artifact, commit: &String, is_new: bool) -> Vec<Told> {
        vec![Told::artifact(is_new, format!("stored artifact for commit '{commit}'"))]
    }
}

/// Returns the first setting in use that this version does not serve.
fn unserved_field(object: &GitRepository) -> Option<&'static str> {
    let spec = &object.spec;
    [
        (spec.verify.is_some(), "verify"),
        (spec.recurse_submodules, "recurseSubmodules"),
        (!spec.include.is_empty(), "include"),
        (!spec.sparse_checkout.is_empty(), "sparseCheckout"),
        (spec.provider() != GitProvider::Generic, "provider"),
        (spec.url.starts_with("ssh://"), "url with the scheme ssh"),
    ]
    .into_iter()
    .find_map(|(used, name)| used.then_some(name))
}

fn trouble(error: &git::Error) -> Trouble {
    Trouble { reason: error.reason().into(), message: with_cause(error, error.hint()) }
}
