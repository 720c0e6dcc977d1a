//! Who is to be told once when all of some objects are healthy: passes that have given up, and would go on then.

use std::collections::{BTreeMap, BTreeSet};

use sluice_object::ObjectId;

/// What owners hope for. Each hope is fulfilled once.
#[derive(Debug, Default)]
pub(crate) struct Hopes {
    of_owner: BTreeMap<ObjectId, BTreeSet<ObjectId>>,
    owners: BTreeMap<ObjectId, BTreeSet<ObjectId>>,
}

impl Hopes {
    /// Replaces what an owner hopes for; without objects there is no hope.
    pub(crate) fn set(&mut self, owner: &ObjectId, objects: BTreeSet<ObjectId>) {
        self.forget(owner);
        for id in &objects {
            self.owners.entry(id.clone()).or_default().insert(owner.clone());
        }
        if !objects.is_empty() {
            self.of_owner.insert(owner.clone(), objects);
        }
    }

    pub(crate) fn forget(&mut self, owner: &ObjectId) {
        for id in self.of_owner.remove(owner).unwrap_or_default() {
            let Some(owners) = self.owners.get_mut(&id) else { continue };
            owners.remove(owner);
            if owners.is_empty() {
                self.owners.remove(&id);
            }
        }
    }

    /// An object was seen: returns the owners whose last unhealthy object it was, in no order. They hope no more.
    pub(crate) fn fulfilled(&mut self, id: &ObjectId, is_current: impl Fn(&ObjectId) -> bool) -> Vec<ObjectId> {
        let owners = self.owners.get(id).into_iter().flatten();
        let all_current = |owner: &&ObjectId| self.of_owner.get(*owner).is_some_and(|all| all.iter().all(&is_current));
        let fulfilled: Vec<_> = owners.filter(all_current).cloned().collect();
        fulfilled.iter().for_each(|owner| self.forget(owner));
        fulfilled
    }
}

#[cfg(test)]
mod tests {
    use sluice_object::Gvk;

    use super::*;

    fn id(name: &str) -> ObjectId {
        ObjectId::new(&Gvk::new("apps", "v1", "Deployment"), "ns", name)
    }

    fn ids(names: &[&str]) -> BTreeSet<ObjectId> {
        names.iter().map(|name| id(name)).collect()
    }

    #[test]
    fn a_hope_is_fulfilled_once_when_all_are_healthy() {
        let mut hopes = Hopes::default();
        hopes.set(&id("owner"), ids(&["a", "b"]));
        assert!(hopes.fulfilled(&id("a"), |seen| *seen == id("a")).is_empty());
        assert!(hopes.fulfilled(&id("c"), |_| true).is_empty());
        assert_eq!(hopes.fulfilled(&id("b"), |_| true), [id("owner")]);
        assert!(hopes.fulfilled(&id("b"), |_| true).is_empty());
        assert!(hopes.of_owner.is_empty() && hopes.owners.is_empty());
    }

    #[test]
    fn the_last_hope_counts_and_none_outlives_its_owner() {
        let mut hopes = Hopes::default();
        hopes.set(&id("owner"), ids(&["a"]));
        hopes.set(&id("owner"), ids(&["b"]));
        hopes.set(&id("other"), ids(&["b"]));
        assert!(hopes.fulfilled(&id("a"), |_| true).is_empty());
        hopes.forget(&id("owner"));
        assert_eq!(hopes.fulfilled(&id("b"), |_| true), [id("other")]);
        hopes.set(&id("owner"), BTreeSet::new());
        assert!(hopes.of_owner.is_empty() && hopes.owners.is_empty());
    }
}
