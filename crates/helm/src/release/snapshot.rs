//! What `status.history` keeps of a release.

use std::collections::BTreeMap;

use super::{Algorithm, Digest, Release, Status, Time, digest_values};

/// An entry of `status.history`, without the action that made the release and the results of its tests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Digest of the release.
    pub digest: Digest,
    /// Name of the release.
    pub name: String,
    /// Namespace of the release.
    pub namespace: String,
    /// Number of the revision.
    pub version: i64,
    /// How it is.
    pub status: Status,
    /// Name of the chart.
    pub chart_name: String,
    /// Version of the chart.
    pub chart_version: String,
    /// Version of what it installs.
    pub app_version: String,
    /// Digest of the values.
    pub config_digest: Digest,
    /// When the first revision was made.
    pub first_deployed: Option<Time>,
    /// When this revision was made.
    pub last_deployed: Option<Time>,
    /// When it was uninstalled.
    pub deleted: Option<Time>,
    /// Digest of the chart in its registry, or nothing.
    pub oci_digest: String,
}

impl Snapshot {
    /// Version of the way that digests are made, `apiVersion` of an entry. Entries without it are not compared.
    pub const API_VERSION: &'static str = "v2";

    /// Makes the entry of a release.
    pub fn of(release: &Release, algorithm: Algorithm, oci_digest: &str) -> Self {
        let metadata = release.chart.as_ref().map(|chart| chart.metadata.clone()).unwrap_or_default();
        Self {
            digest: release.digest(algorithm, oci_digest),
            name: release.name.clone(),
            namespace: release.namespace.clone(),
            version: release.version,
            status: release.info.status.clone(),
            chart_name: metadata.name,
            chart_version: metadata.version,
            app_version: metadata.app_version,
            config_digest: digest_values(algorithm, &release.config),
            first_deployed: release.info.first_deployed,
            last_deployed: release.info.last_deployed,
            deleted: release.info.deleted,
            oci_digest: oci_digest.to_owned(),
        }
    }
}

/// An entry of `spec.test.filters`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// The name of a test hook.
    pub name: String,
    /// Whether it is left out; else it and others that are named so are the only ones.
    pub exclude: bool,
}

/// How a test went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestResult {
    /// When it was last made.
    pub started: Option<Time>,
    /// When it was last through.
    pub completed: Option<Time>,
    /// How far it came, in Helm's words.
    pub phase: String,
}

impl Filter {
    /// Says whether a test is selected.
    pub fn select(filters: &[Self], name: &str) -> bool {
        let named = |exclude: bool| filters.iter().any(|filter| filter.exclude == exclude && filter.name == name);
        let all = filters.iter().all(|filter| filter.exclude);
        !named(true) && (all || named(false))
    }
}

impl Release {
    /// Returns how the selected tests went, by name: `testHooks` of an entry.
    pub fn test_results(&self, filters: &[Filter]) -> BTreeMap<String, TestResult> {
        let selected = self.tests().into_iter().filter(|(name, _)| Filter::select(filters, name));
        let result = |(name, hook): (&str, &crate::Hook)| {
            let run = &hook.last_run;
            let phase = run.phase.as_str().to_owned();
            (name.to_owned(), TestResult { started: run.started, completed: run.completed, phase })
        };
        selected.map(result).collect()
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn filters(words: &[&str]) -> Vec<Filter> {
        let filter = |word: &&str| match word.strip_prefix('-') {
            Some(name) => Filter { name: name.into(), exclude: true },
            None => Filter { name: (*word).into(), exclude: false },
        };
        words.iter().map(filter).collect()
    }

    #[rstest]
    #[case::none(&[], true)]
    #[case::named(&["b", "a"], true)]
    #[case::another(&["b"], false)]
    #[case::excluded(&["-a"], false)]
    #[case::another_excluded(&["-b"], true)]
    #[case::both(&["a", "-a"], false)]
    #[case::one_of_each(&["b", "-c"], false)]
    fn filters_select_tests(#[case] words: &[&str], #[case] expected: bool) {
        assert_eq!(Filter::select(&filters(words), "a"), expected);
    }
}
