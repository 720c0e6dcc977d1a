//! The reconcile loop with its controllers on the API server in memory: one thread, time that jumps.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod bench;
mod costs;
mod crash;
mod crowd;
mod expressions;
mod lives;
mod manifests;
mod release_costs;
mod remote;
mod shards;
mod syncs;
mod versions;
mod watching;
mod world;
