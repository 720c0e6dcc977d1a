//! The values that flow through Sluice: objects and their names, trees of files, revisions, digests, artifacts.
//!
//! `Tree` (files of a revision) → engines → `Vec<Object>` (manifests with their origin) → `ObjectId` (inventory)
//!
//! Pure: nothing here reads a clock, a socket or the environment. Begin with [`Object`] and [`Tree`].

mod artifact;
mod id;
mod labels;
mod object;
mod tree;

pub use artifact::{Artifact, Digest, Revision};
pub use id::{Gvk, IdError, InventoryEntry, ObjectId};
pub use labels::{InvalidSelector, LabelSelector};
pub use object::{Object, ObjectError, Origin};
pub use tree::{Contents, Entry, Inputs, MemoryContents, Tree, TreeError, TreePath};
