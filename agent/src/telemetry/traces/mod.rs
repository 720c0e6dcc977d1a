//! Traces, exported over OTLP by the standard `OTEL_*` variables.
//!
//! passes ── [`Span`] ──► [`Exporter`] (samples, bounded queue) ──► task: batches ──► OTLP over HTTP or gRPC
//!
//! A collector that is slow or down costs spans, which are counted, and never time: whoever hands in a span does not
//! wait.

mod convert;
mod settings;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use opentelemetry::KeyValue;
use opentelemetry_otlp::SpanExporter as Otlp;
use opentelemetry_sdk::{
    Resource,
    resource::{EnvResourceDetector, TelemetryResourceDetector},
    trace::{SpanData, SpanExporter},
};
use sluice_reconcile::trace::{Span, Spans};
use tokio::{
    sync::mpsc::{Receiver, Sender, channel},
    task::JoinHandle,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::Metrics;
pub use settings::{Environment, Settings};

/// How long the last spans may take to be exported at the end.
const FLUSH: Duration = Duration::from_secs(5);

/// Takes spans in, and sends them on in batches.
#[derive(Debug, Clone)]
pub struct Exporter {
    queue: Sender<SpanData>,
    settings: Arc<Settings>,
    metrics: Arc<Metrics>,
}

/// The task behind an [`Exporter`].
#[derive(Debug)]
pub struct Exporting {
    task: JoinHandle<()>,
    stop: CancellationToken,
}

/// Begins to export traces, where the environment says where to. What is wrong in it is logged and means no traces:
/// the agent does its work in any case.
pub fn start(environment: &Environment, namespace: &str, metrics: Arc<Metrics>) -> Option<(Exporter, Exporting)> {
    let settings = match Settings::of(environment) {
        Ok(settings) => settings?,
        Err(problem) => {
            warn!(logger = "setup", error = problem, "no traces are exported");
            return None;
        }
    };
    let resource = resource(environment, namespace);
    match Otlp::builder().build().context("make the OTLP exporter") {
        Ok(mut otlp) => {
            info!(logger = "setup", endpoint = settings.shown_endpoint(), "exporting traces");
            otlp.set_resource(&resource);
            Some(begin(otlp, settings, metrics))
        }
        Err(error) => {
            warn!(logger = "setup", error = format!("{error:#}"), "no traces are exported");
            None
        }
    }
}

fn begin(otlp: impl SpanExporter + 'static, settings: Settings, metrics: Arc<Metrics>) -> (Exporter, Exporting) {
    let (queue, spans) = channel(settings.queue);
    let (settings, stop) = (Arc::new(settings), CancellationToken::new());
    let batches = Batches { spans, otlp, settings: settings.clone(), metrics: metrics.clone(), stop: stop.clone() };
    (Exporter { queue, settings, metrics }, Exporting { task: tokio::spawn(batches.run()), stop })
}

impl Spans for Exporter {
    fn ended(&self, span: Span) {
        if !self.settings.sampler.takes(span.trace) {
            return;
        }
        if self.queue.try_send(convert::span(span)).is_err() {
            self.metrics.spans_dropped(1);
        }
    }
}

impl Exporting {
    /// Sends what is in the queue, for as long as it may take.
    pub async fn finish(self) {
        self.stop.cancel();
        if timeout(FLUSH, self.task).await.is_err() {
            warn!(logger = "telemetry", "the last spans were not exported in time");
        }
    }
}

struct Batches<E> {
    spans: Receiver<SpanData>,
    otlp: E,
    settings: Arc<Settings>,
    metrics: Arc<Metrics>,
    stop: CancellationToken,
}

impl<E: SpanExporter> Batches<E> {
    async fn run(mut self) {
        let mut reached = true;
        while let Some(batch) = self.next().await {
            let count = batch.len();
            // It tries again by itself, within OTEL_EXPORTER_OTLP_TIMEOUT.
            match self.otlp.export(batch).await {
                Ok(()) => {
                    self.metrics.spans_exported(count);
                    reached = true;
                }
                Err(error) => {
                    self.metrics.spans_dropped(count);
                    if std::mem::take(&mut reached) {
                        warn!(
                            logger = "telemetry",
                            %error, "spans were not exported; further failures are only counted"
                        );
                    }
                }
            }
        }
    }

    /// Returns the spans of the next batch: as many as fit, or as came within the delay.
    async fn next(&mut self) -> Option<Vec<SpanData>> {
        let mut batch = vec![self.receive().await?];
        let delay = sleep(self.settings.delay);
        tokio::pin!(delay);
        while batch.len() < self.settings.batch {
            tokio::select! {
                biased;
                span = self.receive() => match span {
                    Some(span) => batch.push(span),
                    None => break,
                },
                () = &mut delay => break,
            }
        }
        Some(batch)
    }

    /// Returns nothing when told to stop and no span is left.
    async fn receive(&mut self) -> Option<SpanData> {
        tokio::select! {
            biased;
            span = self.spans.recv() => span,
            () = self.stop.cancelled() => {
                self.spans.close();
                self.spans.recv().await
            }
        }
    }
}

/// What the spans are of: the variables win over what we know ourselves.
fn resource(environment: &Environment, namespace: &str) -> Resource {
    let named = environment.get("OTEL_SERVICE_NAME").map(|name| KeyValue::new("service.name", name.to_owned()));
    Resource::builder_empty()
        .with_attributes([
            KeyValue::new("service.name", "sluice"),
            KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
            KeyValue::new("k8s.namespace.name", namespace.to_owned()),
        ])
        .with_detectors(&[Box::new(TelemetryResourceDetector), Box::new(EnvResourceDetector::new())])
        .with_attributes(named)
        .build()
}
