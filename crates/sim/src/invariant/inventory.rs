//! Nothing of ours is left outside of every inventory.

use std::collections::BTreeSet;

use serde_json::Value;
use sluice_object::{Object, ObjectId};

use super::View;

const OWNER: &str = "kustomize.toolkit.fluxcd.io";

/// Owners that leave their objects behind when they go, by namespace and name.
#[derive(Debug, Default)]
pub(super) struct Released(BTreeSet<(String, String)>);

impl Released {
    /// Takes note of what owners say while they are there.
    pub(super) fn note(&mut self, view: &View) {
        for owner in view.of_kind("Kustomization") {
            let spec = &owner.value()["spec"];
            let lets_go = spec["prune"] != true || spec["suspend"] == true || spec["deletionPolicy"] == "Orphan";
            let (key, owners) = (key(owner), &mut self.0);
            let _ = if lets_go { owners.insert(key) } else { owners.remove(&key) };
        }
    }
}

/// Returns the objects that carry the labels of an owner whose inventory lacks them.
pub(super) fn orphans(view: &View, released: &Released) -> Vec<String> {
    let owned: BTreeSet<_> =
        view.of_kind("Kustomization").flat_map(|owner| entries(owner).map(|id| (key(owner), id))).collect();
    let orphan = |object: &&Object| {
        owner_of(object).is_some_and(|owner| {
            !object.is_deleting() && !released.0.contains(&owner) && !owned.contains(&(owner, object.id()))
        })
    };
    view.all().filter(orphan).map(|object| format!("{} is in no inventory", object.id())).collect()
}

fn key(owner: &Object) -> (String, String) {
    (owner.namespace().to_owned(), owner.name().to_owned())
}

fn owner_of(object: &Object) -> Option<(String, String)> {
    let label = |name: &str| object.label(&format!("{OWNER}/{name}")).map(str::to_owned);
    Some((label("namespace")?, label("name")?))
}

/// Returns the objects of an inventory.
fn entries(owner: &Object) -> impl Iterator<Item = ObjectId> {
    let entries = owner.value().pointer("/status/inventory/entries").and_then(Value::as_array);
    entries.into_iter().flatten().filter_map(|entry| ObjectId::from_inventory(entry["id"].as_str()?).ok())
}
