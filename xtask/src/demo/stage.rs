//! What the demo is played on: the cluster, the repository, the agent, and the eye on them.

use std::{
    env,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use sluice_e2e::{
    Collector, ControlPlane, Options,
    agent::{self, Agent, AgentOptions},
    control_plane::PodLogs,
};
use tempfile::NamedTempFile;
use tokio::time::sleep;

use super::{
    container::Container,
    eye::{Eye, View},
    fleet::Fleet,
    screen::Screen,
    stamps::Stamps,
};

/// How long anything may take. It is long against all that is shown: who waits for it waits for a failure.
const PATIENCE: Duration = Duration::from_secs(90);

/// The time between two looks.
const POLL: Duration = Duration::from_millis(50);

/// Where traces go.
const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";

/// The parts of the demo.
pub(super) struct Stage {
    // In the order of their end: the agent before what it works with.
    pub(super) agent: Agent,
    pub(super) fleet: Fleet,
    pub(super) collector: Collector,
    /// The second repository, once it is there.
    pub(super) stamps: Option<Stamps>,
    /// The fleet's files in object storage, once they are there.
    pub(super) container: Option<Container>,
    pub(super) cluster: ControlPlane,
    eye: Eye,
    _pod_log: NamedTempFile,
}

impl Stage {
    /// Starts everything, so that a user could come and apply the first file.
    pub(super) async fn set(screen: &mut Screen) -> anyhow::Result<Self> {
        let pod_log = NamedTempFile::new().context("make a file for the agent's log")?;
        let cluster = start_cluster(screen, pod_log.path()).await?;
        screen.begin("The example fleet on a Git server");
        let fleet = Fleet::serve().await?;
        screen.end(&Ok(fleet.url()));
        screen.begin("Sluice");
        screen.command("kubectl apply --server-side -k charts/sluice");
        agent::install(&cluster).await.map_err(anyhow::Error::from_boxed).context("install charts/sluice")?;
        screen.command("sluice run");
        let collector = Collector::start().await.context("start a collector of traces")?;
        let variables = match env::var_os(ENDPOINT) {
            // The agent inherits it.
            Some(_) => Vec::new(),
            None => vec![(ENDPOINT.to_owned(), collector.endpoint())],
        };
        let options = AgentOptions { pod_log: Some(pod_log.path().to_owned()), variables, ..AgentOptions::default() };
        let agent = Agent::start(&cluster, options).await;
        let agent = agent.map_err(anyhow::Error::from_boxed).context("start the agent")?;
        screen.end(&Ok("runs as ServiceAccount flux-system/sluice".to_owned()));
        let eye = Eye::new(cluster.client()?);
        Ok(Self { agent, fleet, collector, stamps: None, container: None, cluster, eye, _pod_log: pod_log })
    }

    /// Looks until the goal is reached, and shows each change meanwhile.
    pub(super) async fn until(
        &mut self,
        screen: &Screen,
        what: &str,
        goal: impl Fn(&View) -> bool,
    ) -> anyhow::Result<View> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let (view, changes) = self.eye.look().await?;
            changes.iter().for_each(|change| screen.note(change));
            if goal(&view) {
                return Ok(view);
            }
            if Instant::now() > deadline {
                bail!("{what}: not seen within {PATIENCE:?}");
            }
            if !self.agent.is_running() {
                bail!("{what}: the agent has ended");
            }
            sleep(POLL).await;
        }
    }

    /// Looks once.
    pub(super) async fn look(&mut self) -> anyhow::Result<View> {
        Ok(self.eye.look().await?.0)
    }

    /// Runs kubectl as a user would, in the folder of the repository, and returns what it says.
    pub(super) async fn kubectl(&self, screen: &Screen, line: &str) -> anyhow::Result<String> {
        self.kubectl_in(self.fleet.path(), screen, line).await
    }

    /// As [`Stage::kubectl`], in another folder.
    pub(super) async fn kubectl_in(&self, folder: &Path, screen: &Screen, line: &str) -> anyhow::Result<String> {
        screen.command(&format!("kubectl {line}"));
        let folder = folder.display().to_string();
        let words = line.split(' ').map(|word| word.replace("./", &format!("{folder}/"))).collect::<Vec<_>>();
        let output = self.cluster.kubectl(&words.iter().map(String::as_str).collect::<Vec<_>>()).await?;
        if !output.status.success() {
            bail!("kubectl {line}: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// Asks for a pass over an object now, as `flux reconcile` does, and returns the token of the request.
    pub(super) async fn request(&self, screen: &Screen, object: &str) -> anyhow::Result<String> {
        let token = jiff::Timestamp::now().to_string();
        let annotation = format!("reconcile.fluxcd.io/requestedAt={token}");
        self.kubectl(screen, &format!("-n flux-system annotate --overwrite {object} {annotation}")).await?;
        Ok(token)
    }
}

async fn start_cluster(screen: &mut Screen, pod_log: &Path) -> anyhow::Result<ControlPlane> {
    screen.begin("A Kubernetes control plane");
    if std::env::var_os("KUBECONFIG").is_none() {
        screen.note("etcd, API server, controllers, scheduler, kwok; built on the first run (minutes), then kept");
    }
    let pod_logs = vec![PodLogs::namespace(agent::NAMESPACE, pod_log)];
    let cluster =
        ControlPlane::start(Options { pod_logs, ..Options::default() }).await.context("start the control plane")?;
    let config = cluster.admin_config();
    screen.end(&Ok(format!("API server at {}", config.cluster_url.to_string().trim_end_matches('/'))));
    Ok(cluster)
}
