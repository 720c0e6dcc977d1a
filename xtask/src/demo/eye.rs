//! The eye on the cluster: what there is, and one line for each change.

use std::{collections::BTreeMap, mem};

use anyhow::Context as _;
use k8s_openapi::api::{apps::v1::Deployment, core::v1::Pod};
use kube::{Api, Client, Resource, ResourceExt as _, api::ListParams};
use sluice_api::{
    conditions::{Condition, READY, find_condition},
    helm::HelmRelease,
    kustomize::Kustomization,
    source::{Bucket, GitRepository, HelmChart},
};

/// The namespace of the fleet's apps.
pub(super) const APPS: &str = "shop";

/// The namespace of the Flux objects.
pub(super) const SYSTEM: &str = "flux-system";

/// What looks, and remembers what it has told.
pub(super) struct Eye {
    client: Client,
    told: BTreeMap<String, String>,
}

/// What one look has seen.
#[derive(Debug)]
pub(super) struct View {
    /// All GitRepositories of the system namespace.
    pub(super) sources: Vec<GitRepository>,
    /// All Buckets of the system namespace.
    pub(super) buckets: Vec<Bucket>,
    /// All Kustomizations of the system namespace.
    pub(super) kustomizations: Vec<Kustomization>,
    /// All HelmCharts of the system namespace.
    pub(super) charts: Vec<HelmChart>,
    /// All HelmReleases.
    pub(super) releases: Vec<HelmRelease>,
    /// All Deployments of the apps' namespace.
    pub(super) deployments: Vec<Deployment>,
    /// All pods of the apps' namespace.
    pub(super) pods: Vec<Pod>,
}

impl Eye {
    pub(super) fn new(client: Client) -> Self {
        Self { client, told: BTreeMap::new() }
    }

    /// Looks at the cluster, and returns what there is with a line for each change since the last look.
    pub(super) async fn look(&mut self) -> anyhow::Result<(View, Vec<String>)> {
        let (sources, buckets, kustomizations, charts, releases, deployments, pods) = futures::try_join!(
            list(Api::namespaced(self.client.clone(), SYSTEM)),
            list(Api::namespaced(self.client.clone(), SYSTEM)),
            list(Api::namespaced(self.client.clone(), SYSTEM)),
            list(Api::namespaced(self.client.clone(), SYSTEM)),
            list(Api::all(self.client.clone())),
            list(Api::namespaced(self.client.clone(), APPS)),
            list(Api::namespaced(self.client.clone(), APPS)),
        )
        .context("look at the cluster")?;
        let view = View { sources, buckets, kustomizations, charts, releases, deployments, pods };
        let lines = self.changes(view.describe());
        Ok((view, lines))
    }

    fn changes(&mut self, now: BTreeMap<String, String>) -> Vec<String> {
        let before = mem::replace(&mut self.told, now);
        let gone = before.keys().filter(|key| !self.told.contains_key(*key)).map(|key| line(key, "gone"));
        let new = self.told.iter().filter(|(key, text)| before.get(*key) != Some(text));
        gone.chain(new.map(|(key, text)| line(key, text))).collect()
    }
}

async fn list<K>(api: Api<K>) -> kube::Result<Vec<K>>
where
    K: Resource + Clone + std::fmt::Debug + serde::de::DeserializeOwned,
{
    Ok(api.list(&ListParams::default()).await?.items)
}

fn line(key: &str, text: &str) -> String {
    format!("{key:<30} {text}")
}

impl View {
    /// Returns a Kustomization.
    pub(super) fn kustomization(&self, name: &str) -> Option<&Kustomization> {
        self.kustomizations.iter().find(|object| object.name_any() == name)
    }

    /// Returns whether a Kustomization is ready with a commit.
    pub(super) fn is_ready_at(&self, name: &str, commit: &str) -> bool {
        let Some(status) = self.kustomization(name).and_then(|object| object.status.as_ref()) else { return false };
        let applied = status.last_applied_revision.as_ref().is_some_and(|revision| revision.ends_with(commit));
        applied && find_condition(&status.conditions, READY).is_some_and(|ready| ready.status == "True")
    }

    /// Returns the message of a Kustomization that is not ready with a commit.
    pub(super) fn refusal(&self, name: &str, commit: &str) -> Option<String> {
        let status = self.kustomization(name)?.status.as_ref()?;
        let tried = status.last_attempted_revision.as_ref()?.ends_with(commit);
        let ready = find_condition(&status.conditions, READY).filter(|ready| tried && ready.status == "False")?;
        Some(ready.message.clone())
    }

    /// Returns the token of the last reconcile request that a Kustomization has answered.
    pub(super) fn answered(&self, name: &str) -> Option<&str> {
        self.kustomization(name)?.status.as_ref()?.last_handled_reconcile_at.as_deref()
    }

    /// Returns whether a source has an artifact of a commit.
    pub(super) fn is_fetched(&self, commit: &str) -> bool {
        let artifacts = self.sources.iter().filter_map(|source| source.status.as_ref()?.artifact.as_ref());
        artifacts.into_iter().any(|artifact| artifact.revision.ends_with(commit))
    }

    /// Returns the revision of the container's artifact.
    pub(super) fn revision(&self) -> Option<&str> {
        let artifact = self.buckets.first()?.status.as_ref()?.artifact.as_ref()?;
        Some(&artifact.revision)
    }

    /// Returns the revision of a release that is ready, and whose chart comes from a kind of source.
    pub(super) fn released(&self, (namespace, name): (&str, &str), from: &str) -> Option<i64> {
        let chart = self.charts.iter().find(|chart| chart.name_any() == format!("{namespace}-{name}"))?;
        let ready =
            |conditions: &[Condition]| find_condition(conditions, READY).is_some_and(|ready| ready.status == "True");
        let is_named =
            |found: &&HelmRelease| found.name_any() == name && found.namespace().as_deref() == Some(namespace);
        let status = self.releases.iter().find(is_named)?.status.as_ref()?;
        let fetched = chart.status.as_ref().is_some_and(|status| ready(&status.conditions));
        let is_from = serde_json::to_value(chart.spec.source_ref.kind).is_ok_and(|kind| kind == from);
        let revision = status.history.iter().map(|entry| entry.version).max();
        revision.filter(|_| fetched && is_from && ready(&status.conditions))
    }

    /// Returns a Deployment.
    pub(super) fn deployment(&self, name: &str) -> Option<&Deployment> {
        self.deployments.iter().find(|object| object.name_any() == name)
    }

    /// Returns whether a Deployment has an image and is rolled out.
    pub(super) fn runs(&self, name: &str, tag: &str) -> bool {
        self.deployment(name).is_some_and(|found| tag_of(found) == tag && is_rolled_out(found))
    }

    /// Returns how many replicas a Deployment is to have.
    pub(super) fn replicas(&self, name: &str) -> Option<i32> {
        self.deployment(name)?.spec.as_ref()?.replicas
    }

    /// Returns the number of pods that are ready.
    pub(super) fn ready_pods(&self) -> usize {
        self.pods.iter().filter(|pod| is_ready(pod)).count()
    }

    /// Returns who is there: a Deployment that is deleted and made again has another uid.
    pub(super) fn uids(&self) -> BTreeMap<String, String> {
        self.deployments.iter().map(|found| (found.name_any(), found.uid().unwrap_or_default())).collect()
    }

    fn describe(&self) -> BTreeMap<String, String> {
        let sources = self.sources.iter().map(|object| {
            let conditions = object.status.as_ref().map(|status| status.conditions.as_slice());
            (format!("GitRepository/{}", object.name_any()), condition(conditions.unwrap_or_default()))
        });
        let buckets = self.buckets.iter().map(|object| {
            let conditions = object.status.as_ref().map(|status| status.conditions.as_slice());
            (format!("Bucket/{}", object.name_any()), condition(conditions.unwrap_or_default()))
        });
        let kustomizations = self.kustomizations.iter().map(|object| {
            let conditions = object.status.as_ref().map(|status| status.conditions.as_slice());
            (format!("Kustomization/{}", object.name_any()), condition(conditions.unwrap_or_default()))
        });
        let releases = self.releases.iter().map(|object| {
            let conditions = object.status.as_ref().map(|status| status.conditions.as_slice());
            (format!("HelmRelease/{}", object.name_any()), condition(conditions.unwrap_or_default()))
        });
        let deployments =
            self.deployments.iter().map(|found| (format!("Deployment/{}", found.name_any()), state(found)));
        let pods = format!("{} of {} ready", self.ready_pods(), self.pods.len());
        let pods = (!self.pods.is_empty()).then(|| ("pods".to_owned(), pods));
        sources.chain(buckets).chain(kustomizations).chain(releases).chain(deployments).chain(pods).collect()
    }
}

fn condition(conditions: &[Condition]) -> String {
    let Some(ready) = find_condition(conditions, READY) else { return "is there".to_owned() };
    let verdict = match ready.status.as_str() {
        "True" => "Ready",
        "False" => "not Ready",
        _ => "working",
    };
    format!("{verdict}: {}", shorten(&ready.message))
}

/// Cuts commit ids and digests to their first digits.
fn shorten(text: &str) -> String {
    let is_id = |word: &str| word.len() >= 40 && word.chars().all(|letter| letter.is_ascii_hexdigit());
    let pieces = text.split_inclusive(|letter: char| !letter.is_ascii_alphanumeric());
    let cut = pieces.map(|piece| {
        let word = piece.trim_end_matches(|letter: char| !letter.is_ascii_alphanumeric());
        if is_id(word) { format!("{}{}", &word[..8], &piece[word.len()..]) } else { piece.to_owned() }
    });
    cut.collect()
}

fn state(found: &Deployment) -> String {
    let wanted = found.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1);
    let status = found.status.clone().unwrap_or_default();
    let available = status.available_replicas.unwrap_or_default();
    let updated = if is_rolled_out(found) { "" } else { ", rolling out" };
    format!("image tag {}, {available} of {wanted} available{updated}", tag_of(found))
}

fn tag_of(found: &Deployment) -> &str {
    let template = found.spec.as_ref().and_then(|spec| spec.template.spec.as_ref());
    let image = template.and_then(|spec| spec.containers.first()?.image.as_deref());
    image.and_then(|image| image.rsplit(':').next()).unwrap_or_default()
}

fn is_rolled_out(found: &Deployment) -> bool {
    let Some(status) = &found.status else { return false };
    let wanted = found.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1);
    let all = |count: Option<i32>| count.unwrap_or_default() == wanted;
    status.observed_generation == found.metadata.generation
        && all(status.replicas)
        && all(status.updated_replicas)
        && all(status.available_replicas)
}

fn is_ready(pod: &Pod) -> bool {
    let conditions = pod.status.iter().flat_map(|status| status.conditions.iter().flatten());
    pod.metadata.deletion_timestamp.is_none()
        && conditions.into_iter().any(|condition| condition.type_ == "Ready" && condition.status == "True")
}
