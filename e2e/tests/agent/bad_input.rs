//! Bad input in a repository that has been good: it is refused with a message that names it and the way out, an event and
//! a log line say the same, and nothing is lost.

use rstest::rstest;
use serde_json::json;
use sluice_e2e::scenario::{config_map, kustomization};
use sluice_e2e::{Outcome, Scenario};

use crate::fixture::{scenario, shared};

/// A kustomization file that lists these resources.
fn listing(resources: &[&str]) -> String {
    json!({ "resources": resources }).to_string()
}

/// Nine levels of nine aliases: some four hundred million nodes.
fn bomb() -> String {
    let mut text =
        String::from("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: bomb\na0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for level in 1..9 {
        let aliases = vec![format!("*a{}", level - 1); 9].join(", ");
        text += &format!("a{level}: &a{level} [{aliases}]\n");
    }
    text
}

fn unknown_kind() -> String {
    json!({ "apiVersion": "example.com/v1", "kind": "Mystery", "metadata": { "name": "m" } }).to_string()
}

fn encrypted() -> String {
    let data = json!({ "password": "ENC[AES256_GCM,data:c2VjcmV0,iv:aXY=,tag:dGFn,type:str]" });
    let sops =
        json!({ "mac": "ENC[AES256_GCM,data:bWFj,iv:aXY=,tag:dGFn,type:str]", "lastmodified": "2026-01-01T00:00:00Z" });
    json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "locked" }, "stringData": data, "sops": sops })
        .to_string()
}

fn two_documents(second: &str) -> String {
    format!("{}\n---\n{second}\n", config_map("first", "1"))
}

/// What makes the good repository bad.
enum Change {
    File(&'static str, String),
    Gone(&'static str),
    Link(&'static str, &'static str),
    Spec(&'static str, serde_json::Value),
}

use Change::{File, Gone, Link, Spec};

#[rstest]
#[case::broken_yaml("broken", vec![File("apps/broken.yaml", "a: [b\nc: d\n".into()), File("apps/kustomization.yaml", listing(&["a.yaml", "b.yaml", "broken.yaml"]))], "BuildFailed", &["apps/broken.yaml"])]
#[case::broken_kustomization_file("broken-ks", vec![File("apps/kustomization.yaml", "resources: [a.yaml\n".into())], "BuildFailed", &["apps/kustomization.yaml"])]
#[case::a_document_that_is_no_object("no-object", vec![File("apps/a.yaml", two_documents("just: text"))], "BuildFailed", &["apps/a.yaml"])]
#[case::a_missing_base("no-base", vec![File("apps/kustomization.yaml", listing(&["../base", "a.yaml"]))], "BuildFailed", &["../base", "apps/kustomization.yaml"])]
#[case::a_missing_file("no-file", vec![Gone("apps/b.yaml")], "BuildFailed", &["b.yaml", "apps/kustomization.yaml"])]
#[case::a_path_that_is_not_there("no-path", vec![Spec("path", json!("./nowhere"))], "ArtifactFailed", &["./nowhere", "./apps", "spec.path"])]
#[case::a_path_that_leaves("path-out", vec![Spec("path", json!("../../etc"))], "ArtifactFailed", &["../../etc", "spec.path"])]
#[case::a_base_that_leaves("base-out", vec![File("apps/kustomization.yaml", listing(&["../../../etc", "a.yaml"]))], "BuildFailed", &["../../../etc", "apps/kustomization.yaml"])]
#[case::a_symlink("symlink", vec![Link("apps/passwd.yaml", "/etc/passwd"), File("apps/kustomization.yaml", listing(&["a.yaml", "passwd.yaml"]))], "BuildFailed", &["passwd.yaml"])]
#[case::an_unknown_kind("no-kind", vec![File("apps/a.yaml", unknown_kind())], "ReconciliationFailed", &["Mystery", "example.com/v1", "apps/a.yaml", "CustomResourceDefinition"])]
#[case::a_yaml_bomb("bomb", vec![File("apps/a.yaml", bomb())], "BuildFailed", &["apps/a.yaml", "alias"])]
#[case::an_encrypted_manifest("sops", vec![File("apps/a.yaml", encrypted())], "ReconciliationFailed", &["Secret/bad-sops/locked", "SOPS encrypted", "spec.decryption"])]
#[case::decryption("decrypt", vec![Spec("decryption", json!({ "provider": "sops" }))], "NotServedYet", &["spec.decryption"])]
#[tokio::test]
async fn is_refused_and_nothing_is_lost(
    #[case] name: &str,
    #[case] changes: Vec<Change>,
    #[case] reason: &str,
    #[case] words: &[&str],
) -> Outcome {
    let world = good(&format!("bad-{name}")).await?;
    for change in changes {
        match change {
            File(path, text) => world.repo.write(path, text)?,
            Gone(path) => world.repo.remove(path)?,
            Link(path, target) => std::os::unix::fs::symlink(target, world.repo.path().join(path))?,
            Spec(field, value) => world.change("Kustomization", "apps", json!({ "spec": { field: value } })).await?,
        }
    }
    world.push(&[]).await?;
    refused(&world, reason, words).await
}

#[tokio::test]
async fn an_immutable_field_is_refused_with_the_way_out() -> Outcome {
    let world = good("bad-immutable").await?;
    let fixed = |value: &str| {
        json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "a" }, "immutable": true, "data": { "value": value } }).to_string()
    };
    let revision = world.push(&[("apps/a.yaml", &fixed("1"))]).await?;
    world.applied("apps", &revision).await?;
    world.repo.remove("apps/b.yaml")?;
    world.push(&[("apps/a.yaml", &fixed("2")), ("apps/kustomization.yaml", &listing(&["a.yaml"]))]).await?;
    refused(&world, "ReconciliationFailed", &["ConfigMap/bad-immutable/a", "immutable", "spec.force", "apps/a.yaml"])
        .await
}

/// Starts a scenario whose Kustomization has applied two ConfigMaps.
async fn good(namespace: &str) -> Outcome<Scenario<'static>> {
    let world = scenario(namespace).await?;
    world
        .source(&[
            ("apps/kustomization.yaml", &listing(&["a.yaml", "b.yaml"])),
            ("apps/a.yaml", &config_map("a", "1")),
            ("apps/b.yaml", &config_map("b", "1")),
        ])
        .await?;
    world.apply(kustomization("apps").path("./apps").into_namespace(namespace)).await?;
    world.ready("Kustomization", "apps").await?;
    Ok(world)
}

/// Expects the refusal in the condition, an event and the log, and both ConfigMaps where they were.
async fn refused(world: &Scenario<'_>, reason: &str, words: &[&str]) -> Outcome {
    let message = world.fails("Kustomization", "apps", reason).await?;
    let missing = |text: &str| words.iter().find(|word| !text.contains(**word)).copied();
    assert_eq!(missing(&message), None, "not in: {message}");
    let told =
        world.event("Kustomization", "apps", |told| told.reason == reason && missing(&told.message).is_none()).await?;
    assert_eq!(told.type_, "Warning");
    let agent = &shared().await?.agent;
    world
        .eventually(async || {
            let lines = agent.log_about("Kustomization", &world.namespace, "apps");
            if lines.iter().any(|line| missing(&line.to_string()).is_none()) { Ok(()) } else { Err(lines) }
        })
        .await?;
    assert_eq!(world.applied_by("apps", "ConfigMap").await?, ["a", "b"]);
    Ok(())
}
