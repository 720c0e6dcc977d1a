//! The shell around the controllers: command line, logs, metrics, HTTP servers, leases, and a graceful end.
//!
//! ```text
//! flags ── RunOptions ──► run: logs → TLS provider → kubeconfig → HTTP servers → leases → controllers → graceful stop
//! ```
//!
//! Begin with [`run::run`]. This is the only crate that reads the environment, prints, and picks the clock; the
//! crates below it are handed values.

pub mod cli;
pub mod controllers;
pub mod http;
pub mod kubeconfig;
pub mod leases;
pub mod readiness;
pub mod run;
pub mod stop;
pub mod telemetry;
pub mod world;
