//! What tests share: two control planes, and how to find them.

use sluice_e2e::control_plane::PodLogs;
use sluice_e2e::git_server::ServerOptions;
use sluice_e2e::{Agent, AgentOptions, Azurite, ControlPlane, Options, Outcome, Registry, Scenario, agent};
use tokio::sync::{Mutex, MutexGuard, OnceCell};

/// The control plane and the agent that most tests share.
pub(crate) struct Shared {
    pub(crate) cluster: ControlPlane,
    pub(crate) agent: Agent,
}

static SHARED: OnceCell<Shared> = OnceCell::const_new();
static AZURITE: OnceCell<Azurite> = OnceCell::const_new();
static REGISTRY: OnceCell<Registry> = OnceCell::const_new();
static ALONE: OnceCell<Mutex<ControlPlane>> = OnceCell::const_new();

/// Returns what most tests share, started by the first of them.
pub(crate) async fn shared() -> Outcome<&'static Shared> {
    SHARED
        .get_or_try_init(|| async {
            let (_, pod_log) = tempfile::NamedTempFile::new()?.keep()?;
            let pod_logs = vec![PodLogs::namespace(agent::NAMESPACE, &pod_log)];
            let cluster = ControlPlane::start(Options { audit: true, pod_logs, ..Options::default() }).await?;
            let agent =
                Agent::start(&cluster, AgentOptions { pod_log: Some(pod_log), ..AgentOptions::default() }).await?;
            Ok(Shared { cluster, agent })
        })
        .await
}

/// Starts a scenario under the shared agent.
pub(crate) async fn scenario(namespace: &str) -> Outcome<Scenario<'static>> {
    Scenario::start(&shared().await?.cluster, namespace).await
}

/// Starts a scenario under the shared agent, with a Git server of another kind.
pub(crate) async fn served(namespace: &str, options: ServerOptions) -> Outcome<Scenario<'static>> {
    Scenario::served(&shared().await?.cluster, namespace, options).await
}

/// Returns the emulator of Azure Blob Storage that tests share, started by the first of them.
pub(crate) async fn azurite() -> Outcome<&'static Azurite> {
    AZURITE.get_or_try_init(Azurite::start).await
}

/// Returns the registry that tests share, started by the first of them.
pub(crate) async fn registry() -> Outcome<&'static Registry> {
    REGISTRY.get_or_try_init(Registry::start).await
}

/// A control plane that no other test uses meanwhile.
pub(crate) struct Alone(MutexGuard<'static, ControlPlane>);

/// Waits for the control plane of tests that want no company.
pub(crate) async fn alone() -> Outcome<Alone> {
    let start = || async {
        let cluster = ControlPlane::start(Options { audit: true, ..Options::default() }).await?;
        agent::install(&cluster).await?;
        Outcome::Ok(Mutex::new(cluster))
    };
    Ok(Alone(ALONE.get_or_try_init(start).await?.lock().await))
}

impl Alone {
    pub(crate) fn cluster(&self) -> &ControlPlane {
        &self.0
    }

    /// Starts an agent, at once where the one before was killed and has left its leases.
    pub(crate) async fn agent(&self, flags: &[&str]) -> Outcome<Agent> {
        self.agent_with(flags, &[]).await
    }

    /// As [`Alone::agent`], with variables in its environment.
    pub(crate) async fn agent_with(&self, flags: &[&str], variables: &[(&str, &str)]) -> Outcome<Agent> {
        agent::free_leases(&self.0).await?;
        let flags = flags.iter().map(|flag| (*flag).to_owned()).collect();
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Agent::start(&self.0, AgentOptions { flags, variables, ..AgentOptions::default() }).await
    }

    pub(crate) async fn scenario(&self, namespace: &str) -> Outcome<Scenario<'_>> {
        Scenario::start(&self.0, namespace).await
    }
}
