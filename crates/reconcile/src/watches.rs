//! What is seen of managed objects: one watch per kind in use, each object reduced on arrival.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Arc, Mutex},
};

use futures::StreamExt;
use serde_json::Value;
use sluice_apply::health::{Health, JobRule, Reader as Rules, Status as HealthStatus};
use sluice_cluster::{Body, Cluster, Identity, Selection, WatchEvent};
use sluice_object::{Gvk, Object, ObjectId};
use tokio_util::sync::CancellationToken;

use crate::{Index, Wake, Watched, Woke, World, index::lock};

/// What is kept of an object, some 200 bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// The object's uid.
    pub uid: String,
    /// Its version, comparable for one object.
    pub resource_version: u64,
    /// Its generation, if its kind has one.
    pub generation: Option<i64>,
    /// Hash of generation, labels, annotations and of the managed fields outside the status subresource.
    pub owned_hash: u64,
    /// Its health.
    pub health: Health,
}

impl Seen {
    /// Reduces an object.
    pub fn of(object: &Object, now: jiff::Timestamp) -> Self {
        Self {
            uid: object.uid().into(),
            resource_version: object.resource_version().parse().unwrap_or(0),
            generation: object.generation(),
            owned_hash: owned_hash(object),
            health: Rules { jobs: JobRule::MustComplete }.read(object, now),
        }
    }
}

fn owned_hash(object: &Object) -> u64 {
    let mut hasher = DefaultHasher::new();
    let metadata = &object.value()["metadata"];
    object.generation().hash(&mut hasher);
    object.is_deleting().hash(&mut hasher);
    let managed = metadata["managedFields"].as_array().into_iter().flatten();
    for entry in managed.filter(|entry| entry["subresource"].as_str().unwrap_or("").is_empty()) {
        for key in ["manager", "operation", "time"] {
            entry[key].as_str().hash(&mut hasher);
        }
        hash_json(&entry["fieldsV1"], &mut hasher);
    }
    hasher.finish()
}

fn hash_json(value: &Value, hasher: &mut DefaultHasher) {
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| {
            key.hash(hasher);
            hash_json(value, hasher);
        }),
        other => other.to_string().hash(hasher),
    }
}

/// What a pass has been told of the objects that it waits for.
#[derive(Debug, Default)]
pub(crate) struct Delivered {
    seen: HashMap<ObjectId, Option<Seen>>,
    unwatched: HashSet<ObjectId>,
}

/// Label that common watches select by; objects of Kustomizations carry it.
const OWNER_LABEL: &str = "kustomize.toolkit.fluxcd.io/name";

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
    kinds: HashMap<Selection, KindWatch>,
    of_owner: HashMap<ObjectId, BTreeSet<Gvk>>,
    seen: HashMap<ObjectId, Seen>,
    baselines: HashMap<ObjectId, Baseline>,
    waiting: HashMap<ObjectId, HashSet<ObjectId>>,
    named_of: HashMap<ObjectId, HashSet<Selection>>,
}

/// One open watch, closed when its last user is gone.
struct KindWatch {
    users: HashSet<ObjectId>,
    close: CancellationToken,
    refused: bool,
    listed: bool,
    listing: HashSet<ObjectId>,
    members: HashSet<ObjectId>,
}

/// How an object looked when we last applied it, and for whom.
struct Baseline {
    owner: ObjectId,
    hash: u64,
    eager: bool,
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
            self.leave(owner, &common(gvk));
        }
        for gvk in kinds.difference(&old) {
            self.join(owner, common(gvk));
        }
    }

    /// Forgets an owner with all that it manages.
    pub fn forget(&self, owner: &ObjectId) {
        self.manage(owner, BTreeSet::new());
        self.unpark(owner);
        let mut state = lock(&self.state);
        state.of_owner.remove(owner);
        state.baselines.retain(|_, baseline| baseline.owner != *owner);
    }

    /// Notes how an owner's objects look after a complete apply: what differs later is suspected of drift.
    /// With `eager` a suspect wakes the owner at once.
    pub fn baseline(&self, owner: &ObjectId, objects: impl IntoIterator<Item = (ObjectId, u64)>, eager: bool) {
        let mut state = lock(&self.state);
        state.baselines.retain(|_, baseline| baseline.owner != *owner);
        for (id, hash) in objects {
            state.baselines.insert(id, Baseline { owner: owner.clone(), hash, eager });
        }
    }

    /// Says whether an object looks as it was last applied by the owner. False when nothing is known.
    pub fn is_clean(&self, owner: &ObjectId, id: &ObjectId) -> bool {
        let state = lock(&self.state);
        let (Some(seen), Some(baseline)) = (state.seen.get(id), state.baselines.get(id)) else { return false };
        baseline.owner == *owner && baseline.hash == seen.owned_hash && state.is_watched(id)
    }

    /// Says whether an object was last seen healthy.
    pub fn is_current(&self, id: &ObjectId) -> bool {
        lock(&self.state).seen.get(id).is_some_and(|seen| seen.health.status == HealthStatus::Current)
    }

    /// Registers what a parked pass waits for, instead of what it waited for before.
    pub(crate) fn park(&self, owner: &ObjectId, objects: &[Watched]) {
        let wanted: HashSet<_> = objects.iter().filter(|watched| !watched.owned).map(named).collect();
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
    pub(crate) fn changes(&self, objects: &[Watched], delivered: &mut Delivered) -> Woke {
        let state = lock(&self.state);
        let mut woke = Woke::default();
        for watched in objects {
            let (id, selection) = (&watched.entry.id, selection_of(watched));
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
        let (listing, members) = (HashSet::new(), HashSet::new());
        Self { users: HashSet::from([user]), close, refused: false, listed: false, listing, members }
    }
}

impl State {
    fn is_watched(&self, id: &ObjectId) -> bool {
        self.kinds.iter().any(|(selection, watch)| {
            selection.gvk.group == id.group && selection.gvk.kind == id.kind && watch.listed && !watch.refused
        })
    }

    /// Replaces what an owner waits for; returns the watches that it had for that.
    fn wait_for(&mut self, owner: &ObjectId, objects: &[Watched], named: HashSet<Selection>) -> HashSet<Selection> {
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

    fn who_cares(&self, id: &ObjectId, seen: Option<&Seen>) -> Vec<(ObjectId, Wake)> {
        let waiting = self.waiting.get(id).into_iter().flatten();
        let mut wakes: Vec<_> =
            waiting.map(|owner| (owner.clone(), Wake { objects: true, ..Wake::default() })).collect();
        if let Some(baseline) = self.baselines.get(id)
            && baseline.eager
            && seen.is_none_or(|seen| seen.owned_hash != baseline.hash)
        {
            wakes.push((baseline.owner.clone(), Wake { drift: true, ..Wake::default() }));
        }
        wakes
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
        let (id, seen) = (object.id(), Seen::of(object, self.world.now()));
        let Some(watch) = state.kinds.get_mut(&self.selection) else { return Vec::new() };
        watch.refused = false;
        watch.listing.insert(id.clone());
        watch.members.insert(id.clone());
        let wakes = state.who_cares(&id, Some(&seen));
        state.seen.insert(id, seen);
        wakes
    }

    fn gone(&self, state: &mut State, id: &ObjectId) -> Vec<(ObjectId, Wake)> {
        if let Some(watch) = state.kinds.get_mut(&self.selection) {
            watch.listing.remove(id);
            watch.members.remove(id);
        }
        state.seen.remove(id);
        state.who_cares(id, None)
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

fn common(gvk: &Gvk) -> Selection {
    Selection { labels: OWNER_LABEL.into(), body: body_of(gvk), ..Selection::all(gvk.clone()) }
}

fn named(watched: &Watched) -> Selection {
    let id = &watched.entry.id;
    let namespace = (!id.namespace.is_empty()).then(|| id.namespace.clone());
    let gvk = watched.entry.gvk();
    Selection { namespace, name: Some(id.name.clone()), labels: String::new(), body: body_of(&gvk), gvk }
}

fn selection_of(watched: &Watched) -> Selection {
    if watched.owned { common(&watched.entry.gvk()) } else { named(watched) }
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
