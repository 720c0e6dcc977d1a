//! The programs that come as npm packages: installed once, by the lock file beside their manifest.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use sha2::{Digest as _, Sha256};

use super::{ToolError, at, cache_root, hex, lock};

const MANIFESTS: [&str; 2] = ["package.json", "package-lock.json"];

/// Returns the script of Azurite, Azure's own emulator of Blob Storage, for `node`; it is installed when the cache
/// lacks it.
///
/// # Errors
/// When npm is missing or fails, or the cache cannot be written.
pub async fn azurite() -> Result<PathBuf, ToolError> {
    let installed = tokio::task::spawn_blocking(|| install("azurite")).await??;
    Ok(installed.join("node_modules/azurite/dist/src/blob/main.js"))
}

fn install(name: &'static str) -> Result<PathBuf, ToolError> {
    let module = Path::new(env!("CARGO_MANIFEST_DIR")).join("tools").join(name);
    let root = cache_root()?;
    let folder = root.join(format!("{name}-{}", fingerprint(&module)?));
    if folder.exists() {
        return Ok(folder);
    }
    fs::create_dir_all(&root).map_err(at(&root))?;
    let _lock = lock(&root)?;
    if !folder.exists() {
        run(name, &module, &folder)?;
    }
    Ok(folder)
}

fn fingerprint(module: &Path) -> Result<String, ToolError> {
    let mut hash = Sha256::new();
    for path in MANIFESTS.map(|file| module.join(file)) {
        hash.update(fs::read(&path).map_err(at(&path))?);
    }
    Ok(hex(&hash.finalize()[..6]))
}

/// Installs beside the final place and renames, so that no one ever sees half of it.
fn run(name: &'static str, module: &Path, folder: &Path) -> Result<(), ToolError> {
    eprint!("installing {name} once for all later runs … ");
    let started = Instant::now();
    let partial = folder.with_extension("partial");
    let _ = fs::remove_dir_all(&partial);
    fs::create_dir_all(&partial).map_err(at(&partial))?;
    for file in MANIFESTS {
        fs::copy(module.join(file), partial.join(file)).map_err(at(module))?;
    }
    let output = Command::new("npm")
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
        .current_dir(&partial)
        .output()
        .map_err(|source| no_npm(name, module, source))?;
    super::check(name, module, &output)?;
    fs::rename(&partial, folder).map_err(at(folder))?;
    eprintln!("{:.0?}", started.elapsed());
    Ok(())
}

fn no_npm(tool: &'static str, module: &Path, source: io::Error) -> ToolError {
    match source.kind() {
        io::ErrorKind::NotFound => ToolError::NoNpm { tool },
        _ => ToolError::File { path: module.to_owned(), source },
    }
}
