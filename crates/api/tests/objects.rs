//! Objects as Flux writes them are read, and written back the same.

use std::time::Duration;

use rstest::rstest;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use sluice_api::{
    kustomize::{DeletionPolicy, Kustomization, KustomizationSpec},
    source::{GitProvider, GitRepository, GitRepositorySpec, VerificationMode},
};

fn round_trip<T: DeserializeOwned + Serialize>(json: &Value) -> T {
    let object: T = serde_json::from_value(json.clone()).expect("readable");
    assert_eq!(&serde_json::to_value(&object).expect("writable"), json);
    object
}

fn conditions() -> Value {
    json!([{
        "type": "Ready", "status": "True", "reason": "Succeeded", "message": "stored artifact",
        "observedGeneration": 2, "lastTransitionTime": "2026-08-01T10:00:00Z",
    }])
}

fn artifact() -> Value {
    json!({
        "path": "gitrepository/flux-system/app/0c1f.tar.gz",
        "url": "http://source-controller.flux-system.svc.cluster.local./gitrepository/flux-system/app/0c1f.tar.gz",
        "revision": "main@sha1:0c1f",
        "digest": "sha256:9f86",
        "lastUpdateTime": "2026-08-01T10:00:00Z",
        "size": 1200,
    })
}

#[test]
fn a_git_repository() {
    let object: GitRepository = round_trip(&json!({
        "apiVersion": "source.toolkit.fluxcd.io/v1",
        "kind": "GitRepository",
        "metadata": {"name": "app", "namespace": "flux-system"},
        "spec": {
            "url": "ssh://git@example.com/app.git",
            "interval": "1m30s",
            "timeout": "1m0s",
            "secretRef": {"name": "app"},
            "provider": "generic",
            "ref": {"branch": "main"},
            "verify": {"mode": "TagAndHEAD", "secretRef": {"name": "keys"}},
            "ignore": "/*\n!/deploy\n",
            "recurseSubmodules": true,
            "include": [{"repository": {"name": "base"}, "toPath": "base"}],
            "sparseCheckout": ["deploy"],
        },
        "status": {
            "observedGeneration": 2,
            "conditions": conditions(),
            "artifact": artifact(),
            "includedArtifacts": [artifact()],
            "observedIgnore": "/*\n!/deploy\n",
            "observedRecurseSubmodules": true,
            "observedInclude": [{"repository": {"name": "base"}, "toPath": "base"}],
            "observedSparseCheckout": ["deploy"],
            "sourceVerificationMode": "TagAndHEAD",
            "lastHandledReconcileAt": "2026-08-01T09:59:59.123456789Z",
        },
    }));
    let status = object.status.expect("a status");
    assert_eq!(status.source_verification_mode, Some(VerificationMode::TagAndHead));
}

#[test]
fn a_kustomization() {
    let object: Kustomization = round_trip(&json!({
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
        "kind": "Kustomization",
        "metadata": {"name": "app", "namespace": "apps"},
        "spec": {
            "interval": "10m0s",
            "retryInterval": "2m0s",
            "path": "./deploy",
            "prune": true,
            "force": false,
            "wait": true,
            "deletionPolicy": "WaitForTermination",
            "sourceRef": {"kind": "OCIRepository", "name": "app", "namespace": "flux-system"},
            "dependsOn": [{"name": "infra", "readyExpr": "dep.status.inventory.size() > 0"}],
            "decryption": {"provider": "sops", "secretRef": {"name": "age"}},
            "kubeConfig": {"secretRef": {"name": "remote", "key": "kubeconfig"}},
            "postBuild": {
                "substitute": {"env": "prod"},
                "substituteFrom": [{"kind": "Secret", "name": "vars", "optional": true}],
                "substituteStrategy": "Always",
            },
            "patches": [{"patch": "- op: remove\n", "target": {"kind": "Deployment", "labelSelector": "a=b"}}],
            "ignore": [{"paths": ["/spec/replicas"], "target": {"kind": "Deployment"}}],
            "images": [{"name": "app", "newName": "registry.example.com/app", "newTag": "v2"}],
            "buildMetadata": ["originAnnotations"],
            "healthCheckExprs": [{"apiVersion": "example.com/v1", "kind": "Thing", "current": "true"}],
            "healthChecks": [{"kind": "Deployment", "name": "app"}],
        },
        "status": {
            "observedGeneration": -1,
            "conditions": conditions(),
            "lastAppliedRevision": "v2@sha256:0c1f",
            "lastAppliedOriginRevision": "main@sha1:77aa",
            "lastAttemptedRevision": "v2@sha256:0c1f",
            "inventory": {"entries": [{"id": "apps_app_apps_Deployment", "v": "v1"}]},
            "history": [{
                "digest": "sha256:9f86",
                "firstReconciled": "2026-08-01T10:00:00Z",
                "lastReconciled": "2026-08-01T11:00:00Z",
                "lastReconciledDuration": "1.234567891s",
                "lastReconciledStatus": "ReconciliationSucceeded",
                "totalReconciliations": 7,
                "metadata": {"revision": "v2@sha256:0c1f"},
            }],
            "lastHandledReconcileAt": "2026-08-01T09:59:59Z",
        },
    }));
    assert_eq!(object.spec.deletion_policy(), DeletionPolicy::WaitForTermination);
    assert_eq!(object.spec.retry_interval(), Duration::from_secs(120));
}

#[rstest]
#[case::thirty_seconds_less_than_the_interval(json!({"interval": "10m"}), 570)]
#[case::at_least_thirty_seconds(json!({"interval": "45s"}), 30)]
#[case::as_it_says(json!({"interval": "10m", "timeout": "2m"}), 120)]
#[case::at_least_thirty_seconds_whatever_it_says(json!({"interval": "10m", "timeout": "5s"}), 30)]
fn a_kustomization_waits(#[case] fields: Value, #[case] seconds: u64) {
    let mut spec = json!({"prune": false, "sourceRef": {"kind": "GitRepository", "name": "app"}});
    let all = spec.as_object_mut().expect("an object");
    all.extend(fields.as_object().expect("an object").clone());
    let spec: KustomizationSpec = serde_json::from_value(spec).expect("readable");
    assert_eq!(spec.timeout(), Duration::from_secs(seconds));
}

#[test]
fn a_bare_spec_has_the_defaults_of_the_schema() {
    let spec = json!({"url": "https://example.com/app.git", "interval": "1m"});
    let spec: GitRepositorySpec = serde_json::from_value(spec).expect("readable");
    assert_eq!((spec.timeout(), spec.provider()), (Duration::from_secs(60), GitProvider::Generic));
    let spec = json!({"interval": "1m", "prune": true, "sourceRef": {"kind": "Bucket", "name": "app"}});
    let spec: KustomizationSpec = serde_json::from_value(spec).expect("readable");
    assert_eq!((spec.force, spec.deletion_policy()), (false, DeletionPolicy::MirrorPrune));
    assert_eq!(spec.retry_interval(), Duration::from_secs(60));
}
