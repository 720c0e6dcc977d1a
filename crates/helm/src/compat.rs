//! Whether a chart can be installed, and where.

use sluice_template::semver::{Range, Version};

use crate::chart::Chart;

/// Why a chart cannot be installed; the text is Helm's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// It is a library.
    #[error("{0} charts are not installable")]
    NotInstallable(String),
    /// It is for other versions of Kubernetes.
    #[error("chart requires kubeVersion: {wanted} which is incompatible with Kubernetes {version}")]
    KubeVersion {
        /// What it is for.
        wanted: String,
        /// What there is.
        version: String,
    },
}

/// Why a version gets no build metadata.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unpatched {
    /// It is none.
    #[error("failed to parse version from chart metadata as SemVer: {0}")]
    Version(String),
    /// The metadata has characters that it may not have.
    #[error("failed to set SemVer metadata on chart version: {0}")]
    Build(String),
}

/// Checks that a chart is no library.
///
/// # Errors
/// When it is one.
pub fn check_installable(chart: &Chart) -> Result<(), Unfit> {
    match chart.metadata.kind.as_str() {
        "" | "application" => Ok(()),
        kind => Err(Unfit::NotInstallable(kind.to_owned())),
    }
}

/// Checks that a chart is for a version of Kubernetes: the whole one is told, the one without what providers add counts.
///
/// # Errors
/// When it is for others.
pub fn check_kubernetes(chart: &Chart, version: &str, normalized: &str) -> Result<(), Unfit> {
    let wanted = &chart.metadata.kube_version;
    if wanted.is_empty() || is_compatible(wanted, normalized) {
        return Ok(());
    }
    Err(Unfit::KubeVersion { wanted: wanted.clone(), version: version.to_owned() })
}

/// Says whether a version fits a constraint; one that is none fits nothing.
pub fn is_compatible(constraint: &str, version: &str) -> bool {
    match (Range::parse(constraint), Version::parse(version)) {
        (Ok(range), Ok(version)) => range.contains(&version),
        _ => false,
    }
}

/// Returns a version with other build metadata, all its numbers and no `v`, as source-controller patches it.
///
/// # Errors
/// When either is not written as such.
pub fn with_build(version: &str, build: &str) -> Result<String, Unpatched> {
    let version = Version::parse(version).map_err(|flaw| Unpatched::Version(flaw.to_string()))?;
    let patched = version.with_metadata(build).map_err(|flaw| Unpatched::Build(flaw.to_string()))?;
    Ok(patched.to_string())
}

/// Says whether a text is a version with all three numbers, and nothing before them.
pub(crate) fn is_semantic(text: &str) -> bool {
    let numbers = text.split(['-', '+']).next().unwrap_or_default();
    is_version(text) && text.starts_with(|c: char| c.is_ascii_digit()) && numbers.split('.').count() == 3
}

/// Says whether a text is a version, of one to three numbers.
pub fn is_version(text: &str) -> bool {
    Version::parse(text).is_ok()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("1.2.3", "7", Ok("1.2.3+7"))]
    #[case("v1.2", "abc.7", Ok("1.2.0+abc.7"))]
    #[case("1.2.3-rc.1+old", "new", Ok("1.2.3-rc.1+new"))]
    #[case("one", "7", Err("failed to parse version from chart metadata as SemVer: invalid semantic version"))]
    #[case("1.2.3", "a_b", Err("failed to set SemVer metadata on chart version: invalid metadata string"))]
    fn build_metadata_is_replaced(#[case] version: &str, #[case] build: &str, #[case] expected: Result<&str, &str>) {
        let found = with_build(version, build).map_err(|error| error.to_string());
        assert_eq!(found, expected.map(str::to_owned).map_err(str::to_owned));
    }
}
