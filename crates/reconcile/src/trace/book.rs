//! The open traces as a value.

use jiff::Timestamp;
use sluice_object::ObjectId;

use super::{
    Arrival, Ending, Origin, Place, Span,
    describe::Outcome,
    open::{Trace, failure},
};

/// Open traces; when there is one more the oldest is ended. A revision is usually there for seconds.
const MOST_TRACES: usize = 64;
/// The open traces, oldest first.
#[derive(Debug)]
pub(crate) struct Book {
    traces: Vec<Trace>,
    ids: u64,
}

impl Book {
    pub(super) fn new(seed: u64) -> Self {
        Self { traces: Vec::new(), ids: seed }
    }

    /// SplitMix64; zero is no id.
    pub(super) fn new_id(&mut self) -> u64 {
        self.ids = self.ids.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.ids;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)).max(1)
    }

    pub(super) fn is_idle(&self) -> bool {
        self.traces.is_empty()
    }

    /// Begins a trace. Says also whether it is the first one that is open.
    pub(super) fn arrive(&mut self, arrival: Arrival, seen: Timestamp, now: Timestamp) -> (Place, Vec<Span>, bool) {
        let mut spans = Vec::new();
        let first = self.traces.is_empty();
        if self.traces.len() >= MOST_TRACES {
            spans.extend(self.traces.remove(0).close(now, Outcome::Cancellation));
        }
        let trace = u128::from(self.new_id()) << 64 | u128::from(self.new_id());
        let place = Place { trace, span: self.new_id() };
        self.traces.push(Trace::new(place, arrival, seen, now));
        (place, spans, first)
    }

    /// The source's pass has ended. Traces of its older revisions end with what runs of them.
    pub(super) fn fetched(&mut self, trace: u128, ending: Ending, now: Timestamp) -> Vec<Span> {
        let Some(index) = self.traces.iter().position(|open| open.place.trace == trace) else { return Vec::new() };
        let failure = failure(ending);
        let failed = failure.is_some();
        let source = self.traces[index].fetched(failure, now);
        if failed {
            return self.traces.remove(index).close(now, Outcome::Failure);
        }
        self.supersede(&source, trace, now)
    }

    fn supersede(&mut self, source: &ObjectId, by: u128, now: Timestamp) -> Vec<Span> {
        let mut spans = Vec::new();
        for old in self.traces.iter_mut().filter(|old| old.arrival.source == *source && old.place.trace != by) {
            spans.extend(old.abandon(now));
        }
        spans.extend(self.sweep(now));
        spans
    }

    /// Notes that passes of an object are to come for what its source has just found.
    pub(super) fn expect(&mut self, id: &ObjectId, references: &[ObjectId]) {
        let span = self.new_id();
        let newest = self.traces.iter_mut().rev().find(|open| references.contains(&open.arrival.source));
        if let Some(open) = newest {
            open.expect(id, span);
        }
    }

    /// Notes that no pass of an object is to come.
    pub(super) fn leave(&mut self, id: &ObjectId, now: Timestamp) {
        self.traces.iter_mut().for_each(|open| open.leave(id, now));
    }

    /// A pass joins the trace of its revision. Returns its span, and since when it was blocked.
    pub(super) fn join(&mut self, id: &ObjectId, of: &Origin, now: Timestamp) -> Option<(Place, Option<Timestamp>)> {
        let span = self.new_id();
        let open = self.traces.iter_mut().rev().find(|open| open.is_of(&of.source, &of.revision))?;
        open.join(id, of, span, now)
    }

    /// A pass has ended; `steps` says whether it did anything, `blocked` since when it has waited for something else.
    /// Returns what there is to tell, and of which source and since when the revision was.
    pub(super) fn settle(
        &mut self,
        id: &ObjectId,
        place: Place,
        ending: Ending,
        (steps, blocked): (bool, Option<Timestamp>),
        now: Timestamp,
    ) -> (Vec<Span>, Option<(ObjectId, Timestamp)>) {
        let Some(open) = self.traces.iter_mut().find(|open| open.place.trace == place.trace) else {
            return (Vec::new(), None);
        };
        let mut spans: Vec<_> = open.settle(id, place, ending, (steps, blocked), now).into_iter().collect();
        let arrived = Some((open.arrival.source.clone(), open.began));
        if open.superseded {
            spans.extend(self.sweep(now));
        }
        (spans, arrived)
    }

    /// Ends the traces whose time has come.
    pub(super) fn sweep(&mut self, now: Timestamp) -> Vec<Span> {
        let (over, open): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.traces).into_iter().partition(|open| open.is_over(now));
        self.traces = open;
        over.into_iter().flat_map(|over| over.finish(now)).collect()
    }

    /// Ends all of them.
    pub(super) fn close(&mut self, now: Timestamp) -> Vec<Span> {
        let all = std::mem::take(&mut self.traces);
        all.into_iter().flat_map(|open| open.close(now, Outcome::Cancellation)).collect()
    }
}
