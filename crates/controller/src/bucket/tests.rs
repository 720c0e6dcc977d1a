//! Each rule of a Bucket's pass, on the machine alone.

use std::sync::Arc;

use jiff::Timestamp;
use rstest::rstest;
use serde_json::{Value, json};
use sluice_api::source::Bucket;
use sluice_object::{Artifact, Digest, Revision, Tree};
use sluice_reconcile::{Command, Input, Next, Verdict};
use sluice_source::bucket::{BucketSpec, FetchOptions, Listing};

use super::{
    Buckets, Effect, Facts, Outcome,
    machine::{Run, next, start},
};
use crate::source::{Leftovers, Trouble};

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn bucket(spec: Value, status: Value) -> Bucket {
    let mut whole =
        json!({"interval": "1m", "provider": "azure", "bucketName": "fleet", "endpoint": "https://a.example.com"});
    whole.as_object_mut().unwrap().extend(spec.as_object().cloned().unwrap());
    let metadata = json!({"name": "b", "namespace": "ns", "generation": 3, "annotations": {"reconcile.fluxcd.io/requestedAt": "now"}});
    let object = json!({"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "Bucket", "metadata": metadata, "spec": whole, "status": status});
    serde_json::from_value(object).unwrap()
}

/// The status after revision `1` was stored.
fn stored_status() -> Value {
    let artifact = json!({"path": "bucket/ns/b/1.tar.gz", "url": "u", "revision": "sha256:1", "digest": "sha256:d", "lastUpdateTime": "1970-01-01T00:00:00Z"});
    json!({"artifact": artifact})
}

fn artifact(revision: &str) -> Arc<Artifact> {
    Arc::new(Artifact {
        revision: Revision::new(format!("sha256:{revision}")),
        digest: Digest::sha256(revision.as_bytes()),
        path: format!("bucket/ns/b/{revision}.tar.gz"),
        size: 7,
        metadata: Default::default(),
        tree: Arc::new(Tree::in_memory([("a.yaml", ""), ("b.yaml", "")])),
    })
}

fn facts(stored: Option<Arc<Artifact>>) -> Facts {
    let spec = Ok(BucketSpec::new("https://a.example.com", "fleet"));
    Facts { spec, stored, options: FetchOptions::default(), advertised: "source-controller".into() }
}

fn settled(command: Command<Buckets>) -> Verdict {
    match command {
        Command::Settle(verdict) => verdict,
        other => panic!("not settled: {other:?}"),
    }
}

fn condition(status: &Value, type_: &str) -> Value {
    let conditions = status["conditions"].as_array().unwrap();
    conditions.iter().find(|condition| condition["type"] == type_).cloned().unwrap_or_default()
}

fn listing(revision: &str) -> Input<Outcome> {
    Input::Done(Outcome::Listed(Ok(Listing::of_revision(&format!("sha256:{revision}")))))
}

fn trouble(reason: &str, message: &str) -> Trouble {
    Trouble { reason: reason.into(), message: message.into() }
}

/// A pass up to the listing.
fn begun(object: &Bucket, stored: Option<Arc<Artifact>>) -> Run {
    let (run, command) = start(object, facts(stored), NOW);
    assert!(matches!(command, Command::Do(Effect::List(_))));
    run
}

#[test]
fn a_listing_that_is_stored_ends_the_pass() {
    let object = bucket(json!({}), stored_status());
    let verdict = settled(next(&object, begun(&object, Some(artifact("1"))), listing("1"), NOW).1);
    assert!(verdict.success && verdict.report.notices.is_empty());
    let status = &verdict.report.status;
    assert_eq!(condition(status, "Ready")["message"], "stored artifact: revision 'sha256:1'");
    assert_eq!(status["artifact"]["url"], "http://source-controller/bucket/ns/b/1.tar.gz");
    assert_eq!(status["url"], "http://source-controller/bucket/ns/b/latest.tar.gz");
}

#[test]
fn a_recovery_is_told_in_the_words_of_flux() {
    let mut status = stored_status();
    status["conditions"] = json!([{"type": "FetchFailed", "status": "True", "reason": "BucketOperationFailed", "message": "m", "lastTransitionTime": "1970-01-01T00:00:00Z"}]);
    let object = bucket(json!({}), status);
    let verdict = settled(next(&object, begun(&object, Some(artifact("1"))), listing("1"), NOW).1);
    let told = &verdict.report.notices[0];
    assert_eq!(told.reason, "Succeeded");
    assert_eq!(told.message, "stored artifact with 0 fetched files from 'fleet' bucket");
    assert_eq!(condition(&verdict.report.status, "FetchFailed"), Value::Null);
}

#[rstest]
#[case::first(json!({}), None, "new upstream revision 'sha256:2'")]
#[case::changed(stored_status(), Some("1"), "new upstream revision 'sha256:2'")]
#[case::lost(stored_status(), None, "disappeared from storage")]
fn what_is_not_stored_is_announced_and_fetched(
    #[case] status: Value,
    #[case] stored: Option<&str>,
    #[case] message: &str,
) {
    let object = bucket(json!({}), status);
    let (run, command) = next(&object, begun(&object, stored.map(artifact)), listing("2"), NOW);
    let Command::Publish(report) = command else { panic!("{command:?}") };
    assert_eq!(condition(&report.status, "Reconciling")["message"], format!("building artifact: {message}"));
    let (_, command) = next(&object, run, Input::Published, NOW);
    let Command::Do(Effect::Fetch(fetch)) = command else { panic!("{command:?}") };
    assert_eq!(fetch.earlier.map(|earlier| earlier.path.clone()), stored.map(|stored| artifact(stored).path.clone()));
}

#[test]
fn a_stored_artifact_is_described_in_the_form_of_flux() {
    let object = bucket(json!({"ignore": "*.md"}), json!({"observedGeneration": -1}));
    let (run, _) = next(&object, begun(&object, None), listing("2"), NOW);
    let (run, command) = next(&object, run, Input::Done(Outcome::Stored(Ok(artifact("2")))), NOW);
    assert!(matches!(command, Command::Do(Effect::Collect(Leftovers { current: Some(_), .. }))));
    let verdict = settled(next(&object, run, Input::Done(Outcome::Collected), NOW).1);
    let status = &verdict.report.status;
    assert_eq!((&status["artifact"]["revision"], &status["observedIgnore"]), (&json!("sha256:2"), &json!("*.md")));
    assert_eq!((&status["observedGeneration"], &status["lastHandledReconcileAt"]), (&json!(3), &json!("now")));
    for type_ in ["Ready", "ArtifactInStorage"] {
        let condition = condition(status, type_);
        assert_eq!((&condition["status"], &condition["reason"]), (&json!("True"), &json!("Succeeded")));
        assert_eq!(condition["message"], "stored artifact: revision 'sha256:2'");
    }
    let told = &verdict.report.notices[0];
    assert_eq!(
        (told.reason.as_str(), told.message.as_str()),
        ("NewArtifact", "stored artifact with 2 fetched files from 'fleet' bucket")
    );
    assert_eq!(told.annotations["source.toolkit.fluxcd.io/revision"], "sha256:2");
    assert_eq!(verdict.next, Next::After(std::time::Duration::from_secs(60)));
}

#[test]
fn a_container_that_is_gone_leaves_the_last_artifact() {
    let object = bucket(json!({}), stored_status());
    let gone = Input::Done(Outcome::Listed(Err(trouble("BucketOperationFailed", "bucket 'fleet' not found"))));
    let verdict = settled(next(&object, begun(&object, Some(artifact("1"))), gone, NOW).1);
    assert_eq!((verdict.next, verdict.success), (Next::Backoff, false));
    assert_eq!(verdict.report.status["artifact"]["revision"], "sha256:1");
    let failed = condition(&verdict.report.status, "FetchFailed");
    assert_eq!(
        (&failed["reason"], &failed["message"]),
        (&json!("BucketOperationFailed"), &json!("bucket 'fleet' not found"))
    );
}

#[test]
fn a_missing_secret_is_a_failed_authentication() {
    let spec = Err(trouble("AuthenticationFailed", "failed to get secret 'ns/s'"));
    let verdict = settled(start(&bucket(json!({}), json!({})), Facts { spec, ..facts(None) }, NOW).1);
    assert_eq!(condition(&verdict.report.status, "Ready")["reason"], "AuthenticationFailed");
}

#[rstest]
#[case(json!({"provider": "generic"}), "spec.provider: generic")]
#[case(json!({"provider": "aws"}), "spec.provider: aws")]
#[case(json!({"provider": "gcp"}), "spec.provider: gcp")]
#[case(json!({"serviceAccountName": "tenant"}), "spec.serviceAccountName")]
fn what_is_not_served_is_refused_and_never_ignored(#[case] spec: Value, #[case] named: &str) {
    let verdict = settled(start(&bucket(spec, json!({})), facts(None), NOW).1);
    let stalled = condition(&verdict.report.status, "Stalled");
    assert_eq!((&stalled["reason"], verdict.next), (&json!("NotServedYet"), Next::Never));
    assert!(stalled["message"].as_str().unwrap().contains(named));
}

#[test]
fn deletion_removes_the_artifacts_and_then_the_finalizer() {
    let mut object = bucket(json!({}), json!({}));
    object.metadata.deletion_timestamp = Some(crate::marks::time(NOW));
    let (run, command) = start(&object, facts(None), NOW);
    assert!(matches!(command, Command::Do(Effect::Collect(Leftovers { current: None, .. }))));
    assert!(settled(next(&object, run, Input::Done(Outcome::Collected), NOW).1).release);
}
