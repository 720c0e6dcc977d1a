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

/// Says whether a text is a version with all three numbers, and nothing before them.
pub(crate) fn is_semantic(text: &str) -> bool {
    let numbers = text.split(['-', '+']).next().unwrap_or_default();
    is_version(text) && text.starts_with(|c: char| c.is_ascii_digit()) && numbers.split('.').count() == 3
}

/// Says whether a text is a version, of one to three numbers.
pub fn is_version(text: &str) -> bool {
    Version::parse(text).is_ok()
}
