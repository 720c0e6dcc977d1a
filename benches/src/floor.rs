//! The cluster floor: how long the objects take when nothing but the cluster works on them.

use std::time::Duration;

use jiff::Timestamp;
use kube::Client;
use serde_json::Value;
use sluice_apply::health::{Status, health};
use sluice_object::Object;

use crate::{bulk, ready, workload};

/// Applies `count` apps bare, and returns how long it took until all of their objects were Current.
pub(crate) async fn measure(client: &Client, namespace: &str, count: usize) -> anyhow::Result<Duration> {
    bulk::apply_in_order(client, workload::tenant(namespace)).await?;
    let names: Vec<_> = (0..count).map(|index| format!("app-{index}")).collect();
    let objects = names.iter().flat_map(|name| workload::app(name));
    let objects = objects.map(|object| workload::within(namespace, object)).collect();
    // Of the four kinds only a Deployment is not Current as soon as it exists.
    let deployments = bulk::resource("apps", "v1", "Deployment");
    let names = names.into_iter().collect();
    let wanted = ready::Wanted { resource: &deployments, namespace, names, holds: &is_current };
    let times = ready::all(client, wanted, async { bulk::apply(client, objects).await.map(drop) });
    ready::slowest(&times.await?)
}

pub(crate) fn is_current(object: &Value) -> bool {
    let object = Object::new(object.clone());
    object.is_ok_and(|object| health(&object, Timestamp::now()).status == Status::Current)
}
