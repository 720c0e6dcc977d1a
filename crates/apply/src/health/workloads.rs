//! Deployments, ReplicaSets, StatefulSets, DaemonSets: counters against counters, first hit wins.

use serde_json::Value;

use super::{
    Health,
    conditions::{Condition, has},
    fields::{int, text},
};

/// What the API server stores when a Deployment has no progress deadline.
const NO_DEADLINE: i64 = i32::MAX as i64;

pub(super) fn deployment(value: &Value, conditions: &[Condition<'_>]) -> Health {
    let want = int(value, "/spec/replicas", 1);
    let count = |name: &str| counter(value, name);
    let late = |c: &Condition<'_>| c.type_ == "Progressing" && c.reason == "ProgressDeadlineExceeded";
    if conditions.iter().any(late) {
        return Health::failed("ProgressDeadlineExceeded", "Progress deadline exceeded");
    }
    let (replicas, updated) = (count("replicas"), count("updatedReplicas"));
    lacks("LessReplicas", "Replicas", replicas, want)
        .or_else(|| lacks("LessUpdated", "Updated", updated, want))
        .or_else(|| extra_pods(replicas, want))
        .or_else(|| lacks("LessAvailable", "Available", count("availableReplicas"), updated))
        .or_else(|| lacks("LessReady", "Ready", count("readyReplicas"), want))
        .or_else(|| rolled_out(value, conditions))
        .unwrap_or_else(|| Health::current(format!("Deployment is available. Replicas: {replicas}")))
}

fn rolled_out(value: &Value, conditions: &[Condition<'_>]) -> Option<Health> {
    let progressed =
        |c: &Condition<'_>| c.type_ == "Progressing" && c.status == "True" && c.reason == "NewReplicaSetAvailable";
    if int(value, "/spec/progressDeadlineSeconds", NO_DEADLINE) != NO_DEADLINE && !conditions.iter().any(progressed) {
        return Some(Health::in_progress("ReplicaSetNotAvailable", "ReplicaSet not Available"));
    }
    let available = has(conditions, "Available", "True");
    (!available).then(|| Health::in_progress("DeploymentNotAvailable", "Deployment not Available"))
}

pub(super) fn replica_set(value: &Value, conditions: &[Condition<'_>]) -> Health {
    if has(conditions, "ReplicaFailure", "True") {
        return Health::in_progress("ReplicaFailure", "Replica Failure condition. Check Pods");
    }
    let want = int(value, "/spec/replicas", 1);
    let count = |name: &str| counter(value, name);
    let replicas = count("replicas");
    lacks("LessLabelled", "Labelled", count("fullyLabeledReplicas"), want)
        .or_else(|| lacks("LessAvailable", "Available", count("availableReplicas"), want))
        .or_else(|| lacks("LessReady", "Ready", count("readyReplicas"), want))
        .or_else(|| extra_pods(replicas, want))
        .unwrap_or_else(|| Health::current(format!("ReplicaSet is available. Replicas: {replicas}")))
}

pub(super) fn stateful_set(value: &Value) -> Health {
    if text(value, "/spec/updateStrategy/type") == "OnDelete" {
        return Health::current("StatefulSet is using the ondelete update strategy");
    }
    let want = int(value, "/spec/replicas", 1);
    let replicas = counter(value, "replicas");
    lacks("LessReplicas", "Replicas", replicas, want)
        .or_else(|| lacks("LessReady", "Ready", counter(value, "readyReplicas"), want))
        .or_else(|| extra_pods(replicas, want))
        .or_else(|| partitioned(value, want))
        .or_else(|| lacks("LessCurrent", "current", counter(value, "currentReplicas"), want))
        .or_else(|| revision_mismatch(value))
        .unwrap_or_else(|| scheduled(replicas))
}

/// A partition that is there, zero included, decides alone.
fn partitioned(value: &Value, want: i64) -> Option<Health> {
    let partition = value.pointer("/spec/updateStrategy/rollingUpdate/partition")?.as_i64()?;
    let updated = counter(value, "updatedReplicas");
    let done = || Health::current(format!("Partition rollout complete. updated: {updated}"));
    Some(lacks("PartitionRollout", "updated", updated, want.saturating_sub(partition)).unwrap_or_else(done))
}

fn revision_mismatch(value: &Value) -> Option<Health> {
    (text(value, "/status/currentRevision") != text(value, "/status/updateRevision"))
        .then(|| Health::in_progress("RevisionMismatch", "Waiting for updated revision to match current"))
}

pub(super) fn daemon_set(value: &Value) -> Health {
    let missing = |pointer: &str| value.pointer(pointer).and_then(Value::as_i64).is_none();
    if missing("/metadata/generation") {
        return Health::in_progress("NoGeneration", "DaemonSet metadata.generation not found");
    }
    if missing("/status/observedGeneration") {
        return Health::in_progress("NoObservedGeneration", "DaemonSet status.observedGeneration not found");
    }
    if missing("/status/desiredNumberScheduled") {
        return Health::in_progress("NoDesiredNumber", "Missing .status.desiredNumberScheduled");
    }
    let want = counter(value, "desiredNumberScheduled");
    lacks("LessCurrent", "Current", counter(value, "currentNumberScheduled"), want)
        .or_else(|| lacks("LessUpdated", "Updated", counter(value, "updatedNumberScheduled"), want))
        .or_else(|| lacks("LessAvailable", "Available", counter(value, "numberAvailable"), want))
        .or_else(|| lacks("LessReady", "Ready", counter(value, "numberReady"), want))
        .unwrap_or_else(|| scheduled(want))
}

fn counter(value: &Value, name: &str) -> i64 {
    int(value, &format!("/status/{name}"), 0)
}

fn lacks(reason: &str, word: &str, have: i64, want: i64) -> Option<Health> {
    (want > have).then(|| Health::in_progress(reason, format!("{word}: {have}/{want}")))
}

fn extra_pods(have: i64, want: i64) -> Option<Health> {
    (have > want)
        .then(|| Health::in_progress("ExtraPods", format!("Pending termination: {}", have.saturating_sub(want))))
}

fn scheduled(replicas: i64) -> Health {
    Health::current(format!("All replicas scheduled as expected. Replicas: {replicas}"))
}
