//! A registry of OCI artifacts, the one of `crane`, and what tests push to it.

mod gate;
mod push;

use std::time::Duration;

use crate::process::{Folder, Process};
use crate::scenario::{Outcome, Unmet};
use crate::wait::eventually;
use crate::{http, ports, tools};

use self::gate::Gate;
pub use self::push::{CONTENT, Pushed, archive, digest};

const PATIENCE: Duration = Duration::from_secs(30);

/// A running registry. Dropping it kills it.
#[derive(Debug)]
pub struct Registry {
    // Before the folder: the program ends before its files go.
    process: Option<Process>,
    gate: Option<Gate>,
    port: u16,
    folder: Folder,
}

impl Registry {
    /// Starts a registry on a free port that everybody may read and write, and waits until it answers.
    ///
    /// # Errors
    /// When Go is missing, or it does not answer.
    pub async fn start() -> Outcome<Self> {
        let folder = Folder::create("sluice-registry-", std::env::var_os("SLUICE_E2E_KEEP").is_some())?;
        let mut registry = Self { process: None, gate: None, port: ports::free()?, folder };
        registry.resume().await?;
        Ok(registry)
    }

    /// Starts a registry that asks for a user and a password, but for those who push.
    ///
    /// # Errors
    /// As [`Registry::start`].
    pub async fn guarded(user: &str, password: &str) -> Outcome<Self> {
        let mut registry = Self::start().await?;
        registry.gate = Some(Gate::start(registry.port, user, password).await?);
        Ok(registry)
    }

    /// Starts the program again, on the same port and with what was pushed to it.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn resume(&mut self) -> Outcome {
        let program = tools::path(tools::Tool::Crane).await?;
        let (address, data) = (format!("127.0.0.1:{}", self.port), self.folder.path().join("data"));
        std::fs::create_dir_all(&data)?;
        let data = data.display().to_string();
        let arguments = ["registry", "serve", "--address", &address, "--disk", &data].map(String::from);
        self.process = Some(Process::start("registry", &program, &arguments, self.folder.path())?);
        eventually(PATIENCE, || self.answers()).await.map_err(Unmet::from)?;
        Ok(())
    }

    /// Kills the program; what was pushed stays.
    pub fn pause(&mut self) {
        drop(self.process.take());
    }

    /// Returns host and port, as credentials are looked up by.
    pub fn host(&self) -> String {
        format!("127.0.0.1:{}", self.gate.as_ref().map_or(self.port, Gate::port))
    }

    /// Returns the address of a repository, as `spec.url` has it.
    pub fn url(&self, repository: &str) -> String {
        format!("oci://{}/{repository}", self.host())
    }

    /// Packs files into an artifact as Flux does, and pushes it under a tag.
    ///
    /// # Errors
    /// When the registry refuses.
    pub async fn push(&self, repository: &str, tag: &str, files: &[(&str, &str)]) -> Outcome<Pushed> {
        push::push(&format!("http://127.0.0.1:{}", self.port), repository, tag, files).await
    }

    /// Pushes a packed chart under a tag.
    ///
    /// # Errors
    /// When the registry refuses.
    pub async fn push_chart(&self, repository: &str, tag: &str, chart: Vec<u8>) -> Outcome<Pushed> {
        push::push_chart(&format!("http://127.0.0.1:{}", self.port), repository, tag, chart).await
    }

    async fn answers(&self) -> Result<(), String> {
        let answer = http::get(&format!("http://127.0.0.1:{}/v2/", self.port)).await;
        answer.map(drop).map_err(|error| error.to_string())
    }
}
