//! The whole agent in one thread: the real controllers, queues and watches, on a cluster and on remotes in memory, with
//! time, order and faults that a seed chooses.
//!
//! ```text
//! Scenario (steps of users) ─┐                        ┌─► invariants after each effect
//! Plan (order, faults) ──────┴─► play: Stage ◄─ Wire ─┴─► Outcome ─► sweep: against the run without faults
//! ```
//!
//! What an agent waits for, requests, answers, remotes and events of watches, lies on a stage. When every task waits,
//! the director lets one thing of it happen, in the order that the seed chooses, and looks at the cluster after it.
//! Nothing else decides anything, so a plan replays. Begin with [`play()`], then read [`scenario`] and [`sweep`].

mod agent;
mod chance;
mod clock;
mod count;
mod fault;
mod invariant;
mod plan;
mod play;
mod remotes;
pub mod scenario;
mod site;
mod sources;
mod stage;
mod state;
pub mod sweep;
mod trace;
mod wire;

pub use fault::{FAULTS, Fault};
pub use plan::{Faults, Plan};
pub use play::{Outcome, play};
pub use scenario::Scenario;
