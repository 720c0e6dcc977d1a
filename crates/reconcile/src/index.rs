//! The objects of our kinds, who refers to whom, and the mailboxes in which wakes are collected.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use sluice_object::{Object, ObjectId};
use tokio::sync::Notify;

/// Why an object of ours is woken; wakes that come together are merged, so a mailbox is never longer than the
/// number of objects.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Wake {
    /// The object itself is new, changed, asked to reconcile, or deleted.
    pub changed: bool,
    /// Something that it refers to has changed.
    pub reference: bool,
    /// Something that it waits for, or manages, has changed.
    pub objects: bool,
    /// A managed object was changed by somebody else, and is to be put back at once.
    pub drift: bool,
}

impl Wake {
    fn merge(&mut self, other: Wake) {
        self.changed |= other.changed;
        self.reference |= other.reference;
        self.objects |= other.objects;
        self.drift |= other.drift;
    }
}

/// The wakes of one kind.
#[derive(Debug, Default)]
pub(crate) struct Mailbox {
    pending: Mutex<BTreeMap<ObjectId, Wake>>,
    bell: Notify,
}

impl Mailbox {
    pub(crate) fn put(&self, id: &ObjectId, wake: Wake) {
        lock(&self.pending).entry(id.clone()).or_default().merge(wake);
        self.bell.notify_one();
    }

    pub(crate) fn take(&self) -> BTreeMap<ObjectId, Wake> {
        std::mem::take(&mut *lock(&self.pending))
    }

    pub(crate) async fn rung(&self) {
        self.bell.notified().await;
    }
}

/// Objects of our kinds as last seen or written, and the graph of references between them.
#[derive(Debug, Default)]
pub struct Index {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    objects: BTreeMap<ObjectId, Arc<Object>>,
    references: BTreeMap<ObjectId, Vec<ObjectId>>,
    dependents: BTreeMap<ObjectId, BTreeSet<ObjectId>>,
    mailboxes: BTreeMap<(String, String), Arc<Mailbox>>,
}

impl Index {
    /// Returns an object as last seen or written.
    pub fn get(&self, id: &ObjectId) -> Option<Arc<Object>> {
        lock(&self.state).objects.get(id).cloned()
    }

    /// Returns the objects of a kind, in order of their ids.
    pub fn of_kind(&self, group: &str, kind: &str) -> Vec<Arc<Object>> {
        let state = lock(&self.state);
        let found = state.objects.iter().filter(|(id, _)| id.group == group && id.kind == kind);
        found.map(|(_, object)| object.clone()).collect()
    }

    /// Keeps an object unless a newer version of it is known. Returns what was kept before.
    pub(crate) fn keep(&self, object: Arc<Object>, told: Told, references: Vec<ObjectId>) -> Kept {
        let id = object.id();
        let mut state = lock(&self.state);
        let old = state.objects.get(&id).cloned();
        let is_gone = told == Told::Answer && old.as_ref().is_none_or(|old| old.uid() != object.uid());
        if is_gone || old.as_ref().is_some_and(|old| is_newer(old, &object)) {
            return Kept::Older;
        }
        state.relate(&id, references);
        state.objects.insert(id, object);
        Kept::New(old)
    }

    pub(crate) fn forget(&self, id: &ObjectId) {
        let mut state = lock(&self.state);
        state.relate(id, Vec::new());
        state.objects.remove(id);
    }

    /// Wakes all that refer to an object.
    pub(crate) fn wake_dependents(&self, id: &ObjectId) {
        self.wake_all(id, Wake { reference: true, ..Wake::default() });
    }

    /// Wakes all that take values from an object: to them that is a change of their own.
    pub(crate) fn wake_users(&self, id: &ObjectId) {
        self.wake_all(id, Wake { changed: true, ..Wake::default() });
    }

    fn wake_all(&self, id: &ObjectId, wake: Wake) {
        let state = lock(&self.state);
        for dependent in state.dependents.get(id).into_iter().flatten() {
            state.put(dependent, wake);
        }
    }

    /// Wakes one object of ours.
    pub(crate) fn wake(&self, id: &ObjectId, wake: Wake) {
        lock(&self.state).put(id, wake);
    }

    pub(crate) fn mailbox(&self, group: &str, kind: &str) -> Arc<Mailbox> {
        lock(&self.state).mailboxes.entry((group.into(), kind.into())).or_default().clone()
    }
}

/// Who tells of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    /// A watch.
    Watch,
    /// The answer to a write; it may come after a watch has told that the object is gone.
    Answer,
}

/// What became of an object that was handed to the index.
pub(crate) enum Kept {
    /// It is kept; this was there before.
    New(Option<Arc<Object>>),
    /// A newer version was there already, or the object is gone.
    Older,
}

impl State {
    fn relate(&mut self, id: &ObjectId, references: Vec<ObjectId>) {
        for old in self.references.remove(id).unwrap_or_default() {
            if let Some(dependents) = self.dependents.get_mut(&old) {
                dependents.remove(id);
                if dependents.is_empty() {
                    self.dependents.remove(&old);
                }
            }
        }
        for reference in &references {
            self.dependents.entry(reference.clone()).or_default().insert(id.clone());
        }
        if !references.is_empty() {
            self.references.insert(id.clone(), references);
        }
    }

    fn put(&self, id: &ObjectId, wake: Wake) {
        if let Some(mailbox) = self.mailboxes.get(&(id.group.clone(), id.kind.clone())) {
            mailbox.put(id, wake);
        }
    }
}

/// Resource versions of one object are comparable numbers on every API server that etcd, or kine, stands behind.
fn is_newer(old: &Object, new: &Object) -> bool {
    old.uid() == new.uid() && version(old) > version(new)
}

fn version(object: &Object) -> u64 {
    object.resource_version().parse().unwrap_or(0)
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(name: &str, uid: &str, version: &str) -> Arc<Object> {
        let metadata = json!({"name": name, "namespace": "ns", "uid": uid, "resourceVersion": version});
        Arc::new(Object::new(json!({"apiVersion": "g/v1", "kind": "Kind", "metadata": metadata})).unwrap())
    }

    fn keep(index: &Index, name: &str, references: &[&str]) {
        let references = references.iter().map(|name| object(name, "1", "1").id()).collect();
        index.keep(object(name, "1", "1"), Told::Watch, references);
    }

    fn woken_by(index: &Index, name: &str) -> Vec<String> {
        let mailbox = index.mailbox("g", "Kind");
        index.wake_dependents(&object(name, "1", "1").id());
        mailbox.take().into_keys().map(|id| id.name).collect()
    }

    #[test]
    fn an_older_version_does_not_replace_a_newer_one_of_the_same_object() {
        let index = Index::default();
        let kept =
            |uid, version| matches!(index.keep(object("a", uid, version), Told::Watch, Vec::new()), Kept::New(_));
        let all = [("1", "9"), ("1", "10"), ("1", "10"), ("1", "9"), ("2", "8")];
        assert_eq!(all.map(|(uid, version)| kept(uid, version)), [true, true, true, false, true]);
    }

    #[test]
    fn an_answer_brings_nothing_back() {
        let index = Index::default();
        let kept = |told, uid| matches!(index.keep(object("a", uid, "1"), told, Vec::new()), Kept::New(_));
        assert_eq!([kept(Told::Answer, "1"), kept(Told::Watch, "1"), kept(Told::Answer, "1")], [false, true, true]);
        assert!(kept(Told::Watch, "2") && !kept(Told::Answer, "1"));
    }

    #[test]
    fn who_refers_no_longer_is_woken_no_longer() {
        let index = Index::default();
        keep(&index, "a", &["x", "y"]);
        keep(&index, "b", &["y"]);
        assert_eq!((woken_by(&index, "x"), woken_by(&index, "y")), (vec!["a".into()], vec!["a".into(), "b".into()]));
        keep(&index, "a", &["x"]);
        assert_eq!((woken_by(&index, "x"), woken_by(&index, "y")), (vec!["a".into()], vec!["b".into()]));
        for name in ["a", "b"] {
            index.forget(&object(name, "1", "1").id());
        }
        let state = lock(&index.state);
        assert!(state.objects.is_empty() && state.references.is_empty() && state.dependents.is_empty());
    }

    #[test]
    fn objects_of_a_kind_come_in_order_and_alone() {
        let index = Index::default();
        for name in ["c", "a", "b"] {
            keep(&index, name, &[]);
        }
        let names = |group, kind| {
            let found = index.of_kind(group, kind);
            found.iter().map(|found| found.name().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(names("g", "Kind"), ["a", "b", "c"]);
        assert!(names("other", "Kind").is_empty() && names("g", "Other").is_empty());
    }
}
