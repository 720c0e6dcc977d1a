//! What is seen of managed objects: one watch per kind in use, each object reduced on arrival.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use futures::StreamExt;
use jiff::Timestamp;
use sluice_apply::health::Status as HealthStatus;
use sluice_cluster::{Body, Cluster, Identity, Selection, WatchEvent};
use sluice_object::{Gvk, Object, ObjectId};
use tokio_util::sync::CancellationToken;

use crate::{Baseline, Index, Seen, Wake, Watched, Woke, World, drift::Baselines, hopes::Hopes, index::lock};

/// What a pass has been told of the objects that it waits for.
#[derive(Debug, Default)]
pub(crate) struct Delivered {
    seen: BTreeMap<ObjectId, Option<Seen>>,
    unwatched: BTreeSet<ObjectId>,
}

/// Returns the label that the objects of an owner carry, and that common watches select by.
fn label_of(owner: &ObjectId) -> String {
    format!("{}/name", owner.group)
}

/// The watches of managed objects, shared by all kinds of ours.
pub struct Watches {
    cluster: Arc<dyn Cluster>,
    index: Arc<Index>,
    world: Arc<dyn World>,
    stop: CancellationToken,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    kinds: BTreeMap<Selection, KindWatch>,
    of_owner: BTreeMap<ObjectId, BTreeSet<Gvk>>,
    seen: BTreeMap<ObjectId, Seen>,
    baselines: Baselines,
    hopes: Hopes,
    waiting: BTreeMap<ObjectId, BTreeSet<ObjectId>>,
    named_of: BTreeMap<ObjectId, BTreeSet<Selection>>,
}

/// One open watch, closed when its last user is gone.
struct KindWatch {
    users: BTreeSet<ObjectId>,
    close: CancellationToken,
    refused: bool,
    listed: bool,
    listing: BTreeSet<ObjectId>,
    members: BTreeSet<ObjectId>,
}

impl Watches {
    pub(crate) fn new(
        cluster: Arc<dyn Cluster>,
        index: Arc<Index>,
        world: Arc<dyn World>,
        stop: CancellationToken,
    ) -> Self {
        Self { cluster, index, world, stop, state: Arc::default() }
    }

    /// Sets which kinds an owner manages: watches are opened with their first user and closed with the last.
    pub fn manage(&self, owner: &ObjectId, kinds: BTreeSet<Gvk>) {
        let old = lock(&self.state).of_owner.insert(owner.clone(), kinds.clone()).unwrap_or_default();
        for gvk in old.difference(&kinds) {
            self.leave(owner, &common(owner, gvk));
        }
        for gvk in kinds.difference(&old) {
            self.join(owner, common(owner, gvk));
        }
    }

    /// Forgets an owner with all that it manages.
    pub fn forget(&self, owner: &ObjectId) {
        self.manage(owner, BTreeSet::new());
        self.unpark(owner);
        let mut state = lock(&self.state);
        state.of_owner.remove(owner);
        state.baselines.forget(owner);
        state.hopes.forget(owner);
    }

    /// While a pass applies its objects nothing counts as drift.
    pub fn overlook(&self, owner: &ObjectId) {
        lock(&self.state).baselines.clear(owner);
    }

    /// Notes how an owner's objects look after a complete apply: what differs later is suspected of drift.
    /// Returns the objects that somebody else changes each time, and which do not wake the owner for a while.
    pub fn baseline(&self, owner: &ObjectId, baseline: Baseline) -> Vec<ObjectId> {
        lock(&self.state).baselines.replace(owner, baseline, self.world.now())
    }

    /// Has an owner woken once, when a watch shows that the last of these objects has become healthy.
    pub fn hope(&self, owner: &ObjectId, objects: BTreeSet<ObjectId>) {
        lock(&self.state).hopes.set(owner, objects);
    }

    /// Says whether an object looks as it was last applied by the owner. False when nothing is known.
    pub fn is_clean(&self, owner: &ObjectId, id: &ObjectId) -> bool {
        let state = lock(&self.state);
        let clean = |seen: &Seen| state.baselines.is_clean(owner, id, seen.owned_hash);
        state.seen.get(id).is_some_and(clean) && state.is_watched(id)
    }

    /// Says whether an object was last seen healthy.
    pub fn is_current(&self, id: &ObjectId) -> bool {
        lock(&self.state).seen.get(id).is_some_and(|seen| seen.health.status == HealthStatus::Current)
    }

    /// Registers what a parked pass waits for, instead of what it waited for before.
    pub(crate) fn park(&self, owner: &ObjectId, objects: &[Watched]) {
        let wanted: BTreeSet<_> = objects.iter().filter(|watched| !watched.owned).map(named).collect();
        for selection in &wanted {
            self.join(owner, selection.clone());
        }
        let old = lock(&self.state).wait_for(owner, objects, wanted.clone());
        for selection in old.difference(&wanted) {
            self.leave(owner, selection);
        }
    }

    /// Ends what [`Self::park`] began.
    pub(crate) fn unpark(&self, owner: &ObjectId) {
        self.park(owner, &[]);
    }

    /// Returns what has changed of the watched objects since `delivered`, which is brought up to date.
    pub(crate) fn changes(&self, owner: &ObjectId, objects: &[Watched], delivered: &mut Delivered) -> Woke {
        let state = lock(&self.state);
        let mut woke = Woke::default();
        for watched in objects {
            let (id, selection) = (&watched.entry.id, selection_of(owner, watched));
            let Some(watch) = state.kinds.get(&selection) else { continue };
            let seen = state.seen.get(id);
            if watch.refused {
                if delivered.unwatched.insert(id.clone()) {
                    woke.unwatched.push(id.clone());
                }
            } else if seen.is_some() || watch.listed {
                let seen = seen.cloned();
                if delivered.seen.get(id) != Some(&seen) {
                    delivered.seen.insert(id.clone(), seen.clone());
                    woke.objects.push((id.clone(), seen));
                }
            }
        }
        woke
    }

    /// Returns how many watches are open.
    pub fn open(&self) -> usize {
        lock(&self.state).kinds.len()
    }

    fn join(&self, owner: &ObjectId, selection: Selection) {
        let mut state = lock(&self.state);
        if let Some(watch) = state.kinds.get_mut(&selection) {
            watch.users.insert(owner.clone());
            return;
        }
        let close = self.stop.child_token();
        state.kinds.insert(selection.clone(), KindWatch::new(owner.clone(), close.clone()));
        drop(state);
        let (stream, reader) = (self.cluster.watch(&Identity::Agent, selection.clone()), self.reader(selection));
        self.world.spawn(Box::pin(async move {
            let _ = close.run_until_cancelled(reader.follow(stream)).await;
        }));
    }

    fn leave(&self, owner: &ObjectId, selection: &Selection) {
        let mut state = lock(&self.state);
        let Some(watch) = state.kinds.get_mut(selection) else { return };
        watch.users.remove(owner);
        if watch.users.is_empty()
            && let Some(watch) = state.kinds.remove(selection)
        {
            watch.close.cancel();
            for id in watch.members {
                state.seen.remove(&id);
            }
        }
    }

    fn reader(&self, selection: Selection) -> Reader {
        Reader { selection, state: self.state.clone(), index: self.index.clone(), world: self.world.clone() }
    }
}

impl KindWatch {
    fn new(user: ObjectId, close: CancellationToken) -> Self {
        let (listing, members) = (BTreeSet::new(), BTreeSet::new());
        Self { users: BTreeSet::from([user]), close, refused: false, listed: false, listing, members }
    }
}

impl State {
    fn is_watched(&self, id: &ObjectId) -> bool {
        self.kinds.iter().any(|(selection, watch)| {
            selection.gvk.group == id.group && selection.gvk.kind == id.kind && watch.listed && !watch.refused
        })
    }

    /// Replaces what an owner waits for; returns the watches that it had for that.
    fn wait_for(&mut self, owner: &ObjectId, objects: &[Watched], named: BTreeSet<Selection>) -> BTreeSet<Selection> {
        self.waiting.retain(|_, owners| {
            owners.remove(owner);
            !owners.is_empty()
        });
        for watched in objects {
            self.waiting.entry(watched.entry.id.clone()).or_default().insert(owner.clone());
        }
        let old =
            if named.is_empty() { self.named_of.remove(owner) } else { self.named_of.insert(owner.clone(), named) };
        old.unwrap_or_default()
    }

    /// Returns who has hoped for nothing but the health of this object.
    fn fulfilled(&mut self, id: &ObjectId) -> Vec<(ObjectId, Wake)> {
        let Self { hopes, seen, .. } = self;
        let is_current = |id: &ObjectId| seen.get(id).is_some_and(|seen| seen.health.status == HealthStatus::Current);
        let owners = hopes.fulfilled(id, is_current).into_iter();
        owners.map(|owner| (owner, Wake { changed: true, ..Wake::default() })).collect()
    }

    fn who_cares(&self, id: &ObjectId, seen: Option<&Seen>, now: Timestamp) -> Vec<(ObjectId, Wake)> {
        let waiting = self.waiting.get(id).into_iter().flatten();
        let drift = self.baselines.suspects(id, seen.map(|seen| seen.owned_hash), now).into_iter();
        let told = waiting.map(|owner| (owner.clone(), Wake { objects: true, ..Wake::default() }));
        told.chain(drift.map(|owner| (owner.clone(), Wake { drift: true, ..Wake::default() }))).collect()
    }
}

/// Follows one watch into the shared state.
struct Reader {
    selection: Selection,
    state: Arc<Mutex<State>>,
    index: Arc<Index>,
    world: Arc<dyn World>,
}

impl Reader {
    async fn follow(self, mut stream: futures::stream::BoxStream<'static, WatchEvent>) {
        while let Some(event) = stream.next().await {
            for (owner, wake) in self.absorb(event) {
                self.index.wake(&owner, wake);
            }
        }
    }

    fn absorb(&self, event: WatchEvent) -> Vec<(ObjectId, Wake)> {
        let mut state = lock(&self.state);
        match event {
            WatchEvent::Restarted => self.restart(&mut state),
            WatchEvent::Seen(object) => self.seen(&mut state, &object),
            WatchEvent::Gone(object) => self.gone(&mut state, &object.id()),
            WatchEvent::Listed => self.listed(&mut state),
            WatchEvent::Failed { refused, message } => {
                tracing::debug!(kind = %self.selection.gvk, message, "watch failed");
                self.failed(&mut state, refused)
            }
        }
    }

    fn restart(&self, state: &mut State) -> Vec<(ObjectId, Wake)> {
        if let Some(watch) = state.kinds.get_mut(&self.selection) {
            watch.listing.clear();
        }
        Vec::new()
    }

    fn seen(&self, state: &mut State, object: &Object) -> Vec<(ObjectId, Wake)> {
        let now = self.world.now();
        let (id, seen) = (object.id(), Seen::of(object, now));
        let Some(watch) = state.kinds.get_mut(&self.selection) else { return Vec::new() };
        watch.refused = false;
        watch.listing.insert(id.clone());
        watch.members.insert(id.clone());
        let mut wakes = state.who_cares(&id, Some(&seen), now);
        state.seen.insert(id.clone(), seen);
        wakes.extend(state.fulfilled(&id));
        wakes
    }

    fn gone(&self, state: &mut State, id: &ObjectId) -> Vec<(ObjectId, Wake)> {
        if let Some(watch) = state.kinds.get_mut(&self.selection) {
            watch.listing.remove(id);
            watch.members.remove(id);
        }
        state.seen.remove(id);
        state.who_cares(id, None, self.world.now())
    }

    fn listed(&self, state: &mut State) -> Vec<(ObjectId, Wake)> {
        let Some(watch) = state.kinds.get_mut(&self.selection) else { return Vec::new() };
        (watch.listed, watch.refused) = (true, false);
        let lost: Vec<_> = watch.members.difference(&watch.listing).cloned().collect();
        let mut wakes: Vec<_> = lost.iter().flat_map(|id| self.gone(state, id)).collect();
        wakes.extend(self.all_waiting(state));
        wakes
    }

    fn failed(&self, state: &mut State, refused: bool) -> Vec<(ObjectId, Wake)> {
        let Some(watch) = state.kinds.get_mut(&self.selection) else { return Vec::new() };
        if !refused || watch.refused {
            return Vec::new();
        }
        watch.refused = true;
        self.all_waiting(state)
    }

    /// Whoever waits for an object of this kind: what they know of absent objects has changed.
    fn all_waiting(&self, state: &State) -> Vec<(ObjectId, Wake)> {
        let ours = |id: &ObjectId| id.group == self.selection.gvk.group && id.kind == self.selection.gvk.kind;
        let waiting = state.waiting.iter().filter(|(id, _)| ours(id)).flat_map(|(_, owners)| owners);
        waiting.map(|owner| (owner.clone(), Wake { objects: true, ..Wake::default() })).collect()
    }
}

fn common(owner: &ObjectId, gvk: &Gvk) -> Selection {
    Selection { labels: label_of(owner), body: body_of(gvk), ..Selection::all(gvk.clone()) }
}

fn named(watched: &Watched) -> Selection {
    let id = &watched.entry.id;
    let namespace = (!id.namespace.is_empty()).then(|| id.namespace.clone());
    let gvk = watched.entry.gvk();
    Selection { namespace, name: Some(id.name.clone()), labels: String::new(), body: body_of(&gvk), gvk }
}

fn selection_of(owner: &ObjectId, watched: &Watched) -> Selection {
    if watched.owned { common(owner, &watched.entry.gvk()) } else { named(watched) }
}

/// Kinds whose health is that they exist are watched by their metadata alone; Secrets always are.
fn body_of(gvk: &Gvk) -> Body {
    let existing = match gvk.group.as_str() {
        "" => matches!(
            gvk.kind.as_str(),
            "ConfigMap" | "Secret" | "ServiceAccount" | "LimitRange" | "ResourceQuota" | "Endpoints"
        ),
        "rbac.authorization.k8s.io" | "storage.k8s.io" | "scheduling.k8s.io" => true,
        "networking.k8s.io" => matches!(gvk.kind.as_str(), "NetworkPolicy" | "IngressClass"),
        _ => false,
    };
    if existing { Body::Metadata } else { Body::Full }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use sluice_object::InventoryEntry;

    use super::*;

    fn owner() -> ObjectId {
        ObjectId::new(&Gvk::new("helm.toolkit.fluxcd.io", "v2", "HelmRelease"), "ns", "a")
    }

    #[rstest]
    #[case("", "Secret", Body::Metadata)]
    #[case("", "ConfigMap", Body::Metadata)]
    #[case("", "Service", Body::Full)]
    #[case("rbac.authorization.k8s.io", "Role", Body::Metadata)]
    #[case("storage.k8s.io", "StorageClass", Body::Metadata)]
    #[case("networking.k8s.io", "NetworkPolicy", Body::Metadata)]
    #[case("networking.k8s.io", "Ingress", Body::Full)]
    #[case("example.com", "Secret", Body::Full)]
    fn bodies_are_watched_where_health_is_in_them(#[case] group: &str, #[case] kind: &str, #[case] body: Body) {
        let selection = common(&owner(), &Gvk::new(group, "v1", kind));
        assert_eq!((selection.body, selection.labels.as_str()), (body, "helm.toolkit.fluxcd.io/name"));
        assert_eq!((selection.namespace, selection.name), (None, None));
    }

    #[rstest]
    #[case("demo", Some("demo"))]
    #[case("", None)]
    fn what_is_not_ours_is_watched_by_its_name(#[case] namespace: &str, #[case] of: Option<&str>) {
        let id = ObjectId::new(&Gvk::new("", "v1", "Secret"), namespace, "a");
        let watched = Watched { entry: InventoryEntry { id, version: "v1".into() }, owned: false };
        let selection = selection_of(&owner(), &watched);
        assert_eq!((selection.namespace.as_deref(), selection.name.as_deref()), (of, Some("a")));
        assert_eq!((selection.body, selection.labels.as_str()), (Body::Metadata, ""));
    }
}
