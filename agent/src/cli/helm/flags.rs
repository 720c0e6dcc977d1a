//! Flags that several commands have.

use std::env;

use anyhow::bail;
use clap::Args;
use sluice_helm::{Capabilities, KubeVersion};

use super::values::listed;

/// Flags of all commands of Helm.
#[derive(Debug, Args)]
pub(super) struct Global {
    /// The namespace of the release.
    #[arg(long, short)]
    namespace: Option<String>,
    /// Prints invalid YAML too.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false")]
    pub(super) debug: bool,
    #[command(flatten)]
    unused: Elsewhere,
}

/// Flags about clusters, registries and downloads: accepted, as nothing is asked or fetched.
#[derive(Debug, Args)]
struct Elsewhere {
    #[arg(long, hide = true)]
    burst_limit: Option<i64>,
    #[arg(long, alias = "colour", hide = true)]
    color: Option<String>,
    #[arg(long, hide = true)]
    content_cache: Option<String>,
    #[arg(long, hide = true)]
    kube_apiserver: Option<String>,
    #[arg(long, hide = true)]
    kube_as_group: Vec<String>,
    #[arg(long, hide = true)]
    kube_as_user: Option<String>,
    #[arg(long, hide = true)]
    kube_ca_file: Option<String>,
    #[arg(long, hide = true)]
    kube_context: Option<String>,
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", hide = true)]
    kube_insecure_skip_tls_verify: Option<bool>,
    #[arg(long, hide = true)]
    kube_tls_server_name: Option<String>,
    #[arg(long, hide = true)]
    kube_token: Option<String>,
    #[arg(long, hide = true)]
    kubeconfig: Option<String>,
    #[arg(long, hide = true)]
    qps: Option<f64>,
    #[arg(long, hide = true)]
    registry_config: Option<String>,
    #[arg(long, hide = true)]
    repository_cache: Option<String>,
    #[arg(long, hide = true)]
    repository_config: Option<String>,
}

/// Where charts would be fetched from.
#[derive(Debug, Args)]
pub(super) struct Fetching {
    /// Refused: nothing is fetched.
    #[arg(long)]
    repo: Option<String>,
    /// Refused: signatures are not checked here.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false")]
    verify: bool,
    #[arg(long, hide = true)]
    version: Option<String>,
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", hide = true)]
    devel: Option<bool>,
    #[arg(long, hide = true)]
    keyring: Option<String>,
    #[command(flatten)]
    unused: Downloads,
}

/// How downloads would be made.
#[derive(Debug, Args)]
pub(super) struct Downloads {
    #[arg(long, hide = true)]
    ca_file: Option<String>,
    #[arg(long, hide = true)]
    cert_file: Option<String>,
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", hide = true)]
    insecure_skip_tls_verify: Option<bool>,
    #[arg(long, hide = true)]
    key_file: Option<String>,
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", hide = true)]
    pass_credentials: Option<bool>,
    #[arg(long, hide = true)]
    password: Option<String>,
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", hide = true)]
    plain_http: Option<bool>,
    #[arg(long, hide = true)]
    username: Option<String>,
}

impl Global {
    /// Returns the namespace. A kubeconfig is not read for it.
    pub(super) fn namespace(&self) -> String {
        let given = self.namespace.clone().or_else(|| env::var("HELM_NAMESPACE").ok());
        given.filter(|name| !name.is_empty()).unwrap_or_else(|| "default".to_owned())
    }
}

impl Fetching {
    /// Refuses what needs a download.
    ///
    /// # Errors
    /// With what to do instead.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        if self.repo.is_some() {
            bail!("a chart is not fetched with --repo; hint: fetch it, and name its folder or archive");
        }
        if self.verify {
            bail!("signatures of charts are not checked with --verify; hint: check them when you fetch the chart");
        }
        Ok(())
    }
}

/// Returns what a cluster can do, as flags say.
///
/// # Errors
/// When the version is none.
pub(super) fn capabilities(kube_version: Option<&str>, api_versions: &[String]) -> anyhow::Result<Capabilities> {
    let mut capabilities = Capabilities::offline();
    if let Some(version) = kube_version.filter(|version| !version.is_empty()) {
        capabilities.kube_version = match KubeVersion::parse(version) {
            Ok(version) => version,
            Err(error) => bail!("invalid kube version '{version}': {error}"),
        };
    }
    capabilities.api_versions.extend(api_versions.iter().flat_map(|versions| listed(versions)));
    Ok(capabilities)
}
