//! One open trace: the objects that a revision has reached, and how far each of them is.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use sluice_object::ObjectId;

use super::{
    Arrival, Ending, Origin, Place, Span,
    describe::{self, Outcome, Time},
};

/// Objects of one trace; further ones are not told of. Each takes some 300 bytes.
const MOST_MEMBERS: usize = 5_000;
/// After so long without anything under way a trace is over: whoever is applied by its last member has been seen.
const LINGER: SignedDuration = SignedDuration::from_secs(2);
/// A trace is ended after so long, whatever it still waits for.
const LONGEST: SignedDuration = SignedDuration::from_hours(1);

/// An open trace.
#[derive(Debug)]
pub(super) struct Trace {
    pub(super) place: Place,
    pub(super) arrival: Arrival,
    opened: Timestamp,
    pub(super) began: Timestamp,
    /// When something of it has ended last.
    ended: Timestamp,
    fetching: bool,
    /// A newer revision of the source is there: nobody joins any more.
    pub(super) superseded: bool,
    members: BTreeMap<ObjectId, Member>,
    failures: BTreeMap<ObjectId, (String, String)>,
}

#[derive(Debug)]
struct Member {
    span: u64,
    above: Option<ObjectId>,
    generation: Option<i64>,
    /// A span below it was told of, so it must be told of too.
    named: bool,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// A pass is to come.
    Awaited,
    /// A pass runs or is parked.
    Running { began: Timestamp },
    /// Its passes have ended for want of something else.
    Blocked { began: Timestamp, since: Timestamp },
    /// It has settled.
    Settled { told: bool, success: bool },
}

impl Member {
    fn awaited(span: u64) -> Self {
        Self { span, above: None, generation: None, named: false, state: State::Awaited }
    }
}

impl Trace {
    pub(super) fn new(place: Place, arrival: Arrival, began: Timestamp, now: Timestamp) -> Self {
        let (members, failures) = (BTreeMap::new(), BTreeMap::new());
        Self { place, arrival, opened: now, began, ended: now, fetching: true, superseded: false, members, failures }
    }

    pub(super) fn is_of(&self, source: &ObjectId, revision: &str) -> bool {
        self.arrival.source == *source && self.arrival.revision == revision
    }

    /// The source's pass has ended; returns the source.
    pub(super) fn fetched(&mut self, failure: Option<(String, String)>, now: Timestamp) -> ObjectId {
        (self.fetching, self.ended) = (false, now);
        let source = self.arrival.source.clone();
        self.failures.extend(failure.map(|failure| (source.clone(), failure)));
        source
    }

    /// Says whether an object is, or may become, a member.
    fn takes(&self, id: &ObjectId) -> bool {
        !self.superseded && (self.members.contains_key(id) || self.members.len() < MOST_MEMBERS)
    }

    pub(super) fn expect(&mut self, id: &ObjectId, span: u64) {
        if self.takes(id) {
            self.members.entry(id.clone()).or_insert_with(|| Member::awaited(span));
        }
    }

    pub(super) fn leave(&mut self, id: &ObjectId, now: Timestamp) {
        if self.members.get(id).is_some_and(|member| member.state == State::Awaited) {
            self.members.remove(id);
            self.ended = now;
        }
    }

    fn is_at_rest(&self) -> bool {
        !self.fetching && self.members.values().all(|member| matches!(member.state, State::Settled { .. }))
    }

    pub(super) fn is_over(&self, now: Timestamp) -> bool {
        let rested = now.duration_since(self.ended) >= LINGER || self.superseded;
        (self.is_at_rest() && rested) || now.duration_since(self.opened) >= LONGEST
    }

    /// A pass of it begins. Returns its span, and since when it was blocked.
    pub(super) fn join(
        &mut self,
        id: &ObjectId,
        of: &Origin,
        span: u64,
        now: Timestamp,
    ) -> Option<(Place, Option<Timestamp>)> {
        if !self.takes(id) {
            return None;
        }
        let above = of.parent.clone().filter(|above| self.members.contains_key(above) && !self.is_below(above, id));
        let member = self.members.entry(id.clone()).or_insert_with(|| Member::awaited(span));
        let (began, blocked) = match member.state {
            State::Settled { success: true, .. } if member.generation == of.generation => return None,
            State::Settled { .. } => {
                (member.span, member.named) = (span, false);
                (now, None)
            }
            State::Awaited => (now, None),
            State::Blocked { began, since } => (began, Some(since)),
            State::Running { began } => (began, None),
        };
        (member.generation, member.above, member.state) = (of.generation, above, State::Running { began });
        Some((Place { trace: self.place.trace, span: member.span }, blocked))
    }

    /// Says whether an object is applied by another one, over however many between.
    fn is_below(&self, id: &ObjectId, other: &ObjectId) -> bool {
        let (mut at, mut seen) = (Some(id), BTreeSet::new());
        while let Some(id) = at {
            if id == other || !seen.insert(id) {
                return true;
            }
            at = self.members.get(id).and_then(|member| member.above.as_ref());
        }
        false
    }

    /// A pass of it has ended.
    pub(super) fn settle(
        &mut self,
        id: &ObjectId,
        place: Place,
        ending: Ending,
        (steps, blocked): (bool, Option<Timestamp>),
        now: Timestamp,
    ) -> Option<Span> {
        let member = self.members.get_mut(id).filter(|member| member.span == place.span)?;
        let State::Running { began } = member.state else { return None };
        self.ended = now;
        if ending == Ending::Blocked {
            member.state = State::Blocked { began, since: blocked.unwrap_or(began) };
            return None;
        }
        let success = ending == Ending::Success;
        let told = steps || member.named || !success;
        member.state = State::Settled { told, success };
        let (outcome, error) = (Outcome::of(&ending), failure(ending));
        match &error {
            Some(error) => _ = self.failures.insert(id.clone(), error.clone()),
            None => _ = self.failures.remove(id),
        }
        told.then(|| self.tell(id, Time { began, ended: now }, outcome, error)).flatten()
    }

    /// Returns the span of a member, below the first one above it that is told of.
    fn tell(&mut self, id: &ObjectId, time: Time, outcome: Outcome, error: Option<(String, String)>) -> Option<Span> {
        let member = self.members.get(id)?;
        let (span, mut above) = (member.span, member.above.clone());
        let parent = loop {
            let Some(next) = above.as_ref().and_then(|id| self.members.get_mut(id)) else { break self.place.span };
            if !matches!(next.state, State::Settled { told: false, .. }) {
                next.named = true;
                break next.span;
            }
            above = next.above.clone();
        };
        let place = Place { trace: self.place.trace, span };
        Some(describe::task((place, parent), &self.arrival, id, time, outcome, error))
    }

    /// Ends the members that are not at work, for they will be so for a newer revision.
    pub(super) fn abandon(&mut self, now: Timestamp) -> Vec<Span> {
        self.superseded = true;
        self.cut(now, Outcome::Cancellation, |state| !matches!(state, State::Running { .. }))
    }

    /// Ends the members in some states.
    fn cut(&mut self, now: Timestamp, outcome: Outcome, wanted: impl Fn(State) -> bool) -> Vec<Span> {
        let members = self.members.iter().filter(|(_, member)| wanted(member.state));
        let mut ids: Vec<_> = members.map(|(id, _)| id.clone()).collect();
        ids.sort();
        ids.into_iter().filter_map(|id| self.cut_one(&id, now, outcome)).collect()
    }

    fn cut_one(&mut self, id: &ObjectId, now: Timestamp, outcome: Outcome) -> Option<Span> {
        let member = self.members.get_mut(id)?;
        let began = match member.state {
            State::Settled { .. } => return None,
            State::Awaited if !member.named => None,
            State::Awaited => Some(now),
            State::Running { began } | State::Blocked { began, .. } => Some(began),
        };
        member.state = State::Settled { told: began.is_some(), success: false };
        self.tell(id, Time { began: began?, ended: now }, outcome, None)
    }

    /// Ends a trace whose time has come.
    pub(super) fn finish(self, now: Timestamp) -> Vec<Span> {
        let outcome = match (self.is_at_rest(), self.superseded, self.failures.is_empty()) {
            (false, ..) => Outcome::Timeout,
            (_, _, false) => Outcome::Failure,
            (_, true, _) => Outcome::Cancellation,
            _ => Outcome::Success,
        };
        self.close(now, outcome)
    }

    /// Ends a trace as it is.
    pub(super) fn close(mut self, now: Timestamp, outcome: Outcome) -> Vec<Span> {
        let ended = if self.is_at_rest() { self.ended } else { now };
        let mut spans = self.cut(now, outcome, |_| true);
        let mut failures: Vec<_> = self.failures.iter().collect();
        failures.sort_by_key(|(id, _)| *id);
        let error = failures.first().map(|(id, (reason, message))| (reason.clone(), format!("{id}: {message}")));
        spans.push(describe::root(self.place, &self.arrival, Time { began: self.began, ended }, outcome, error));
        spans
    }
}

pub(super) fn failure(ending: Ending) -> Option<(String, String)> {
    match ending {
        Ending::Failure(reason, message) => Some((reason, message)),
        _ => None,
    }
}
