//! HelmReleases of one chart, against the cluster floor of what they leave.

mod chart;
mod floor;
mod workload;

use std::{collections::BTreeSet, time::Duration};

use jiff::Timestamp;
use kube::Client;
use serde_json::{Value, json};
use sluice_e2e::{Agent, AgentOptions, ControlPlane, Options, Registry};
use tokio::time::sleep;

use crate::{
    bench::{COUNTED, FREQUENT, INTERVAL, floors, median},
    bulk,
    counts::{Requests, cpu_of},
    definitions, ready,
    report::Row,
};

const NAMESPACE: &str = "releases";

struct Bench {
    agent: Agent,
    client: Client,
    count: usize,
    floor: Duration,
    cluster: ControlPlane,
    registry: Registry,
}

/// Measures everything on a control plane of its own, with a registry beside it.
pub(crate) async fn measure(count: usize, definitions: usize) -> anyhow::Result<Vec<Row>> {
    let bench = Bench::start(count, definitions).await?;
    let mut rows = vec![bench.floor_row().told()];
    rows.push(bench.many().await?.told());
    rows.push(bench.changed().await?.told());
    rows.push(bench.touched().await?.told());
    rows.push(bench.interval().await?.told());
    Ok(rows)
}

impl Bench {
    async fn start(count: usize, definitions: usize) -> anyhow::Result<Self> {
        eprintln!("starting a control plane and a registry");
        let cluster = ControlPlane::start(Options { audit: true, ..Options::default() }).await?;
        let registry = Registry::start().await.map_err(anyhow::Error::from_boxed)?;
        let repository = format!("charts/{}", chart::NAME);
        let pushed = registry.push_chart(&repository, chart::VERSION, chart::packed()?).await;
        pushed.map_err(anyhow::Error::from_boxed)?;
        let client = cluster.client()?;
        definitions::make(&client, definitions).await?;
        let mut times = Vec::new();
        for namespace in floors(count) {
            eprintln!("the floor of {count} releases");
            times.push(floor::measure(&client, namespace, count).await?);
        }
        let agent = Agent::start(&cluster, AgentOptions::default()).await.map_err(anyhow::Error::from_boxed)?;
        Ok(Self { agent, client, count, floor: median(times), cluster, registry })
    }

    fn floor_row(&self) -> Row {
        let what = format!("cluster floor: 4 objects and the Secret of {} releases, bare", self.count);
        Row { time: Some(self.floor), ..Row::new(what) }
    }

    /// N HelmReleases of one chart, from nothing.
    async fn many(&self) -> anyhow::Result<Row> {
        eprintln!("{} HelmReleases", self.count);
        bulk::apply_in_order(&self.client, crate::workload::tenant(NAMESPACE)).await?;
        let mut objects = vec![workload::repository(NAMESPACE, &self.registry.url("charts"))];
        objects.extend(self.releases(0..self.count, workload::FIRST));
        let before = self.agent.rss().unwrap_or_default();
        let row = self.bring(objects, 1).await?;
        let ratio = row.time.map(|time| time.as_secs_f64() / self.floor.as_secs_f64());
        let kept = self.agent.rss().unwrap_or_default().saturating_sub(before) / self.count as u64;
        let count = self.count;
        let what = format!(
            "{count} HelmReleases of one chart, with 4 objects each; they keep {} KiB each",
            kept.div_ceil(1 << 10)
        );
        Ok(Row { what, ratio, memory: self.agent.peak_rss(), ..row })
    }

    /// Other values for all of them.
    async fn changed(&self) -> anyhow::Result<Row> {
        eprintln!("other values for {} HelmReleases", self.count);
        let row = self.bring(self.releases(0..self.count, workload::FIRST + 1), 2).await?;
        let what = format!("other values for all {}", self.count);
        Ok(Row { what, memory: self.agent.peak_rss(), ..row })
    }

    /// Other values for one of them.
    async fn touched(&self) -> anyhow::Result<Row> {
        eprintln!("other values for one HelmRelease");
        let one = self.count / 2;
        let row = self.bring(self.releases(one..one + 1, workload::FIRST + 2), 3).await?;
        Ok(Row { what: format!("other values for one of {}", self.count), ..row })
    }

    /// What an interval costs in which nothing has changed.
    async fn interval(&self) -> anyhow::Result<Row> {
        eprintln!("unchanged intervals");
        let mut releases = self.releases(self.count..self.count + FREQUENT, workload::FIRST);
        releases.iter_mut().for_each(|object| object["spec"]["interval"] = json!(INTERVAL));
        self.bring(releases, 1).await?;
        sleep(Duration::from_secs(6)).await;
        let (since, cpu, passes) = (Timestamp::now(), cpu_of(&self.agent)?, self.passes().await?);
        sleep(COUNTED).await;
        let (requests, passes) = (Requests::since(&self.cluster, since)?, self.passes().await? - passes);
        let each = requests.total() as f64 / passes.max(1.0);
        Ok(Row {
            cpu: Some(cpu_of(&self.agent)? - cpu),
            requests: Some(format!("{each:.2} each: {requests}")),
            ..Row::new(format!("{passes} unchanged intervals of a HelmRelease with 4 objects"))
        })
    }

    fn releases(&self, range: std::ops::Range<usize>, change: usize) -> Vec<Value> {
        let values = workload::values(change);
        range.map(|index| workload::release(NAMESPACE, &name(index), &values)).collect()
    }

    /// Applies objects, and waits until the releases among them are Ready at a revision.
    async fn bring(&self, objects: Vec<Value>, revision: usize) -> anyhow::Result<Row> {
        let (since, cpu) = (Timestamp::now(), cpu_of(&self.agent)?);
        let is_release = |object: &&Value| object["kind"] == "HelmRelease";
        let names: BTreeSet<_> = objects.iter().filter(is_release).filter_map(crate::fleet::name).collect();
        let (count, resource) = (names.len(), bulk::resource("helm.toolkit.fluxcd.io", "v2", "HelmRelease"));
        let holds = move |object: &Value| {
            ready::is_ready(object) && object["status"]["history"][0]["version"] == json!(revision)
        };
        let wanted = ready::Wanted { resource: &resource, namespace: NAMESPACE, names, holds: &holds };
        let start = async { bulk::apply(&self.client, objects).await.map(drop) };
        let time = ready::slowest(&ready::all(&self.client, wanted, start).await?)?;
        let requests = Requests::since(&self.cluster, since)?;
        let each = requests.total() as f64 / count.max(1) as f64;
        Ok(Row {
            time: Some(time),
            cpu: Some(cpu_of(&self.agent)? - cpu),
            requests: Some(format!("{each:.1} each: {requests}")),
            ..Row::new(String::new())
        })
    }

    async fn passes(&self) -> anyhow::Result<f64> {
        Ok(self.agent.counter("controller_runtime_reconcile_total").await?)
    }
}

fn name(index: usize) -> String {
    format!("app-{index}")
}
