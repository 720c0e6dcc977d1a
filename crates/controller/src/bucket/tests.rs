//! What Buckets alone have.

use rstest::rstest;
use serde_json::{Value, json};
use sluice_api::source::Bucket;
use sluice_reconcile::{Kind, Next};
use sluice_source::bucket::{BucketSpec, FetchOptions, Listing};

use super::{Buckets, Spec};
use crate::source::{
    Controller, Effect, Outcome,
    testing::{
        NOW, announced, artifact, begun, condition, facts, failed_status, next, object, settled, stored, stored_status,
    },
};

fn bucket(spec: Value, status: Value) -> Bucket {
    let base =
        json!({"interval": "1m", "provider": "azure", "bucketName": "fleet", "endpoint": "https://a.example.com"});
    object::<Buckets>(&base, spec, status)
}

fn spec() -> Spec {
    Spec { remote: BucketSpec::new("https://a.example.com", "fleet"), options: FetchOptions::default() }
}

fn listing(revision: &str) -> Listing {
    Listing::of_revision(&format!("sha256:{revision}"))
}

#[test]
fn a_recovery_is_told_in_the_words_of_flux() {
    let object = bucket(json!({}), failed_status("sha256:1"));
    let run = begun::<Buckets>(&object, spec(), Some(artifact("sha256:1")));
    let verdict = settled(next(&object, run, Outcome::Looked(Ok(listing("1")))));
    let told = &verdict.report.notices[0];
    assert_eq!(told.reason, "Succeeded");
    assert_eq!(told.message, "stored artifact with 0 fetched files from 'fleet' bucket");
    let status = &verdict.report.status;
    assert_eq!(condition(status, "Ready")["message"], "stored artifact: revision 'sha256:1'");
    assert_eq!(status["url"], "http://source-controller/k/ns/r/latest.tar.gz");
}

#[test]
fn what_is_stored_of_a_container_is_not_fetched_again() {
    let object = bucket(json!({}), stored_status("sha256:1"));
    let run = begun::<Buckets>(&object, spec(), Some(artifact("sha256:1")));
    let (status, effect) = announced(&object, run, listing("2"));
    assert_eq!(condition(&status, "Reconciling")["message"], "building artifact: new upstream revision 'sha256:2'");
    let Effect::Fetch(fetch) = effect else { panic!("{effect:?}") };
    assert_eq!(fetch.stored.map(|stored| stored.revision.to_string()).as_deref(), Some("sha256:1"));
}

#[test]
fn a_stored_artifact_is_described_in_the_form_of_flux() {
    let object = bucket(json!({"ignore": "*.md"}), json!({"observedGeneration": -1}));
    let verdict = stored::<Buckets>(&object, spec(), artifact("sha256:2"), 2);
    assert_eq!(verdict.report.status["observedIgnore"], "*.md");
    for type_ in ["Ready", "ArtifactInStorage"] {
        assert_eq!(condition(&verdict.report.status, type_)["message"], "stored artifact: revision 'sha256:2'");
    }
    let told = &verdict.report.notices[0];
    assert_eq!(
        (told.reason.as_str(), told.message.as_str()),
        ("NewArtifact", "stored artifact with 2 fetched files from 'fleet' bucket")
    );
}

#[rstest]
#[case(json!({"provider": "generic"}), "spec.provider: generic")]
#[case(json!({"provider": "aws"}), "spec.provider: aws")]
#[case(json!({"provider": "gcp"}), "spec.provider: gcp")]
#[case(json!({"serviceAccountName": "tenant"}), "spec.serviceAccountName")]
fn what_is_not_served_is_refused_and_never_ignored(#[case] more: Value, #[case] named: &str) {
    let verdict = settled(Controller::<Buckets>::start(&bucket(more, json!({})), facts(Ok(spec()), None), NOW));
    let stalled = condition(&verdict.report.status, "Stalled");
    assert_eq!((&stalled["reason"], verdict.next), (&json!("NotServedYet"), Next::Never));
    assert!(stalled["message"].as_str().unwrap().contains(named));
}
