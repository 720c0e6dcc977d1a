//! When Helm 3 takes an object for ready, from the object alone.

use serde_json::Value;
use sluice_object::{Gvk, Object};

use super::{
    Health, JobRule,
    fields::{int, text},
};

pub(super) fn health(object: &Object, gvk: &Gvk, jobs: JobRule) -> Health {
    let value = object.value();
    let ready = match (gvk.group.as_str(), gvk.kind.as_str()) {
        ("", "Pod") => condition(value, "Ready") == "True",
        ("", "PersistentVolumeClaim") => text(value, "/status/phase") == "Bound",
        ("", "Service") => service(value),
        ("", "ReplicationController") | ("apps", "ReplicaSet") => is_observed(value) && all_ready(value),
        ("apps", "Deployment") => deployment(value),
        ("apps", "DaemonSet") => is_observed(value) && daemon_set(value),
        ("apps", "StatefulSet") => is_observed(value) && stateful_set(value),
        ("batch", "Job") if jobs == JobRule::MustComplete => return job(object),
        ("apiextensions.k8s.io", "CustomResourceDefinition") => {
            condition(value, "Established") == "True" || condition(value, "NamesAccepted") == "False"
        }
        _ => true,
    };
    if ready { Health::current("ready") } else { Health::in_progress("NotReady", "not ready") }
}

fn condition<'a>(value: &'a Value, of: &str) -> &'a str {
    let conditions = value.pointer("/status/conditions").and_then(Value::as_array).into_iter().flatten();
    conditions
        .filter(|condition| text(condition, "/type") == of)
        .map(|condition| text(condition, "/status"))
        .next_back()
        .unwrap_or_default()
}

fn is_observed(value: &Value) -> bool {
    int(value, "/status/observedGeneration", 0) == int(value, "/metadata/generation", 0)
}

fn service(value: &Value) -> bool {
    let type_ = text(value, "/spec/type");
    let has = |pointer: &str| value.pointer(pointer).and_then(Value::as_array).is_some_and(|items| !items.is_empty());
    let reachable = type_ != "LoadBalancer" || has("/spec/externalIPs") || has("/status/loadBalancer/ingress");
    type_ == "ExternalName" || (!text(value, "/spec/clusterIP").is_empty() && reachable)
}

fn all_ready(value: &Value) -> bool {
    int(value, "/status/readyReplicas", 0) >= int(value, "/status/replicas", 0)
}

/// Helm counts the ready pods of the newest ReplicaSet. These are at least those that are ready without the pods that are
/// not of it.
fn deployment(value: &Value) -> bool {
    if value.pointer("/spec/paused") == Some(&Value::Bool(true)) {
        return true;
    }
    let count = |name: &str| int(value, &format!("/status/{name}"), 0);
    let older = count("replicas") - count("updatedReplicas");
    let replicas = int(value, "/spec/replicas", 1);
    is_observed(value) && count("readyReplicas") - older >= replicas - unavailable(value, replicas)
}

/// How many pods of a Deployment may be missing.
fn unavailable(value: &Value, replicas: i64) -> i64 {
    let rolling = |name: &str| value.pointer("/spec/strategy/rollingUpdate").and_then(|update| update.get(name));
    if text(value, "/spec/strategy/type") != "RollingUpdate" || replicas == 0 {
        return 0;
    }
    let surge = share(rolling("maxSurge"), replicas, true);
    match share(rolling("maxUnavailable"), replicas, false) {
        0 if surge == 0 => 1,
        unavailable => unavailable.min(replicas),
    }
}

/// A number, or a percentage of a total.
fn share(value: Option<&Value>, total: i64, up: bool) -> i64 {
    let percent = |text: &str| Some(text.strip_suffix('%')?.parse::<i64>().ok()?.saturating_mul(total));
    match value {
        Some(Value::String(text)) => percent(text).map_or(0, |hundredths| (hundredths + if up { 99 } else { 0 }) / 100),
        Some(number) => number.as_i64().unwrap_or(0),
        None => 0,
    }
}

fn daemon_set(value: &Value) -> bool {
    if text(value, "/spec/updateStrategy/type") != "RollingUpdate" {
        return true;
    }
    let count = |name: &str| int(value, &format!("/status/{name}"), 0);
    let wanted = count("desiredNumberScheduled");
    let missing = share(value.pointer("/spec/updateStrategy/rollingUpdate/maxUnavailable"), wanted, true);
    count("updatedNumberScheduled") == wanted && count("numberReady") >= wanted - missing
}

fn stateful_set(value: &Value) -> bool {
    if text(value, "/spec/updateStrategy/type") != "RollingUpdate" {
        return true;
    }
    let partition = int(value, "/spec/updateStrategy/rollingUpdate/partition", 0);
    let replicas = int(value, "/spec/replicas", 1);
    let same = text(value, "/status/currentRevision") == text(value, "/status/updateRevision");
    int(value, "/status/updatedReplicas", 0) >= replicas - partition
        && int(value, "/status/readyReplicas", 0) == replicas
        && (partition != 0 || same)
}

fn job(object: &Object) -> Health {
    let value = object.value();
    if int(value, "/status/failed", 0) > int(value, "/spec/backoffLimit", 6) {
        return Health::failed("JobFailed", format!("job is failed: {}/{}", object.namespace(), object.name()));
    }
    let wanted = value.pointer("/spec/completions").and_then(Value::as_i64);
    match wanted.is_none_or(|wanted| int(value, "/status/succeeded", 0) >= wanted) {
        true => Health::current("ready"),
        false => Health::in_progress("NotReady", "not ready"),
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use rstest::rstest;
    use serde_json::json;

    use super::*;
    use crate::health::{Reader, Rules, Status};

    fn read(kind: &str, fields: &Value, jobs: JobRule) -> Status {
        let (version, kind) = kind.rsplit_once('.').unwrap_or(("v1", kind));
        let mut value = json!({"apiVersion": version, "kind": kind, "metadata": {"name": "a", "generation": 2}});
        for (key, field) in fields.as_object().into_iter().flatten() {
            value[key] = field.clone();
        }
        let object = Object::new(value).unwrap_or_else(|error| unreachable!("{error}"));
        Reader { rules: Rules::Legacy, jobs, ..Reader::default() }.read(&object, Timestamp::UNIX_EPOCH).status
    }

    #[rstest]
    #[case::pod("Pod", json!({"status": {"conditions": [{"type": "Ready", "status": "True"}]}}), true)]
    #[case::pod_at_its_end("Pod", json!({"status": {"phase": "Succeeded", "conditions": [{"type": "Ready", "status": "False"}]}}), false)]
    #[case::claim("PersistentVolumeClaim", json!({"status": {"phase": "Pending"}}), false)]
    #[case::external_name("Service", json!({"spec": {"type": "ExternalName"}}), true)]
    #[case::service("Service", json!({"spec": {"clusterIP": "10.0.0.1"}}), true)]
    #[case::service_without_address("Service", json!({"spec": {}}), false)]
    #[case::balancer("Service", json!({"spec": {"type": "LoadBalancer", "clusterIP": "10.0.0.1"}}), false)]
    #[case::balancer_with_address("Service", json!({"spec": {"type": "LoadBalancer", "clusterIP": "10.0.0.1"}, "status": {"loadBalancer": {"ingress": [{"ip": "1.2.3.4"}]}}}), true)]
    #[case::paused("apps/v1.Deployment", json!({"spec": {"paused": true}}), true)]
    #[case::deployment("apps/v1.Deployment", json!({"spec": {"replicas": 2}, "status": {"observedGeneration": 2, "replicas": 2, "updatedReplicas": 2, "readyReplicas": 2}}), true)]
    #[case::not_observed("apps/v1.Deployment", json!({"spec": {"replicas": 0}, "status": {"observedGeneration": 1}}), false)]
    #[case::only_old_pods("apps/v1.Deployment", json!({"spec": {"replicas": 2}, "status": {"observedGeneration": 2, "replicas": 3, "updatedReplicas": 1, "readyReplicas": 2}}), false)]
    #[case::one_may_be_missing("apps/v1.Deployment", json!({"spec": {"replicas": 4, "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}}}, "status": {"observedGeneration": 2, "replicas": 4, "updatedReplicas": 4, "readyReplicas": 3}}), true)]
    #[case::daemons("apps/v1.DaemonSet", json!({"spec": {"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "10%"}}}, "status": {"observedGeneration": 2, "desiredNumberScheduled": 3, "updatedNumberScheduled": 3, "numberReady": 2}}), true)]
    #[case::old_daemons("apps/v1.DaemonSet", json!({"spec": {"updateStrategy": {"type": "RollingUpdate"}}, "status": {"observedGeneration": 2, "desiredNumberScheduled": 3, "updatedNumberScheduled": 2, "numberReady": 3}}), false)]
    #[case::stateful("apps/v1.StatefulSet", json!({"spec": {"updateStrategy": {"type": "RollingUpdate"}}, "status": {"observedGeneration": 2, "updatedReplicas": 1, "readyReplicas": 1, "currentRevision": "a", "updateRevision": "a"}}), true)]
    #[case::other_revision("apps/v1.StatefulSet", json!({"spec": {"updateStrategy": {"type": "RollingUpdate"}}, "status": {"observedGeneration": 2, "updatedReplicas": 1, "readyReplicas": 1, "currentRevision": "a", "updateRevision": "b"}}), false)]
    #[case::replicas("apps/v1.ReplicaSet", json!({"status": {"observedGeneration": 2, "replicas": 2, "readyReplicas": 1}}), false)]
    #[case::names_taken("apiextensions.k8s.io/v1.CustomResourceDefinition", json!({"status": {"conditions": [{"type": "NamesAccepted", "status": "False"}]}}), true)]
    #[case::all_else("e.io/v1.Foo", json!({"status": {"conditions": [{"type": "Ready", "status": "False"}]}}), true)]
    fn helm_3_takes_for_ready(#[case] kind: &str, #[case] fields: Value, #[case] ready: bool) {
        assert_eq!(read(kind, &fields, JobRule::MustComplete) == Status::Current, ready);
    }

    #[rstest]
    #[case::running(json!({"spec": {"completions": 1}}), JobRule::MustComplete, Status::InProgress)]
    #[case::complete(json!({"spec": {"completions": 1}, "status": {"succeeded": 1}}), JobRule::MustComplete, Status::Current)]
    #[case::failed(json!({"spec": {"completions": 1, "backoffLimit": 1}, "status": {"failed": 2}}), JobRule::MustComplete, Status::Failed)]
    #[case::not_awaited(json!({"spec": {"completions": 1}}), JobRule::Default, Status::Current)]
    fn jobs_count_where_they_are_awaited(#[case] fields: Value, #[case] jobs: JobRule, #[case] expected: Status) {
        assert_eq!(read("batch/v1.Job", &fields, jobs), expected);
    }
}
