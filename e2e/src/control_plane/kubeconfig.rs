//! Kubeconfigs, written as JSON (which is YAML) by hand: their schema is small and stable.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kube::config::Kubeconfig;
use serde_json::{Value, json};

use super::pki::{Pair, Pki};

/// Returns the kubeconfig of a client with a certificate.
pub(super) fn for_certificate(server: &str, pki: &Pki, client: &Pair) -> Value {
    let cluster = json!({
        "server": server,
        "certificate-authority-data": STANDARD.encode(&pki.ca.certificate),
    });
    let user = json!({
        "client-certificate-data": STANDARD.encode(&client.certificate),
        "client-key-data": STANDARD.encode(&client.key),
    });
    config(cluster, user, "default")
}

/// Returns the kubeconfig of a client with a token at the cluster that `base` points to.
pub(super) fn for_token(base: &Kubeconfig, namespace: &str, token: &str) -> Result<Value, serde_json::Error> {
    let cluster = serde_json::to_value(current_cluster(base))?;
    Ok(config(cluster, json!({ "token": token }), namespace))
}

fn current_cluster(base: &Kubeconfig) -> Option<&kube::config::Cluster> {
    let context = base.contexts.iter().find(|named| Some(&named.name) == base.current_context.as_ref());
    let name = &context?.context.as_ref()?.cluster;
    base.clusters.iter().find(|named| named.name == *name)?.cluster.as_ref()
}

fn config(cluster: Value, user: Value, namespace: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "e2e",
        "clusters": [{ "name": "e2e", "cluster": cluster }],
        "users": [{ "name": "e2e", "user": user }],
        "contexts": [{ "name": "e2e", "context": {
            "cluster": "e2e", "user": "e2e", "namespace": namespace,
        }}],
    })
}
