//! Sources whose remotes are scripted. All but the exchange with the remote is what the agent has.

use std::{sync::Arc, time::Duration};

use sluice_api::{
    meta,
    source::{GitRepository, GitRepositoryStatus, OciRepository, OciRepositoryStatus},
};
use sluice_controller::{
    Sources,
    gitrepository::GitRepositories,
    ocirepository::OciRepositories,
    source::{Fetch, Source, Told, Trouble},
};
use sluice_object::{Artifact, Digest, ObjectId, Revision};
use sluice_reconcile::{
    Context,
    trace::{Arrival, Step},
};
use sluice_source::{Owner, Publication, git, oci};

use crate::{
    remotes::{Commit, Remotes},
    wire::Wire,
};

/// Git remotes.
#[derive(Debug)]
pub(crate) struct ScriptedGit {
    pub(crate) remotes: Remotes,
    pub(crate) wire: Wire,
}

/// Registries.
#[derive(Debug)]
pub(crate) struct ScriptedOci {
    pub(crate) remotes: Remotes,
    pub(crate) wire: Wire,
}

impl Source for ScriptedGit {
    const KIND: &'static str = GitRepositories::KIND;

    type Object = GitRepository;
    type Spec = String;
    type Head = (git::Head, Arc<Commit>);
    type About = String;

    fn interval(object: &GitRepository) -> Duration {
        GitRepositories::interval(object)
    }

    async fn spec(&self, object: &GitRepository, _: &Context) -> Result<String, Trouble> {
        Ok(object.spec.url.clone())
    }

    async fn look(&self, url: &String, _: Option<&Arc<Artifact>>, _: &Context) -> Result<Self::Head, Trouble> {
        let commit = ask(&self.wire, &self.remotes, url, "look at").await?;
        Ok((git::Head::of_revision(&format!("main@sha1:{}", commit.id)), commit))
    }

    async fn fetch(&self, fetch: Fetch<Self>, sources: &Sources, _: &Context) -> Made<String> {
        ask(&self.wire, &self.remotes, &fetch.spec, "fetch").await?;
        let (head, commit) = &fetch.head;
        let artifact = publish(sources, &fetch.owner, commit, head.revision.clone()).await?;
        Ok((artifact, format!("commit {}", commit.id)))
    }

    fn step(fetch: &Fetch<Self>) -> Step {
        arriving(&fetch.owner, &fetch.head.0.revision)
    }

    fn is_current(object: &GitRepository, stored: &Artifact, head: &Self::Head) -> bool {
        GitRepositories::is_current(object, stored, &head.0)
    }

    fn about(head: &Self::Head, stored: &Artifact) -> String {
        GitRepositories::about(&head.0, stored)
    }

    fn news(object: &GitRepository, head: &Self::Head) -> Option<String> {
        GitRepositories::news(object, &head.0)
    }

    fn note_stored(object: &GitRepository, about: &String, status: &mut GitRepositoryStatus) {
        GitRepositories::note_stored(object, about, status);
    }

    fn ready(artifact: &meta::Artifact, about: &String) -> Told {
        GitRepositories::ready(artifact, about)
    }

    fn events(object: &GitRepository, artifact: &meta::Artifact, about: &String, is_new: bool) -> Vec<Told> {
        GitRepositories::events(object, artifact, about, is_new)
    }
}

impl Source for ScriptedOci {
    const KIND: &'static str = OciRepositories::KIND;

    type Object = OciRepository;
    type Spec = String;
    type Head = (oci::Head, Arc<Commit>);
    type About = ();

    fn interval(object: &OciRepository) -> Duration {
        OciRepositories::interval(object)
    }

    async fn spec(&self, object: &OciRepository, _: &Context) -> Result<String, Trouble> {
        Ok(object.spec.url.clone())
    }

    async fn look(&self, url: &String, _: Option<&Arc<Artifact>>, _: &Context) -> Result<Self::Head, Trouble> {
        let commit = ask(&self.wire, &self.remotes, url, "look at").await?;
        Ok((oci::Head::of(url, "latest", Digest::sha256(commit.id.as_bytes())), commit))
    }

    async fn fetch(&self, fetch: Fetch<Self>, sources: &Sources, _: &Context) -> Made<()> {
        ask(&self.wire, &self.remotes, &fetch.spec, "fetch").await?;
        let (head, commit) = &fetch.head;
        Ok((publish(sources, &fetch.owner, commit, head.revision.clone()).await?, ()))
    }

    fn step(fetch: &Fetch<Self>) -> Step {
        arriving(&fetch.owner, &fetch.head.0.revision)
    }

    fn is_current(object: &OciRepository, stored: &Artifact, head: &Self::Head) -> bool {
        OciRepositories::is_current(object, stored, &head.0)
    }

    fn about(_: &Self::Head, _: &Artifact) {}

    fn news(object: &OciRepository, head: &Self::Head) -> Option<String> {
        OciRepositories::news(object, &head.0)
    }

    fn note_stored(object: &OciRepository, about: &(), status: &mut OciRepositoryStatus) {
        OciRepositories::note_stored(object, about, status);
    }

    fn locate(status: &mut OciRepositoryStatus, url: String) {
        OciRepositories::locate(status, url);
    }

    fn ready(artifact: &meta::Artifact, about: &()) -> Told {
        OciRepositories::ready(artifact, about)
    }

    fn events(object: &OciRepository, artifact: &meta::Artifact, about: &(), is_new: bool) -> Vec<Told> {
        OciRepositories::events(object, artifact, about, is_new)
    }
}

type Made<A> = Result<(Arc<Artifact>, A), Trouble>;

async fn ask(wire: &Wire, remotes: &Remotes, url: &str, act: &str) -> Result<Arc<Commit>, Trouble> {
    let reached = wire.errand(format!("{act} {url}")).await;
    let commit = remotes.head(url).filter(|_| reached);
    commit.ok_or_else(|| trouble(format!("failed to {act} `{url}`: connection refused")))
}

async fn publish(
    sources: &Sources,
    owner: &ObjectId,
    commit: &Commit,
    revision: Revision,
) -> Result<Arc<Artifact>, Trouble> {
    let named = Owner::new(&owner.kind, &owner.namespace, &owner.name);
    let publication = Publication {
        owner: named.map_err(|error| trouble(error.to_string()))?,
        file: format!("{}.tar.gz", commit.id),
        revision,
        metadata: Default::default(),
        tree: Arc::new(commit.tree()),
        etags: Default::default(),
    };
    let published = sources.store().publish(publication).await;
    published.map(Arc::new).map_err(|error| trouble(error.to_string()))
}

fn arriving(owner: &ObjectId, revision: &Revision) -> Step {
    let (source, revision) = (owner.clone(), revision.to_string());
    Step::new("fetch").arriving(Arrival { source, revision, attributes: Vec::new() })
}

fn trouble(message: String) -> Trouble {
    Trouble { reason: "OperationFailed".into(), message }
}
