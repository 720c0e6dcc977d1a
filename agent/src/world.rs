//! The real clock, the real tasks, real chance.

use std::{
    io,
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, UNIX_EPOCH},
};

use futures::future::BoxFuture;
use jiff::Timestamp;
use sluice_reconcile::World;
use tokio_util::task::TaskTracker;

/// A name server that does not answer must not hold up who asks.
const RESOLUTION: Duration = Duration::from_secs(10);

/// Runs on tokio, and knows when all its tasks have ended.
#[derive(Debug)]
pub struct TokioWorld {
    tasks: TaskTracker,
    seed: AtomicU64,
}

impl TokioWorld {
    /// Begins a world without tasks.
    pub fn new() -> Arc<Self> {
        let since = std::time::SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let seed = since.as_nanos() as u64 ^ (u64::from(std::process::id()) << 32);
        Arc::new(Self { tasks: TaskTracker::new(), seed: AtomicU64::new(seed) })
    }

    /// Completes when no task runs any more.
    pub async fn idle(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }
}

impl World for TokioWorld {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn sleep_until(&self, at: Timestamp) -> BoxFuture<'static, ()> {
        let time = at.duration_since(Timestamp::now());
        let time = if time.is_negative() { Duration::ZERO } else { time.unsigned_abs() };
        Box::pin(tokio::time::sleep(time))
    }

    fn spawn(&self, task: BoxFuture<'static, ()>) {
        self.tasks.spawn(task);
    }

    fn blocking(&self, work: Box<dyn FnOnce() + Send>) -> BoxFuture<'static, ()> {
        let handle = tokio::task::spawn_blocking(work);
        Box::pin(async move {
            let _ = handle.await;
        })
    }

    /// The first one: any would do for Go, which takes one by chance.
    fn resolve(&self, host: String) -> BoxFuture<'static, io::Result<IpAddr>> {
        Box::pin(async move {
            let found = tokio::time::timeout(RESOLUTION, tokio::net::lookup_host((host, 0))).await??.next();
            found.map(|address| address.ip()).ok_or_else(|| io::Error::other("the host has no address"))
        })
    }

    /// SplitMix64: for jitter and ids in logs, nothing that must not be guessed.
    fn random(&self) -> f64 {
        let mut z = self.seed.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed).wrapping_add(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn hosts_have_addresses() {
        let world = TokioWorld::new();
        assert!(world.resolve("localhost".into()).await.unwrap().is_loopback());
        assert!(world.resolve("no host".into()).await.is_err());
    }

    #[test]
    fn chance_is_between_zero_and_one_and_varies() {
        let world = TokioWorld::new();
        let drawn: Vec<f64> = (0..100).map(|_| world.random()).collect();
        assert!(drawn.iter().all(|number| (0.0..1.0).contains(number)));
        assert!(drawn.windows(2).all(|pair| pair[0] != pair[1]));
    }
}
