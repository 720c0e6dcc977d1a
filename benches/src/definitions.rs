//! Definitions that nobody uses, each of a group of its own, as clusters with many operators have them.

use kube::Client;
use serde_json::{Value, json};

use crate::bulk;

/// How large each of them is: as large as the definition of HelmReleases, which Flux's own benchmark takes.
const BYTES: usize = 129 << 10;

/// How long one description is.
const DESCRIPTION: usize = 480;

/// Makes so many definitions.
pub(crate) async fn make(client: &Client, count: usize) -> anyhow::Result<()> {
    if count > 0 {
        eprintln!("{count} definitions of {} KiB", BYTES >> 10);
    }
    bulk::apply(client, (0..count).map(definition).collect()).await.map(drop)
}

fn definition(index: usize) -> Value {
    let group = format!("group{index}.bench.example.com");
    let names = json!({ "plural": "unused", "singular": "unused", "kind": "Unused" });
    let schema = json!({ "type": "object", "properties": { "spec": { "type": "object", "properties": fields() } } });
    let version = json!({ "name": "v1", "served": true, "storage": true, "schema": { "openAPIV3Schema": schema } });
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": { "name": format!("unused.{group}") },
        "spec": { "group": group, "scope": "Namespaced", "names": names, "versions": [version] },
    })
}

/// Returns as many fields with descriptions as make up the size.
fn fields() -> Value {
    let text = "what this field is for, at length ".repeat(DESCRIPTION / 34);
    let field = json!({ "type": "object", "description": text, "properties": { "name": { "type": "string" } } });
    let count = BYTES / (field.to_string().len() + 12);
    (0..count).map(|index| (format!("field{index}"), field.clone())).collect::<serde_json::Map<_, _>>().into()
}
