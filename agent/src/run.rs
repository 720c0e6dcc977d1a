//! `sluice run`: from flags to a running agent, and back.

use std::{env, fs, future::pending, sync::Arc, time::Duration};

use anyhow::{Context as _, bail};
use axum::Router;
use jiff::Timestamp;
use rustls::crypto::ring;
use sluice_cluster::{KubeCluster, kube};
use sluice_reconcile::trace::{Spans, Untold};
use sluice_source::{Store, fileserver, store};
use tokio::{
    task::JoinHandle,
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

use crate::{
    cli::RunOptions,
    controllers,
    http::{self, Server},
    kubeconfig,
    leases::{self, Leases, Terms},
    readiness::Readiness,
    stop,
    telemetry::{self, Metrics, traces},
};

/// What the parts of the agent share.
#[derive(Clone)]
pub struct Shell {
    /// The flags.
    pub options: Arc<RunOptions>,
    /// The API server, for everything but leases.
    pub cluster: KubeCluster,
    /// The API server over connections of their own, so that renewals never wait for a turn.
    leasing: KubeCluster,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// Where spans go.
    spans: Arc<dyn Spans>,
    /// What is still waited for.
    pub readiness: Readiness,
    /// The artifacts.
    pub store: Store,
}

/// Runs the agent until it is told to stop.
///
/// # Errors
/// When it cannot start, or when the leases are lost.
pub async fn run(options: RunOptions) -> anyhow::Result<()> {
    telemetry::init(options.logging.log_level, options.logging.log_encoding)?;
    if ring::default_provider().install_default().is_err() {
        bail!("install the TLS provider: there is one already");
    }
    let stop = stop::on_signal()?;
    let mut shell = Shell::connect(options).await?;
    let exporting = shell.export_traces();
    info!(logger = "setup", version = env!("CARGO_PKG_VERSION"), "starting");
    let served = CancellationToken::new();
    let servers = shell.serve(fileserver::router(shell.store.clone()), &served).await?;
    let outcome = lead(&shell, stop).await;
    if let Some(exporting) = exporting {
        exporting.finish().await;
    }
    served.cancel();
    http::ended(servers).await;
    outcome
}

impl Shell {
    async fn connect(options: RunOptions) -> anyhow::Result<Self> {
        let config = kubeconfig::load(options.kubernetes.kubeconfig.as_deref()).await?;
        let cluster = KubeCluster::connect(config.clone(), kube::Options::default()).context("use the kubeconfig")?;
        let leasing = KubeCluster::connect(config, for_leases()).context("use the kubeconfig")?;
        let clients = [cluster.clone(), leasing.clone()];
        let metrics = Arc::new(Metrics::new(move || clients.iter().map(KubeCluster::stats).collect()));
        let (store, readiness) = (open_store(&options).await?, Readiness::default());
        // Nobody may be told that the agent is ready before its parts have said so themselves.
        let first = if options.leadership.enable_leader_election { "leases" } else { "caches" };
        readiness.pending(first, "not asked for yet");
        Ok(Self { options: Arc::new(options), cluster, leasing, metrics, spans: Arc::new(Untold), readiness, store })
    }

    /// Has traces exported where the environment says so.
    fn export_traces(&mut self) -> Option<traces::Exporting> {
        let environment = traces::Environment::of(env::vars_os());
        let namespace = &self.options.kubernetes.runtime_namespace;
        let (exporter, exporting) = traces::start(&environment, namespace, self.metrics.clone())?;
        self.spans = Arc::new(exporter);
        Some(exporting)
    }

    /// Starts the HTTP servers; when one cannot listen none answers.
    async fn serve(&self, storage: Router, stop: &CancellationToken) -> anyhow::Result<Vec<JoinHandle<()>>> {
        let endpoints = &self.options.endpoints;
        let metrics = Server::bind("metrics-addr", &endpoints.metrics_addr).await?;
        let health = Server::bind("health-addr", &endpoints.health_addr).await?;
        let artifacts = Server::bind("storage-addr", &endpoints.storage_addr).await?;
        let servers = [
            (metrics, http::metrics(self.metrics.clone())),
            (health, http::health(self.readiness.clone())),
            (artifacts, storage),
        ];
        let bound = servers.into_iter().filter_map(|(server, router)| Some((server?, router)));
        Ok(bound.map(|(server, router)| server.serve(router, stop.clone())).collect())
    }

    fn leases(&self) -> anyhow::Result<Leases> {
        let options = leases::Options {
            namespace: self.options.kubernetes.runtime_namespace.clone(),
            suffix: self.options.kubernetes.watch_label_selector.lease_suffix(),
            identity: leases::identity(&hostname(), ring::default_provider().secure_random)?,
            terms: Terms::default(),
            wall: Timestamp::now,
        };
        Ok(Leases::start(Arc::new(self.leasing.clone()), options, self.readiness.clone()))
    }
}

/// A renewal that takes longer than the pause between renewals is of no use; there are three leases and one watch.
fn for_leases() -> kube::Options {
    kube::Options { timeout: Terms::default().retry, max_in_flight: 4, ..kube::Options::default() }
}

fn hostname() -> String {
    let named = fs::read_to_string("/proc/sys/kernel/hostname").ok().or_else(|| env::var("HOSTNAME").ok());
    named.map_or_else(|| "sluice".to_owned(), |name| name.trim().to_owned())
}

/// Acts while the leases are held, or at once where no election is wanted.
async fn lead(shell: &Shell, stop: CancellationToken) -> anyhow::Result<()> {
    let mut leases = match shell.options.leadership.enable_leader_election {
        true => Some(shell.leases()?),
        false => None,
    };
    if let Some(leases) = &mut leases
        && let Some(held) = stop.run_until_cancelled(leases.held()).await
    {
        held?;
    }
    let mut finished = true;
    if !stop.is_cancelled() {
        finished = act_until(shell, leases.as_mut(), stop).await?;
    }
    if let Some(leases) = leases.filter(|_| finished) {
        leases.release().await;
    }
    Ok(())
}

/// Runs the controllers until told to stop, and then until they have finished what they have begun.
/// Returns whether they have.
async fn act_until(shell: &Shell, leases: Option<&mut Leases>, stop: CancellationToken) -> anyhow::Result<bool> {
    // Cancelled also when this function ends early, because the leases are lost.
    let acting = CancellationToken::new();
    let _guard = acting.clone().drop_guard();
    let controllers = tokio::spawn(act(shell.clone(), acting.clone()));
    tokio::select! {
        biased;
        reason = lost(leases) => bail!("stop acting: {reason}"),
        ended = controllers => {
            ended.context("run the controllers")?;
            if stop.is_cancelled() { Ok(true) } else { bail!("the controllers ended without being told to") }
        }
        () = cancel_after(&stop, &acting, shell.options.leadership.graceful_shutdown_timeout.0) => {
            error!("effects in flight were not finished in time");
            Ok(false)
        }
    }
}

async fn lost(leases: Option<&mut Leases>) -> String {
    match leases {
        Some(leases) => leases.lost().await,
        None => pending().await,
    }
}

/// Passes the word to stop on, and completes when the time to do so is over.
async fn cancel_after(stop: &CancellationToken, acting: &CancellationToken, patience: Duration) {
    stop.cancelled().await;
    acting.cancel();
    sleep_until(Instant::now() + patience).await;
}

/// Runs the controllers until `stop`, then until what they have begun is finished.
async fn act(shell: Shell, stop: CancellationToken) {
    let options = controllers::Options::of(&shell.options);
    let Shell { cluster, store, metrics, readiness, spans, .. } = shell;
    controllers::run(cluster, store, metrics, readiness, options, spans, stop).await;
}

/// Reads the indexes of the artifacts, off the reactor.
async fn open_store(options: &RunOptions) -> anyhow::Result<Store> {
    let storage = &options.storage;
    let (root, settings) = (
        storage.storage_path.clone(),
        store::Options {
            retention_records: storage.artifact_retention_records,
            retention_ttl: storage.artifact_retention_ttl.0,
            ..store::Options::default()
        },
    );
    let opened = tokio::task::spawn_blocking(move || Store::at(root, settings)).await.context("open the store")?;
    opened.with_context(|| format!("open the artifact store `{}` (--storage-path)", storage.storage_path.display()))
}
