//! Writes the CRDs of the chart from the types of `sluice-api`.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context, bail};

/// Writes `charts/sluice/crds/<group>.yaml`, one file per API group.
///
/// With `check` nothing is written; a file that is missing, differs or should not be there is an error.
pub(crate) fn run(check: bool) -> anyhow::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../charts/sluice/crds");
    let files = files();
    let stale = stale(&folder, &files)?;
    match check {
        true if stale.is_empty() => Ok(()),
        true => bail!("charts/sluice/crds is not what the types say: {}; run `cargo xtask crds`", stale.join(", ")),
        false => write(&folder, &files, &stale),
    }
}

/// File names and contents.
fn files() -> BTreeMap<String, String> {
    let mut groups = BTreeMap::<String, Vec<_>>::new();
    for crd in sluice_api::crds() {
        groups.entry(crd.spec.group.clone()).or_default().push(crd);
    }
    groups.into_iter().map(|(group, crds)| (format!("{group}.yaml"), sluice_api::yaml(&crds))).collect()
}

/// Names of files that are to be written or removed.
fn stale(folder: &Path, files: &BTreeMap<String, String>) -> anyhow::Result<Vec<String>> {
    fs::create_dir_all(folder).with_context(|| format!("create {}", folder.display()))?;
    let mut present = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        present.insert(entry.file_name().to_string_lossy().into_owned(), fs::read_to_string(entry.path())?);
    }
    let changed = files.iter().filter(|(name, text)| present.get(*name) != Some(*text)).map(|(name, _)| name);
    let surplus = present.keys().filter(|name| !files.contains_key(*name));
    Ok(changed.chain(surplus).cloned().collect())
}

fn write(folder: &Path, files: &BTreeMap<String, String>, stale: &[String]) -> anyhow::Result<()> {
    for name in stale {
        let path = folder.join(name);
        match files.get(name) {
            Some(text) => fs::write(&path, text),
            None => fs::remove_file(&path),
        }
        .with_context(|| format!("write {}", path.display()))?;
        println!("charts/sluice/crds/{name}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, time::Duration};

    use anyhow::Context as _;
    use serde_json::Value;
    use sluice_api::schema;
    use sluice_e2e::{ControlPlane, Options, agent, eventually};

    /// Returns the schema of a kind from what an API server publishes for a group.
    async fn published(cluster: &ControlPlane, path: &str, kind: &str) -> anyhow::Result<Value> {
        let output = cluster.kubectl(&["get", "--raw", path]).await?;
        let whole: Value = serde_json::from_slice(&output.stdout).context("read the OpenAPI document")?;
        let schemas = whole["components"]["schemas"].as_object().into_iter().flatten().map(|(_, schema)| schema);
        let named = |schema: &&Value| schema["x-kubernetes-group-version-kind"][0]["kind"] == kind;
        schemas.into_iter().find(named).cloned().with_context(|| format!("find {kind} in {path}"))
    }

    /// Clients check manifests by what the server publishes; that equals `tests/fields.txt` of `sluice-api`.
    #[tokio::test]
    async fn an_api_server_publishes_all_that_the_types_say() -> anyhow::Result<()> {
        let cluster = ControlPlane::start(Options::default()).await?;
        agent::install(&cluster).await.map_err(anyhow::Error::from_boxed)?;
        for crd in sluice_api::crds() {
            let (kind, version) = (&crd.spec.names.kind, &crd.spec.versions[0].name);
            let path = format!("/openapi/v3/apis/{}/{version}", crd.spec.group);
            // Schemas are published a moment after their definitions are established.
            let schema = eventually(Duration::from_secs(30), async || {
                published(&cluster, &path, kind).await.map_err(|error| format!("{error:#}"))
            });
            let lines = |lines: Vec<schema::FieldLine>| lines.iter().map(ToString::to_string).collect::<BTreeSet<_>>();
            let (served, ours) = (lines(schema::lines(kind, &schema.await?)), lines(schema::fields(&crd)));
            let missing: Vec<_> = ours.symmetric_difference(&served).collect();
            assert!(missing.is_empty(), "{kind}: {missing:#?}");
        }
        Ok(())
    }
}
