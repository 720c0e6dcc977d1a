//! The agent under test: the real program, as the account that the chart gives it.
//!
//! ```text
//! Agent::start ─► install charts/sluice ─► kubeconfig of flux-system/sluice ─► sluice run ─ /readyz ─►
//! ```

mod pod_log;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Api, ListParams, Patch, PatchParams};
use serde_json::{Value, json};

use self::pod_log::PodLog;
use crate::http;
use crate::process::{Folder, Process};
use crate::scenario::{Outcome, Unmet};
use crate::wait::eventually;
use crate::{ControlPlane, ports};

/// The agent's namespace in the chart.
pub const NAMESPACE: &str = "flux-system";

/// The agent's account in the chart.
pub const ACCOUNT: &str = "sluice";

/// The leases that the agent holds while it acts: its own, and those of the controllers it stands for.
pub const LEASES: [&str; 4] = [
    "sluice-leader-election",
    "source-controller-leader-election",
    "kustomize-controller-leader-election",
    "helm-controller-leader-election",
];

/// How long the agent may take to be ready, or to end.
const PATIENCE: Duration = Duration::from_secs(30);

/// The lines of a log that an error shows.
const TAIL: usize = 20;

/// How an agent is started.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AgentOptions {
    /// Flags after those that a test needs (ports, storage, kubeconfig).
    pub flags: Vec<String>,
    /// Variables of its environment.
    pub variables: Vec<(String, String)>,
    /// A file for `kubectl logs` of the agent's pod: one that the control plane was given as
    /// [`PodLogs`](crate::control_plane::PodLogs).
    pub pod_log: Option<PathBuf>,
}

/// A running agent. Dropping it kills it.
#[derive(Debug)]
pub struct Agent {
    // Before the folder: the program ends before its files go.
    process: Option<Process>,
    pod_log: Option<PodLog>,
    program: PathBuf,
    flags: Vec<String>,
    variables: Vec<(String, String)>,
    ports: Ports,
    folder: Folder,
}

#[derive(Debug, Clone, Copy)]
struct Ports {
    metrics: u16,
    health: u16,
    storage: u16,
}

impl Agent {
    /// Installs the chart, starts the agent as the chart's account, and waits until it says that it is ready: it acts,
    /// or stands by for another one.
    ///
    /// # Errors
    /// When the chart is refused, there is no program, or it does not become ready.
    pub async fn start(cluster: &ControlPlane, options: AgentOptions) -> Outcome<Self> {
        install(cluster).await?;
        let kubeconfig = cluster.kubeconfig_for(NAMESPACE, ACCOUNT).await?;
        let folder = Folder::create("sluice-agent-", std::env::var_os("SLUICE_E2E_KEEP").is_some())?;
        let ports = Ports { metrics: ports::free()?, health: ports::free()?, storage: ports::free()? };
        let flags = [own_flags(&kubeconfig, folder.path(), ports), options.flags].concat();
        let (program, variables) = (program()?, options.variables);
        let mut agent = Self { process: None, pod_log: None, program, flags, variables, ports, folder };
        agent.run().await?;
        if let Some(copy) = options.pod_log {
            agent.pod_log = Some(PodLog::start(&agent.log_path(), &copy)?);
        }
        Ok(agent)
    }

    /// Starts the program again, with the same flags, ports and storage, and waits until it is ready.
    ///
    /// # Errors
    /// As [`Agent::start`].
    pub async fn restart(&mut self) -> Outcome {
        self.kill();
        self.run().await
    }

    async fn run(&mut self) -> Outcome {
        let mut arguments = vec!["MALLOC_ARENA_MAX=2".to_owned()];
        arguments.extend(self.variables.iter().map(|(name, value)| format!("{name}={value}")));
        arguments.extend([self.program.display().to_string(), "run".to_owned()]);
        arguments.extend(self.flags.iter().cloned());
        self.process = Some(Process::start("agent", Path::new("env"), &arguments, self.folder.path())?);
        let ready = eventually(PATIENCE, || self.readiness()).await;
        Ok(ready.map_err(|error| Unmet(format!("{error}\n{}", self.last_words())))?)
    }

    async fn readiness(&self) -> Result<(), String> {
        match http::get(&self.health_url("readyz")).await {
            Ok(answer) if answer.status == 200 => Ok(()),
            Ok(answer) => Err(answer.text()),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Kills the agent at once, as a node that goes down would.
    pub fn kill(&mut self) {
        drop(self.process.take());
    }

    /// Tells the agent to stop, and waits until it has.
    ///
    /// # Errors
    /// When it does not run, or does not end in time.
    pub async fn stop(&mut self) -> Outcome<ExitStatus> {
        let mut process = self.process.take().ok_or("stop an agent that does not run")?;
        process.terminate()?;
        let status = eventually(PATIENCE, || std::future::ready(process.exited())).await;
        Ok(status.map_err(|error| Unmet(format!("end after SIGTERM: {error}\n{}", self.last_words())))?)
    }

    /// Returns the agent's process id.
    pub fn pid(&self) -> Option<u32> {
        self.process.as_ref().map(Process::id)
    }

    /// Returns whether the process that was started still runs.
    pub fn is_running(&mut self) -> bool {
        self.process.as_mut().is_some_and(|process| process.check().is_ok())
    }

    /// Returns the metrics.
    ///
    /// # Errors
    /// When the agent does not answer.
    pub async fn metrics(&self) -> io::Result<String> {
        Ok(http::get(&format!("http://127.0.0.1:{}/metrics", self.ports.metrics)).await?.text())
    }

    /// Returns the sum of a metric over all of its labels; 0 when it is not there.
    ///
    /// # Errors
    /// As [`Agent::metrics`].
    pub async fn counter(&self, name: &str) -> io::Result<f64> {
        let text = self.metrics().await?;
        let lines = text.lines().filter(|line| line.split(['{', ' ']).next() == Some(name));
        Ok(lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum())
    }

    /// Returns the URL of a health endpoint: `healthz`, `readyz`.
    pub fn health_url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}/{path}", self.ports.health)
    }

    /// Returns where artifacts are served; the URLs in `status.artifact` begin with it.
    pub fn storage_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.ports.storage)
    }

    /// Returns all that the agent has logged, over its restarts.
    pub fn log(&self) -> String {
        fs::read(self.log_path()).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }

    /// Returns the path of the log.
    pub fn log_path(&self) -> PathBuf {
        self.folder.path().join("agent.log")
    }

    /// Returns the log lines about one object, as JSON.
    pub fn log_about(&self, kind: &str, namespace: &str, name: &str) -> Vec<Value> {
        let log = self.log();
        let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let about =
            |line: &Value| line["controllerKind"] == kind && line["namespace"] == namespace && line["name"] == name;
        lines.filter(about).collect()
    }

    /// Returns the most memory that the agent has had, in bytes.
    pub fn peak_rss(&self) -> Option<u64> {
        self.memory("VmHWM:")
    }

    /// Returns the memory that the agent has, in bytes.
    pub fn rss(&self) -> Option<u64> {
        self.memory("VmRSS:")
    }

    fn memory(&self, field: &str) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid()?)).ok()?;
        let kibibytes = status.lines().find_map(|line| line.strip_prefix(field))?;
        kibibytes.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|count| count * 1024)
    }

    fn last_words(&self) -> String {
        let log = self.log();
        let lines: Vec<_> = log.lines().collect();
        lines[lines.len().saturating_sub(TAIL)..].join("\n")
    }
}

/// Installs charts/sluice, and waits until its kinds are served. The Deployment's pod is played by kwok; on a cluster
/// with real nodes it gets no replicas, so that no second agent runs.
///
/// # Errors
/// When kubectl fails, or the CRDs do not become established.
pub async fn install(cluster: &ControlPlane) -> Outcome {
    let chart = Path::new(env!("CARGO_MANIFEST_DIR")).join("../charts/sluice");
    let chart = chart.display().to_string();
    let output = cluster.kubectl(&["apply", "--server-side", "--force-conflicts", "-k", &chart]).await?;
    if !output.status.success() {
        return Err(format!("install the chart: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    if cluster.logs_dir().is_err() {
        cluster.kubectl(&["-n", NAMESPACE, "scale", "deployment/sluice", "--replicas=0"]).await?;
    }
    let crds: Api<CustomResourceDefinition> = Api::all(cluster.client()?);
    let ours = ListParams::default().labels("app.kubernetes.io/part-of=flux");
    Ok(eventually(PATIENCE, || established(&crds, &ours)).await?)
}

async fn established(crds: &Api<CustomResourceDefinition>, ours: &ListParams) -> Result<(), String> {
    let crds = crds.list(ours).await.map_err(|error| error.to_string())?;
    let waiting = crds.iter().filter(|crd| !is_established(crd)).filter_map(|crd| crd.metadata.name.clone());
    let waiting: Vec<_> = waiting.collect();
    if waiting.is_empty() { Ok(()) } else { Err(format!("not established: {waiting:?}")) }
}

fn is_established(crd: &CustomResourceDefinition) -> bool {
    let conditions = crd.status.as_ref().and_then(|status| status.conditions.as_ref());
    conditions.into_iter().flatten().any(|condition| condition.type_ == "Established" && condition.status == "True")
}

/// Takes the leases from a killed agent, so that a test need not wait until they have run out.
///
/// # Errors
/// When the API server refuses.
pub async fn free_leases(cluster: &ControlPlane) -> Outcome {
    let leases: Api<Lease> = Api::namespaced(cluster.client()?, NAMESPACE);
    for name in LEASES {
        let free = Patch::Merge(json!({ "spec": { "holderIdentity": "" } }));
        match leases.patch(name, &PatchParams::default(), &free).await {
            Ok(_) => {}
            Err(kube::Error::Api(status)) if status.code == 404 => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn own_flags(kubeconfig: &Path, folder: &Path, ports: Ports) -> Vec<String> {
    let (kubeconfig, storage) = (kubeconfig.display(), folder.join("storage"));
    vec![
        format!("--kubeconfig={kubeconfig}"),
        format!("--metrics-addr=127.0.0.1:{}", ports.metrics),
        format!("--health-addr=127.0.0.1:{}", ports.health),
        format!("--storage-addr=127.0.0.1:{}", ports.storage),
        format!("--storage-adv-addr=127.0.0.1:{}", ports.storage),
        format!("--storage-path={}", storage.display()),
    ]
}

/// Returns the program: `SLUICE_BIN`, or `sluice` beside the running test program, where Cargo puts it.
///
/// # Errors
/// When it is not there.
pub fn program() -> Outcome<PathBuf> {
    if let Some(path) = std::env::var_os("SLUICE_BIN") {
        return Ok(path.into());
    }
    let tests = std::env::current_exe()?;
    let folder = tests.parent().ok_or("find the folder of the test program")?;
    let folder = if folder.ends_with("deps") { folder.parent().unwrap_or(folder) } else { folder };
    let path = folder.join("sluice");
    match path.exists() {
        true => Ok(path),
        false => {
            Err(format!("`{}` is not there; hint: cargo build -p sluice, or set SLUICE_BIN", path.display()).into())
        }
    }
}
