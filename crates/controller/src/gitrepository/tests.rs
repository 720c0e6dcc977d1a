//! Each rule of a GitRepository's pass, on the machine alone.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};
use sluice_api::source::GitRepository;
use sluice_object::{Artifact, Digest, Revision, Tree};
use sluice_reconcile::{Command, Input, Next};
use sluice_source::git::GitSpec;

use super::{
    Effect, Facts, GitRepositories, Outcome, Trouble,
    machine::{Run, next, start},
};
use crate::source::Leftovers;

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn repository(spec: Value, status: Value) -> GitRepository {
    let mut whole = json!({"interval": "1m", "url": "https://git.example.com/r.git"});
    whole.as_object_mut().unwrap().extend(spec.as_object().cloned().unwrap());
    let metadata = json!({"name": "r", "namespace": "ns", "generation": 3, "annotations": {"reconcile.fluxcd.io/requestedAt": "now"}});
    let object = json!({"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository", "metadata": metadata, "spec": whole, "status": status});
    serde_json::from_value(object).unwrap()
}

fn facts(stored: bool) -> Facts {
    Facts { spec: Ok(GitSpec::new("https://git.example.com/r.git")), stored, advertised: "source-controller".into() }
}

fn artifact(sha: &str) -> Arc<Artifact> {
    Arc::new(Artifact {
        revision: Revision::git("main", sha),
        digest: Digest::sha256(sha.as_bytes()),
        path: format!("gitrepository/ns/r/{sha}.tar.gz"),
        size: 7,
        metadata: Default::default(),
        tree: Arc::new(Tree::in_memory([("a.yaml", "")])),
    })
}

fn settled(command: Command<GitRepositories>) -> sluice_reconcile::Verdict {
    match command {
        Command::Settle(verdict) => verdict,
        other => panic!("not settled: {other:?}"),
    }
}

fn condition(status: &Value, type_: &str) -> Value {
    let conditions = status["conditions"].as_array().unwrap();
    conditions.iter().find(|condition| condition["type"] == type_).cloned().unwrap_or_default()
}

fn trouble(reason: &str, message: &str) -> Trouble {
    Trouble { reason: reason.into(), message: message.into() }
}

/// A pass up to the artifact that is stored.
fn stored(object: &GitRepository) -> (Run, Command<GitRepositories>) {
    let (run, _) = start(object, facts(false), NOW);
    next(object, run, Input::Done(Outcome::Stored(Ok((artifact("abc"), "first line".into())))), NOW)
}

#[test]
fn the_remote_is_asked_before_anything_is_fetched() {
    let (_, command) = start(&repository(json!({}), json!({})), facts(false), NOW);
    assert!(matches!(command, Command::Do(Effect::Head(_))));
}

#[test]
fn a_stored_artifact_is_described_in_the_form_of_flux() {
    let object = repository(json!({}), json!({"observedGeneration": -1}));
    let (run, command) = stored(&object);
    assert!(matches!(command, Command::Do(Effect::Collect(Leftovers { current: Some(_), .. }))));
    let verdict = settled(next(&object, run, Input::Done(Outcome::Collected), NOW).1);
    let status = &verdict.report.status;
    assert_eq!(status["artifact"]["url"], "http://source-controller/gitrepository/ns/r/abc.tar.gz");
    assert_eq!(status["artifact"]["revision"], "main@sha1:abc");
    assert_eq!((&status["observedGeneration"], &status["lastHandledReconcileAt"]), (&json!(3), &json!("now")));
    let ready = condition(status, "Ready");
    assert_eq!((&ready["status"], &ready["reason"]), (&json!("True"), &json!("Succeeded")));
    assert_eq!(ready["message"], "stored artifact for revision 'main@sha1:abc'");
    assert_eq!(verdict.report.notices[0].message, "stored artifact for commit 'first line'");
    assert_eq!(verdict.report.notices[0].annotations["source.toolkit.fluxcd.io/revision"], "main@sha1:abc");
}

#[test]
fn a_failure_keeps_the_artifact_and_backs_off() {
    let status = json!({"artifact": {"path": "p", "url": "u", "revision": "main@sha1:abc", "digest": "sha256:1", "lastUpdateTime": "1970-01-01T00:00:00Z"}});
    let object = repository(json!({}), status);
    let (run, _) = start(&object, facts(true), NOW);
    let down = trouble("GitOperationFailed", "failed to connect");
    let verdict = settled(next(&object, run, Input::Done(Outcome::Head(Err(down))), NOW).1);
    assert_eq!((verdict.next, verdict.success), (Next::Backoff, false));
    assert_eq!(verdict.report.status["artifact"]["revision"], "main@sha1:abc");
    assert_eq!(condition(&verdict.report.status, "FetchFailed")["message"], "failed to connect");
    assert_eq!(condition(&verdict.report.status, "Reconciling")["reason"], "ProgressingWithRetry");
    assert_eq!(verdict.report.status["observedGeneration"], Value::Null);
}

#[test]
fn a_full_disk_is_told_from_a_failed_fetch() {
    let object = repository(json!({}), json!({}));
    let (run, _) = start(&object, facts(false), NOW);
    let full = trouble("StorageOperationFailed", "no space");
    let verdict = settled(next(&object, run, Input::Done(Outcome::Stored(Err(full))), NOW).1);
    assert_eq!(condition(&verdict.report.status, "StorageOperationFailed")["message"], "no space");
    assert_eq!(condition(&verdict.report.status, "FetchFailed"), Value::Null);
}

#[test]
fn a_missing_secret_is_a_failed_authentication() {
    let object = repository(json!({"secretRef": {"name": "s"}}), json!({}));
    let spec = Err(trouble("AuthenticationFailed", "failed to get secret 'ns/s'"));
    let verdict = settled(start(&object, Facts { spec, ..facts(false) }, NOW).1);
    assert_eq!(condition(&verdict.report.status, "Ready")["reason"], "AuthenticationFailed");
}

#[rstest::rstest]
#[case(json!({"url": "ssh://git@example.com/r.git"}), "ssh")]
#[case(json!({"verify": {"secretRef": {"name": "k"}}}), "verify")]
#[case(json!({"include": [{"repository": {"name": "o"}}]}), "include")]
#[case(json!({"provider": "azure"}), "provider")]
fn what_is_not_served_is_refused_and_never_ignored(#[case] spec: Value, #[case] named: &str) {
    let verdict = settled(start(&repository(spec, json!({})), facts(false), NOW).1);
    let stalled = condition(&verdict.report.status, "Stalled");
    assert_eq!((&stalled["reason"], verdict.next), (&json!("NotServedYet"), Next::Never));
    assert!(stalled["message"].as_str().unwrap().contains(named));
}

#[test]
fn deletion_removes_the_artifacts_and_then_the_finalizer() {
    let mut object = repository(json!({}), json!({}));
    object.metadata.deletion_timestamp = Some(crate::marks::time(NOW));
    let (run, command) = start(&object, facts(false), NOW);
    assert!(matches!(command, Command::Do(Effect::Collect(Leftovers { current: None, .. }))));
    assert!(settled(next(&object, run, Input::Done(Outcome::Collected), NOW).1).release);
}
