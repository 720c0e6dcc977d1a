//! The controller of one kind: its watch, its queue, its tasks.

use std::sync::Arc;

use futures::StreamExt;
use jiff::{SignedDuration, Timestamp};
use sluice_cluster::{Identity, Selection, WatchEvent};
use sluice_object::{Gvk, Object, ObjectId};
use tokio::sync::{mpsc, watch};
use tracing::Instrument;

use crate::{
    Cause, Context, Index, Kind, Next, Verdict, Wake,
    index::{Kept, Mailbox, Told},
    pass::{self, Begin, End, Parked, Resume},
    queue::{Queue, Work},
};

/// Reconciles all objects of a kind until the context is stopped. `synced` is told once all of them are listed; passes
/// start when `go` turns true, which the agent sets when every kind is listed.
pub async fn run<K: Kind>(kind: Arc<K>, cx: Arc<Context>, synced: watch::Sender<bool>, mut go: watch::Receiver<bool>) {
    let gvk = K::gvk();
    let mailbox = cx.index.mailbox(&gvk.group, &gvk.kind);
    let reader = follow::<K>(cx.clone(), synced);
    let (done, finished) = mpsc::channel(cx.settings.concurrent.max(1));
    let controller =
        Controller { kind, cx: cx.clone(), mailbox, queue: Queue::new(cx.settings.concurrent), done, finished };
    let work = async {
        if go.wait_for(|go| *go).await.is_ok() {
            controller.work().await;
        }
    };
    tokio::select! {
        biased;
        () = cx.stop.cancelled() => {}
        () = reader => {}
        () = work => {}
    }
}

/// Follows the watch of the kind into the index.
async fn follow<K: Kind>(cx: Arc<Context>, synced: watch::Sender<bool>) {
    let selection = Selection { namespace: cx.settings.namespace.clone(), ..Selection::all(K::gvk()) };
    let mut events = cx.cluster.watch(&Identity::Agent, selection);
    let mut listing = std::collections::BTreeSet::new();
    while let Some(event) = events.next().await {
        match event {
            WatchEvent::Restarted => listing.clear(),
            WatchEvent::Seen(object) => {
                listing.insert(object.id());
                pass::absorb::<K>(&cx, object, Told::Watch);
            }
            WatchEvent::Gone(object) => {
                listing.remove(&object.id());
                vanish(&cx, &object.id());
            }
            WatchEvent::Listed => {
                forget_unlisted(&cx, &K::gvk(), &listing);
                synced.send_replace(true);
            }
            WatchEvent::Failed { message, refused } => {
                let kind = K::gvk().to_string();
                tracing::warn!(kind, refused, error = message, "watch of one of our kinds failed");
            }
        }
    }
}

/// Follows a kind that others reconcile, so that objects of ours can refer to its artifacts.
pub async fn follow_sources(cx: Arc<Context>, gvk: Gvk) {
    let selection = Selection { namespace: cx.settings.namespace.clone(), ..Selection::all(gvk.clone()) };
    let mut events = cx.cluster.watch(&Identity::Agent, selection);
    let mut listing = std::collections::BTreeSet::new();
    while let Some(Some(event)) = cx.stop.run_until_cancelled(events.next()).await {
        match event {
            WatchEvent::Restarted => listing.clear(),
            WatchEvent::Seen(object) => {
                listing.insert(object.id());
                let (id, object) = (object.id(), Arc::new(object));
                if matches!(cx.index.keep(object, Told::Watch, Vec::new()), Kept::New(_)) {
                    cx.index.wake_dependents(&id);
                }
            }
            WatchEvent::Gone(object) => {
                listing.remove(&object.id());
                vanish(&cx, &object.id());
            }
            WatchEvent::Listed => forget_unlisted(&cx, &gvk, &listing),
            WatchEvent::Failed { message, refused } => {
                tracing::warn!(kind = %gvk, refused, error = message, "watch of sources failed");
            }
        }
    }
}

fn forget_unlisted(cx: &Context, gvk: &Gvk, listed: &std::collections::BTreeSet<ObjectId>) {
    for object in cx.index.of_kind(&gvk.group, &gvk.kind) {
        if !listed.contains(&object.id()) {
            vanish(cx, &object.id());
        }
    }
}

fn vanish(cx: &Context, id: &ObjectId) {
    cx.index.forget(id);
    cx.index.wake_dependents(id);
    cx.index.wake(id, Wake { changed: true, ..Wake::default() });
}

struct Controller<K: Kind> {
    kind: Arc<K>,
    cx: Arc<Context>,
    mailbox: Arc<Mailbox>,
    queue: Queue<Box<Parked<K>>>,
    done: mpsc::Sender<(ObjectId, End<K>)>,
    finished: mpsc::Receiver<(ObjectId, End<K>)>,
}

impl<K: Kind> Controller<K> {
    async fn work(mut self) {
        loop {
            self.deliver();
            self.queue.fire(self.cx.now());
            for id in self.queue.added() {
                self.cx.meter.queued(&id.kind, &id);
            }
            while let Some((id, work)) = self.queue.pop() {
                self.cx.meter.began(&id.kind, &id);
                self.begin(id, work);
            }
            let (waiting, active, parked) = self.queue.counts();
            self.cx.meter.queue(&K::gvk().kind, waiting, active, parked);
            let timer = self.timer();
            tokio::select! {
                biased;
                Some((id, end)) = self.finished.recv() => self.end(&id, end),
                () = self.mailbox.rung() => {}
                () = timer => {}
            }
        }
    }

    fn timer(&self) -> futures::future::BoxFuture<'static, ()> {
        match self.queue.next_timer() {
            Some(at) => self.cx.world.sleep_until(at),
            None => Box::pin(std::future::pending()),
        }
    }

    fn deliver(&mut self) {
        for (id, wake) in self.mailbox.take() {
            match self.ours(&id) {
                Some(object) => self.wake(&id, wake, &object),
                None if self.queue.is_active(&id) => {}
                None => self.forget(&id),
            }
        }
    }

    /// Returns an object that is there, and ours to reconcile.
    fn ours(&self, id: &ObjectId) -> Option<Arc<Object>> {
        self.cx.index.get(id).filter(|object| self.cx.serves(object))
    }

    fn wake(&mut self, id: &ObjectId, wake: Wake, object: &Object) {
        let typed = if wake.reference { K::read(object).ok() } else { None };
        let concerns = typed.as_ref().is_some_and(|typed| K::concerns(typed, &self.cx.index));
        if let Some(typed) = typed.filter(|typed| concerns && !K::is_suspended(typed)) {
            self.cx.traces.expect(id, &K::references(&typed));
        }
        self.queue.wake(id, wake, concerns, cause(object, wake));
    }

    fn forget(&mut self, id: &ObjectId) {
        self.cx.traces.leave(id);
        self.queue.remove(id);
        self.cx.watches.forget(id);
        self.cx.meter.forget(&id.kind, id);
    }

    fn begin(&self, id: ObjectId, work: Work<Box<Parked<K>>>) {
        let begin = match work {
            Work::Start => Begin::Start,
            Work::Wake(parked) => Begin::Resume(parked, Resume::Objects),
            Work::Deadline(parked) => Begin::Resume(parked, Resume::Deadline),
            Work::Supersede(parked, cause) => Begin::Resume(parked, Resume::Superseded(cause)),
        };
        let (kind, cx, done, span) = (self.kind.clone(), self.cx.clone(), self.done.clone(), self.span(&id));
        let task = async move {
            let end = pass::work(&*kind, &id, begin, &cx).await;
            let _ = done.send((id, end)).await;
        };
        self.cx.world.spawn(Box::pin(task.instrument(span)));
    }

    fn span(&self, id: &ObjectId) -> tracing::Span {
        let reconcile_id = format!("{:016x}", (self.cx.world.random() * u64::MAX as f64) as u64);
        tracing::info_span!(
            "reconcile",
            controller = id.kind.to_lowercase(),
            group = id.group,
            kind = id.kind,
            namespace = id.namespace,
            name = id.name,
            reconcile_id
        )
    }

    fn end(&mut self, id: &ObjectId, end: End<K>) {
        self.cx.meter.ended(&id.kind, id, is_repeated(&end));
        match end {
            End::Parked(parked) => self.park(id, parked),
            End::Settled(verdict) => self.settle(id, &verdict),
            End::Suspended => self.queue.settled(id, None, false),
            End::Gone => self.gone(id),
            End::Failed(error) => {
                tracing::error!(kind = id.kind, namespace = id.namespace, name = id.name, error = %error, "status not written, the pass is repeated");
                let delay = self.backoff(id);
                self.queue.settled(id, Some(self.cx.now() + delay), true);
            }
        }
        // It may have become another agent's meanwhile.
        if self.ours(id).is_none() {
            self.forget(id);
        }
        if self.queue.is_idle(id) {
            self.cx.traces.leave(id);
        }
    }

    fn park(&mut self, id: &ObjectId, parked: Box<Parked<K>>) {
        let (deadline, cx) = (parked.park.deadline, self.cx.clone());
        let overtaken = || overtaken(&cx.index, id);
        match deadline.is_some_and(|at| at <= cx.now()) {
            true => self.queue.gave_way(id, parked, overtaken),
            false => self.queue.parked(id, parked, deadline, overtaken),
        }
    }

    fn settle(&mut self, id: &ObjectId, verdict: &Verdict) {
        let now = self.cx.now();
        let due = match verdict.next {
            Next::Now => Some(now),
            Next::In(time) => now.saturating_add(time).ok(),
            Next::Never => None,
            Next::Backoff => Some(now + self.backoff(id)),
            Next::After(time) => Some(self.jittered(now, time)),
        };
        self.queue.settled(id, due, verdict.next == Next::Backoff);
    }

    fn gone(&mut self, id: &ObjectId) {
        self.queue.gone(id);
        self.cx.watches.forget(id);
        self.cx.meter.forget(&id.kind, id);
        if self.cx.index.get(id).is_some_and(|object| !object.is_deleting()) {
            self.cx.index.wake(id, Wake { changed: true, ..Wake::default() });
        }
    }

    fn jittered(&self, now: Timestamp, time: std::time::Duration) -> Timestamp {
        let share = 1.0 + self.cx.settings.jitter * (2.0 * self.cx.world.random() - 1.0);
        now + SignedDuration::from_secs_f64(time.as_secs_f64() * share)
    }

    /// client-go: exponential from the first delay to the longest.
    fn backoff(&self, id: &ObjectId) -> SignedDuration {
        let (first, longest) = (self.cx.settings.min_retry_delay, self.cx.settings.max_retry_delay);
        let factor = 2u32.saturating_pow(self.queue.failures(id).min(20));
        SignedDuration::try_from(first.saturating_mul(factor).min(longest)).unwrap_or(SignedDuration::from_secs(900))
    }
}

fn is_repeated<K: Kind>(end: &End<K>) -> bool {
    match end {
        End::Settled(verdict) => matches!(verdict.next, Next::Backoff | Next::In(_)),
        end => matches!(end, End::Failed(_)),
    }
}

fn cause(object: &Object, wake: Wake) -> Cause {
    if object.is_deleting() {
        Cause::Deleted
    } else if wake.changed || wake.drift {
        Cause::Changed
    } else {
        Cause::Reference
    }
}

fn overtaken(index: &Index, id: &ObjectId) -> Cause {
    match index.get(id) {
        Some(object) if !object.is_deleting() => Cause::Changed,
        _ => Cause::Deleted,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::*;

    const NOTHING: Wake = Wake { changed: false, reference: false, objects: false, drift: false };

    fn object(deleted_at: Value) -> Object {
        let metadata = json!({"name": "a", "namespace": "b", "uid": "1", "deletionTimestamp": deleted_at});
        Object::new(json!({"apiVersion": "g/v1", "kind": "Kind", "metadata": metadata})).unwrap()
    }

    #[rstest]
    #[case(Wake { changed: true, ..NOTHING }, Cause::Changed)]
    #[case(Wake { drift: true, ..NOTHING }, Cause::Changed)]
    #[case(Wake { reference: true, ..NOTHING }, Cause::Reference)]
    fn a_parked_pass_is_told_why_it_is_overtaken(#[case] wake: Wake, #[case] told: Cause) {
        assert_eq!(cause(&object(Value::Null), wake), told);
        assert_eq!(cause(&object(json!("2026-01-01T00:00:00Z")), wake), Cause::Deleted);
    }

    #[test]
    fn what_was_missed_is_a_deletion_or_a_change() {
        let index = Index::default();
        let id = object(Value::Null).id();
        assert_eq!(overtaken(&index, &id), Cause::Deleted);
        index.keep(Arc::new(object(Value::Null)), Told::Watch, Vec::new());
        assert_eq!(overtaken(&index, &id), Cause::Changed);
        index.keep(Arc::new(object(json!("2026-01-01T00:00:00Z"))), Told::Watch, Vec::new());
        assert_eq!(overtaken(&index, &id), Cause::Deleted);
    }
}
