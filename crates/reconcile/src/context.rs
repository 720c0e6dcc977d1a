//! The world as seen by effects: cluster, index, clock, tasks, a bounded pool for heavy work.

use std::{sync::Arc, time::Duration};

use futures::future::BoxFuture;
use jiff::Timestamp;
use sluice_cluster::Cluster;
use sluice_object::{Gvk, LabelSelector, Object, ObjectId};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::{
    Index, Watches,
    events::Recorder,
    trace::{Spans, Traces, Untold},
};

/// Clock, tasks and chance: the agent's are real, a simulation's are not.
pub trait World: Send + Sync + 'static {
    /// Returns the time.
    fn now(&self) -> Timestamp;
    /// Completes at a time.
    fn sleep_until(&self, at: Timestamp) -> BoxFuture<'static, ()>;
    /// Runs a task.
    fn spawn(&self, task: BoxFuture<'static, ()>);
    /// Runs heavy work off the reactor.
    fn blocking(&self, work: Box<dyn FnOnce() + Send>) -> BoxFuture<'static, ()>;
    /// Returns a number from 0 to 1.
    fn random(&self) -> f64;
    /// Returns an address of a host; an error where there is none, or names are not resolved.
    fn resolve(&self, _host: String) -> BoxFuture<'static, std::io::Result<std::net::IpAddr>> {
        Box::pin(std::future::ready(Err(std::io::ErrorKind::Unsupported.into())))
    }
}

/// What is counted.
pub trait Meter: Send + Sync + 'static {
    /// A pass has ended.
    fn reconciled(&self, kind: &str, id: &ObjectId, took: Duration, result: &'static str);
    /// An object is gone.
    fn forget(&self, kind: &str, id: &ObjectId);
    /// The queue of a kind has changed: waiting, active, parked.
    fn queue(&self, kind: &str, waiting: usize, active: usize, parked: usize);
    /// An object has entered the queue.
    fn queued(&self, _: &str, _: &ObjectId) {}
    /// A task has begun to work on an object.
    fn began(&self, _: &str, _: &ObjectId) {}
    /// The task has ended; `again` says that the pass is repeated because it failed.
    fn ended(&self, _: &str, _: &ObjectId, _again: bool) {}
    /// An object is as a revision of its source wants it, so long after the revision was seen.
    fn healthy(&self, _source: &ObjectId, _took: Duration) {}
    /// Objects were built from files.
    fn built(&self) {}
    /// So many objects were deleted because they have left their source.
    fn pruned(&self, _count: usize) {}
    /// So many objects were put back because somebody had changed them.
    fn corrected(&self, _owner: &ObjectId, _count: usize) {}
}

/// Settings that hold for every kind.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Passes of one kind that are active at once; parked ones do not count.
    pub concurrent: usize,
    /// Intervals vary by this share, 0.05 for 5 %.
    pub jitter: f64,
    /// First delay after a failure that backs off.
    pub min_retry_delay: Duration,
    /// Longest delay after failures in a row.
    pub max_retry_delay: Duration,
    /// Namespace to watch, or all.
    pub namespace: Option<String>,
    /// The objects that are reconciled, where several agents share them (`--watch-label-selector`). The others are known
    /// too, because they may be referred to.
    pub shard: LabelSelector,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            concurrent: 20,
            jitter: 0.05,
            min_retry_delay: Duration::from_millis(750),
            max_retry_delay: Duration::from_secs(15 * 60),
            namespace: None,
            shard: LabelSelector::default(),
        }
    }
}

/// What effects and the loop share.
pub struct Context {
    /// The API server.
    pub cluster: Arc<dyn Cluster>,
    /// The objects of our kinds and who refers to whom.
    pub index: Arc<Index>,
    /// What is seen of managed objects.
    pub watches: Arc<Watches>,
    /// Clock, tasks and chance.
    pub world: Arc<dyn World>,
    /// Counters.
    pub meter: Arc<dyn Meter>,
    /// Open traces.
    pub traces: Traces,
    /// Settings that hold for every kind.
    pub settings: Settings,
    /// Cancelled when the agent must stop acting.
    pub stop: CancellationToken,
    pub(crate) recorder: Recorder,
    cpu: Arc<Semaphore>,
}

impl Context {
    /// Makes the context of an agent. `cores` bounds how much heavy work runs at once.
    pub fn new(
        cluster: Arc<dyn Cluster>,
        world: Arc<dyn World>,
        meter: Arc<dyn Meter>,
        settings: Settings,
        cores: usize,
    ) -> Self {
        let index = Arc::new(Index::default());
        let stop = CancellationToken::new();
        let watches = Arc::new(Watches::new(cluster.clone(), index.clone(), world.clone(), stop.clone()));
        let traces = Traces::new(Arc::new(Untold), meter.clone(), world.clone(), stop.clone());
        let (recorder, cpu) = (Recorder::default(), Arc::new(Semaphore::new(cores.max(1))));
        Self { cluster, index, watches, world, meter, traces, settings, stop, recorder, cpu }
    }

    /// Has spans told.
    #[must_use]
    pub fn telling(mut self, spans: Arc<dyn Spans>) -> Self {
        self.traces = Traces::new(spans, self.meter.clone(), self.world.clone(), self.stop.clone());
        self
    }

    /// Returns the time.
    pub fn now(&self) -> Timestamp {
        self.world.now()
    }

    /// Runs heavy pure work with a bound on how much runs at once. Returns nothing when the work panicked.
    pub async fn cpu<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        let _permit = self.cpu.acquire().await.ok()?;
        let (send, receive) = tokio::sync::oneshot::channel();
        let job = Box::new(move || {
            let _ = send.send(work());
        });
        self.world.blocking(job).await;
        receive.await.ok()
    }

    /// Says whether an object is reconciled by this agent.
    pub fn serves(&self, object: &Object) -> bool {
        self.settings.shard.matches(|key| object.label(key))
    }

    /// Returns a stored object of one of our kinds.
    pub fn stored(&self, gvk: &Gvk, namespace: &str, name: &str) -> Option<Arc<Object>> {
        self.index.get(&ObjectId::new(gvk, namespace, name))
    }
}

/// A meter that counts nothing, for tests.
#[derive(Debug, Default)]
pub struct Silent;

impl Meter for Silent {
    fn reconciled(&self, _: &str, _: &ObjectId, _: Duration, _: &'static str) {}
    fn forget(&self, _: &str, _: &ObjectId) {}
    fn queue(&self, _: &str, _: usize, _: usize, _: usize) {}
}
