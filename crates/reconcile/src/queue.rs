//! The queue of one kind as a value: which objects wait, run, are parked or sleep until a time.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use jiff::Timestamp;
use sluice_object::ObjectId;

use crate::{Cause, Wake};

/// The objects of a kind with the state of their passes. `P` is what is kept of a parked pass.
#[derive(Debug)]
pub(crate) struct Queue<P> {
    slots: BTreeMap<ObjectId, Slot<P>>,
    ready: VecDeque<ObjectId>,
    timers: BTreeSet<(Timestamp, ObjectId)>,
    active: usize,
    limit: usize,
    added: Vec<ObjectId>,
}

#[derive(Debug)]
struct Slot<P> {
    state: State<P>,
    missed: Wake,
    due: Option<Timestamp>,
    failures: u32,
}

#[derive(Debug)]
enum State<P> {
    Idle,
    Ready(Work<P>),
    Active,
    Parked(P),
}

/// What a task is to do for an object.
#[derive(Debug, PartialEq)]
pub(crate) enum Work<P> {
    /// Start a pass.
    Start,
    /// Tell a parked pass that its objects may have changed.
    Wake(P),
    /// Tell a parked pass that its deadline has passed.
    Deadline(P),
    /// Tell a parked pass that it is overtaken.
    Supersede(P, Cause),
}

impl<P> Default for Slot<P> {
    fn default() -> Self {
        Self { state: State::Idle, missed: Wake::default(), due: None, failures: 0 }
    }
}

impl<P> Queue<P> {
    pub(crate) fn new(limit: usize) -> Self {
        let (slots, ready, timers) = (BTreeMap::new(), VecDeque::new(), BTreeSet::new());
        Self { slots, ready, timers, active: 0, limit: limit.max(1), added: Vec::new() }
    }

    /// Takes note of a wake. `concerns` says whether a changed reference matters, `cause` why a parked pass is overtaken.
    pub(crate) fn wake(&mut self, id: &ObjectId, wake: Wake, concerns: bool, cause: Cause) {
        let slot = self.slots.entry(id.clone()).or_default();
        let restart = wake.changed || wake.drift || (wake.reference && concerns);
        match std::mem::replace(&mut slot.state, State::Idle) {
            State::Active => {
                slot.state = State::Active;
                slot.missed.changed |= restart;
                slot.missed.objects |= wake.objects;
            }
            State::Parked(parked) if restart => self.enqueue(id, Work::Supersede(parked, cause)),
            State::Parked(parked) if wake.objects => self.enqueue(id, Work::Wake(parked)),
            State::Ready(Work::Wake(parked) | Work::Deadline(parked)) if restart => {
                slot.state = State::Ready(Work::Supersede(parked, cause));
            }
            State::Idle if restart => self.enqueue(id, Work::Start),
            other => slot.state = other,
        }
    }

    fn enqueue(&mut self, id: &ObjectId, work: Work<P>) {
        self.disarm(id);
        let slot = self.slots.entry(id.clone()).or_default();
        match work {
            Work::Start => self.ready.push_back(id.clone()),
            _ => self.ready.push_front(id.clone()),
        }
        slot.state = State::Ready(work);
        self.added.push(id.clone());
    }

    /// Returns what has become ready since this was asked last.
    pub(crate) fn added(&mut self) -> Vec<ObjectId> {
        std::mem::take(&mut self.added)
    }

    /// Returns the next object to work on while the bound allows it.
    pub(crate) fn pop(&mut self) -> Option<(ObjectId, Work<P>)> {
        if self.active >= self.limit {
            return None;
        }
        while let Some(id) = self.ready.pop_front() {
            let Some(slot) = self.slots.get_mut(&id) else { continue };
            match std::mem::replace(&mut slot.state, State::Active) {
                State::Ready(work) => {
                    self.active += 1;
                    return Some((id, work));
                }
                other => slot.state = other,
            }
        }
        None
    }

    /// A task has parked its pass.
    pub(crate) fn parked(
        &mut self,
        id: &ObjectId,
        parked: P,
        deadline: Option<Timestamp>,
        overtaken: impl Fn() -> Cause,
    ) {
        self.active -= 1;
        let Some(slot) = self.slots.get_mut(id) else { return };
        let missed = std::mem::take(&mut slot.missed);
        if missed.changed {
            return self.enqueue(id, Work::Supersede(parked, overtaken()));
        }
        if missed.objects {
            return self.enqueue(id, Work::Wake(parked));
        }
        slot.state = State::Parked(parked);
        self.arm(id, deadline);
    }

    /// A task has parked its pass until a time that has come: all that waits goes first.
    pub(crate) fn gave_way(&mut self, id: &ObjectId, parked: P, overtaken: impl Fn() -> Cause) {
        self.parked(id, parked, None, overtaken);
        let Some(slot) = self.slots.get_mut(id) else { return };
        slot.state = match std::mem::replace(&mut slot.state, State::Idle) {
            State::Parked(parked) => {
                self.ready.push_back(id.clone());
                self.added.push(id.clone());
                State::Ready(Work::Deadline(parked))
            }
            other => other,
        };
    }

    /// A task has settled its pass; the next one starts at `due`, or at once when something was missed meanwhile.
    pub(crate) fn settled(&mut self, id: &ObjectId, due: Option<Timestamp>, failed: bool) {
        self.active -= 1;
        let Some(slot) = self.slots.get_mut(id) else { return };
        slot.failures = if failed { slot.failures.saturating_add(1) } else { 0 };
        slot.state = State::Idle;
        if std::mem::take(&mut slot.missed).changed {
            return self.enqueue(id, Work::Start);
        }
        self.arm(id, due);
    }

    /// A task has found that the object is gone.
    pub(crate) fn gone(&mut self, id: &ObjectId) {
        self.active -= 1;
        self.remove(id);
    }

    /// Forgets an object whose pass is not active.
    pub(crate) fn remove(&mut self, id: &ObjectId) {
        self.disarm(id);
        self.slots.remove(id);
    }

    /// Says whether a task is working on the object.
    pub(crate) fn is_active(&self, id: &ObjectId) -> bool {
        self.slots.get(id).is_some_and(|slot| matches!(slot.state, State::Active))
    }

    /// Says whether nothing is to be done for the object before its time comes or it is woken.
    pub(crate) fn is_idle(&self, id: &ObjectId) -> bool {
        self.slots.get(id).is_none_or(|slot| matches!(slot.state, State::Idle))
    }

    /// Returns how often in a row passes of the object have failed.
    pub(crate) fn failures(&self, id: &ObjectId) -> u32 {
        self.slots.get(id).map_or(0, |slot| slot.failures)
    }

    /// Returns the time of the next timer.
    pub(crate) fn next_timer(&self) -> Option<Timestamp> {
        self.timers.first().map(|(at, _)| *at)
    }

    /// Makes everything ready whose time has come.
    pub(crate) fn fire(&mut self, now: Timestamp) {
        while let Some((at, id)) = self.timers.first().cloned().filter(|(at, _)| *at <= now) {
            self.timers.remove(&(at, id.clone()));
            let Some(slot) = self.slots.get_mut(&id) else { continue };
            slot.due = None;
            match std::mem::replace(&mut slot.state, State::Idle) {
                State::Idle => self.enqueue(&id, Work::Start),
                State::Parked(parked) => self.enqueue(&id, Work::Deadline(parked)),
                other => slot.state = other,
            }
        }
    }

    fn arm(&mut self, id: &ObjectId, at: Option<Timestamp>) {
        self.disarm(id);
        let (Some(slot), Some(at)) = (self.slots.get_mut(id), at) else { return };
        slot.due = Some(at);
        self.timers.insert((at, id.clone()));
    }

    fn disarm(&mut self, id: &ObjectId) {
        if let Some(at) = self.slots.get_mut(id).and_then(|slot| slot.due.take()) {
            self.timers.remove(&(at, id.clone()));
        }
    }

    /// Counts what waits, is active, is parked.
    pub(crate) fn counts(&self) -> (usize, usize, usize) {
        let parked = self.slots.values().filter(|slot| matches!(slot.state, State::Parked(_))).count();
        (self.ready.len(), self.active, parked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sluice_object::Gvk;

    const CHANGED: Wake = Wake { changed: true, reference: false, objects: false, drift: false };
    const OBJECTS: Wake = Wake { changed: false, reference: false, objects: true, drift: false };
    const REFERENCE: Wake = Wake { changed: false, reference: true, objects: false, drift: false };

    fn id(name: &str) -> ObjectId {
        ObjectId::new(&Gvk::new("g", "v1", "Kind"), "ns", name)
    }

    fn woken(queue: &mut Queue<u8>, name: &str, wake: Wake) {
        queue.wake(&id(name), wake, true, Cause::Changed);
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn an_object_is_never_worked_on_twice_at_once() {
        let mut queue = Queue::<u8>::new(5);
        woken(&mut queue, "a", CHANGED);
        woken(&mut queue, "a", CHANGED);
        assert_eq!(queue.pop(), Some((id("a"), Work::Start)));
        assert_eq!(queue.pop(), None);
        woken(&mut queue, "a", CHANGED);
        assert_eq!(queue.pop(), None);
        queue.settled(&id("a"), None, false);
        assert_eq!(queue.pop(), Some((id("a"), Work::Start)));
    }

    #[test]
    fn the_bound_counts_active_passes_and_not_parked_ones() {
        let mut queue = Queue::<u8>::new(1);
        woken(&mut queue, "a", CHANGED);
        woken(&mut queue, "b", CHANGED);
        assert_eq!(queue.pop().unwrap().0, id("a"));
        assert_eq!(queue.pop(), None);
        queue.parked(&id("a"), 7, None, || Cause::Changed);
        assert_eq!(queue.pop().unwrap().0, id("b"));
    }

    #[test]
    fn a_parked_pass_is_woken_overtaken_or_ended_by_its_deadline() {
        let mut queue = Queue::<u8>::new(5);
        let park = |queue: &mut Queue<u8>| {
            queue.parked(&id("a"), 7, Some(at(10)), || Cause::Changed);
        };
        woken(&mut queue, "a", CHANGED);
        queue.pop();
        park(&mut queue);
        woken(&mut queue, "a", OBJECTS);
        assert_eq!(queue.pop(), Some((id("a"), Work::Wake(7))));
        park(&mut queue);
        queue.fire(at(9));
        assert_eq!(queue.pop(), None);
        queue.fire(at(10));
        assert_eq!(queue.pop(), Some((id("a"), Work::Deadline(7))));
        park(&mut queue);
        woken(&mut queue, "a", REFERENCE);
        assert_eq!(queue.pop(), Some((id("a"), Work::Supersede(7, Cause::Changed))));
    }

    #[test]
    fn what_gives_way_comes_after_all_that_waits() {
        let mut queue = Queue::<u8>::new(1);
        for name in ["a", "b", "c"] {
            woken(&mut queue, name, CHANGED);
        }
        let next = |queue: &mut Queue<u8>| queue.pop().map(|(id, work)| (id.name, work));
        assert_eq!(next(&mut queue), Some(("a".into(), Work::Start)));
        queue.gave_way(&id("a"), 7, || Cause::Changed);
        assert_eq!(next(&mut queue), Some(("b".into(), Work::Start)));
        woken(&mut queue, "b", OBJECTS);
        queue.gave_way(&id("b"), 8, || Cause::Changed);
        assert_eq!(next(&mut queue), Some(("b".into(), Work::Wake(8))));
        queue.settled(&id("b"), None, false);
        assert_eq!(next(&mut queue), Some(("c".into(), Work::Start)));
        queue.settled(&id("c"), None, false);
        assert_eq!(next(&mut queue), Some(("a".into(), Work::Deadline(7))));
    }

    #[test]
    fn a_wake_that_comes_while_a_pass_parks_is_not_lost() {
        let mut queue = Queue::<u8>::new(5);
        woken(&mut queue, "a", CHANGED);
        queue.pop();
        woken(&mut queue, "a", OBJECTS);
        queue.parked(&id("a"), 7, None, || Cause::Changed);
        assert_eq!(queue.pop(), Some((id("a"), Work::Wake(7))));
    }

    #[test]
    fn a_change_overtakes_a_wake_that_still_waits() {
        let mut queue = Queue::<u8>::new(5);
        woken(&mut queue, "a", CHANGED);
        queue.pop();
        queue.parked(&id("a"), 7, None, || Cause::Changed);
        woken(&mut queue, "a", OBJECTS);
        woken(&mut queue, "a", CHANGED);
        assert_eq!(queue.pop(), Some((id("a"), Work::Supersede(7, Cause::Changed))));
    }

    #[test]
    fn a_reference_that_does_not_matter_starts_nothing() {
        let mut queue = Queue::<u8>::new(5);
        queue.wake(&id("a"), REFERENCE, false, Cause::Reference);
        assert_eq!(queue.pop(), None);
    }

    #[test]
    fn an_idle_object_starts_when_its_time_comes() {
        let mut queue = Queue::<u8>::new(5);
        woken(&mut queue, "a", CHANGED);
        queue.pop();
        queue.settled(&id("a"), Some(at(60)), true);
        assert_eq!((queue.next_timer(), queue.failures(&id("a"))), (Some(at(60)), 1));
        queue.fire(at(60));
        assert_eq!(queue.pop(), Some((id("a"), Work::Start)));
    }

    #[test]
    fn wakes_of_an_active_object_start_one_pass_after_it() {
        let mut queue = Queue::<u8>::new(5);
        woken(&mut queue, "a", CHANGED);
        queue.pop();
        for wake in [OBJECTS, CHANGED, OBJECTS] {
            woken(&mut queue, "a", wake);
            assert_eq!((queue.pop(), queue.is_active(&id("a"))), (None, true));
        }
        queue.settled(&id("a"), None, false);
        assert_eq!((queue.pop(), queue.pop()), (Some((id("a"), Work::Start)), None));
    }

    #[test]
    fn a_wake_that_does_not_matter_leaves_a_parked_pass_and_its_deadline_alone() {
        let mut queue = Queue::<u8>::new(5);
        woken(&mut queue, "a", CHANGED);
        queue.pop();
        queue.parked(&id("a"), 7, Some(at(10)), || Cause::Changed);
        queue.wake(&id("a"), REFERENCE, false, Cause::Reference);
        assert_eq!((queue.pop(), queue.counts(), queue.next_timer()), (None, (0, 0, 1), Some(at(10))));
        woken(&mut queue, "a", OBJECTS);
        woken(&mut queue, "a", OBJECTS);
        assert_eq!((queue.next_timer(), queue.pop()), (None, Some((id("a"), Work::Wake(7)))));
    }

    #[test]
    fn of_several_times_the_last_one_counts() {
        let mut queue = Queue::<u8>::new(5);
        for second in [60, 90] {
            woken(&mut queue, "a", CHANGED);
            queue.pop();
            queue.settled(&id("a"), Some(at(second)), false);
        }
        assert_eq!((queue.timers.len(), queue.next_timer()), (1, Some(at(90))));
        queue.fire(at(90));
        assert_eq!((queue.pop(), queue.next_timer()), (Some((id("a"), Work::Start)), None));
        queue.settled(&id("a"), Some(at(90)), false);
        assert_eq!(queue.next_timer(), Some(at(90)));
    }

    #[test]
    fn what_is_gone_leaves_nothing_and_makes_room() {
        let mut queue = Queue::<u8>::new(1);
        woken(&mut queue, "a", CHANGED);
        queue.pop();
        woken(&mut queue, "b", CHANGED);
        queue.gone(&id("a"));
        assert_eq!(queue.pop(), Some((id("b"), Work::Start)));
        queue.settled(&id("b"), Some(at(60)), true);
        queue.remove(&id("b"));
        assert!(queue.slots.is_empty() && queue.timers.is_empty());
        assert_eq!((queue.failures(&id("b")), queue.is_active(&id("b")), queue.counts()), (0, false, (0, 0, 0)));
    }
}
