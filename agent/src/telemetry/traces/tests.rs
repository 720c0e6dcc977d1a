//! What the environment asks for, and what becomes of spans.

use std::sync::{
    Mutex,
    atomic::{AtomicUsize, Ordering},
};

use jiff::Timestamp;
use opentelemetry::trace::{SpanKind, Status};
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use rstest::rstest;

use super::{settings::Sampler, *};

fn environment(variables: &[(&str, &str)]) -> Environment {
    Environment::of(variables.iter().map(|(name, value)| ((*name).into(), (*value).into())))
}

const ENDPOINT: (&str, &str) = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://me:hunter2@collector:4318?token=hunter2");

#[rstest]
#[case(&[], false)]
#[case(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "")], false)]
#[case(&[ENDPOINT], true)]
#[case(&[("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://collector:4318/v1/traces")], true)]
#[case(&[ENDPOINT, ("OTEL_TRACES_EXPORTER", "otlp")], true)]
#[case(&[ENDPOINT, ("OTEL_TRACES_EXPORTER", "none")], false)]
#[case(&[ENDPOINT, ("OTEL_SDK_DISABLED", "True")], false)]
#[case(&[ENDPOINT, ("OTEL_SDK_DISABLED", "no")], true)]
fn traces_are_exported_where_there_is_an_endpoint(#[case] variables: &[(&str, &str)], #[case] on: bool) {
    assert_eq!(Settings::of(&environment(variables)).unwrap().is_some(), on);
}

#[rstest]
#[case(("OTEL_TRACES_EXPORTER", "zipkin"))]
#[case(("OTEL_TRACES_SAMPLER", "xray"))]
#[case(("OTEL_BSP_MAX_QUEUE_SIZE", "many"))]
fn what_is_not_there_is_named(#[case] (name, value): (&str, &str)) {
    let error = Settings::of(&environment(&[ENDPOINT, (name, value)])).unwrap_err();
    assert!(error.starts_with(&format!("{name} is `{value}`")), "{error}");
}

#[rstest]
#[case("", "", Sampler::All)]
#[case("always_off", "", Sampler::None)]
#[case("parentbased_always_off", "", Sampler::None)]
#[case("traceidratio", "", Sampler::Share(1.0))]
#[case("parentbased_traceidratio", "0.25", Sampler::Share(0.25))]
fn samplers_have_their_standard_names(#[case] name: &str, #[case] argument: &str, #[case] sampler: Sampler) {
    let variables = [ENDPOINT, ("OTEL_TRACES_SAMPLER", name), ("OTEL_TRACES_SAMPLER_ARG", argument)];
    assert_eq!(Settings::of(&environment(&variables)).unwrap().unwrap().sampler, sampler);
}

#[test]
fn a_share_of_traces_is_taken_by_their_ids() {
    let quarter = u128::from(u64::MAX / 4);
    assert!(Sampler::Share(0.25).takes(quarter - 2) && !Sampler::Share(0.25).takes(quarter + 2));
    assert!(Sampler::Share(1.0).takes(u128::MAX) && !Sampler::Share(0.0).takes(0));
}

#[test]
fn the_endpoint_is_shown_without_secrets() {
    let settings = Settings::of(&environment(&[ENDPOINT])).unwrap().unwrap();
    assert_eq!(settings.shown_endpoint(), "collector:4318");
}

#[rstest]
#[case(&[], "sluice")]
#[case(&[("OTEL_SERVICE_NAME", "prod")], "prod")]
fn the_service_has_a_name(#[case] variables: &[(&str, &str)], #[case] name: &str) {
    let resource = resource(&environment(variables), "flux-system");
    assert_eq!(resource.get(&"service.name".into()), Some(name.to_owned().into()));
    assert_eq!(resource.get(&"k8s.namespace.name".into()), Some("flux-system".into()));
}

fn span(trace: u128) -> Span {
    let at = Timestamp::from_second(1).unwrap();
    let attributes = vec![("cicd.pipeline.task.name", "build".into())];
    Span { trace, id: 2, parent: Some(1), name: "build".into(), began: at, ended: at, attributes, error: None }
}

#[test]
fn a_span_keeps_what_it_says() {
    let told = convert::span(span(3));
    assert_eq!((told.span_context.trace_id().to_string(), &*told.name), (format!("{:032x}", 3), "build"));
    assert_eq!((told.span_kind, told.status), (SpanKind::Internal, Status::Unset));
    let root = convert::span(Span { parent: None, error: Some("refused".into()), ..span(3) });
    assert_eq!((root.span_kind, root.status), (SpanKind::Server, Status::error("refused")));
    assert_eq!(root.parent_span_id, opentelemetry::SpanId::INVALID);
}

/// A collector that refuses so many requests before it takes one.
#[derive(Debug, Default, Clone)]
struct Collector {
    refuses: Arc<AtomicUsize>,
    batches: Arc<Mutex<Vec<usize>>>,
}

impl SpanExporter for Collector {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let refuse = |left: usize| left.checked_sub(1);
        if self.refuses.fetch_update(Ordering::Relaxed, Ordering::Relaxed, refuse).is_ok() {
            return Err(OTelSdkError::InternalFailure("refused".into()));
        }
        self.batches.lock().unwrap().push(batch.len());
        Ok(())
    }
}

/// Hands in spans, ends, and returns the batches that came to the collector and what was counted.
async fn export(spans: usize, refuses: usize) -> (Vec<usize>, String) {
    let collector = Collector { refuses: Arc::new(AtomicUsize::new(refuses)), ..Collector::default() };
    let variables = [ENDPOINT, ("OTEL_BSP_MAX_QUEUE_SIZE", "5"), ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "3")];
    let settings = Settings::of(&environment(&variables)).unwrap().unwrap();
    let metrics = Arc::new(Metrics::new(Vec::new));
    let (exporter, exporting) = begin(collector.clone(), settings, metrics.clone());
    (0..spans).for_each(|index| exporter.ended(span(index as u128)));
    exporting.finish().await;
    let batches = collector.batches.lock().unwrap().clone();
    (batches, metrics.render())
}

#[tokio::test(start_paused = true)]
async fn spans_go_out_in_batches_and_all_of_them_at_the_end() {
    let (batches, metrics) = export(4, 0).await;
    assert_eq!(batches, [3, 1]);
    assert!(metrics.contains("sluice_spans_exported_total 4"), "{metrics}");
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_drops_spans_and_counts_them() {
    let (batches, metrics) = export(9, 0).await;
    assert_eq!(batches, [3, 2]);
    assert!(metrics.contains("sluice_spans_dropped_total 4"), "{metrics}");
}

#[tokio::test(start_paused = true)]
async fn a_refused_batch_is_lost_and_counted_and_the_next_one_goes_out() {
    let (batches, metrics) = export(4, 1).await;
    assert_eq!(batches, [1]);
    assert!(metrics.contains("sluice_spans_dropped_total 3"), "{metrics}");
    assert!(metrics.contains("sluice_spans_exported_total 1"), "{metrics}");
}
