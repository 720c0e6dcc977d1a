//! Applying many objects over 16 connections.

use futures::{StreamExt as _, TryStreamExt as _, stream};
use kube::{
    Api, Client,
    api::{ApiResource, DynamicObject, GroupVersionKind, Patch, PatchParams},
};
use serde_json::Value;

/// How many requests are under way at once; with HTTP/1.1 that is the number of connections.
pub(crate) const CONNECTIONS: usize = 16;

/// Applies objects server-side, and returns what the API server made of them.
pub(crate) async fn apply(client: &Client, objects: Vec<Value>) -> anyhow::Result<Vec<Value>> {
    let applied = stream::iter(objects).map(|object| apply_one(client, object));
    applied.buffer_unordered(CONNECTIONS).try_collect().await
}

/// Applies objects one after the other, where one needs the one before.
pub(crate) async fn apply_in_order(client: &Client, objects: Vec<Value>) -> anyhow::Result<()> {
    for object in objects {
        apply_one(client, object).await?;
    }
    Ok(())
}

async fn apply_one(client: &Client, object: Value) -> anyhow::Result<Value> {
    let params = PatchParams::apply("sluice-benches").force();
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    let applied = api(client, &object).patch(name, &params, &Patch::Apply(&object)).await?;
    Ok(serde_json::to_value(applied)?)
}

fn api(client: &Client, object: &Value) -> Api<DynamicObject> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (group, version) = text(&object["apiVersion"]).split_once('/').map_or_else(
        || (String::new(), text(&object["apiVersion"])),
        |(group, version)| (group.into(), version.into()),
    );
    let resource = resource(&group, &version, &text(&object["kind"]));
    match object["metadata"]["namespace"].as_str() {
        Some(namespace) => Api::namespaced_with(client.clone(), namespace, &resource),
        None => Api::all_with(client.clone(), &resource),
    }
}

/// Returns the resource of a kind whose plural is regular.
pub(crate) fn resource(group: &str, version: &str, kind: &str) -> ApiResource {
    ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind))
}
