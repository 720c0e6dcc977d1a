//! The kinds that Sluice serves, one folder each: facts, a pure machine, effects.
//!
//! custom resource → `observe` (facts) → `start`, `next` (machine) → `perform` (effects) → status, events
//!
//! A machine never touches the world, so each rule of Flux's behaviour is a table test on it. Begin with
//! [`gitrepository`], the smaller one; [`kustomization`] is the main job.

pub mod bases;
pub mod bucket;
pub mod gitrepository;
pub mod helmrepository;
pub mod kustomization;
mod marks;
pub mod ocirepository;
pub mod source;
mod sources;
pub mod unserved;

pub use sources::Sources;
