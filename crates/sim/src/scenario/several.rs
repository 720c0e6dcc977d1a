//! Several agents at once.

use serde_json::{Value, json};

use super::{
    Scenario,
    Step::{All, Apply, Patch, Push},
    manifests::{APPS, config, files, kustomization, namespace, source, target},
};

pub(super) fn all() -> Vec<Scenario> {
    vec![shards()]
}

fn of_shard(shard: &str, mut object: Value) -> Value {
    object["metadata"]["labels"] = json!({"shard": shard});
    object
}

/// Two agents share the objects, and one of these goes from the one to the other.
fn shards() -> Scenario {
    const A: &str = "https://git.example.com/a";
    const B: &str = "https://git.example.com/b";
    let owner = |name: &str| {
        let reference = json!({"sourceRef": {"kind": "GitRepository", "name": name}});
        of_shard(name, kustomization(name, reference))
    };
    let source = |name: &str, url| of_shard(name, source(name, url));
    let revision = |name: &str, v: &str| files(name, [namespace(&format!("{APPS}-{name}")), placed(name, v)]);
    let give = |object: &Value| Patch(target(object), json!({"metadata": {"labels": {"shard": "b"}}}));
    Scenario {
        name: "shards",
        given: vec![
            Push(A, revision("a", "1")),
            Push(B, revision("b", "1")),
            Apply(source("a", A)),
            Apply(source("b", B)),
        ],
        steps: vec![
            All(vec![Apply(owner("a")), Apply(owner("b"))]),
            All(vec![Push(A, revision("a", "2")), Push(B, revision("b", "2"))]),
            All(vec![give(&source("a", A)), give(&owner("a"))]),
            Push(A, revision("a", "3")),
        ],
        end: vec!["Namespace//apps-a", "Namespace//apps-b", "ConfigMap/apps-a/a", "ConfigMap/apps-b/b"],
        shards: vec!["shard=a", "shard=b"],
        ..Scenario::default()
    }
}

fn placed(name: &str, v: &str) -> Value {
    let mut config = config(name, v);
    config["metadata"]["namespace"] = json!(format!("{APPS}-{name}"));
    config
}
