//! `source.toolkit.fluxcd.io`: where things come from.

mod bucket;
mod external_artifact;
mod git_repository;
mod helm_chart;
mod helm_repository;
mod oci_repository;

pub use bucket::{Bucket, BucketProvider, BucketSpec, BucketStatus, Sts, StsProvider};
pub use external_artifact::{
    ExternalArtifact, ExternalArtifactSpec, ExternalArtifactStatus, NamespacedObjectKindReference,
};
pub use git_repository::{
    GitProvider, GitReference, GitRepository, GitRepositorySpec, GitRepositoryStatus, GitVerification, Include,
    VerificationMode,
};
pub use helm_chart::{
    ChartVerification, HelmChart, HelmChartSpec, HelmChartStatus, LocalChartSource, ReconcileStrategy,
    SignatureProvider,
};
pub use helm_repository::{HelmRepository, HelmRepositorySpec, HelmRepositoryStatus, HelmRepositoryType};
pub use oci_repository::{
    ArtifactVerification, LayerOperation, LayerSelector, OciRepository, OciRepositoryRef, OciRepositorySpec,
    OciRepositoryStatus, OidcIdentity, RegistryProvider,
};

use std::time::Duration;

/// How long an operation of a source may take where its spec does not say.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60);
