//! `helm.toolkit.fluxcd.io`: Helm releases.

mod actions;
mod defaults;
mod spec;
mod status;

pub use actions::{
    ApplyMethod, ChartNameChangeStrategy, CrdsPolicy, DeletionPropagation, Install, InstallRemediation,
    InstallStrategy, RemediationStrategy, Rollback, StrategyName, Test, TestFilter, Uninstall, Upgrade,
    UpgradeRemediation, UpgradeStrategy,
};
pub use defaults::{Action, Remediation};
pub use spec::{
    ChartRef, ChartRefKind, ChartSource, ChartSourceKind, ChartTemplate, ChartTemplateSpec, ChartTemplateVerification,
    DriftDetection, DriftDetectionMode, HelmRelease, HelmReleaseSpec, KustomizeRenderer, PostRenderStrategy,
    PostRenderer, ValuesKind, ValuesReference, WaitStrategy, WaitStrategyName,
};
pub use status::{HelmReleaseStatus, ReleaseAction, ReleaseSnapshot, TestHook};
