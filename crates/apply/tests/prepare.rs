//! What is sent for a manifest. A case more needs no Rust: `[name, manifest, fields sent]`; the owner labels and the
//! empty creation timestamp, which every object gets, are left out of the third.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use rstest::rstest;
use serde_json::{Map, Value, json};
use sluice_apply::prepare::{CommonMetadata, Owner, PrepareError, prepare};
use sluice_object::{Gvk, Object, ObjectId};

fn owner() -> Owner {
    Owner::kustomization("flux-system", "apps")
}

fn sent(manifest: &Value, common: &CommonMetadata) -> Result<Vec<Object>, PrepareError> {
    let mut manifest = manifest.clone();
    manifest["metadata"]["name"] = "a".into();
    prepare(vec![Object::new(manifest).unwrap()], &owner(), common)
}

/// Takes away what every object gets.
fn bare(object: &Object) -> Value {
    let mut value = object.value().clone();
    let metadata = value["metadata"].as_object_mut().unwrap();
    metadata.remove("name");
    assert_eq!(metadata.remove("creationTimestamp"), Some(Value::Null));
    let labels = metadata["labels"].as_object_mut().unwrap();
    assert_eq!(labels.remove("kustomize.toolkit.fluxcd.io/name"), Some("apps".into()));
    assert_eq!(labels.remove("kustomize.toolkit.fluxcd.io/namespace"), Some("flux-system".into()));
    if labels.is_empty() {
        metadata.remove("labels");
    }
    if metadata.is_empty() {
        value.as_object_mut().unwrap().remove("metadata");
    }
    value
}

#[rstest]
#[case::workloads(include_str!("prepare/workloads.json"))]
#[case::others(include_str!("prepare/others.json"))]
fn manifests_take_the_form_that_flux_sends(#[case] file: &str) {
    let cases: Vec<(String, Value, Value)> = serde_json::from_str(file).unwrap();
    for (name, manifest, expected) in cases {
        let objects = sent(&manifest, &CommonMetadata::default()).unwrap();
        let mut whole: Map<String, Value> = expected.as_object().unwrap().clone();
        for key in ["apiVersion", "kind"] {
            whole.insert(key.into(), manifest[key].clone());
        }
        assert_eq!(bare(&objects[0]), Value::Object(whole), "{name}");
    }
}

#[test]
fn a_form_once_taken_stays() {
    for file in [include_str!("prepare/workloads.json"), include_str!("prepare/others.json")] {
        let cases: Vec<(String, Value, Value)> = serde_json::from_str(file).unwrap();
        for (name, manifest, _) in cases {
            let once = sent(&manifest, &CommonMetadata::default()).unwrap();
            let twice = prepare(once.clone(), &owner(), &CommonMetadata::default()).unwrap();
            assert_eq!(once, twice, "{name}");
        }
    }
}

#[test]
fn roles_are_sent_as_they_are() {
    let role = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {},
        "rules": [], "aggregationRule": null});
    let objects = sent(&role, &CommonMetadata::default()).unwrap();
    assert_eq!(objects[0].value()["rules"], json!([]));
    assert!(objects[0].value()["metadata"].get("creationTimestamp").is_none());
    assert_eq!(objects[0].label("kustomize.toolkit.fluxcd.io/name"), Some("apps"));
}

#[test]
fn common_metadata_overwrites() {
    let common = CommonMetadata {
        labels: [("team".into(), "b".into()), ("kustomize.toolkit.fluxcd.io/name".into(), "x".into())].into(),
        annotations: [("note".into(), "n".into())].into(),
    };
    let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"labels": {"team": "a"}}});
    let object = &sent(&map, &common).unwrap()[0];
    assert_eq!((object.label("team"), object.annotation("note")), (Some("b"), Some("n")));
    assert_eq!(object.label("kustomize.toolkit.fluxcd.io/name"), Some("x"));
}

#[rstest]
#[case::data(json!({"data": {"a": "ENC[AES256_GCM,data:x]"}}), true)]
#[case::string_data(json!({"stringData": {"a": "ENC[AES256_GCM,data:x]"}}), true)]
#[case::other_built_in_kind(json!({"kind": "ConfigMap"}), true)]
#[case::opted_out(json!({"metadata": {"annotations": {"kustomize.toolkit.fluxcd.io/decrypt": "Disabled"}}}), false)]
#[case::decrypted_in_the_cluster(json!({"apiVersion": "isindir.github.com/v1alpha3", "kind": "SopsSecret"}), false)]
#[case::no_mac(json!({"sops": {"mac": ""}}), false)]
fn ciphertext_of_built_in_kinds_is_refused(#[case] rest: Value, #[case] refused: bool) {
    let mut manifest = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"namespace": "ns"},
        "sops": {"mac": "ENC[AES256_GCM,data:y]"}});
    rest.as_object().unwrap().iter().for_each(|(key, value)| manifest[key] = value.clone());
    let result = sent(&manifest, &CommonMetadata::default());
    assert_eq!(result.is_err(), refused);
}

#[test]
fn the_refusal_names_the_secret() {
    let id = ObjectId::new(&Gvk::new("", "v1", "Secret"), "ns", "a");
    let text = "Secret/ns/a is SOPS encrypted, configuring decryption is required for this secret to be reconciled";
    assert_eq!(PrepareError::Encrypted(id).to_string(), text);
}

#[test]
fn files_of_kustomize_are_dropped() {
    let file = json!({"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "metadata": {}});
    assert_eq!(sent(&file, &CommonMetadata::default()), Ok(Vec::new()));
}
