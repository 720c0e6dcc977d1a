//! Metrics, under the names that Flux's and controller-runtime's dashboards ask for.

mod requests;

use std::{fs, time::Duration};

use prometheus_client::{
    encoding::{EncodeLabelSet, text},
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets_range},
    },
    registry::{Metric, Registry},
};
use sluice_cluster::kube::Stats;
use sluice_object::ObjectId;

use requests::Requests;

/// The media type of [`Metrics::render`].
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The counters of one agent. There is no global registry: whoever counts is handed this.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    durations: Family<ObjectLabels, Histogram, fn() -> Histogram>,
    results: Family<ResultLabels, Counter>,
    depth: Family<QueueLabels, Gauge>,
    active: Family<ControllerLabels, Gauge>,
    parked: Family<ControllerLabels, Gauge>,
    builds: Counter,
    resident: Gauge,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ObjectLabels {
    kind: String,
    name: String,
    namespace: String,
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

impl Metrics {
    /// Makes metrics of which nothing is counted yet. The counts of the clients are asked for whenever metrics are read.
    pub fn new(clients: impl Fn() -> Vec<Stats> + Send + Sync + 'static) -> Self {
        let mut of = Registry::default();
        of.register_collector(Box::new(Requests(clients)));
        // The encoder adds `_total` to the names of counters, and a dot to the help texts.
        let durations = Family::new_with_constructor(duration_histogram as fn() -> Histogram);
        Self {
            durations: add(
                &mut of,
                "gotk_reconcile_duration_seconds",
                "How long a pass over an object took",
                durations,
            ),
            results: add(&mut of, "controller_runtime_reconcile", "Passes, by result", Family::default()),
            depth: add(&mut of, "workqueue_depth", "Objects that wait for a pass", Family::default()),
            active: add(&mut of, "controller_runtime_active_workers", "Passes at work", Family::default()),
            parked: add(&mut of, "sluice_parked", "Passes that wait for an event", Family::default()),
            builds: add(&mut of, "sluice_builds", "Object sets built", Counter::default()),
            resident: add(&mut of, "process_resident_memory_bytes", "Resident memory in bytes", Gauge::default()),
            registry: of,
        }
    }

    /// Counts a pass over an object that has ended: `success`, `error`, `requeue` or `requeue_after`.
    pub fn reconciled(&self, kind: &str, id: &ObjectId, took: Duration, result: &'static str) {
        self.durations.get_or_create(&object_labels(kind, id)).observe(took.as_secs_f64());
        self.results.get_or_create(&ResultLabels { controller: controller(kind), result }).inc();
    }

    /// Drops what is counted of an object that is gone.
    pub fn forget(&self, kind: &str, id: &ObjectId) {
        self.durations.remove(&object_labels(kind, id));
    }

    /// Notes how many objects of a kind wait for a pass, are at work, and are parked.
    pub fn queue(&self, kind: &str, waiting: usize, active: usize, parked: usize) {
        let controller = controller(kind);
        let queue = QueueLabels { name: controller.clone(), controller: controller.clone() };
        self.depth.get_or_create(&queue).set(gauge(waiting));
        let labels = ControllerLabels { controller };
        self.active.get_or_create(&labels).set(gauge(active));
        self.parked.get_or_create(&labels).set(gauge(parked));
    }

    /// Counts a build of an object set that was not answered from a cache.
    pub fn built(&self) {
        self.builds.inc();
    }

    /// Returns all metrics as OpenMetrics text.
    pub fn render(&self) -> String {
        if let Some(bytes) = fs::read_to_string("/proc/self/status").ok().and_then(|status| resident_bytes(&status)) {
            self.resident.set(bytes);
        }
        let mut text = String::new();
        text::encode(&mut text, &self.registry).expect("invariant: writing to a String cannot fail");
        text
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

/// Returns the name that controller-runtime gives to the controller of a kind.
fn controller(kind: &str) -> String {
    kind.to_ascii_lowercase()
}

fn gauge(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Reads `VmRSS` of `/proc/self/status`; unlike `statm` it does not count in pages of unknown size.
fn resident_bytes(status: &str) -> Option<i64> {
    let kibibytes = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: i64 = kibibytes.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use sluice_cluster::{Verb, kube::Stats};
    use sluice_object::{Gvk, ObjectId};

    use super::{Metrics, resident_bytes};

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
            "sluice_open_watches 14",
        ];
        let text = metrics.render();
        for line in expected {
            assert!(text.lines().any(|other| other == line), "no `{line}` in\n{text}");
        }
    }

    #[test]
    fn resident_memory_is_read_from_the_status_of_the_process() {
        assert_eq!(resident_bytes("Name:\tsluice\nVmRSS:\t   27100 kB\n"), Some(27_750_400));
        assert_eq!(resident_bytes("Name:\tsluice\n"), None);
    }
}
