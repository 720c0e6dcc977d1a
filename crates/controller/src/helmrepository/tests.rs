//! Each rule of a HelmRepository's pass, on the machine alone.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use rstest::rstest;
use serde_json::{Value, json};
use sluice_api::source::HelmRepository;
use sluice_object::{Artifact, Digest, Revision, Tree};
use sluice_reconcile::{Command, Input, Kind, Next, Verdict};
use sluice_source::{helm_repo::HelmRepoSpec, oci::Login};

use super::{
    Effect, Facts, HelmRepositories, Outcome,
    machine::{Run, human, next, start},
};
use crate::source::{Leftovers, Trouble};

const NOW: Timestamp = Timestamp::UNIX_EPOCH;
const URL: &str = "https://charts.example.com";

fn repository(spec: Value, status: Value) -> HelmRepository {
    let mut whole = json!({"url": URL, "interval": "10m"});
    whole.as_object_mut().unwrap().extend(spec.as_object().cloned().unwrap());
    let metadata = json!({"name": "r", "namespace": "ns", "generation": 3, "finalizers": ["finalizers.fluxcd.io"]});
    let object = json!({"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "HelmRepository", "metadata": metadata, "spec": whole, "status": status});
    serde_json::from_value(object).unwrap()
}

fn stored_status() -> Value {
    let artifact = json!({"path": "helmrepository/ns/r/index-1.yaml", "url": "u", "revision": "sha256:1", "digest": "sha256:1", "size": 12345, "lastUpdateTime": "1970-01-01T00:00:00Z"});
    json!({"artifact": artifact})
}

fn artifact(revision: &str) -> Arc<Artifact> {
    Arc::new(Artifact {
        revision: Revision::new(format!("sha256:{revision}")),
        digest: Digest::sha256(revision.as_bytes()),
        path: format!("helmrepository/ns/r/index-{revision}.yaml"),
        size: 1_234_567,
        metadata: Default::default(),
        tree: Arc::new(Tree::in_memory([("", ""); 0])),
    })
}

fn facts(stored: bool) -> Facts {
    let spec = HelmRepoSpec {
        url: URL.into(),
        login: Login::Anonymous,
        tls: Default::default(),
        timeout: Duration::from_secs(60),
    };
    Facts { spec: Ok(spec), stored: stored.then(|| artifact("1")), advertised: "source-controller".into() }
}

fn settled(command: Command<HelmRepositories>) -> Verdict {
    match command {
        Command::Settle(verdict) => verdict,
        other => panic!("not settled: {other:?}"),
    }
}

fn condition(status: &Value, type_: &str) -> Value {
    let conditions = status["conditions"].as_array().unwrap();
    conditions.iter().find(|condition| condition["type"] == type_).cloned().unwrap_or_default()
}

/// A pass up to the download.
fn begun(object: &HelmRepository, stored: bool) -> Run {
    let (run, command) = start(object, facts(stored), NOW);
    assert!(matches!(command, Command::Do(Effect::Fetch(what)) if what.1.is_some() == stored));
    run
}

fn nothing_new() -> Input<Outcome> {
    Input::Done(Outcome::Fetched(Ok(None)))
}

#[test]
fn an_index_that_is_stored_ends_the_pass() {
    let object = repository(json!({}), stored_status());
    let verdict = settled(next(&object, begun(&object, true), nothing_new(), NOW).1);
    let status = &verdict.report.status;
    assert!(verdict.success && verdict.report.notices.is_empty());
    assert_eq!(condition(status, "Ready")["message"], "stored artifact: revision 'sha256:1'");
    assert_eq!(status["artifact"]["url"], "http://source-controller/helmrepository/ns/r/index-1.yaml");
    assert_eq!(status["url"], "http://source-controller/helmrepository/ns/r/index.yaml");
    assert_eq!(verdict.next, Next::After(Duration::from_secs(600)));
}

#[test]
fn an_object_without_an_interval_is_looked_at_each_minute() {
    let object = repository(json!({"interval": null}), stored_status());
    let verdict = settled(next(&object, begun(&object, true), nothing_new(), NOW).1);
    assert_eq!(verdict.next, Next::After(Duration::from_secs(60)));
}

#[test]
fn a_stored_index_is_told_in_the_words_of_flux() {
    let object = repository(json!({}), json!({}));
    let run = begun(&object, false);
    let (run, command) = next(&object, run, Input::Done(Outcome::Stored(Ok(artifact("2")))), NOW);
    assert!(matches!(command, Command::Do(Effect::Collect(Leftovers { current: Some(_), .. }))));
    let verdict = settled(next(&object, run, Input::Done(Outcome::Collected), NOW).1);
    let told = &verdict.report.notices[0];
    assert_eq!(told.reason, "NewArtifact");
    assert_eq!(told.message, format!("stored fetched index of size 1.235MB from '{URL}'"));
    assert_eq!(verdict.report.status["observedGeneration"], 3);
}

#[test]
fn a_recovery_is_told() {
    let mut status = stored_status();
    status["conditions"] = json!([{"type": "FetchFailed", "status": "True", "reason": "Failed", "message": "m", "lastTransitionTime": "1970-01-01T00:00:00Z"}]);
    let object = repository(json!({}), status);
    let verdict = settled(next(&object, begun(&object, true), nothing_new(), NOW).1);
    let told = &verdict.report.notices[0];
    assert_eq!((told.reason.as_str(), told.message.contains("size 12.35kB")), ("Succeeded", true), "{}", told.message);
    assert_eq!(condition(&verdict.report.status, "FetchFailed"), Value::Null);
}

#[rstest]
#[case("Failed", Next::Backoff, false)]
#[case("IndexationFailed", Next::Backoff, false)]
#[case("AuthenticationFailed", Next::Backoff, false)]
#[case("URLInvalid", Next::Never, true)]
fn a_failure_keeps_the_last_index(#[case] reason: &str, #[case] again: Next, #[case] stalled: bool) {
    let object = repository(json!({}), stored_status());
    let failed = Trouble { reason: reason.into(), message: "why".into() };
    let input = Input::Done(Outcome::Fetched(Err(failed)));
    let verdict = settled(next(&object, begun(&object, true), input, NOW).1);
    let status = &verdict.report.status;
    assert_eq!((verdict.next, verdict.success), (again, false));
    assert_eq!(condition(status, "FetchFailed")["reason"], reason);
    assert_eq!(condition(status, "Stalled").is_object(), stalled);
    assert_eq!(status["artifact"]["revision"], "sha256:1");
}

#[test]
fn one_that_becomes_an_address_loses_artifact_status_and_finalizer() {
    let object = repository(json!({"type": "oci", "url": "oci://ghcr.io/charts"}), stored_status());
    assert!(!HelmRepositories::is_static(&object));
    let (run, command) = start(&object, facts(true), NOW);
    assert!(matches!(command, Command::Do(Effect::Collect(Leftovers { current: None, .. }))));
    let verdict = settled(next(&object, run, Input::Done(Outcome::Collected), NOW).1);
    assert_eq!((verdict.release, &verdict.report.status), (true, &json!({})));
    assert!(verdict.report.notices.is_empty());
}

#[rstest]
#[case::address(json!({"type": "oci"}), json!({"observedGeneration": -1}), &[], true)]
#[case::old_status(json!({"type": "oci"}), stored_status(), &[], false)]
#[case::old_finalizer(json!({"type": "oci"}), json!({}), &["finalizers.fluxcd.io"], false)]
#[case::suspended(json!({"type": "oci", "suspend": true}), json!({}), &[], true)]
#[case::index(json!({"type": "default"}), json!({}), &[], false)]
fn an_address_is_left_alone(
    #[case] spec: Value,
    #[case] status: Value,
    #[case] finalizers: &[&str],
    #[case] alone: bool,
) {
    let mut object = repository(spec, status);
    object.metadata.finalizers = Some(finalizers.iter().map(|name| (*name).to_owned()).collect());
    assert_eq!(HelmRepositories::is_static(&object), alone);
}

#[test]
fn deletion_removes_the_index_and_then_the_finalizer() {
    let mut object = repository(json!({}), json!({}));
    object.metadata.deletion_timestamp = Some(crate::marks::time(NOW));
    let (run, command) = start(&object, facts(false), NOW);
    assert!(matches!(command, Command::Do(Effect::Collect(Leftovers { current: None, .. }))));
    assert!(settled(next(&object, run, Input::Done(Outcome::Collected), NOW).1).release);
}

#[rstest]
#[case(0, "0B")]
#[case(999, "999B")]
#[case(1000, "1kB")]
#[case(12_345, "12.35kB")]
#[case(1_234_567, "1.235MB")]
#[case(61_200_000, "61.2MB")]
fn sizes_have_four_digits(#[case] size: i64, #[case] text: &str) {
    assert_eq!(human(size), text);
}
