//! Label keys, and the values that some of them take; the finalizers too, which are names of the same shape.

/// Name of the Kustomization that owns an object.
pub const KUSTOMIZE_NAME: &str = "kustomize.toolkit.fluxcd.io/name";
/// Namespace of the Kustomization that owns an object.
pub const KUSTOMIZE_NAMESPACE: &str = "kustomize.toolkit.fluxcd.io/namespace";
/// Name of the HelmRelease that owns an object.
pub const HELM_NAME: &str = "helm.toolkit.fluxcd.io/name";
/// Namespace of the HelmRelease that owns an object.
pub const HELM_NAMESPACE: &str = "helm.toolkit.fluxcd.io/namespace";
/// Name of the ResourceSet that owns an object.
pub const RESOURCE_SET_NAME: &str = "resourceset.fluxcd.controlplane.io/name";
/// Namespace of the ResourceSet that owns an object.
pub const RESOURCE_SET_NAMESPACE: &str = "resourceset.fluxcd.controlplane.io/namespace";
/// Name of the FluxInstance that owns an object.
pub const INSTANCE_NAME: &str = "fluxcd.controlplane.io/name";
/// Namespace of the FluxInstance that owns an object.
pub const INSTANCE_NAMESPACE: &str = "fluxcd.controlplane.io/namespace";
/// UID of the ArtifactGenerator that made an ExternalArtifact.
pub const GENERATOR: &str = "source.extensions.fluxcd.io/generator";

/// On a ConfigMap or Secret, with the value [`WATCH_ENABLED`]: whoever refers to it is reconciled when it changes.
pub const WATCH: &str = "reconcile.fluxcd.io/watch";
/// Value of [`WATCH`].
pub const WATCH_ENABLED: &str = "Enabled";
/// Names the shard that serves an object, by convention.
pub const SHARD: &str = "sharding.fluxcd.io/key";

/// Says what an object is a part of; [`FLUX`] for all that belongs to an installation.
pub const PART_OF: &str = "app.kubernetes.io/part-of";
/// Value of [`PART_OF`].
pub const FLUX: &str = "flux";
/// Names the installation that an object belongs to.
pub const INSTANCE: &str = "app.kubernetes.io/instance";
/// Version of the software that an object belongs to, with a leading `v`.
pub const VERSION: &str = "app.kubernetes.io/version";
/// Names the controller that an object belongs to.
pub const COMPONENT: &str = "app.kubernetes.io/component";

/// Finalizer of the toolkit's kinds.
pub const FINALIZER: &str = "finalizers.fluxcd.io";
/// Finalizer of ArtifactGenerators.
pub const GENERATOR_FINALIZER: &str = "source.extensions.fluxcd.io/finalizer";
/// Finalizer of Flux Operator's kinds.
pub const OPERATOR_FINALIZER: &str = "fluxcd.controlplane.io/finalizer";
