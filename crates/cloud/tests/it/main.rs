//! Each provider against a small service that keeps what it was asked.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod aws;
mod azure;
mod gcp;
mod kept;
mod service;
