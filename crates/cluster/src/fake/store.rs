//! The objects, and what every write to them keeps true.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use jiff::Timestamp;
use serde_json::{Value, json};
use sluice_object::{Gvk, Object};

use super::{
    apply::{Write, update},
    kinds::{KindInfo, Kinds},
    permissions::Denials,
    schema::Schema,
    stamp::{count_generation, keep_given},
    watchers::Watcher,
};
use crate::Target;

/// What names an object, whatever its version.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) group: String,
    pub(super) kind: String,
    pub(super) namespace: String,
    pub(super) name: String,
}

impl Key {
    pub(super) fn of(target: &Target) -> Self {
        Self {
            group: target.gvk.group.clone(),
            kind: target.gvk.kind.clone(),
            namespace: target.namespace.clone(),
            name: target.name.clone(),
        }
    }

    pub(super) fn namespace(name: &str) -> Self {
        let (group, namespace) = (String::new(), String::new());
        Self { group, kind: "Namespace".into(), namespace, name: name.into() }
    }

    pub(super) fn is(&self, group: &str, kind: &str) -> bool {
        self.group == group && self.kind == kind
    }

    pub(super) fn is_namespace(&self) -> bool {
        self.is("", "Namespace")
    }
}

pub(super) type Clock = Box<dyn Fn() -> Timestamp + Send + Sync>;

/// The server's memory.
pub(super) struct State {
    clock: Clock,
    pub(super) kinds: Kinds,
    pub(super) objects: BTreeMap<Key, Arc<Object>>,
    pub(super) denials: Denials,
    pub(super) watchers: Vec<Watcher>,
    pub(super) events: Vec<crate::Event>,
    pub(super) auto_ready: bool,
    /// Kinds that a CustomResourceDefinition serves.
    pub(super) defined: BTreeSet<(String, String)>,
    /// What was written since the controllers last looked.
    pub(super) touched: BTreeSet<Key>,
    pub(super) garbage_due: bool,
    version: u64,
    pub(super) uids: u64,
}

impl State {
    pub(super) fn new(clock: Clock) -> Self {
        let mut state = Self {
            clock,
            kinds: Kinds::built_in(),
            objects: BTreeMap::new(),
            denials: Denials::default(),
            watchers: Vec::new(),
            events: Vec::new(),
            auto_ready: false,
            defined: BTreeSet::new(),
            touched: BTreeSet::new(),
            garbage_due: false,
            version: 1000,
            uids: 0,
        };
        state.ensure_namespace("default");
        state.ensure_namespace("kube-system");
        state
    }

    /// Returns the time as objects carry it.
    pub(super) fn now(&self) -> String {
        (self.clock)().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    }

    /// Returns an object in a version.
    pub(super) fn read(&self, key: &Key, version: &str) -> Option<Object> {
        self.objects.get(key).map(|object| in_version(object, version))
    }

    pub(super) fn all(&self) -> Vec<Arc<Object>> {
        self.objects.values().cloned().collect()
    }

    /// Returns the keys of a kind, in a namespace or everywhere.
    pub(super) fn keys(&self, group: &str, kind: &str, namespace: Option<&str>) -> Vec<Key> {
        let wanted = |key: &&Key| key.is(group, kind) && namespace.is_none_or(|namespace| key.namespace == namespace);
        self.objects.keys().filter(wanted).cloned().collect()
    }

    pub(super) fn serve(&mut self, gvk: &Gvk, plural: &str, namespaced: bool) {
        let mut versions = self.kinds.get(&gvk.group, &gvk.kind).map(|info| info.versions.clone()).unwrap_or_default();
        versions.insert(gvk.version.clone(), Schema::Custom(Value::Null.into()));
        let (group, plural) = (gvk.group.clone(), plural.to_owned());
        let info = KindInfo { group, plural, namespaced, versions, status: true, generation: true };
        self.kinds.add(&gvk.kind, info);
        self.revive_watches();
    }

    /// Stores the test's object.
    pub(super) fn put(&mut self, object: &Object) -> Object {
        let target = Target::of(object);
        let info = self.kinds.resolve(&target.gvk).cloned();
        let info = info.unwrap_or_else(|error| panic!("{error}: serve the kind before objects of it are put"));
        if info.namespaced {
            self.ensure_namespace(&target.namespace);
        }
        let key = Key::of(&target);
        let mut new = object.value().clone();
        self.stamp(&key, &info, &mut new);
        let live = self.objects.get(&key).map(|live| live.value().clone());
        match &live {
            Some(live) => count_generation(&info, live, &mut new),
            None => keep_given(object, &mut new),
        }
        if live.is_none() || new["metadata"]["managedFields"].is_null() {
            let (now, api_version) = (self.now(), target.gvk.api_version());
            let schema = info.schema(&target.gvk.version);
            let write =
                Write { schema: &schema, manager: "test", subresource: "", api_version: &api_version, now: &now };
            new = update(live.as_ref(), new, &write);
        }
        self.commit(&key, &new);
        self.settle();
        self.read(&key, &target.gvk.version).unwrap_or_else(|| object.clone())
    }

    pub(super) fn ensure_namespace(&mut self, name: &str) {
        let key = Key::namespace(name);
        if !name.is_empty() && !self.objects.contains_key(&key) {
            let info = self.kinds.get("", "Namespace").cloned();
            let mut new = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name } });
            if let Some(info) = info {
                self.stamp(&key, &info, &mut new);
            }
            self.commit(&key, &new);
        }
    }

    /// Stores an object when it differs from the stored one; one that is being deleted and that nothing holds any
    /// more goes.
    pub(super) fn commit(&mut self, key: &Key, new: &Value) {
        let old = self.objects.get(key).cloned();
        if old.as_ref().is_some_and(|old| old.value() == new) {
            return;
        }
        let Ok(mut object) = Object::new(new.clone()) else { return };
        self.version += 1;
        object.value_mut()["metadata"]["resourceVersion"] = self.version.to_string().into();
        let object = Arc::new(object);
        let owned = object.value()["metadata"]["ownerReferences"].is_array();
        self.garbage_due |= owned || object.is_deleting();
        self.touched.insert(key.clone());
        if object.is_deleting() && !is_held(&object) {
            self.objects.remove(key);
            self.notify(key, old.as_deref(), None, &object);
        } else {
            self.objects.insert(key.clone(), object.clone());
            self.notify(key, old.as_deref(), Some(&object), &object);
        }
    }

    /// Begins to delete an object; it goes at once when nothing holds it.
    pub(super) fn delete(&mut self, key: &Key) {
        let Some(mut new) = self.objects.get(key).map(|object| object.value().clone()) else { return };
        let metadata = &mut new["metadata"];
        if !metadata["deletionTimestamp"].is_null() {
            return;
        }
        metadata["deletionTimestamp"] = self.now().into();
        metadata["deletionGracePeriodSeconds"] = 0.into();
        if let Some(generation) = metadata["generation"].as_i64() {
            metadata["generation"] = (generation + 1).into();
        }
        if key.is_namespace() {
            new["status"]["phase"] = "Terminating".into();
        }
        self.commit(key, &new);
    }

    /// Writes a status as a controller does.
    pub(super) fn set_status(&mut self, key: &Key, status: Value) {
        let Some(live) = self.objects.get(key).map(|object| object.value().clone()) else { return };
        let mut new = live.clone();
        new["status"] = status;
        let gvk = Gvk::parse(live["apiVersion"].as_str().unwrap_or_default(), &key.kind);
        let schema = self.kinds.resolve(&gvk).map_or(Schema::BuiltIn, |info| info.schema(&gvk.version));
        let (now, api_version, manager) = (self.now(), gvk.api_version(), "kube-controller-manager");
        let write = Write { schema: &schema, manager, subresource: "status", api_version: &api_version, now: &now };
        let new = update(Some(&live), new, &write);
        self.commit(key, &new);
        self.settle();
    }

    /// Lets the controllers react to what was written, until nothing moves.
    pub(super) fn settle(&mut self) {
        while !self.touched.is_empty() {
            let touched = std::mem::take(&mut self.touched);
            self.establish(&touched);
            if std::mem::take(&mut self.garbage_due) {
                self.collect();
            }
            if self.auto_ready {
                for key in &touched {
                    self.ready(key);
                }
            }
        }
    }

    pub(super) fn deny(&mut self, denial: [&str; 4]) {
        self.denials.add(denial);
    }

    pub(super) fn allow_all(&mut self) {
        self.denials.clear();
        self.revive_watches();
    }
}

/// Says whether finalizers hold an object.
fn is_held(object: &Object) -> bool {
    let is_filled = |list: &Value| list.as_array().is_some_and(|list| !list.is_empty());
    let namespace = object.kind() == "Namespace" && object.gvk().group.is_empty();
    is_filled(&object.value()["metadata"]["finalizers"])
        || namespace && is_filled(&object.value()["spec"]["finalizers"])
}

/// Returns an object in another version of its kind; nothing is converted.
pub(super) fn in_version(object: &Object, version: &str) -> Object {
    let gvk = Gvk { version: version.into(), ..object.gvk() };
    let mut object = object.clone();
    object.value_mut()["apiVersion"] = gvk.api_version().into();
    object
}
