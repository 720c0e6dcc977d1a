//! What a cluster can do: `.Capabilities`.

mod kube_version;
mod value;

use std::sync::LazyLock;

use serde::Deserialize;

pub use kube_version::{BadVersion, KubeVersion};

/// What a cluster can do, as far as charts are told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capabilities {
    /// The version of Kubernetes.
    pub kube_version: KubeVersion,
    /// The API versions, `apps/v1`, and kinds in them, `apps/v1/Deployment`.
    pub api_versions: Vec<String>,
}

/// What Helm knows without a cluster, from the client library that it is built with.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Known {
    kube_version: String,
    api_versions: Vec<String>,
}

/// Made by Helm itself, with `cargo xtask bless`.
const KNOWN: &str = include_str!("capabilities/known.json");

static OFFLINE: LazyLock<Capabilities> = LazyLock::new(|| {
    let Known { kube_version, api_versions } =
        serde_json::from_str(KNOWN).expect("invariant: a test reads the file that is built in");
    Capabilities { kube_version: KubeVersion::written(&kube_version), api_versions }
});

impl Capabilities {
    /// Returns what Helm assumes without a cluster.
    pub fn offline() -> Self {
        OFFLINE.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_cluster_the_kinds_of_the_client_are_there() {
        let offline = Capabilities::offline();
        assert_eq!(offline.kube_version.version, "v1.36.0");
        assert!(offline.api_versions.iter().any(|version| version == "apps/v1"));
    }
}
