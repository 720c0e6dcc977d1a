//! Watching objects of one kind until all of them are as wanted, with the time of each.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use futures::{StreamExt as _, pin_mut};
use kube::{
    Api, Client,
    api::{ApiResource, DynamicObject},
    runtime::watcher::{self, Event},
};
use serde_json::Value;
use tokio::time::timeout;

/// How long the slowest may take.
const PATIENCE: Duration = Duration::from_secs(600);

/// What is waited for.
pub(crate) struct Wanted<'a> {
    /// The kind.
    pub(crate) resource: &'a ApiResource,
    /// The namespace.
    pub(crate) namespace: &'a str,
    /// The objects.
    pub(crate) names: BTreeSet<String>,
    /// When an object is there.
    pub(crate) holds: &'a (dyn Fn(&Value) -> bool + Sync),
}

/// Starts something, and waits for its effect on all objects; returns how long it took to see it on each.
pub(crate) async fn all(
    client: &Client,
    wanted: Wanted<'_>,
    start: impl Future<Output = anyhow::Result<()>>,
) -> anyhow::Result<BTreeMap<String, Duration>> {
    let started = Instant::now();
    let times = async {
        match timeout(PATIENCE, watch(client, wanted, started)).await {
            Ok(times) => times,
            Err(_) => bail!("not all within {PATIENCE:?}"),
        }
    };
    let ((), times) = futures::try_join!(start, times)?;
    Ok(times)
}

async fn watch(client: &Client, wanted: Wanted<'_>, started: Instant) -> anyhow::Result<BTreeMap<String, Duration>> {
    let api: Api<DynamicObject> = Api::namespaced_with(client.clone(), wanted.namespace, wanted.resource);
    let mut times = BTreeMap::new();
    let events = watcher::watcher(api, watcher::Config::default());
    pin_mut!(events);
    while times.len() < wanted.names.len() {
        let event = events.next().await.context("the watch has ended")?;
        // A watch that breaks is opened again by the watcher.
        let Ok(Event::Apply(object) | Event::InitApply(object)) = event else { continue };
        let object = serde_json::to_value(object)?;
        let name = object["metadata"]["name"].as_str().unwrap_or_default();
        if wanted.names.contains(name) && (wanted.holds)(&object) {
            times.entry(name.to_owned()).or_insert_with(|| started.elapsed());
        }
    }
    Ok(times)
}

/// Returns how long it took to see all of them.
pub(crate) fn slowest(times: &BTreeMap<String, Duration>) -> anyhow::Result<Duration> {
    times.values().max().copied().context("nothing was waited for")
}

/// Returns whether an object of Flux's kinds is Ready with the spec that it has.
pub(crate) fn is_ready(object: &Value) -> bool {
    condition(object).is_some_and(|ready| ready["status"] == "True")
        && object["status"]["observedGeneration"] == object["metadata"]["generation"]
}

/// Returns whether it is Ready with a commit.
pub(crate) fn has_applied(object: &Value, commit: &str) -> bool {
    let revision = object["status"]["lastAppliedRevision"].as_str();
    is_ready(object) && revision.is_some_and(|revision| revision.ends_with(commit))
}

/// Returns whether it is at work on its health check: its objects are applied.
pub(crate) fn is_applied(object: &Value) -> bool {
    let entries = object["status"]["inventory"]["entries"].as_array();
    entries.is_some_and(|entries| entries.len() == 4)
        && condition(object).is_some_and(|ready| ready["message"].as_str().is_some_and(|text| text.contains("ealth")))
}

fn condition(object: &Value) -> Option<&Value> {
    object["status"]["conditions"].as_array()?.iter().find(|condition| condition["type"] == "Ready")
}
