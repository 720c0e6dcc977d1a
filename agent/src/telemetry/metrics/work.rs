//! Queues and workers, under the names of controller-runtime and client-go.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError, atomic::AtomicU64},
    time::{Duration, Instant},
};

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
    },
    registry::Registry,
};
use sluice_object::ObjectId;

use super::{add, gauge};

type Histograms<L> = Family<L, Histogram, fn() -> Histogram>;

/// What is counted of queues and workers. The labels are the kind in lower case.
#[derive(Debug)]
pub(super) struct Work {
    results: Family<ResultLabels, Counter>,
    errors: Family<ControllerLabels, Counter>,
    times: Histograms<ControllerLabels>,
    active: Family<ControllerLabels, Gauge>,
    limit: Family<ControllerLabels, Gauge>,
    parked: Family<ControllerLabels, Gauge>,
    depth: Family<QueueLabels, Gauge>,
    adds: Family<QueueLabels, Counter>,
    retries: Family<QueueLabels, Counter>,
    waited: Histograms<QueueLabels>,
    worked: Histograms<QueueLabels>,
    unfinished: Family<QueueLabels, Gauge<f64, AtomicU64>>,
    longest: Family<QueueLabels, Gauge<f64, AtomicU64>>,
    since: Mutex<HashMap<String, Since>>,
}

/// Since when objects of one kind wait, and are worked on.
#[derive(Debug, Default)]
struct Since {
    queued: HashMap<ObjectId, Instant>,
    active: HashMap<ObjectId, Instant>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ResultLabels {
    controller: String,
    result: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct QueueLabels {
    name: String,
    controller: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ControllerLabels {
    controller: String,
}

impl Work {
    // The encoder adds `_total` to the names of counters, and a dot to the help texts.
    pub(super) fn new(of: &mut Registry) -> Self {
        let times = Family::new_with_constructor(reconcile_buckets as fn() -> Histogram);
        let waits = || Family::new_with_constructor(queue_buckets as fn() -> Histogram);
        Self {
            results: add(of, "controller_runtime_reconcile", "Passes, by result", Family::default()),
            errors: add(of, "controller_runtime_reconcile_errors", "Passes that failed", Family::default()),
            times: add(of, "controller_runtime_reconcile_time_seconds", "How long passes took", times),
            active: add(of, "controller_runtime_active_workers", "Passes at work", Family::default()),
            limit: add(
                of,
                "controller_runtime_max_concurrent_reconciles",
                "Passes that may be at work",
                Family::default(),
            ),
            parked: add(of, "sluice_parked", "Passes that wait for an event", Family::default()),
            depth: add(of, "workqueue_depth", "Objects that wait for a pass", Family::default()),
            adds: add(of, "workqueue_adds", "Objects that have entered the queue", Family::default()),
            retries: add(of, "workqueue_retries", "Passes that are repeated because they failed", Family::default()),
            waited: add(of, "workqueue_queue_duration_seconds", "How long objects were in the queue", waits()),
            worked: add(of, "workqueue_work_duration_seconds", "How long objects were worked on at a time", waits()),
            unfinished: add(
                of,
                "workqueue_unfinished_work_seconds",
                "How long the work under way has taken, all in all",
                Family::default(),
            ),
            longest: add(
                of,
                "workqueue_longest_running_processor_seconds",
                "How long the oldest work under way has taken",
                Family::default(),
            ),
            since: Mutex::default(),
        }
    }

    pub(super) fn reconciled(&self, kind: &str, took: Duration, result: &'static str) {
        self.results.get_or_create(&ResultLabels { controller: controller(kind), result }).inc();
        self.times.get_or_create(&worker(kind)).observe(took.as_secs_f64());
        let errors = self.errors.get_or_create(&worker(kind));
        if result == "error" {
            errors.inc();
        }
    }

    pub(super) fn limit(&self, kind: &str, limit: usize) {
        self.limit.get_or_create(&worker(kind)).set(gauge(limit));
    }

    pub(super) fn counts(&self, kind: &str, waiting: usize, active: usize, parked: usize) {
        self.depth.get_or_create(&queue(kind)).set(gauge(waiting));
        self.active.get_or_create(&worker(kind)).set(gauge(active));
        self.parked.get_or_create(&worker(kind)).set(gauge(parked));
    }

    pub(super) fn queued(&self, kind: &str, id: &ObjectId, now: Instant) {
        self.adds.get_or_create(&queue(kind)).inc();
        self.since().entry(kind.to_owned()).or_default().queued.entry(id.clone()).or_insert(now);
    }

    pub(super) fn began(&self, kind: &str, id: &ObjectId, now: Instant) {
        let mut since = self.since();
        let since = since.entry(kind.to_owned()).or_default();
        since.active.insert(id.clone(), now);
        if let Some(queued) = since.queued.remove(id) {
            self.waited.get_or_create(&queue(kind)).observe((now - queued).as_secs_f64());
        }
    }

    pub(super) fn ended(&self, kind: &str, id: &ObjectId, again: bool, now: Instant) {
        let began = self.since().entry(kind.to_owned()).or_default().active.remove(id);
        if let Some(began) = began {
            self.worked.get_or_create(&queue(kind)).observe((now - began).as_secs_f64());
        }
        let retries = self.retries.get_or_create(&queue(kind));
        if again {
            retries.inc();
        }
    }

    /// An object that is gone while it waits is not worked on.
    pub(super) fn forget(&self, kind: &str, id: &ObjectId) {
        self.since().entry(kind.to_owned()).or_default().queued.remove(id);
    }

    /// Brings up to date what grows by itself.
    pub(super) fn age(&self, now: Instant) {
        for (kind, since) in self.since().iter() {
            let ages = || since.active.values().map(|began| (now - *began).as_secs_f64());
            self.unfinished.get_or_create(&queue(kind)).set(ages().fold(0.0, |sum, age| sum + age));
            self.longest.get_or_create(&queue(kind)).set(ages().fold(0.0, f64::max));
        }
    }

    fn since(&self) -> MutexGuard<'_, HashMap<String, Since>> {
        self.since.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the name that controller-runtime gives to the controller of a kind.
fn controller(kind: &str) -> String {
    kind.to_ascii_lowercase()
}

fn worker(kind: &str) -> ControllerLabels {
    ControllerLabels { controller: controller(kind) }
}

fn queue(kind: &str) -> QueueLabels {
    QueueLabels { name: controller(kind), controller: controller(kind) }
}

/// controller-runtime's buckets, in milliseconds: a sum of steps would not be as dashboards spell it.
const RECONCILE_BUCKETS: [u32; 40] = [
    5, 10, 25, 50, 100, 150, 200, 250, 300, 350, 400, 450, 500, 600, 700, 800, 900, 1_000, 1_250, 1_500, 1_750, 2_000,
    2_500, 3_000, 3_500, 4_000, 4_500, 5_000, 6_000, 7_000, 8_000, 9_000, 10_000, 15_000, 20_000, 25_000, 30_000,
    40_000, 50_000, 60_000,
];

fn reconcile_buckets() -> Histogram {
    Histogram::new(RECONCILE_BUCKETS.map(|milliseconds| f64::from(milliseconds) / 1000.0))
}

/// client-go's buckets: from 10 ns, each ten times the one before.
fn queue_buckets() -> Histogram {
    Histogram::new(exponential_buckets(10e-9, 10.0, 12))
}
