//! The golden files of `yaml`, written by Go's YAML libraries.

use std::path::Path;

use sluice_e2e::tools::Tool;

use super::{
    Golden,
    oracle::{Oracle, beside, files},
};

const GOLDEN: &str = "crates/yaml/tests/golden";

/// Makes what is beside each input.
pub(super) fn goldens() -> anyhow::Result<Vec<Golden>> {
    let oracle = Oracle::of(Tool::YamlOracle)?;
    let mut goldens = Vec::new();
    for input in files(&format!("{GOLDEN}/marshal"), ".json")? {
        goldens.push(oracle.golden(beside(&input, ".json", ".yaml"), &["marshal"], &input)?);
    }
    for input in files(&format!("{GOLDEN}/layout"), ".in.yaml")? {
        for layout in ["wide", "compact"] {
            let path = beside(&input, ".in.yaml", &format!(".{layout}.yaml"));
            goldens.push(oracle.golden(path, &[layout], &input)?);
        }
    }
    for task in ["scalars", "documents"] {
        let table = Path::new(GOLDEN).join(task).with_extension("json");
        goldens.push(oracle.golden(table.clone(), &[task], &table)?);
    }
    Ok(goldens)
}
