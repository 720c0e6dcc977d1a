//! The example `examples/stamps`, from Git and from Azure Blob Storage.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use sluice_e2e::azurite::KEY;
use sluice_e2e::scenario::{SOURCE, bucket, git_repository, kustomization, secret};
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

/// Returns who is there, and with how many replicas.
async fn deployments(world: &Scenario<'_>) -> Outcome<Vec<(Value, Value)>> {
    let mut found = Vec::new();
    for component in ["cert-manager", "database", "sample"] {
        let namespace = format!("stamp-{component}");
        let words = ["-n", &namespace, "get", "deployments", &format!("{component}-operator"), "-o", "json"];
        let output = world.cluster.kubectl(&words).await?;
        let object: Value = serde_json::from_slice(&output.stdout)?;
        found.push((object["metadata"]["uid"].clone(), object["spec"]["replicas"].clone()));
    }
    Ok(found)
}

#[tokio::test]
async fn stamps_move_from_git_to_a_container_and_nothing_is_made_anew() -> Outcome {
    let world = scenario("stamps").await?;
    let files = files(&example(), "")?;
    let listed: Vec<_> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let revision = world.commit(&listed)?;
    world.apply(git_repository(SOURCE, &world.url())).await?;
    let stamp = |name: &str| kustomization(name).path(&format!("./software/{name}"));
    world.apply(stamp("stamp-global")).await?;
    world.apply(stamp("stamp-production").depends_on("stamp-global")).await?;
    world.applied("stamp-production", &revision).await?;
    let before = deployments(&world).await?;
    assert_eq!(before.iter().map(|(_, replicas)| replicas.clone()).collect::<Vec<_>>(), [1, 3, 3]);

    let container = azurite().await?.container("stamps").await?;
    for (path, text) in &files {
        container.put(path, text).await?;
    }
    world.apply(secret("azure", &[("accountKey", KEY)])).await?;
    world.apply(bucket("stamps", &azurite().await?.endpoint(), "stamps").with_secret("azure")).await?;
    let source = world.ready("Bucket", "stamps").await?;
    let revision = source["status"]["artifact"]["revision"].as_str().unwrap_or_default();
    world.apply(stamp("stamp-global").from_bucket("stamps")).await?;
    world.apply(stamp("stamp-production").depends_on("stamp-global").from_bucket("stamps")).await?;
    world.applied("stamp-production", revision).await?;
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
