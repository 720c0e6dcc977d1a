//! What Helm does with a release in a cluster, as one pure machine.
//!
//! [`Plan`] + stored history → [`Action`] (CRDs · kinds · dry-run of all · pending release · hooks · apply · wait · hooks
//! · statuses) → the release as it is now, or an [`Error`] in Helm's words
//!
//! Pure: no clock, no socket, no task. Requests go out and answers come in as values of `sluice_cluster`. The pending
//! release is stored before the first object is written, so after a crash everything is found by its manifest. What
//! is done, in which order and in which words, is what Helm 4.2.4 does as helm-controller drives it. Begin with
//! [`Action`].
//!
//! ```
//! use sluice_helm::release::Release;
//! use sluice_release::{Action, Options, Plan, Step};
//!
//! let manifest = "---\n# Source: c/templates/a.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n".into();
//! let release = Release { name: "app".into(), namespace: "apps".into(), manifest, ..Release::default() };
//! let now = "2026-01-01T00:00:00Z".parse()?;
//! let (mut action, step) = Action::start(Plan::Install { release }, Vec::new(), Options::new("apps"), now);
//! // The driver does the requests and hands their answers to `action.next`, until `Ended`.
//! assert!(matches!(step, Step::Requests { .. }));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod action;
mod check;
mod clear;
mod crds;
mod error;
mod finish;
mod hooks;
mod install;
mod item;
mod kinds;
mod manifest;
mod namespace;
mod options;
mod part;
mod remove;
mod rollback;
mod stale;
mod step;
mod store;
mod testing;
mod uninstall;
mod upgrade;
mod waiting;
mod work;
mod write;

pub use action::Action;
pub use error::{Error, Subject};
pub use manifest::objects as read_manifest;
pub use options::{CrdPolicy, Crds, Options, Plan, ServerSide, TestFilter, Wait};
pub use step::{Input, Phase, Step};
