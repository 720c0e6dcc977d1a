//! A cluster, a store and agents that live one after the other.

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};
use sluice_cloud::{Clouds, Environment};
use sluice_cluster::{Cluster, FakeCluster, Identity, Precondition, Propagation, Request, Target, Verb};
use sluice_controller::{
    Sources,
    gitrepository::GitRepositories,
    helmrelease::{self, HelmReleases},
    kustomization::{Kustomizations, Policy},
    ocirepository::OciRepositories,
    source::{Controller, Source},
};
use sluice_object::{Gvk, Object, Revision, Tree};
use sluice_reconcile::{Context, Kind, Settings, Silent};
use sluice_source::{Limits, Owner, Publication, Store, git::Git, oci::Oci, store::Options};
use tempfile::TempDir;
use tokio::sync::watch;

use crate::world::{Clock, Life};

pub(crate) const NAMESPACE: &str = "flux-system";

/// What outlives an agent.
pub(crate) struct Bench {
    pub(crate) cluster: FakeCluster,
    pub(crate) clock: Clock,
    /// What agents that are started draw for every random number.
    pub(crate) chance: f64,
    /// Who agents that are started are to a cloud.
    pub(crate) environment: Environment,
    /// What the operator of agents that are started has set.
    pub(crate) policy: Policy,
    pub(crate) store: Store,
    _dir: TempDir,
}

/// An agent that runs.
pub(crate) struct Agent {
    life: Arc<Life>,
    pub(crate) cx: Arc<Context>,
}

impl Agent {
    /// Ends it as a crash does: at once, and with all it knows.
    pub(crate) async fn crash(self) {
        self.cx.stop.cancel();
        self.life.end().await;
    }
}

impl Bench {
    pub(crate) fn new() -> Self {
        let (clock, dir) = (Clock::start(), TempDir::new().unwrap());
        let cluster = FakeCluster::with_clock(move || clock.now());
        cluster.serve(&GitRepositories::gvk(), "gitrepositories", true);
        cluster.serve(&Kustomizations::gvk(), "kustomizations", true);
        cluster.serve(&OciRepositories::gvk(), "ocirepositories", true);
        cluster.serve(&HelmReleases::gvk(), "helmreleases", true);
        cluster.auto_ready(true);
        // One thread, so that artifacts are opened in the order they are asked for.
        let store = Store::at(dir.path(), Options { threads: 1, ..Options::default() }).unwrap();
        Self {
            cluster,
            clock,
            chance: 0.5,
            environment: Environment::default(),
            policy: Policy::default(),
            store,
            _dir: dir,
        }
    }

    /// Starts an agent that knows nothing.
    pub(crate) fn start(&self) -> Agent {
        self.start_with(Settings { jitter: 0.0, ..Settings::default() })
    }

    pub(crate) fn start_with(&self, settings: Settings) -> Agent {
        let source = GitRepositories { client: Git::new(self.store.clone()), limits: Limits::git() };
        let kind = |sources| Kustomizations::new(sources, self.clouds(), self.policy.clone());
        self.launch(settings, source, kind)
    }

    /// Starts an agent that knows nothing, and serves HelmReleases.
    pub(crate) fn start_releases(&self) -> Agent {
        let client = Oci::new(self.store.clone());
        let source = OciRepositories { client, limits: Limits::oci(), object_level_identity: false };
        let kind = |sources| HelmReleases::new(sources, self.clouds(), helmrelease::Policy::default());
        self.launch(Settings { jitter: 0.0, ..Settings::default() }, source, kind)
    }

    fn clouds(&self) -> Arc<Clouds> {
        Arc::new(Clouds::new(self.environment.clone()))
    }

    /// Starts the controllers of a kind of sources, and of what is made of them.
    fn launch<S: Source, K: Kind>(&self, settings: Settings, source: S, kind: impl Fn(Arc<Sources>) -> K) -> Agent {
        let life = Arc::new(Life::new(self.clock, self.chance));
        let cluster = Arc::new(self.cluster.clone());
        let cx = Arc::new(Context::new(cluster, life.clone(), Arc::new(Silent), settings, 1));
        let sources = Arc::new(Sources::new(self.store.clone(), Limits::git()));
        let kind = kind(sources.clone());
        let source = Controller { source, sources, advertised: "source-controller".into() };
        let go = watch::Sender::new(false);
        let listed = [controller(source, &cx, &go), controller(kind, &cx, &go)];
        cx.world.spawn(Box::pin(async move {
            for mut listed in listed {
                let _ = listed.wait_for(|listed| *listed).await;
            }
            go.send_replace(true);
            go.closed().await;
        }));
        Agent { life, cx }
    }

    /// Publishes files as a revision of the source, which is suspended and has what is written then: no controller touches it.
    pub(crate) async fn publish(&self, source: &str, revision: &str, files: &[(String, String)]) {
        let tree = Tree::in_memory(files.iter().map(|(path, text)| (path, text.clone())));
        let publication = Publication {
            owner: Owner::new("GitRepository", NAMESPACE, source).unwrap(),
            file: format!("{revision}.tar.gz"),
            revision: Revision::git("main", revision),
            metadata: Default::default(),
            tree: Arc::new(tree),
            etags: Default::default(),
        };
        let artifact = self.store.publish(publication).await.unwrap();
        let status = json!({"artifact": {
            "path": artifact.path, "url": format!("http://source-controller/{}", artifact.path),
            "revision": artifact.revision.as_str(), "digest": artifact.digest.as_str(),
            "lastUpdateTime": self.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        }});
        let spec = json!({"interval": "1m", "url": "https://git.example.com/r.git", "suspend": true});
        let metadata = json!({"name": source, "namespace": NAMESPACE, "finalizers": ["finalizers.fluxcd.io"]});
        self.put("source.toolkit.fluxcd.io/v1", "GitRepository", metadata, spec, status);
    }

    /// Makes a Kustomization of the source `apps` with a path of its own name, pruning every hour.
    pub(crate) fn kustomization(&self, name: &str, spec: Value) {
        let mut whole = json!({
            "interval": "1h", "retryInterval": "10s", "path": format!("./{name}"), "prune": true,
            "sourceRef": {"kind": "GitRepository", "name": "apps"},
        });
        whole.as_object_mut().unwrap().extend(spec.as_object().cloned().unwrap());
        let metadata = json!({"name": name, "namespace": NAMESPACE});
        self.put("kustomize.toolkit.fluxcd.io/v1", "Kustomization", metadata, whole, Value::Null);
    }

    pub(crate) fn put(&self, api_version: &str, kind: &str, metadata: Value, spec: Value, status: Value) {
        let mut object = json!({"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": spec});
        if !status.is_null() {
            object["status"] = status;
        }
        self.cluster.put(object).unwrap();
    }

    /// Asks for the deletion of a Kustomization, as a user does.
    pub(crate) async fn delete(&self, name: &str) {
        let user = Identity::ServiceAccount { namespace: "default".into(), name: "user".into() };
        let request = Request::Delete {
            target: target(name),
            only_if: Precondition::default(),
            propagation: Propagation::Background,
        };
        self.cluster.call(&user, request).await.unwrap();
    }

    pub(crate) fn get(&self, api_version: &str, kind: &str, namespace: &str, name: &str) -> Option<Object> {
        let gvk = Gvk::parse(api_version, kind);
        self.cluster.get(&Target { gvk, namespace: namespace.into(), name: name.into() })
    }

    /// Returns `v` of a ConfigMap in the namespace of the manifests.
    pub(crate) fn config(&self, name: &str) -> Option<String> {
        let config = self.get("v1", "ConfigMap", "demo", name)?;
        Some(config.value()["data"]["v"].as_str()?.to_owned())
    }

    pub(crate) fn status(&self, name: &str) -> Value {
        self.cluster.get(&target(name)).unwrap().value()["status"].clone()
    }

    /// Returns status and reason of Ready, empty when there is none.
    pub(crate) fn ready(&self, name: &str) -> (String, String) {
        let status = self.status(name);
        let ready = status["conditions"].as_array().into_iter().flatten().find(|one| one["type"] == "Ready");
        let text = |key: &str| ready.and_then(|ready| ready[key].as_str()).unwrap_or_default().to_owned();
        (text("status"), text("reason"))
    }

    pub(crate) fn is_ready(&self, name: &str) -> bool {
        self.ready(name).0 == "True"
    }

    /// Lets everybody work until all wait for a time to come.
    pub(crate) async fn idle(&self) {
        self.pass(Duration::from_millis(1)).await;
    }

    /// Lets time pass; it jumps only when nobody has work.
    pub(crate) async fn pass(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }

    /// Returns how many requests of a verb there were, watches left out.
    pub(crate) fn count(&self, verb: Verb) -> usize {
        self.cluster.requests().iter().filter(|(_, seen, _)| *seen == verb).count()
    }

    pub(crate) fn requests(&self) -> usize {
        self.cluster.requests().iter().filter(|(_, verb, _)| *verb != Verb::Watch).count()
    }
}

fn controller<K: Kind>(kind: K, cx: &Arc<Context>, go: &watch::Sender<bool>) -> watch::Receiver<bool> {
    let synced = watch::Sender::new(false);
    let listed = synced.subscribe();
    cx.world.spawn(Box::pin(sluice_reconcile::run(Arc::new(kind), cx.clone(), synced, go.subscribe())));
    listed
}

pub(crate) fn target(name: &str) -> Target {
    Target { gvk: Kustomizations::gvk(), namespace: NAMESPACE.into(), name: name.into() }
}
