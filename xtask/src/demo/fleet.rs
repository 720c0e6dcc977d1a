//! The example fleet as a repository on a Git server, and the commits of the demo.

use std::{fs, path::Path};

use anyhow::{Context as _, ensure};
use sluice_e2e::{GitServer, Repo, git_server::ServerOptions};
use tempfile::TempDir;

use crate::programs;

const REPOSITORY: &str = "fleet.git";
const SYNC: &str = "clusters/dev/flux-system/gotk-sync.yaml";
const PLACEHOLDER: &str = "https://git.example.com/fleet.git";

/// The repository and its server.
#[derive(Debug)]
pub(super) struct Fleet {
    server: GitServer,
    repo: Repo,
    folder: TempDir,
}

impl Fleet {
    /// Makes a repository of `examples/fleet` and serves it.
    pub(super) async fn serve() -> anyhow::Result<Self> {
        let folder = TempDir::with_prefix("sluice-demo-").context("make a folder for the repository")?;
        let server = GitServer::start(folder.path(), ServerOptions::default()).await.context("start the Git server")?;
        let repo = Repo::init(folder.path().join(REPOSITORY))?;
        copy(&programs::workspace().join("examples/fleet"), repo.path())?;
        let fleet = Self { server, repo, folder };
        fleet.edit(SYNC, PLACEHOLDER, &fleet.url())?;
        fleet.repo.commit("The example fleet")?;
        Ok(fleet)
    }

    /// Returns where the repository is served.
    pub(super) fn url(&self) -> String {
        self.server.url(REPOSITORY)
    }

    /// Makes another repository of an example on the same server, and returns its URL too.
    pub(super) fn second(&self, example: &str) -> anyhow::Result<(Repo, String)> {
        let name = format!("{example}.git");
        let repo = Repo::init(self.folder.path().join(&name))?;
        copy(&programs::workspace().join("examples").join(example), repo.path())?;
        Ok((repo, self.server.url(&name)))
    }

    /// Returns the work tree.
    pub(super) fn path(&self) -> &Path {
        self.repo.path()
    }

    /// Returns the file that makes a cluster follow the repository.
    pub(super) fn sync(&self) -> &'static str {
        SYNC
    }

    /// Returns the id of the last commit.
    pub(super) fn head(&self) -> anyhow::Result<String> {
        Ok(self.repo.head()?)
    }

    /// Commits another tag of an app's image in dev, and returns the commit's id.
    pub(super) fn release(&self, from: &str, to: &str) -> anyhow::Result<String> {
        self.edit("apps/dev/kustomization.yaml", &format!("newTag: {from}"), &format!("newTag: {to}"))?;
        Ok(self.repo.commit(&format!("shop {to} in dev"))?)
    }

    /// Commits that an app is no more, and returns the commit's id.
    pub(super) fn retire(&self, app: &str) -> anyhow::Result<String> {
        for cluster in ["dev", "staging", "production"] {
            self.edit(&format!("apps/{cluster}/kustomization.yaml"), &format!("  - ../base/{app}\n"), "")?;
        }
        self.repo.remove(format!("apps/base/{app}"))?;
        Ok(self.repo.commit(&format!("no {app} any more"))?)
    }

    /// Commits a file that is no YAML, and that an app is no more; returns the commit's id.
    pub(super) fn break_yaml(&self, file: &str, retired: &str) -> anyhow::Result<String> {
        self.edit("apps/dev/kustomization.yaml", &format!("  - ../base/{retired}\n"), "")?;
        self.edit(file, "replicas: 1", "replicas: [1")?;
        Ok(self.repo.commit("tidy up")?)
    }

    /// Takes the last commit back, and returns the id of the commit that does.
    pub(super) fn revert(&self) -> anyhow::Result<String> {
        self.repo.git(&["revert", "--no-edit", "HEAD"])?;
        self.head()
    }

    /// Writes into the work tree that the cluster follows a container of the same content; returns the file to apply.
    pub(super) fn follow_container(&self, endpoint: &str) -> anyhow::Result<&'static str> {
        let (git, blob) = ("kind: GitRepository\n    name: flux-system", "kind: Bucket\n    name: flux-system");
        for file in ["clusters/dev/apps.yaml", "clusters/dev/infrastructure.yaml", SYNC] {
            self.edit(file, git, blob)?;
        }
        self.edit(SYNC, "kind: GitRepository\n", "kind: Bucket\n")?;
        let container =
            format!("  provider: azure\n  bucketName: fleet\n  endpoint: {endpoint}\n  secretRef:\n    name: azure\n");
        let repository = format!("  ref:\n    branch: main\n  url: {}\n", self.url());
        self.edit(SYNC, &repository, &container)?;
        Ok(SYNC)
    }

    /// Writes another tag of an app's image in dev into the work tree; returns the file and its text.
    pub(super) fn retag(&self, from: &str, to: &str) -> anyhow::Result<(&'static str, String)> {
        let file = "apps/dev/kustomization.yaml";
        self.edit(file, &format!("newTag: {from}"), &format!("newTag: {to}"))?;
        Ok((file, fs::read_to_string(self.repo.path().join(file))?))
    }

    fn edit(&self, file: &str, from: &str, to: &str) -> anyhow::Result<()> {
        edit(&self.repo, file, from, to)
    }
}

/// Replaces a text in a file of an example.
pub(super) fn edit(repo: &Repo, file: &str, from: &str, to: &str) -> anyhow::Result<()> {
    let path = repo.path().join(file);
    let text = fs::read_to_string(&path).with_context(|| format!("read {file}"))?;
    ensure!(text.contains(from), "the example's {file} has no `{}` any more", from.trim());
    Ok(repo.write(file, text.replace(from, to))?)
}

fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(to).with_context(|| format!("create {}", to.display()))?;
    for entry in fs::read_dir(from).with_context(|| format!("read {}", from.display()))? {
        let entry = entry?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type()?.is_dir() {
            copy(&source, &target)?;
        } else {
            fs::copy(&source, &target).with_context(|| format!("copy {}", source.display()))?;
        }
    }
    Ok(())
}
