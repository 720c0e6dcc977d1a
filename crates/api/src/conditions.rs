//! Conditions: their types and reasons, and pure functions on a list of them.
//!
//! A list holds one condition per type. [`READY`] is always there once an object was seen; those whose doc says
//! "only while true" are removed instead of being set to `False`, so that kstatus reads the object right.

pub use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

/// Status of a condition that holds.
pub const TRUE: &str = "True";
/// Status of a condition that does not hold.
pub const FALSE: &str = "False";
/// Status of a condition that is not known, as `Ready` is while a pass runs.
pub const UNKNOWN: &str = "Unknown";

/// The object is as its spec says. `Unknown` while a pass runs.
pub const READY: &str = "Ready";
/// A pass runs, or a failed one will be tried again. Only while true.
pub const RECONCILING: &str = "Reconciling";
/// Nothing is tried until the spec or the source changes. Only while true.
pub const STALLED: &str = "Stalled";
/// The applied objects are healthy. Only where health is checked.
pub const HEALTHY: &str = "Healthy";
/// The artifact in storage is that of the status.
pub const ARTIFACT_IN_STORAGE: &str = "ArtifactInStorage";
/// A newer revision than that of the artifact was seen. Only while true.
pub const ARTIFACT_OUTDATED: &str = "ArtifactOutdated";
/// The source could not be fetched. Only while true.
pub const FETCH_FAILED: &str = "FetchFailed";
/// The artifact could not be stored. Only while true.
pub const STORAGE_OPERATION_FAILED: &str = "StorageOperationFailed";
/// The artifact could not be built. Only while true.
pub const BUILD_FAILED: &str = "BuildFailed";
/// An included source has no artifact. Only while true.
pub const INCLUDE_UNAVAILABLE: &str = "IncludeUnavailable";
/// The source's signature is good. Only where verification is asked for.
pub const SOURCE_VERIFIED: &str = "SourceVerified";
/// The last Helm install or upgrade went through.
pub const RELEASED: &str = "Released";
/// The last Helm test run went through.
pub const TEST_SUCCESS: &str = "TestSuccess";
/// The last failed Helm action was remediated.
pub const REMEDIATED: &str = "Remediated";
/// Objects of the Helm release differ from what was rendered.
pub const DRIFTED: &str = "Drifted";

/// Reasons: one word each, also used for events.
pub mod reasons {
    macro_rules! reasons {
        ($($(#[$doc:meta])* $name:ident = $value:literal;)*) => {
            $($(#[$doc])* pub const $name: &str = $value;)*
        };
    }
    reasons! {
        /// What was asked for is done.
        SUCCEEDED = "Succeeded";
        /// What was asked for failed.
        FAILED = "Failed";
        /// A pass runs.
        PROGRESSING = "Progressing";
        /// The last pass failed and another will follow.
        PROGRESSING_WITH_RETRY = "ProgressingWithRetry";
        /// The object is suspended.
        SUSPENDED = "Suspended";
        /// An object that this one depends on is not ready.
        DEPENDENCY_NOT_READY = "DependencyNotReady";
        /// A path is not in the artifact, or leads out of it.
        INVALID_PATH = "InvalidPath";
        /// A URL cannot be read or has a scheme that is not supported.
        INVALID_URL = "InvalidURL";
        /// Plain HTTP is refused by a flag.
        INSECURE_CONNECTIONS_DISALLOWED = "InsecureConnectionsDisallowed";
        /// The transport is not supported.
        UNSUPPORTED_CONNECTION_TYPE = "UnsupportedConnectionType";
        /// An object could not be deleted.
        PRUNE_FAILED = "PruneFailed";
        /// The artifact could not be fetched or read.
        ARTIFACT_FAILED = "ArtifactFailed";
        /// The manifests could not be built.
        BUILD_FAILED = "BuildFailed";
        /// An applied object is not healthy.
        HEALTH_CHECK_FAILED = "HealthCheckFailed";
        /// The wait for health was given up for something newer.
        HEALTH_CHECK_CANCELED = "HealthCheckCanceled";
        /// The pass went through.
        RECONCILIATION_SUCCEEDED = "ReconciliationSucceeded";
        /// The pass failed.
        RECONCILIATION_FAILED = "ReconciliationFailed";
        /// A CEL expression cannot be compiled.
        INVALID_CEL_EXPRESSION = "InvalidCELExpression";
        /// A field needs a feature gate that is off.
        FEATURE_GATE_DISABLED = "FeatureGateDisabled";
        /// A reference into another namespace is refused by a flag.
        ACCESS_DENIED = "AccessDenied";
        /// The artifact is up to date.
        ARTIFACT_UP_TO_DATE = "ArtifactUpToDate";
        /// A revision that is not in storage was seen.
        NEW_REVISION = "NewRevision";
        /// The artifact is not in storage.
        NO_ARTIFACT = "NoArtifact";
        /// A credential is missing or refused.
        AUTHENTICATION_FAILED = "AuthenticationFailed";
        /// Git answered with an error.
        GIT_OPERATION_FAILED = "GitOperationFailed";
        /// Git answered, and the repository holds nothing new.
        GIT_OPERATION_SUCCEEDED = "GitOperationSucceeded";
    }
}

/// Returns the condition of that type.
pub fn find_condition<'a>(conditions: &'a [Condition], type_: &str) -> Option<&'a Condition> {
    conditions.iter().find(|condition| condition.type_ == type_)
}

/// Returns whether the condition of that type is there and `True`.
pub fn is_true(conditions: &[Condition], type_: &str) -> bool {
    find_condition(conditions, type_).is_some_and(|condition| condition.status == TRUE)
}

/// Puts `new` in the place of the condition of its type, or at the end.
///
/// As Kubernetes' own `meta.SetStatusCondition`: while the status stays the same the time of the last transition does
/// too, whatever `new` says.
pub fn set_condition(conditions: &mut Vec<Condition>, mut new: Condition) {
    match conditions.iter_mut().find(|condition| condition.type_ == new.type_) {
        Some(old) => {
            if old.status == new.status {
                new.last_transition_time = old.last_transition_time.clone();
            }
            *old = new;
        }
        None => conditions.push(new),
    }
}

/// Removes the condition of that type; says whether there was one.
pub fn remove_condition(conditions: &mut Vec<Condition>, type_: &str) -> bool {
    let before = conditions.len();
    conditions.retain(|condition| condition.type_ != type_);
    conditions.len() != before
}
