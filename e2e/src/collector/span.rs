//! A span as tests look at it.

use std::collections::BTreeMap;
use std::time::Duration;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::Span as Told;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;

/// A span that the collector was told of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// The trace.
    pub trace: Vec<u8>,
    /// The span.
    pub id: Vec<u8>,
    /// The span above it, empty for a root.
    pub parent: Vec<u8>,
    /// The name.
    pub name: String,
    /// When it began, since 1970.
    pub began: Duration,
    /// When it ended, since 1970.
    pub ended: Duration,
    /// The attributes, as text.
    pub attributes: BTreeMap<String, String>,
    /// Those of the program that it is from.
    pub resource: BTreeMap<String, String>,
    /// The message of a failure.
    pub error: Option<String>,
}

impl Span {
    /// Returns an attribute, empty when it is not there.
    pub fn attribute(&self, name: &str) -> &str {
        self.attributes.get(name).map_or("", String::as_str)
    }

    /// Returns how long it took.
    pub fn took(&self) -> Duration {
        self.ended.saturating_sub(self.began)
    }

    /// Returns the spans right below it, in order of time.
    pub fn children<'a>(&self, all: &'a [Self]) -> Vec<&'a Self> {
        let mut children: Vec<_> =
            all.iter().filter(|other| other.trace == self.trace && other.parent == self.id).collect();
        children.sort_by_key(|child| (child.began, child.ended));
        children
    }
}

pub(super) fn spans(request: ExportTraceServiceRequest) -> Vec<Span> {
    let mut spans = Vec::new();
    for of in request.resource_spans {
        let resource = texts(of.resource.map(|resource| resource.attributes).unwrap_or_default());
        let told = of.scope_spans.into_iter().flat_map(|scope| scope.spans);
        spans.extend(told.map(|told| span(told, resource.clone())));
    }
    spans
}

fn span(told: Told, resource: BTreeMap<String, String>) -> Span {
    let error = told.status.filter(|status| status.code() == StatusCode::Error).map(|status| status.message);
    Span {
        trace: told.trace_id,
        id: told.span_id,
        parent: told.parent_span_id,
        name: told.name,
        began: Duration::from_nanos(told.start_time_unix_nano),
        ended: Duration::from_nanos(told.end_time_unix_nano),
        attributes: texts(told.attributes),
        resource,
        error,
    }
}

fn texts(attributes: Vec<KeyValue>) -> BTreeMap<String, String> {
    attributes.into_iter().map(|attribute| (attribute.key, text(attribute.value))).collect()
}

fn text(value: Option<AnyValue>) -> String {
    match value.and_then(|value| value.value) {
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(number)) => number.to_string(),
        other => format!("{other:?}"),
    }
}
