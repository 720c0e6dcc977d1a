//! The example `examples/stamps`, from Git and from Azure Blob Storage.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sluice_e2e::azurite::KEY;
use sluice_e2e::scenario::{Draft, bucket, condition, git_repository, kustomization, secret};
use sluice_e2e::{Outcome, Scenario};

use crate::fixture::{azurite, scenario, shared};

fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/stamps")
}

/// Returns the files below a folder by their paths in it.
fn files(folder: &Path, prefix: &str) -> Outcome<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
        match entry.file_type()?.is_dir() {
            true => found.extend(files(&entry.path(), &format!("{path}/"))?),
            false => drop(found.insert(path, fs::read_to_string(entry.path())?)),
        }
    }
    Ok(found)
}

/// In the order in which they depend on each other.
const COMPONENTS: [&str; 3] = ["cert-manager", "database", "sample"];

async fn get(world: &Scenario<'_>, namespace: &str, words: &[&str]) -> Outcome<Value> {
    let output = world.cluster.kubectl(&[&["-n", namespace, "get", "-o", "json"], words].concat()).await?;
    Ok(serde_json::from_slice(&output.stdout).unwrap_or_default())
}

/// Returns who is there, and with how many replicas: operators from files, instances from charts.
async fn deployments(world: &Scenario<'_>) -> Outcome<Vec<(Value, Value)>> {
    let mut found = Vec::new();
    for component in COMPONENTS {
        for name in [&format!("{component}-operator"), component] {
            let object = get(world, &format!("stamp-{component}"), &["deployment", name]).await?;
            found.push((object["metadata"]["uid"].clone(), object["spec"]["replicas"].clone()));
        }
    }
    Ok(found)
}

/// Waits until all charts come from a source of a kind and are released; returns the histories of the releases.
async fn released(world: &Scenario<'_>, kind: &str) -> Outcome<Vec<Value>> {
    let look = || async {
        let mut histories = Vec::new();
        for component in COMPONENTS {
            let namespace = format!("stamp-{component}");
            let chart = format!("{namespace}-{component}");
            let chart = get(world, &world.namespace, &["helmchart", &chart]).await.unwrap_or_default();
            let release = get(world, &namespace, &["helmrelease", component]).await.unwrap_or_default();
            let ready = [&chart, &release].map(|object| condition(object, "Ready")["status"].clone());
            if chart["spec"]["sourceRef"]["kind"] != kind || ready != ["True", "True"] {
                return Err((component, chart["status"].clone(), release["status"].clone()));
            }
            histories.push(release["status"]["history"].clone());
        }
        Ok(histories)
    };
    world.eventually(look).await
}

/// Returns a stamp's Kustomization, with charts from a source of a kind.
fn stamp(name: &str, kind: &str) -> Draft {
    let substitute = json!({ "source_kind": kind });
    kustomization(name)
        .path(&format!("./software/{name}"))
        .with("postBuild", json!({ "substitute": substitute }))
        .with("sourceRef", json!({ "kind": kind, "name": "stamps" }))
}

#[tokio::test]
async fn stamps_move_from_git_to_a_container_and_nothing_is_made_anew() -> Outcome {
    let world = scenario("stamps").await?;
    // The example's sources are where the agent is.
    let files: BTreeMap<_, _> = files(&example(), "")?
        .into_iter()
        .map(|(path, text)| (path, text.replace("namespace: flux-system", "namespace: stamps")))
        .collect();
    let listed: Vec<_> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let revision = world.commit(&listed)?;
    world.apply(git_repository("stamps", &world.url())).await?;
    world.apply(stamp("stamp-global", "GitRepository")).await?;
    world.apply(stamp("stamp-production", "GitRepository").depends_on("stamp-global")).await?;
    world.applied("stamp-production", &revision).await?;
    let histories = released(&world, "GitRepository").await?;
    let before = deployments(&world).await?;
    assert_eq!(before.iter().map(|(_, replicas)| replicas.clone()).collect::<Vec<_>>(), [1, 1, 3, 1, 3, 2]);
    let waits = get(&world, "stamp-sample", &["events", "--field-selector=reason=DependencyNotReady"]).await?;
    let message = waits["items"][0]["message"].as_str().unwrap_or_default();
    assert!(message.contains("stamp-database/database"), "{waits:#}");

    let container = azurite().await?.container("stamps").await?;
    for (path, text) in &files {
        container.put(path, text).await?;
    }
    world.apply(secret("azure", &[("accountKey", KEY)])).await?;
    world.apply(bucket("stamps", &azurite().await?.endpoint(), "stamps").with_secret("azure")).await?;
    let source = world.ready("Bucket", "stamps").await?;
    let revision = source["status"]["artifact"]["revision"].as_str().unwrap_or_default();
    world.apply(stamp("stamp-global", "Bucket")).await?;
    world.apply(stamp("stamp-production", "Bucket").depends_on("stamp-global")).await?;
    world.applied("stamp-production", revision).await?;
    assert_eq!(released(&world, "Bucket").await?, histories);
    assert_eq!(deployments(&world).await?, before);
    Ok(())
}

#[tokio::test]
async fn the_cluster_files_of_stamps_are_accepted() -> Outcome {
    for source in ["git.yaml", "blob.yaml"] {
        let file = example().join("clusters").join(source).display().to_string();
        let output = shared().await?.cluster.kubectl(&["apply", "--dry-run=server", "-f", &file]).await?;
        assert!(output.status.success(), "{source}: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}
