//! The controllers of all kinds, wired to one context.

use std::{sync::Arc, thread::available_parallelism};

use futures::StreamExt;
use sluice_api::KindInfo;
use sluice_cloud::Clouds;
use sluice_cluster::{Body, Identity, KubeCluster, RemoteRules, Selection, WatchEvent};
use sluice_controller::{
    Access, Sources,
    bucket::Buckets,
    gitrepository::GitRepositories,
    helmchart::HelmCharts,
    helmrelease::{self, HelmReleases},
    helmrepository::HelmRepositories,
    kustomization::{Kustomizations, Policy},
    ocirepository::OciRepositories,
    source::{self, Source},
    unserved,
};
use sluice_object::Gvk;
use sluice_reconcile::{Context, Kind, Settings, configs, trace::Spans};
use sluice_source::{
    Limits, Store,
    bucket::{self, Environment},
    git::Git,
    helm_repo::HelmRepos,
    oci::Oci,
};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{
    cli::{Gate, ListenAddr, Reconciling, RunOptions},
    readiness::Readiness,
    telemetry::Metrics,
    world::TokioWorld,
};

/// What the controllers are told.
#[derive(Debug)]
pub struct Options {
    /// Settings that hold for every kind.
    pub settings: Settings,
    /// What the operator has set for Kustomizations.
    pub policy: Policy,
    /// What the operator has set for HelmReleases.
    pub releases: helmrelease::Policy,
    /// Bounds on a fetch from Git.
    pub git_limits: Limits,
    /// Bounds on a fetch from a bucket.
    pub bucket_limits: Limits,
    /// Bounds on a fetch from a registry.
    pub oci_limits: Limits,
    /// Bounds on the index of a Helm repository.
    pub helm_index_limits: Limits,
    /// Bounds on a Helm chart.
    pub helm_chart_limits: Limits,
    /// Who the agent is to a bucket.
    pub environment: Environment,
    /// Who the agent is to a cloud.
    pub cloud: sluice_cloud::Environment,
    /// Host and port that artifact URLs name.
    pub advertised: String,
    /// The labels of ConfigMaps and Secrets whose changes count at once; nothing where they are not watched.
    pub config_labels: Option<String>,
    /// Whether the state of objects is among the metrics.
    pub show_resources: bool,
}

impl Options {
    /// Takes them from the flags.
    pub fn of(flags: &RunOptions) -> Self {
        Self {
            settings: settings(flags),
            policy: policy(flags),
            releases: releases(flags),
            git_limits: git_limits(flags),
            bucket_limits: bucket_limits(flags),
            oci_limits: oci_limits(flags),
            helm_index_limits: Limits { size: flags.storage.helm_index_max_size.0, ..Limits::helm_index() },
            helm_chart_limits: helm_chart_limits(flags),
            environment: Environment::read(|name| std::env::var(name).ok()),
            cloud: sluice_cloud::Environment::read(|name| std::env::var(name).ok()),
            advertised: advertised(flags),
            config_labels: config_labels(&flags.reconciling),
            show_resources: flags.endpoints.resource_metrics,
        }
    }
}

fn config_labels(flags: &Reconciling) -> Option<String> {
    let watched = !flags.feature_gates().enabled(Gate::DisableConfigWatchers);
    watched.then(|| flags.watch_configs_label_selector.clone())
}

fn settings(flags: &RunOptions) -> Settings {
    let reconciling = &flags.reconciling;
    Settings {
        concurrent: reconciling.concurrent.get(),
        jitter: reconciling.interval_jitter_percentage.share(),
        min_retry_delay: reconciling.min_retry_delay.0,
        max_retry_delay: reconciling.max_retry_delay.0,
        namespace: flags.kubernetes.watched_namespace().map(ToOwned::to_owned),
        shard: flags.kubernetes.watch_label_selector.selector.clone(),
    }
}

fn git_limits(flags: &RunOptions) -> Limits {
    let storage = &flags.storage;
    Limits {
        size: storage.git_max_size.0,
        files: storage.git_max_files,
        file: storage.git_max_file_size.0,
        ..Limits::git()
    }
}

fn bucket_limits(flags: &RunOptions) -> Limits {
    let storage = &flags.storage;
    Limits {
        size: storage.bucket_max_size.0,
        files: storage.bucket_max_files,
        file: storage.bucket_max_file_size.0,
        ..Limits::bucket()
    }
}

fn oci_limits(flags: &RunOptions) -> Limits {
    let storage = &flags.storage;
    Limits {
        size: storage.oci_max_size.0,
        files: storage.oci_max_files,
        file: storage.oci_max_file_size.0,
        ..Limits::oci()
    }
}

fn helm_chart_limits(flags: &RunOptions) -> Limits {
    let storage = &flags.storage;
    Limits { size: storage.helm_chart_max_size.0, file: storage.helm_chart_file_max_size.0, ..Limits::helm_chart() }
}

fn policy(flags: &RunOptions) -> Policy {
    let tenancy = &flags.tenancy;
    let gates = flags.reconciling.feature_gates();
    Policy {
        no_cross_namespace_refs: tenancy.no_cross_namespace_refs,
        access: access(flags),
        remote_bases: (!tenancy.no_remote_bases).then(|| git_limits(flags)),
        external_artifacts: gates.enabled(Gate::ExternalArtifact),
        fail_fast: !gates.enabled(Gate::DisableFailFastBehavior),
        requeue_dependency: flags.reconciling.requeue_dependency.0,
        concurrent_ssa: flags.reconciling.concurrent_ssa.get(),
        custom_kinds: flags.reconciling.custom_apply_stage_kinds.clone(),
        overridden_managers: flags.reconciling.override_manager.clone(),
        convert_old_versions: flags.reconciling.convert_old_apis,
        migrate: gates.enabled(Gate::MigrateAPIVersion),
        additive_ready_expr: gates.enabled(Gate::AdditiveCELDependencyCheck),
        strict_substitution: gates.enabled(Gate::StrictPostBuildSubstitutions),
        ..Policy::default()
    }
}

fn releases(flags: &RunOptions) -> helmrelease::Policy {
    let (reconciling, gates) = (&flags.reconciling, flags.reconciling.feature_gates());
    helmrelease::Policy {
        no_cross_namespace_refs: flags.tenancy.no_cross_namespace_refs,
        access: access(flags),
        requeue_dependency: reconciling.requeue_dependency.0,
        concurrent_ssa: reconciling.concurrent_ssa.get(),
        overridden_managers: reconciling.override_manager.clone(),
        external_artifacts: gates.enabled(Gate::ExternalArtifact),
        additive_ready_expr: gates.enabled(Gate::AdditiveCELDependencyCheck),
        retry_by_default: gates.enabled(Gate::DefaultToRetryOnFailure),
        tracks_digests: !gates.enabled(Gate::DisableChartDigestTracking),
        helm3_defaults: gates.enabled(Gate::UseHelm3Defaults),
        native_templates: flags.tenancy.native_templates,
        resolves_names: gates.enabled(Gate::AllowDNSLookups),
        recovers: reconciling.stalled_recovery,
        retry_delays: (reconciling.min_retry_delay.0, reconciling.max_retry_delay.0),
        digests: reconciling.snapshot_digest_algo,
    }
}

fn access(flags: &RunOptions) -> Access {
    let tenancy = &flags.tenancy;
    let named = |name: &str| (!name.is_empty()).then(|| name.to_owned());
    Access {
        default_service_account: named(&tenancy.default_service_account),
        remote: RemoteRules { exec: tenancy.insecure_kubeconfig_exec, insecure_tls: tenancy.insecure_kubeconfig_tls },
        default_remote_account: named(&tenancy.default_kubeconfig_service_account),
        object_level_identity: flags.reconciling.feature_gates().enabled(Gate::ObjectLevelWorkloadIdentity),
    }
}

/// Without a host to advertise the Service of Flux's source-controller is named, which selects our pod too.
fn advertised(flags: &RunOptions) -> String {
    let endpoints = &flags.endpoints;
    match (&endpoints.storage_adv_addr, &endpoints.storage_addr) {
        (Some(host), _) => host.clone(),
        (None, ListenAddr::Host(host, port)) => format!("{host}:{port}"),
        (None, _) => format!("source-controller.{}.svc.cluster.local.", flags.kubernetes.runtime_namespace),
    }
}

/// Runs all controllers until `stop`, then until what they have begun is finished.
pub async fn run(
    cluster: KubeCluster,
    store: Store,
    metrics: Arc<Metrics>,
    readiness: Readiness,
    options: Options,
    spans: Arc<dyn Spans>,
    stop: CancellationToken,
) {
    let world = TokioWorld::new();
    let cores = available_parallelism().map_or(1, usize::from);
    for kind in sluice_api::kinds().iter().filter(|kind| kind.served) {
        metrics.limit(kind.kind, options.settings.concurrent);
    }
    let cx = Context::new(Arc::new(cluster.clone()), world.clone(), metrics.clone(), options.settings, cores);
    let cx = Arc::new(cx.telling(spans));
    if options.show_resources {
        metrics.show_resources(cx.index.clone());
    }
    let sources = Arc::new(Sources::new(store.clone(), options.git_limits.clone()));
    let sourcing = Sourcing { sources: sources.clone(), advertised: options.advertised };
    let git = GitRepositories { client: Git::new(store.clone()), limits: options.git_limits };
    let buckets =
        Buckets { client: bucket::Buckets::new(store.clone(), options.environment), limits: options.bucket_limits };
    let registries = OciRepositories {
        client: Oci::new(store.clone()),
        limits: options.oci_limits,
        object_level_identity: options.policy.access.object_level_identity,
    };
    let indexes = HelmRepositories { client: HelmRepos::new(store.clone(), options.helm_index_limits.clone()) };
    let charts = HelmCharts {
        sources: sources.clone(),
        repositories: HelmRepos::new(store.clone(), options.helm_index_limits),
        registries: Oci::new(store),
        limits: options.helm_chart_limits,
    };
    let mut start = Start::new(cx.clone());
    start.kind(sourcing.of(git));
    start.kind(sourcing.of(buckets));
    start.kind(sourcing.of(registries));
    start.kind(sourcing.of(indexes));
    start.kind(sourcing.of(charts));
    follow_others(&cx, options.policy.external_artifacts, options.config_labels);
    let clouds = Arc::new(Clouds::new(options.cloud));
    start.kind(Arc::new(HelmReleases::new(sources.clone(), clouds.clone(), options.releases)));
    start.kind(Arc::new(Kustomizations::new(sources, clouds, options.policy)));
    cx.world.spawn(Box::pin(follow_definitions(cluster, cx.clone())));
    cx.world.spawn(Box::pin(start.when_listed(readiness)));
    stop.cancelled().await;
    cx.stop.cancel();
    world.idle().await;
    cx.traces.close();
}

/// What the controllers of all sources have in common.
struct Sourcing {
    sources: Arc<Sources>,
    advertised: String,
}

impl Sourcing {
    fn of<S: Source>(&self, source: S) -> Arc<source::Controller<S>> {
        let (sources, advertised) = (self.sources.clone(), self.advertised.clone());
        Arc::new(source::Controller { source, sources, advertised })
    }
}

/// Follows what is referred to, or answered for, but reconciled by nobody here.
fn follow_others(cx: &Arc<Context>, external: bool, config_labels: Option<String>) {
    const EXTERNAL: &str = "ExternalArtifact";
    if external {
        let gvk = Gvk::new("source.toolkit.fluxcd.io", "v1", EXTERNAL);
        cx.world.spawn(Box::pin(sluice_reconcile::follow_sources(cx.clone(), gvk)));
    }
    let marked = |kind: &&KindInfo| !kind.served && kind.has_conditions && !(external && kind.kind == EXTERNAL);
    for kind in sluice_api::kinds().iter().filter(marked) {
        cx.world.spawn(Box::pin(unserved::run(*kind, cx.clone())));
    }
    for (kind, labels) in ["ConfigMap", "Secret"].into_iter().flat_map(|kind| Some((kind, config_labels.clone()?))) {
        cx.world.spawn(Box::pin(configs::follow(cx.clone(), kind, labels)));
    }
}

/// Starts the controllers; passes begin when every kind is listed, so that no reference is taken for missing.
struct Start {
    cx: Arc<Context>,
    listed: Vec<(String, watch::Receiver<bool>)>,
    go: watch::Sender<bool>,
}

impl Start {
    fn new(cx: Arc<Context>) -> Self {
        Self { cx, listed: Vec::new(), go: watch::Sender::new(false) }
    }

    fn kind<K: Kind>(&mut self, kind: Arc<K>) {
        let synced = watch::Sender::new(false);
        self.listed.push((K::gvk().kind, synced.subscribe()));
        let controller = sluice_reconcile::run(kind, self.cx.clone(), synced, self.go.subscribe());
        self.cx.world.spawn(Box::pin(controller));
    }

    async fn when_listed(mut self, readiness: Readiness) {
        for (kind, listed) in &mut self.listed {
            readiness.pending("caches", format!("listing {kind}; are the CRDs installed?"));
            if listed.wait_for(|listed| *listed).await.is_err() {
                return;
            }
        }
        readiness.ready("caches", "synced");
        self.go.send_replace(true);
        self.cx.stop.cancelled().await;
    }
}

/// A new or changed CRD makes the discovery table old. Definitions are large: what they say is not asked for.
async fn follow_definitions(cluster: KubeCluster, cx: Arc<Context>) {
    let gvk = Gvk::new("apiextensions.k8s.io", "v1", "CustomResourceDefinition");
    let selection = Selection { body: Body::Metadata, ..Selection::all(gvk) };
    let mut events = sluice_cluster::Cluster::watch(&cluster, &Identity::Agent, selection);
    let mut known = std::collections::HashMap::new();
    while let Some(Some(event)) = cx.stop.run_until_cancelled(events.next()).await {
        let changed = match event {
            WatchEvent::Seen(object) => {
                let version = object.resource_version().to_owned();
                known.insert(object.name().to_owned(), version.clone()).is_none_or(|old| old != version)
            }
            WatchEvent::Gone(object) => known.remove(object.name()).is_some(),
            _ => false,
        };
        if changed {
            cluster.invalidate();
        }
    }
}
