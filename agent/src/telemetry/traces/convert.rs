//! Our spans as OpenTelemetry's.

use std::time::SystemTime;

use opentelemetry::{
    InstrumentationScope, KeyValue, SpanId, TraceFlags, TraceId, Value,
    trace::{SpanContext, SpanKind, Status, TraceState},
};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};
use sluice_reconcile::trace::{Attribute, Span};

pub(super) fn span(span: Span) -> SpanData {
    let id = |id: u64| SpanId::from_bytes(id.to_be_bytes());
    let trace = TraceId::from_bytes(span.trace.to_be_bytes());
    let kind = if span.parent.is_some() { SpanKind::Internal } else { SpanKind::Server };
    SpanData {
        span_context: SpanContext::new(trace, id(span.id), TraceFlags::SAMPLED, false, TraceState::default()),
        parent_span_id: span.parent.map_or(SpanId::INVALID, id),
        parent_span_is_remote: false,
        span_kind: kind,
        name: span.name.into(),
        start_time: SystemTime::from(span.began),
        end_time: SystemTime::from(span.ended),
        attributes: span.attributes.into_iter().map(|(name, value)| KeyValue::new(name, attribute(value))).collect(),
        dropped_attributes_count: 0,
        events: SpanEvents::default(),
        links: SpanLinks::default(),
        status: span.error.map_or(Status::Unset, Status::error),
        instrumentation_scope: InstrumentationScope::builder("sluice").with_version(env!("CARGO_PKG_VERSION")).build(),
    }
}

fn attribute(value: Attribute) -> Value {
    match value {
        Attribute::Text(text) => text.into(),
        Attribute::Number(number) => number.into(),
    }
}
