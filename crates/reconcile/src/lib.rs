//! The one reconcile loop, which knows no kind.
//!
//! watch of a kind → [`Index`] → queue ([`controller`]) → pass ([`Kind::start`], [`Kind::next`]) → status, events, requeue
//!                      ↑                                     │ parks without a task
//!                      └── [`Watches`] of managed objects ───┘
//!
//! A pass over an object is a pure state machine; the world is reached through commands that are data. Begin with
//! [`Kind`], then `pass.rs`, which is the only caller of it and the only place that writes conditions and events.

pub mod configs;
mod context;
mod controller;
mod drift;
mod events;
mod hopes;
mod index;
mod kind;
mod pass;
mod queue;
mod seen;
mod status;
mod suspended;
pub mod trace;
mod watches;

pub use context::{Context, Meter, Settings, Silent, World};
pub use controller::{follow_sources, run};
pub use drift::Baseline;
pub use index::{Index, Wake};
pub use kind::{Cause, Command, Input, Kind, Next, Notice, Park, Report, Verdict, Watched, Woke};
pub use pass::FINALIZER;
pub use seen::Seen;
pub use status::merge_patch;
pub use watches::Watches;
