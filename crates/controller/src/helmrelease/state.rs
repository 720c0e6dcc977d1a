//! How a release is, compared with what is wanted: the first half of each decision. Source: helm-controller's
//! `DetermineReleaseState`.

use serde_json::{Map as JsonMap, Value as Json};
use sluice_api::helm::{DriftDetectionMode, HelmRelease, HelmReleaseStatus};
use sluice_helm::release::{self, Release, Status, verify_values};

use super::history;

/// What is wanted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted<'a> {
    /// The chart's name.
    pub(super) chart: &'a str,
    /// Its version.
    pub(super) version: &'a str,
    /// The values for it.
    pub(super) values: &'a JsonMap<String, Json>,
}

/// How a release is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum State {
    /// It is not there.
    Absent,
    /// An action is underway, or its agent went away.
    Locked,
    /// It is there, and not as the status knows it.
    Unmanaged,
    /// It is of another chart, or has other values.
    OutOfSync,
    /// Its tests were not run.
    Untested,
    /// An action or a test has failed.
    Failed,
    /// It is as wanted, as far as its storage tells; objects may have changed since.
    Deployed,
}

/// Returns how a release is; its revisions in storage are all there is to know.
pub(super) fn state(
    object: &HelmRelease,
    status: &HelmReleaseStatus,
    stored: &[Release],
    wanted: Wanted<'_>,
    digests: &Digests,
) -> Result<State, String> {
    let Some(last) = release::last(stored) else { return Ok(State::Absent) };
    if last.info.status.is_pending() {
        return Ok(State::Locked);
    }
    let Some(current) = history::latest(status) else {
        let gone = last.info.status == Status::Uninstalled;
        return Ok(if gone { State::Absent } else { State::Unmanaged });
    };
    if !is_as_observed(current, last) {
        return Ok(State::Unmanaged);
    }
    match &last.info.status {
        Status::Failed => Ok(State::Failed),
        Status::Uninstalled => Ok(State::Absent),
        Status::Deployed => Ok(deployed(object, status, last, wanted, digests)),
        other => Err(format!("unable to determine state for release with status '{other}'")),
    }
}

/// Says whether a revision in storage is the one of a snapshot. Snapshots of older versions are believed.
pub(super) fn is_as_observed(snapshot: &sluice_api::helm::ReleaseSnapshot, stored: &Release) -> bool {
    if snapshot.api_version.as_deref() != Some(release::Snapshot::API_VERSION) {
        return true;
    }
    let oci_digest = snapshot.oci_digest.as_deref().unwrap_or_default();
    release::Digest::parse(&snapshot.digest).is_some_and(|digest| stored.is_of(&digest, oci_digest))
}

/// Digests of what is done to manifests after they are rendered; empty where nothing is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Digests {
    /// Of `spec.postRenderers`.
    pub(super) post_renderers: String,
    /// Of `spec.commonMetadata`.
    pub(super) common_metadata: String,
}

fn deployed(
    object: &HelmRelease,
    status: &HelmReleaseStatus,
    last: &Release,
    wanted: Wanted<'_>,
    digests: &Digests,
) -> State {
    let Some(current) = history::latest(status) else { return State::Unmanaged };
    let chart = last.chart.as_ref().map(|chart| (chart.metadata.name.as_str(), chart.metadata.version.as_str()));
    if chart != Some((wanted.chart, wanted.version)) || !verify_values(&current.config_digest, wanted.values) {
        return State::OutOfSync;
    }
    // Within a generation they only differ while it is being attempted.
    let observed = Digests {
        post_renderers: status.observed_post_renderers_digest.clone().unwrap_or_default(),
        common_metadata: status.observed_common_metadata_digest.clone().unwrap_or_default(),
    };
    if status.observed_generation != object.metadata.generation && observed != *digests {
        return State::OutOfSync;
    }
    if object.test().enable {
        if !history::was_tested(current) {
            return State::Untested;
        }
        let ignored = object.remediation(status).is_none_or(|remediation| remediation.ignore_test_failures);
        if !ignored && history::has_failed_test(current) {
            return State::Failed;
        }
    }
    State::Deployed
}

/// Says whether objects of a release are compared with the cluster.
pub(super) fn looks_for_drift(object: &HelmRelease) -> bool {
    object.drift_mode() != DriftDetectionMode::Disabled
}
