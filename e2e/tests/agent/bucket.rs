//! Bucket: containers of Azure Blob Storage, on Azure's own emulator.

use sluice_e2e::azurite::{Azurite, Container, KEY};
use sluice_e2e::scenario::{Draft, bucket, condition, config_map, kustomization, secret};
use sluice_e2e::{Outcome, Scenario, http};

use crate::fixture::{alone, azurite, scenario, shared};

const BUCKET: &str = "fleet";

/// A Bucket that reads a container with the account's key.
fn keyed(azurite: &Azurite, container: Container<'_>) -> Draft {
    bucket(BUCKET, &azurite.endpoint(), container.name()).with_secret("azure")
}

/// Makes a container with two apps, the Bucket, and a Kustomization `apps` that has applied them.
async fn applied<'a>(world: &Scenario<'_>, azurite: &'a Azurite, name: &'a str) -> Outcome<Container<'a>> {
    let container = azurite.container(name).await?;
    for app in ["a", "b"] {
        container.put(&format!("apps/{app}/cm.yaml"), &config_map(app, "1")).await?;
    }
    world.apply(secret("azure", &[("accountKey", KEY)])).await?;
    world.apply(keyed(azurite, container)).await?;
    world.apply(kustomization("apps").from_bucket(BUCKET).path("./apps")).await?;
    world.applied("apps", &revision(world).await?).await?;
    Ok(container)
}

async fn revision(world: &Scenario<'_>) -> Outcome<String> {
    let bucket = world.ready("Bucket", BUCKET).await?;
    Ok(bucket["status"]["artifact"]["revision"].as_str().unwrap_or_default().to_owned())
}

/// Has the Bucket look at its container, and waits until what it has now is applied.
async fn synced(world: &Scenario<'_>) -> Outcome<String> {
    world.request("Bucket", BUCKET).await?;
    let revision = revision(world).await?;
    world.applied("apps", &revision).await?;
    Ok(revision)
}

#[tokio::test]
async fn a_container_is_applied_and_told_in_the_words_of_flux() -> Outcome {
    let world = scenario("blob-apply").await?;
    applied(&world, azurite().await?, "blob-apply").await?;
    assert_eq!(world.get("ConfigMap", "a").await?["data"]["value"], "1");
    let source = world.get("Bucket", BUCKET).await?;
    let revision = source["status"]["artifact"]["revision"].as_str().unwrap_or_default();
    let hex = revision.strip_prefix("sha256:").ok_or("a revision without sha256")?;
    assert_eq!(source["status"]["artifact"]["path"], format!("bucket/blob-apply/{BUCKET}/{hex}.tar.gz"));
    let message = format!("stored artifact: revision '{revision}'");
    for type_ in ["Ready", "ArtifactInStorage"] {
        assert_eq!(condition(&source, type_)["message"], message.as_str(), "{source:#}");
    }
    let latest = http::get(source["status"]["url"].as_str().unwrap_or_default()).await?;
    assert_eq!((latest.status, source["status"]["artifact"]["size"].clone()), (200, latest.body.len().into()));
    let told = world.event("Bucket", BUCKET, |told| told.reason == "NewArtifact").await?;
    assert_eq!(told.message, "stored artifact with 2 fetched files from 'blob-apply' bucket");
    assert_eq!(told.annotations["source.toolkit.fluxcd.io/revision"], revision);
    assert!(!shared().await?.agent.log().contains(KEY), "the key is in the log");
    Ok(())
}

#[tokio::test]
async fn only_the_blob_that_has_changed_is_downloaded() -> Outcome {
    let world = scenario("blob-change").await?;
    let container = applied(&world, azurite().await?, "blob-change").await?;
    let before = container.downloads()?.len();
    world.request("Bucket", BUCKET).await?;
    assert_eq!(container.downloads()?.len(), before, "nothing has changed");
    let other = world.get("ConfigMap", "b").await?["metadata"]["resourceVersion"].clone();
    container.put("apps/a/cm.yaml", &config_map("a", "2")).await?;
    synced(&world).await?;
    assert_eq!(world.get("ConfigMap", "a").await?["data"]["value"], "2");
    assert_eq!(world.get("ConfigMap", "b").await?["metadata"]["resourceVersion"], other);
    assert_eq!(container.downloads()?[before..], ["apps/a/cm.yaml"]);
    Ok(())
}

#[tokio::test]
async fn what_is_deleted_from_the_container_is_pruned() -> Outcome {
    let world = scenario("blob-prune").await?;
    let container = applied(&world, azurite().await?, "blob-prune").await?;
    container.remove("apps/b/cm.yaml").await?;
    let before = container.downloads()?.len();
    synced(&world).await?;
    world.gone("ConfigMap", "b").await?;
    assert_eq!(world.get("ConfigMap", "a").await?["data"]["value"], "1");
    assert_eq!(container.downloads()?.len(), before);
    Ok(())
}

#[tokio::test]
async fn rules_a_prefix_and_spec_ignore_say_what_is_taken() -> Outcome {
    let world = scenario("blob-rules").await?;
    let container = applied(&world, azurite().await?, "blob-rules").await?;
    container.put(".sourceignore", "apps/b/\n").await?;
    synced(&world).await?;
    world.gone("ConfigMap", "b").await?;
    world.apply(keyed(azurite().await?, container).with("ignore", "!apps/b/\napps/a/")).await?;
    world.until("ConfigMap", "b", |found| found["data"]["value"] == "1").await?;
    world.gone("ConfigMap", "a").await?;
    world.apply(keyed(azurite().await?, container).with("prefix", "apps/a")).await?;
    world.until("ConfigMap", "a", |found| found["data"]["value"] == "1").await?;
    world.gone("ConfigMap", "b").await?;
    Ok(())
}

#[tokio::test]
async fn a_container_that_is_gone_leaves_the_last_state() -> Outcome {
    let world = scenario("blob-gone").await?;
    let container = applied(&world, azurite().await?, "blob-gone").await?;
    let before = revision(&world).await?;
    container.delete().await?;
    world.request("Bucket", BUCKET).await?;
    let message = world.fails("Bucket", BUCKET, "BucketOperationFailed").await?;
    assert!(message.contains("bucket 'blob-gone' not found") && message.contains("spec.bucketName"), "{message}");
    let source = world.get("Bucket", BUCKET).await?;
    assert_eq!(source["status"]["artifact"]["revision"], before);
    assert_eq!(condition(&source, "FetchFailed")["status"], "True");
    world.request("Kustomization", "apps").await?;
    world.applied("apps", &before).await?;
    assert_eq!(world.get("ConfigMap", "a").await?["data"]["value"], "1");
    Ok(())
}

#[tokio::test]
async fn a_403_is_told_and_ends_with_the_right_key() -> Outcome {
    let world = scenario("blob-denied").await?;
    let azurite = azurite().await?;
    let container = azurite.container("blob-denied").await?;
    container.put("cm.yaml", &config_map("a", "1")).await?;
    world.apply(keyed(azurite, container)).await?;
    let message = world.fails("Bucket", BUCKET, "AuthenticationFailed").await?;
    assert!(message.contains("failed to get secret 'blob-denied/azure'"), "{message}");
    let wrong = "d3Jvbmcga2V5";
    world.apply(secret("azure", &[("accountKey", wrong)])).await?;
    world.request("Bucket", BUCKET).await?;
    let message = world.fails("Bucket", BUCKET, "BucketOperationFailed").await?;
    assert!(message.contains("status 403: AuthorizationFailure") && !message.contains(wrong), "{message}");
    world.apply(secret("azure", &[("accountKey", KEY)])).await?;
    world.request("Bucket", BUCKET).await?;
    world.ready("Bucket", BUCKET).await?;
    Ok(())
}

#[tokio::test]
async fn other_providers_say_that_they_are_not_served_yet() -> Outcome {
    let world = scenario("blob-other").await?;
    world.apply(bucket(BUCKET, "s3.example.com", "fleet").with("provider", "aws")).await?;
    let message = world.fails("Bucket", BUCKET, "NotServedYet").await?;
    assert!(message.contains("spec.provider: aws") && message.contains("only `azure` is"), "{message}");
    Ok(())
}

#[tokio::test]
async fn a_restart_keeps_the_artifact_without_the_network() -> Outcome {
    let alone = alone().await?;
    let mut agent = alone.agent(&[]).await?;
    let world = alone.scenario("blob-restart").await?;
    let azurite = Azurite::start().await?;
    applied(&world, &azurite, "blob-restart").await?;
    let before = revision(&world).await?;
    agent.stop().await?;
    drop(azurite);
    agent.restart().await?;
    world.apply(kustomization("again").from_bucket(BUCKET).path("./apps").with("targetNamespace", "default")).await?;
    world.applied("again", &before).await?;
    world.request("Bucket", BUCKET).await?;
    let message = world.fails("Bucket", BUCKET, "BucketOperationFailed").await?;
    assert!(message.contains("127.0.0.1"), "{message}");
    assert_eq!(world.get("Bucket", BUCKET).await?["status"]["artifact"]["revision"], before);
    Ok(())
}
