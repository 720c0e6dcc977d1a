//! Who the agent or a service account is at a cloud provider, and the way to clusters there.
//!
//! wish (provider, cluster, address) + token of an account ─► token exchange ─► address, authority ─► [`Access`]
//!
//! Begin with [`Clouds::access`]; each provider is a module that knows its own requests. Tokens are wrapped: nothing
//! prints them.

mod access;
mod aws;
mod azure;
mod clouds;
mod environment;
mod error;
mod gcp;
mod http;
mod secret;

pub use access::{Access, Account, Provider, Wish};
pub use clouds::Clouds;
pub use environment::{Endpoints, Environment};
pub use error::Error;
pub use secret::Secret;
