//! Releases in Secrets: what goes in comes out, within bounds, and nothing is told of it.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::{io::Write as _, sync::Arc};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use flate2::{Compression, write::GzEncoder};
use jiff::Timestamp;
use rstest::rstest;
use serde_json::{Value as Json, json};
use sluice_helm::{
    Event, File, Hook,
    hook::{self, HOOK_FAILED, HOOK_SUCCEEDED, Pods},
    release::{DecodeError, EncodeError, Release, Released, Secret, Status, decode},
    values::references::{ObjectKey, Objects, Reason, Reference, compose},
};

const SECRET: &str = "hunter2";

fn now() -> Timestamp {
    Timestamp::from_second(1_790_000_000).unwrap()
}

fn release() -> Release {
    let chart = Released { templates: vec![File::new("templates/a.yaml", SECRET)], ..Released::default() };
    let config = json!({ "password": SECRET }).as_object().unwrap().clone();
    let hooks = vec![Hook { manifest: SECRET.into(), ..Hook::default() }];
    let mut release = Release {
        name: "podinfo".into(),
        namespace: "apps".into(),
        version: 2,
        chart: Some(Arc::new(chart)),
        config: Arc::new(config),
        hooks,
        labels: [("team".to_owned(), "a".to_owned())].into(),
        manifest: SECRET.into(),
        ..Release::default()
    };
    release.set_status(Status::Deployed, "Install complete");
    release
}

#[test]
fn a_secret_is_named_and_labelled_as_helm_does_it() {
    let mut object = Secret::created(&release(), now()).unwrap().to_json("flux-system");
    let data = object["data"]["release"].take();
    let expected = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": "sh.helm.release.v1.podinfo.v2",
            "namespace": "flux-system",
            "labels": {
                "createdAt": "1790000000",
                "name": "podinfo",
                "owner": "helm",
                "status": "deployed",
                "team": "a",
                "version": "2",
            },
        },
        "type": "helm.sh/release.v1",
        "data": { "release": null },
    });
    assert_eq!(object, expected);
    assert!(STANDARD.decode(data.as_str().unwrap()).unwrap().starts_with(b"H4sI"));
}

#[test]
fn a_release_comes_out_of_its_secret_as_it_went_in() {
    let stored = Secret::modified(&release(), now()).unwrap().to_json("apps");
    assert_eq!(stored["metadata"]["labels"]["modifiedAt"], "1790000000");
    assert_eq!(Secret::read(&stored).unwrap(), release());
}

#[rstest]
#[case::nothing(json!({}), "the Secret has no key `release`")]
#[case::no_base64(json!({ "data": { "release": "%" } }), "the release is not in base64")]
#[case::no_base64_inside(json!({ "data": { "release": "JQ==" } }), "the release is not in base64")]
#[case::cut(json!({ "data": { "release": "SDRzSUFBQUE=" } }), "the release cannot be decompressed")]
fn what_is_no_release_is_refused(#[case] object: Json, #[case] expected: &str) {
    assert_eq!(Secret::read(&object).unwrap_err().to_string(), expected);
}

#[test]
fn a_release_without_an_end_is_refused() {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    (0..65).for_each(|_| gzip.write_all(&vec![b' '; 1 << 20]).unwrap());
    let text = STANDARD.encode(gzip.finish().unwrap());
    assert!(matches!(decode(text.as_bytes()), Err(DecodeError::TooLarge)));
}

/// Returns bytes that cannot be compressed.
fn noise(count: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    std::iter::repeat_with(next).take(count).collect()
}

#[test]
fn a_release_that_is_too_large_says_what_of_it_is() {
    let files = vec![File::new("README.md", "short"), File::new("logo.png", noise(900_000))];
    let chart = Released { files, templates: vec![File::new("templates/a.yaml", "a: 1\n")], ..Released::default() };
    let release = Release { chart: Some(Arc::new(chart)), ..release() };
    let Err(EncodeError::TooLarge(error)) = Secret::created(&release, now()) else { panic!("it fits") };
    let text = error.to_string();
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    assert!(lines[0].starts_with("release apps/podinfo.v2 has 1") && lines[0].ends_with("a Secret holds 1048576"));
    assert_eq!(lines[1], "900005 files");
    assert!(lines.contains(&"900000 logo.png") && lines.last().unwrap().contains(".helmignore"), "{text}");
}

#[test]
fn nothing_is_shown_of_what_a_release_holds() {
    let release = release();
    let secret = Secret::created(&release, now()).unwrap();
    let shown = format!("{release:?}{secret:?}{:?}{:?}", release.chart, release.observation(""));
    assert!(shown.contains("podinfo") && !shown.contains(SECRET) && !shown.contains(&secret.release), "{shown}");
}

fn hook(name: &str, weight: i64, events: &[Event]) -> Hook {
    Hook { name: name.into(), weight, events: events.to_vec(), ..Hook::default() }
}

#[test]
fn hooks_run_by_weight_then_by_name() {
    use Event::{PostInstall, PreInstall};
    let hooks = [
        hook("b", 0, &[PreInstall]),
        hook("a", 0, &[PreInstall, PreInstall]),
        hook("c", -5, &[PostInstall, PreInstall]),
        hook("d", 10, &[PostInstall]),
    ];
    assert_eq!(hook::order(&hooks, PreInstall), [2, 1, 1, 0]);
    assert_eq!(hook::order(&hooks, PostInstall), [2, 3]);
}

#[test]
fn a_hook_without_a_policy_is_deleted_before_the_next_and_crds_never_are() {
    let mut job = Hook { kind: "Job".into(), ..Hook::default() };
    job.set_default_policy();
    assert!(job.is_deleted(hook::BEFORE_HOOK_CREATION) && !job.is_deleted(HOOK_SUCCEEDED));
    let crd = Hook { kind: "CustomResourceDefinition".into(), ..job.clone() };
    assert!(!crd.is_deleted(hook::BEFORE_HOOK_CREATION));
    let mut named = Hook { delete_policies: vec![HOOK_FAILED.into()], ..job };
    named.set_default_policy();
    assert!(named.is_deleted(HOOK_FAILED) && !named.is_deleted(hook::BEFORE_HOOK_CREATION));
}

#[rstest]
#[case::job("Job", Some(Pods::OfJob("h")))]
#[case::pod("Pod", Some(Pods::Named("h")))]
#[case::other("ConfigMap", None)]
fn logs_are_those_of_jobs_and_pods(#[case] kind: &str, #[case] expected: Option<Pods<'_>>) {
    let output_log_policies = vec![HOOK_FAILED.to_owned()];
    let hook = Hook { name: "h".into(), kind: kind.into(), output_log_policies, ..Hook::default() };
    assert_eq!(hook.logs(HOOK_FAILED), expected);
    assert_eq!(hook.logs(HOOK_SUCCEEDED), None);
}

#[rstest]
#[case::no_mapping("", "hunter2")]
#[case::no_yaml("", "a: 1\npassword: hunter2: x\n")]
#[case::odd_key("", "{hunter2: {a: b}}: c\n")]
#[case::unknown_anchor("", "a: *hunter2\n")]
#[case::no_value("a", "x,hunter2")]
#[case::index("a[0]", "x,hunter2[y]=1")]
fn nothing_is_told_of_a_secret_that_holds_no_values(#[case] target_path: &str, #[case] text: &str) {
    let reference =
        Reference { kind: "Secret".into(), name: "s".into(), target_path: target_path.into(), ..Reference::default() };
    let data = [("values.yaml".to_owned(), text.to_owned().into())].into();
    let objects: Objects = [(ObjectKey { kind: "Secret".into(), name: "s".into() }, Some(data))].into();
    let error = compose(&[reference], "apps", &objects, &Default::default()).unwrap_err();
    let shown = format!("{error} {error:?}");
    assert!(shown.contains("apps/s") && !shown.contains(SECRET), "{shown}");
}

#[test]
fn what_optional_references_miss_is_told() {
    let missing = Reference { kind: "Secret".into(), name: "s".into(), optional: true, ..Reference::default() };
    let composed = compose(&[missing], "apps", &Objects::new(), &Default::default()).unwrap();
    let [told] = composed.missing.as_slice() else { panic!("one is missing") };
    assert_eq!(told.reason(), &Reason::Missing);
    assert_eq!(
        told.to_string(),
        "could not resolve optional Secret chart values reference 'apps/s' with key 'values.yaml': secrets \"s\" not found"
    );
}
