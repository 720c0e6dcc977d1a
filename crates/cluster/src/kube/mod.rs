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
mod remotes;
mod stats;
mod trouble;
mod watching;
mod wire;

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use futures::{FutureExt as _, StreamExt as _, future::BoxFuture, stream::BoxStream};

pub use self::connect::Options;
pub use self::stats::{Durations, Stats};
use self::{discovery::Discovery, remotes::Remotes, stats::Counters, wire::Wire};
use crate::{ApiError, Cluster, Identity, Request, Response, Selection, WatchEvent, remote::Remote};

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
    remotes: Remotes,
}

impl KubeCluster {
    /// Makes the way to an API server; nothing is sent yet. It lives in the tokio runtime that it is made in.
    ///
    /// # Errors
    /// When the configuration's certificates or credentials cannot be used.
    pub fn connect(config: ::kube::Config, options: Options) -> Result<Self, ApiError> {
        let remotes = Remotes::new(options.clone());
        let wire = Arc::new(connect::wire(config, options)?);
        let discovery = Discovery::new(wire.clone());
        Ok(Self { inner: Arc::new(Inner { wire, discovery, streaming: AtomicBool::new(true), remotes }) })
    }

    /// Has the discovery table read again at the next look-up, and wakes watches that wait for their kind.
    /// To be called when a CustomResourceDefinition was established or removed.
    pub fn invalidate(&self) {
        self.inner.discovery.invalidate();
    }

    /// Returns what has been counted since the start, other clusters aside.
    pub fn stats(&self) -> Stats {
        self.inner.wire.stats()
    }

    async fn call_remote(&self, remote: &Remote, request: Request) -> Result<Response, ApiError> {
        let there = self.inner.remotes.get(remote).await?;
        call::perform(&there.inner, &remote.identity(), request).await
    }
}

/// Other clusters are read, not watched: connections to them would be open without bound.
fn unwatched(remote: &Remote) -> impl futures::Stream<Item = WatchEvent> + use<> {
    let message = format!("{} is not watched: it is another cluster", remote.server());
    futures::stream::iter([WatchEvent::Failed { message, refused: true }]).chain(futures::stream::pending())
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
        match who {
            Identity::Remote(remote) => self.call_remote(remote, request).boxed(),
            who => call::perform(&self.inner, who, request).boxed(),
        }
    }

    fn watch(&self, who: &Identity, what: Selection) -> BoxStream<'static, WatchEvent> {
        match who {
            Identity::Remote(remote) => unwatched(remote).boxed(),
            who => watching::watch(self.inner.clone(), who.clone(), what),
        }
    }
}
