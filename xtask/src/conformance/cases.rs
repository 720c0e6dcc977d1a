//! Finding what is to be built.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, ensure};
use serde::Deserialize;

/// The names of a kustomization file.
const FILES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// One build.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Case {
    pub(super) name: String,
    pub(super) directory: PathBuf,
    pub(super) flags: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
struct Description {
    #[serde(default)]
    target: String,
    #[serde(default)]
    flags: Vec<String>,
}

/// Returns the cases in a folder, each in both orders.
pub(super) fn in_folder(folder: &Path) -> anyhow::Result<Vec<Case>> {
    let mut cases = Vec::new();
    for path in directories(folder).with_context(|| format!("list {}", folder.display()))? {
        if path.join("input").is_dir() {
            cases.extend(both_orders(&path)?);
        }
    }
    ensure!(!cases.is_empty(), "no case in {}; hint: a case is a folder with `input/`", folder.display());
    Ok(cases)
}

fn both_orders(path: &Path) -> anyhow::Result<[Case; 2]> {
    let Description { target, flags } = description(path)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let legacy = Case { name, directory: path.join("input").join(target.trim()), flags };
    let mut written = legacy.clone();
    written.name.push_str(" (as written)");
    written.flags.extend(["--reorder", "none"].map(str::to_owned));
    Ok([legacy, written])
}

fn description(path: &Path) -> anyhow::Result<Description> {
    let json = path.join("case.json");
    match fs::read_to_string(&json) {
        Ok(text) => serde_json::from_str(&text).with_context(|| format!("read {}", json.display())),
        Err(_) => {
            let target = fs::read_to_string(path.join("target")).unwrap_or_default();
            let flags = ["--load-restrictor", "LoadRestrictionsNone"].map(str::to_owned).to_vec();
            Ok(Description { target, flags: if path.join("error.txt").exists() { Vec::new() } else { flags } })
        }
    }
}

/// Returns every directory with a kustomization below a folder.
pub(super) fn below(folder: &Path) -> anyhow::Result<Vec<Case>> {
    let root = fs::canonicalize(folder).with_context(|| format!("open {}", folder.display()))?;
    let mut found = Vec::new();
    collect(&root, &root, &mut found).with_context(|| format!("walk {}", folder.display()))?;
    ensure!(!found.is_empty(), "no kustomization below {}", folder.display());
    Ok(found)
}

fn collect(root: &Path, directory: &Path, found: &mut Vec<Case>) -> io::Result<()> {
    if FILES.iter().any(|name| directory.join(name).is_file()) {
        let name = directory.strip_prefix(root).unwrap_or(directory).display().to_string();
        found.push(Case { name, directory: directory.to_owned(), flags: Vec::new() });
    }
    directories(directory)?.iter().try_for_each(|directory| collect(root, directory, found))
}

/// Returns the directories in a directory, sorted; links and what Git keeps are left out.
fn directories(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() && entry.file_name() != ".git" {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}
