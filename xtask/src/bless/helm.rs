//! The golden templates of `template`, rendered by Helm's engine; what `helm` makes of charts and values,
//! what it knows of clusters, and the patches that it sends.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use sluice_e2e::tools::Tool;

use super::{
    Golden,
    oracle::{Oracle, files},
};
use crate::programs::workspace;

const TABLES: &str = "crates/template/tests/golden";
/// Tables of `helm`, each asked of the task of its name.
const VALUES: [&str; 11] = [
    "coalesce",
    "dependencies",
    "digests",
    "ignore",
    "load",
    "made",
    "references",
    "schema",
    "stored",
    "strategies",
    "values",
];
/// Streams of manifests, post-rendered.
const POST_RENDERED: &str = "crates/kustomize/tests/post_render.json";
/// What Helm takes a cluster for that it does not ask.
const KNOWN: &str = "crates/helm/src/capabilities/known.json";
/// What patches that clients make of built-in kinds go by.
const TYPES: &str = "crates/kustomize/src/schema/client-go.txt";
/// Objects before and after an upgrade.
const PATCHES: &str = "crates/kustomize/tests/three-way.json";
/// Which kinds should not be used any more.
const DEPRECATED: &str = "crates/helm/src/lint/deprecated.json";

/// Makes the answers in each table anew. A folder's tables are asked of the task of its name: those of `stubbed` with
/// functions of chance, keys and time that answer always alike.
pub(super) fn goldens() -> anyhow::Result<Vec<Golden>> {
    let oracle = Oracle::of(Tool::HelmOracle)?;
    // Nothing is read, but the oracle is asked with a file.
    let asked = |task: &str, file: &str| oracle.golden(file.into(), &[task], Path::new(file));
    let mut goldens = vec![
        asked("capabilities", KNOWN)?,
        asked("deprecations", DEPRECATED)?,
        asked("types", TYPES)?,
        asked("patches", PATCHES)?,
        asked("postrender", POST_RENDERED)?,
    ];
    for folder in folders()? {
        let task = if folder == "stubbed" { "stubbed" } else { "rows" };
        for table in files(&format!("{TABLES}/{folder}"), ".json")? {
            goldens.push(oracle.golden(table.clone(), &[task], &table)?);
        }
    }
    for task in VALUES {
        let table = PathBuf::from(format!("crates/helm/tests/golden/{task}.json"));
        goldens.push(oracle.golden(table.clone(), &[task], &table)?);
    }
    Ok(goldens)
}

fn folders() -> anyhow::Result<Vec<String>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(workspace().join(TABLES)).with_context(|| format!("list {TABLES}"))? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            found.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    found.sort();
    Ok(found)
}
