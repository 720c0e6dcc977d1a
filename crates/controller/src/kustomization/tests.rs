//! Each rule of a Kustomization's pass before and after its rollout, on the machine alone. What a rollout does is
//! tested where it lives, and all of it together on the cluster in memory.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use rstest::rstest;
use serde_json::{Value, json};
use sluice_api::kustomize::Kustomization;
use sluice_apply::health::Health;
use sluice_cluster::{EventType, Identity};
use sluice_kustomize::Variables;
use sluice_object::{Artifact, Digest, Revision, Tree};
use sluice_reconcile::{Cause, Command, Input, Next, Verdict};

use super::{
    Built, Effect, Facts, Kustomizations, Memory, Outcome, Policy,
    facts::NoArtifact,
    health::{self, Standing},
    machine::{Run, next, start},
};
use crate::{
    dependencies::Blocked,
    expressions::{Compiled, compile},
    source::Trouble,
};

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn kustomization(spec: Value, status: Value) -> Kustomization {
    let mut whole = json!({
        "interval": "10m", "retryInterval": "15s", "prune": true, "path": "./apps",
        "sourceRef": {"kind": "GitRepository", "name": "r"},
    });
    whole.as_object_mut().unwrap().extend(spec.as_object().cloned().unwrap());
    let metadata = json!({
        "name": "apps", "namespace": "ns", "generation": 3,
        "annotations": {"reconcile.fluxcd.io/requestedAt": "now"},
    });
    let object = json!({
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization", "metadata": metadata,
        "spec": whole, "status": status,
    });
    serde_json::from_value(object).unwrap()
}

fn deleted(spec: Value, status: Value) -> Kustomization {
    let mut object = kustomization(spec, status);
    object.metadata.deletion_timestamp = Some(crate::marks::time(NOW));
    object
}

/// The status after a success, with one object.
fn applied() -> Value {
    json!({
        "conditions": [{
            "type": "Ready", "status": "True", "reason": "ReconciliationSucceeded", "message": "Applied",
            "lastTransitionTime": "1970-01-01T00:00:00Z", "observedGeneration": 3,
        }],
        "inventory": {"entries": [{"id": "ns_a__ConfigMap", "v": "v1"}]},
        "lastAppliedRevision": "main@sha1:abc",
    })
}

fn facts() -> Facts {
    let artifact = Artifact {
        revision: Revision::git("main", "abc"),
        digest: Digest::sha256(b"abc"),
        path: "gitrepository/ns/r/abc.tar.gz".into(),
        size: 7,
        metadata: Default::default(),
        tree: Arc::new(Tree::in_memory([("apps/a.yaml", "")])),
    };
    Facts {
        source: Ok(Arc::new(artifact)),
        blocked: None,
        expressions: Ok(Compiled::default()),
        identity: Ok(Identity::Agent),
        memory: None,
        same_build: false,
        standing: Standing::default(),
        eager: false,
        policy: Policy::default(),
        variables: Ok(None),
        missing_account: None,
    }
}

/// Facts of a process that has applied the artifact, and seen no change since.
fn unchanged() -> Facts {
    let checksum = Digest::sha256(b"objects");
    let memory =
        Memory { generation: 3, packed: Digest::sha256(b"abc"), checksum, inputs: None, variables: None, eager: false };
    Facts { memory: Some(memory), same_build: true, standing: Standing { clean: true, unseen: Vec::new() }, ..facts() }
}

fn settled(command: Command<Kustomizations>) -> Verdict {
    match command {
        Command::Settle(verdict) => verdict,
        other => panic!("not settled: {other:?}"),
    }
}

/// Passes over what a pass keeps for the next one.
fn closed(object: &Kustomization, (run, command): (Run, Command<Kustomizations>)) -> Verdict {
    assert!(matches!(command, Command::Do(Effect::Remember { .. } | Effect::Forget(_))), "{command:?}");
    settled(next(object, run, Input::Done(Outcome::Remembered(Vec::new())), NOW).1)
}

fn condition(status: &Value, type_: &str) -> Value {
    let conditions = status["conditions"].as_array().unwrap();
    conditions.iter().find(|condition| condition["type"] == type_).cloned().unwrap_or_default()
}

/// Returns status and reason of a condition.
fn short(status: &Value, type_: &str) -> String {
    let condition = condition(status, type_);
    [&condition["status"], &condition["reason"]].map(|text| text.as_str().unwrap_or("-")).join(" ")
}

#[rstest]
#[case(json!({"decryption": {"provider": "sops"}}), "decryption")]
fn what_is_not_served_is_refused_and_never_ignored(#[case] spec: Value, #[case] named: &str) {
    let verdict = settled(start(&kustomization(spec, applied()), facts(), NOW).1);
    assert_eq!(short(&verdict.report.status, "Stalled"), "True NotServedYet");
    assert!(condition(&verdict.report.status, "Ready")["message"].as_str().unwrap().contains(named));
    assert_eq!((verdict.next, verdict.success), (Next::Never, false));
    assert_eq!(verdict.report.status["inventory"], applied()["inventory"]);
    assert_eq!(verdict.report.status["lastHandledReconcileAt"], "now");
}

#[rstest]
#[case::of_health(
    json!({"healthCheckExprs": [{"apiVersion": "e.io/v1", "kind": "A", "current": "status."}]}),
    "failed to create custom status evaluator for healthchecks[0]: failed to parse the expression Current: "
)]
#[case::twice(
    json!({"healthCheckExprs": [
        {"apiVersion": "e.io/v1", "kind": "A", "current": "true"},
        {"apiVersion": "e.io/v2", "kind": "A", "current": "true"},
    ]}),
    "duplicate custom health check for GroupKind A.e.io at healthchecks[1]"
)]
#[case::unknown_root(
    json!({"dependsOn": [{"name": "a"}, {"name": "b", "readyExpr": "object.status.ready == true"}]}),
    "terminal error: failed to evaluate dependency b: failed to parse the CEL expression"
)]
#[case::not_a_bool(
    json!({"dependsOn": [{"name": "a", "readyExpr": "dep.metadata.name"}]}),
    "terminal error: failed to evaluate dependency a: CEL expression output type mismatch: expected bool, got dyn"
)]
fn an_expression_that_is_refused_stalls(#[case] spec: Value, #[case] why: &str) {
    let object = kustomization(spec, applied());
    let Err(trouble) = compile(&object.spec.health_check_exprs, &object.spec.depends_on) else { panic!("accepted") };
    let verdict = settled(start(&object, Facts { expressions: Err(trouble), ..facts() }, NOW).1);
    let status = &verdict.report.status;
    let [ready, stalled] = ["Ready", "Stalled"].map(|type_| short(status, type_));
    assert_eq!((ready.as_str(), stalled.as_str()), ("False InvalidCELExpression", "True InvalidCELExpression"));
    let message = condition(status, "Ready")["message"].as_str().unwrap().to_owned();
    let begin = "Reconciliation failed terminally due to configuration error: ";
    assert!(message.strip_prefix(begin).is_some_and(|told| told.starts_with(why)), "{message}");
    assert_eq!((verdict.next, status["observedGeneration"].as_i64()), (Next::Never, Some(3)));
    assert_eq!(status["inventory"], applied()["inventory"]);
}

#[rstest]
#[case::no_artifact_yet(NoArtifact::Awaited, Next::After(Duration::from_secs(15)), "- -", 0)]
#[case::broken_artifact(NoArtifact::Unreadable, Next::After(Duration::from_secs(15)), "- -", 1)]
#[case::foreign_source(NoArtifact::Denied, Next::Never, "True Why", 1)]
fn without_an_artifact_nothing_is_touched(
    #[case] none: fn(Trouble) -> NoArtifact,
    #[case] then: Next,
    #[case] stalled: &str,
    #[case] events: usize,
) {
    let source = Err(none(Trouble { reason: "Why".into(), message: "no artifact".into() }));
    let object = kustomization(json!({}), applied());
    let verdict = settled(start(&object, Facts { source, ..facts() }, NOW).1);
    assert_eq!(short(&verdict.report.status, "Ready"), "False Why");
    assert_eq!(short(&verdict.report.status, "Stalled"), stalled);
    assert_eq!((verdict.next, verdict.report.notices.len()), (then, events));
    assert_eq!(verdict.report.status["inventory"], applied()["inventory"]);
}

#[test]
fn a_dependency_is_waited_for_and_told_once() {
    let blocked = Facts { blocked: Some(Blocked::Dependency("dependency 'ns/b' is not ready".into())), ..facts() };
    let object = kustomization(json!({}), json!({}));
    let first = settled(start(&object, blocked.clone(), NOW).1);
    assert_eq!(short(&first.report.status, "Ready"), "False DependencyNotReady");
    assert_eq!(first.next, Next::After(Duration::from_secs(30)));
    let told: Vec<_> = first.report.notices.iter().map(|notice| notice.message.as_str()).collect();
    assert_eq!(told, ["Dependencies do not meet ready condition, retrying in 30s"]);
    let again = settled(start(&kustomization(json!({}), first.report.status), blocked, NOW).1);
    assert!(again.report.notices.is_empty(), "{:?}", again.report.notices);
}

#[test]
fn an_unchanged_interval_needs_no_build() {
    let object = kustomization(json!({}), applied());
    let verdict = settled(start(&object, unchanged(), NOW).1);
    assert_eq!((verdict.next, verdict.success), (Next::After(Duration::from_secs(600)), true));
    let [notice] = &verdict.report.notices[..] else { panic!("{:?}", verdict.report.notices) };
    assert_eq!(
        (notice.reason.as_str(), notice.message.as_str()),
        ("ReconciliationSucceeded", "Reconciliation finished in 0s, next run in 10m0s")
    );
    assert_eq!(verdict.report.status["history"][0]["totalReconciliations"], 1);
    assert_eq!(short(&verdict.report.status, "Ready"), "True ReconciliationSucceeded");
}

/// An unchanged pass at a commit that does not touch it, up to where it lets others go first.
fn giving_way() -> (Kustomization, Run) {
    let mut status = applied();
    status["lastAppliedRevision"] = "main@sha1:before".into();
    let object = kustomization(json!({}), status);
    let (run, command) = start(&object, unchanged(), NOW);
    let Command::Park(park) = command else { panic!("{command:?}") };
    assert_eq!((park.objects.len(), park.deadline), (0, Some(NOW)));
    (object, run)
}

#[test]
fn who_a_commit_does_not_touch_lets_others_go_first() {
    let (object, run) = giving_way();
    let verdict = settled(next(&object, run, Input::Deadline, NOW).1);
    assert_eq!(verdict.report.status["lastAppliedRevision"], "main@sha1:abc");
}

#[test]
fn who_is_overtaken_while_others_go_first_begins_anew() {
    let (object, run) = giving_way();
    let verdict = settled(next(&object, run, Input::Superseded(Cause::Reference), NOW).1);
    assert_eq!((verdict.next, verdict.report.notices.len()), (Next::Now, 0));
    assert_eq!(verdict.report.status["lastAppliedRevision"], "main@sha1:before");
    assert_eq!(short(&verdict.report.status, "Ready"), "True ReconciliationSucceeded");
}

/// An unchanged pass up to the read of an object that no watch shows.
fn looking() -> (Kustomization, Run, Command<Kustomizations>) {
    let object = kustomization(json!({"healthChecks": [{"kind": "Deployment", "name": "web"}]}), applied());
    let mut facts = unchanged();
    facts.standing.unseen = health::targets(&object, []);
    let (run, command) = start(&object, facts, NOW);
    (object, run, command)
}

#[test]
fn what_no_watch_shows_is_read_and_needs_no_build_when_it_is_healthy() {
    let (object, run, command) = looking();
    let Command::Do(Effect::Read { targets, .. }) = command else { panic!("{command:?}") };
    assert_eq!((targets.len(), targets[0].name.as_str()), (1, "web"));
    let health = vec![(targets[0].id(), Health::current(""))];
    let verdict = settled(next(&object, run, Input::Done(Outcome::Read(health)), NOW).1);
    let status = &verdict.report.status;
    assert_eq!([short(status, "Ready"), short(status, "Healthy")], ["True ReconciliationSucceeded", "True Succeeded"]);
    assert_eq!((verdict.report.notices.len(), verdict.success), (1, true));
}

#[rstest]
#[case(Health::in_progress("LessReplicas", "1 of 2"))]
#[case(Health::not_found())]
#[case(Health::failed("Stalled", "no quota"))]
fn what_has_become_unhealthy_is_built_and_awaited(#[case] found: Health) {
    let (object, run, command) = looking();
    let Command::Do(Effect::Read { targets, .. }) = command else { panic!("{command:?}") };
    let health = vec![(targets[0].id(), found)];
    let (_, command) = next(&object, run, Input::Done(Outcome::Read(health)), NOW);
    assert!(matches!(command, Command::Do(Effect::Build { .. })), "{command:?}");
}

#[test]
fn what_an_artifact_was_made_from_is_told() {
    let mut facts = unchanged();
    let mut artifact = (**facts.source.as_ref().unwrap()).clone();
    artifact.metadata.insert("org.opencontainers.image.revision".into(), "main@sha1:origin".into());
    facts.source = Ok(Arc::new(artifact));
    let report = settled(start(&kustomization(json!({}), applied()), facts, NOW).1).report;
    assert_eq!(report.status["lastAppliedOriginRevision"], "main@sha1:origin");
    assert_eq!(report.status["history"][0]["metadata"]["originRevision"], "main@sha1:origin");
    let told = report.notices[0].annotations.get("kustomize.toolkit.fluxcd.io/originRevision");
    assert_eq!(told.map(String::as_str), Some("main@sha1:origin"));
}

fn forget(facts: &mut Facts, change: impl FnOnce(&mut Memory)) {
    change(facts.memory.as_mut().unwrap());
}

#[rstest]
#[case::restarted(|facts: &mut Facts| facts.memory = None, json!({}), applied())]
#[case::drifted(|facts: &mut Facts| facts.standing.clean = false, json!({}), applied())]
#[case::eager_now(|facts: &mut Facts| facts.eager = true, json!({}), applied())]
#[case::other_values(|facts: &mut Facts| facts.variables = Ok(Some(Arc::default())), json!({}), applied())]
#[case::other_spec(|facts: &mut Facts| forget(facts, |memory| memory.generation = 2), json!({}), applied())]
#[case::other_files(|facts: &mut Facts| facts.same_build = false, json!({}), applied())]
#[case::not_ready(|_: &mut Facts| (), json!({}), json!({}))]
fn whatever_changed_is_built_anew(#[case] change: fn(&mut Facts), #[case] spec: Value, #[case] status: Value) {
    let mut facts = unchanged();
    change(&mut facts);
    let (_, command) = start(&kustomization(spec, status), facts, NOW);
    let Command::Do(Effect::Build { path, artifact, .. }) = command else { panic!("{command:?}") };
    assert_eq!((path.as_str(), artifact.revision.as_str()), ("./apps", "main@sha1:abc"));
}

#[test]
fn values_that_cannot_be_read_fail_the_build() {
    let trouble = Trouble { reason: "BuildFailed".into(), message: "substitute from 'ConfigMap/c' error: no".into() };
    let object = kustomization(json!({}), applied());
    let verdict = closed(&object, start(&object, Facts { variables: Err(trouble), ..unchanged() }, NOW));
    assert_eq!(short(&verdict.report.status, "Ready"), "False BuildFailed");
    assert_eq!(verdict.report.status["inventory"], applied()["inventory"]);
}

#[test]
fn secret_values_are_not_told_of_a_failure() {
    let secret = Variables {
        values: [("token".into(), "s3cret".into())].into(),
        secret: ["token".into()].into(),
        ..Variables::default()
    };
    let object = kustomization(json!({}), applied());
    let (run, _) = start(&object, Facts { variables: Ok(Some(Arc::new(secret))), ..facts() }, NOW);
    let trouble = Trouble { reason: "BuildFailed".into(), message: "Invalid value: \"s3cret\"".into() };
    let verdict = closed(&object, next(&object, run, Input::Done(Outcome::Built(Err(trouble))), NOW));
    let told = serde_json::to_string(&(&verdict.report.status, &verdict.report.notices[0].message)).unwrap();
    assert!(!told.contains("s3cret") && told.contains("*****"), "{told}");
}

#[rstest]
#[case::not_there("ArtifactFailed", "Fetching manifests", Value::Null)]
#[case::not_built("BuildFailed", "Building manifests", json!("main@sha1:abc"))]
fn a_failure_tells_how_far_the_revision_came(#[case] reason: &str, #[case] act: &str, #[case] attempted: Value) {
    let mut status = applied();
    let old = json!({
        "type": "Reconciling", "status": "True", "reason": "ProgressingWithRetry", "message": "of an older revision",
        "lastTransitionTime": "1970-01-01T00:00:00Z", "observedGeneration": 3,
    });
    status["conditions"].as_array_mut().unwrap().push(old);
    let object = kustomization(json!({}), status);
    let (run, _) = start(&object, facts(), NOW);
    let trouble = Trouble { reason: reason.into(), message: "no".into() };
    let status = closed(&object, next(&object, run, Input::Done(Outcome::Built(Err(trouble))), NOW)).report.status;
    let told = condition(&status, "Reconciling")["message"].as_str().unwrap().to_owned();
    assert!(told.starts_with(&format!("{act} for revision main@sha1:abc with a timeout of ")), "{told}");
    assert_eq!(status["lastAttemptedRevision"], attempted);
}

#[test]
fn a_failed_build_keeps_what_is_there_and_is_tried_again() {
    let object = kustomization(json!({}), applied());
    let (run, _) = start(&object, facts(), NOW);
    let trouble = Trouble { reason: "BuildFailed".into(), message: "apps/a.yaml:1: no".into() };
    let verdict = closed(&object, next(&object, run, Input::Done(Outcome::Built(Err(trouble))), NOW));
    let status = &verdict.report.status;
    assert_eq!(
        (short(status, "Ready").as_str(), short(status, "Reconciling").as_str()),
        ("False BuildFailed", "True ProgressingWithRetry")
    );
    assert_eq!((verdict.next, verdict.success), (Next::After(Duration::from_secs(15)), false));
    assert_eq!(
        (&status["inventory"], &status["lastAppliedRevision"]),
        (&applied()["inventory"], &json!("main@sha1:abc"))
    );
    assert_eq!(status["lastAttemptedRevision"], "main@sha1:abc");
    assert_eq!(status["observedGeneration"], Value::Null);
}

/// A pass up to its first requests.
fn driving(object: &Kustomization) -> (Run, Command<Kustomizations>) {
    let (run, _) = start(object, facts(), NOW);
    let built = Built { objects: Vec::new(), checksum: Digest::sha256(b"objects"), inputs: None, moving: false };
    let (run, command) = next(object, run, Input::Done(Outcome::Built(Ok(built))), NOW);
    assert!(matches!(command, Command::Do(Effect::Track { .. })), "{command:?}");
    let (run, command) = next(object, run, Input::Done(Outcome::Tracked), NOW);
    let Command::Publish(report) = command else { panic!("{command:?}") };
    assert_eq!(condition(&report.status, "Ready")["status"], "Unknown");
    next(object, run, Input::Published, NOW)
}

#[rstest]
#[case::source(Cause::Reference, "New reconciliation triggered by GitRepository/ns/r")]
#[case::spec(Cause::Changed, "New reconciliation triggered by Kustomization/ns/apps")]
fn what_is_overtaken_ends_and_starts_anew(#[case] cause: Cause, #[case] message: &str) {
    let object = kustomization(json!({}), applied());
    let (run, command) = driving(&object);
    assert!(matches!(command, Command::Do(Effect::Requests { .. })), "{command:?}");
    let verdict = settled(next(&object, run, Input::Superseded(cause), NOW).1);
    assert_eq!((verdict.next, verdict.success), (Next::Now, false));
    assert_eq!(condition(&verdict.report.status, "Ready")["message"], message);
    assert_eq!(verdict.report.status["inventory"], applied()["inventory"]);
}

#[test]
fn without_prune_a_deleted_one_leaves_its_objects() {
    let object = deleted(json!({"prune": false}), applied());
    let verdict = closed(&object, start(&object, facts(), NOW));
    assert_eq!((verdict.release, verdict.next), (true, Next::Never));
    assert!(verdict.report.notices.is_empty());
}

#[test]
fn a_deleted_one_reads_its_objects_before_it_deletes_them() {
    let (_, command) = start(&deleted(json!({}), applied()), facts(), NOW);
    let Command::Do(Effect::Requests { requests, .. }) = command else { panic!("{command:?}") };
    assert!(matches!(&requests[0].request, sluice_cluster::Request::Get(target) if target.name == "a"));
}

#[test]
fn without_its_account_a_deleted_one_says_what_it_leaves_behind() {
    let object = deleted(json!({"serviceAccountName": "gone"}), applied());
    let missing = Some("service account 'ns/gone'".into());
    let verdict = closed(&object, start(&object, Facts { missing_account: missing, ..facts() }, NOW));
    assert!(verdict.release);
    let told = &verdict.report.notices[0];
    assert_eq!(told.message, "unable to prune objects: \nConfigMap/ns/a");
    assert_eq!((told.reason.as_str(), told.type_), ("ReconciliationSucceeded", EventType::Warning));
}
