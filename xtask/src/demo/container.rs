//! The repository's content in a container of Azure Blob Storage, on Azure's own emulator.

use std::{fs, path::Path};

use anyhow::Context as _;
use sluice_e2e::azurite::{Azurite, KEY};

const NAME: &str = "fleet";

/// The emulator, with a container that is filled.
#[derive(Debug)]
pub(super) struct Container {
    azurite: Azurite,
}

impl Container {
    /// Starts the emulator and uploads the files of a work tree.
    pub(super) async fn fill(work_tree: &Path) -> anyhow::Result<Self> {
        let azurite = Azurite::start().await.map_err(anyhow::Error::from_boxed).context("start the emulator")?;
        let filled = Self { azurite };
        filled.add(NAME, work_tree).await?;
        Ok(filled)
    }

    /// Makes a container of the files of a work tree.
    pub(super) async fn add(&self, name: &str, work_tree: &Path) -> anyhow::Result<()> {
        self.azurite.container(name).await.map_err(anyhow::Error::from_boxed)?;
        self.upload(name, work_tree, "").await
    }

    /// Returns the account's address.
    pub(super) fn endpoint(&self) -> String {
        self.azurite.endpoint()
    }

    /// Returns the command that makes the Secret with the account's key.
    pub(super) fn secret(&self) -> String {
        format!("-n flux-system create secret generic azure --from-literal=accountKey={KEY}")
    }

    /// Writes a blob.
    pub(super) async fn put(&self, name: &str, text: &str) -> anyhow::Result<()> {
        self.put_into(NAME, name, text).await
    }

    async fn put_into(&self, container: &str, name: &str, text: &str) -> anyhow::Result<()> {
        let container = self.azurite.container_of(container);
        container.put(name, text).await.map_err(anyhow::Error::from_boxed)
    }

    /// Returns the names of the blobs that were downloaded so far.
    pub(super) fn downloads(&self) -> anyhow::Result<Vec<String>> {
        self.azurite.container_of(NAME).downloads().map_err(anyhow::Error::from_boxed)
    }

    async fn upload(&self, container: &str, folder: &Path, prefix: &str) -> anyhow::Result<()> {
        for entry in fs::read_dir(folder).with_context(|| format!("read {}", folder.display()))? {
            let entry = entry?;
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            if entry.file_type()?.is_file() {
                self.put_into(container, &name, &fs::read_to_string(entry.path())?).await?;
            } else if name != ".git" {
                Box::pin(self.upload(container, &entry.path(), &format!("{name}/"))).await?;
            }
        }
        Ok(())
    }
}
