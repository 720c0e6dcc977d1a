//! Watches.

use sluice_object::{Gvk, Object};

use crate::Body;

/// What to watch: one kind, narrowed.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Selection {
    /// Kind with version.
    pub gvk: Gvk,
    /// Namespace, or all.
    pub namespace: Option<String>,
    /// Name, or all.
    pub name: Option<String>,
    /// Label selector, or empty.
    pub labels: String,
    /// How much of each object.
    pub body: Body,
}

impl Selection {
    /// Selects all objects of a kind.
    pub fn all(gvk: Gvk) -> Self {
        Self { gvk, namespace: None, name: None, labels: String::new(), body: Body::Full }
    }
}

/// What a watch tells.
#[derive(Debug, Clone, PartialEq)]
pub enum WatchEvent {
    /// The selection is listed from scratch, the first time too; what is not listed again before `Listed` is gone.
    Restarted,
    /// An object is there, new or changed.
    Seen(Object),
    /// An object is gone; its last known state.
    Gone(Object),
    /// The listing is complete.
    Listed,
    /// The watch cannot be kept for now; it is tried again. A text for people, and whether access was refused.
    Failed {
        /// The cause.
        message: String,
        /// Whether the server refused access (401, 403) or does not serve the kind (404).
        refused: bool,
    },
}
