//! The flags of `sluice run`, under the names that they have upstream.

use std::path::PathBuf;

use clap::{ArgAction, Args, builder::BoolishValueParser};

use sluice_controller::{helmrelease::Algorithm, kustomization::CustomKinds};

use super::{Bytes, FeatureGates, GoDuration, ListenAddr, Percentage, Shard};
use crate::telemetry::{Encoding, Level};

/// What the agent is told on its command line. Of a flag that is given twice the last holds, as in Go.
#[derive(Debug, Clone, Args)]
#[command(args_override_self = true)]
pub struct RunOptions {
    /// Logs.
    #[command(flatten)]
    pub logging: Logging,
    /// The API server and the agent's own namespace.
    #[command(flatten)]
    pub kubernetes: Kubernetes,
    /// Where the agent listens, and where it sends events.
    #[command(flatten)]
    pub endpoints: Endpoints,
    /// Who acts when several agents run.
    #[command(flatten)]
    pub leadership: Leadership,
    /// The artifact store.
    #[command(flatten)]
    pub storage: Storage,
    /// How reconciling goes.
    #[command(flatten)]
    pub reconciling: Reconciling,
    /// What tenants may do.
    #[command(flatten)]
    pub tenancy: Tenancy,
    /// Flags that are taken for the sake of existing manifests.
    #[command(flatten)]
    pub compatibility: Compatibility,
}

/// Logs.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Logs")]
pub struct Logging {
    /// The least important lines to print.
    #[arg(long, value_enum, default_value = "info")]
    pub log_level: Level,
    /// The form of the lines.
    #[arg(long, value_enum, default_value = "json")]
    pub log_encoding: Encoding,
}

/// The API server and the agent's own namespace.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Kubernetes")]
pub struct Kubernetes {
    /// A kubeconfig file; without it KUBECONFIG, ~/.kube/config, or the pod's own account.
    #[arg(long, value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,
    /// The namespace of the agent: its leases are there.
    #[arg(long, env = "RUNTIME_NAMESPACE", default_value = "flux-system", value_name = "NAMESPACE")]
    pub runtime_namespace: String,
    /// Serve the objects of all namespaces, not just of the agent's own.
    #[arg(long, default_value = "true", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    #[arg(action = ArgAction::Set, value_parser = BoolishValueParser::new(), value_name = "BOOL")]
    pub watch_all_namespaces: bool,
    /// Serve the objects that these labels select; other agents serve the others.
    #[arg(long, default_value = "", hide_default_value = true, value_name = "SELECTOR")]
    pub watch_label_selector: Shard,
}

impl Kubernetes {
    /// Returns the namespace to watch, or none for all.
    pub fn watched_namespace(&self) -> Option<&str> {
        (!self.watch_all_namespaces).then_some(self.runtime_namespace.as_str())
    }
}

/// Where the agent listens, and where it sends events.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Endpoints")]
pub struct Endpoints {
    /// The address that events are posted to; empty for nowhere.
    #[arg(long, env = "EVENTS_ADDR", default_value = "", value_name = "URL")]
    pub events_addr: String,
    /// The address of `/metrics`, `0` for none.
    #[arg(long, default_value = ":8080", value_name = "ADDR")]
    pub metrics_addr: ListenAddr,
    /// Show the state of objects as `gotk_resource_info`, which otherwise takes kube-state-metrics to have.
    #[arg(long, default_value = "false", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    #[arg(action = ArgAction::Set, value_parser = BoolishValueParser::new(), value_name = "BOOL")]
    pub resource_metrics: bool,
    /// The address of `/healthz` and `/readyz`, `0` for none.
    #[arg(long, default_value = ":9440", value_name = "ADDR")]
    pub health_addr: ListenAddr,
    /// The address that artifacts are served on.
    #[arg(long, env = "STORAGE_ADDR", default_value = ":9090", value_name = "ADDR")]
    pub storage_addr: ListenAddr,
    /// The host, with port if needed, that the URLs of artifacts name; without it the host of --storage-addr.
    #[arg(long, env = "STORAGE_ADV_ADDR", value_name = "HOST")]
    pub storage_adv_addr: Option<String>,
}

/// Who acts when several agents run.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Leadership")]
pub struct Leadership {
    /// Act only while holding the leases of this agent and of Flux's controllers.
    #[arg(long, default_value = "true", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    #[arg(action = ArgAction::Set, value_parser = BoolishValueParser::new(), value_name = "BOOL")]
    pub enable_leader_election: bool,
    /// How long effects in flight may take to finish when the agent is told to stop.
    #[arg(long, default_value = "60s", value_name = "DURATION")]
    pub graceful_shutdown_timeout: GoDuration,
}

/// The artifact store.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Storage")]
pub struct Storage {
    /// The folder of the artifacts.
    #[arg(long, env = "STORAGE_PATH", default_value = "/data", value_name = "DIR")]
    pub storage_path: PathBuf,
    /// How long an artifact is kept after a newer one has come.
    #[arg(long, default_value = "60s", value_name = "DURATION")]
    pub artifact_retention_ttl: GoDuration,
    /// How many artifacts of one source are kept.
    #[arg(long, default_value_t = 2, value_name = "COUNT")]
    pub artifact_retention_records: usize,
    /// How many bytes a Git repository may bring: its download, and its files together. `Ki`, `Mi` and `Gi` are known.
    #[arg(long, default_value = "512Mi", value_name = "BYTES")]
    pub git_max_size: Bytes,
    /// How many files a Git repository may bring.
    #[arg(long, default_value_t = 200_000, value_name = "COUNT")]
    pub git_max_files: u64,
    /// How many bytes one file of a Git repository may have.
    #[arg(long, default_value = "100Mi", value_name = "BYTES")]
    pub git_max_file_size: Bytes,
    /// How many bytes the files of a bucket may have together.
    #[arg(long, default_value = "512Mi", value_name = "BYTES")]
    pub bucket_max_size: Bytes,
    /// How many files a bucket may bring.
    #[arg(long, default_value_t = 200_000, value_name = "COUNT")]
    pub bucket_max_files: u64,
    /// How many bytes one file of a bucket may have.
    #[arg(long, default_value = "100Mi", value_name = "BYTES")]
    pub bucket_max_file_size: Bytes,
    /// How many bytes an artifact of a registry may bring: its layer, and its files together.
    #[arg(long, default_value = "512Mi", value_name = "BYTES")]
    pub oci_max_size: Bytes,
    /// How many files an artifact of a registry may bring.
    #[arg(long, default_value_t = 200_000, value_name = "COUNT")]
    pub oci_max_files: u64,
    /// How many bytes one file of an artifact of a registry may have.
    #[arg(long, default_value = "100Mi", value_name = "BYTES")]
    pub oci_max_file_size: Bytes,
    /// How many bytes the index of a Helm repository may have.
    #[arg(long, default_value = "50Mi", value_name = "BYTES")]
    pub helm_index_max_size: Bytes,
    /// How many bytes a packed Helm chart may have.
    #[arg(long, default_value = "10Mi", value_name = "BYTES")]
    pub helm_chart_max_size: Bytes,
    /// How many bytes one file of a Helm chart may have.
    #[arg(long, default_value = "5Mi", value_name = "BYTES")]
    pub helm_chart_file_max_size: Bytes,
}

/// How reconciling goes.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Reconciling")]
pub struct Reconciling {
    /// How many objects of one kind are worked on at once; those that wait for health do not count.
    #[arg(long, default_value = "20", value_name = "COUNT")]
    pub concurrent: std::num::NonZeroUsize,
    /// When an object whose dependency is not ready is looked at again, if no event comes first.
    #[arg(long, default_value = "30s", value_name = "DURATION")]
    pub requeue_dependency: GoDuration,
    /// How much intervals vary, so that objects do not all come at once.
    #[arg(long, default_value = "5", value_name = "PERCENT")]
    pub interval_jitter_percentage: Percentage,
    /// The first delay after a failure that backs off.
    #[arg(long, default_value = "750ms", value_name = "DURATION")]
    pub min_retry_delay: GoDuration,
    /// The longest delay after failures in a row.
    #[arg(long, default_value = "15m", value_name = "DURATION")]
    pub max_retry_delay: GoDuration,
    /// How many objects of one Kustomization are checked and applied at once.
    #[arg(long, default_value = "4", value_name = "COUNT")]
    pub concurrent_ssa: std::num::NonZeroUsize,
    /// Kinds that are applied, and waited for, before others: `group/Kind,Kind`.
    #[arg(long, default_value = "", hide_default_value = true, value_parser = CustomKinds::parse, value_name = "KINDS")]
    pub custom_apply_stage_kinds: CustomKinds,
    /// A field manager whose fields are taken over; may be given several times.
    #[arg(long, value_name = "MANAGER")]
    pub override_manager: Vec<String>,
    /// The ConfigMaps and Secrets whose changes start passes of what takes values from them.
    #[arg(long, default_value = "reconcile.fluxcd.io/watch=Enabled", value_name = "SELECTOR")]
    pub watch_configs_label_selector: String,
    /// Apply objects of Flux's older versions in the version that is served.
    #[arg(long, default_value = "true", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    #[arg(action = ArgAction::Set, value_parser = BoolishValueParser::new(), value_name = "BOOL")]
    pub convert_old_apis: bool,
    /// Count a failed Helm release that is tried no more as deployed once its objects are healthy.
    #[arg(long, default_value = "true", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    #[arg(action = ArgAction::Set, value_parser = BoolishValueParser::new(), value_name = "BOOL")]
    pub stalled_recovery: bool,
    /// The digests of Helm releases in `status.history`: sha256, sha384, sha512 or blake3.
    #[arg(long, default_value = "sha256", value_name = "ALGORITHM")]
    pub snapshot_digest_algo: Algorithm,
    /// Switches of behaviour, `Name=true,Other=false`.
    #[arg(long, value_name = "GATES")]
    feature_gates: Vec<FeatureGates>,
}

impl Reconciling {
    /// Returns the gates of all `--feature-gates` flags together.
    pub fn feature_gates(&self) -> FeatureGates {
        FeatureGates::merge(&self.feature_gates)
    }
}

/// What tenants may do.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Tenancy")]
pub struct Tenancy {
    /// Refuse references to other namespaces.
    #[arg(long, default_value = "false", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    #[arg(action = ArgAction::Set, value_parser = BoolishValueParser::new(), value_name = "BOOL")]
    pub no_cross_namespace_refs: bool,
    /// Refuse bases and files of kustomizations that have to be fetched.
    #[arg(long, default_value = "false", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    #[arg(action = ArgAction::Set, value_parser = BoolishValueParser::new(), value_name = "BOOL")]
    pub no_remote_bases: bool,
    /// Let charts have native templates: what those keep in memory has no bound.
    #[arg(long, default_value = "false", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    #[arg(action = ArgAction::Set, value_parser = BoolishValueParser::new(), value_name = "BOOL")]
    pub native_templates: bool,
    /// The account that is impersonated where `spec.serviceAccountName` is not set; empty for the agent's own.
    #[arg(long, default_value = "", value_name = "NAME")]
    pub default_service_account: String,
    /// The account whose token is shown to other clusters where the ConfigMap names none; empty for the agent's own.
    #[arg(long, default_value = "", value_name = "NAME")]
    pub default_kubeconfig_service_account: String,
    /// Let kubeconfigs of other clusters run programs for credentials.
    #[arg(long, default_value = "false", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    #[arg(action = ArgAction::Set, value_parser = BoolishValueParser::new(), value_name = "BOOL")]
    pub insecure_kubeconfig_exec: bool,
    /// Let kubeconfigs of other clusters take any certificate for the server's.
    #[arg(long, default_value = "false", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    #[arg(action = ArgAction::Set, value_parser = BoolishValueParser::new(), value_name = "BOOL")]
    pub insecure_kubeconfig_tls: bool,
}

/// Flags that are taken for the sake of existing manifests and change nothing.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Accepted, without effect")]
pub struct Compatibility {
    /// The API server's own priority and fairness bounds the agent.
    #[arg(long, value_name = "RATE")]
    pub kube_api_qps: Option<f32>,
    /// See --kube-api-qps.
    #[arg(long, value_name = "COUNT")]
    pub kube_api_burst: Option<u32>,
    /// Artifacts are read from the agent's own store, not over HTTP.
    #[arg(long, value_name = "COUNT")]
    pub http_retry: Option<u32>,
}

#[cfg(test)]
mod tests {
    use clap::{Parser, error::ErrorKind};

    use super::RunOptions;
    use crate::cli::{Gate, ListenAddr};

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        options: RunOptions,
    }

    fn parse(flags: &[&str]) -> Result<RunOptions, clap::Error> {
        Line::try_parse_from([&["run"], flags].concat()).map(|line| line.options)
    }

    #[test]
    fn takes_the_arguments_of_fluxs_own_deployments() {
        let options = parse(&[
            "--events-addr=http://notification-controller.flux-system.svc.cluster.local./",
            "--watch-all-namespaces=true",
            "--log-level=info",
            "--log-encoding=json",
            "--enable-leader-election",
            "--storage-path=/data",
            "--storage-adv-addr=source-controller.flux-system.svc.cluster.local.",
        ])
        .unwrap();
        assert!(options.leadership.enable_leader_election);
        assert_eq!(options.kubernetes.watched_namespace(), None);
        assert_eq!(options.endpoints.metrics_addr, ListenAddr::Any(8080));
    }

    #[test]
    fn switches_are_turned_off_as_in_go() {
        let options = parse(&["--enable-leader-election=false", "--watch-all-namespaces=false"]).unwrap();
        assert!(!options.leadership.enable_leader_election);
        assert_eq!(options.kubernetes.watched_namespace(), Some("flux-system"));
    }

    #[test]
    fn takes_the_arguments_that_kustomize_controllers_are_tuned_by() {
        let options = parse(&[
            "--concurrent=10",
            "--concurrent-ssa=8",
            "--requeue-dependency=5s",
            "--no-remote-bases=true",
            "--no-remote-bases",
            "--http-retry=3",
            "--override-manager=helm",
            "--override-manager=argocd",
            "--custom-apply-stage-kinds=rbac.authorization.k8s.io/Role,Secret",
        ]);
        let options = options.unwrap();
        assert!(options.tenancy.no_remote_bases);
        let reconciling = options.reconciling;
        assert_eq!((reconciling.concurrent_ssa.get(), reconciling.override_manager.len()), (8, 2));
        assert!(reconciling.custom_apply_stage_kinds.contains("", "Secret"));
        let error = parse(&["--custom-apply-stage-kinds=a/b/C"]).unwrap_err();
        assert!(error.to_string().contains("read `a/b/C` as `group/Kind`"), "{error}");
    }

    #[test]
    fn takes_the_arguments_that_helm_controllers_are_tuned_by() {
        let reconciling = parse(&["--snapshot-digest-algo=blake3", "--stalled-recovery=false"]).unwrap().reconciling;
        assert_eq!((reconciling.snapshot_digest_algo.name(), reconciling.stalled_recovery), ("blake3", false));
        assert!(parse(&[]).unwrap().reconciling.stalled_recovery);
        let error = parse(&["--snapshot-digest-algo=md5"]).unwrap_err();
        assert!(error.to_string().contains("unsupported digest algorithm: md5"), "{error}");
    }

    #[test]
    fn gates_may_be_set_by_several_flags() {
        let options = parse(&["--feature-gates=OOMWatch=true", "--feature-gates=ExternalArtifact=true"]).unwrap();
        let gates = options.reconciling.feature_gates();
        assert!(gates.enabled(Gate::OOMWatch) && gates.enabled(Gate::ExternalArtifact));
    }

    #[test]
    fn an_unknown_gate_ends_the_process_with_the_list() {
        let error = parse(&["--feature-gates=Typo=true"]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ValueValidation);
        assert!(error.to_string().contains("known are AdditiveCELDependencyCheck, "), "{error}");
    }
}
