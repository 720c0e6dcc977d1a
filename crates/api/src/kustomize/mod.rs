//! `kustomize.toolkit.fluxcd.io`: manifests built and applied.

mod spec;
mod status;

pub use spec::{
    BuildMetadata, Decryption, DecryptionProvider, DeletionPolicy, HealthCheck, Kustomization, KustomizationSpec,
    PostBuild, SourceKind, SourceReference, SubstituteKind, SubstituteReference, SubstituteStrategy,
};
pub use status::KustomizationStatus;
