//! Manifests in versions of Flux's kinds that are served no more.

use serde_json::{Value, json};
use sluice_cluster::EventType;

use crate::{
    bench::{Bench, NAMESPACE},
    manifests::{config, files, namespace},
};

const VERSION: &str = "kustomize.toolkit.fluxcd.io/v1";

/// A Kustomization as the first versions had them.
fn old(name: &str) -> Value {
    json!({
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1beta1",
        "kind": "Kustomization",
        "metadata": { "name": name, "namespace": NAMESPACE },
        "spec": {
            "interval": "10m", "path": "./inner", "prune": true, "validation": "client",
            "sourceRef": { "kind": "GitRepository", "name": "apps" },
            "patchesStrategicMerge": [{
                "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "a", "namespace": "demo" },
                "data": { "v": "patched" },
            }],
        },
    })
}

#[tokio::test(start_paused = true)]
async fn an_old_version_is_applied_in_the_served_one() {
    let bench = Bench::new();
    let inner = files("inner", [namespace(), config("a", "1")]);
    bench.publish("apps", "1", &[files("site", [old("inner")]), inner].concat()).await;
    bench.kustomization("site", json!({}));
    let _agent = bench.start();
    bench.idle().await;
    assert!(bench.is_ready("site") && bench.is_ready("inner"), "{:?} {:?}", bench.ready("site"), bench.ready("inner"));
    assert_eq!(bench.config("a").as_deref(), Some("patched"));
    let spec = bench.get(VERSION, "Kustomization", NAMESPACE, "inner").unwrap().value()["spec"].clone();
    assert_eq!((spec.get("validation"), spec.get("patchesStrategicMerge")), (None, None));
    let entries = bench.status("site")["inventory"]["entries"].clone();
    let id = format!("{NAMESPACE}_inner_kustomize.toolkit.fluxcd.io_Kustomization");
    assert_eq!(entries, json!([{ "id": id, "v": "v1" }]));
    let told: Vec<_> = bench.cluster.events().into_iter().filter(|event| event.reason == "OldAPIVersion").collect();
    let message = format!(
        "applied in versions that are served, not as written:\n\
         Kustomization/{NAMESPACE}/inner (site/kustomization-inner.yaml:1): \
         write `apiVersion: {VERSION}` for `kustomize.toolkit.fluxcd.io/v1beta1`; \
         in `spec` write `patches` for `patchesStrategicMerge`; in `spec` leave out `validation`"
    );
    let told: Vec<_> = told.iter().map(|event| (event.type_, event.message.as_str())).collect();
    assert_eq!(told, [(EventType::Warning, message.as_str())]);
}
