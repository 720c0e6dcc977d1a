//! A namespace with a source and Kustomizations, and how long they take.

use std::{collections::BTreeSet, time::Duration};

use kube::{Client, api::ApiResource};
use serde_json::Value;

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
        self.bring_until(kustomizations, ready::is_ready).await
    }

    /// As [`Fleet::bring`], but until something else holds.
    pub(crate) async fn bring_until(
        &self,
        kustomizations: Vec<Value>,
        holds: fn(&Value) -> bool,
    ) -> anyhow::Result<Duration> {
        let resource = resource();
        let names: BTreeSet<_> = kustomizations.iter().filter_map(name).collect();
        let wanted = ready::Wanted { resource: &resource, namespace: self.namespace, names, holds };
        let mut objects = vec![workload::source(self.namespace, self.url)];
        objects.extend(kustomizations);
        ready::all(self.client, wanted, async { bulk::apply(self.client, objects).await.map(drop) }).await
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
            link["spec"]["dependsOn"] = serde_json::json!([{ "name": format!("link-{before}") }]);
        }
        chain
    }
}

fn resource() -> ApiResource {
    bulk::resource("kustomize.toolkit.fluxcd.io", "v1", "Kustomization")
}

fn name(object: &Value) -> Option<String> {
    object["metadata"]["name"].as_str().map(String::from)
}
