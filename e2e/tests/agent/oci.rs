//! OCIRepository: artifacts of a real registry, and Kustomizations that take them.

use serde_json::{Value, json};
use sluice_e2e::registry::{CONTENT, Registry};
use sluice_e2e::scenario::{Draft, condition, config_map, kustomization, oci_repository, pull_secret};
use sluice_e2e::{Outcome, Scenario, http};

use crate::fixture::{registry, scenario, shared};

const NAME: &str = "fleet";

/// Applies the source, and a Kustomization `apps` that takes it.
async fn follow(world: &Scenario<'_>, source: Draft) -> Outcome {
    world.apply(source).await?;
    world.apply(kustomization("apps").from_oci(NAME).path("./apps").into_namespace(&world.namespace)).await
}

fn files(value: &str) -> [(&'static str, String); 2] {
    [("apps/a.yaml", config_map("a", value)), ("notes/readme.md", "notes".into())]
}

async fn push(registry: &Registry, repository: &str, tag: &str, value: &str) -> Outcome<String> {
    let files = files(value);
    let files: Vec<_> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    Ok(registry.push(repository, tag, &files).await?.revision)
}

async fn value(world: &Scenario<'_>) -> Outcome<Value> {
    Ok(world.get("ConfigMap", "a").await?["data"]["value"].clone())
}

#[tokio::test]
async fn an_artifact_is_applied_and_told_in_the_words_of_flux() -> Outcome {
    let (world, registry) = (scenario("oci-apply").await?, registry().await?);
    let revision = push(registry, "oci-apply/app", "latest", "1").await?;
    let url = registry.url("oci-apply/app");
    follow(&world, oci_repository(NAME, &url)).await?;
    let applied = world.applied("apps", &revision).await?;
    assert_eq!(applied["status"]["lastAppliedOriginRevision"], "latest@sha1:0123456789");
    assert_eq!(value(&world).await?, "1");
    let source = world.get("OCIRepository", NAME).await?;
    let artifact = &source["status"]["artifact"];
    let digest = revision.rsplit('@').next().unwrap_or_default();
    assert_eq!(artifact["path"], format!("ocirepository/oci-apply/{NAME}/{digest}.tar.gz"));
    assert_eq!(artifact["metadata"]["org.opencontainers.image.source"], "https://git.example.com/app");
    for type_ in ["Ready", "ArtifactInStorage"] {
        assert_eq!(condition(&source, type_)["message"], format!("stored artifact for digest '{revision}'"));
    }
    let latest = http::get(source["status"]["url"].as_str().unwrap_or_default()).await?;
    assert_eq!((latest.status, artifact["size"].clone()), (200, latest.body.len().into()));
    let told = world.event("OCIRepository", NAME, |told| told.reason == "NewArtifact").await?;
    let origin = "origin source 'https://git.example.com/app', origin revision 'latest@sha1:0123456789'";
    assert_eq!(told.message, format!("stored artifact with revision '{revision}' from '{url}', {origin}"));
    Ok(())
}

#[tokio::test]
async fn a_tag_that_moves_is_followed() -> Outcome {
    let (world, registry) = (scenario("oci-moves").await?, registry().await?);
    let first = push(registry, "oci-moves", "main", "1").await?;
    let source = oci_repository(NAME, &registry.url("oci-moves")).follows("tag", "main");
    follow(&world, source).await?;
    world.applied("apps", &first).await?;
    let second = push(registry, "oci-moves", "main", "2").await?;
    assert_ne!(first, second);
    world.request("OCIRepository", NAME).await?;
    world.applied("apps", &second).await?;
    assert_eq!(value(&world).await?, "2");
    Ok(())
}

#[tokio::test]
async fn a_range_takes_the_newest_and_a_digest_stays() -> Outcome {
    let (world, registry) = (scenario("oci-semver").await?, registry().await?);
    let url = registry.url("oci-semver");
    let old = push(registry, "oci-semver", "1.2.0", "1.2.0").await?;
    push(registry, "oci-semver", "2.0.0", "2.0.0").await?;
    let rc = push(registry, "oci-semver", "1.9.0-rc.1", "1.9.0-rc.1").await?;
    follow(&world, oci_repository(NAME, &url).follows("semver", "1.x")).await?;
    world.applied("apps", &old).await?;
    let newer = push(registry, "oci-semver", "1.10.0", "1.10.0").await?;
    world.request("OCIRepository", NAME).await?;
    world.applied("apps", &newer).await?;
    let filtered = json!({ "semver": ">=1.0.0-0", "semverFilter": ".*-rc.*" });
    world.apply(oci_repository(NAME, &url).with("ref", filtered)).await?;
    world.applied("apps", &rc).await?;
    let digest = old.split_once('@').map_or("", |(_, digest)| digest);
    world.apply(oci_repository(NAME, &url).follows("digest", digest)).await?;
    world.applied("apps", digest).await?;
    assert_eq!(value(&world).await?, "1.2.0");
    Ok(())
}

#[tokio::test]
async fn a_copied_layer_is_served_as_it_was_pushed() -> Outcome {
    let (world, registry) = (scenario("oci-copy").await?, registry().await?);
    let pushed = registry.push("oci-copy", "latest", &[("apps/a.yaml", &config_map("a", "1"))]).await?;
    let selector = json!({ "mediaType": CONTENT, "operation": "copy" });
    follow(&world, oci_repository(NAME, &registry.url("oci-copy")).with("layerSelector", selector.clone())).await?;
    world.applied("apps", &pushed.revision).await?;
    let source = world.get("OCIRepository", NAME).await?;
    let served = http::get(source["status"]["artifact"]["url"].as_str().unwrap_or_default()).await?;
    assert_eq!(served.body, pushed.layer);
    assert_eq!(source["status"]["observedLayerSelector"], selector);
    Ok(())
}

#[tokio::test]
async fn other_rules_make_another_artifact_of_the_same_revision() -> Outcome {
    let (world, registry) = (scenario("oci-rules").await?, registry().await?);
    let files = [("apps/a.yaml", config_map("a", "1")), ("apps/b.yaml", config_map("b", "1"))];
    let files: Vec<_> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let revision = registry.push("oci-rules", "latest", &files).await?.revision;
    let source = oci_repository(NAME, &registry.url("oci-rules"));
    follow(&world, source.clone()).await?;
    world.applied("apps", &revision).await?;
    assert!(world.exists("ConfigMap", "b").await?);
    world.apply(source.with("ignore", "b.yaml")).await?;
    world.until("OCIRepository", NAME, |found| found["status"]["observedIgnore"] == "b.yaml").await?;
    world.request("Kustomization", "apps").await?;
    world.gone("ConfigMap", "b").await?;
    Ok(())
}

#[tokio::test]
async fn credentials_come_from_a_secret_or_from_a_service_account() -> Outcome {
    let world = scenario("oci-auth").await?;
    let registry = Registry::guarded("flux", "right-one").await?;
    let revision = push(&registry, "oci-auth", "latest", "1").await?;
    let source = oci_repository(NAME, &registry.url("oci-auth"));
    follow(&world, source.clone()).await?;
    let message = world.fails("OCIRepository", NAME, "OCIArtifactPullFailed").await?;
    assert!(message.contains("status 401") && message.contains("spec.secretRef"), "{message}");
    world.apply(source.clone().with_secret("pull")).await?;
    let message = world.fails("OCIRepository", NAME, "AuthenticationFailed").await?;
    assert!(message.contains("failed to get secret 'oci-auth/pull'"), "{message}");
    world.apply(pull_secret("pull", &registry.host(), "flux", "wr0ng-one")).await?;
    world.request("OCIRepository", NAME).await?;
    let message = world.fails("OCIRepository", NAME, "OCIArtifactPullFailed").await?;
    assert!(message.contains("does not accept the credentials") && !message.contains("wr0ng-one"), "{message}");
    assert!(!shared().await?.agent.log().contains("wr0ng-one"), "the password is in the log");
    world.apply(pull_secret("right", &registry.host(), "flux", "right-one")).await?;
    let account = json!({
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": { "name": "puller" },
        "imagePullSecrets": [{ "name": "right" }],
    });
    world.apply(account).await?;
    world.apply(source.with("serviceAccountName", "puller")).await?;
    world.applied("apps", &revision).await?;
    Ok(())
}

#[tokio::test]
async fn a_registry_that_is_away_leaves_the_last_state_and_is_found_again() -> Outcome {
    let world = scenario("oci-away").await?;
    let mut registry = Registry::start().await?;
    let revision = push(&registry, "oci-away", "latest", "1").await?;
    follow(&world, oci_repository(NAME, &registry.url("oci-away"))).await?;
    world.applied("apps", &revision).await?;
    registry.pause();
    world.request("OCIRepository", NAME).await?;
    let message = world.fails("OCIRepository", NAME, "OCIArtifactPullFailed").await?;
    assert!(message.contains(&registry.host()) && message.contains("the connection failed"), "{message}");
    let source = world.get("OCIRepository", NAME).await?;
    assert_eq!(source["status"]["artifact"]["revision"], revision);
    world.request("Kustomization", "apps").await?;
    world.applied("apps", &revision).await?;
    registry.resume().await?;
    let newer = push(&registry, "oci-away", "latest", "2").await?;
    world.applied("apps", &newer).await?;
    Ok(())
}

#[tokio::test]
async fn what_is_not_there_and_what_is_wrong_is_told() -> Outcome {
    let (world, registry) = (scenario("oci-wrong").await?, registry().await?);
    push(registry, "oci-wrong", "latest", "1").await?;
    let source = || oci_repository(NAME, &registry.url("oci-wrong"));
    world.apply(source().follows("tag", "missing")).await?;
    let message = world.fails("OCIRepository", NAME, "OCIArtifactPullFailed").await?;
    assert!(message.contains("MANIFEST_UNKNOWN") && message.contains("spec.ref"), "{message}");
    world.apply(source().follows("semver", "9.x")).await?;
    let message = world.fails("OCIRepository", NAME, "ReadOperationFailed").await?;
    assert!(message.contains("no match found for semver: 9.x") && message.contains("`latest`"), "{message}");
    world.apply(source().with("layerSelector", json!({ "mediaType": "a/b" }))).await?;
    let message = world.fails("OCIRepository", NAME, "OCIArtifactLayerOperationFailed").await?;
    assert!(message.contains("'a/b'") && message.contains(CONTENT), "{message}");
    world.apply(oci_repository(NAME, "oci://ghcr.io/Org/App:v1")).await?;
    world.fails("OCIRepository", NAME, "URLInvalid").await?;
    let stalled = world.get("OCIRepository", NAME).await?;
    assert_eq!(condition(&stalled, "Stalled")["reason"], "URLInvalid");
    Ok(())
}

#[tokio::test]
async fn what_is_not_served_yet_is_refused() -> Outcome {
    let (world, registry) = (scenario("oci-unserved").await?, registry().await?);
    push(registry, "oci-unserved", "latest", "1").await?;
    let source = || oci_repository(NAME, &registry.url("oci-unserved"));
    world.apply(source().with("verify", json!({ "provider": "cosign" }))).await?;
    let message = world.fails("OCIRepository", NAME, "NotServedYet").await?;
    assert!(message.contains("spec.verify"), "{message}");
    world.delete("OCIRepository", NAME).await?;
    world.gone("OCIRepository", NAME).await?;
    world.apply(source().with("provider", "azure")).await?;
    let told = |found: &Value| condition(found, "Ready")["message"].as_str().unwrap_or_default().contains("azure");
    let refused = world.until("OCIRepository", NAME, told).await?;
    assert_eq!(refused["status"]["artifact"], Value::Null);
    Ok(())
}
