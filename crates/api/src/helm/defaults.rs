//! What holds where a HelmRelease says nothing. Source: helm-controller's API package.

use std::time::Duration;

use super::{
    ApplyMethod, CrdsPolicy, DriftDetectionMode, HelmRelease, HelmReleaseStatus, Install, ReleaseAction,
    RemediationStrategy, Rollback, StrategyName, Test, Uninstall, Upgrade, WaitStrategyName,
};

/// Revisions kept of a release.
const MAX_HISTORY: i64 = 5;
/// How long one operation may take.
const TIMEOUT: Duration = Duration::from_secs(300);
/// When a failed action is tried again, where it is tried again instead of being remediated.
const RETRY_INTERVAL: Duration = Duration::from_secs(300);

/// What is done to a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// It is made.
    Install,
    /// It is changed.
    Upgrade,
    /// Its tests are run.
    Test,
    /// It is brought back to an earlier revision.
    Rollback,
    /// It is taken away.
    Uninstall,
}

/// What is done about a failed install or upgrade.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remediation {
    /// How often it is tried again; without end if negative.
    pub retries: i64,
    /// Whether a failed test is no failure.
    pub ignore_test_failures: bool,
    /// Whether the last failure is remediated too.
    pub remediate_last_failure: bool,
    /// How.
    pub strategy: RemediationStrategy,
    /// How often it has failed.
    pub failures: i64,
}

impl Remediation {
    /// Says whether it is not tried again.
    pub fn is_exhausted(&self) -> bool {
        self.retries >= 0 && self.failures > self.retries
    }
}

impl HelmRelease {
    /// Returns the object's namespace.
    pub fn own_namespace(&self) -> &str {
        self.metadata.namespace.as_deref().unwrap_or_default()
    }

    /// Returns the object's name.
    pub fn own_name(&self) -> &str {
        self.metadata.name.as_deref().unwrap_or_default()
    }

    /// Returns the name of the release before it is shortened: `[<targetNamespace>-]<name>`.
    pub fn release_name(&self) -> String {
        match (self.spec.release_name.as_deref(), self.spec.target_namespace.as_deref()) {
            (Some(name), _) if !name.is_empty() => name.to_owned(),
            (_, Some(namespace)) if !namespace.is_empty() => format!("{namespace}-{}", self.own_name()),
            _ => self.own_name().to_owned(),
        }
    }

    /// Returns the namespace of the release.
    pub fn release_namespace(&self) -> &str {
        let target = self.spec.target_namespace.as_deref().filter(|namespace| !namespace.is_empty());
        target.unwrap_or(self.own_namespace())
    }

    /// Returns the namespace that Helm keeps the release in.
    pub fn storage_namespace(&self) -> &str {
        let storage = self.spec.storage_namespace.as_deref().filter(|namespace| !namespace.is_empty());
        storage.unwrap_or(self.own_namespace())
    }

    /// Returns the namespace and name of the HelmChart that is made from `spec.chart`.
    pub fn chart_name(&self) -> (String, String) {
        let chart = self.spec.chart.as_ref();
        let namespace = chart.and_then(|chart| chart.spec.source_ref.namespace.as_deref()).filter(|ns| !ns.is_empty());
        let name = format!("{}-{}", self.own_namespace(), self.own_name());
        (namespace.unwrap_or(self.own_namespace()).to_owned(), name)
    }

    /// Returns how many revisions are kept; 0 for all.
    pub fn max_history(&self) -> i64 {
        self.spec.max_history.unwrap_or(MAX_HISTORY)
    }

    /// Returns `spec.install`.
    pub fn install(&self) -> Install {
        self.spec.install.clone().unwrap_or_default()
    }

    /// Returns `spec.upgrade`.
    pub fn upgrade(&self) -> Upgrade {
        self.spec.upgrade.clone().unwrap_or_default()
    }

    /// Returns `spec.test`.
    pub fn test(&self) -> Test {
        self.spec.test.clone().unwrap_or_default()
    }

    /// Returns `spec.rollback`.
    pub fn rollback(&self) -> Rollback {
        self.spec.rollback.clone().unwrap_or_default()
    }

    /// Returns `spec.uninstall`.
    pub fn uninstall(&self) -> Uninstall {
        self.spec.uninstall.clone().unwrap_or_default()
    }

    /// Returns how long each operation of an action may take; without an action, what holds for all.
    pub fn timeout(&self, action: Option<Action>) -> Duration {
        let own = action.and_then(|action| match action {
            Action::Install => self.install().timeout,
            Action::Upgrade => self.upgrade().timeout,
            Action::Test => self.test().timeout,
            Action::Rollback => self.rollback().timeout,
            Action::Uninstall => self.uninstall().timeout,
        });
        own.or(self.spec.timeout).map_or(TIMEOUT, Duration::from)
    }

    /// Returns what is done about CRDs of the chart.
    pub fn crds(&self, action: Action) -> CrdsPolicy {
        let policy = if action == Action::Install { self.install().crds } else { self.upgrade().crds };
        policy.unwrap_or_default()
    }

    /// Returns how drift is handled.
    pub fn drift_mode(&self) -> DriftDetectionMode {
        self.spec.drift_detection.as_ref().and_then(|drift| drift.mode).unwrap_or_default()
    }

    /// Returns how health is awaited, if that is said.
    pub fn wait_strategy(&self) -> Option<WaitStrategyName> {
        self.spec.wait_strategy.as_ref().map(|strategy| strategy.name)
    }

    /// Returns what is done about failures of an install.
    pub fn install_remediation(&self, status: &HelmReleaseStatus) -> Remediation {
        let wanted = self.install().remediation.unwrap_or_default();
        Remediation {
            retries: wanted.retries.unwrap_or(0),
            ignore_test_failures: wanted.ignore_test_failures.unwrap_or(self.test().ignore_failures),
            remediate_last_failure: wanted.remediate_last_failure.unwrap_or(false),
            strategy: RemediationStrategy::Uninstall,
            failures: status.install_failures,
        }
    }

    /// Returns what is done about failures of an upgrade.
    pub fn upgrade_remediation(&self, status: &HelmReleaseStatus) -> Remediation {
        let wanted = self.upgrade().remediation.unwrap_or_default();
        let retries = wanted.retries.unwrap_or(0);
        Remediation {
            retries,
            ignore_test_failures: wanted.ignore_test_failures.unwrap_or(self.test().ignore_failures),
            remediate_last_failure: wanted.remediate_last_failure.unwrap_or(retries > 0),
            strategy: wanted.strategy.unwrap_or_default(),
            failures: status.upgrade_failures,
        }
    }

    /// Returns what is done about failures of the last action.
    pub fn remediation(&self, status: &HelmReleaseStatus) -> Option<Remediation> {
        match status.last_attempted_release_action? {
            ReleaseAction::Install => Some(self.install_remediation(status)),
            ReleaseAction::Upgrade => Some(self.upgrade_remediation(status)),
        }
    }

    /// Returns when the last action is tried again if it is not to be remediated (`RetryOnFailure`). `by_default` says
    /// so for releases without a strategy (gate `DefaultToRetryOnFailure`).
    pub fn retry_interval(&self, status: &HelmReleaseStatus, by_default: bool) -> Option<Duration> {
        let said = match status.last_attempted_release_action? {
            ReleaseAction::Install => self.install().strategy.map(|said| (said.name, said.retry_interval)),
            ReleaseAction::Upgrade => self.upgrade().strategy.map(|said| (said.name, said.retry_interval)),
        };
        match said {
            Some((StrategyName::RetryOnFailure, interval)) => Some(interval.map_or(RETRY_INTERVAL, Duration::from)),
            Some((StrategyName::RemediateOnFailure, _)) => None,
            None => by_default.then_some(RETRY_INTERVAL),
        }
    }

    /// Returns how objects are applied by an upgrade or rollback.
    pub fn apply_method(&self, action: Action) -> ApplyMethod {
        let said = match action {
            Action::Rollback => self.rollback().server_side_apply,
            _ => self.upgrade().server_side_apply,
        };
        said.unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::*;

    fn release(spec: Value, status: Value) -> (HelmRelease, HelmReleaseStatus) {
        let mut whole = json!({"interval": "10m", "chartRef": {"kind": "HelmChart", "name": "c"}});
        whole.as_object_mut().unwrap().extend(spec.as_object().cloned().unwrap());
        let object = json!({
            "apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease",
            "metadata": {"name": "app", "namespace": "ns"}, "spec": whole,
        });
        (serde_json::from_value(object).unwrap(), serde_json::from_value(status).unwrap())
    }

    #[rstest]
    #[case(json!({}), "app", "ns", "ns")]
    #[case(json!({"targetNamespace": "t"}), "t-app", "t", "ns")]
    #[case(json!({"targetNamespace": "t", "releaseName": "r", "storageNamespace": "s"}), "r", "t", "s")]
    fn names_and_places(#[case] spec: Value, #[case] name: &str, #[case] namespace: &str, #[case] storage: &str) {
        let (release, _) = release(spec, json!({}));
        assert_eq!(release.release_name(), name);
        assert_eq!((release.release_namespace(), release.storage_namespace()), (namespace, storage));
    }

    #[rstest]
    #[case(json!({}), None, 300)]
    #[case(json!({"timeout": "1m"}), Some(Action::Test), 60)]
    #[case(json!({"timeout": "1m", "upgrade": {"timeout": "2m"}}), Some(Action::Upgrade), 120)]
    #[case(json!({"timeout": "1m", "upgrade": {"timeout": "2m"}}), Some(Action::Install), 60)]
    fn timeouts(#[case] spec: Value, #[case] action: Option<Action>, #[case] seconds: u64) {
        assert_eq!(release(spec, json!({})).0.timeout(action), Duration::from_secs(seconds));
    }

    #[rstest]
    #[case::nothing_was_tried(json!({}), json!({"installFailures": 1}), None)]
    #[case::no_retries(json!({}), json!({"lastAttemptedReleaseAction": "install", "installFailures": 1}), Some((true, false)))]
    #[case::not_failed(json!({}), json!({"lastAttemptedReleaseAction": "upgrade"}), Some((false, false)))]
    #[case::retries(
        json!({"upgrade": {"remediation": {"retries": 2}}}),
        json!({"lastAttemptedReleaseAction": "upgrade", "upgradeFailures": 2}), Some((false, true)))]
    #[case::without_end(
        json!({"install": {"remediation": {"retries": -1}}}),
        json!({"lastAttemptedReleaseAction": "install", "installFailures": 99}), Some((false, false)))]
    fn remediations_end(#[case] spec: Value, #[case] status: Value, #[case] expected: Option<(bool, bool)>) {
        let (release, status) = release(spec, status);
        let found = release.remediation(&status);
        assert_eq!(found.map(|found| (found.is_exhausted(), found.remediate_last_failure)), expected);
    }

    #[rstest]
    #[case(json!({}), false, None)]
    #[case(json!({}), true, Some(300))]
    #[case(json!({"install": {"strategy": {"name": "RetryOnFailure", "retryInterval": "10s"}}}), false, Some(10))]
    #[case(json!({"install": {"strategy": {"name": "RemediateOnFailure"}}}), true, None)]
    fn retries_instead_of_remediation(#[case] spec: Value, #[case] by_default: bool, #[case] seconds: Option<u64>) {
        let (release, status) = release(spec, json!({"lastAttemptedReleaseAction": "install"}));
        assert_eq!(release.retry_interval(&status, by_default), seconds.map(Duration::from_secs));
    }
}
