//! The seam to Kubernetes: what the agent asks of an API server, as data.
//!
//! decision → [`Request`] → [`Cluster`] (kube client · fake) → [`Response`] | [`ApiError`]
//!                          [`Selection`] → watch → [`WatchEvent`]
//!
//! Metrics, spans, bounds, retries and injected faults live behind this one trait. Begin with [`Request`]. What every
//! implementation has to do is written down as checks in [`contract`].
//!
//! ```
//! use futures::FutureExt as _;
//! use sluice_cluster::{Cluster, FakeCluster, Identity, Request, Target};
//! use sluice_object::Object;
//!
//! let metadata = serde_json::json!({ "name": "hello", "namespace": "default" });
//! let object = serde_json::json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata });
//! let object = Object::new(object)?;
//! let target = Target::of(&object);
//! let fake = FakeCluster::new();
//! let apply = Request::Apply { object, manager: "docs".into(), force: false, dry_run: false };
//! let answer = fake.call(&Identity::Agent, apply).now_or_never().expect("the fake answers at once")?;
//! assert_eq!(answer.into_object(), fake.get(&target));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod bodies;
pub mod contract;
mod error;
pub mod fake;
pub mod kube;
mod remote;
mod request;
mod watch;

use futures::{future::BoxFuture, stream::BoxStream};

pub use self::{fake::FakeCluster, kube::KubeCluster};
pub use error::{ApiError, Cause, ErrorKind, NoMatch};
pub use remote::{InvalidKubeconfig, Remote, RemoteRules};
pub use request::{
    Body, Event, EventType, Identity, Precondition, Propagation, Request, Resolved, Response, Server, Target, Verb,
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
