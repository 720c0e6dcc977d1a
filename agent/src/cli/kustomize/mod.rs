//! `sluice kustomize build`: the engine of the agent on a local directory, with the flags of `kustomize build`.

mod disk;
mod flags;
mod remote;

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use clap::Subcommand;
use sluice_kustomize::{Built, Error, Repository};
use sluice_object::{Tree, TreePath};

use disk::Disk;
use flags::Build;
use remote::Fetcher;

/// Commands about kustomizations.
#[derive(Debug, Subcommand)]
pub(super) enum Kustomize {
    /// Builds a kustomization and prints its objects.
    Build(Box<Build>),
}

impl Kustomize {
    /// Does what the command line says.
    ///
    /// # Errors
    /// When the build fails, or a file cannot be read or written.
    pub(super) fn execute(self) -> anyhow::Result<()> {
        let Self::Build(command) = self;
        command.check()?;
        let built = command.build()?;
        built.warnings.iter().for_each(|warning| eprintln!("{warning}"));
        match &command.output {
            Some(directory) if directory.is_dir() => write_each(directory, &built),
            Some(file) => write(file, &built.to_yaml()),
            None => {
                print!("{}", built.to_yaml());
                Ok(())
            }
        }
    }
}

impl Build {
    fn build(&self) -> anyhow::Result<Built> {
        let mut fetcher = Fetcher::default();
        match Repository::parse(&self.directory.to_string_lossy()) {
            Some(repository) => self.build_repository(&repository, &mut fetcher),
            None => self.build_directory(&mut fetcher),
        }
    }

    fn build_directory(&self, fetcher: &mut Fetcher) -> anyhow::Result<Built> {
        let directory = self.target()?;
        for root in self.roots(&directory)? {
            let path = below(&directory, &root)?;
            let inside = self.root.is_some() || root.parent().is_none();
            match fetcher.build(&Disk::new(&root), &path, self.options()) {
                // What lies further out is looked for from the next root.
                Err(error) if !inside && matches!(error.downcast_ref(), Some(Error::Leaves { .. })) => {}
                built => return built,
            }
        }
        bail!("build `{}`: it has no root", directory.display())
    }

    /// Builds a directory of a repository, which may read nothing else.
    fn build_repository(&self, repository: &Repository, fetcher: &mut Fetcher) -> anyhow::Result<Built> {
        let path = fetcher.fetch(repository)?;
        fetcher.build(&Tree::in_memory::<&str, &[u8]>([]), &path, self.options())
    }

    fn target(&self) -> anyhow::Result<PathBuf> {
        let text = self.directory.to_string_lossy();
        if text.is_empty() {
            bail!("build ``: the directory's path is empty; leave it away for the current directory");
        }
        let directory = canonical(&self.directory)?;
        if !directory.is_dir() {
            bail!("build `{text}`: it is a file; name the directory of a kustomization");
        }
        Ok(directory)
    }

    /// Returns where paths may lead: to --root, or else to the work tree of Git around DIR, or else anywhere. Messages
    /// name files from there.
    fn roots(&self, directory: &Path) -> anyhow::Result<Vec<PathBuf>> {
        if let Some(root) = &self.root {
            return Ok(vec![canonical(root)?]);
        }
        let work_tree = directory.ancestors().find(|above| above.join(".git").exists());
        let all = directory.ancestors().last();
        Ok(work_tree.into_iter().chain(all).map(Path::to_owned).collect())
    }
}

fn below(directory: &Path, root: &Path) -> anyhow::Result<TreePath> {
    let below = directory.strip_prefix(root);
    let below = below.with_context(|| format!("`{}` is not below `{}`", directory.display(), root.display()))?;
    Ok(TreePath::parse(&below.to_string_lossy())?)
}

fn canonical(path: &Path) -> anyhow::Result<PathBuf> {
    fs::canonicalize(path).with_context(|| format!("open `{}`", path.display()))
}

fn write(file: &Path, text: &str) -> anyhow::Result<()> {
    fs::write(file, text).with_context(|| format!("write `{}`", file.display()))
}

/// Writes a file for each object.
fn write_each(directory: &Path, built: &Built) -> anyhow::Result<()> {
    built.to_files().iter().try_for_each(|(name, text)| write(&directory.join(name), text))
}

#[cfg(test)]
mod tests;
