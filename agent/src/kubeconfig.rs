//! How the agent finds its API server.

use std::path::Path;

use anyhow::Context as _;
use kube::{
    Config,
    config::{KubeConfigOptions, Kubeconfig},
};

/// Reads the named kubeconfig file; without a name, KUBECONFIG, `~/.kube/config` or the pod's own account.
///
/// # Errors
/// When none of them gives a usable configuration.
pub async fn load(file: Option<&Path>) -> anyhow::Result<Config> {
    let Some(file) = file else {
        return Config::infer().await.context(
            "find an API server; hint: run in a pod with a service account, or set --kubeconfig or KUBECONFIG",
        );
    };
    let kubeconfig = Kubeconfig::read_from(file).with_context(|| format!("read --kubeconfig `{}`", file.display()))?;
    let options = KubeConfigOptions::default();
    Config::from_custom_kubeconfig(kubeconfig, &options).await.with_context(|| format!("use `{}`", file.display()))
}
