//! Hooks of Helm releases: what runs to an end is awaited, all else only has to be there.

use sluice_object::{Gvk, Object};

use super::{Computed, Health, conditions::conditions, fields::text, jobs};

pub(super) fn health(object: &Object, gvk: &Gvk) -> Computed {
    match (gvk.group.as_str(), gvk.kind.as_str()) {
        ("batch", "Job") => jobs::must_complete(object.value()),
        ("", "Pod") => Ok(pod(object)),
        _ => Ok(Health::current("Resource is current")),
    }
}

/// Helm 3 goes by the conditions of a Job alone.
pub(super) fn legacy(object: &Object, gvk: &Gvk) -> Computed {
    if (gvk.group.as_str(), gvk.kind.as_str()) != ("batch", "Job") {
        return health(object, gvk);
    }
    let name = object.name();
    let all = conditions(object.value())?;
    let ended = all.iter().filter(|condition| condition.status == "True").find_map(|condition| match condition.type_ {
        "Complete" => Some(Health::current(format!("job {name} succeeded"))),
        "Failed" => Some(Health::failed("JobFailed", format!("job {name} failed: {}", condition.reason))),
        _ => None,
    });
    Ok(ended.unwrap_or_else(|| Health::in_progress("JobInProgress", "Job in progress")))
}

/// A server that is ready has not come to an end.
fn pod(object: &Object) -> Health {
    let name = object.name();
    match text(object.value(), "/status/phase") {
        "Succeeded" => Health::current(format!("pod {name} succeeded")),
        "Failed" => Health::failed("PodFailed", format!("pod {name} failed")),
        _ => Health::in_progress("PodInProgress", "Pod in progress"),
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use rstest::rstest;
    use serde_json::json;

    use super::*;
    use crate::health::{Reader, Rules, Status};

    #[rstest]
    #[case::p01("v1", "Pod", "Succeeded", Status::Current, "pod t succeeded")]
    #[case::p02("v1", "Pod", "Failed", Status::Failed, "pod t failed")]
    #[case::p03("v1", "Pod", "Running", Status::InProgress, "Pod in progress")]
    #[case::p04("v1", "Pod", "", Status::InProgress, "Pod in progress")]
    #[case::job("batch/v1", "Job", "", Status::InProgress, "Job not started. active: 0/1")]
    #[case::other("apps/v1", "Deployment", "", Status::Current, "Resource is current")]
    #[case::pod_of_a_group("e.io/v1", "Pod", "Failed", Status::Current, "Resource is current")]
    fn jobs_and_pods_must_come_to_an_end(
        #[case] version: &str,
        #[case] kind: &str,
        #[case] phase: &str,
        #[case] status: Status,
        #[case] message: &str,
    ) {
        let value = json!({"apiVersion": version, "kind": kind, "metadata": {"name": "t"}, "status": {"phase": phase}});
        let object = Object::new(value).unwrap_or_else(|error| unreachable!("{error}"));
        let health = Reader { rules: Rules::Hooks, ..Reader::default() }.read(&object, Timestamp::UNIX_EPOCH);
        assert_eq!((health.status, health.message.as_str()), (status, message));
    }

    #[rstest]
    #[case::suspended(json!({"spec": {"suspend": true}}), Status::InProgress, "Job in progress")]
    #[case::complete(json!({"status": {"conditions": [{"type": "Complete", "status": "True"}]}}), Status::Current, "job t succeeded")]
    #[case::failed(json!({"status": {"conditions": [{"type": "Failed", "status": "True", "reason": "Deadline"}]}}), Status::Failed, "job t failed: Deadline")]
    #[case::not_failed(json!({"status": {"conditions": [{"type": "Failed", "status": "False"}]}}), Status::InProgress, "Job in progress")]
    fn jobs_of_helm_3_go_by_their_conditions(
        #[case] fields: serde_json::Value,
        #[case] status: Status,
        #[case] message: &str,
    ) {
        let mut value = json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "t"}});
        for (key, field) in fields.as_object().into_iter().flatten() {
            value[key] = field.clone();
        }
        let object = Object::new(value).unwrap_or_else(|error| unreachable!("{error}"));
        let health = Reader { rules: Rules::LegacyHooks, ..Reader::default() }.read(&object, Timestamp::UNIX_EPOCH);
        assert_eq!((health.status, health.message.as_str()), (status, message));
    }
}
