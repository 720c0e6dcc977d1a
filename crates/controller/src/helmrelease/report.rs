//! How a HelmRelease's pass is told: the summary of conditions, events and texts, in the words of helm-controller.

use std::collections::BTreeMap;

use sluice_api::{
    conditions::{self, Condition, FALSE, READY, RELEASED, REMEDIATED, STALLED, TEST_SUCCESS, TRUE},
    helm::{HelmRelease, HelmReleaseStatus, ReleaseSnapshot},
};
use sluice_cluster::EventType;
use sluice_reconcile::Notice;

use super::{GROUP, history, state::Digests};
use crate::marks::Marks;

/// Reasons of conditions and events.
pub(super) mod reasons {
    pub(in super::super) const INSTALL_SUCCEEDED: &str = "InstallSucceeded";
    pub(in super::super) const INSTALL_FAILED: &str = "InstallFailed";
    pub(in super::super) const UPGRADE_SUCCEEDED: &str = "UpgradeSucceeded";
    pub(in super::super) const UPGRADE_FAILED: &str = "UpgradeFailed";
    pub(in super::super) const TEST_SUCCEEDED: &str = "TestSucceeded";
    pub(in super::super) const TEST_FAILED: &str = "TestFailed";
    pub(in super::super) const ROLLBACK_SUCCEEDED: &str = "RollbackSucceeded";
    pub(in super::super) const ROLLBACK_FAILED: &str = "RollbackFailed";
    pub(in super::super) const UNINSTALL_SUCCEEDED: &str = "UninstallSucceeded";
    pub(in super::super) const UNINSTALL_FAILED: &str = "UninstallFailed";
    pub(in super::super) const DRIFT_DETECTED: &str = "DriftDetected";
    pub(in super::super) const NO_DRIFT_DETECTED: &str = "NoDriftDetected";
    pub(in super::super) const PENDING_RELEASE: &str = "PendingRelease";
    pub(in super::super) const RETRIES_EXCEEDED: &str = "RetriesExceeded";
    pub(in super::super) const MISSING_ROLLBACK_TARGET: &str = "MissingRollbackTarget";
    pub(in super::super) const SOURCE_NOT_READY: &str = "SourceNotReady";
    pub(in super::super) const VALUES_ERROR: &str = "ValuesError";
    pub(in super::super) const CHART_MUTATE_ERROR: &str = "ChartMutateError";
    pub(in super::super) const REST_CLIENT_ERROR: &str = "RESTClientError";
    pub(in super::super) const STATE_ERROR: &str = "StateError";
    pub(in super::super) const RECONCILE_ERROR: &str = "ReconcileError";
    pub(in super::super) const AWAITING_TESTS: &str = "AwaitingTests";
}

/// Makes Ready of what the last actions came to: the first of Remediated, TestSuccess and Released at the newest
/// generation. Anything remediated is a failure.
pub(super) fn summarize(object: &HelmRelease, status: &mut HelmReleaseStatus, digests: &Digests, now: jiff::Timestamp) {
    let test = object.test();
    if !test.enable {
        conditions::remove_condition(&mut status.conditions, TEST_SUCCESS);
    }
    let counts_tests = test.enable && !test.ignore_failures;
    if let Some(first) = decisive(&status.conditions, counts_tests).cloned() {
        let mut marks = Marks::new(&mut status.conditions, object.metadata.generation.unwrap_or(0), now);
        let verdict = if first.type_ == REMEDIATED { FALSE } else { first.status.as_str() };
        if verdict == TRUE {
            marks.clear(STALLED);
        }
        marks.set(READY, verdict, &first.reason, &first.message);
    }
    let text = |digest: &str| (!digest.is_empty()).then(|| digest.to_owned());
    status.observed_post_renderers_digest = text(&digests.post_renderers);
    status.observed_common_metadata_digest = text(&digests.common_metadata);
}

/// Conditions are sorted by name before they are sorted by weight, and where generations contradict weights nothing
/// moves.
fn decisive(all: &[Condition], counts_tests: bool) -> Option<&Condition> {
    let weights: &[&str] = if counts_tests { &[REMEDIATED, TEST_SUCCESS, RELEASED] } else { &[REMEDIATED, RELEASED] };
    let weight = |condition: &Condition| weights.iter().position(|type_| *type_ == condition.type_);
    let mut found: Vec<_> = all.iter().filter_map(|condition| Some((weight(condition)?, condition))).collect();
    found.sort_by(|(_, one), (_, other)| one.type_.cmp(&other.type_));
    let newer = |one: &Condition, other: &Condition| one.observed_generation >= other.observed_generation;
    for end in 1..found.len() {
        let mut at = end;
        while at > 0 && found[at].0 < found[at - 1].0 && newer(found[at].1, found[at - 1].1) {
            found.swap(at, at - 1);
            at -= 1;
        }
    }
    found.first().map(|(_, condition)| *condition)
}

/// What an event tells besides its text.
#[derive(Debug, Clone, Default)]
pub(super) struct About {
    pub(super) revision: String,
    pub(super) token: String,
    pub(super) app_version: String,
    pub(super) oci_digest: String,
}

impl About {
    /// What is known of a revision.
    pub(super) fn of(entry: &ReleaseSnapshot) -> Self {
        Self {
            revision: entry.chart_version.clone(),
            token: entry.config_digest.clone(),
            app_version: entry.app_version.clone().unwrap_or_default(),
            oci_digest: entry.oci_digest.clone().unwrap_or_default(),
        }
    }

    /// Returns an event about it.
    pub(super) fn notice(self, type_: EventType, reason: &str, message: impl Into<String>) -> Notice {
        let fields = [
            ("revision", self.revision),
            ("token", self.token),
            ("app-version", self.app_version),
            ("oci-digest", self.oci_digest),
        ];
        let fields = fields.into_iter().filter(|(_, value)| !value.is_empty());
        let annotations = fields.map(|(key, value)| (format!("{GROUP}/{key}"), value)).collect();
        Notice { type_, reason: reason.into(), message: message.into(), annotations }
    }
}

/// Returns an event without further details.
pub(super) fn plain(type_: EventType, reason: &str, message: impl Into<String>) -> Notice {
    Notice { type_, reason: reason.into(), message: message.into(), annotations: BTreeMap::new() }
}

pub(super) fn install_succeeded(entry: &ReleaseSnapshot) -> String {
    format!("Helm install succeeded for {}", history::subject(entry))
}

pub(super) fn upgrade_succeeded(entry: &ReleaseSnapshot) -> String {
    format!("Helm upgrade succeeded for {}", history::subject(entry))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn condition(type_: &str, generation: i64) -> Condition {
        Condition {
            type_: type_.into(),
            status: TRUE.into(),
            reason: "R".into(),
            message: String::new(),
            observed_generation: Some(generation),
            last_transition_time: crate::marks::time(jiff::Timestamp::UNIX_EPOCH),
        }
    }

    #[rstest]
    #[case::released(&[(RELEASED, 1)], true, Some(RELEASED))]
    #[case::remediated_outweighs(&[(RELEASED, 1), (REMEDIATED, 1)], true, Some(REMEDIATED))]
    #[case::tests_outweigh(&[(TEST_SUCCESS, 1), (RELEASED, 1)], true, Some(TEST_SUCCESS))]
    #[case::tests_that_do_not_count(&[(TEST_SUCCESS, 1), (RELEASED, 1)], false, Some(RELEASED))]
    #[case::an_old_remediation(&[(REMEDIATED, 1), (RELEASED, 2)], true, Some(RELEASED))]
    #[case::others(&[(READY, 1)], true, None)]
    fn the_weightiest_condition_decides(
        #[case] all: &[(&str, i64)],
        #[case] tests: bool,
        #[case] expected: Option<&str>,
    ) {
        let all: Vec<_> = all.iter().map(|(type_, generation)| condition(type_, *generation)).collect();
        assert_eq!(decisive(&all, tests).map(|found| found.type_.as_str()), expected);
    }
}
