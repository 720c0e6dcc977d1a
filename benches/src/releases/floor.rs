//! The cluster floor of releases: their objects and Secrets, written by nobody in particular.

use std::time::{Duration, Instant};

use futures::{StreamExt as _, TryStreamExt as _, stream};
use kube::Client;

use super::{
    chart::{Left, Renderer},
    workload,
};
use crate::{bulk, floor, ready};

/// Writes what `count` releases leave, each in its order, and returns how long it took until all of it was there and
/// Current.
pub(super) async fn measure(client: &Client, namespace: &str, count: usize) -> anyhow::Result<Duration> {
    bulk::apply_in_order(client, crate::workload::tenant(namespace)).await?;
    let (renderer, values) = (Renderer::new()?, workload::values(workload::FIRST));
    let names: Vec<_> = (0..count).map(super::name).collect();
    let left = names.iter().map(|name| renderer.left(namespace, name, &values));
    let left = left.collect::<anyhow::Result<Vec<_>>>()?;
    let deployments = bulk::resource("apps", "v1", "Deployment");
    let names = names.iter().map(|name| format!("{name}-{}", super::chart::NAME)).collect();
    let wanted = ready::Wanted { resource: &deployments, namespace, names, holds: &floor::is_current };
    let started = Instant::now();
    ready::all(client, wanted, write_all(client, left)).await?;
    Ok(started.elapsed())
}

async fn write_all(client: &Client, left: Vec<Left>) -> anyhow::Result<()> {
    let written = stream::iter(left).map(|left| write(client, left));
    written.buffer_unordered(bulk::CONNECTIONS).try_collect().await
}

async fn write(client: &Client, Left { objects, stored: [first, last] }: Left) -> anyhow::Result<()> {
    bulk::apply_in_order(client, vec![first]).await?;
    bulk::apply_in_order(client, objects).await?;
    bulk::apply_in_order(client, vec![last]).await
}
