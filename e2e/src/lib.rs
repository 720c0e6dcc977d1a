//! Real parts to test against: a Kubernetes control plane, a Git server, Azure's emulator, a registry, and the tools that
//! Sluice's answers are compared with.
//!
//! ```text
//! tools/*/go.mod ── go build ──► cache ──► etcd, API server, controllers, scheduler, kwok ──► ControlPlane
//! Repo (git work tree) ── git http-backend ──► GitServer                    eventually(..) waits on either
//! tools/azurite ── npm ci ──► cache ──► Azurite
//! tools/crane ── go build ──► cache ──► Registry
//! Collector: takes OTLP traces, draws them
//! Agent: the real program on a ControlPlane                Scenario: a namespace, a repository, what is expected
//! ```
//!
//! Begin with [`ControlPlane::start`]; tests of the agent begin with [`Scenario`]. Nothing here needs a container engine: the programs are
//! built once from Go modules, or installed from npm packages, and run as children that end with the test.

pub mod agent;
pub mod azurite;
pub mod collector;
pub mod control_plane;
pub mod git_server;
pub mod http;
pub mod index_server;
pub mod machine;
mod ports;
mod process;
pub mod registry;
pub mod scenario;
pub mod tools;
pub mod wait;

pub use agent::{Agent, AgentOptions};
pub use azurite::Azurite;
pub use collector::Collector;
pub use control_plane::{ControlPlane, Options};
pub use git_server::{GitServer, Repo};
pub use registry::Registry;
pub use scenario::{Outcome, Scenario};
pub use wait::{eventually, until};
