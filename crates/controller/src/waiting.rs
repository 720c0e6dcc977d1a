//! What is known of objects from answers and watches, and when a parked pass looks again.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use sluice_apply::{
    WaitSpec,
    health::{Health, Reader, Status},
    wait::Until,
};
use sluice_cluster::Target;
use sluice_object::{InventoryEntry, ObjectId};
use sluice_reconcile::{Park, Seen, Watched, Woke};

/// Objects that cannot be watched are read this often.
const POLL: SignedDuration = SignedDuration::from_secs(5);

/// The objects of a pass as the API server last answered.
#[derive(Debug, Clone, Default)]
pub(crate) struct Latest(BTreeMap<ObjectId, Seen>);

impl Latest {
    pub(crate) fn learn(&mut self, seen: Vec<(ObjectId, Seen)>) {
        for (id, seen) in seen {
            if self.0.get(&id).is_none_or(|known| known.resource_version <= seen.resource_version) {
                self.0.insert(id, seen);
            }
        }
    }

    /// Returns the hashes that later changes are compared with.
    pub(crate) fn hashes(&self, entries: &[InventoryEntry]) -> Vec<(ObjectId, u64)> {
        entries.iter().filter_map(|entry| Some((entry.id.clone(), self.0.get(&entry.id)?.owned_hash))).collect()
    }

    /// Returns the health that a wake tells. What a watch saw before our own write is old news.
    pub(crate) fn health(&self, woke: Woke) -> Vec<(ObjectId, Health)> {
        let news = woke.objects.into_iter().filter_map(|(id, seen)| match seen {
            None => Some((id, Health::not_found())),
            Some(seen) => self.is_news(&id, &seen).then_some((id, seen.health)),
        });
        news.collect()
    }

    fn is_news(&self, id: &ObjectId, seen: &Seen) -> bool {
        let known = self.0.get(id);
        known.is_none_or(|known| known.uid != seen.uid || known.resource_version <= seen.resource_version)
    }
}

/// A wait: what for, and which of it must be read because a watch does not tell enough.
#[derive(Debug, Clone)]
pub(crate) struct Waiting {
    spec: WaitSpec,
    /// Judges some of the objects itself. Of those a watch tells only that they have changed.
    reader: Reader,
    /// The versions that were read to be judged, or are about to be.
    judged: BTreeMap<ObjectId, u64>,
    unwatched: BTreeMap<ObjectId, Target>,
    /// The objects whose pods had failed when they were read.
    stuck: BTreeSet<ObjectId>,
    /// What is read before the wait goes on.
    due: BTreeMap<ObjectId, Target>,
    poll_at: Option<Timestamp>,
    remote: bool,
}

/// A StatefulSet or ReplicaSet does not tell that its pods crash: they are looked at every few seconds.
fn has_pods(id: &ObjectId) -> bool {
    id.group == "apps" && matches!(id.kind.as_str(), "StatefulSet" | "ReplicaSet")
}

/// What a wait does next.
pub(crate) enum Next {
    Park(Park),
    Read(Vec<Target>),
}

impl Waiting {
    /// Objects of another cluster are all read.
    pub(crate) fn new(spec: WaitSpec, reader: Reader, remote: bool, now: Timestamp) -> Self {
        let (judged, unwatched, stuck, due) = Default::default();
        let mut waiting = Self { spec, reader, judged, unwatched, stuck, due, poll_at: None, remote };
        if waiting.note_polled() {
            waiting.poll_at = Some(now + POLL);
        }
        waiting
    }

    fn note_polled(&mut self) -> bool {
        let ids = self.spec.targets.iter().map(Target::id);
        let polled: Vec<_> = ids.filter(|id| self.remote || (has_pods(id) && !self.is_judged(id))).collect();
        self.unwatched(&polled)
    }

    /// Takes the wait as it now stands, with the targets that are left.
    pub(crate) fn renew(&mut self, spec: WaitSpec) {
        let left: BTreeSet<_> = spec.targets.iter().map(Target::id).collect();
        self.unwatched.retain(|id, _| left.contains(id));
        self.due.retain(|id, _| left.contains(id));
        self.spec = spec;
        if self.remote {
            self.note_polled();
        }
    }

    /// Says whether the reader tells the health of an object, and not the watch. That it is gone a watch tells.
    fn is_judged(&self, id: &ObjectId) -> bool {
        self.spec.until == Until::Current && self.reader.judges(id)
    }

    /// Takes a wake in, and returns the health that it tells. Of what the reader judges a watch tells only that it is
    /// gone; that an object is in progress says nothing of its pods.
    pub(crate) fn on_wake(&mut self, woke: Woke, latest: &Latest, now: Timestamp) -> Vec<(ObjectId, Health)> {
        self.note(&woke, now);
        let mut health = latest.health(woke);
        health.retain(|(id, health)| match health.status {
            Status::NotFound => true,
            Status::InProgress if self.stuck.contains(id) => false,
            _ => !self.is_judged(id),
        });
        health
    }

    /// Takes note of what was read.
    pub(crate) fn on_read(&mut self, health: &[(ObjectId, Health)]) {
        for (id, health) in health.iter().filter(|(id, _)| has_pods(id)) {
            let _ = match health.status {
                Status::Failed => self.stuck.insert(id.clone()),
                _ => self.stuck.remove(id),
            };
        }
    }

    /// Notes what must be read: what cannot be watched, and what has changed and is judged.
    fn note(&mut self, woke: &Woke, now: Timestamp) {
        if self.unwatched(&woke.unwatched) {
            self.poll(now);
        }
        let seen = woke.objects.iter().filter_map(|(id, seen)| Some((id, seen.as_ref()?.resource_version)));
        let seen: BTreeMap<_, _> = seen.filter(|(id, _)| self.is_judged(id)).collect();
        let targets = self.spec.targets.iter().filter(|_| !seen.is_empty());
        for (id, target) in targets.map(|target| (target.id(), target)) {
            let Some(version) = seen.get(&id) else { continue };
            if self.judged.insert(id.clone(), *version) != Some(*version) {
                self.due.insert(id, target.clone());
            }
        }
    }

    /// Notes what a watch will not tell; it is read at once, then every few seconds.
    fn unwatched(&mut self, ids: &[ObjectId]) -> bool {
        let targets = self.spec.targets.iter().filter(|target| ids.contains(&target.id()));
        let new: Vec<_> = targets.filter(|target| !self.unwatched.contains_key(&target.id())).cloned().collect();
        let any = !new.is_empty();
        self.unwatched.extend(new.into_iter().map(|target| (target.id(), target)));
        any
    }

    fn poll(&mut self, now: Timestamp) {
        self.poll_at = Some(now + POLL);
        self.due.extend(self.unwatched.clone());
    }

    /// Reads what is due, or parks.
    pub(crate) fn rest(&mut self, managed: &dyn Fn(&ObjectId) -> bool) -> Next {
        if self.due.is_empty() {
            return Next::Park(self.park(managed));
        }
        Next::Read(std::mem::take(&mut self.due).into_values().collect())
    }

    fn park(&self, managed: &dyn Fn(&ObjectId) -> bool) -> Park {
        let watched = |target: &Target| Watched {
            entry: InventoryEntry { id: target.id(), version: target.gvk.version.clone() },
            owned: managed(&target.id()),
        };
        let times = [Some(self.spec.deadline), self.spec.recheck_at, self.poll_at];
        let seen = self.spec.targets.iter().filter(|_| !self.remote);
        Park { objects: seen.map(watched).collect(), deadline: times.into_iter().flatten().min() }
    }

    /// The earliest of deadline, recheck and poll has come. Returns nothing when the wait is over.
    pub(crate) fn on_time(&mut self, now: Timestamp, managed: &dyn Fn(&ObjectId) -> bool) -> Option<Next> {
        if now >= self.spec.deadline {
            return None;
        }
        if self.spec.recheck_at.is_some_and(|at| now >= at) {
            self.spec.recheck_at = None;
            return Some(Next::Read(self.spec.targets.clone()));
        }
        if self.poll_at.is_some_and(|at| now >= at) {
            self.poll(now);
        }
        Some(self.rest(managed))
    }
}

#[cfg(test)]
mod tests {
    use sluice_object::Gvk;

    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn target(kind: &str) -> Target {
        Target { gvk: Gvk::new("apps", "v1", kind), namespace: "ns".into(), name: "db".into() }
    }

    fn woke(id: &ObjectId, health: Health) -> Woke {
        let seen = Seen { uid: "1".into(), resource_version: 1, generation: None, owned_hash: 0, health };
        Woke { objects: vec![(id.clone(), Some(seen))], ..Woke::default() }
    }

    #[test]
    fn a_watch_does_not_know_better_of_pods_than_a_read() {
        let (target, latest) = (target("StatefulSet"), Latest::default());
        let id = target.id();
        let spec =
            WaitSpec { targets: vec![target], until: Until::Current, deadline: Timestamp::MAX, recheck_at: None };
        let mut waiting = Waiting::new(spec, Reader::default(), false, NOW);
        let told = |waiting: &mut Waiting, health| waiting.on_wake(woke(&id, health), &latest, NOW).len();
        assert_eq!(told(&mut waiting, Health::in_progress("", "")), 1);
        waiting.on_read(&[(id.clone(), Health::failed("", "1 pods have failed"))]);
        assert_eq!(told(&mut waiting, Health::in_progress("", "")), 0);
        assert_eq!(told(&mut waiting, Health::current("")), 1);
        waiting.on_read(&[(id.clone(), Health::in_progress("", ""))]);
        assert_eq!(told(&mut waiting, Health::in_progress("", "")), 1);
    }
}
