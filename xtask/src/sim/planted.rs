//! Mistakes that the simulator must find: each patch is applied to a copy of the tree, whose sweep must fail then. The
//! copy is the same for all, so that only what a patch touches is built again.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use tempfile::TempDir;

use crate::process::{cargo, command, step};

const PATCHES: &str = "crates/sim/mutations";
const TEST: &[&str] = &["test", "--locked", "--package", "sluice-sim", "--test", "sweeps"];

/// Plants each mistake in turn, and fails unless every one is found.
pub(super) fn run() -> anyhow::Result<()> {
    let (mut patches, mut missed) = (patches()?, Vec::new());
    patches.sort();
    let copy = copy().context("copy the tree")?;
    for patch in &patches {
        let name = patch.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        apply(copy.path(), patch, &[])?;
        let is_found = is_found(copy.path(), &name)?;
        apply(copy.path(), patch, &["--reverse"])?;
        println!("{name}: {}", if is_found { "found" } else { "not found" });
        missed.extend((!is_found).then_some(name));
    }
    if !missed.is_empty() {
        bail!("{} of {} mistakes were not found: {}", missed.len(), patches.len(), missed.join(", "));
    }
    Ok(())
}

fn patches() -> anyhow::Result<Vec<PathBuf>> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(PATCHES);
    let entries = fs::read_dir(&dir).with_context(|| format!("read `{}`", dir.display()))?;
    entries.map(|entry| Ok(entry?.path().canonicalize()?)).collect()
}

/// Copies what is committed or staged.
fn copy() -> anyhow::Result<TempDir> {
    let dir = TempDir::new()?;
    let to = format!("{}/", dir.path().display());
    step("git checkout-index", command("git", &["checkout-index", "--all", "--prefix", &to]))?;
    Ok(dir)
}

fn apply(tree: &Path, patch: &Path, options: &[&str]) -> anyhow::Result<()> {
    let mut apply = command("git", &["apply"]);
    apply.args(options).arg(patch).current_dir(tree);
    step("git apply", apply)
}

/// Says whether the sweep fails; a tree that can't be built shows nothing.
fn is_found(tree: &Path, name: &str) -> anyhow::Result<bool> {
    let run = |more: &[&str]| {
        let mut test = cargo(&[TEST, more].concat());
        test.current_dir(tree).env("CARGO_TARGET_DIR", target());
        test
    };
    step(&format!("build with {name}"), run(&["--no-run"]))?;
    Ok(step(&format!("sweep with {name}"), run(&[])).is_err())
}

/// What is built of the dependencies is kept for the next time.
fn target() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    target.join("planted")
}
