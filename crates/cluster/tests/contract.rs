//! The fake keeps the contract that the real API server is held to in `e2e`.

use sluice_cluster::{
    FakeCluster,
    contract::{NOBODY, checks},
};

#[tokio::test(start_paused = true)]
async fn the_fake_keeps_the_contract() {
    let mut failures = Vec::new();
    for (name, check) in checks() {
        let fake = FakeCluster::new();
        fake.put(serde_json::json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "contract" } }))
            .unwrap();
        fake.deny(&format!("system:serviceaccount:contract:{NOBODY}"), "*", "*", "*");
        if let Err(failure) = check(&fake, "contract").await {
            failures.push(format!("{name}: {failure}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
