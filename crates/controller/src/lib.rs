//! The kinds that Sluice serves, one folder each: facts, a pure machine, effects.
//!
//! custom resource → `observe` (facts) → `start`, `next` (machine) → `perform` (effects) → status, events
//!
//! A machine never touches the world, so each rule of Flux's behaviour is a table test on it. Begin with
//! [`gitrepository`], the smaller one; [`kustomization`] is the main job.

mod access;
pub mod bases;
pub mod bucket;
mod dependencies;
mod expressions;
pub mod gitrepository;
pub mod helmchart;
pub mod helmrelease;
pub mod helmrepository;
pub mod kustomization;
mod marks;
pub mod ocirepository;
mod requested;
mod requests;
pub mod source;
mod sources;
mod steps;
pub mod unserved;
mod waiting;

pub use access::Access;
pub use sources::Sources;
