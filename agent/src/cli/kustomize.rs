//! `sluice kustomize build`: the engine of the agent on a local directory, printing what `kustomize build` prints.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use clap::{Args, Subcommand, ValueEnum};
use sluice_kustomize::{Options, Restriction, build};
use sluice_object::{Tree, TreePath};

/// Commands about kustomizations.
#[derive(Debug, Subcommand)]
pub(super) enum Kustomize {
    /// Builds a kustomization and prints its objects.
    Build(Build),
}

/// Flags of `sluice kustomize build`.
#[derive(Debug, Args)]
pub(super) struct Build {
    /// The directory of the kustomization.
    #[arg(default_value = ".", value_name = "DIR")]
    directory: PathBuf,
    /// The file to write to, instead of standard output.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Where files may be read from.
    #[arg(long, value_enum, default_value = "LoadRestrictionsRootOnly")]
    load_restrictor: LoadRestrictor,
    /// The directory that bases may be in; without it the work tree of Git around DIR, or else DIR.
    #[arg(long, value_name = "DIR")]
    root: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
#[value(rename_all = "PascalCase")]
enum LoadRestrictor {
    /// From the kustomization that names them and below.
    LoadRestrictionsRootOnly,
    /// From anywhere below --root.
    LoadRestrictionsNone,
}

impl Kustomize {
    /// Does what the command line says.
    ///
    /// # Errors
    /// When the build fails, or a file cannot be read or written.
    pub(super) fn execute(self) -> anyhow::Result<()> {
        let Self::Build(command) = self;
        let text = command.build()?;
        match &command.output {
            Some(file) => fs::write(file, text).with_context(|| format!("write `{}`", file.display())),
            None => {
                print!("{text}");
                Ok(())
            }
        }
    }
}

impl Build {
    fn build(&self) -> anyhow::Result<String> {
        let directory = canonical(&self.directory)?;
        let root = match &self.root {
            Some(root) => canonical(root)?,
            None => directory.ancestors().find(|above| above.join(".git").exists()).unwrap_or(&directory).to_owned(),
        };
        let below = directory.strip_prefix(&root);
        let below = below.with_context(|| format!("`{}` is not below `{}`", directory.display(), root.display()))?;
        let tree = read_tree(&root).with_context(|| format!("read `{}`", root.display()))?;
        let built = build(&tree, &TreePath::parse(&below.to_string_lossy())?, &self.options())?;
        built.warnings.iter().for_each(|warning| eprintln!("warning: {warning}"));
        Ok(built.to_yaml())
    }

    fn options(&self) -> Options {
        let restriction = match self.load_restrictor {
            LoadRestrictor::LoadRestrictionsRootOnly => Restriction::RootOnly,
            LoadRestrictor::LoadRestrictionsNone => Restriction::Tree,
        };
        Options { restriction, ..Options::command_line() }
    }
}

fn canonical(path: &Path) -> anyhow::Result<PathBuf> {
    fs::canonicalize(path).with_context(|| format!("open `{}`", path.display()))
}

fn read_tree(root: &Path) -> io::Result<Tree> {
    let mut files = Vec::new();
    collect(root, "", &mut vec![root.to_owned()], &mut files)?;
    Ok(Tree::in_memory(files))
}

/// Reads the files below a directory. Links are followed, as kustomize does, unless they lead back to a directory
/// that is being read, or to nothing.
fn collect(
    directory: &Path,
    prefix: &str,
    within: &mut Vec<PathBuf>,
    files: &mut Vec<(String, Vec<u8>)>,
) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name();
        let path = format!("{prefix}{}", name.to_string_lossy());
        let Ok(target) = fs::canonicalize(entry.path()) else { continue };
        if target.is_file() {
            files.push((path, fs::read(target)?));
        } else if target.is_dir() && name != ".git" && !within.contains(&target) {
            within.push(target.clone());
            collect(&target, &format!("{path}/"), within, files)?;
            within.pop();
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::{Build, LoadRestrictor};

    const BASE: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: app\n";

    /// A repository with a base and an overlay, and a link that leads in a circle.
    fn repository() -> TempDir {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in [
            ("base/kustomization.yaml", "resources: [app.yaml]\n"),
            ("base/app.yaml", BASE),
            ("overlay/kustomization.yaml", "resources: [../base]\nnamePrefix: my-\n"),
            (".git/config", ""),
        ] {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        std::os::unix::fs::symlink(root.path(), root.path().join("base/circle")).unwrap();
        root
    }

    fn overlay(root: &TempDir) -> Build {
        let load_restrictor = LoadRestrictor::LoadRestrictionsRootOnly;
        Build { directory: root.path().join("overlay"), output: None, load_restrictor, root: None }
    }

    #[test]
    fn bases_are_found_in_the_work_tree() {
        assert_eq!(overlay(&repository()).build().unwrap(), BASE.replace("app", "my-app"));
    }

    #[test]
    fn bases_outside_of_the_root_are_not_found() {
        let root = repository();
        let build = Build { root: Some(root.path().join("overlay")), ..overlay(&root) };
        assert!(build.build().is_err());
    }

    #[test]
    fn a_directory_that_is_not_there_is_named() {
        let build = Build { directory: "missing".into(), ..overlay(&repository()) };
        assert_eq!(build.build().unwrap_err().to_string(), "open `missing`");
    }
}
