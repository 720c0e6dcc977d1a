//! A collector of traces: takes OTLP over HTTP and over gRPC at one port, and keeps all spans.
//!
//! ```text
//! agent ── POST /v1/traces (protobuf) ─────────┐
//! agent ── gRPC TraceService/Export (HTTP/2) ──┴─► Spans ─► of_root(..), picture(..)
//! ```

mod picture;
mod span;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Response, StatusCode, header};
use axum::routing::post;
use futures::stream;
use http_body_util::StreamBody;
use hyper::body::Frame;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message as _;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub use self::picture::picture;
pub use self::span::Span;

/// A collector on 127.0.0.1. Dropping it stops it.
#[derive(Debug)]
pub struct Collector {
    address: SocketAddr,
    kept: Arc<Mutex<Kept>>,
    task: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Kept {
    spans: Vec<Span>,
    headers: Vec<HeaderMap>,
}

type Shared = State<Arc<Mutex<Kept>>>;

impl Collector {
    /// Starts a collector.
    ///
    /// # Errors
    /// When there is no free port.
    pub async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let (address, kept) = (listener.local_addr()?, Arc::default());
        let router = Router::new()
            .route("/v1/traces", post(over_http))
            .route("/opentelemetry.proto.collector.trace.v1.TraceService/Export", post(over_grpc))
            .with_state(Arc::clone(&kept));
        let task = tokio::spawn(async move {
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { address, kept, task })
    }

    /// Returns what `OTEL_EXPORTER_OTLP_ENDPOINT` is to be.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns all spans so far.
    pub fn spans(&self) -> Vec<Span> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).spans.clone()
    }

    /// Returns a header of every request so far, empty where it was not there.
    pub fn headers(&self, name: &str) -> Vec<String> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let value = |headers: &HeaderMap| headers.get(name).and_then(|value| Some(value.to_str().ok()?.to_owned()));
        kept.headers.iter().map(|headers| value(headers).unwrap_or_default()).collect()
    }

    /// Returns the spans of the complete trace whose root has an attribute of this value; none until there is one.
    pub fn trace(&self, attribute: &str, value: &str) -> Option<Vec<Span>> {
        let spans = self.spans();
        let is_root = |span: &&Span| span.parent.is_empty() && span.attribute(attribute) == value;
        let root = spans.iter().rev().find(is_root)?;
        Some(spans.iter().filter(|span| span.trace == root.trace).cloned().collect())
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn over_http(
    State(kept): Shared,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, [(header::HeaderName, &'static str); 1], Vec<u8>) {
    let status = if keep(&kept, headers, &body).is_some() { StatusCode::OK } else { StatusCode::BAD_REQUEST };
    (status, [(header::CONTENT_TYPE, "application/x-protobuf")], Vec::new())
}

/// Before a message there are a flag and its length in five bytes; the status comes after it.
async fn over_grpc(State(kept): Shared, headers: HeaderMap, body: Bytes) -> Response<Body> {
    let taken = body.get(5..).and_then(|message| keep(&kept, headers, message)).is_some();
    let status = header::HeaderValue::from_static(if taken { "0" } else { "3" });
    let trailers = HeaderMap::from_iter([(header::HeaderName::from_static("grpc-status"), status)]);
    let frames = [Frame::data(Bytes::from_static(&[0; 5])), Frame::trailers(trailers)];
    let body = StreamBody::new(stream::iter(frames.map(Ok::<_, io::Error>)));
    let mut answer = Response::new(Body::new(body));
    answer.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/grpc"));
    answer
}

fn keep(kept: &Mutex<Kept>, headers: HeaderMap, message: &[u8]) -> Option<()> {
    let request = ExportTraceServiceRequest::decode(message).ok()?;
    let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
    kept.spans.extend(span::spans(request));
    kept.headers.push(headers);
    Some(())
}
