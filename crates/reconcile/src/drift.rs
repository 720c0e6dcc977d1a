//! How objects looked when they were last applied: what looks otherwise later is suspected of drift.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use sluice_object::ObjectId;

/// How an owner's objects look after a complete apply.
#[derive(Debug, Clone, Default)]
pub struct Baseline {
    /// The objects, each with [`Seen::owned_hash`](crate::Seen::owned_hash).
    pub hashes: Vec<(ObjectId, u64)>,
    /// Which of them had drifted, and were put back.
    pub corrected: Vec<ObjectId>,
    /// Whether drift wakes the owner at once.
    pub eager: bool,
}

/// So often in a row an object is put back at once; somebody who changes it each time must not keep us busy.
const MOST_CORRECTIONS: u32 = 5;
/// After so long without a correction an object is put back at once again.
const QUIET: SignedDuration = SignedDuration::from_mins(10);

/// The applied objects of all owners.
#[derive(Debug, Default)]
pub(crate) struct Baselines {
    objects: BTreeMap<ObjectId, Look>,
    contests: BTreeMap<ObjectId, Contest>,
}

#[derive(Debug)]
struct Look {
    owner: ObjectId,
    hash: u64,
    eager: bool,
}

/// Corrections of one object in a row.
#[derive(Debug)]
struct Contest {
    owner: ObjectId,
    corrections: u32,
    last: Timestamp,
}

impl Baselines {
    /// Replaces what is known of an owner's objects; returns those that are not put back at once any more.
    pub(crate) fn replace(&mut self, owner: &ObjectId, baseline: Baseline, now: Timestamp) -> Vec<ObjectId> {
        self.clear(owner);
        let Baseline { hashes, corrected, eager } = baseline;
        for (id, hash) in hashes {
            self.objects.insert(id, Look { owner: owner.clone(), hash, eager });
        }
        if !eager {
            return Vec::new();
        }
        self.contests.retain(|_, contest| now.duration_since(contest.last) < QUIET);
        corrected.into_iter().filter(|id| self.corrected(owner, id, now) == MOST_CORRECTIONS).collect()
    }

    fn corrected(&mut self, owner: &ObjectId, id: &ObjectId, now: Timestamp) -> u32 {
        let new = || Contest { owner: owner.clone(), corrections: 0, last: now };
        let contest = self.contests.entry(id.clone()).or_insert_with(new);
        (contest.corrections, contest.last) = (contest.corrections.saturating_add(1), now);
        contest.corrections
    }

    /// While a pass applies nothing counts as drift.
    pub(crate) fn clear(&mut self, owner: &ObjectId) {
        self.objects.retain(|_, baseline| baseline.owner != *owner);
    }

    pub(crate) fn forget(&mut self, owner: &ObjectId) {
        self.clear(owner);
        self.contests.retain(|_, contest| contest.owner != *owner);
    }

    /// Says whether an object looks as the owner has applied it. False when nothing is known.
    pub(crate) fn is_clean(&self, owner: &ObjectId, id: &ObjectId, hash: u64) -> bool {
        self.objects.get(id).is_some_and(|baseline| baseline.owner == *owner && baseline.hash == hash)
    }

    /// Returns who puts an object back at once that now looks like this, or is gone.
    pub(crate) fn suspects(&self, id: &ObjectId, hash: Option<u64>, now: Timestamp) -> Option<&ObjectId> {
        let baseline = self.objects.get(id).filter(|look| look.eager && Some(look.hash) != hash)?;
        let is_contested =
            |contest: &Contest| contest.corrections >= MOST_CORRECTIONS && now.duration_since(contest.last) < QUIET;
        (!self.contests.get(id).is_some_and(is_contested)).then_some(&baseline.owner)
    }
}

#[cfg(test)]
mod tests {
    use sluice_object::Gvk;

    use super::*;

    fn id(name: &str) -> ObjectId {
        ObjectId::new(&Gvk::new("", "v1", "ConfigMap"), "ns", name)
    }

    fn at(minutes: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes)
    }

    fn applied(eager: bool, corrected: &[&str]) -> Baseline {
        let corrected = corrected.iter().map(|name| id(name)).collect();
        Baseline { hashes: vec![(id("a"), 1), (id("b"), 2)], corrected, eager }
    }

    #[test]
    fn what_looks_otherwise_wakes_its_owner_where_that_is_wanted() {
        let mut baselines = Baselines::default();
        for (eager, hash, woken) in
            [(true, Some(1), false), (true, Some(7), true), (true, None, true), (false, Some(7), false)]
        {
            baselines.replace(&id("owner"), applied(eager, &[]), at(0));
            assert_eq!(baselines.suspects(&id("a"), hash, at(0)).is_some(), woken, "{eager} {hash:?}");
        }
        assert!(baselines.is_clean(&id("owner"), &id("b"), 2));
        assert!(!baselines.is_clean(&id("other"), &id("b"), 2) && !baselines.is_clean(&id("owner"), &id("b"), 1));
        baselines.clear(&id("owner"));
        assert!(!baselines.is_clean(&id("owner"), &id("b"), 2));
    }

    #[test]
    fn an_object_that_is_changed_each_time_is_given_up_for_a_while_and_told_once() {
        let mut baselines = Baselines::default();
        let told: Vec<_> =
            (0..7).map(|_| baselines.replace(&id("owner"), applied(true, &["a"]), at(0)).len()).collect();
        assert_eq!(told, [0, 0, 0, 0, 1, 0, 0]);
        assert_eq!(baselines.suspects(&id("a"), None, at(9)), None);
        assert_eq!(baselines.suspects(&id("b"), None, at(9)), Some(&id("owner")));
        assert_eq!(baselines.suspects(&id("a"), None, at(10)), Some(&id("owner")));
        baselines.replace(&id("owner"), applied(true, &["a"]), at(10));
        assert_eq!(baselines.suspects(&id("a"), None, at(10)), Some(&id("owner")));
    }

    #[test]
    fn an_owner_that_is_forgotten_leaves_nothing() {
        let mut baselines = Baselines::default();
        baselines.replace(&id("owner"), applied(true, &["a"]), at(0));
        baselines.forget(&id("owner"));
        assert!(baselines.objects.is_empty() && baselines.contests.is_empty());
    }
}
