//! Pods, and what they tell of the StatefulSet or ReplicaSet they belong to.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use sluice_object::Object;

use super::{
    Computed, Health, Status,
    conditions::{Condition, conditions, has},
    fields::text,
    health,
};

/// How long a pod may stay unschedulable before it counts as failed.
const SCHEDULING_WINDOW: SignedDuration = SignedDuration::from_secs(15);

pub(super) fn pod(value: &Value, conditions: &[Condition<'_>], now: Timestamp) -> Computed {
    match text(value, "/status/phase") {
        "Succeeded" => Ok(Health::current("Pod has completed successfully")),
        "Failed" => Ok(Health::current("Pod has completed, but not successfully")),
        "Running" => Ok(running(value, conditions)),
        "Pending" => Ok(pending(value, conditions, now)),
        "" => Ok(Health::in_progress("PodNotObserved", "Pod phase not available")),
        phase => Err(format!("unknown phase {phase}")),
    }
}

fn running(value: &Value, conditions: &[Condition<'_>]) -> Health {
    if has(conditions, "Ready", "True") {
        return Health::current("Pod is Ready");
    }
    let looping = crash_looping(value);
    if looping.is_empty() {
        return Health::in_progress("PodRunningNotReady", "Pod is running but is not Ready");
    }
    let names = looping.join(",");
    Health::failed("ContainerCrashLooping", format!("Containers in CrashLoop state: {names}"))
}

/// Init and ephemeral containers are not looked at, as in kstatus.
fn crash_looping(value: &Value) -> Vec<&str> {
    let containers = value.pointer("/status/containerStatuses").and_then(Value::as_array);
    containers
        .into_iter()
        .flatten()
        .filter(|container| text(container, "/state/waiting/reason") == "CrashLoopBackOff")
        .map(|container| text(container, "/name"))
        .collect()
}

fn pending(value: &Value, conditions: &[Condition<'_>], now: Timestamp) -> Health {
    if !unschedulable(conditions) {
        return Health::in_progress("PodPending", "Pod is in the Pending phase");
    }
    let created = text(value, "/metadata/creationTimestamp").parse::<Timestamp>().ok();
    match created.and_then(|created| created.checked_add(SCHEDULING_WINDOW).ok()) {
        Some(until) if now < until => {
            Health { recheck_at: Some(until), ..Health::in_progress("PodNotScheduled", "Pod has not been scheduled") }
        }
        _ => Health::failed("PodUnschedulable", "Pod could not be scheduled"),
    }
}

fn unschedulable(conditions: &[Condition<'_>]) -> bool {
    let refused = |c: &Condition<'_>| c.type_ == "PodScheduled" && c.status == "False" && c.reason == "Unschedulable";
    conditions.iter().any(refused)
}

/// Says whether a pod keeps its StatefulSet or ReplicaSet from ever being ready: failed, but neither going away nor
/// waiting for a node.
pub fn is_stuck(pod: &Object, now: Timestamp) -> bool {
    let transient = pod.is_deleting() || conditions(pod.value()).is_ok_and(|conditions| unschedulable(&conditions));
    !transient && health(pod, now).status == Status::Failed
}

/// Returns the health of a StatefulSet or ReplicaSet whose own health and selected pods are given.
pub fn with_pods<'a>(own: Health, pods: impl IntoIterator<Item = &'a Object>, now: Timestamp) -> Health {
    let stuck = pods.into_iter().filter(|pod| is_stuck(pod, now)).count();
    with_stuck_pods(own, stuck)
}

/// Returns the health of a StatefulSet or ReplicaSet with so many stuck pods.
pub fn with_stuck_pods(own: Health, stuck: usize) -> Health {
    match (own.status, stuck) {
        (Status::InProgress, 1..) => Health::failed("", format!("{stuck} pods have failed")),
        _ => own,
    }
}
