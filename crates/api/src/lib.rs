//! Types and CRDs of every kind that Sluice serves: Flux's kinds and those of Flux Operator, in the same groups and versions.
//!
//! The Rust types are the one source. Their doc comments become the descriptions of the CRDs, their attributes the
//! validation:
//!
//! ```text
//! source::GitRepository … ──schemars──► schema::structural ──► crds() ──► crds_yaml() ──► charts/sluice/crds
//!                                                      └─────► schema::fields() ──► tests/fields.txt
//! ```
//!
//! There is one module per API group. Begin with [`source::GitRepository`] and [`kustomize::Kustomization`]; [`meta`]
//! holds what several kinds share, [`conditions`] what every status says, and [`kinds`] lists them all.
//!
//! ```
//! use sluice_api::source::GitRepositorySpec;
//!
//! let spec: GitRepositorySpec = serde_json::from_str(r#"{"url": "https://example.com/r.git", "interval": "10m"}"#)?;
//! assert_eq!(spec.interval.to_string(), "10m0s");
//! assert_eq!(spec.timeout().as_secs(), 60);
//! # Ok::<(), serde_json::Error>(())
//! ```

pub mod annotations;
pub mod conditions;
pub mod controlplane;
mod conversion;
mod crds;
pub mod duration;
pub mod extensions;
pub mod helm;
pub mod image;
mod kinds;
pub mod kustomize;
pub mod labels;
pub mod meta;
pub mod notification;
pub mod schema;
pub mod source;

pub use conversion::{Conversion, to_served_version};
pub use crds::{crds, crds_yaml, yaml};
pub use duration::Duration;
pub use kinds::{KindInfo, kinds};
