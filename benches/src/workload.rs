//! The workload: apps of four objects, as in Flux's own benchmark, and the Kustomizations that bring them.

use serde_json::{Value, json};

/// The account that the Kustomizations act as.
pub(crate) const ACCOUNT: &str = "flux";

/// The name of every GitRepository.
pub(crate) const SOURCE: &str = "bench";

/// An image whose pods get ready.
const GOOD: &str = "registry.example.com/app:1.0.0";

/// Another one.
const TOUCHED: &str = "registry.example.com/app:1.0.1";

/// An image whose pods never do.
const MISSING: &str = "missing.invalid/app:1.0.0";

/// Returns an app: a ServiceAccount, a Service with two ports, a Deployment without pods, an Ingress.
pub(crate) fn app(name: &str) -> Vec<Value> {
    vec![account(name), service(name), deployment(name, 0, GOOD), ingress(name)]
}

/// Returns the same with a pod that never gets ready.
pub(crate) fn sick(name: &str) -> Vec<Value> {
    vec![account(name), service(name), deployment(name, 1, MISSING), ingress(name)]
}

/// Returns an app whose Deployment has another image.
pub(crate) fn touched(name: &str) -> Vec<Value> {
    vec![account(name), service(name), deployment(name, 0, TOUCHED), ingress(name)]
}

/// Returns an object put into a namespace.
pub(crate) fn within(namespace: &str, mut object: Value) -> Value {
    object["metadata"]["namespace"] = json!(namespace);
    object
}

fn account(name: &str) -> Value {
    json!({ "apiVersion": "v1", "kind": "ServiceAccount", "metadata": { "name": name } })
}

fn service(name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Service", "metadata": { "name": name },
        "spec": {
            "type": "ClusterIP",
            "selector": { "app": name },
            "ports": [
                { "name": "http", "port": 9898, "protocol": "TCP", "targetPort": "http" },
                { "name": "grpc", "port": 9999, "protocol": "TCP", "targetPort": "grpc" },
            ],
        },
    })
}

fn deployment(name: &str, replicas: u32, image: &str) -> Value {
    let container = json!({
        "name": "app",
        "image": image,
        "ports": [
            { "name": "http", "containerPort": 9898, "protocol": "TCP" },
            { "name": "grpc", "containerPort": 9999, "protocol": "TCP" },
        ],
        "resources": { "requests": { "cpu": "1m", "memory": "16Mi" } },
    });
    let pod = json!({ "serviceAccountName": name, "containers": [container] });
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": name },
        "spec": {
            "replicas": replicas,
            "selector": { "matchLabels": { "app": name } },
            "template": { "metadata": { "labels": { "app": name } }, "spec": pod },
        },
    })
}

fn ingress(name: &str) -> Value {
    let backend = json!({ "service": { "name": name, "port": { "name": "http" } } });
    json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": { "name": name },
        "spec": {
            "ingressClassName": "nginx",
            "rules": [{
                "host": "app.example.com",
                "http": { "paths": [{ "path": "/", "pathType": "Prefix", "backend": backend }] },
            }],
        },
    })
}

/// Returns a namespace with the account and its rights.
pub(crate) fn tenant(namespace: &str) -> Vec<Value> {
    let subject = json!({ "kind": "ServiceAccount", "name": ACCOUNT, "namespace": namespace });
    let role = json!({ "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "admin" });
    let binding = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
        "metadata": { "name": ACCOUNT }, "roleRef": role, "subjects": [subject],
    });
    vec![
        json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": namespace } }),
        within(namespace, account(ACCOUNT)),
        within(namespace, binding),
    ]
}

/// Returns the source.
pub(crate) fn source(namespace: &str, url: &str) -> Value {
    json!({
        "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository",
        "metadata": { "name": SOURCE, "namespace": namespace },
        "spec": { "interval": "60m", "url": url, "ref": { "branch": "main" } },
    })
}

/// Returns a Kustomization of a folder, impersonated, whose objects bear its name.
pub(crate) fn kustomization(namespace: &str, name: &str, path: &str) -> Value {
    json!({
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
        "metadata": { "name": name, "namespace": namespace },
        "spec": {
            "interval": "60m", "retryInterval": "2m", "timeout": "1m", "prune": true, "wait": true,
            "path": path, "serviceAccountName": ACCOUNT, "targetNamespace": namespace,
            "namePrefix": format!("{name}-"),
            "sourceRef": { "kind": "GitRepository", "name": SOURCE },
        },
    })
}
