//! Applies sets of objects: from manifests and an inventory to requests, and from answers to a verdict.
//!
//! `Vec<Object>` → prepare → order → [`rollout`] (dry-run · diff · clean up · apply · wait · prune) → `Outcome`
//!
//! Pure: no clock, no socket, no task. Requests go out and answers come in as values of `sluice_cluster`, so each rule
//! is a table test. Begin with [`rollout::Rollout`]; [`health`], [`wait`] and [`drift`] stand alone.
//!
//! ```
//! use sluice_apply::{Step, rollout::{Options, Rollout}};
//! use sluice_object::Object;
//!
//! let namespace = serde_json::json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "apps"}});
//! let manifests = vec![Object::new(namespace)?];
//! let options = Options::kustomization("flux-system", "apps");
//! let (mut rollout, step) = Rollout::start(manifests, Vec::new(), options, "2026-01-01T00:00:00Z".parse()?);
//! // The driver does the requests and hands their answers to `rollout.next`, until `Done` or `Failed`.
//! assert!(matches!(step, Step::Requests { .. }));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod diff;
pub mod drift;
pub mod finalize;
pub mod health;
pub mod ignore;
pub mod inventory;
pub mod managed_fields;
pub mod order;
pub mod prepare;
mod problem;
mod prune;
pub mod rollout;
mod step;
pub mod wait;

pub use step::{Action, Changes, Failure, Input, Key, Keyed, Outcome, Step, WaitSpec};
