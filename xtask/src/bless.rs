//! `cargo xtask bless`: golden files, made by the real tools.
//!
//! ```text
//! cases ── kustomize, Helm, the YAML libraries of Go, the libraries of Flux ──► Vec<Golden> ──► compare ──► write, or fail
//! ```

mod charts;
mod flux;
mod helm;
mod kustomize;
mod oracle;
mod yaml;

use std::{fs, io, path::PathBuf};

use anyhow::{Context as _, bail};

use crate::{diff, programs::workspace};

/// A golden file.
struct Golden {
    /// Where it is in the workspace.
    path: PathBuf,
    /// What its tool makes of the case, or why no text can be right.
    made: Result<String, String>,
}

/// Makes all golden files again, and writes those that differ.
///
/// With `check` nothing is written; a file that is missing or differs is an error. A case that its tool judges otherwise
/// than the files say is an error in any case.
pub(crate) fn run(check: bool) -> anyhow::Result<()> {
    let made = [kustomize::goldens()?, charts::goldens()?, helm::goldens()?, yaml::goldens()?, flux::goldens()?];
    let goldens: Vec<_> = made.into_iter().flatten().collect();
    let mut wrong = 0;
    for golden in &goldens {
        wrong += usize::from(!settle(golden, check)?);
    }
    if wrong > 0 {
        bail!("{wrong} of {} golden files are not what the tools say; {}", goldens.len(), hint(check));
    }
    eprintln!("── {} golden files are what the tools say", goldens.len());
    Ok(())
}

fn hint(check: bool) -> &'static str {
    if check { "hint: `cargo xtask bless` writes them" } else { "hint: change or rename the case" }
}

/// Brings a file and its tool together; says whether they agree in the end.
fn settle(golden: &Golden, check: bool) -> anyhow::Result<bool> {
    let name = golden.path.display();
    let text = match &golden.made {
        Ok(text) => text,
        Err(reason) => {
            println!("{name}: {reason}");
            return Ok(false);
        }
    };
    let present = read(golden)?;
    if present.as_ref() == Some(text) {
        return Ok(true);
    }
    if check {
        println!("{}", diff::describe(&name.to_string(), present.as_deref(), text));
        return Ok(false);
    }
    fs::write(workspace().join(&golden.path), text).with_context(|| format!("write {name}"))?;
    println!("{name}");
    Ok(true)
}

fn read(golden: &Golden) -> anyhow::Result<Option<String>> {
    match fs::read_to_string(workspace().join(&golden.path)) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("read {}", golden.path.display())),
    }
}
