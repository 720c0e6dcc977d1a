//! The example stamps as a second repository on the fleet's server: charts beside the releases that install them.

use std::path::Path;

use sluice_e2e::Repo;

use super::fleet::{Fleet, edit};

/// The releases of the stamps that are installed: namespace and name.
pub(super) const RELEASES: [(&str, &str); 3] =
    [("stamp-cert-manager", "cert-manager"), ("stamp-database", "database"), ("stamp-sample", "sample")];

const GIT: &str = "clusters/git.yaml";
const BLOB: &str = "clusters/blob.yaml";

/// The repository.
#[derive(Debug)]
pub(super) struct Stamps {
    repo: Repo,
}

impl Stamps {
    /// Makes a repository of `examples/stamps` and serves it.
    pub(super) fn serve(fleet: &Fleet) -> anyhow::Result<Self> {
        let (repo, url) = fleet.second("stamps")?;
        edit(&repo, GIT, "https://git.example.com/stamps.git", &url)?;
        repo.commit("The example stamps")?;
        Ok(Self { repo })
    }

    /// Returns the work tree.
    pub(super) fn path(&self) -> &Path {
        self.repo.path()
    }

    /// Returns the file that makes a cluster follow the repository.
    pub(super) fn git(&self) -> &'static str {
        GIT
    }

    /// Writes into the work tree where the container is; returns the file that makes a cluster follow it.
    pub(super) fn blob(&self, endpoint: &str) -> anyhow::Result<&'static str> {
        edit(&self.repo, BLOB, "https://stamps.blob.core.windows.net", endpoint)?;
        edit(&self.repo, BLOB, "bucketName: stamps\n", "bucketName: stamps\n  secretRef:\n    name: azure\n")?;
        Ok(BLOB)
    }
}
