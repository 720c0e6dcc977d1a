//! One pass over one object: the only caller of [`Kind`], and the only place that writes status and events.

use std::sync::Arc;

use serde_json::{Value, json};
use sluice_cluster::{ApiError, EventType, Identity, Request, Target};
use sluice_object::{Object, ObjectId};

use crate::{
    Command, Context, Input, Kind, Next, Notice, Park, Report, Verdict, events,
    index::{Kept, Told},
    kind::Cause,
    status::merge_patch,
    suspended,
    trace::Trail,
    watches::Delivered,
};

/// The finalizer of every Flux kind that has one.
pub const FINALIZER: &str = "finalizers.fluxcd.io";
/// After a conflict the object is read again and the write tried again, this often.
const TRIES: usize = 5;

/// What is kept of a parked pass.
pub(crate) struct Parked<K: Kind> {
    pub(crate) object: Arc<K::Object>,
    pub(crate) run: K::Run,
    pub(crate) park: Park,
    pub(crate) delivered: Delivered,
    pub(crate) began: jiff::Timestamp,
    pub(crate) trail: Trail,
}

/// How a stretch of a pass begins.
pub(crate) enum Begin<K: Kind> {
    Start,
    Resume(Box<Parked<K>>, Resume),
}

/// Why a parked pass goes on.
pub(crate) enum Resume {
    Objects,
    Deadline,
    Superseded(Cause),
}

/// How a stretch of a pass ends.
pub(crate) enum End<K: Kind> {
    Parked(Box<Parked<K>>),
    Settled(Verdict),
    Gone,
    Suspended,
    Failed(ApiError),
}

/// Works on an object until its pass parks or settles.
pub(crate) async fn work<K: Kind>(kind: &K, id: &ObjectId, begin: Begin<K>, cx: &Context) -> End<K> {
    let mut pass = Pass { kind, id, cx, delivered: Delivered::default(), began: cx.now(), trail: Trail::default() };
    let ended = match begin {
        Begin::Start => pass.start().await,
        Begin::Resume(parked, why) => pass.resume(*parked, why).await,
    };
    match ended {
        Ok(end) => end,
        Err(error) if error.is_not_found() => {
            pass.trail.lost(cx, id, "NotFound", "the object is gone".into());
            End::Gone
        }
        Err(error) => {
            pass.trail.lost(cx, id, "StatusNotWritten", error.to_string());
            End::Failed(error)
        }
    }
}

struct Pass<'a, K: Kind> {
    kind: &'a K,
    id: &'a ObjectId,
    cx: &'a Context,
    delivered: Delivered,
    began: jiff::Timestamp,
    trail: Trail,
}

impl<K: Kind> Pass<'_, K> {
    async fn start(&mut self) -> Result<End<K>, ApiError> {
        let Some(raw) = self.cx.index.get(self.id) else { return Ok(End::Gone) };
        let object = match K::read(&raw) {
            Ok(object) => Arc::new(object),
            Err(error) => return Ok(self.unreadable(&error)),
        };
        if raw.is_deleting() && !has_finalizer(&raw) {
            return Ok(End::Gone);
        }
        if !raw.is_deleting() && K::is_static(&object) {
            // Whoever waits would take the status that the CRD gives it for work to be done.
            self.write_status(&json!({})).await?;
            return Ok(End::Suspended);
        }
        if !raw.is_deleting() && !has_finalizer(&raw) {
            self.change_finalizers(true).await?;
        }
        if K::is_suspended(&object) && !raw.is_deleting() {
            self.write_status(&suspended::status(&raw, K::observes_suspended())).await?;
            return Ok(End::Suspended);
        }
        let facts = self.kind.observe(&object, self.cx).await;
        self.trail.join(self.cx, self.id, K::origin(&object, &facts), self.began);
        let (run, command) = K::start(&object, facts, self.cx.now());
        self.obey(object, run, command).await
    }

    fn unreadable(&self, error: &serde_json::Error) -> End<K> {
        tracing::error!(error = %error, "object does not have the form of its CRD; are the CRDs of this version installed?");
        End::Suspended
    }

    async fn resume(&mut self, parked: Parked<K>, why: Resume) -> Result<End<K>, ApiError> {
        let Parked { object, run, park, delivered, began, trail } = parked;
        (self.delivered, self.began, self.trail) = (delivered, began, trail);
        self.trail.woke(self.cx.now(), matches!(why, Resume::Superseded(_)));
        let input = match why {
            Resume::Superseded(cause) => Input::Superseded(cause),
            Resume::Deadline => Input::Deadline,
            Resume::Objects => {
                let woke = self.cx.watches.changes(self.id, &park.objects, &mut self.delivered);
                if woke.objects.is_empty() && woke.unwatched.is_empty() {
                    return Ok(self.park(object, run, park));
                }
                Input::Woke(woke)
            }
        };
        let (run, command) = K::next(&object, run, input, self.cx.now());
        self.obey(object, run, command).await
    }

    async fn obey(
        &mut self,
        object: Arc<K::Object>,
        mut run: K::Run,
        mut command: Command<K>,
    ) -> Result<End<K>, ApiError> {
        loop {
            let input = match command {
                Command::Publish(report) => {
                    self.delivered = Delivered::default();
                    self.tell(report).await?;
                    Input::Published
                }
                Command::Do(effect) => {
                    self.delivered = Delivered::default();
                    Input::Done(self.perform(effect).await)
                }
                Command::Park(park) => {
                    self.cx.watches.park(self.id, &park.objects);
                    let woke = self.cx.watches.changes(self.id, &park.objects, &mut self.delivered);
                    if woke.objects.is_empty() && woke.unwatched.is_empty() {
                        return Ok(self.park(object, run, park));
                    }
                    Input::Woke(woke)
                }
                Command::Settle(verdict) => return self.settle(verdict).await,
            };
            (run, command) = K::next(&object, run, input, self.cx.now());
        }
    }

    /// Does an effect, as a step of the pass.
    async fn perform(&mut self, effect: K::Effect) -> K::Outcome {
        let (step, began) = (K::step(&effect), self.cx.now());
        self.trail.acts(self.cx, step.as_ref(), began);
        let outcome = self.kind.perform(effect, self.cx).await;
        self.trail.did(self.cx, step, K::failure(&outcome), began);
        outcome
    }

    /// Publishes, as a step of the pass.
    async fn tell(&mut self, report: Report) -> Result<(), ApiError> {
        let began = self.cx.now();
        self.publish(report).await?;
        self.trail.published(self.cx, began);
        Ok(())
    }

    fn park(&mut self, object: Arc<K::Object>, run: K::Run, park: Park) -> End<K> {
        self.trail.parked(self.cx.now(), park.objects.len());
        let (delivered, trail) = (std::mem::take(&mut self.delivered), std::mem::take(&mut self.trail));
        End::Parked(Box::new(Parked { object, run, park, delivered, began: self.began, trail }))
    }

    async fn settle(&mut self, verdict: Verdict) -> Result<End<K>, ApiError> {
        self.cx.watches.unpark(self.id);
        self.tell(verdict.report.clone()).await?;
        self.trail.settled(self.cx, self.id, &verdict);
        if verdict.release {
            self.change_finalizers(false).await?;
            return Ok(End::Gone);
        }
        let took = self.cx.now().duration_since(self.began).unsigned_abs();
        let result = match (verdict.success, verdict.next) {
            // Flux: a source or a dependency that is not ready is no error.
            (false, _) if self.trail.is_blocked(&verdict) => "requeue_after",
            (false, _) => "error",
            (true, Next::After(_)) => "requeue_after",
            (true, _) => "success",
        };
        self.cx.meter.reconciled(&self.id.kind, self.id, took, result);
        Ok(End::Settled(verdict))
    }

    /// Writes what differs from the stored status, then sends the events.
    async fn publish(&self, report: Report) -> Result<(), ApiError> {
        if report.status.is_object() {
            self.write_status(&report.status).await?;
        }
        let Some(stored) = self.cx.index.get(self.id) else { return Err(gone()) };
        for notice in report.notices {
            self.notify(&stored, notice).await;
        }
        Ok(())
    }

    /// The version guards against writing the status of a deleted object into a new one of the same name.
    async fn write_status(&self, status: &Value) -> Result<(), ApiError> {
        let (none, mut uid) = (json!({}), None);
        for _ in 0..TRIES {
            let stored = self.cx.index.get(self.id).ok_or_else(gone)?;
            if uid.get_or_insert_with(|| stored.uid().to_owned()) != stored.uid() {
                return Err(gone());
            }
            let patch = merge_patch(stored.value().get("status").unwrap_or(&none), status);
            if patch == none {
                return Ok(());
            }
            let patch = json!({"metadata": {"resourceVersion": stored.resource_version()}, "status": patch});
            let manager = K::manager().to_owned();
            match self.write(Request::Status { target: self.target(), patch, manager }).await {
                Err(error) if error.code() == 409 => self.write(Request::Get(self.target())).await?,
                done => return done,
            }
        }
        Err(busy("status"))
    }

    async fn write(&self, request: Request) -> Result<(), ApiError> {
        if let Some(object) = self.cx.cluster.call(&Identity::Agent, request).await?.into_object() {
            absorb::<K>(self.cx, object, Told::Answer);
        }
        Ok(())
    }

    async fn notify(&self, about: &Object, notice: Notice) {
        match notice.type_ {
            EventType::Normal => tracing::info!(reason = notice.reason, "{}", notice.message),
            EventType::Warning => {
                tracing::error!(reason = notice.reason, error = notice.message, "reconciliation failed")
            }
        }
        let (cluster, now) = (self.cx.cluster.as_ref(), self.cx.now());
        let event = events::event(about, K::component(), notice, now);
        if let Err(error) = self.cx.recorder.record(event, cluster, now).await {
            tracing::warn!(error = %error, "event not recorded");
        }
    }

    /// Adds or removes the finalizer; the version of the object guards other finalizers against being lost.
    async fn change_finalizers(&self, ours: bool) -> Result<(), ApiError> {
        for _ in 0..TRIES {
            let Some(object) = self.cx.index.get(self.id) else { return Ok(()) };
            if has_finalizer(&object) == ours {
                return Ok(());
            }
            let patch = json!({"metadata": {"finalizers": finalizers(&object, ours), "resourceVersion": object.resource_version()}});
            let manager = K::manager().to_owned();
            match self.write(Request::MergePatch { target: self.target(), patch, manager }).await {
                Err(error) if error.code() == 409 => self.write(Request::Get(self.target())).await?,
                Err(error) if error.is_not_found() && !ours => return Ok(()),
                done => return done,
            }
        }
        Err(ApiError::status(
            409,
            "Conflict",
            "the finalizer could not be written; somebody changes the object all the time",
        ))
    }

    fn target(&self) -> Target {
        Target::by_id(self.id, &K::gvk().version)
    }
}

fn gone() -> ApiError {
    ApiError::status(404, "NotFound", "the object is gone")
}

fn busy(what: &str) -> ApiError {
    ApiError::status(
        409,
        "Conflict",
        format!("the {what} could not be written: somebody changes the object all the time"),
    )
}

fn has_finalizer(object: &Object) -> bool {
    names(object).any(|name| name == FINALIZER)
}

fn names(object: &Object) -> impl Iterator<Item = &str> {
    let list = object.value().pointer("/metadata/finalizers").and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str)
}

fn finalizers(object: &Object, ours: bool) -> Vec<&str> {
    let others = names(object).filter(|name| *name != FINALIZER);
    others.chain(ours.then_some(FINALIZER)).collect()
}

/// Takes in an object of a kind of ours, whether it was seen by the watch or answered to a write: keeps the newest,
/// and wakes whom the difference concerns.
pub(crate) fn absorb<K: Kind>(cx: &Context, mut object: Object, told: Told) {
    if let Some(metadata) = object.value_mut()["metadata"].as_object_mut() {
        metadata.remove("managedFields");
    }
    let (id, object) = (object.id(), Arc::new(object));
    let references = K::read(&object).map(|typed| K::references(&typed)).unwrap_or_default();
    let Kept::New(old) = cx.index.keep(object.clone(), told, references) else { return };
    let moved = |old: &Object| cx.serves(old) != cx.serves(&object);
    if old.as_ref().is_none_or(|old| asks_for_a_pass(old, &object) || moved(old)) {
        cx.index.wake(&id, crate::Wake { changed: true, ..Default::default() });
    }
    if old.as_ref().map(|old| K::signal(old)) != Some(K::signal(&object)) {
        cx.index.wake_dependents(&id);
    }
}

/// Flux: the update predicates of all controllers (generation, or `reconcile.fluxcd.io/requestedAt`), and deletion.
fn asks_for_a_pass(old: &Object, new: &Object) -> bool {
    const REQUESTED_AT: &str = "reconcile.fluxcd.io/requestedAt";
    old.uid() != new.uid()
        || old.generation() != new.generation()
        || old.is_deleting() != new.is_deleting()
        || old.annotation(REQUESTED_AT) != new.annotation(REQUESTED_AT)
        || settings(old) != settings(new)
}

/// Annotations of our own switch behaviour, so a change of them counts like one of the spec.
fn settings(object: &Object) -> Vec<(&String, &Value)> {
    let annotations = object.value().pointer("/metadata/annotations").and_then(Value::as_object);
    annotations.into_iter().flatten().filter(|(key, _)| key.starts_with("sluice.dev/")).collect()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn object(metadata: &Value) -> Object {
        let mut whole = json!({"name": "a", "namespace": "b", "uid": "1", "generation": 1, "annotations": {}});
        whole.as_object_mut().unwrap().extend(metadata.as_object().unwrap().clone());
        Object::new(json!({"apiVersion": "g/v1", "kind": "Kind", "metadata": whole})).unwrap()
    }

    #[rstest]
    #[case(json!({"uid": "2"}), true)]
    #[case(json!({"generation": 2}), true)]
    #[case(json!({"deletionTimestamp": "2026-01-01T00:00:00Z"}), true)]
    #[case(json!({"annotations": {"reconcile.fluxcd.io/requestedAt": "now"}}), true)]
    #[case(json!({"annotations": {"sluice.dev/drift": "immediate"}}), true)]
    #[case(json!({"annotations": {"example.com/seen": "yes"}}), false)]
    #[case(json!({"resourceVersion": "2", "labels": {"a": "b"}, "finalizers": ["a"]}), false)]
    fn each_of_these_alone_asks_for_a_pass_or_does_not(#[case] metadata: Value, #[case] asks: bool) {
        assert_eq!(asks_for_a_pass(&object(&json!({})), &object(&metadata)), asks);
    }
}
