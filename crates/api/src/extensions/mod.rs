//! `source.extensions.fluxcd.io`: artifacts made from others.

mod artifact_generator;

pub use artifact_generator::{
    ArtifactGenerator, ArtifactGeneratorSpec, ArtifactGeneratorStatus, CopyOperation, CopyStrategy, GeneratedArtifact,
    GeneratorSource, GeneratorSourceKind, OutputArtifact,
};
