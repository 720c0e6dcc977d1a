//! The record of what a reconciler has put into a cluster.
//!
//! Before the first write it becomes old ∪ planned, after all is done what exists, so no object is ever without one.

use std::collections::BTreeSet;

use sluice_object::{InventoryEntry, Object, ObjectId};

/// Returns the entry of an object.
pub fn entry(object: &Object) -> InventoryEntry {
    InventoryEntry { id: object.id(), version: object.gvk().version }
}

/// Returns the entries of `old` that `new` no longer has. A new version of the same object is not stale.
pub fn stale(old: &[InventoryEntry], new: &[InventoryEntry]) -> Vec<InventoryEntry> {
    missing_from(new, old)
}

/// Returns `old` followed by what only `planned` has. Of an object in both the old version stays: it is known to be
/// served.
pub fn union(old: &[InventoryEntry], planned: &[InventoryEntry]) -> Vec<InventoryEntry> {
    let added = missing_from(old, planned);
    unique(old).into_iter().chain(added).collect()
}

/// Returns the entries of the applied objects followed by those of stale objects that could not be deleted.
pub fn with_survivors(applied: &[InventoryEntry], survivors: &[InventoryEntry]) -> Vec<InventoryEntry> {
    union(applied, survivors)
}

/// Says whether every id is in the inventory.
pub fn covers<'a>(inventory: &[InventoryEntry], ids: impl IntoIterator<Item = &'a ObjectId>) -> bool {
    let known: BTreeSet<_> = inventory.iter().map(|entry| &entry.id).collect();
    ids.into_iter().all(|id| known.contains(id))
}

fn missing_from(known: &[InventoryEntry], entries: &[InventoryEntry]) -> Vec<InventoryEntry> {
    let mut seen: BTreeSet<_> = known.iter().map(|entry| &entry.id).collect();
    entries.iter().filter(|entry| seen.insert(&entry.id)).cloned().collect()
}

fn unique(entries: &[InventoryEntry]) -> Vec<InventoryEntry> {
    missing_from(&[], entries)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn entries(text: &str) -> Vec<InventoryEntry> {
        let entry = |word: &str| {
            let (id, version) = word.split_once('@').unwrap();
            InventoryEntry { id: ObjectId::from_inventory(&format!("ns_{id}__Foo")).unwrap(), version: version.into() }
        };
        text.split_whitespace().map(entry).collect()
    }

    #[rstest]
    #[case("a@v1 b@v1", "b@v1", "a@v1")]
    #[case("a@v1beta1", "a@v1", "")]
    #[case("", "a@v1", "")]
    #[case("a@v1beta1 a@v1", "", "a@v1beta1")]
    fn stale_is_what_only_the_old_one_has(#[case] old: &str, #[case] new: &str, #[case] expected: &str) {
        assert_eq!(stale(&entries(old), &entries(new)), entries(expected));
    }

    #[rstest]
    #[case("a@v1 b@v1", "c@v1 b@v2", "a@v1 b@v1 c@v1")]
    #[case("", "c@v1", "c@v1")]
    #[case("a@v1 a@v1", "", "a@v1")]
    fn the_union_keeps_the_versions_that_worked(#[case] old: &str, #[case] planned: &str, #[case] expected: &str) {
        assert_eq!(union(&entries(old), &entries(planned)), entries(expected));
    }

    #[test]
    fn survivors_are_appended_once() {
        assert_eq!(with_survivors(&entries("a@v2"), &entries("b@v1 a@v1")), entries("a@v2 b@v1"));
    }
}
