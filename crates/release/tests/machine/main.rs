//! The machine, driven on the API server that other crates test with.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod crds;
mod finish;
mod hooks;
mod install;
mod rollback;
mod testing;
mod uninstall;
mod upgrade;
mod waits;
mod world;
