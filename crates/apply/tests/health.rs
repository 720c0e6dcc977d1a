//! Golden objects: what kstatus and Flux say of them. A case more needs no Rust.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use rstest::rstest;
use serde_json::{Value, json};
use sluice_apply::health::{Check, Expressions, Health, JobRule, Reader, Rules, Status, with_pods};
use sluice_cluster::ApiError;
use sluice_object::{Gvk, Object, ObjectId};

const NOW: &str = "2026-11-21T12:00:00Z";

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn object(value: Value) -> Object {
    Object::new(value).unwrap()
}

#[rstest]
#[case::builtin(include_str!("health/builtin.json"))]
#[case::expressions(include_str!("health/expressions.json"))]
#[case::generic(include_str!("health/generic.json"))]
#[case::jobs(include_str!("health/jobs.json"))]
#[case::pods(include_str!("health/pods.json"))]
#[case::workloads(include_str!("health/workloads.json"))]
fn golden_objects_are_judged_as_the_reference_does(#[case] file: &str) {
    let cases: Vec<Value> = serde_json::from_str(file).unwrap();
    for case in cases {
        let text = |key: &str| case[key].as_str().unwrap_or_default().to_owned();
        let jobs = if case["jobs"] == "MustComplete" { JobRule::MustComplete } else { JobRule::Default };
        let object = object(case["object"].clone());
        let found = match expressions(&case["checks"]) {
            Err(refused) => Health::unknown(refused),
            Ok(Some(expressions)) if !expressions.cover(&object.id()) => Health::unknown(unsupported(&object)),
            Ok(expressions) => {
                Reader { jobs, expressions: expressions.unwrap_or_default(), ..Reader::default() }.read(&object, now())
            }
        };
        let seen = (found.status.to_string(), found.message, found.reason);
        let mut wanted = (text("status"), text("message"), text("reason"));
        if case.get("jobs").is_some() {
            wanted.2.clone_from(&seen.2);
        }
        assert_eq!(seen, wanted, "{}", case["id"]);
    }
}

/// Returns the expressions that a case has.
fn expressions(checks: &Value) -> Result<Option<Arc<Expressions>>, String> {
    let text = |check: &Value, key: &str| check[key].as_str().unwrap_or_default().to_owned();
    let check = |check: &Value| Check {
        api_version: text(check, "apiVersion"),
        kind: text(check, "kind"),
        in_progress: text(check, "inProgress"),
        failed: text(check, "failed"),
        current: text(check, "current"),
    };
    let Some(checks) = checks.as_array() else { return Ok(None) };
    let read = Expressions::read(&checks.iter().map(check).collect::<Vec<_>>());
    read.map(|read| Some(Arc::new(read))).map_err(|refused| refused.to_string())
}

/// Flux's reader is asked for its kinds only, and says so of others.
fn unsupported(object: &Object) -> String {
    let Gvk { group, kind, .. } = object.gvk();
    format!("the GroupKind {kind}.{group} is not supported")
}

#[test]
fn an_expression_that_cannot_be_read_is_named() {
    let broken = json!([{"apiVersion": "e.io/v1", "kind": "Foo", "current": "true", "failed": "status."}]);
    let told = expressions(&broken).unwrap_err();
    let begin = "failed to create custom status evaluator for healthchecks[0]: failed to parse the expression Failed: \
                 failed to parse the CEL expression 'status.': ";
    assert!(told.starts_with(begin), "{told}");
}

fn pod(age: i64, extra: Value) -> Object {
    let created = now() - SignedDuration::from_secs(age);
    let mut value = json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "p", "creationTimestamp": created.to_string()}});
    value["status"] = extra;
    object(value)
}

fn unschedulable(age: i64) -> Object {
    let condition = json!({"type": "PodScheduled", "status": "False", "reason": "Unschedulable"});
    pod(age, json!({"phase": "Pending", "conditions": [condition]}))
}

fn crash_looping() -> Object {
    let container = json!({"name": "c", "state": {"waiting": {"reason": "CrashLoopBackOff"}}});
    pod(60, json!({"phase": "Running", "containerStatuses": [container]}))
}

#[test]
fn an_unschedulable_pod_names_the_time_to_look_again() {
    let health = Reader::default().read(&unschedulable(5), now());
    let at = now() + SignedDuration::from_secs(10);
    assert_eq!((health.status, health.recheck_at), (Status::InProgress, Some(at)));
    assert_eq!(Reader::default().read(&unschedulable(5), at).status, Status::Failed);
}

#[test]
fn only_crash_loops_fail_the_owner_of_pods() {
    let own = || Health::in_progress("LessReady", "Ready: 0/2");
    let mut leaving = crash_looping();
    leaving.value_mut()["metadata"]["deletionTimestamp"] = NOW.into();
    assert_eq!(with_pods(own(), &[unschedulable(60), leaving], now()), own());
    let failed = with_pods(own(), &[crash_looping(), unschedulable(60)], now());
    assert_eq!((failed.status, failed.message.as_str()), (Status::Failed, "1 pods have failed"));
    assert_eq!(with_pods(Health::current("fine"), &[crash_looping()], now()), Health::current("fine"));
}

#[test]
fn failed_reads_are_not_found_or_unknown() {
    let read = |error: ApiError| Reader::default().read_answer(&Err(error), now());
    assert_eq!(read(ApiError::status(404, "NotFound", "gone")), Health::not_found());
    assert_eq!(read(ApiError::status(403, "Forbidden", "no")), Health::unknown("no"));
    let unserved = read(ApiError::no_match(&Gvk::new("e.io", "v1", "Foo"), Vec::new()));
    assert_eq!(unserved, Health::unknown("no matches for kind \"Foo\" in group \"e.io\""));
}

/// Watches have the rules of kstatus, and Jobs must complete.
#[rstest]
#[case::watched(Rules::Status, JobRule::MustComplete, "batch", "Job", false)]
#[case::job_that_only_starts(Rules::Status, JobRule::Default, "batch", "Job", true)]
#[case::expression(Rules::Status, JobRule::MustComplete, "e.io", "Foo", true)]
#[case::hook(Rules::Hooks, JobRule::MustComplete, "batch", "Job", false)]
#[case::hook_that_is_no_job(Rules::Hooks, JobRule::MustComplete, "", "Pod", true)]
#[case::hook_of_helm_3(Rules::LegacyHooks, JobRule::MustComplete, "batch", "Job", true)]
#[case::helm_3(Rules::Legacy, JobRule::MustComplete, "", "Service", true)]
fn a_reader_says_what_watches_do_not_tell(
    #[case] rules: Rules,
    #[case] jobs: JobRule,
    #[case] group: &str,
    #[case] kind: &str,
    #[case] expected: bool,
) {
    let check = Check { api_version: "e.io/v1".into(), kind: "Foo".into(), current: "true".into(), ..Check::default() };
    let expressions = Arc::new(Expressions::read(&[check]).unwrap());
    let id = ObjectId::new(&Gvk::new(group, "v1", kind), "ns", "a");
    assert_eq!(Reader { rules, jobs, expressions }.judges(&id), expected);
}
