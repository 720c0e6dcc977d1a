//! The agent as it is put together for a simulation: the real controllers on one wire.

use std::sync::Arc;

use sluice_cloud::Clouds;
use sluice_controller::{
    Sources,
    helmchart::HelmCharts,
    helmrelease::{self, HelmReleases},
    kustomization::{Kustomizations, Policy},
    source::{Controller, Source},
};
use sluice_reconcile::{Context, Kind, Settings, configs};
use sluice_source::{Limits, Store, helm_repo::HelmRepos, oci::Oci};
use tokio::sync::watch;

use crate::{
    chance::Chance,
    clock::{Clock, Life},
    count::Count,
    remotes::Remotes,
    sources::{ScriptedGit, ScriptedOci},
    wire::Wire,
};

/// What an agent is started with.
pub(crate) struct Start {
    pub(crate) wire: Wire,
    pub(crate) clock: Clock,
    pub(crate) chance: Chance,
    pub(crate) store: Store,
    pub(crate) remotes: Remotes,
    pub(crate) settings: Settings,
    pub(crate) count: Arc<Count>,
}

/// A process that acts.
pub(crate) struct Agent {
    life: Arc<Life>,
    cx: Arc<Context>,
}

impl Agent {
    /// Starts one that knows nothing.
    pub(crate) fn start(start: Start) -> Self {
        let Start { wire, clock, chance, store, remotes, settings, count } = start;
        let life = Arc::new(Life::new(clock, chance));
        let cx = Arc::new(Context::new(Arc::new(wire.clone()), life.clone(), count, settings, 1));
        let sources = Arc::new(Sources::new(store.clone(), Limits::git()));
        let charts = HelmCharts {
            sources: sources.clone(),
            repositories: HelmRepos::new(store.clone(), Limits::helm_index()),
            registries: Oci::new(store),
            limits: Limits::helm_chart(),
        };
        let clouds = Arc::new(Clouds::new(Default::default()));
        let mut kinds = Kinds { cx: cx.clone(), listed: Vec::new(), go: Vec::new() };
        kinds.source(ScriptedGit { remotes: remotes.clone(), wire: wire.clone() }, &sources);
        kinds.source(ScriptedOci { remotes, wire }, &sources);
        kinds.source(charts, &sources);
        kinds.run(HelmReleases::new(sources.clone(), clouds.clone(), helmrelease::Policy::default()));
        kinds.run(Kustomizations::new(sources, clouds, Policy::default()));
        for kind in ["ConfigMap", "Secret"] {
            let labels = "reconcile.fluxcd.io/watch=Enabled".to_owned();
            life_of(&cx, configs::follow(cx.clone(), kind, labels));
        }
        kinds.go();
        Self { life, cx }
    }

    /// Ends it as a crash does: at once, and with all it knows.
    pub(crate) async fn end(self) {
        self.cx.stop.cancel();
        self.life.end().await;
    }
}

fn life_of(cx: &Context, task: impl Future<Output = ()> + Send + 'static) {
    cx.world.spawn(Box::pin(task));
}

/// The controllers; passes begin when every kind is listed.
struct Kinds {
    cx: Arc<Context>,
    listed: Vec<watch::Receiver<bool>>,
    /// One for each: a channel of tokio's wakes its readers in an order that no seed decides.
    go: Vec<watch::Sender<bool>>,
}

impl Kinds {
    fn source<S: Source>(&mut self, source: S, sources: &Arc<Sources>) {
        self.run(Controller { source, sources: sources.clone(), advertised: "source-controller".into() });
    }

    fn run<K: Kind>(&mut self, kind: K) {
        let (synced, go) = (watch::Sender::new(false), watch::Sender::new(false));
        self.listed.push(synced.subscribe());
        life_of(&self.cx, sluice_reconcile::run(Arc::new(kind), self.cx.clone(), synced, go.subscribe()));
        self.go.push(go);
    }

    fn go(self) {
        let Self { cx, listed, go } = self;
        life_of(&cx, async move {
            for mut listed in listed {
                let _ = listed.wait_for(|listed| *listed).await;
            }
            go.iter().for_each(|go| _ = go.send_replace(true));
            for go in go {
                go.closed().await;
            }
        });
    }
}
