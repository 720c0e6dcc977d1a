//! The golden objects of `apply`, expressions of `cel` and tables of `source`, answered by Flux's libraries.

use std::path::PathBuf;

use sluice_e2e::tools::Tool;

use super::{
    Golden,
    oracle::{Oracle, files},
};

/// The clock of `crates/apply/tests/health.rs`.
const NOW: &str = "2026-11-21T12:00:00Z";

/// Manifests that we send in another form than Flux: those without fields that the API server wants get no empty ones,
/// and certificates are not read.
const FORM_DIFFERS: [&str; 5] = [
    "autoscaler",
    "definition keeps a certificate",
    "ingress",
    "stateful set: service name, claim templates",
    "webhooks",
];

/// Comparisons that come out otherwise than with Flux: a patch never takes away what is no drift, and each rule counts.
const DRIFT_DIFFERS: [&str; 8] = [
    "a label of others stays where all are replaced",
    "elements move up when one is left out",
    "labels and annotations are both replaced",
    "no labels and no annotations, short",
    "several rules without target",
    "the object as a whole is never replaced",
    "what is left out stays where all around it is replaced",
    "what is left out stays where its list is replaced",
];

/// Makes the answers in each table anew.
pub(super) fn goldens() -> anyhow::Result<Vec<Golden>> {
    let oracle = Oracle::of(Tool::FluxOracle)?;
    let mut goldens = Vec::new();
    for table in files("crates/apply/tests/health", ".json")? {
        goldens.push(oracle.golden(table.clone(), &["health", NOW], &table)?);
    }
    let normalize = [&["normalize"], &FORM_DIFFERS[..]].concat();
    for table in files("crates/apply/tests/prepare", ".json")? {
        goldens.push(oracle.golden(table.clone(), &normalize, &table)?);
    }
    let drift = [&["drift"], &DRIFT_DIFFERS[..]].concat();
    for table in files("crates/apply/tests/drift", ".json")? {
        goldens.push(oracle.golden(table.clone(), &drift, &table)?);
    }
    for (task, table) in [("ranges", "semver/ranges.json"), ("ignore", "ignore/patterns.json")] {
        let table = PathBuf::from("crates/source/src").join(table);
        goldens.push(oracle.golden(table.clone(), &[task], &table)?);
    }
    let texts = PathBuf::from("crates/kustomize/tests/substitution.json");
    goldens.push(oracle.golden(texts.clone(), &["substitute"], &texts)?);
    for table in files("crates/cel/tests/golden", ".json")? {
        goldens.push(oracle.golden(table.clone(), &["expressions"], &table)?);
    }
    Ok(goldens)
}
