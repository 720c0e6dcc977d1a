//! Each rule of an OCIRepository's pass, on the machine alone.

use std::sync::Arc;

use jiff::Timestamp;
use rstest::rstest;
use serde_json::{Value, json};
use sluice_api::source::OciRepository;
use sluice_object::{Artifact, Digest, Revision, Tree};
use sluice_reconcile::{Command, Input, Next, Verdict};
use sluice_source::oci::{FetchOptions, Head, OciSpec};

use super::{
    Effect, Facts, OciRepositories, Outcome,
    machine::{Run, next, start},
};
use crate::source::{Leftovers, Trouble};

const NOW: Timestamp = Timestamp::UNIX_EPOCH;
const URL: &str = "oci://ghcr.io/org/app";

fn repository(spec: Value, status: Value) -> OciRepository {
    let mut whole = json!({"interval": "1m", "url": URL});
    whole.as_object_mut().unwrap().extend(spec.as_object().cloned().unwrap());
    let metadata = json!({"name": "r", "namespace": "ns", "generation": 3, "annotations": {"reconcile.fluxcd.io/requestedAt": "now"}});
    let object = json!({"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "OCIRepository", "metadata": metadata, "spec": whole, "status": status});
    serde_json::from_value(object).unwrap()
}

fn digest(text: &str) -> Digest {
    Digest::sha256(text.as_bytes())
}

fn revision(text: &str) -> String {
    format!("v1@{}", digest(text))
}

/// The status after something was stored.
fn stored_status(text: &str) -> Value {
    let artifact = json!({"path": "ocirepository/ns/r/1.tar.gz", "url": "u", "revision": revision(text), "digest": "sha256:d", "lastUpdateTime": "1970-01-01T00:00:00Z"});
    json!({"artifact": artifact})
}

fn artifact(text: &str, metadata: &[(&str, &str)]) -> Arc<Artifact> {
    Arc::new(Artifact {
        revision: Revision::new(revision(text)),
        digest: digest("archive"),
        path: format!("ocirepository/ns/r/{}.tar.gz", digest(text).hex()),
        size: 7,
        metadata: metadata.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect(),
        tree: Arc::new(Tree::in_memory([("a.yaml", "")])),
    })
}

fn facts(stored: bool) -> Facts {
    let (spec, options) = (Ok(OciSpec::new(URL)), FetchOptions::default());
    Facts { spec, stored, options, advertised: "source-controller".into() }
}

fn head(text: &str) -> Input<Outcome> {
    Input::Done(Outcome::Head(Ok(Head::of("ghcr.io/org/app", "v1", digest(text)))))
}

fn settled(command: Command<OciRepositories>) -> Verdict {
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

/// A pass up to the question what the reference means.
fn begun(object: &OciRepository, stored: bool) -> Run {
    let (run, command) = start(object, facts(stored), NOW);
    assert!(matches!(command, Command::Do(Effect::Head(_))));
    run
}

#[test]
fn a_digest_that_is_stored_ends_the_pass() {
    let object = repository(json!({}), stored_status("1"));
    let verdict = settled(next(&object, begun(&object, true), head("1"), NOW).1);
    assert!(verdict.success && verdict.report.notices.is_empty());
    let status = &verdict.report.status;
    assert_eq!(condition(status, "Ready")["message"], format!("stored artifact for digest '{}'", revision("1")));
    assert_eq!(status["artifact"]["url"], "http://source-controller/ocirepository/ns/r/1.tar.gz");
    assert_eq!(status["url"], "http://source-controller/ocirepository/ns/r/latest.tar.gz");
    assert_eq!(verdict.next, Next::After(std::time::Duration::from_secs(60)));
}

#[rstest]
#[case::first(json!({}), json!({}), false, "new revision")]
#[case::moved(json!({}), stored_status("1"), true, "new revision")]
#[case::lost(json!({}), stored_status("2"), false, "disappeared from storage")]
#[case::other_rules(json!({"ignore": "*.md"}), stored_status("2"), true, "new revision")]
#[case::other_layer(json!({"layerSelector": {"operation": "copy"}}), stored_status("2"), true, "new revision")]
fn what_is_not_stored_is_announced_and_fetched(
    #[case] spec: Value,
    #[case] status: Value,
    #[case] stored: bool,
    #[case] news: &str,
) {
    let object = repository(spec, status);
    let (run, command) = next(&object, begun(&object, stored), head("2"), NOW);
    let Command::Publish(report) = command else { panic!("{command:?}") };
    let message = condition(&report.status, "Reconciling")["message"].as_str().unwrap().to_owned();
    let expected = match news {
        "new revision" => format!("building artifact: new revision '{}' for 'ghcr.io/org/app:v1'", revision("2")),
        news => format!("building artifact: {news}"),
    };
    assert_eq!(message, expected);
    let (_, command) = next(&object, run, Input::Published, NOW);
    assert!(matches!(command, Command::Do(Effect::Fetch(_))));
}

#[test]
fn a_stored_artifact_is_described_in_the_form_of_flux() {
    let selector = json!({"mediaType": "a/b", "operation": "extract"});
    let object =
        repository(json!({"ignore": "*.md", "layerSelector": selector.clone()}), json!({"observedGeneration": -1}));
    let (run, _) = next(&object, begun(&object, false), head("2"), NOW);
    let made = artifact("2", &[("org.opencontainers.image.source", "https://git"), ("x", "y")]);
    let (run, command) = next(&object, run, Input::Done(Outcome::Stored(Ok(made))), NOW);
    assert!(matches!(command, Command::Do(Effect::Collect(Leftovers { current: Some(_), .. }))));
    let verdict = settled(next(&object, run, Input::Done(Outcome::Collected), NOW).1);
    let status = &verdict.report.status;
    assert_eq!((&status["observedIgnore"], &status["observedLayerSelector"]), (&json!("*.md"), &selector));
    assert_eq!(status["artifact"]["metadata"]["x"], "y");
    assert_eq!((&status["observedGeneration"], &status["lastHandledReconcileAt"]), (&json!(3), &json!("now")));
    for type_ in ["Ready", "ArtifactInStorage"] {
        let condition = condition(status, type_);
        assert_eq!((&condition["status"], &condition["reason"]), (&json!("True"), &json!("Succeeded")));
    }
    let told = &verdict.report.notices[0];
    let message = format!("stored artifact with revision '{}' from '{URL}'", revision("2"));
    assert_eq!((told.reason.as_str(), told.message.as_str()), ("NewArtifact", message.as_str()));
    assert_eq!(told.annotations["source.toolkit.fluxcd.io/revision"], revision("2"));
}

#[test]
fn an_artifact_tells_its_origin() {
    let object = repository(json!({}), json!({}));
    let (run, _) = next(&object, begun(&object, false), head("2"), NOW);
    let origin =
        [("org.opencontainers.image.source", "https://git"), ("org.opencontainers.image.revision", "main@sha1:1")];
    let (run, _) = next(&object, run, Input::Done(Outcome::Stored(Ok(artifact("2", &origin)))), NOW);
    let verdict = settled(next(&object, run, Input::Done(Outcome::Collected), NOW).1);
    let message = &verdict.report.notices[0].message;
    assert!(message.ends_with("', origin source 'https://git', origin revision 'main@sha1:1'"), "{message}");
}

#[test]
fn a_recovery_is_told() {
    let mut status = stored_status("1");
    status["conditions"] = json!([{"type": "FetchFailed", "status": "True", "reason": "OCIArtifactPullFailed", "message": "m", "lastTransitionTime": "1970-01-01T00:00:00Z"}]);
    let object = repository(json!({}), status);
    let verdict = settled(next(&object, begun(&object, true), head("1"), NOW).1);
    assert_eq!(verdict.report.notices[0].reason, "Succeeded");
    assert_eq!(condition(&verdict.report.status, "FetchFailed"), Value::Null);
}

#[test]
fn a_registry_that_is_away_leaves_the_last_artifact() {
    let object = repository(json!({}), stored_status("1"));
    let away = Input::Done(Outcome::Head(Err(trouble("OCIArtifactPullFailed", "failed to determine"))));
    let verdict = settled(next(&object, begun(&object, true), away, NOW).1);
    assert_eq!((verdict.next, verdict.success), (Next::Backoff, false));
    assert_eq!(verdict.report.status["artifact"]["revision"], revision("1"));
    assert_eq!(condition(&verdict.report.status, "FetchFailed")["message"], "failed to determine");
    assert_eq!(condition(&verdict.report.status, "Reconciling")["reason"], "ProgressingWithRetry");
}

#[rstest]
#[case("URLInvalid", "True")]
#[case("FeatureGateDisabled", "True")]
fn what_stays_wrong_stalls(#[case] reason: &str, #[case] fetch_failed: &str) {
    let object = repository(json!({}), json!({}));
    let spec = Err(trouble(reason, "why"));
    let verdict = settled(start(&object, Facts { spec, ..facts(false) }, NOW).1);
    assert_eq!((verdict.next, verdict.success), (Next::Never, false));
    let status = &verdict.report.status;
    assert_eq!(condition(status, "FetchFailed")["status"], fetch_failed);
    for type_ in ["Stalled", "Ready"] {
        assert_eq!(
            (&condition(status, type_)["reason"], &condition(status, type_)["message"]),
            (&json!(reason), &json!("why"))
        );
    }
    assert_eq!((&status["observedGeneration"], condition(status, "Reconciling")), (&json!(3), Value::Null));
}

#[test]
fn what_must_be_verified_is_not_fetched() {
    let object = repository(json!({"verify": {"provider": "cosign"}}), json!({}));
    let verdict = settled(start(&object, facts(false), NOW).1);
    let stalled = condition(&verdict.report.status, "Stalled");
    assert_eq!((&stalled["reason"], verdict.next), (&json!("NotServedYet"), Next::Never));
    assert!(stalled["message"].as_str().unwrap().contains("spec.verify"));
}

#[test]
fn a_provider_that_is_not_served_is_refused_and_never_asked_as_nobody() {
    let spec = Err(trouble("NotServedYet", "`spec.provider: aws`"));
    let verdict = settled(start(&repository(json!({}), json!({})), Facts { spec, ..facts(false) }, NOW).1);
    assert_eq!(
        (condition(&verdict.report.status, "Stalled")["reason"].as_str(), verdict.next),
        (Some("NotServedYet"), Next::Never)
    );
    assert_eq!(condition(&verdict.report.status, "FetchFailed"), Value::Null);
}

#[test]
fn a_missing_secret_is_a_failed_authentication_and_tried_again() {
    let spec = Err(trouble("AuthenticationFailed", "failed to get secret 'ns/s'"));
    let verdict = settled(start(&repository(json!({}), json!({})), Facts { spec, ..facts(false) }, NOW).1);
    assert_eq!(condition(&verdict.report.status, "Ready")["reason"], "AuthenticationFailed");
    assert_eq!(verdict.next, Next::Backoff);
}

#[test]
fn deletion_removes_the_artifacts_and_then_the_finalizer() {
    let mut object = repository(json!({"verify": {"provider": "cosign"}}), json!({}));
    object.metadata.deletion_timestamp = Some(crate::marks::time(NOW));
    let (run, command) = start(&object, facts(false), NOW);
    assert!(matches!(command, Command::Do(Effect::Collect(Leftovers { current: None, .. }))));
    assert!(settled(next(&object, run, Input::Done(Outcome::Collected), NOW).1).release);
}
