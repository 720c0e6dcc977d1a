//! ConfigMaps and Secrets that objects of ours take values from: a change of one that asks for it by a label starts
//! the passes of those that refer to it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use futures::StreamExt as _;
use sluice_cluster::{Body, Identity, Selection, WatchEvent};
use sluice_object::{Gvk, Object, ObjectId};

use crate::Context;

/// Follows the ConfigMaps, or the Secrets, that a label selector chooses, until the agent stops. Their contents are
/// not read.
pub async fn follow(cx: Arc<Context>, kind: &'static str, labels: String) {
    let stop = cx.stop.clone();
    let _ = stop.run_until_cancelled(wake_users(&cx, kind, labels)).await;
}

async fn wake_users(cx: &Context, kind: &'static str, labels: String) {
    let gvk = Gvk::new("", "v1", kind);
    let namespace = cx.settings.namespace.clone();
    let selection = Selection { namespace, labels, body: Body::Metadata, ..Selection::all(gvk) };
    let mut events = cx.cluster.watch(&Identity::Agent, selection);
    let mut known = Known::default();
    while let Some(event) = events.next().await {
        if let WatchEvent::Failed { message, refused } = &event {
            tracing::warn!(kind, refused, error = message, "watch of values failed");
        }
        for id in known.absorb(event) {
            cx.index.wake_users(&id);
        }
    }
}

/// The versions as seen last.
#[derive(Default)]
struct Known {
    versions: BTreeMap<ObjectId, String>,
    listing: BTreeSet<ObjectId>,
    listed: bool,
}

impl Known {
    /// Takes in an event, and returns the objects that have changed. What the first listing shows is no change.
    fn absorb(&mut self, event: WatchEvent) -> Vec<ObjectId> {
        match event {
            WatchEvent::Restarted => self.listing.clear(),
            WatchEvent::Seen(object) => return self.seen(&object).into_iter().collect(),
            WatchEvent::Gone(object) => {
                self.listing.remove(&object.id());
                return self.versions.remove(&object.id()).map(|_| object.id()).into_iter().collect();
            }
            WatchEvent::Listed => {
                self.listed = true;
                let lost: Vec<_> = self.versions.keys().filter(|id| !self.listing.contains(*id)).cloned().collect();
                self.versions.retain(|id, _| !lost.contains(id));
                return lost;
            }
            WatchEvent::Failed { .. } => {}
        }
        Vec::new()
    }

    fn seen(&mut self, object: &Object) -> Option<ObjectId> {
        let (id, version) = (object.id(), object.resource_version().to_owned());
        self.listing.insert(id.clone());
        let old = self.versions.insert(id.clone(), version.clone());
        let changed = match old {
            Some(old) => old != version,
            None => self.listed,
        };
        changed.then_some(id)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn config(name: &str, version: &str) -> Object {
        let metadata = json!({"name": name, "namespace": "ns", "resourceVersion": version});
        Object::new(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata})).unwrap()
    }

    fn absorb(known: &mut Known, events: Vec<WatchEvent>) -> Vec<String> {
        events.into_iter().flat_map(|event| known.absorb(event)).map(|id| id.name).collect()
    }

    #[test]
    fn only_changes_after_the_first_listing_count() {
        use WatchEvent::{Gone, Listed, Restarted, Seen};
        let mut known = Known::default();
        let first = vec![Restarted, Seen(config("a", "1")), Seen(config("b", "1")), Listed];
        assert_eq!(absorb(&mut known, first), Vec::<String>::new());
        let later = vec![Seen(config("a", "2")), Seen(config("a", "2")), Seen(config("new", "3"))];
        assert_eq!(absorb(&mut known, later), ["a", "new"]);
        assert_eq!(absorb(&mut known, vec![Gone(config("new", "4")), Gone(config("new", "4"))]), ["new"]);
        let again = vec![Restarted, Seen(config("a", "2")), Listed];
        assert_eq!(absorb(&mut known, again), ["b"]);
    }
}
