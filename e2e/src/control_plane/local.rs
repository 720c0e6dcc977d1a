//! The programs of a control plane on this machine, and the order of their start.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use k8s_openapi::api::core::v1::{Node, ServiceAccount};
use kube::api::{ListParams, PostParams};
use kube::{Api, Client, Config};
use serde_json::json;

use super::parts::{self, Audit, Ports};
use super::pki::{Pki, PkiFiles};
use super::{Error, Options, audit, kubeconfig, kwok, write_json};
use crate::process::{Process, ProcessError};
use crate::tools::{self, Tool};
use crate::wait::eventually;

const PROGRAMS: [Tool; 5] =
    [Tool::Etcd, Tool::KubeApiserver, Tool::KubeControllerManager, Tool::KubeScheduler, Tool::Kwok];

const CONTROLLERS: [Tool; 3] = [Tool::KubeControllerManager, Tool::KubeScheduler, Tool::Kwok];

/// How long one API server may take to come (back).
const API_SERVER: Duration = Duration::from_secs(60);

/// A control plane's programs and what is needed to start one of them again.
pub(super) struct Local {
    folder: PathBuf,
    logs: PathBuf,
    kubeconfig: PathBuf,
    ports: Ports,
    pki: PkiFiles,
    programs: Vec<(Tool, PathBuf)>,
    audit: bool,
    /// In the order of their start; they end in the reverse order.
    running: Mutex<Vec<Process>>,
}

impl std::fmt::Debug for Local {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Local").field("folder", &self.folder).field("ports", &self.ports).finish_non_exhaustive()
    }
}

impl Local {
    /// Finds the programs and writes all files; returns with the admin's kubeconfig.
    pub(super) async fn prepare(folder: &Path, options: &Options) -> Result<(Self, PathBuf), Error> {
        let programs = find_programs().await?;
        let pki = Pki::generate()?;
        let ports = Ports::free().map_err(Error::Port)?;
        let local = Self {
            logs: folder.join("logs"),
            kubeconfig: folder.join("admin.kubeconfig"),
            pki: pki.write(&folder.join("pki"))?,
            folder: folder.to_owned(),
            ports,
            programs,
            audit: options.audit,
            running: Mutex::default(),
        };
        let server = format!("https://127.0.0.1:{}", ports.api);
        write_json(&local.kubeconfig, &kubeconfig::for_certificate(&server, &pki, &pki.admin))?;
        local.write_configs(options)?;
        let kubeconfig = local.kubeconfig.clone();
        Ok((local, kubeconfig))
    }

    fn write_configs(&self, options: &Options) -> Result<(), Error> {
        fs::create_dir_all(&self.logs).map_err(Error::file(&self.logs))?;
        let files = [(self.audit_policy(), audit::POLICY.to_owned()), (self.kwok_config(), kwok::config(options))];
        for (path, text) in files {
            fs::write(&path, text).map_err(Error::file(&path))?;
        }
        Ok(())
    }

    /// Starts everything and waits until pods can be scheduled.
    pub(super) async fn start(&mut self, config: &Config, options: &Options) -> Result<(), Error> {
        let client = Client::try_from(config.clone())?;
        self.run(Tool::Etcd, parts::etcd(self.ports, &self.folder))?;
        self.start_api_server(config).await?;
        create_nodes(&client, options.nodes).await?;
        self.start_controllers()?;
        self.wait_for_cluster(&client, options.timeout).await
    }

    fn start_controllers(&self) -> Result<(), Error> {
        self.run(Tool::KubeControllerManager, parts::controller_manager(&self.kubeconfig, &self.pki))?;
        self.run(Tool::KubeScheduler, parts::scheduler(&self.kubeconfig))?;
        self.run(Tool::Kwok, parts::kwok(&self.kubeconfig, &self.kwok_config(), self.ports))
    }

    /// Starts the API server again. Its controllers begin anew too: left alone they look for it ever more rarely, and
    /// would be away for minutes.
    pub(super) async fn resume(&self, config: &Config) -> Result<(), Error> {
        self.start_api_server(config).await?;
        self.lock().retain(|process| !CONTROLLERS.iter().any(|tool| process.name() == tool.name()));
        self.start_controllers()
    }

    /// Starts the API server and waits until it says that it is ready.
    async fn start_api_server(&self, config: &Config) -> Result<(), Error> {
        let (policy, log) = (self.audit_policy(), self.audit_path());
        let audit = self.audit.then_some(Audit { policy: &policy, log: &log });
        self.run(Tool::KubeApiserver, parts::api_server(self.ports, &self.pki, audit))?;
        let client = Client::try_from(config.clone())?;
        self.ready_or_ended("the API server", API_SERVER, || readyz(&client)).await
    }

    /// Ends the API server and waits until it is gone.
    pub(super) fn stop_api_server(&self) {
        self.lock().retain(|process| process.name() != Tool::KubeApiserver.name());
    }

    pub(super) fn pids(&self) -> Vec<(&'static str, u32)> {
        self.lock().iter().map(|process| (process.name(), process.id())).collect()
    }

    pub(super) fn logs(&self) -> &Path {
        &self.logs
    }

    /// Returns the audit log's path where there is one.
    pub(super) fn audit_log(&self) -> Option<PathBuf> {
        self.audit.then(|| self.audit_path())
    }

    fn audit_path(&self) -> PathBuf {
        self.logs.join("audit.jsonl")
    }

    fn audit_policy(&self) -> PathBuf {
        self.folder.join("audit-policy.json")
    }

    fn kwok_config(&self) -> PathBuf {
        self.folder.join("kwok.yaml")
    }

    fn run(&self, tool: Tool, arguments: Vec<String>) -> Result<(), Error> {
        let program = self.programs.iter().find(|(name, _)| *name == tool);
        let (_, path) = program.expect("invariant: PROGRAMS names every program that is run");
        let process = Process::start(tool.name(), path, &arguments, &self.logs)?;
        self.lock().push(process);
        Ok(())
    }

    async fn wait_for_cluster(&self, client: &Client, timeout: Duration) -> Result<(), Error> {
        self.ready_or_ended("the nodes", timeout, || nodes_ready(client)).await?;
        self.ready_or_ended("the default ServiceAccount", timeout, || account_there(client)).await
    }

    /// Waits for the cluster, unless one of its programs ends first.
    async fn ready_or_ended<F>(
        &self,
        what: &'static str,
        timeout: Duration,
        mut look: impl FnMut() -> F,
    ) -> Result<(), Error>
    where
        F: Future<Output = Result<(), String>>,
    {
        let outcome = eventually(timeout, || {
            let look = look();
            async {
                match self.check() {
                    Err(ended) => Ok(Err(ended)),
                    Ok(()) => look.await.map(Ok),
                }
            }
        });
        Ok(outcome.await.map_err(|source| Error::NotReady { what, source })??)
    }

    fn check(&self) -> Result<(), ProcessError> {
        self.lock().iter_mut().try_for_each(Process::check)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Process>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        let mut running = std::mem::take(&mut *self.lock());
        running.iter_mut().for_each(Process::kill);
    }
}

async fn find_programs() -> Result<Vec<(Tool, PathBuf)>, Error> {
    let mut programs = Vec::new();
    for tool in PROGRAMS {
        programs.push((tool, tools::path(tool).await?));
    }
    Ok(programs)
}

async fn readyz(client: &Client) -> Result<(), String> {
    let request = axum::http::Request::get("/readyz").body(Vec::new()).map_err(|error| error.to_string())?;
    client.request_text(request).await.map(drop).map_err(|error| error.to_string())
}

/// Creates the nodes as a cloud would; kwok makes them ready.
async fn create_nodes(client: &Client, count: usize) -> Result<(), Error> {
    let nodes: Api<Node> = Api::all(client.clone());
    for index in 0..count {
        let name = format!("node-{index}");
        let labels = json!({ "kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "type": "kwok" });
        let node = serde_json::from_value(json!({ "metadata": { "name": name, "labels": labels } }))?;
        nodes.create(&PostParams::default(), &node).await?;
    }
    Ok(())
}

async fn nodes_ready(client: &Client) -> Result<(), String> {
    let nodes: Api<Node> = Api::all(client.clone());
    let nodes = nodes.list(&ListParams::default()).await.map_err(|error| error.to_string())?;
    let waiting: Vec<_> = nodes.iter().filter_map(not_ready).collect();
    if waiting.is_empty() { Ok(()) } else { Err(waiting.join("; ")) }
}

fn not_ready(node: &Node) -> Option<String> {
    let name = node.metadata.name.as_deref().unwrap_or_default();
    let taints = node.spec.iter().flat_map(|spec| spec.taints.iter().flatten());
    let taints: Vec<_> = taints.map(|taint| taint.key.as_str()).collect();
    let conditions = node.status.iter().flat_map(|status| status.conditions.iter().flatten());
    let ready = conditions.filter(|condition| condition.type_ == "Ready").any(|condition| condition.status == "True");
    (!ready || !taints.is_empty()).then(|| format!("node {name}: ready {ready}, taints {taints:?}"))
}

async fn account_there(client: &Client) -> Result<(), String> {
    let accounts: Api<ServiceAccount> = Api::namespaced(client.clone(), "default");
    accounts.get("default").await.map(drop).map_err(|error| error.to_string())
}
