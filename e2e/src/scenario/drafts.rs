//! Objects as sentences: `kustomization("apps").path("./apps").waiting().depends_on("infra")`.

use serde_json::{Value, json};

/// The name of the source that a scenario has, unless it makes others.
pub const SOURCE: &str = "app";

/// An object in the making.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft(Value);

impl From<Draft> for Value {
    fn from(draft: Draft) -> Self {
        draft.0
    }
}

/// A GitRepository.
pub fn git_repository(name: &str, url: &str) -> Draft {
    Draft(json!({
        "apiVersion": "source.toolkit.fluxcd.io/v1",
        "kind": "GitRepository",
        "metadata": { "name": name },
        "spec": { "url": url, "interval": "10m", "ref": { "branch": "main" } },
    }))
}

/// A Bucket of Azure Blob Storage.
pub fn bucket(name: &str, endpoint: &str, container: &str) -> Draft {
    Draft(json!({
        "apiVersion": "source.toolkit.fluxcd.io/v1",
        "kind": "Bucket",
        "metadata": { "name": name },
        "spec": { "provider": "azure", "endpoint": endpoint, "bucketName": container, "interval": "10m" },
    }))
}

/// An OCIRepository.
pub fn oci_repository(name: &str, url: &str) -> Draft {
    Draft(json!({
        "apiVersion": "source.toolkit.fluxcd.io/v1",
        "kind": "OCIRepository",
        "metadata": { "name": name },
        "spec": { "url": url, "interval": "10m" },
    }))
}

/// A HelmRelease of a chart in an OCIRepository.
pub fn helm_release(name: &str, source: &str) -> Draft {
    Draft(json!({
        "apiVersion": "helm.toolkit.fluxcd.io/v2",
        "kind": "HelmRelease",
        "metadata": { "name": name },
        "spec": { "interval": "10m", "timeout": "30s", "chartRef": { "kind": "OCIRepository", "name": source } },
    }))
}

/// A HelmRepository.
pub fn helm_repository(name: &str, url: &str) -> Draft {
    Draft(json!({
        "apiVersion": "source.toolkit.fluxcd.io/v1",
        "kind": "HelmRepository",
        "metadata": { "name": name },
        "spec": { "url": url, "interval": "10m" },
    }))
}

/// A HelmChart: a name or a path, in a source of a kind.
pub fn helm_chart(name: &str, chart: &str, (kind, source): (&str, &str)) -> Draft {
    Draft(json!({
        "apiVersion": "source.toolkit.fluxcd.io/v1",
        "kind": "HelmChart",
        "metadata": { "name": name },
        "spec": { "chart": chart, "interval": "10m", "sourceRef": { "kind": kind, "name": source } },
    }))
}

/// A Kustomization that applies and prunes what the source [`SOURCE`] holds.
pub fn kustomization(name: &str) -> Draft {
    Draft(json!({
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
        "kind": "Kustomization",
        "metadata": { "name": name },
        "spec": {
            "interval": "10m",
            "retryInterval": "1m",
            "timeout": "1m",
            "prune": true,
            "sourceRef": { "kind": "GitRepository", "name": SOURCE },
        },
    }))
}

impl Draft {
    /// Sets a field of the spec.
    pub fn with(mut self, field: &str, value: impl Into<Value>) -> Self {
        self.0["spec"][field] = value.into();
        self
    }

    /// Sets an annotation.
    pub fn annotated(mut self, key: &str, value: &str) -> Self {
        self.0["metadata"]["annotations"][key] = json!(value);
        self
    }

    /// Puts the object into a namespace other than the scenario's.
    pub fn within(mut self, namespace: &str) -> Self {
        self.0["metadata"]["namespace"] = json!(namespace);
        self
    }
}

/// A GitRepository's words.
impl Draft {
    /// Follows a branch, tag, version range, name or commit: `follows("tag", "v1")`.
    pub fn follows(self, what: &str, value: &str) -> Self {
        self.with("ref", json!({ what: value }))
    }

    /// Takes its credentials from a secret.
    pub fn with_secret(self, name: &str) -> Self {
        self.with("secretRef", json!({ "name": name }))
    }
}

/// A Kustomization's words.
impl Draft {
    /// Takes another source.
    pub fn from_source(self, name: &str) -> Self {
        self.with("sourceRef", json!({ "kind": "GitRepository", "name": name }))
    }

    /// Takes a Bucket as its source.
    pub fn from_bucket(self, name: &str) -> Self {
        self.with("sourceRef", json!({ "kind": "Bucket", "name": name }))
    }

    /// Takes an OCIRepository as its source.
    pub fn from_oci(self, name: &str) -> Self {
        self.with("sourceRef", json!({ "kind": "OCIRepository", "name": name }))
    }

    /// Builds a folder.
    pub fn path(self, path: &str) -> Self {
        self.with("path", path)
    }

    /// Applies into a namespace what names none.
    pub fn into_namespace(self, namespace: &str) -> Self {
        self.with("targetNamespace", namespace)
    }

    /// Waits for the health of all that it applies.
    pub fn waiting(self) -> Self {
        self.with("wait", true)
    }

    /// Leaves in the cluster what is no longer in the source.
    pub fn keeping(self) -> Self {
        self.with("prune", false)
    }

    /// Applies only when another one is ready.
    pub fn depends_on(mut self, name: &str) -> Self {
        let dependency = json!({ "name": name });
        match self.0["spec"]["dependsOn"].as_array_mut() {
            Some(dependencies) => dependencies.push(dependency),
            None => self.0["spec"]["dependsOn"] = json!([dependency]),
        }
        self
    }

    /// Applies as an account of its namespace.
    pub fn acting_as(self, account: &str) -> Self {
        self.with("serviceAccountName", account)
    }

    /// Rests.
    pub fn suspended(self) -> Self {
        self.with("suspend", true)
    }
}

/// Returns the text of a ConfigMap's file.
pub fn config_map(name: &str, value: &str) -> String {
    json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": name }, "data": { "value": value } })
        .to_string()
}

/// Returns the text of a file with a Deployment of one replica; the image says what becomes of its pod.
pub fn deployment(name: &str, image: &str) -> String {
    let labels = json!({ "app": name });
    let template = json!({
        "metadata": { "labels": labels },
        "spec": { "containers": [{ "name": "main", "image": image }] },
    });
    let spec = json!({ "replicas": 1, "selector": { "matchLabels": labels }, "template": template });
    json!({ "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": name }, "spec": spec }).to_string()
}

/// Returns a pull secret for a registry.
pub fn pull_secret(name: &str, host: &str, user: &str, password: &str) -> Value {
    let config = json!({ "auths": { host: { "username": user, "password": password } } }).to_string();
    let mut secret = secret(name, &[(".dockerconfigjson", &config)]);
    secret["type"] = json!("kubernetes.io/dockerconfigjson");
    secret
}

/// Returns a secret.
pub fn secret(name: &str, entries: &[(&str, &str)]) -> Value {
    let entries: serde_json::Map<_, _> = entries.iter().map(|(key, value)| ((*key).to_owned(), json!(value))).collect();
    json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": name }, "stringData": entries })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_reads_as_a_sentence() {
        let apps: Value = kustomization("apps").path("./apps").waiting().depends_on("infra").depends_on("crds").into();
        assert_eq!(apps["spec"]["wait"], true);
        assert_eq!(apps["spec"]["dependsOn"], json!([{ "name": "infra" }, { "name": "crds" }]));
    }
}
