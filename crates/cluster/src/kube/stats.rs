//! Counts for `/metrics`.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use crate::Verb;

/// Upper bounds of the histogram's buckets, in seconds.
const BOUNDS: [f64; 11] = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0];

/// What has been counted.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Stats {
    /// Requests by verb and status code, each try counted; code zero is no answer.
    pub requests: BTreeMap<(Verb, u16), u64>,
    /// How long answers took, by verb. Of a watch, until it was open.
    pub durations: BTreeMap<Verb, Durations>,
    /// Watches with an open connection.
    pub open_watches: u64,
    /// Requests under way.
    pub in_flight: u64,
}

/// A histogram of durations.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Durations {
    /// How many took at most so many seconds, and longer than the bound before.
    pub buckets: Vec<(f64, u64)>,
    /// How many there were.
    pub count: u64,
    /// Their sum in seconds.
    pub sum: f64,
}

#[derive(Default)]
pub(super) struct Counters {
    counted: Mutex<Stats>,
    open_watches: AtomicU64,
    in_flight: AtomicU64,
}

impl Counters {
    pub(super) fn count(&self, verb: Verb, code: u16, took: Duration) {
        let mut counted = self.counted();
        *counted.requests.entry((verb, code)).or_default() += 1;
        counted.durations.entry(verb).or_default().add(took.as_secs_f64());
    }

    pub(super) fn watch(self: &std::sync::Arc<Self>) -> Gauge {
        Gauge::up(self, |counters| &counters.open_watches)
    }

    pub(super) fn flight(self: &std::sync::Arc<Self>) -> Gauge {
        Gauge::up(self, |counters| &counters.in_flight)
    }

    pub(super) fn stats(&self) -> Stats {
        let load = |gauge: &AtomicU64| gauge.load(Ordering::Relaxed);
        let counted = self.counted().clone();
        Stats { open_watches: load(&self.open_watches), in_flight: load(&self.in_flight), ..counted }
    }

    fn counted(&self) -> MutexGuard<'_, Stats> {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Durations {
    fn add(&mut self, seconds: f64) {
        if self.buckets.is_empty() {
            self.buckets = BOUNDS.iter().map(|bound| (*bound, 0)).collect();
        }
        if let Some((_, count)) = self.buckets.iter_mut().find(|(bound, _)| seconds <= *bound) {
            *count += 1;
        }
        self.count += 1;
        self.sum += seconds;
    }
}

/// Counts one while it lives.
pub(super) struct Gauge {
    counters: std::sync::Arc<Counters>,
    which: fn(&Counters) -> &AtomicU64,
}

impl Gauge {
    fn up(counters: &std::sync::Arc<Counters>, which: fn(&Counters) -> &AtomicU64) -> Self {
        which(counters).fetch_add(1, Ordering::Relaxed);
        Self { counters: counters.clone(), which }
    }
}

impl Drop for Gauge {
    fn drop(&mut self) {
        (self.which)(&self.counters).fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn counts_requests_and_what_is_open() {
        let counters = Arc::new(Counters::default());
        counters.count(Verb::Get, 200, Duration::from_millis(3));
        counters.count(Verb::Get, 404, Duration::from_secs(60));
        let watch = counters.watch();
        let stats = counters.stats();
        assert_eq!((stats.requests[&(Verb::Get, 200)], stats.open_watches), (1, 1));
        assert_eq!((stats.durations[&Verb::Get].count, stats.durations[&Verb::Get].buckets[1]), (2, (0.005, 1)));
        drop(watch);
        assert_eq!(counters.stats().open_watches, 0);
    }
}
