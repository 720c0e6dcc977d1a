//! HelmRelease: a chart with values, released as Helm does it, and kept as it was released.
//!
//! facts (chart's source, dependencies, values, identity) → chart → stored revisions → state → one action after the other
//! (render → release::Action) → verdict

mod chart;
mod charts;
mod effects;
mod facts;
mod history;
mod machine;
mod render;
mod report;
mod settings;
mod state;
mod steps;
mod template;
#[cfg(test)]
mod tests;
mod values;

use std::{sync::Arc, time::Duration};

use serde::Deserialize;
use sluice_api::helm::HelmRelease;
use sluice_cloud::Clouds;
use sluice_helm::render::{Cache, Execution};
use sluice_object::{Gvk, Object, ObjectId};
use sluice_reconcile::{
    Command, Context, Index, Input, Kind,
    trace::{Origin, Step},
};

pub use sluice_helm::release::Algorithm;

pub use effects::{Effect, Outcome};
pub use facts::Facts;
pub use machine::Run;

use sluice_template::{Functions, Language};

use crate::{Access, Sources};
use charts::{Charts, Stored};

pub(crate) const GROUP: &str = "helm.toolkit.fluxcd.io";

/// Field manager of what Helm's library writes, and of everything else that helm-controller does.
const MANAGER: &str = "helm-controller";

/// The controller of HelmReleases.
#[derive(Debug)]
pub struct HelmReleases {
    /// The artifacts of sources.
    pub sources: Arc<Sources>,
    /// The ways to clusters of cloud providers.
    pub clouds: Arc<Clouds>,
    /// What the operator has set for all of them.
    pub policy: Policy,
    charts: Charts,
    stored: Arc<Stored>,
    /// How charts are rendered, and their templates, compiled once.
    execution: Execution,
}

/// What the operator has set for all HelmReleases.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// Whether sources of other namespaces are refused (`--no-cross-namespace-refs`).
    pub no_cross_namespace_refs: bool,
    /// On whose behalf releases are made, and where.
    pub access: Access,
    /// When an unmet dependency is looked at again, if nothing wakes the object before (`--requeue-dependency`).
    pub requeue_dependency: Duration,
    /// How many requests of one object run at once (`--concurrent-ssa`).
    pub concurrent_ssa: usize,
    /// Field managers whose fields are taken over where drift is looked for (`--override-manager`).
    pub overridden_managers: Vec<String>,
    /// Whether ExternalArtifacts may hold charts (gate `ExternalArtifact`).
    pub external_artifacts: bool,
    /// Whether a dependency with a `readyExpr` must be ready besides (gate `AdditiveCELDependencyCheck`).
    pub additive_ready_expr: bool,
    /// Whether releases that say nothing are tried again instead of being remediated (gate `DefaultToRetryOnFailure`).
    pub retry_by_default: bool,
    /// Whether a tag that has moved is another version of a chart (gate `DisableChartDigestTracking` turns it off).
    pub tracks_digests: bool,
    /// Whether new releases are applied and awaited as Helm 3 does it (gate `UseHelm3Defaults`).
    pub helm3_defaults: bool,
    /// Whether templates may ask for the addresses of hosts (gate `AllowDNSLookups`).
    pub resolves_names: bool,
    /// Whether a failed release that is tried no more counts as deployed once its objects are healthy
    /// (`--stalled-recovery`).
    pub recovers: bool,
    /// The first and the longest delay between attempts (`--min-retry-delay`, `--max-retry-delay`).
    pub retry_delays: (Duration, Duration),
    /// The algorithm of digests in the history (`--snapshot-digest-algo`).
    pub digests: Algorithm,
    /// Whether charts may have native templates (`--native-templates`).
    pub native_templates: bool,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            no_cross_namespace_refs: false,
            access: Access::default(),
            requeue_dependency: Duration::from_secs(30),
            concurrent_ssa: 4,
            overridden_managers: Vec::new(),
            external_artifacts: false,
            additive_ready_expr: false,
            retry_by_default: false,
            tracks_digests: true,
            helm3_defaults: false,
            resolves_names: false,
            recovers: true,
            retry_delays: (Duration::from_millis(750), Duration::from_secs(15 * 60)),
            digests: Algorithm::default(),
            native_templates: false,
        }
    }
}

impl HelmReleases {
    /// Makes the controller.
    pub fn new(sources: Arc<Sources>, clouds: Arc<Clouds>, policy: Policy) -> Self {
        let language = Language { functions: Functions::helm().with_templates(), ..Language::default() };
        let execution = Execution {
            cache: Arc::new(Cache::new(language)),
            native: policy.native_templates,
            ..Execution::default()
        };
        Self { sources, clouds, policy, charts: Charts::default(), stored: Arc::default(), execution }
    }
}

impl Kind for HelmReleases {
    type Object = HelmRelease;
    type Facts = Facts;
    type Run = Run;
    type Effect = Effect;
    type Outcome = Outcome;

    fn gvk() -> Gvk {
        Gvk::new(GROUP, "v2", "HelmRelease")
    }

    fn component() -> &'static str {
        MANAGER
    }

    fn read(object: &Object) -> Result<HelmRelease, serde_json::Error> {
        HelmRelease::deserialize(object.value())
    }

    fn is_suspended(object: &HelmRelease) -> bool {
        object.spec.suspend
    }

    fn observes_suspended() -> bool {
        true
    }

    fn references(object: &HelmRelease) -> Vec<ObjectId> {
        facts::references(object)
    }

    fn signal(object: &Object) -> String {
        crate::dependencies::signal(object, &[])
    }

    fn concerns(object: &HelmRelease, index: &Index) -> bool {
        facts::concerns(object, index)
    }

    fn origin(object: &HelmRelease, facts: &Facts) -> Option<Origin> {
        steps::origin(object, facts)
    }

    fn step(effect: &Effect) -> Option<Step> {
        steps::step(effect)
    }

    fn failure(outcome: &Outcome) -> Option<(String, String)> {
        steps::failure(outcome)
    }

    async fn observe(&self, object: &HelmRelease, cx: &Context) -> Facts {
        self.facts(object, cx).await
    }

    fn start(object: &HelmRelease, facts: Facts, now: jiff::Timestamp) -> (Run, Command<Self>) {
        machine::start(object, facts, now)
    }

    fn next(object: &HelmRelease, run: Run, input: Input<Outcome>, now: jiff::Timestamp) -> (Run, Command<Self>) {
        machine::next(object, run, input, now)
    }

    async fn perform(&self, effect: Effect, cx: &Context) -> Outcome {
        self.act(effect, cx).await
    }
}
