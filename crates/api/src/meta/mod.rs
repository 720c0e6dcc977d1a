//! What several groups share.

mod artifact;
mod history;
mod kustomize_types;
mod references;

pub use artifact::Artifact;
pub use history::{HistoryEntry, Inventory, InventoryEntry};
pub use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
pub use kustomize_types::{HealthCheckExpr, IgnoreRule, Image, Patch, Selector};
pub use references::{
    AccessFrom, CommonMetadata, Dependency, KubeConfig, LabelSelector, LabelSelectorRequirement, LocalObjectReference,
    NamespaceSelector, SecretKeyReference,
};
