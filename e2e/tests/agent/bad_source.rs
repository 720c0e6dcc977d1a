//! Sources that cannot be read: what they say, and that what was applied before stays.

use serde_json::{Value, json};
use sluice_e2e::git_server::{Auth, ServerOptions};
use sluice_e2e::scenario::{SOURCE, condition, config_map, git_repository, kustomization, secret};
use sluice_e2e::{Agent, Outcome, Scenario, http};

use crate::fixture::{alone, scenario, served, shared};

/// Expects words in the condition, in an event and in the log.
async fn refused(world: &Scenario<'_>, agent: &Agent, reason: &str, words: &[&str]) -> Outcome {
    let message = world.fails("GitRepository", SOURCE, reason).await?;
    let missing = |text: &str| words.iter().find(|word| !text.contains(**word)).copied();
    assert_eq!(missing(&message), None, "not in: {message}");
    let told = world.event("GitRepository", SOURCE, |told| missing(&told.message).is_none()).await?;
    assert_eq!((told.type_.as_str(), told.reason.as_str()), ("Warning", reason));
    world
        .eventually(async || {
            let lines = agent.log_about("GitRepository", &world.namespace, SOURCE);
            if lines.iter().any(|line| missing(&line.to_string()).is_none()) { Ok(()) } else { Err(lines) }
        })
        .await
}

#[tokio::test]
async fn a_missing_secret_is_named_and_its_coming_is_enough() -> Outcome {
    let auth = Auth::Basic { user: "flux".into(), password: "pass".into() };
    let world = served("no-secret", ServerOptions { auth, ..ServerOptions::default() }).await?;
    world.commit(&[("a.yaml", &config_map("a", "1"))])?;
    world.apply(git_repository(SOURCE, &world.url()).with_secret("git")).await?;
    let words = ["no-secret/git", "spec.secretRef"];
    refused(&world, &shared().await?.agent, "AuthenticationFailed", &words).await?;
    world.apply(secret("git", &[("username", "flux"), ("password", "pass")])).await?;
    world.request("GitRepository", SOURCE).await?;
    world.ready("GitRepository", SOURCE).await?;
    Ok(())
}

#[tokio::test]
async fn missing_and_wrong_credentials_are_told_apart() -> Outcome {
    let auth = Auth::Basic { user: "flux".into(), password: "right".into() };
    let world = served("unauthorized", ServerOptions { auth, ..ServerOptions::default() }).await?;
    world.commit(&[("a.yaml", &config_map("a", "1"))])?;
    world.apply(git_repository(SOURCE, &world.url())).await?;
    let agent = &shared().await?.agent;
    let words = ["authentication required", "username", "spec.secretRef"];
    refused(&world, agent, "GitOperationFailed", &words).await?;
    world.apply(secret("git", &[("username", "flux"), ("password", "wr0ng-one")])).await?;
    world.apply(git_repository(SOURCE, &world.url()).with_secret("git")).await?;
    refused(&world, agent, "GitOperationFailed", &["authentication required", "does not accept the credentials"])
        .await?;
    assert!(!agent.log().contains("wr0ng-one"), "the password is in the log");
    Ok(())
}

#[tokio::test]
async fn a_missing_branch_is_told_with_those_that_exist() -> Outcome {
    let world = scenario("no-branch").await?;
    world.commit(&[("a.yaml", &config_map("a", "1"))])?;
    world.apply(git_repository(SOURCE, &world.url()).follows("branch", "mian")).await?;
    refused(&world, &shared().await?.agent, "GitOperationFailed", &["mian", "main"]).await
}

#[tokio::test]
async fn a_repository_that_is_down_keeps_its_artifact_and_what_was_applied() -> Outcome {
    let world = scenario("down").await?;
    let revision = world.source(&[("a.yaml", &config_map("a", "1"))]).await?;
    world.apply(kustomization("apps").into_namespace("down")).await?;
    world.applied("apps", &revision).await?;
    let artifact = world.get("GitRepository", SOURCE).await?["status"]["artifact"].clone();
    world.server.stop().await;
    world.request("GitRepository", SOURCE).await?;
    let agent = &shared().await?.agent;
    refused(&world, agent, "GitOperationFailed", &[&world.url()]).await?;
    let failed = world.get("GitRepository", SOURCE).await?;
    assert_eq!(condition(&failed, "FetchFailed")["status"], "True");
    assert_eq!(failed["status"]["artifact"], artifact);
    assert_eq!(http::get(artifact["url"].as_str().unwrap_or_default()).await?.status, 200);

    // Drift is put back without the repository.
    world.change("ConfigMap", "a", json!({ "data": { "value": "by hand" } })).await?;
    let handled = world.request("Kustomization", "apps").await?;
    assert_eq!(condition(&handled, "Ready")["status"], "True");
    assert_eq!(world.get("ConfigMap", "a").await?["data"]["value"], "1");

    world.server.restart().await?;
    let next = world.push(&[("a.yaml", &config_map("a", "2"))]).await?;
    let source = world.ready("GitRepository", SOURCE).await?;
    assert!(condition(&source, "FetchFailed").is_null());
    world.applied("apps", &next).await?;
    Ok(())
}

#[tokio::test]
async fn a_url_that_is_no_repository_is_refused() -> Outcome {
    let world = scenario("no-repository").await?;
    world.apply(git_repository(SOURCE, &world.server.url("nothing.git"))).await?;
    refused(&world, &shared().await?.agent, "GitOperationFailed", &["nothing.git", "spec.url"]).await
}

#[tokio::test]
async fn a_repository_above_the_limit_names_the_limit_and_its_flag() -> Outcome {
    let alone = alone().await?;
    let world = alone.scenario("too-large").await?;
    let agent = alone.agent(&["--git-max-size=1Mi"]).await?;
    let noise: Vec<u8> = (0..3_000_000_u32).map(|index| (index.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    world.repo.write("noise.bin", noise)?;
    world.commit(&[("a.yaml", &config_map("a", "1"))])?;
    world.apply(git_repository(SOURCE, &world.url())).await?;
    let told = |object: &Value| {
        let message = condition(object, "Ready")["message"].as_str().unwrap_or_default();
        message.contains("--git-max-size") && message.contains("1 MiB") && message.contains("hint")
    };
    world.until("GitRepository", SOURCE, told).await?;
    world.event("GitRepository", SOURCE, |told| told.message.contains("--git-max-size")).await?;
    assert!(agent.log().contains("--git-max-size"));
    Ok(())
}
