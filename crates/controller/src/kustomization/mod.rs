//! Kustomization: manifests of a source, built, applied in stages, and kept as they are in the source.
//!
//! facts (artifact, dependencies, drift) → build → rollout (dry-run, publish, apply, prune) → health → verdict

mod dependencies;
mod effects;
mod facts;
mod health;
mod machine;
mod report;
mod settings;
mod steps;
#[cfg(test)]
mod tests;
mod variables;
mod versions;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use serde::Deserialize;
use sluice_api::kustomize::Kustomization;
pub use sluice_apply::order::CustomKinds;
use sluice_cloud::Clouds;
use sluice_object::{Digest, Gvk, Inputs, InventoryEntry, Object, ObjectId};
use sluice_reconcile::{
    Command, Context, Index, Input, Kind,
    trace::{Origin, Step},
};
use sluice_source::Limits;

pub use effects::{Built, Effect, Outcome};
pub use facts::Facts;
pub use machine::Run;
pub(crate) use settings::{ignore_rules, image, patch};

use crate::{Access, Sources, bases::Bases};

pub(crate) const GROUP: &str = "kustomize.toolkit.fluxcd.io";

/// The controller of Kustomizations.
#[derive(Debug)]
pub struct Kustomizations {
    /// The artifacts of sources.
    pub sources: Arc<Sources>,
    /// The ways to clusters of cloud providers.
    pub clouds: Arc<Clouds>,
    /// What the operator has set for all of them.
    pub policy: Policy,
    bases: Arc<Bases>,
    memory: Mutex<BTreeMap<ObjectId, Memory>>,
}

/// What the operator has set for all Kustomizations.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// Whether sources of other namespaces are refused (`--no-cross-namespace-refs`).
    pub no_cross_namespace_refs: bool,
    /// On whose behalf objects are applied, and where.
    pub access: Access,
    /// When an unmet dependency is looked at again, if nothing wakes the object before (`--requeue-dependency`).
    pub requeue_dependency: Duration,
    /// How many requests of one object run at once (`--concurrent-ssa`).
    pub concurrent_ssa: usize,
    /// Field managers whose fields are taken over (`--override-manager`).
    pub overridden_managers: Vec<String>,
    /// Whether managed fields of older versions are brought to the applied one (gate `MigrateAPIVersion`).
    pub migrate: bool,
    /// Kinds of the third stage (`--custom-apply-stage-kinds`).
    pub custom_kinds: CustomKinds,
    /// Whether objects that would install Flux are left out.
    pub leave_flux_alone: bool,
    /// Whether objects of versions that are served no more are converted (`--convert-old-apis`).
    pub convert_old_versions: bool,
    /// How much bases from elsewhere may bring; nothing where they are refused (`--no-remote-bases`).
    pub remote_bases: Option<Limits>,
    /// Whether ExternalArtifacts may be sources (gate `ExternalArtifact`).
    pub external_artifacts: bool,
    /// Whether a health check ends with the first failure (gate `DisableFailFastBehavior` turns it off).
    pub fail_fast: bool,
    /// Whether a dependency with a `readyExpr` must be ready besides (gate `AdditiveCELDependencyCheck`).
    pub additive_ready_expr: bool,
    /// Whether a variable without value and default fails the build (gate `StrictPostBuildSubstitutions`).
    pub strict_substitution: bool,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            no_cross_namespace_refs: false,
            access: Access::default(),
            requeue_dependency: Duration::from_secs(30),
            concurrent_ssa: 4,
            overridden_managers: Vec::new(),
            migrate: false,
            custom_kinds: CustomKinds::default(),
            leave_flux_alone: true,
            convert_old_versions: true,
            remote_bases: Some(Limits::git()),
            external_artifacts: false,
            fail_fast: true,
            additive_ready_expr: false,
            strict_substitution: true,
        }
    }
}

/// What this process knows of its last complete success: enough to see that nothing is to be done.
#[derive(Debug, Clone, PartialEq)]
pub struct Memory {
    generation: i64,
    /// The archive that was built: the same revision may be packed anew, with other files left out.
    packed: Digest,
    checksum: Digest,
    inputs: Option<Inputs>,
    variables: Option<Digest>,
    eager: bool,
}

impl Kustomizations {
    /// Makes the controller.
    pub fn new(sources: Arc<Sources>, clouds: Arc<Clouds>, policy: Policy) -> Self {
        let bases = Bases::new(sources.store().clone(), policy.remote_bases.clone().unwrap_or_else(Limits::git));
        Self { sources, clouds, policy, bases: Arc::new(bases), memory: Mutex::default() }
    }

    fn memory(&self, id: &ObjectId) -> Option<Memory> {
        self.memories().get(id).cloned()
    }

    fn memories(&self) -> std::sync::MutexGuard<'_, BTreeMap<ObjectId, Memory>> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn kinds(entries: &[InventoryEntry]) -> BTreeSet<Gvk> {
    entries.iter().map(InventoryEntry::gvk).collect()
}

impl Kind for Kustomizations {
    type Object = Kustomization;
    type Facts = Facts;
    type Run = Run;
    type Effect = Effect;
    type Outcome = Outcome;

    fn gvk() -> Gvk {
        Gvk::new(GROUP, "v1", "Kustomization")
    }

    /// An apply by `kustomize-controller` must not take the fields of a status over.
    fn manager() -> &'static str {
        "gotk-kustomize-controller"
    }

    fn component() -> &'static str {
        "kustomize-controller"
    }

    fn read(object: &Object) -> Result<Kustomization, serde_json::Error> {
        Kustomization::deserialize(object.value())
    }

    fn is_suspended(object: &Kustomization) -> bool {
        object.spec.suspend
    }

    fn references(object: &Kustomization) -> Vec<ObjectId> {
        crate::dependencies::dependencies(object)
            .chain([facts::source_id(object)])
            .chain(variables::sources(object))
            .chain(facts::wish(object, &facts::namespace(object)).source())
            .collect()
    }

    fn signal(object: &Object) -> String {
        crate::dependencies::signal(object, &["lastAppliedRevision", "lastAttemptedRevision"])
    }

    fn concerns(object: &Kustomization, index: &Index) -> bool {
        facts::concerns(object, index)
    }

    fn origin(object: &Kustomization, facts: &Facts) -> Option<Origin> {
        steps::origin(object, facts)
    }

    fn step(effect: &Effect) -> Option<Step> {
        steps::step(effect)
    }

    fn failure(outcome: &Outcome) -> Option<(String, String)> {
        steps::failure(outcome)
    }

    async fn observe(&self, object: &Kustomization, cx: &Context) -> Facts {
        self.facts(object, cx).await
    }

    fn start(object: &Kustomization, facts: Facts, now: jiff::Timestamp) -> (Run, Command<Self>) {
        machine::start(object, facts, now)
    }

    fn next(object: &Kustomization, run: Run, input: Input<Outcome>, now: jiff::Timestamp) -> (Run, Command<Self>) {
        machine::next(object, run, input, now)
    }

    async fn perform(&self, effect: Effect, cx: &Context) -> Outcome {
        self.act(effect, cx).await
    }
}
