//! What a Kustomization's health is made of, and what the watches tell of it between two rollouts.

use std::collections::BTreeSet;

use sluice_api::kustomize::{HealthCheck, Kustomization};
use sluice_apply::health::Expressions;
use sluice_cluster::Target;
use sluice_object::{Gvk, InventoryEntry, ObjectId};
use sluice_reconcile::Context;

use super::facts;
use crate::requested::is_requested;

/// Returns what a health check covers: all that was applied, or what the spec lists; never the object itself.
pub(super) fn targets<'a>(
    object: &Kustomization,
    applied: impl IntoIterator<Item = &'a InventoryEntry>,
) -> Vec<Target> {
    let itself = facts::id(object);
    let targets: Vec<_> = if object.spec.wait {
        applied.into_iter().map(|entry| Target::by_id(&entry.id, &entry.version)).collect()
    } else {
        object.spec.health_checks.iter().map(health_check).collect()
    };
    targets.into_iter().filter(|target| target.id() != itself).collect()
}

fn health_check(check: &HealthCheck) -> Target {
    let version = check.api_version.as_deref().filter(|version| !version.is_empty()).unwrap_or("apps/v1");
    let namespace = check.namespace.clone().unwrap_or_default();
    Target { gvk: Gvk::parse(version, &check.kind), namespace, name: check.name.clone() }
}

/// What was applied, as it stands now.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Standing {
    /// Whether every object of the inventory is as it was applied, and healthy as far as watches tell.
    pub(super) clean: bool,
    /// What health is asked of and watches do not tell it.
    pub(super) unseen: Vec<Target>,
}

/// Compares what the watches see with what was applied. Nobody knows what has changed at another cluster.
pub(super) fn standing(object: &Kustomization, expressions: Option<&Expressions>, cx: &Context) -> Standing {
    let handled = object.status.as_ref().and_then(|status| status.last_handled_reconcile_at.as_ref());
    if object.spec.kube_config.is_some() || is_requested(&object.metadata, handled) {
        return Standing::default();
    }
    let (owner, inventory) = (facts::id(object), facts::inventory(object.status.as_ref()));
    let ours: BTreeSet<_> = inventory.iter().map(|entry| &entry.id).collect();
    // Of what others apply a watch may not have seen yet what they have told already. Expressions need the whole object.
    let is_seen = |id: &ObjectId| ours.contains(id) && !expressions.is_some_and(|expressions| expressions.cover(id));
    let (seen, unseen): (Vec<_>, _) = targets(object, &inventory).into_iter().partition(|target| is_seen(&target.id()));
    let clean = inventory.iter().all(|entry| cx.watches.is_clean(&owner, &entry.id))
        && seen.iter().all(|target| cx.watches.is_current(&target.id()));
    Standing { clean, unseen }
}
