//! Many Kustomizations: one that fails or waits is in nobody's way.

use serde_json::json;
use sluice_reconcile::Settings;

use crate::{
    bench::Bench,
    manifests::{config, deployment, files, namespace},
};

#[tokio::test(start_paused = true)]
async fn fifty_that_fail_or_wait_do_not_delay_a_healthy_one() {
    let bench = Bench::new();
    bench.cluster.auto_ready(false);
    let broken = [("broken/a.yaml".to_owned(), "kind: [".to_owned())];
    let waiting = files("waiting", [namespace(), deployment("web", 1)]);
    let healthy = files("healthy", [namespace(), config("a", "1")]);
    let tree: Vec<_> = broken.into_iter().chain(waiting).chain(healthy).collect();
    bench.publish("apps", "1", &tree).await;
    for index in 0..25 {
        bench.kustomization(&format!("a-broken-{index}"), json!({"path": "./broken"}));
        let target = format!("ns-{index}");
        bench.kustomization(
            &format!("a-waiting-{index}"),
            json!({"path": "./waiting", "wait": true, "timeout": "5m", "nameSuffix": format!("-{target}")}),
        );
    }
    bench.kustomization("healthy", json!({}));
    let _agent = bench.start_with(Settings { concurrent: 4, jitter: 0.0, ..Settings::default() });
    bench.idle().await;
    assert!(bench.is_ready("healthy"), "{:?}", bench.ready("healthy"));
    for index in 0..25 {
        assert_eq!(bench.ready(&format!("a-broken-{index}")).1, "BuildFailed");
        assert_eq!(bench.ready(&format!("a-waiting-{index}")).0, "Unknown");
    }
}
