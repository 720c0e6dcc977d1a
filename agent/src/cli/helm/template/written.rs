//! `--output-dir`: a file for each template.

use std::{
    collections::BTreeSet,
    fs::{self, OpenOptions},
    io::{self, Write as _},
    path::{Component, Path, PathBuf},
};

use anyhow::{Context as _, bail};
use sluice_helm::{Hook, Rendered};

use crate::cli::helm::output::Output;

/// Writes what was rendered below a folder. CRDs do not have the name of the release in their paths.
///
/// # Errors
/// When a file cannot be written, or its path leaves the folder.
pub(super) fn write(
    directory: &Path,
    release: Option<&str>,
    rendered: &Rendered,
    hooks: &[&Hook],
    crds: bool,
    output: &mut Output,
) -> anyhow::Result<()> {
    let mut written = BTreeSet::new();
    let below = release.map_or_else(|| directory.to_owned(), |name| directory.join(name));
    let crds = rendered.crds.iter().filter(|_| crds).map(|(path, text)| (directory, path, text));
    let manifests = rendered.manifests.iter().map(|manifest| (below.as_path(), &manifest.path, &manifest.text));
    for (directory, path, text) in crds.chain(manifests) {
        document(directory, path, text, written.insert(path.clone()), output)?;
    }
    for hook in hooks {
        let first = !below.join(&hook.path).exists();
        document(&below, &hook.path, &hook.manifest, first, output)?;
    }
    output.print("\n");
    Ok(())
}

fn document(directory: &Path, path: &str, text: &str, first: bool, output: &mut Output) -> anyhow::Result<()> {
    if !Path::new(path).components().all(|part| matches!(part, Component::Normal(_))) {
        bail!("`{path}` leaves `{}`", directory.display());
    }
    let shown = format!("{}/{path}", directory.display());
    let file = PathBuf::from(&shown);
    append(&file, &format!("---\n# Source: {path}\n{text}\n"), first).with_context(|| format!("write `{shown}`"))?;
    output.line(format_args!("wrote {shown}"));
    Ok(())
}

fn append(file: &Path, text: &str, first: bool) -> io::Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut options = OpenOptions::new();
    let options =
        if first { options.write(true).create(true).truncate(true) } else { options.append(true).create(true) };
    options.open(file)?.write_all(text.as_bytes())
}
