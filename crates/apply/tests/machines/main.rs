//! The machines, driven on an API server the size of a map, and on the one that other crates test with.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod api;
mod fake;
mod finalize;
mod laws;
mod rollout;
mod world;
