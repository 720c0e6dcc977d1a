//! The cases of `kustomize`, built by kustomize itself, and its reading of URLs.

use std::{
    fs,
    path::{Path, PathBuf},
};

use sluice_e2e::tools::Tool;

use super::{
    Golden,
    oracle::{Oracle, files},
};
use crate::programs::workspace;

const REPOSITORIES: &str = "crates/kustomize/tests/repositories.json";
const CASES: &str = "crates/kustomize/tests/cases";
/// As Flux builds. A kustomization that asks for another order gets it.
const BUILD: [&str; 5] = ["build", "--reorder", "none", "--load-restrictor", "LoadRestrictionsNone"];

/// Makes `expected.yaml` of each case; where our own words are expected, kustomize must refuse as well. Then the answers
/// in the table of URLs.
pub(super) fn goldens() -> anyhow::Result<Vec<Golden>> {
    let oracle = Oracle::of(Tool::Kustomize)?;
    let mut goldens = Vec::new();
    for case in files(CASES, "")? {
        // Says why kustomize is not asked.
        if !workspace().join(&case).join("ours.txt").exists() {
            goldens.extend(golden(&oracle, &case)?);
        }
    }
    let urls = Oracle::of(Tool::KustomizeOracle)?;
    goldens.push(urls.golden(PathBuf::from(REPOSITORIES), &["repositories"], Path::new(REPOSITORIES))?);
    Ok(goldens)
}

fn golden(oracle: &Oracle, case: &Path) -> anyhow::Result<Option<Golden>> {
    let has = |file: &str| workspace().join(case).join(file).exists();
    let target = fs::read_to_string(workspace().join(case).join("target")).unwrap_or_default();
    let folder = format!("input/{}", target.trim());
    let made = oracle.build(case, &[&BUILD[..], &[&folder]].concat())?;
    let refusal_expected = has("error.txt") && !has("expected.yaml");
    Ok(match made {
        Err(_) if refusal_expected => None,
        Ok(_) if refusal_expected => {
            let reason = "kustomize builds this case; hint: where we refuse on purpose, ours.txt says why".to_owned();
            Some(Golden { path: case.join("error.txt"), made: Err(reason) })
        }
        made => Some(Golden { path: case.join("expected.yaml"), made: made.map_err(refusal) }),
    })
}

fn refusal(text: String) -> String {
    format!("kustomize refuses this case; hint: error.txt holds our words (BLESS=1 writes it)\n{}", text.trim_end())
}
