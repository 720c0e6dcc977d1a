//! What goes when something else goes: contents of namespaces, dependents, objects of removed kinds; and what comes
//! with a CustomResourceDefinition.

use std::{collections::BTreeSet, sync::Arc};

use serde_json::{Value, json};
use sluice_object::Object;

use super::{
    kinds::of_definition,
    store::{Key, State},
};

/// What holds a namespace until it is empty, in its `spec.finalizers`.
pub(super) const NAMESPACE_FINALIZER: &str = "kubernetes";
/// What holds an object until its dependents are gone.
pub(super) const FOREGROUND: &str = "foregroundDeletion";
/// What holds a definition until its objects are gone.
pub(super) const INSTANCES: &str = "customresourcecleanup.apiextensions.k8s.io";

const DEFINITIONS: (&str, &str) = ("apiextensions.k8s.io", "CustomResourceDefinition");

impl State {
    /// Deletes what is to go, until nothing more does.
    pub(super) fn collect(&mut self) {
        while self.empty_namespaces() | self.delete_orphans() | self.finish_foreground() | self.delete_instances() {}
    }

    fn empty_namespaces(&mut self) -> bool {
        let mut moved = false;
        for key in self.deleting("", "Namespace") {
            let inside = self.objects.keys().filter(|inner| inner.namespace == key.name).cloned();
            let inside: Vec<Key> = inside.collect();
            moved |= self.delete_all(&inside);
            if inside.is_empty() {
                moved |= self.release(&key, "/spec/finalizers", NAMESPACE_FINALIZER);
            }
        }
        moved
    }

    /// Deletes objects none of whose owners exist.
    fn delete_orphans(&mut self) -> bool {
        let uids: BTreeSet<&str> = self.objects.values().map(|object| object.uid()).collect();
        let orphaned = |object: &Object| {
            let mut owners = owners(object).peekable();
            owners.peek().is_some() && owners.all(|owner| !uids.contains(owner))
        };
        let orphans: Vec<Key> =
            self.objects.iter().filter(|(_, object)| orphaned(object)).map(|(key, _)| key.clone()).collect();
        self.delete_all(&orphans)
    }

    fn finish_foreground(&mut self) -> bool {
        let waiting = |object: &&Arc<Object>| object.is_deleting() && has_finalizer(object, FOREGROUND);
        let owners: Vec<_> = self.objects.values().filter(waiting).cloned().collect();
        let mut moved = false;
        for owner in owners {
            let dependents = self.dependents(owner.uid());
            moved |= self.delete_all(&dependents);
            if dependents.is_empty() {
                moved |= self.release(&key_of(&owner), "/metadata/finalizers", FOREGROUND);
            }
        }
        moved
    }

    fn delete_instances(&mut self) -> bool {
        let mut moved = false;
        for key in self.deleting(DEFINITIONS.0, DEFINITIONS.1) {
            let kind = self.objects.get(&key).and_then(|object| of_definition(object));
            let Some((kind, info)) = kind else { continue };
            let instances = self.keys(&info.group, &kind, None);
            moved |= self.delete_all(&instances);
            if instances.is_empty() {
                moved |= self.release(&key, "/metadata/finalizers", INSTANCES);
            }
        }
        moved
    }

    /// Returns the objects that name an owner.
    pub(super) fn dependents(&self, uid: &str) -> Vec<Key> {
        let owned = self.objects.iter().filter(|(_, object)| owners(object).any(|owner| owner == uid));
        owned.map(|(key, _)| key.clone()).collect()
    }

    /// Takes an owner out of its dependents.
    pub(super) fn orphan(&mut self, uid: &str) {
        for key in self.dependents(uid) {
            let Some(mut new) = self.objects.get(&key).map(|object| object.value().clone()) else { continue };
            let Some(references) = new["metadata"]["ownerReferences"].as_array_mut() else { continue };
            references.retain(|reference| reference["uid"] != uid);
            if references.is_empty()
                && let Some(metadata) = new["metadata"].as_object_mut()
            {
                metadata.remove("ownerReferences");
            }
            self.commit(&key, &new);
        }
    }

    fn deleting(&self, group: &str, kind: &str) -> Vec<Key> {
        let keys = self.keys(group, kind, None).into_iter();
        keys.filter(|key| self.objects.get(key).is_some_and(|object| object.is_deleting())).collect()
    }

    fn delete_all(&mut self, keys: &[Key]) -> bool {
        let standing = |key: &&Key| self.objects.get(key).is_some_and(|object| !object.is_deleting());
        let keys: Vec<Key> = keys.iter().filter(standing).cloned().collect();
        keys.iter().for_each(|key| self.delete(key));
        !keys.is_empty()
    }

    fn release(&mut self, key: &Key, list: &str, finalizer: &str) -> bool {
        let Some(mut new) = self.objects.get(key).map(|object| object.value().clone()) else { return false };
        if let Some(finalizers) = new.pointer_mut(list).and_then(Value::as_array_mut) {
            finalizers.retain(|held| held != finalizer);
        }
        let changed = self.objects.get(key).is_some_and(|object| *object.value() != new);
        self.commit(key, &new);
        changed
    }

    /// Serves the kinds of definitions that were written, and says so in their status; serves no more those whose
    /// definition has gone.
    pub(super) fn establish(&mut self, touched: &BTreeSet<Key>) {
        let definitions: Vec<&Key> = touched.iter().filter(|key| key.is(DEFINITIONS.0, DEFINITIONS.1)).collect();
        if definitions.is_empty() {
            return;
        }
        let mut defined = BTreeSet::new();
        for key in self.keys(DEFINITIONS.0, DEFINITIONS.1, None) {
            let Some(object) = self.objects.get(&key).cloned() else { continue };
            let Some((kind, info)) = of_definition(&object) else { continue };
            defined.insert((info.group.clone(), kind.clone()));
            self.kinds.add(&kind, info);
            let established = established(&object, &self.now());
            if object.value()["status"]["acceptedNames"] != established["acceptedNames"] {
                self.set_status(&key, established);
            }
        }
        for (group, kind) in std::mem::replace(&mut self.defined, defined.clone()).difference(&defined) {
            self.kinds.remove(group, kind);
        }
        self.revive_watches();
    }
}

fn established(definition: &Object, now: &str) -> Value {
    let spec = &definition.value()["spec"];
    let condition = |type_: &str, reason: &str, message: &str| {
        json!({
            "type": type_, "status": "True", "lastTransitionTime": now, "reason": reason, "message": message,
        })
    };
    let versions = spec["versions"].as_array().into_iter().flatten();
    let stored: Vec<&Value> = versions.filter(|version| version["storage"] == true).map(|v| &v["name"]).collect();
    json!({
        "acceptedNames": spec["names"],
        "conditions": [
            condition("NamesAccepted", "NoConflicts", "no conflicts found"),
            condition("Established", "InitialNamesAccepted", "the initial names have been accepted"),
        ],
        "storedVersions": stored,
    })
}

fn owners(object: &Object) -> impl Iterator<Item = &str> {
    let references = object.value()["metadata"]["ownerReferences"].as_array().into_iter().flatten();
    references.filter_map(|reference| reference["uid"].as_str())
}

fn has_finalizer(object: &Object, finalizer: &str) -> bool {
    let list = object.value()["metadata"]["finalizers"].as_array().into_iter().flatten();
    list.into_iter().any(|held| held == finalizer)
}

fn key_of(object: &Object) -> Key {
    Key::of(&crate::Target::of(object))
}
