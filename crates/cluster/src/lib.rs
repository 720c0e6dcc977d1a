//! The seam to Kubernetes: what the agent asks of an API server, as data.
//!
//! decision → [`Request`] → [`Cluster`] (kube client · fake) → [`Response`] | [`ApiError`]
//!                          [`Selection`] → watch → [`WatchEvent`]
//!
//! Metrics, spans, bounds, retries and injected faults live behind this one trait. Begin with [`Request`].

mod bodies;
pub mod contract;
mod error;
pub mod fake;
pub mod kube;
mod request;
mod watch;

use futures::{future::BoxFuture, stream::BoxStream};

pub use self::{fake::FakeCluster, kube::KubeCluster};
pub use error::{ApiError, Cause, ErrorKind};
pub use request::{
    Body, Event, EventType, Identity, Precondition, Propagation, Request, Resolved, Response, Target, Verb,
};
pub use watch::{Selection, WatchEvent};

/// A Kubernetes API server.
pub trait Cluster: Send + Sync + 'static {
    /// Does one request on behalf of an identity. Bounded in time by the implementation.
    fn call<'a>(&'a self, who: &'a Identity, request: Request) -> BoxFuture<'a, Result<Response, ApiError>>;

    /// Watches a selection until the stream is dropped. It never ends by itself: a lost connection or an expired
    /// version is mended inside, and shows as [`WatchEvent::Restarted`] followed by the whole selection again.
    fn watch(&self, who: &Identity, what: Selection) -> BoxStream<'static, WatchEvent>;
}
