//! What a pass leaves behind of itself in a trace; it goes along with a parked pass.

use jiff::Timestamp;
use sluice_object::ObjectId;

use super::{
    Arrival, Attribute, Attributes, Ending, Origin, Place, Step, Traces,
    describe::{self, Time},
};
use crate::{Context, Next, Verdict, index::lock};

/// Where a pass is in a trace, if it is in one.
#[derive(Debug, Default)]
pub(crate) struct Trail {
    place: Option<Place>,
    source: Option<Arrival>,
    heard: Option<Timestamp>,
    blocked: Option<Timestamp>,
    wait: Option<Wait>,
    acted: bool,
    steps: bool,
    overtaken: bool,
}

/// A wait goes on while a pass does nothing but park and look.
#[derive(Debug)]
struct Wait {
    began: Timestamp,
    woke: Timestamp,
    objects: usize,
}

impl Trail {
    /// Joins the trace of the revision that the pass is about.
    pub(crate) fn join(&mut self, cx: &Context, id: &ObjectId, origin: Option<Origin>, began: Timestamp) {
        let Some(origin) = origin else { return };
        if let Some((place, blocked)) = lock(&cx.traces.book).join(id, &origin, began) {
            (self.place, self.blocked) = (Some(place), blocked);
        }
    }

    /// An effect begins. One that fetches a revision begins a trace, at the time when the pass heard of it.
    pub(crate) fn acts(&mut self, cx: &Context, step: Option<&Step>, now: Timestamp) {
        self.acted = true;
        let Some(step) = step else { return };
        if let Some(arrival) = &step.arrival {
            self.place = Some(cx.traces.arrive(arrival.clone(), self.heard.unwrap_or(now)));
            self.source = Some(arrival.clone());
        }
        self.steps = true;
        self.end_wait(cx);
        if let Some(since) = self.blocked.take() {
            let attributes = vec![("sluice.wait.for", Attribute::from("dependency"))];
            self.tell(cx, "wait", Time { began: since, ended: now }, attributes, None);
        }
    }

    /// The effect has ended.
    pub(crate) fn did(&mut self, cx: &Context, step: Option<Step>, error: Option<(String, String)>, began: Timestamp) {
        let now = cx.now();
        self.heard = Some(now);
        if let Some(step) = step {
            self.tell(cx, step.name, Time { began, ended: now }, step.attributes, error);
        }
    }

    /// Status and events are written.
    pub(crate) fn published(&mut self, cx: &Context, began: Timestamp) {
        if self.steps {
            self.end_wait(cx);
            self.tell(cx, "status", Time { began, ended: cx.now() }, Vec::new(), None);
        }
    }

    pub(crate) fn parked(&mut self, now: Timestamp, objects: usize) {
        let wait = self.wait.get_or_insert(Wait { began: now, woke: now, objects });
        wait.objects = wait.objects.max(objects);
    }

    pub(crate) fn woke(&mut self, now: Timestamp, overtaken: bool) {
        self.overtaken |= overtaken;
        if let Some(wait) = &mut self.wait {
            wait.woke = now;
        }
    }

    /// The pass has ended, and all of it is written.
    pub(crate) fn settled(&mut self, cx: &Context, id: &ObjectId, verdict: &Verdict) {
        self.end(cx, id, self.ending(verdict));
    }

    /// The pass has ended before its end: it is repeated, or its object is gone.
    pub(crate) fn lost(&mut self, cx: &Context, id: &ObjectId, reason: &str, message: String) {
        self.end(cx, id, Ending::Failure(reason.into(), message));
    }

    fn end(&mut self, cx: &Context, id: &ObjectId, ending: Ending) {
        let Some(place) = self.place else { return };
        self.end_wait(cx);
        match &self.source {
            Some(_) => cx.traces.fetched(place, ending),
            None => cx.traces.settle(id, place, ending, self.steps, self.blocked),
        }
    }

    /// Says whether the pass did nothing, because something else must happen first.
    pub(crate) fn is_blocked(&self, verdict: &Verdict) -> bool {
        !verdict.success && !self.acted && verdict.next != Next::Never
    }

    fn ending(&self, verdict: &Verdict) -> Ending {
        if self.overtaken {
            return Ending::Overtaken;
        }
        if verdict.success {
            return Ending::Success;
        }
        if self.is_blocked(verdict) {
            return Ending::Blocked;
        }
        let told = verdict.report.notices.last();
        let (reason, message) = told.map(|told| (told.reason.clone(), told.message.clone())).unwrap_or_default();
        Ending::Failure(reason, message)
    }

    fn end_wait(&mut self, cx: &Context) {
        if let Some(Wait { began, woke, objects }) = self.wait.take() {
            let attributes = vec![
                ("sluice.wait.for", Attribute::from("health")),
                ("sluice.wait.objects", Attribute::count(objects)),
            ];
            self.tell(cx, "wait", Time { began, ended: woke }, attributes, None);
        }
    }

    fn tell(
        &self,
        cx: &Context,
        name: &'static str,
        time: Time,
        attributes: Attributes,
        error: Option<(String, String)>,
    ) {
        let Some(parent) = self.place else { return };
        let place = Place { trace: parent.trace, span: lock(&cx.traces.book).new_id() };
        cx.traces.spans.ended(describe::step((place, parent.span), name, time, attributes, error));
    }
}

impl Traces {
    fn fetched(&self, place: Place, ending: Ending) {
        let spans = lock(&self.book).fetched(place.trace, ending, self.world.now());
        self.tell(spans);
    }

    fn settle(&self, id: &ObjectId, place: Place, ending: Ending, steps: bool, blocked: Option<Timestamp>) {
        let now = self.world.now();
        let healthy = steps && ending == Ending::Success;
        let (spans, arrived) = lock(&self.book).settle(id, place, ending, (steps, blocked), now);
        self.tell(spans);
        if let Some((source, since)) = arrived.filter(|_| healthy) {
            self.meter.healthy(&source, now.duration_since(since).unsigned_abs());
        }
    }
}
