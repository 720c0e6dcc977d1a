//! What HelmRepositories alone have.

use std::time::Duration;

use rstest::rstest;
use serde_json::{Value, json};
use sluice_api::source::HelmRepository;
use sluice_reconcile::{Command, Kind, Next, Verdict};
use sluice_source::{helm_repo::HelmRepoSpec, oci::Login};

use super::{Head, HelmRepositories};
use crate::source::{
    Controller, Effect, Leftovers, Outcome,
    testing::{
        NOW, artifact, begun, condition, facts, failed_status, next, object, settled, stored, stored_status, trouble,
    },
};

type Indexes = Controller<HelmRepositories>;

const URL: &str = "https://charts.example.com";

fn repository(spec: Value, status: Value) -> HelmRepository {
    object::<HelmRepositories>(&json!({"url": URL, "interval": "10m"}), spec, status)
}

fn spec() -> HelmRepoSpec {
    let (login, tls, timeout) = (Login::Anonymous, Default::default(), Duration::from_secs(60));
    HelmRepoSpec { url: URL.into(), login, tls, timeout }
}

/// A pass that finds the index that is stored.
fn unchanged(object: &HelmRepository) -> Verdict {
    let run = begun::<HelmRepositories>(object, spec(), Some(artifact("sha256:1")));
    settled(next(object, run, Outcome::Looked(Ok(Head::Same))))
}

#[rstest]
#[case(json!("10m"), 600)]
#[case(Value::Null, 60)]
fn an_object_without_an_interval_is_looked_at_each_minute(#[case] interval: Value, #[case] seconds: u64) {
    let verdict = unchanged(&repository(json!({"interval": interval}), stored_status("sha256:1")));
    assert_eq!(verdict.next, Next::After(Duration::from_secs(seconds)));
    let status = &verdict.report.status;
    assert_eq!(condition(status, "Ready")["message"], "stored artifact: revision 'sha256:1'");
    assert_eq!(status["url"], "http://source-controller/k/ns/r/index.yaml");
}

#[test]
fn a_stored_index_is_told_in_the_words_of_flux() {
    let verdict = stored::<HelmRepositories>(&repository(json!({}), json!({})), spec(), artifact("sha256:2"), ());
    let told = &verdict.report.notices[0];
    assert_eq!(told.reason, "NewArtifact");
    assert_eq!(told.message, format!("stored fetched index of size 1.235MB from '{URL}'"));
}

#[test]
fn a_recovery_is_told() {
    let verdict = unchanged(&repository(json!({}), failed_status("sha256:1")));
    let told = &verdict.report.notices[0];
    assert_eq!((told.reason.as_str(), told.message.contains("size 12.35kB")), ("Succeeded", true), "{}", told.message);
}

#[rstest]
#[case("Failed", Next::Backoff, false)]
#[case("IndexationFailed", Next::Backoff, false)]
#[case("AuthenticationFailed", Next::Backoff, false)]
#[case("URLInvalid", Next::Never, true)]
fn a_failure_keeps_the_last_index(#[case] reason: &str, #[case] again: Next, #[case] stalled: bool) {
    let object = repository(json!({}), stored_status("sha256:1"));
    let run = begun::<HelmRepositories>(&object, spec(), Some(artifact("sha256:1")));
    let verdict = settled(next(&object, run, Outcome::Looked(Err(trouble(reason, "why")))));
    let status = &verdict.report.status;
    assert_eq!((verdict.next, verdict.success), (again, false));
    assert_eq!(condition(status, "FetchFailed")["reason"], reason);
    assert_eq!(condition(status, "Stalled").is_object(), stalled);
    assert_eq!(status["artifact"]["revision"], "sha256:1");
}

#[test]
fn one_that_becomes_an_address_loses_artifact_status_and_finalizer() {
    let object = repository(json!({"type": "oci", "url": "oci://ghcr.io/charts"}), stored_status("sha256:1"));
    assert!(!Indexes::is_static(&object));
    let (run, command) = Indexes::start(&object, facts(Ok(spec()), Some(artifact("sha256:1"))), NOW);
    assert!(matches!(command, Command::Do(Effect::Collect(Leftovers { current: None, .. }))));
    let verdict = settled(next(&object, run, Outcome::Collected(1)));
    assert_eq!((verdict.release, &verdict.report.status), (true, &json!({})));
    assert!(verdict.report.notices.is_empty());
}

#[rstest]
#[case::address(json!({"type": "oci"}), json!({"observedGeneration": -1}), &[], true)]
#[case::old_status(json!({"type": "oci"}), stored_status("sha256:1"), &[], false)]
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
    assert_eq!(Indexes::is_static(&object), alone);
}
