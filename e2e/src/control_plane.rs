//! A Kubernetes control plane of real programs: etcd, API server, controllers, scheduler, and
//! kwok, which plays the nodes and pods by the stages in `kwok/stages.yaml`.
//!
//! ```text
//! ControlPlane::start ─► pki, ports, kubeconfig ─► etcd, API server ─ ready ─► controllers, scheduler, kwok ─ nodes ready ─►
//! ```

mod audit;
mod kubeconfig;
mod kwok;
mod local;
mod parts;
mod pki;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1::ServiceAccount;
use kube::api::PostParams;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Api, Client, Config};
use serde_json::Value;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

pub use self::audit::AuditEntry;
pub use self::kwok::{PodLogs, copy_as_container_log};
use self::local::Local;
use crate::process::{Folder, ProcessError};
use crate::tools::{self, Tool, ToolError};
use crate::wait::TimedOut;

/// How a control plane is started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The number of nodes that kwok plays.
    pub nodes: usize,
    /// Whether the API server logs its requests for [`ControlPlane::audit_requests`].
    pub audit: bool,
    /// Files that `kubectl logs` shows for pods.
    pub pod_logs: Vec<PodLogs>,
    /// How long the start may take before it is given up.
    pub timeout: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self { nodes: 1, audit: false, pod_logs: Vec::new(), timeout: Duration::from_secs(90) }
    }
}

/// What can go wrong with a control plane.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// One of the programs is not to be had.
    #[error(transparent)]
    Tool(#[from] ToolError),
    /// One of the programs does not run.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// A file cannot be used.
    #[error("use `{path}`")]
    File {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// No port is free.
    #[error("find a free port on 127.0.0.1")]
    Port(#[source] io::Error),
    /// A certificate cannot be made.
    #[error("make the certificates")]
    Pki(#[from] rcgen::Error),
    /// A kubeconfig does not say how to reach the cluster.
    #[error("read the kubeconfig `{path}`; hint: KUBECONFIG names one file, whose current context is used")]
    Kubeconfig {
        /// The kubeconfig.
        path: PathBuf,
        /// Why.
        #[source]
        source: Box<kube::config::KubeconfigError>,
    },
    /// The API server refused a request.
    #[error("ask the API server")]
    Api(#[from] Box<kube::Error>),
    /// An answer or a file is not what it should be.
    #[error("write or read JSON")]
    Json(#[from] serde_json::Error),
    /// The cluster did not become ready.
    #[error("wait for {what}")]
    NotReady {
        /// What was waited for.
        what: &'static str,
        /// What was there instead.
        #[source]
        source: TimedOut,
    },
    /// The cluster is not ours to do that to.
    #[error("{what} of the cluster that KUBECONFIG names; hint: unset KUBECONFIG, and the test starts its own")]
    External {
        /// What was asked for.
        what: &'static str,
    },
    /// The audit log is off.
    #[error("read the audit log; hint: start with `Options {{ audit: true, .. }}`")]
    NoAudit,
}

impl Error {
    pub(crate) fn file(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        move |source| Self::File { path: path.to_owned(), source }
    }
}

impl From<kube::Error> for Error {
    fn from(error: kube::Error) -> Self {
        Self::Api(Box::new(error))
    }
}

/// A running control plane; dropping it, or the end of the process, ends all of its programs.
#[derive(Debug)]
pub struct ControlPlane {
    kubeconfig: PathBuf,
    config: Config,
    // Before the folder: the programs end before their files go.
    local: Option<Local>,
    folder: Folder,
}

impl ControlPlane {
    /// Starts a control plane and waits until pods can be scheduled on it; where `KUBECONFIG` is
    /// set, that cluster is taken instead.
    ///
    /// The programs' files are removed at the end, unless `SLUICE_E2E_KEEP` is set.
    ///
    /// # Errors
    /// When a program cannot be built or run, or the cluster does not become ready.
    pub async fn start(options: Options) -> Result<Self, Error> {
        match std::env::var_os("KUBECONFIG") {
            Some(path) => Self::external(Path::new(&path)).await,
            None => Self::start_local(options).await,
        }
    }

    /// Takes a cluster that exists; its kubeconfig must make us its admin.
    ///
    /// # Errors
    /// When the kubeconfig cannot be read.
    pub async fn external(kubeconfig: &Path) -> Result<Self, Error> {
        install_crypto();
        let folder = new_folder()?;
        let config = read_config(kubeconfig).await?;
        Ok(Self { kubeconfig: kubeconfig.to_owned(), config, local: None, folder })
    }

    async fn start_local(options: Options) -> Result<Self, Error> {
        install_crypto();
        let folder = new_folder()?;
        let (mut local, kubeconfig) = Local::prepare(folder.path(), &options).await?;
        let config = read_config(&kubeconfig).await?;
        local.start(&config, &options).await?;
        Ok(Self { kubeconfig, config, local: Some(local), folder })
    }

    /// Returns the path of the admin's kubeconfig.
    pub fn kubeconfig_path(&self) -> &Path {
        &self.kubeconfig
    }

    /// Returns the admin's way to the API server.
    pub fn admin_config(&self) -> Config {
        self.config.clone()
    }

    /// Returns a new client for the admin. A client lives in the runtime that made it: tests
    /// that share a control plane make one each.
    ///
    /// # Errors
    /// When the kubeconfig's certificates cannot be used.
    pub fn client(&self) -> Result<Client, Error> {
        Ok(Client::try_from(self.admin_config())?)
    }

    /// Returns an hour's token of a ServiceAccount that exists.
    ///
    /// # Errors
    /// When the API server refuses.
    pub async fn token_for(&self, namespace: &str, account: &str) -> Result<String, Error> {
        let accounts: Api<ServiceAccount> = Api::namespaced(self.client()?, namespace);
        let spec = TokenRequestSpec { expiration_seconds: Some(3600), ..TokenRequestSpec::default() };
        let request = TokenRequest { spec, ..TokenRequest::default() };
        let answer = accounts.create_token_request(account, &PostParams::default(), &request).await?;
        Ok(answer.status.map(|status| status.token).unwrap_or_default())
    }

    /// Writes a kubeconfig with a ServiceAccount's token and returns its path.
    ///
    /// # Errors
    /// As [`ControlPlane::token_for`].
    pub async fn kubeconfig_for(&self, namespace: &str, account: &str) -> Result<PathBuf, Error> {
        let token = self.token_for(namespace, account).await?;
        let base = read_kubeconfig(&self.kubeconfig)?;
        let path = self.folder.path().join(format!("{namespace}.{account}.kubeconfig"));
        write_json(&path, &kubeconfig::for_token(&base, namespace, &token)?)?;
        Ok(path)
    }

    /// Ends the API server at once, as a crash would; its data and port stay.
    ///
    /// # Errors
    /// When the cluster is external.
    pub fn stop_api_server(&self) -> Result<(), Error> {
        self.local("stop the API server")?.stop_api_server();
        Ok(())
    }

    /// Starts the API server again, on the same port with the same data, and waits for it.
    ///
    /// # Errors
    /// When the cluster is external, or the API server does not become ready.
    pub async fn start_api_server(&self) -> Result<(), Error> {
        self.local("start the API server")?.resume(&self.config).await
    }

    /// Returns the name and process id of each program that runs.
    pub fn pids(&self) -> Vec<(&'static str, u32)> {
        self.local.as_ref().map(Local::pids).unwrap_or_default()
    }

    /// Returns the folder of the programs' logs.
    ///
    /// # Errors
    /// When the cluster is external.
    pub fn logs_dir(&self) -> Result<&Path, Error> {
        Ok(self.local("read the logs")?.logs())
    }

    /// Returns the requests that the API server got since a moment.
    ///
    /// # Errors
    /// When the control plane was started without the audit log.
    pub fn audit_requests(&self, since: Timestamp) -> Result<Vec<AuditEntry>, Error> {
        let log = self.local("read the audit log")?.audit_log().ok_or(Error::NoAudit)?;
        let file = fs::File::open(&log).map_err(Error::file(&log))?;
        audit::read(file, since).map_err(Error::file(&log))
    }

    /// Runs kubectl as the admin and returns what it put out, also when it failed.
    ///
    /// # Errors
    /// When kubectl cannot be run.
    pub async fn kubectl(&self, arguments: &[&str]) -> Result<Output, Error> {
        self.kubectl_with_input(arguments, "").await
    }

    /// Runs kubectl as the admin with a text on its standard input (`apply -f -`).
    ///
    /// # Errors
    /// When kubectl cannot be run.
    pub async fn kubectl_with_input(&self, arguments: &[&str], input: &str) -> Result<Output, Error> {
        let program = self.kubectl_program().await?;
        let mut command = Command::new(&program);
        command.args(arguments).env("KUBECONFIG", &self.kubeconfig);
        command.env("KUBECACHEDIR", self.folder.path().join("kubectl-cache"));
        run(command, input).await.map_err(Error::file(&program))
    }

    /// Who brings a cluster has a kubectl, but not always Go to build ours.
    async fn kubectl_program(&self) -> Result<PathBuf, Error> {
        match tools::path(Tool::Kubectl).await {
            Err(ToolError::NoGo { .. }) if self.local.is_none() => Ok("kubectl".into()),
            program => Ok(program?),
        }
    }

    fn local(&self, what: &'static str) -> Result<&Local, Error> {
        self.local.as_ref().ok_or(Error::External { what })
    }
}

/// Two TLS stacks could be linked in; the workspace has one. A second call changes nothing.
fn install_crypto() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

fn new_folder() -> Result<Folder, Error> {
    let keep = std::env::var_os("SLUICE_E2E_KEEP").is_some();
    Folder::create("sluice-e2e-", keep).map_err(Error::file(&std::env::temp_dir()))
}

fn read_kubeconfig(path: &Path) -> Result<Kubeconfig, Error> {
    Kubeconfig::read_from(path).map_err(|source| kubeconfig_error(path, source))
}

async fn read_config(path: &Path) -> Result<Config, Error> {
    let options = KubeConfigOptions::default();
    Config::from_custom_kubeconfig(read_kubeconfig(path)?, &options)
        .await
        .map_err(|source| kubeconfig_error(path, source))
}

fn kubeconfig_error(path: &Path, source: kube::config::KubeconfigError) -> Error {
    Error::Kubeconfig { path: path.to_owned(), source: Box::new(source) }
}

fn write_json(path: &Path, value: &Value) -> Result<(), Error> {
    fs::write(path, serde_json::to_vec_pretty(value)?).map_err(Error::file(path))
}

async fn run(mut command: Command, input: &str) -> io::Result<Output> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn()?;
    let mut stdin = child.stdin.take().expect("invariant: stdin is piped above");
    let feed = async {
        // A command that does not read its input closes it early: its answer tells.
        let _ = stdin.write_all(input.as_bytes()).await;
        drop(stdin);
    };
    let ((), output) = futures::join!(feed, child.wait_with_output());
    output
}
