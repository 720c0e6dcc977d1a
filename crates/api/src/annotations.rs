//! Annotation keys, and the values that some of them take. Flux compares these values without regard to case.

/// Asks for a reconcile. The value is an opaque token: any change of it counts, and the last one handled is copied to
/// `status.lastHandledReconcileAt`.
pub const RECONCILE_REQUESTED_AT: &str = "reconcile.fluxcd.io/requestedAt";

/// Asks for a forced action. Counts only while it equals [`RECONCILE_REQUESTED_AT`].
pub const RECONCILE_FORCE_AT: &str = "reconcile.fluxcd.io/forceAt";

/// Asks a HelmRelease to forget its failure counts. Counts only while it equals [`RECONCILE_REQUESTED_AT`].
pub const RECONCILE_RESET_AT: &str = "reconcile.fluxcd.io/resetAt";

/// Set to [`DISABLED`] on an object that a Kustomization applies, takes it out of reconciliation.
/// On objects of Flux Operator's kinds see [`OPERATOR_RECONCILE`].
pub const KUSTOMIZE_RECONCILE: &str = "kustomize.toolkit.fluxcd.io/reconcile";

/// Says how an object that a Kustomization applies is written: [`MERGE`], [`IF_NOT_PRESENT`], [`IGNORE`] or
/// [`OVERRIDE`].
pub const KUSTOMIZE_SSA: &str = "kustomize.toolkit.fluxcd.io/ssa";

/// Set to [`ENABLED`] on an object, lets a Kustomization recreate it when an immutable field changed.
pub const KUSTOMIZE_FORCE: &str = "kustomize.toolkit.fluxcd.io/force";

/// Set to [`DISABLED`] on an object, keeps a Kustomization from pruning it.
pub const KUSTOMIZE_PRUNE: &str = "kustomize.toolkit.fluxcd.io/prune";

/// Set to [`DISABLED`] on an object (as annotation or label), keeps post-build substitution away from it.
pub const KUSTOMIZE_SUBSTITUTE: &str = "kustomize.toolkit.fluxcd.io/substitute";

/// Set to [`DISABLED`] on an object, keeps a Kustomization from decrypting it.
pub const KUSTOMIZE_DECRYPT: &str = "kustomize.toolkit.fluxcd.io/decrypt";

/// Set to [`DISABLED`] on an ArtifactGenerator, suspends it.
pub const GENERATOR_RECONCILE: &str = "source.extensions.fluxcd.io/reconcile";

/// Set to [`DISABLED`] on a ResourceSet, an input provider or a FluxInstance, suspends it.
pub const OPERATOR_RECONCILE: &str = "fluxcd.controlplane.io/reconcile";

/// Annotations of a Flux object whose key starts so are copied into each of its events.
pub const EVENT_PREFIX: &str = "event.toolkit.fluxcd.io/";

/// Value that turns a behaviour on.
pub const ENABLED: &str = "enabled";
/// Value that turns a behaviour off.
pub const DISABLED: &str = "disabled";
/// Value of [`KUSTOMIZE_SSA`]: fields that others own are kept.
pub const MERGE: &str = "Merge";
/// Value of [`KUSTOMIZE_SSA`]: the object is created and never updated.
pub const IF_NOT_PRESENT: &str = "IfNotPresent";
/// Value of [`KUSTOMIZE_SSA`]: the object is neither created nor updated.
pub const IGNORE: &str = "Ignore";
/// Value of [`KUSTOMIZE_SSA`], and the default: the object is put back to what the source says.
pub const OVERRIDE: &str = "Override";
