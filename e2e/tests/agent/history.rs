//! A repository that goes back in time: a branch is set back, or a mirror serves what it had before.

use serde_json::Value;
use sluice_e2e::scenario::{SOURCE, condition, config_map, kustomization};
use sluice_e2e::{Outcome, Scenario, http};

use crate::fixture::scenario;

/// Sets the branch to a commit, as a push by force does, and waits until that is applied.
async fn moved(world: &Scenario<'_>, commit: &str) -> Outcome<Value> {
    world.repo.git(&["reset", "--quiet", "--hard", commit])?;
    world.request("GitRepository", SOURCE).await?;
    let revision = format!("main@sha1:{commit}");
    let source = world.ready("GitRepository", SOURCE).await?;
    assert_eq!(source["status"]["artifact"]["revision"], revision.as_str());
    let message = format!("stored artifact for revision '{revision}'");
    for type_ in ["Ready", "ArtifactInStorage"] {
        assert_eq!(condition(&source, type_)["message"], message.as_str(), "{source:#}");
    }
    let url = source["status"]["artifact"]["url"].as_str().unwrap_or_default();
    assert_eq!(http::get(url).await?.status, 200, "{url}");
    world.applied("apps", &revision).await
}

async fn value(world: &Scenario<'_>, name: &str) -> Outcome<Value> {
    Ok(world.get("ConfigMap", name).await?["data"]["value"].clone())
}

#[tokio::test]
async fn a_branch_that_is_set_back_takes_the_cluster_along_and_forward_again() -> Outcome {
    let world = scenario("history").await?;
    world.apply(kustomization("apps").into_namespace("history")).await?;
    let before = [("changed.yaml", config_map("changed", "1")), ("old.yaml", config_map("old", "1"))];
    let first = world.source(&before.each_ref().map(|(path, text)| (*path, text.as_str()))).await?;
    let applied = world.applied("apps", &first).await?;
    let digest = applied["status"]["history"][0]["digest"].clone();
    let first = world.repo.head()?;

    world.repo.remove("old.yaml")?;
    let after = [("changed.yaml", config_map("changed", "2")), ("new.yaml", config_map("new", "2"))];
    let second = world.push(&after.each_ref().map(|(path, text)| (*path, text.as_str()))).await?;
    world.applied("apps", &second).await?;
    world.gone("ConfigMap", "old").await?;
    let second = world.repo.head()?;

    let back = moved(&world, &first).await?;
    assert_eq!((value(&world, "changed").await?, value(&world, "old").await?), ("1".into(), "1".into()));
    world.gone("ConfigMap", "new").await?;
    let history = &back["status"]["history"][0];
    assert_eq!((&history["digest"], &history["totalReconciliations"]), (&digest, &2.into()), "{history:#}");
    assert_eq!(history["metadata"]["revision"], format!("main@sha1:{first}"));
    let entries = back["status"]["inventory"]["entries"].as_array().map(Vec::len);
    assert_eq!(entries, Some(2), "{:#}", back["status"]["inventory"]);

    moved(&world, &second).await?;
    assert_eq!((value(&world, "changed").await?, value(&world, "new").await?), ("2".into(), "2".into()));
    world.gone("ConfigMap", "old").await
}
