//! What a rollout has done so far, and what of it the stored inventory knows.

use std::collections::BTreeSet;

use sluice_object::{InventoryEntry, Object, ObjectId};

use super::{Options, stage::StageRun};
use crate::{
    health::Health,
    inventory::{covers, stale, union, with_survivors},
    problem::Problem,
    prune::Prune,
    step::{Changes, Failure, Outcome},
    wait::expiring_jobs,
};

/// Condition reason of a failed apply.
const RECONCILIATION_FAILED: &str = "ReconciliationFailed";
/// Condition reason of a failed prune.
const PRUNE_FAILED: &str = "PruneFailed";

#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Record {
    /// The inventory at the start.
    old: Vec<InventoryEntry>,
    /// The inventory as it is stored now.
    stored: Vec<InventoryEntry>,
    /// The inventory that is being stored.
    publishing: Option<Vec<InventoryEntry>>,
    /// Objects of finished stages, in order of application.
    applied: Vec<InventoryEntry>,
    changes: Changes,
    health: Vec<(ObjectId, Health)>,
    left_out: Vec<ObjectId>,
    undeclared: Vec<(ObjectId, Vec<String>)>,
    jobs: BTreeSet<ObjectId>,
}

impl Record {
    pub(super) fn new(old: Vec<InventoryEntry>, left_out: Vec<ObjectId>) -> Self {
        Self { stored: old.clone(), old, left_out, ..Self::default() }
    }

    pub(super) fn known(&self) -> BTreeSet<ObjectId> {
        self.old.iter().map(|entry| entry.id.clone()).collect()
    }

    pub(super) fn expect_jobs(&mut self, objects: &[Object]) {
        self.jobs = expiring_jobs(objects);
    }

    /// Returns the inventory to store before the planned objects are written, unless the stored one has them all.
    pub(super) fn publish(&mut self, planned: Vec<InventoryEntry>) -> Option<Vec<InventoryEntry>> {
        if covers(&self.stored, planned.iter().map(|entry| &entry.id)) {
            return None;
        }
        let inventory = union(&union(&self.old, &self.applied), &planned);
        self.publishing = Some(inventory.clone());
        Some(inventory)
    }

    pub(super) fn on_published(&mut self) {
        if let Some(inventory) = self.publishing.take() {
            self.stored = inventory;
        }
    }

    pub(super) fn finish(&mut self, run: &StageRun) {
        self.applied.extend(run.entries());
        self.changes.0.extend(run.changes(true));
        let seen = run.items().iter().filter_map(|item| Some((item.id(), item.health()?.clone())));
        self.health.extend(seen);
        let dropped = run.items().iter().filter(|item| !item.undeclared().is_empty());
        self.undeclared.extend(dropped.map(|item| (item.id(), item.undeclared().to_vec())));
    }

    /// Returns what the old inventory has and the set no longer has. What is left out is not stale.
    pub(super) fn stale(&self) -> Vec<InventoryEntry> {
        stale(&self.old, &self.kept())
    }

    pub(super) fn inventory_so_far(&self, touched: Vec<InventoryEntry>) -> Vec<InventoryEntry> {
        union(&union(&self.old, &self.applied), &touched)
    }

    /// The applied objects, and those left out that the old inventory has.
    fn kept(&self) -> Vec<InventoryEntry> {
        let left_out = self.old.iter().filter(|entry| self.left_out.contains(&entry.id)).cloned();
        let left_out: Vec<_> = left_out.collect();
        union(&self.applied, &left_out)
    }

    pub(super) fn outcome(&self, prune: &Prune) -> Outcome {
        Outcome {
            changes: self.changes.clone(),
            pruned: prune.changes(),
            inventory: self.kept(),
            health: self.health.clone(),
            expiring_jobs: self.jobs.clone(),
            left_out: self.left_out.clone(),
            undeclared: self.undeclared.clone(),
            unterminated: None,
        }
    }

    pub(super) fn failure(&self, problem: &Problem, options: &Options, touched: Vec<InventoryEntry>) -> Failure {
        Failure {
            error: problem.text(),
            reason: RECONCILIATION_FAILED,
            subject: problem.subject.clone(),
            origin: problem.origin.clone(),
            hint: problem.hint(&options.owner, &options.account),
            transient: problem.is_transient(),
            changes: self.changes.clone(),
            pruned: Changes::default(),
            inventory: self.inventory_so_far(touched),
            left_out: self.left_out.clone(),
        }
    }

    pub(super) fn prune_failure(&self, prune: &Prune, error: String, options: &Options) -> Failure {
        Failure {
            error,
            reason: PRUNE_FAILED,
            changes: self.changes.clone(),
            inventory: with_survivors(&self.kept(), &prune.survivors()),
            left_out: self.left_out.clone(),
            ..prune.failure(&options.owner, &options.account)
        }
    }
}
