//! The rules of all sources, on GitRepositories.

use rstest::rstest;
use serde_json::{Value, json};
use sluice_reconcile::{Command, Input, Kind, Next, Verdict};
use sluice_source::git::{GitSpec, Head};

use super::{
    Controller, Effect, Facts, Leftovers, Outcome,
    testing::{
        NOW, announced, artifact, begun, condition, facts, failed_status, next, settled, stored, stored_status, trouble,
    },
};
use crate::gitrepository::{GitRepositories, Spec};

type Git = Controller<GitRepositories>;

fn repository(spec: Value, status: Value) -> sluice_api::source::GitRepository {
    let base = json!({"interval": "1m", "url": "https://git.example.com/r.git"});
    super::testing::object::<GitRepositories>(&base, spec, status)
}

fn spec() -> Spec {
    Spec::of(GitSpec::new("https://git.example.com/r.git"))
}

fn head(revision: &str) -> Head {
    Head::of_revision(revision)
}

fn failed(object: &sluice_api::source::GitRepository, reason: &str) -> Verdict {
    let run = begun::<GitRepositories>(object, spec(), Some(artifact("main@sha1:1")));
    settled(next(object, run, Outcome::Looked(Err(trouble(reason, "why")))))
}

#[test]
fn what_is_stored_ends_the_pass() {
    let object = repository(json!({}), stored_status("main@sha1:1"));
    let run = begun::<GitRepositories>(&object, spec(), Some(artifact("main@sha1:1")));
    let verdict = settled(next(&object, run, Outcome::Looked(Ok(head("main@sha1:1")))));
    assert!(verdict.success && verdict.report.notices.is_empty());
    let status = &verdict.report.status;
    assert_eq!(condition(status, "Ready")["message"], "stored artifact for revision 'main@sha1:1'");
    assert_eq!(status["artifact"]["url"], "http://source-controller/k/ns/r/1.tar.gz");
    assert_eq!(verdict.next, Next::After(std::time::Duration::from_secs(60)));
}

#[rstest]
#[case::first(json!({}), json!({}), None, "building artifact: new upstream revision 'main@sha1:2'")]
#[case::moved(json!({}), stored_status("main@sha1:1"), Some("main@sha1:1"), "building artifact: new upstream revision 'main@sha1:2'")]
#[case::lost(json!({}), stored_status("main@sha1:2"), None, "building artifact: disappeared from storage")]
#[case::other_rules(json!({"ignore": "*.md"}), stored_status("main@sha1:2"), Some("main@sha1:2"), "processing object: new generation -1 -> 3")]
fn what_is_not_stored_is_announced_and_fetched(
    #[case] more: Value,
    #[case] status: Value,
    #[case] stored: Option<&str>,
    #[case] message: &str,
) {
    let object = repository(more, status);
    let run = begun::<GitRepositories>(&object, spec(), stored.map(artifact));
    let (status, effect) = announced(&object, run, head("main@sha1:2"));
    for type_ in ["Reconciling", "Ready"] {
        assert_eq!(condition(&status, type_)["message"], message);
    }
    let outdated = condition(&status, "ArtifactOutdated");
    assert_eq!(outdated["reason"] == "NewRevision", message.starts_with("building"), "{outdated}");
    let Effect::Fetch(fetch) = effect else { panic!("{effect:?}") };
    assert_eq!(fetch.stored.is_some(), stored.is_some());
}

#[test]
fn a_stored_artifact_is_described_in_the_form_of_flux() {
    let object = repository(json!({}), json!({"observedGeneration": -1}));
    let verdict = stored::<GitRepositories>(&object, spec(), artifact("main@sha1:1"), "first line".into());
    let status = &verdict.report.status;
    assert_eq!(
        (&status["artifact"]["revision"], &status["artifact"]["size"]),
        (&json!("main@sha1:1"), &json!(1_234_567))
    );
    assert_eq!((&status["observedGeneration"], &status["lastHandledReconcileAt"]), (&json!(3), &json!("now")));
    for type_ in ["Ready", "ArtifactInStorage"] {
        let condition = condition(status, type_);
        assert_eq!((&condition["status"], &condition["reason"]), (&json!("True"), &json!("Succeeded")));
    }
    let told = &verdict.report.notices[0];
    assert_eq!(
        (told.reason.as_str(), told.message.as_str()),
        ("NewArtifact", "stored artifact for commit 'first line'")
    );
    assert_eq!(told.annotations["source.toolkit.fluxcd.io/revision"], "main@sha1:1");
    assert!(verdict.success && !verdict.release);
}

#[test]
fn a_recovery_is_told() {
    let object = repository(json!({}), failed_status("main@sha1:1"));
    let run = begun::<GitRepositories>(&object, spec(), Some(artifact("main@sha1:1")));
    let verdict = settled(next(&object, run, Outcome::Looked(Ok(head("main@sha1:1")))));
    let told = &verdict.report.notices[0];
    assert_eq!(
        (told.reason.as_str(), told.message.as_str()),
        ("Succeeded", "stored artifact for commit 'main@sha1:1'")
    );
    assert_eq!(condition(&verdict.report.status, "FetchFailed"), Value::Null);
}

#[test]
fn a_failure_keeps_the_artifact_and_backs_off() {
    let verdict = failed(&repository(json!({}), stored_status("main@sha1:1")), "GitOperationFailed");
    assert_eq!((verdict.next, verdict.success), (Next::Backoff, false));
    let status = &verdict.report.status;
    assert_eq!(status["artifact"]["revision"], "main@sha1:1");
    assert_eq!(condition(status, "FetchFailed")["message"], "why");
    assert_eq!(condition(status, "Reconciling")["reason"], "ProgressingWithRetry");
    assert_eq!(status["observedGeneration"], Value::Null);
}

#[rstest]
#[case("GitOperationFailed", "FetchFailed")]
#[case("AuthenticationFailed", "FetchFailed")]
#[case("StorageOperationFailed", "StorageOperationFailed")]
#[case("ChartPackageError", "BuildFailed")]
fn a_failure_is_told_of_its_step(#[case] reason: &str, #[case] step: &str) {
    let verdict = failed(&repository(json!({}), json!({})), reason);
    for type_ in ["FetchFailed", "BuildFailed", "StorageOperationFailed"] {
        assert_eq!(condition(&verdict.report.status, type_).is_object(), type_ == step, "{type_}");
    }
    assert_eq!(condition(&verdict.report.status, "Ready")["reason"], reason);
}

#[rstest]
#[case("URLInvalid")]
#[case("FeatureGateDisabled")]
fn what_stays_wrong_stalls(#[case] reason: &str) {
    let verdict = failed(&repository(json!({}), stored_status("main@sha1:1")), reason);
    let status = &verdict.report.status;
    assert_eq!((verdict.next, verdict.success), (Next::Never, false));
    for type_ in ["Stalled", "Ready", "FetchFailed"] {
        let condition = condition(status, type_);
        assert_eq!((&condition["reason"], &condition["message"]), (&json!(reason), &json!("why")));
    }
    assert_eq!((&status["observedGeneration"], condition(status, "Reconciling")), (&json!(3), Value::Null));
    assert_eq!(status["artifact"]["revision"], "main@sha1:1");
}

#[test]
fn what_cannot_be_asked_is_not() {
    let facts: Facts<GitRepositories> = facts(Err(trouble("AuthenticationFailed", "failed to get secret")), None);
    let verdict = settled(Git::start(&repository(json!({}), json!({})), facts, NOW));
    assert_eq!(condition(&verdict.report.status, "Ready")["reason"], "AuthenticationFailed");
    assert_eq!(verdict.next, Next::Backoff);
}

#[test]
fn what_is_not_served_yet_stalls_without_a_failed_fetch() {
    let verdict = failed(&repository(json!({}), json!({})), "NotServedYet");
    let stalled = condition(&verdict.report.status, "Stalled");
    assert_eq!((stalled["reason"].as_str(), verdict.next), (Some("NotServedYet"), Next::Never));
    assert_eq!(condition(&verdict.report.status, "FetchFailed"), Value::Null);
}

#[test]
fn a_pass_begins_with_what_earlier_ones_have_left() {
    let object = repository(json!({}), stored_status("main@sha1:1"));
    let (run, command) = Git::start(&object, facts(Ok(spec()), Some(artifact("main@sha1:1"))), NOW);
    let Command::Do(Effect::Collect(Leftovers { current, .. })) = command else { panic!("{command:?}") };
    assert_eq!(current.as_deref(), Some("k/ns/r/1.tar.gz"));
    let (run, command) = next(&object, run, Outcome::Collected(2));
    let Command::Publish(report) = command else { panic!("{command:?}") };
    let told = &report.notices[0];
    assert_eq!(
        (told.reason.as_str(), told.message.as_str()),
        ("GarbageCollectionSucceeded", "garbage collected 2 artifacts")
    );
    let (_, command) = Git::next(&object, run, Input::Published, NOW);
    assert!(matches!(command, Command::Do(Effect::Look(_))));
}

#[rstest]
#[case(0, None)]
#[case(2, Some("garbage collected artifacts for deleted resource"))]
fn deletion_removes_the_artifacts_and_then_the_finalizer(#[case] count: usize, #[case] message: Option<&str>) {
    let mut object = repository(json!({"verify": {"mode": "HEAD", "secretRef": {"name": "k"}}}), json!({}));
    object.metadata.deletion_timestamp = Some(crate::marks::time(NOW));
    let (run, command) = Git::start(&object, facts(Ok(spec()), None), NOW);
    assert!(matches!(command, Command::Do(Effect::Collect(Leftovers { current: None, .. }))));
    let verdict = settled(next(&object, run, Outcome::Collected(count)));
    assert!(verdict.release);
    assert_eq!(verdict.report.notices.first().map(|told| told.message.as_str()), message);
}

#[rstest]
#[case::another_artifact(json!({"artifact": {"revision": "main@sha1:2", "digest": "sha256:1"}}), true)]
#[case::same_revision_packed_anew(json!({"artifact": {"revision": "main@sha1:1", "digest": "sha256:2"}}), true)]
#[case::another_spec(json!({"observedGeneration": 2}), true)]
#[case::stalled(json!({"conditions": [{"type": "Stalled", "status": "True"}]}), true)]
#[case::told_again(json!({"conditions": [{"type": "Ready", "status": "False"}], "lastHandledReconcileAt": "now"}), false)]
fn dependents_are_told_what_they_wait_for(#[case] change: Value, #[case] told: bool) {
    let source = |change: &Value| {
        let artifact = json!({"revision": "main@sha1:1", "digest": "sha256:1"});
        let mut source = json!({
            "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository",
            "metadata": {"name": "r", "generation": 3}, "status": {"observedGeneration": 3, "artifact": artifact},
        });
        for (field, value) in change.as_object().unwrap() {
            source["status"][field] = value.clone();
        }
        sluice_object::Object::new(source).unwrap()
    };
    assert_eq!(super::signal(&source(&json!({}))) != super::signal(&source(&change)), told);
}
