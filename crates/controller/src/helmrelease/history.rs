//! `status.history`: what is known of a release's revisions. Source: helm-controller's API package and `observedReleases`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use sluice_api::{
    helm::{HelmRelease, HelmReleaseStatus, ReleaseSnapshot, TestFilter, TestHook},
    meta::Time,
};
use sluice_helm::release::{Algorithm, Filter, Release, Snapshot};

/// Revisions that the status keeps where none was ever good.
const KEPT: usize = 5;

const DEPLOYED: &str = "deployed";
const SUPERSEDED: &str = "superseded";
const FAILED: &str = "Failed";
const SUCCEEDED: &str = "Succeeded";

/// Returns the entry of a revision, as it is in storage.
pub(super) fn snapshot(release: &Release, algorithm: Algorithm, action: &str, oci_digest: &str) -> ReleaseSnapshot {
    let of = Snapshot::of(release, algorithm, oci_digest);
    let text = |text: String| (!text.is_empty()).then_some(text);
    ReleaseSnapshot {
        api_version: Some(Snapshot::API_VERSION.into()),
        action: text(action.to_owned()),
        digest: of.digest.to_string(),
        name: of.name,
        namespace: of.namespace,
        version: of.version,
        status: of.status.to_string(),
        chart_name: of.chart_name,
        chart_version: of.chart_version,
        app_version: text(of.app_version),
        config_digest: of.config_digest.to_string(),
        first_deployed: moment(of.first_deployed).unwrap_or_else(never),
        last_deployed: moment(of.last_deployed).unwrap_or_else(never),
        deleted: moment(of.deleted),
        test_hooks: None,
        oci_digest: text(of.oci_digest),
    }
}

fn moment(time: Option<sluice_helm::release::Time>) -> Option<Time> {
    time.map(|time| crate::marks::time(time.timestamp()))
}

fn never() -> Time {
    Time(Timestamp::UNIX_EPOCH)
}

/// Says whether an entry is of a revision.
pub(super) fn targets(snapshot: &ReleaseSnapshot, release: &Release) -> bool {
    (&snapshot.name, &snapshot.namespace, snapshot.version) == (&release.name, &release.namespace, release.version)
}

/// Returns the newest entry.
pub(super) fn latest(status: &HelmReleaseStatus) -> Option<&ReleaseSnapshot> {
    status.history.iter().max_by_key(|entry| entry.version)
}

/// Returns the newest entry before the latest that was good: deployed once, and without a failed test.
pub(super) fn previous(status: &HelmReleaseStatus, ignore_tests: bool) -> Option<&ReleaseSnapshot> {
    let latest = latest(status)?.version;
    let good = status.history.iter().filter(|entry| entry.version < latest && was_good(entry, ignore_tests));
    good.max_by_key(|entry| entry.version)
}

fn was_good(entry: &ReleaseSnapshot, ignore_tests: bool) -> bool {
    matches!(entry.status.as_str(), DEPLOYED | SUPERSEDED) && (ignore_tests || !has_failed_test(entry))
}

/// Drops what is older than the previous good revision; where there is none, all but the newest.
pub(super) fn truncate(history: &mut Vec<ReleaseSnapshot>, ignore_tests: bool) {
    sort(history);
    let good = history.iter().skip(1).position(|entry| was_good(entry, ignore_tests));
    history.truncate(good.map_or(KEPT, |index| index + 2));
}

/// Drops all but the newest, whatever became of them.
pub(super) fn truncate_to_newest(history: &mut Vec<ReleaseSnapshot>) {
    sort(history);
    history.truncate(KEPT);
}

fn sort(history: &mut [ReleaseSnapshot]) {
    history.sort_by_key(|entry| std::cmp::Reverse(entry.version));
}

/// Says whether results of tests are known; having none to run is a result.
pub(super) fn was_tested(entry: &ReleaseSnapshot) -> bool {
    let Some(tests) = &entry.test_hooks else { return false };
    has_failed_test(entry) || tests.values().all(|test| test.phase.as_deref() == Some(SUCCEEDED))
}

/// Says whether a test has failed.
pub(super) fn has_failed_test(entry: &ReleaseSnapshot) -> bool {
    entry.test_hooks.iter().flat_map(BTreeMap::values).any(|test| test.phase.as_deref() == Some(FAILED))
}

/// Returns the results of the tests of a revision.
pub(super) fn test_hooks(release: &Release, filters: &[TestFilter]) -> BTreeMap<String, TestHook> {
    let result = |(name, result): (String, sluice_helm::release::TestResult)| {
        let phase = (!result.phase.is_empty()).then_some(result.phase);
        (name, TestHook { last_started: moment(result.started), last_completed: moment(result.completed), phase })
    };
    release.test_results(&filters_of(filters)).into_iter().map(result).collect()
}

/// Returns the filters in the engine's terms.
pub(super) fn filters_of(filters: &[TestFilter]) -> Vec<Filter> {
    filters.iter().map(|filter| Filter { name: filter.name.clone(), exclude: filter.exclude }).collect()
}

/// `<namespace>/<name>.v<version>`
pub(super) fn full_name(entry: &ReleaseSnapshot) -> String {
    format!("{}/{}.v{}", entry.namespace, entry.name, entry.version)
}

/// `<chart>@<version>`
pub(super) fn chart_of(entry: &ReleaseSnapshot) -> String {
    format!("{}@{}", entry.chart_name, entry.chart_version)
}

/// Names a release in messages.
pub(super) fn subject(entry: &ReleaseSnapshot) -> String {
    format!("release {} with chart {}", full_name(entry), chart_of(entry))
}

/// Notes the revisions that an install or upgrade has written: the newest is new, older ones are as they are now.
pub(super) fn record(
    status: &mut HelmReleaseStatus,
    observed: &BTreeMap<i64, Release>,
    algorithm: Algorithm,
    action: &str,
) {
    let oci_digest = status.last_attempted_revision_digest.clone().unwrap_or_default();
    let mut newest_first = observed.values().rev();
    let Some(newest) = newest_first.next() else { return };
    status.history.insert(0, snapshot(newest, algorithm, action, &oci_digest));
    for release in newest_first {
        if update(status, release, algorithm, Some("")) {
            return;
        }
    }
}

/// Brings the entry of a revision up to date, with what only the status knows of it. Says whether there is one.
/// Without an action the entry keeps its own.
pub(super) fn update(
    status: &mut HelmReleaseStatus,
    release: &Release,
    algorithm: Algorithm,
    action: Option<&str>,
) -> bool {
    let Some(entry) = status.history.iter_mut().find(|entry| targets(entry, release)) else { return false };
    let oci_digest = entry.oci_digest.clone().unwrap_or_default();
    let action = action.map(ToOwned::to_owned).or_else(|| entry.action.clone()).unwrap_or_default();
    let new = snapshot(release, algorithm, &action, &oci_digest);
    *entry = ReleaseSnapshot { test_hooks: entry.test_hooks.take(), ..new };
    true
}

/// Says whether the release of the status has been given up for another one, and which part of its name differs.
pub(super) fn target_changed(object: &HelmRelease, status: &HelmReleaseStatus, chart: &str) -> Option<&'static str> {
    let (storage, current) = (status.storage_namespace.as_deref()?, latest(status)?);
    let name = sluice_helm::release::shortened(&object.release_name());
    if storage.is_empty() {
        return None;
    }
    let parts = [
        ("storage namespace", object.storage_namespace() != storage),
        ("release namespace", object.release_namespace() != current.namespace),
        ("release name", name != current.name),
        (CHART_NAME, chart != current.chart_name),
    ];
    parts.into_iter().find_map(|(part, differs)| differs.then_some(part))
}

/// The part of a release's name that an upgrade may change too.
pub(super) const CHART_NAME: &str = "chart name";

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn entry(version: i64, status: &str, test: Option<&str>) -> ReleaseSnapshot {
        let tests = test.map(|phase| match phase {
            "" => BTreeMap::new(),
            phase => BTreeMap::from([("t".into(), TestHook { phase: Some(phase.into()), ..TestHook::default() })]),
        });
        ReleaseSnapshot {
            version,
            status: status.into(),
            test_hooks: tests,
            ..snapshot(&Release::default(), Algorithm::Sha256, "", "")
        }
    }

    fn versions(history: &[ReleaseSnapshot]) -> Vec<i64> {
        history.iter().map(|entry| entry.version).collect()
    }

    #[rstest]
    #[case::up_to_the_good_one(&[(3, "deployed"), (2, "failed"), (1, "superseded"), (0, "superseded")], &[3, 2, 1])]
    #[case::none_is_good(&[(7, "failed"), (6, "failed"), (5, "failed"), (4, "failed"), (3, "failed"), (2, "failed")], &[7, 6, 5, 4, 3])]
    #[case::one(&[(1, "deployed")], &[1])]
    #[case::unsorted(&[(1, "superseded"), (2, "deployed")], &[2, 1])]
    fn history_keeps_the_way_back(#[case] entries: &[(i64, &str)], #[case] kept: &[i64]) {
        let mut history = entries.iter().map(|(version, status)| entry(*version, status, None)).collect();
        truncate(&mut history, false);
        assert_eq!(versions(&history), kept);
    }

    #[rstest]
    #[case(None, false, false)]
    #[case(Some(""), true, false)]
    #[case(Some("Succeeded"), true, false)]
    #[case(Some("Failed"), true, true)]
    #[case(Some("Running"), false, false)]
    fn tests_have_results(#[case] test: Option<&str>, #[case] tested: bool, #[case] failed: bool) {
        let entry = entry(1, "deployed", test);
        assert_eq!((was_tested(&entry), has_failed_test(&entry)), (tested, failed));
    }

    #[test]
    fn the_previous_one_was_deployed_and_has_no_failed_test() {
        let history = vec![
            entry(4, "failed", None),
            entry(3, "superseded", Some("Failed")),
            entry(2, "failed", None),
            entry(1, "superseded", None),
        ];
        let status = HelmReleaseStatus { history, ..HelmReleaseStatus::default() };
        assert_eq!(previous(&status, false).map(|entry| entry.version), Some(1));
        assert_eq!(previous(&status, true).map(|entry| entry.version), Some(3));
    }
}
