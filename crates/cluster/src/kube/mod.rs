//! The Kubernetes API server behind kube's client.
//!
//! [`Request`] → `call` (paths, parameters) → `wire` (turns, time, retries, counts) → kube's client → API server
//! [`Selection`] → `watching` (list, resume, back off) → `wire::Lines` → [`WatchEvent`]
//!
//! One connection pool serves all identities: impersonation is a header of the request. One discovery table
//! serves all kinds.

mod answer;
mod call;
mod connect;
mod definitions;
mod discovery;
mod name;
mod path;
mod stats;
mod trouble;
mod watching;
mod wire;

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use futures::{FutureExt as _, future::BoxFuture, stream::BoxStream};

pub use self::connect::Options;
pub use self::stats::{Durations, Stats};
use self::{discovery::Discovery, stats::Counters, wire::Wire};
use crate::{ApiError, Cluster, Identity, Request, Response, Selection, WatchEvent};

/// A Kubernetes API server. Clones share connections, discovery and counts.
#[derive(Clone)]
pub struct KubeCluster {
    inner: Arc<Inner>,
}

struct Inner {
    wire: Arc<Wire>,
    discovery: Discovery,
    /// Whether lists are asked for as a stream; off once the server has refused it.
    streaming: AtomicBool,
}

impl KubeCluster {
    /// Makes the way to an API server; nothing is sent yet. It lives in the tokio runtime that it is made in.
    ///
    /// # Errors
    /// When the configuration's certificates or credentials cannot be used.
    pub fn connect(config: ::kube::Config, options: Options) -> Result<Self, ApiError> {
        let wire = Arc::new(connect::wire(config, options)?);
        let discovery = Discovery::new(wire.clone());
        Ok(Self { inner: Arc::new(Inner { wire, discovery, streaming: AtomicBool::new(true) }) })
    }

    /// Has the discovery table read again at the next look-up, and wakes watches that wait for their kind.
    /// To be called when a CustomResourceDefinition was established or removed.
    pub fn invalidate(&self) {
        self.inner.discovery.invalidate();
    }

    /// Returns what has been counted since the start.
    pub fn stats(&self) -> Stats {
        self.inner.wire.stats()
    }
}

impl Inner {
    fn streams_lists(&self) -> bool {
        self.streaming.load(Ordering::Relaxed)
    }

    fn stop_streaming_lists(&self) {
        self.streaming.store(false, Ordering::Relaxed);
    }
}

impl Cluster for KubeCluster {
    fn call<'a>(&'a self, who: &'a Identity, request: Request) -> BoxFuture<'a, Result<Response, ApiError>> {
        call::perform(&self.inner, who, request).boxed()
    }

    fn watch(&self, who: &Identity, what: Selection) -> BoxStream<'static, WatchEvent> {
        watching::watch(self.inner.clone(), who.clone(), what)
    }
}
