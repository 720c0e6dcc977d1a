//! What is known of objects from answers and watches, and when a parked pass looks again.

use std::collections::{BTreeMap, HashMap};

use jiff::{SignedDuration, Timestamp};
use sluice_apply::{WaitSpec, health::Health};
use sluice_cluster::Target;
use sluice_object::{InventoryEntry, ObjectId};
use sluice_reconcile::{Park, Seen, Watched, Woke};

/// Objects that cannot be watched are read this often.
const POLL: SignedDuration = SignedDuration::from_secs(5);

/// The objects of a pass as the API server last answered.
#[derive(Debug, Clone, Default)]
pub(super) struct Latest(HashMap<ObjectId, Seen>);

impl Latest {
    pub(super) fn learn(&mut self, seen: Vec<(ObjectId, Seen)>) {
        for (id, seen) in seen {
            if self.0.get(&id).is_none_or(|known| known.resource_version <= seen.resource_version) {
                self.0.insert(id, seen);
            }
        }
    }

    /// Returns the hashes that later changes are compared with.
    pub(super) fn hashes(&self, entries: &[InventoryEntry]) -> Vec<(ObjectId, u64)> {
        entries.iter().filter_map(|entry| Some((entry.id.clone(), self.0.get(&entry.id)?.owned_hash))).collect()
    }

    /// Returns the health that a wake tells. What a watch saw before our own write is old news.
    pub(super) fn health(&self, woke: Woke) -> Vec<(ObjectId, Health)> {
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

/// A wait: what for, and which of it must be read because it cannot be watched.
#[derive(Debug, Clone)]
pub(super) struct Waiting {
    spec: WaitSpec,
    unwatched: BTreeMap<ObjectId, Target>,
    poll_at: Option<Timestamp>,
    remote: bool,
}

/// A StatefulSet or ReplicaSet does not tell that its pods crash: they are looked at every few seconds.
fn has_pods(target: &Target) -> bool {
    target.gvk.group == "apps" && matches!(target.gvk.kind.as_str(), "StatefulSet" | "ReplicaSet")
}

/// What a wait does next.
pub(super) enum Next {
    Park(Park),
    Read(Vec<Target>),
    Over,
}

impl Waiting {
    /// Objects of another cluster are all read.
    pub(super) fn new(spec: WaitSpec, remote: bool, now: Timestamp) -> Self {
        let mut waiting = Self { spec, unwatched: BTreeMap::new(), poll_at: None, remote };
        if waiting.note_polled() {
            waiting.poll_at = Some(now + POLL);
        }
        waiting
    }

    fn note_polled(&mut self) -> bool {
        let polled = |target: &&Target| self.remote || has_pods(target);
        let polled: Vec<_> = self.spec.targets.iter().filter(polled).map(Target::id).collect();
        self.unwatched(&polled)
    }

    /// Takes the wait as it now stands, with the targets that are left.
    pub(super) fn renew(&mut self, spec: WaitSpec) {
        self.unwatched.retain(|id, _| spec.targets.iter().any(|target| target.id() == *id));
        self.spec = spec;
        if self.remote {
            self.note_polled();
        }
    }

    /// Notes what a watch will not tell; it is read at once, then every few seconds.
    pub(super) fn unwatched(&mut self, ids: &[ObjectId]) -> bool {
        let targets = self.spec.targets.iter().filter(|target| ids.contains(&target.id()));
        let new: Vec<_> = targets.filter(|target| !self.unwatched.contains_key(&target.id())).cloned().collect();
        let any = !new.is_empty();
        self.unwatched.extend(new.into_iter().map(|target| (target.id(), target)));
        any
    }

    pub(super) fn park(&self, managed: &dyn Fn(&ObjectId) -> bool) -> Park {
        let watched = |target: &Target| Watched {
            entry: InventoryEntry { id: target.id(), version: target.gvk.version.clone() },
            owned: managed(&target.id()),
        };
        let times = [Some(self.spec.deadline), self.spec.recheck_at, self.poll_at];
        let seen = self.spec.targets.iter().filter(|_| !self.remote);
        Park { objects: seen.map(watched).collect(), deadline: times.into_iter().flatten().min() }
    }

    /// The earliest of deadline, recheck and poll has come.
    pub(super) fn on_time(&mut self, now: Timestamp, managed: &dyn Fn(&ObjectId) -> bool) -> Next {
        if now >= self.spec.deadline {
            return Next::Over;
        }
        if self.spec.recheck_at.is_some_and(|at| now >= at) {
            self.spec.recheck_at = None;
            return Next::Read(self.spec.targets.clone());
        }
        if self.poll_at.is_some_and(|at| now >= at) {
            return self.read(now);
        }
        Next::Park(self.park(managed))
    }

    pub(super) fn read(&mut self, now: Timestamp) -> Next {
        self.poll_at = Some(now + POLL);
        Next::Read(self.unwatched.values().cloned().collect())
    }
}
