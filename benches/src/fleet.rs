//! A namespace with a source and Kustomizations, and how long they take.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use kube::{Client, api::ApiResource};
use serde_json::{Value, json};

use crate::{bulk, ready, workload};

/// Kustomizations of one namespace.
pub(crate) struct Fleet<'a> {
    client: &'a Client,
    namespace: &'static str,
    url: &'a str,
}

impl<'a> Fleet<'a> {
    /// Makes the namespace and the account.
    pub(crate) async fn new(client: &'a Client, namespace: &'static str, url: &'a str) -> anyhow::Result<Self> {
        bulk::apply_in_order(client, workload::tenant(namespace)).await?;
        Ok(Self { client, namespace, url })
    }

    /// Applies the source and Kustomizations, and returns how long it took until all were Ready.
    pub(crate) async fn bring(&self, kustomizations: Vec<Value>) -> anyhow::Result<Duration> {
        self.bring_until(kustomizations, &ready::is_ready).await
    }

    /// As [`Fleet::bring`], but until something else holds.
    pub(crate) async fn bring_until(
        &self,
        kustomizations: Vec<Value>,
        holds: &(dyn Fn(&Value) -> bool + Sync),
    ) -> anyhow::Result<Duration> {
        let names = kustomizations.iter().filter_map(name).collect();
        let mut objects = vec![workload::source(self.namespace, self.url)];
        objects.extend(kustomizations);
        ready::slowest(&self.until(names, holds, objects).await?)
    }

    /// Has the source fetched, and returns how long it took until each Kustomization was Ready with the commit.
    pub(crate) async fn fetch(
        &self,
        names: BTreeSet<String>,
        commit: &str,
    ) -> anyhow::Result<BTreeMap<String, Duration>> {
        let mut source = workload::source(self.namespace, self.url);
        source["metadata"]["annotations"] = json!({ "reconcile.fluxcd.io/requestedAt": commit });
        self.until(names, &|object| ready::has_applied(object, commit), vec![source]).await
    }

    async fn until(
        &self,
        names: BTreeSet<String>,
        holds: &(dyn Fn(&Value) -> bool + Sync),
        objects: Vec<Value>,
    ) -> anyhow::Result<BTreeMap<String, Duration>> {
        let resource = resource();
        let wanted = ready::Wanted { resource: &resource, namespace: self.namespace, names, holds };
        ready::all(self.client, wanted, async { bulk::apply(self.client, objects).await.map(drop) }).await
    }

    /// Returns Kustomizations each of which has a folder of its own.
    pub(crate) fn apart(&self, count: usize) -> Vec<Value> {
        let one = |index| workload::kustomization(self.namespace, &format!("app-{index}"), &format!("./apps/{index}"));
        (0..count).map(one).collect()
    }

    /// Returns Kustomizations of one folder of the repository.
    pub(crate) fn many(&self, prefix: &str, count: usize, path: &str) -> Vec<Value> {
        let names = (0..count).map(|index| format!("{prefix}-{index}"));
        names.map(|name| workload::kustomization(self.namespace, &name, path)).collect()
    }

    /// Returns Kustomizations of which each depends on the one before.
    pub(crate) fn chain(&self, count: usize) -> Vec<Value> {
        let mut chain = self.many("link", count, "./good");
        for (before, link) in chain.iter_mut().skip(1).enumerate() {
            link["spec"]["dependsOn"] = json!([{ "name": format!("link-{before}") }]);
        }
        chain
    }
}

fn resource() -> ApiResource {
    bulk::resource("kustomize.toolkit.fluxcd.io", "v1", "Kustomization")
}

pub(crate) fn name(object: &Value) -> Option<String> {
    object["metadata"]["name"].as_str().map(String::from)
}
