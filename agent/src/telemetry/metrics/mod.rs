//! Metrics, under the names that Flux's and controller-runtime's dashboards ask for.

mod process;
mod requests;
mod resources;
mod work;

use std::{
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use prometheus_client::{
    encoding::{EncodeLabelSet, text},
    metrics::{
        counter::Counter,
        family::Family,
        histogram::{Histogram, exponential_buckets_range},
    },
    registry::{Metric, Registry},
};
use sluice_cluster::kube::Stats;
use sluice_object::ObjectId;
use sluice_reconcile::{Index, Meter};

use process::Process;
use requests::Requests;
use resources::Resources;
use work::Work;

/// The media type of [`Metrics::render`].
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The counters of one agent. There is no global registry: whoever counts is handed this.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    work: Work,
    durations: Family<ObjectLabels, Histogram, fn() -> Histogram>,
    healthy: Family<ObjectLabels, Histogram, fn() -> Histogram>,
    corrections: Family<ObjectLabels, Counter>,
    pruned: Counter,
    builds: Counter,
    spans_exported: Counter,
    spans_dropped: Counter,
    resources: Arc<OnceLock<Arc<Index>>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ObjectLabels {
    kind: String,
    name: String,
    namespace: String,
}

impl Metrics {
    /// Makes metrics of which nothing is counted yet. The counts of the clients are asked for whenever metrics are read.
    pub fn new(clients: impl Fn() -> Vec<Stats> + Send + Sync + 'static) -> Self {
        let (mut registry, resources) = (Registry::default(), Arc::default());
        let of = &mut registry;
        of.register_collector(Box::new(Requests(clients)));
        of.register_collector(Box::new(Process::new()));
        of.register_collector(Box::new(Resources(Arc::clone(&resources))));
        let histograms = || Family::new_with_constructor(duration_histogram as fn() -> Histogram);
        Self {
            work: Work::new(of),
            durations: add(of, "gotk_reconcile_duration_seconds", "How long a pass over an object took", histograms()),
            healthy: add(
                of,
                "sluice_commit_to_healthy_seconds",
                "From when a revision of a source was seen until an object that it has reached was as it wants it",
                histograms(),
            ),
            corrections: add(of, "sluice_drift_corrections", "Changed objects that were put back", Family::default()),
            pruned: add(of, "sluice_pruned_objects", "Objects deleted that have left their source", Counter::default()),
            builds: add(of, "sluice_builds", "Object sets built", Counter::default()),
            spans_exported: add(of, "sluice_spans_exported", "Spans sent to the collector", Counter::default()),
            spans_dropped: add(
                of,
                "sluice_spans_dropped",
                "Spans lost on the way to the collector",
                Counter::default(),
            ),
            resources,
            registry,
        }
    }

    /// Shows the state of the objects of an index.
    pub fn show_resources(&self, index: Arc<Index>) {
        self.resources.get_or_init(|| index);
    }

    /// Notes how many passes over objects of a kind may be at work at once.
    pub fn limit(&self, kind: &str, limit: usize) {
        self.work.limit(kind, limit);
    }

    /// Counts spans that the collector has taken.
    pub fn spans_exported(&self, count: usize) {
        self.spans_exported.inc_by(count as u64);
    }

    /// Counts spans that were lost.
    pub fn spans_dropped(&self, count: usize) {
        self.spans_dropped.inc_by(count as u64);
    }

    /// Returns all metrics as OpenMetrics text.
    pub fn render(&self) -> String {
        self.work.age(Instant::now());
        let mut text = String::new();
        text::encode(&mut text, &self.registry).expect("invariant: writing to a String cannot fail");
        text
    }
}

impl Meter for Metrics {
    fn reconciled(&self, kind: &str, id: &ObjectId, took: Duration, result: &'static str) {
        self.durations.get_or_create(&object_labels(kind, id)).observe(took.as_secs_f64());
        self.work.reconciled(kind, took, result);
    }

    fn forget(&self, kind: &str, id: &ObjectId) {
        self.durations.remove(&object_labels(kind, id));
        self.healthy.remove(&object_labels(kind, id));
        self.corrections.remove(&object_labels(kind, id));
        self.work.forget(kind, id);
    }

    fn queue(&self, kind: &str, waiting: usize, active: usize, parked: usize) {
        self.work.counts(kind, waiting, active, parked);
    }

    fn queued(&self, kind: &str, id: &ObjectId) {
        self.work.queued(kind, id, Instant::now());
    }

    fn began(&self, kind: &str, id: &ObjectId) {
        self.work.began(kind, id, Instant::now());
    }

    fn ended(&self, kind: &str, id: &ObjectId, again: bool) {
        self.work.ended(kind, id, again, Instant::now());
    }

    fn healthy(&self, source: &ObjectId, took: Duration) {
        self.healthy.get_or_create(&object_labels(&source.kind, source)).observe(took.as_secs_f64());
    }

    fn built(&self) {
        self.builds.inc();
    }

    fn pruned(&self, count: usize) {
        self.pruned.inc_by(count as u64);
    }

    fn corrected(&self, owner: &ObjectId, count: usize) {
        if count > 0 {
            self.corrections.get_or_create(&object_labels(&owner.kind, owner)).inc_by(count as u64);
        }
    }
}

fn add<M: Metric + Clone>(registry: &mut Registry, name: &str, help: &str, metric: M) -> M {
    registry.register(name, help, metric.clone());
    metric
}

/// Flux's buckets: `prometheus.ExponentialBucketsRange(10e-3, 1800, 10)`.
fn duration_histogram() -> Histogram {
    Histogram::new(exponential_buckets_range(0.01, 1800.0, 10))
}

fn object_labels(kind: &str, id: &ObjectId) -> ObjectLabels {
    ObjectLabels { kind: kind.to_owned(), name: id.name.clone(), namespace: id.namespace.clone() }
}

fn gauge(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use sluice_cluster::{Verb, kube::Stats};
    use sluice_object::{Gvk, ObjectId};

    use super::{Meter as _, Metrics};

    fn apps() -> ObjectId {
        ObjectId::new(&Gvk::parse("kustomize.toolkit.fluxcd.io/v1", "Kustomization"), "flux-system", "apps")
    }

    fn lines(metrics: &Metrics, prefix: &str) -> Vec<String> {
        metrics.render().lines().filter(|line| line.starts_with(prefix)).map(String::from).collect()
    }

    #[test]
    fn a_pass_is_counted_as_flux_does() {
        let metrics = Metrics::new(Vec::new);
        metrics.reconciled("Kustomization", &apps(), Duration::from_millis(500), "success");
        let labels = r#"{kind="Kustomization",name="apps",namespace="flux-system"}"#;
        let count = lines(&metrics, "gotk_reconcile_duration_seconds_count");
        assert_eq!(count, [format!("gotk_reconcile_duration_seconds_count{labels} 1")]);
        let results = lines(&metrics, "controller_runtime_reconcile_total");
        assert_eq!(results, [r#"controller_runtime_reconcile_total{controller="kustomization",result="success"} 1"#]);
    }

    #[test]
    fn durations_have_ten_buckets_from_10_ms_to_30_minutes() {
        let metrics = Metrics::new(Vec::new);
        metrics.reconciled("Kustomization", &apps(), Duration::ZERO, "success");
        let buckets = lines(&metrics, "gotk_reconcile_duration_seconds_bucket");
        assert_eq!(buckets.len(), 11, "ten and +Inf: {buckets:?}");
        assert!(buckets[0].contains(r#"le="0.01""#), "{}", buckets[0]);
        assert!(buckets[9].contains(r#"le="1800."#) || buckets[9].contains(r#"le="1799.99"#), "{}", buckets[9]);
    }

    #[test]
    fn an_object_that_is_gone_is_forgotten() {
        let metrics = Metrics::new(Vec::new);
        metrics.reconciled("Kustomization", &apps(), Duration::ZERO, "success");
        metrics.forget("Kustomization", &apps());
        assert_eq!(lines(&metrics, "gotk_reconcile_duration_seconds"), [""; 0]);
    }

    #[test]
    fn queues_requests_builds_and_watches_are_shown() {
        let requests = [((Verb::Get, 200), 2), ((Verb::List, 200), 1), ((Verb::Status, 409), 1)];
        let stats = Stats { requests: requests.into(), open_watches: 7, ..Stats::default() };
        let metrics = Metrics::new(move || vec![stats.clone(), stats.clone()]);
        metrics.queue("GitRepository", 3, 2, 1);
        metrics.built();
        let expected = [
            r#"workqueue_depth{name="gitrepository",controller="gitrepository"} 3"#,
            r#"controller_runtime_active_workers{controller="gitrepository"} 2"#,
            r#"sluice_parked{controller="gitrepository"} 1"#,
            r#"rest_client_requests_total{code="200",method="GET"} 6"#,
            r#"rest_client_requests_total{code="409",method="PATCH"} 2"#,
            "sluice_builds_total 1",
            r#"sluice_requests_total{verb="get",code="200"} 4"#,
            "sluice_open_watches 14",
        ];
        let text = metrics.render();
        for line in expected {
            assert!(text.lines().any(|other| other == line), "no `{line}` in\n{text}");
        }
    }
}
