//! `image.toolkit.fluxcd.io`: image tags looked for, chosen and written back to Git.

mod policy;
mod repository;
mod update_automation;

pub use policy::{
    DigestReflectionPolicy, ImagePolicy, ImagePolicyChoice, ImagePolicySpec, ImagePolicyStatus, ImageRef,
    NamespacedImageRepository, OrderPolicy, PolicyOrder, SemVerPolicy, TagFilter,
};
pub use repository::{ImageRepository, ImageRepositorySpec, ImageRepositoryStatus, ScanResult};
pub use update_automation::{
    AutomationSource, AutomationSourceKind, CommitSpec, CommitUser, GitCheckout, GitSpec, ImageUpdateAutomation,
    ImageUpdateAutomationSpec, ImageUpdateAutomationStatus, ObservedPolicy, PushSpec, SigningKey, SigningKeyType,
    UpdateStrategy, UpdateStrategyName,
};
