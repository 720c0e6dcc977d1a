//! Kubernetes Events about our objects. What has been said before counts up instead of being said again, as
//! client-go's recorder does.

use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hash, Hasher as _},
    sync::{Mutex, MutexGuard, PoisonError},
};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sluice_cluster::{ApiError, Cluster, Event, Identity, Request, Target};
use sluice_object::Object;

use crate::Notice;

/// Annotations of an object that its Events carry too.
const PREFIX: &str = "event.toolkit.fluxcd.io/";
/// How many Events are remembered, as in client-go.
const MOST: usize = 4096;
/// API servers keep Events for an hour.
const LIFE: SignedDuration = SignedDuration::from_hours(1);

/// Writes Events, and remembers those that are still there.
#[derive(Default)]
pub(crate) struct Recorder {
    recent: Mutex<BTreeMap<u64, Recorded>>,
}

#[derive(Clone)]
struct Recorded {
    event: Target,
    count: u64,
    last: Timestamp,
}

/// Returns the Event of a notice.
pub(crate) fn event(about: &Object, component: &str, notice: Notice, now: Timestamp) -> Event {
    let metadata = about.value().pointer("/metadata/annotations").and_then(Value::as_object);
    let copied = metadata.into_iter().flatten().filter(|(key, _)| key.starts_with(PREFIX));
    let mut annotations = notice.annotations;
    annotations.extend(copied.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))));
    Event {
        about: Target::of(about),
        uid: about.uid().into(),
        resource_version: about.resource_version().into(),
        type_: notice.type_,
        reason: notice.reason,
        message: notice.message,
        component: component.into(),
        annotations,
        at: now.to_string(),
    }
}

impl Recorder {
    /// Writes an Event, or counts up the one that says the same.
    ///
    /// # Errors
    /// The API server's; nothing is tried again.
    pub(crate) async fn record(&self, event: Event, cluster: &dyn Cluster, now: Timestamp) -> Result<(), ApiError> {
        let key = key(&event);
        if let Some(known) = self.again(key, now) {
            let patch = json!({
                "count": known.count, "lastTimestamp": event.at, "metadata": {"annotations": event.annotations},
            });
            let manager = event.component.clone();
            match cluster.call(&Identity::Agent, Request::MergePatch { target: known.event, patch, manager }).await {
                Err(error) if error.is_not_found() => {}
                done => return done.map(drop),
            }
        }
        let written = cluster.call(&Identity::Agent, Request::Event(event)).await?.into_object();
        let recorded = written.map(|written| Recorded { event: Target::of(&written), count: 1, last: now });
        self.remember(key, recorded, now);
        Ok(())
    }

    fn again(&self, key: u64, now: Timestamp) -> Option<Recorded> {
        let mut recent = self.recent();
        let known = recent.get_mut(&key).filter(|known| is_fresh(known, now))?;
        (known.count, known.last) = (known.count + 1, now);
        Some(known.clone())
    }

    fn remember(&self, key: u64, recorded: Option<Recorded>, now: Timestamp) {
        let mut recent = self.recent();
        if recent.len() >= MOST {
            recent.retain(|_, known| is_fresh(known, now));
        }
        if recent.len() < MOST {
            recent.extend(recorded.map(|recorded| (key, recorded)));
        }
    }

    fn recent(&self) -> MutexGuard<'_, BTreeMap<u64, Recorded>> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_fresh(known: &Recorded, now: Timestamp) -> bool {
    now.duration_since(known.last) < LIFE
}

fn key(event: &Event) -> u64 {
    let mut hasher = DefaultHasher::new();
    (&event.uid, event.about.id(), event.type_ as u8).hash(&mut hasher);
    (&event.reason, &event.message, &event.component).hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use sluice_cluster::{EventType, FakeCluster, Precondition, Propagation, Verb};

    use super::*;

    fn notice(message: &str) -> Notice {
        let annotations = [("revision".to_owned(), "1".to_owned())].into();
        Notice { type_: EventType::Warning, reason: "BuildFailed".into(), message: message.into(), annotations }
    }

    async fn told(messages: &[&str], gone_after: Option<usize>) -> (Vec<u64>, usize) {
        let (cluster, recorder) = (FakeCluster::default(), Recorder::default());
        let about = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "default"}});
        cluster.put(about.clone()).unwrap();
        let about = Object::new(about).unwrap();
        for (index, message) in messages.iter().enumerate() {
            let event = event(&about, "kustomize-controller", notice(message), Timestamp::UNIX_EPOCH);
            recorder.record(event, &cluster, Timestamp::UNIX_EPOCH).await.unwrap();
            if gone_after == Some(index) {
                let [event] = &events(&cluster)[..] else { panic!("several") };
                let (only_if, propagation) = (Precondition::default(), Propagation::Background);
                let delete = Request::Delete { target: Target::of(event), only_if, propagation };
                cluster.call(&Identity::Agent, delete).await.unwrap();
            }
        }
        let counts = events(&cluster).iter().map(|event| event.value()["count"].as_u64().unwrap()).collect();
        (counts, cluster.requests().iter().filter(|(_, verb, _)| *verb == Verb::Event).count())
    }

    fn events(cluster: &FakeCluster) -> Vec<Object> {
        cluster.objects().into_iter().filter(|object| object.kind() == "Event").collect()
    }

    #[tokio::test]
    async fn what_was_said_before_counts_up() {
        assert_eq!(told(&["no", "no", "other", "no"], None).await, (vec![3, 1], 2));
    }

    #[test]
    fn what_tells_events_apart_counts_them_apart() {
        let about = |name: &str, uid: &str| {
            let annotations = json!({"event.toolkit.fluxcd.io/team": "a", "example.com/other": "b"});
            let metadata = json!({"name": name, "namespace": "default", "uid": uid, "annotations": annotations});
            Object::new(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata})).unwrap()
        };
        let made = |name, uid, message| event(&about(name, uid), "c", notice(message), Timestamp::UNIX_EPOCH);
        let (one, again) = (made("a", "1", "no"), made("a", "1", "no"));
        let keys: Vec<_> = one.annotations.keys().map(String::as_str).collect();
        assert_eq!((key(&one), keys), (key(&again), vec!["event.toolkit.fluxcd.io/team", "revision"]));
        for other in [made("a", "2", "no"), made("b", "1", "no"), made("a", "1", "yes")] {
            assert_ne!(key(&one), key(&other));
        }
    }

    #[tokio::test]
    async fn an_event_that_is_gone_is_written_anew() {
        assert_eq!(told(&["no", "no", "no"], Some(1)).await, (vec![1], 2));
    }

    #[test]
    fn no_more_is_remembered_than_fits() {
        let recorder = Recorder::default();
        let event = Target { gvk: sluice_object::Gvk::new("", "v1", "Event"), namespace: "n".into(), name: "e".into() };
        let at = |hours| Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hours);
        let remember = |key: usize, hours| {
            let recorded = Recorded { event: event.clone(), count: 1, last: at(hours) };
            recorder.remember(key as u64, Some(recorded), at(hours));
        };
        (0..MOST + 10).for_each(|key| remember(key, 0));
        assert_eq!(recorder.recent().len(), MOST);
        remember(MOST, 2);
        assert_eq!(recorder.recent().len(), 1);
    }
}
