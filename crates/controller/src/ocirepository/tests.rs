//! What OCIRepositories alone have.

use std::sync::Arc;

use rstest::rstest;
use serde_json::{Value, json};
use sluice_api::source::OciRepository;
use sluice_object::{Artifact, Digest};
use sluice_reconcile::{Kind, Next};
use sluice_source::oci::{FetchOptions, Head, OciSpec};

use super::{OciRepositories, Spec};
use crate::source::{
    Controller,
    testing::{NOW, announced, artifact, begun, condition, facts, object, settled, stored, stored_status},
};

const URL: &str = "oci://ghcr.io/org/app";

fn repository(spec: Value, status: Value) -> OciRepository {
    object::<OciRepositories>(&json!({"interval": "1m", "url": URL}), spec, status)
}

fn spec() -> Spec {
    Spec { remote: OciSpec::new(URL), options: FetchOptions::default() }
}

fn digest(text: &str) -> Digest {
    Digest::sha256(text.as_bytes())
}

fn revision(text: &str) -> String {
    format!("v1@{}", digest(text))
}

fn with_metadata(text: &str, metadata: &[(&str, &str)]) -> Arc<Artifact> {
    let metadata = metadata.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect();
    let plain = artifact(&revision(text));
    Arc::new(Artifact {
        metadata,
        revision: plain.revision.clone(),
        digest: plain.digest.clone(),
        path: plain.path.clone(),
        size: plain.size,
        tree: plain.tree.clone(),
    })
}

#[rstest]
#[case::moved(json!({}), "1", true)]
#[case::other_rules(json!({"ignore": "*.md"}), "2", false)]
#[case::other_layer(json!({"layerSelector": {"operation": "copy"}}), "2", false)]
fn what_is_not_stored_like_that_is_announced_and_fetched(#[case] more: Value, #[case] kept: &str, #[case] moved: bool) {
    let object = repository(more, stored_status(&revision(kept)));
    let run = begun::<OciRepositories>(&object, spec(), Some(artifact(&revision(kept))));
    let (status, _) = announced(&object, run, Head::of("ghcr.io/org/app", "v1", digest("2")));
    let expected = match moved {
        true => format!("building artifact: new revision '{}' for 'ghcr.io/org/app:v1'", revision("2")),
        false => "processing object: new generation -1 -> 3".into(),
    };
    assert_eq!(condition(&status, "Reconciling")["message"], expected);
}

#[test]
fn a_stored_artifact_is_described_in_the_form_of_flux() {
    let selector = json!({"mediaType": "a/b", "operation": "extract"});
    let object =
        repository(json!({"ignore": "*.md", "layerSelector": selector.clone()}), json!({"observedGeneration": -1}));
    let made = with_metadata("2", &[("org.opencontainers.image.source", "https://git"), ("x", "y")]);
    let verdict = stored::<OciRepositories>(&object, spec(), made, ());
    let status = &verdict.report.status;
    assert_eq!((&status["observedIgnore"], &status["observedLayerSelector"]), (&json!("*.md"), &selector));
    assert_eq!(status["artifact"]["metadata"]["x"], "y");
    assert_eq!(status["url"], "http://source-controller/k/ns/r/latest.tar.gz");
    assert_eq!(condition(status, "Ready")["message"], format!("stored artifact for digest '{}'", revision("2")));
    let told = &verdict.report.notices[0];
    let message = format!("stored artifact with revision '{}' from '{URL}'", revision("2"));
    assert_eq!((told.reason.as_str(), told.message.as_str()), ("NewArtifact", message.as_str()));
}

#[test]
fn an_artifact_tells_its_origin() {
    let origin =
        [("org.opencontainers.image.source", "https://git"), ("org.opencontainers.image.revision", "main@sha1:1")];
    let object = repository(json!({}), json!({}));
    let verdict = stored::<OciRepositories>(&object, spec(), with_metadata("2", &origin), ());
    let message = &verdict.report.notices[0].message;
    assert!(message.ends_with("', origin source 'https://git', origin revision 'main@sha1:1'"), "{message}");
}

#[test]
fn what_must_be_verified_is_not_fetched() {
    let object = repository(json!({"verify": {"provider": "cosign"}}), json!({}));
    let verdict = settled(Controller::<OciRepositories>::start(&object, facts(Ok(spec()), None), NOW));
    let stalled = condition(&verdict.report.status, "Stalled");
    assert_eq!((&stalled["reason"], verdict.next), (&json!("NotServedYet"), Next::Never));
    assert!(stalled["message"].as_str().unwrap().contains("spec.verify"));
}
