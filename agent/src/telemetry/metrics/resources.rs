//! The state of objects, as kube-state-metrics shows it where it is set up for Flux.

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric as _},
    metrics::{MetricType, gauge::ConstGauge},
};
use serde_json::Value;
use sluice_object::Object;
use sluice_reconcile::Index;

/// Reads the index when metrics are read; nothing before there is one.
#[derive(Debug)]
pub(super) struct Resources(pub(super) Arc<OnceLock<Arc<Index>>>);

impl Collector for Resources {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let Some(index) = self.0.get() else { return Ok(()) };
        let help = "The present state of an object of Flux";
        let mut family = encoder.encode_descriptor("gotk_resource_info", help, None, MetricType::Gauge)?;
        for kind in sluice_api::kinds().iter().filter(|kind| kind.served) {
            for object in index.of_kind(kind.group, kind.kind) {
                ConstGauge::new(1_i64).encode(family.encode_family(&labels(&object))?)?;
            }
        }
        Ok(())
    }
}

/// Labels that only some kinds have, and where their values are.
const PATHS: [(&str, &str); 8] = [
    ("revision", "/status/artifact/revision"),
    ("revision", "/status/lastAppliedRevision"),
    ("source_name", "/spec/sourceRef/name"),
    ("url", "/spec/url"),
    ("endpoint", "/spec/endpoint"),
    ("bucket_name", "/spec/bucketName"),
    ("chart_name", "/spec/chart"),
    ("chart_version", "/spec/version"),
];

fn labels(object: &Object) -> Vec<(&'static str, String)> {
    let gvk = object.gvk();
    let suspended = object.value().pointer("/spec/suspend").and_then(Value::as_bool).unwrap_or(false);
    let mut labels = vec![
        ("customresource_group", gvk.group),
        ("customresource_version", gvk.version),
        ("customresource_kind", gvk.kind),
        ("name", object.name().to_owned()),
        ("exported_namespace", object.namespace().to_owned()),
        ("ready", ready(object)),
        ("suspended", suspended.to_string()),
    ];
    let text = |path: &str| object.value().pointer(path).and_then(Value::as_str).map(without_credentials);
    labels.extend(PATHS.iter().filter_map(|(name, path)| Some((*name, text(path)?))));
    labels
}

fn ready(object: &Object) -> String {
    let conditions = object.value().pointer("/status/conditions").and_then(Value::as_array);
    let ready = conditions.into_iter().flatten().find(|condition| condition["type"] == "Ready");
    ready.and_then(|ready| ready["status"].as_str()).unwrap_or("Unknown").to_owned()
}

/// Cuts `user:password@` and the query, which may be a shared access signature, out of a URL.
fn without_credentials(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let host = rest.find('/').unwrap_or(rest.len());
    let start = rest[..host].rfind('@').map_or(0, |at| at + 1);
    format!("{scheme}://{}", &rest[start..])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shown(kind: &str, spec: Value, status: Value) -> Vec<String> {
        let metadata = json!({"name": "a", "namespace": "b"});
        let object = json!({"apiVersion": "g.example.com/v1", "kind": kind, "metadata": metadata, "spec": spec, "status": status});
        let labels = labels(&Object::new(object).unwrap());
        labels.into_iter().skip(5).map(|(name, value)| format!("{name}={value}")).collect()
    }

    #[test]
    fn what_dashboards_ask_for_is_in_the_labels() {
        let ready = json!([{"type": "Healthy", "status": "True"}, {"type": "Ready", "status": "False"}]);
        let status = json!({"conditions": ready, "lastAppliedRevision": "main@sha1:1"});
        let spec = json!({"suspend": true, "sourceRef": {"name": "app"}});
        let expected = ["ready=False", "suspended=true", "revision=main@sha1:1", "source_name=app"];
        assert_eq!(shown("Kustomization", spec, status), expected);
        let spec = json!({"url": "https://me:hunter2@example.com/a.git"});
        let expected = ["ready=Unknown", "suspended=false", "revision=1", "url=https://example.com/a.git"];
        assert_eq!(
            shown("Bucket", json!({"endpoint": "https://a.example.com?sig=hunter2"}), json!({}))[2],
            "endpoint=https://a.example.com"
        );
        assert_eq!(shown("GitRepository", spec, json!({"artifact": {"revision": "1"}})), expected);
        let spec = json!({"endpoint": "https://a.example.com?sig=hunter2", "bucketName": "c"});
        let expected = ["ready=Unknown", "suspended=false", "endpoint=https://a.example.com", "bucket_name=c"];
        assert_eq!(shown("Bucket", spec, json!({})), expected);
    }
}
