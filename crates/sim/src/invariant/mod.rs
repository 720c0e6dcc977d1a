//! What must hold after every effect, and in the end.

mod end;
mod foreign;
mod generations;
mod inventory;
mod pruning;
mod releases;
mod secrets;
mod tenancy;
mod truth;

use std::{collections::BTreeSet, sync::Arc};

use sluice_cluster::{FakeCluster, Identity, Request, Target};
use sluice_object::{Object, ObjectId};

use crate::{
    remotes::Remotes,
    scenario::{Scenario, Step},
};

/// So many violations tell enough of a run.
const MOST: usize = 10;

/// What the cluster and the remotes are like.
pub(crate) struct View {
    objects: Vec<Arc<Object>>,
    remotes: Remotes,
}

/// Looks at the cluster before and after each effect.
pub(crate) struct Auditor {
    cluster: FakeCluster,
    scenario: Scenario,
    view: View,
    released: inventory::Released,
    foreign: foreign::Foreign,
    /// What users have changed by hand, and may miss.
    touched: BTreeSet<ObjectId>,
    violations: Vec<String>,
}

impl Auditor {
    pub(crate) fn new(cluster: FakeCluster, remotes: Remotes, scenario: &Scenario) -> Self {
        Self {
            cluster,
            scenario: scenario.clone(),
            view: View { objects: Vec::new(), remotes },
            released: Default::default(),
            foreign: Default::default(),
            touched: BTreeSet::new(),
            violations: Vec::new(),
        }
    }

    /// Looks at the world before an agent is there.
    pub(crate) fn begin(&mut self) {
        self.look();
        self.foreign = foreign::all(&self.view);
    }

    /// Looks at what is about to be done.
    pub(crate) fn before(&mut self, who: &Identity, request: &Request) {
        let found = [
            pruning::unfounded(&self.view, request),
            tenancy::breach(&self.view, who, request),
            truth::lie(&self.view, request, &self.touched),
            secrets::told(request),
        ];
        found.into_iter().flatten().for_each(|violation| self.blame(violation));
    }

    /// Looks at what was done.
    pub(crate) fn after(&mut self) {
        self.look();
        let mut found = inventory::orphans(&self.view, &self.released);
        found.extend(foreign::changed(&self.view, &self.foreign));
        found.extend(generations::ahead(&self.view));
        found.extend(releases::at_once(&self.view));
        found.into_iter().for_each(|violation| self.blame(violation));
    }

    /// Takes note of what a user has done.
    pub(crate) fn stepped(&mut self, step: &Step) {
        self.touched.extend(step.touched().into_iter().map(Target::id));
        self.look();
    }

    fn look(&mut self) {
        self.view.objects = self.cluster.shared_objects();
        self.released.note(&self.view);
    }

    /// Notes what must not be.
    pub(crate) fn blame(&mut self, violation: String) {
        if self.violations.len() < MOST && !self.violations.contains(&violation) {
            self.violations.push(violation);
        }
    }

    /// Looks at what has come of all.
    pub(crate) fn end(&mut self) {
        let mut found = end::unlike(&self.view, &self.scenario);
        found.extend(end::not_ready(&self.view, &self.scenario));
        found.extend(releases::left(&self.view));
        found.into_iter().for_each(|violation| self.blame(violation));
    }

    /// Counts the objects that agents serve.
    pub(crate) fn objects_of_ours(&self) -> usize {
        self.view.all().filter(|object| is_ours(object)).count()
    }

    pub(crate) fn violations(self) -> Vec<String> {
        self.violations
    }
}

impl View {
    fn all(&self) -> impl Iterator<Item = &Object> {
        self.objects.iter().map(|object| &**object)
    }

    fn of_kind(&self, kind: &str) -> impl Iterator<Item = &Object> {
        self.all().filter(move |object| object.kind() == kind)
    }

    fn find(&self, kind: &str, namespace: &str, name: &str) -> Option<&Object> {
        self.of_kind(kind).find(|object| object.namespace() == namespace && object.name() == name)
    }

    fn get(&self, id: &ObjectId) -> Option<&Object> {
        self.all().find(|object| is(object, id))
    }

    /// Returns the Kustomization or HelmRelease whose labels an object carries.
    fn owner(&self, object: &Object) -> Option<&Object> {
        let owner = |group: &str, kind| {
            let label = |name: &str| object.label(&format!("{group}/{name}"));
            self.find(kind, label("namespace")?, label("name")?)
        };
        owner("kustomize.toolkit.fluxcd.io", "Kustomization").or_else(|| owner("helm.toolkit.fluxcd.io", "HelmRelease"))
    }
}

/// Compares without making an id.
fn is(object: &Object, id: &ObjectId) -> bool {
    object.name() == id.name && object.namespace() == id.namespace && object.kind() == id.kind && object.id() == *id
}

/// Says whether an object is of the kinds that an agent serves.
fn is_ours(object: &Object) -> bool {
    object.gvk().group.ends_with(".toolkit.fluxcd.io")
}
