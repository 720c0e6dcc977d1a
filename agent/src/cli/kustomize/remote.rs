//! What a build on the command line lacks: fetched into a folder that goes away with the process.

use std::sync::Arc;

use anyhow::{Context as _, anyhow};
use sluice_controller::bases::{Bases, Fetching};
use sluice_kustomize::{Built, Error, Files, Need, Options, Place, Remote, Repository, build};
use sluice_object::TreePath;
use sluice_source::{Limits, Store, store};
use tempfile::TempDir;
use tokio::runtime::{self, Runtime};

/// Fetches for builds. Without a need there is neither folder nor socket.
#[derive(Default)]
pub(super) struct Fetcher(Option<Means>);

struct Means {
    fetching: Fetching,
    runtime: Runtime,
    _folder: TempDir,
}

impl Fetcher {
    /// Builds as often as something more is needed.
    ///
    /// # Errors
    /// When the build fails, or nothing can be fetched.
    pub(super) fn build(&mut self, files: &dyn Files, path: &TreePath, mut options: Options) -> anyhow::Result<Built> {
        loop {
            if let Some(means) = &self.0 {
                options.remotes = means.fetching.remotes().clone();
            }
            match build(files, path, &options) {
                Err(Error::Needs(needs)) => self.answer(needs)?,
                built => return Ok(built?),
            }
        }
    }

    /// Fetches a repository, and returns where its directory is.
    ///
    /// # Errors
    /// When it cannot be had.
    pub(super) fn fetch(&mut self, repository: &Repository) -> anyhow::Result<TreePath> {
        let what = Remote::Checkout(repository.checkout.clone());
        let shown = what.to_string();
        self.answer(vec![Need { what, place: Place::default() }])?;
        let directory = self.means()?.fetching.remotes().directory(repository);
        directory.map_err(|problem| anyhow!("`{shown}` can't be fetched: {problem}"))
    }

    fn answer(&mut self, needs: Vec<Need>) -> anyhow::Result<()> {
        let means = self.means()?;
        Ok(means.runtime.block_on(means.fetching.answer(needs))?)
    }

    fn means(&mut self) -> anyhow::Result<&mut Means> {
        let means = match self.0.take() {
            Some(means) => means,
            None => Means::new()?,
        };
        Ok(self.0.insert(means))
    }
}

impl Means {
    fn new() -> anyhow::Result<Self> {
        let folder = tempfile::tempdir().context("make a folder for what has to be fetched")?;
        let store = Store::at(folder.path(), store::Options::default()).context("use a folder for what is fetched")?;
        let runtime = runtime::Builder::new_current_thread().enable_all().build().context("start the runtime")?;
        Ok(Self { fetching: Arc::new(Bases::new(store, Limits::git())).fetching(), runtime, _folder: folder })
    }
}
