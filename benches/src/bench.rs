//! The measurements, in the order of the table.

use std::time::Duration;

use anyhow::Context as _;
use jiff::Timestamp;
use kube::Client;
use serde_json::{Value, json};
use sluice_e2e::{Agent, AgentOptions, ControlPlane, GitServer, Options, Repo, git_server::ServerOptions};
use tempfile::TempDir;
use tokio::time::sleep;

use crate::{
    counts::{Requests, cpu_of},
    definitions,
    fleet::{self, Fleet},
    floor, ready,
    report::Row,
    workload,
};

/// The length of the chain.
const CHAIN: usize = 10;

/// How many objects have a short interval, and how short it is.
pub(crate) const FREQUENT: usize = 10;
pub(crate) const INTERVAL: &str = "5s";

/// How long their intervals are counted.
pub(crate) const COUNTED: Duration = Duration::from_secs(30);

/// How often the floor is measured; the median counts. One of many objects is measured once.
const FLOORS: [&str; 3] = ["floor-a", "floor-b", "floor-c"];

struct Bench {
    agent: Agent,
    client: Client,
    url: String,
    count: usize,
    floor: Duration,
    cluster: ControlPlane,
    repo: Repo,
    _server: GitServer,
    _folder: TempDir,
}

/// Measures everything on a control plane of its own.
pub(crate) async fn measure(count: usize, definitions: usize) -> anyhow::Result<Vec<Row>> {
    let bench = Bench::start(count, definitions).await?;
    let mut rows = vec![bench.floor_row().told()];
    rows.push(bench.many().await?.told());
    rows.push(bench.chain().await?.told());
    rows.push(bench.interval().await?.told());
    rows.push(bench.touched().await?.told());
    rows.extend(bench.beside_failures().await?.map(Row::told));
    Ok(rows)
}

impl Bench {
    async fn start(count: usize, definitions: usize) -> anyhow::Result<Self> {
        eprintln!("starting a control plane");
        let cluster = ControlPlane::start(Options { audit: true, ..Options::default() }).await?;
        let (folder, repo, server) = serve(count).await?;
        let client = cluster.client()?;
        definitions::make(&client, definitions).await?;
        let floor = floor(&client, count).await?;
        let agent = Agent::start(&cluster, AgentOptions::default()).await.map_err(anyhow::Error::from_boxed)?;
        let url = server.url("bench.git");
        Ok(Self { agent, client, url, count, floor, cluster, repo, _server: server, _folder: folder })
    }

    fn floor_row(&self) -> Row {
        Row { time: Some(self.floor), ..Row::new(format!("cluster floor: {} objects, bare", self.count * 4)) }
    }

    /// N Kustomizations of one repository, from nothing.
    async fn many(&self) -> anyhow::Result<Row> {
        eprintln!("{} Kustomizations", self.count);
        let (since, cpu) = (Timestamp::now(), self.cpu()?);
        let fleet = Fleet::new(&self.client, "many", &self.url).await?;
        let time = fleet.bring(fleet.many("app", self.count, "./good")).await?;
        Ok(Row {
            time: Some(time),
            ratio: Some(time.as_secs_f64() / self.floor.as_secs_f64()),
            memory: self.agent.peak_rss(),
            cpu: Some(self.cpu()? - cpu),
            requests: Some(Requests::since(&self.cluster, since)?.to_string()),
            ..Row::new(format!("{} Kustomizations with 4 objects each", self.count))
        })
    }

    /// A chain by `dependsOn`.
    async fn chain(&self) -> anyhow::Result<Row> {
        eprintln!("a chain of {CHAIN}");
        let (since, cpu) = (Timestamp::now(), self.cpu()?);
        let fleet = Fleet::new(&self.client, "chain", &self.url).await?;
        let time = fleet.bring(fleet.chain(CHAIN)).await?;
        Ok(Row {
            time: Some(time),
            cpu: Some(self.cpu()? - cpu),
            requests: Some(Requests::since(&self.cluster, since)?.to_string()),
            ..Row::new(format!("chain of {CHAIN} by dependsOn"))
        })
    }

    /// What an interval costs in which nothing has changed.
    async fn interval(&self) -> anyhow::Result<Row> {
        eprintln!("unchanged intervals");
        let fleet = Fleet::new(&self.client, "interval", &self.url).await?;
        let mut kustomizations = fleet.many("frequent", FREQUENT, "./good");
        kustomizations.iter_mut().for_each(|object| object["spec"]["interval"] = json!(INTERVAL));
        fleet.bring(kustomizations).await?;
        sleep(Duration::from_secs(6)).await;
        let (since, cpu, passes) = (Timestamp::now(), self.cpu()?, self.passes().await?);
        sleep(COUNTED).await;
        let (requests, passes) = (Requests::since(&self.cluster, since)?, self.passes().await? - passes);
        let each = requests.total() as f64 / passes.max(1.0);
        Ok(Row {
            cpu: Some(self.cpu()? - cpu),
            requests: Some(format!("{each:.2} each: {requests}")),
            ..Row::new(format!("{passes} unchanged intervals of a Kustomization with 4 objects"))
        })
    }

    /// A commit that touches one of N apps.
    async fn touched(&self) -> anyhow::Result<Row> {
        eprintln!("one touched app of {}", self.count);
        let fleet = Fleet::new(&self.client, "touched", &self.url).await?;
        let kustomizations = fleet.apart(self.count);
        let names = kustomizations.iter().filter_map(fleet::name).collect();
        fleet.bring(kustomizations).await?;
        write(&self.repo, &format!("apps/{}", self.count / 2), &workload::touched("app"))?;
        let commit = self.repo.commit("touch one")?;
        let (since, cpu) = (Timestamp::now(), self.cpu()?);
        let times = fleet.fetch(names, &commit).await?;
        let time = times.get(&format!("app-{}", self.count / 2)).copied().context("find the touched app")?;
        let others = times.values().max().copied().unwrap_or_default();
        let what = format!(
            "one touched app of {}: commit to Ready; the others know the commit after {:.2} s",
            self.count,
            others.as_secs_f64()
        );
        Ok(Row {
            time: Some(time),
            cpu: Some(self.cpu()? - cpu),
            requests: Some(Requests::since(&self.cluster, since)?.to_string()),
            ..Row::new(what)
        })
    }

    /// N healthy Kustomizations, alone and while as many others fail their health check.
    async fn beside_failures(&self) -> anyhow::Result<[Row; 2]> {
        eprintln!("{} Kustomizations, then {0} beside {0} that fail", self.count);
        let fleet = Fleet::new(&self.client, "alone", &self.url).await?;
        let alone = fleet.bring(fleet.many("app", self.count, "./good")).await?;
        let sick = Fleet::new(&self.client, "sick", &self.url).await?;
        sick.bring_until(sick.many("sick", self.count, "./sick"), &ready::is_applied).await?;
        let fleet = Fleet::new(&self.client, "beside", &self.url).await?;
        let beside = fleet.bring(fleet.many("app", self.count, "./good")).await?;
        Ok([self.row("again, in another namespace", alone), self.row("again, while as many others fail", beside)])
    }

    fn row(&self, what: &str, time: Duration) -> Row {
        let ratio = time.as_secs_f64() / self.floor.as_secs_f64();
        Row { time: Some(time), ratio: Some(ratio), ..Row::new(what.to_owned()) }
    }

    fn cpu(&self) -> anyhow::Result<f64> {
        cpu_of(&self.agent)
    }

    async fn passes(&self) -> anyhow::Result<f64> {
        Ok(self.agent.counter("controller_runtime_reconcile_total").await?)
    }
}

/// Serves a repository with an app that gets healthy, one that does not, and N that have folders of their own.
async fn serve(count: usize) -> anyhow::Result<(TempDir, Repo, GitServer)> {
    let folder = TempDir::with_prefix("sluice-bench-")?;
    let repo = Repo::init(folder.path().join("bench.git"))?;
    write(&repo, "good", &workload::app("app"))?;
    write(&repo, "sick", &workload::sick("app"))?;
    for index in 0..count {
        write(&repo, &format!("apps/{index}"), &workload::app("app"))?;
    }
    repo.commit("workload")?;
    let server = GitServer::start(folder.path(), ServerOptions::default()).await?;
    Ok((folder, repo, server))
}

/// Writes objects as files of a folder.
fn write(repo: &Repo, folder: &str, objects: &[Value]) -> anyhow::Result<()> {
    for object in objects {
        let kind = object["kind"].as_str().unwrap_or_default().to_lowercase();
        repo.write(format!("{folder}/{kind}.yaml"), serde_json::to_string_pretty(object)?)?;
    }
    Ok(())
}

/// Returns the median of the floors, the first of which finds everything cold.
async fn floor(client: &Client, count: usize) -> anyhow::Result<Duration> {
    let mut times = Vec::new();
    for namespace in floors(count) {
        eprintln!("the floor of {} objects", count * 4);
        times.push(floor::measure(client, namespace, count).await?);
    }
    Ok(median(times))
}

/// Returns the namespaces in which the floor is measured.
pub(crate) fn floors(count: usize) -> &'static [&'static str] {
    const MANY: usize = 500;
    if count < MANY { &FLOORS } else { &FLOORS[..1] }
}

pub(crate) fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    eprintln!("floors: {times:.2?}");
    times[times.len() / 2]
}
