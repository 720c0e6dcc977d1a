//! Charts of repositories and registries: which version is meant, and its archive.

use std::fs::File;

use sluice_reconcile::Context;
use sluice_source::{
    helm_repo::{ChoiceError, HelmRepoSpec, choose, index::ChartVersion},
    oci::{self, OciRef, OciSpec},
    semver::version_of_tag,
    store::Received,
};

use super::{
    HelmCharts,
    failure::{Failure, of_registry, of_repository, text},
    remote::Remote,
};
use crate::source::Trouble;

/// A version of a chart that was chosen.
#[derive(Debug)]
pub(super) enum Choice {
    /// One of an index.
    Listed(Box<ChartVersion>),
    /// One in a registry; what its tag means is asked when it is pulled.
    Tagged { spec: Box<OciSpec>, version: String, head: Option<Box<oci::Head>> },
}

impl Choice {
    pub(super) fn version(&self) -> &str {
        match self {
            Self::Listed(chart) => chart.version.as_deref().unwrap_or_default(),
            Self::Tagged { version, .. } => version,
        }
    }
}

impl HelmCharts {
    /// Chooses a version of a chart by its name or a range.
    pub(super) async fn choose(
        &self,
        remote: &Remote,
        name: &str,
        wanted: &str,
        cx: &Context,
    ) -> Result<Choice, Trouble> {
        check_name(name)?;
        match remote {
            Remote::Index { spec, artifact, .. } => {
                let index = self.index(spec, artifact.as_deref()).await?;
                let (name, wanted) = (name.to_owned(), wanted.to_owned());
                let chosen = cx.cpu(move || choose(index, &name, &wanted)).await;
                let chosen = chosen.ok_or_else(|| Trouble::lost("the index"))?;
                chosen.map(|chart| Choice::Listed(Box::new(chart))).map_err(|error| unchosen(&error))
            }
            Remote::Registry(spec) => self.tagged(spec, name, wanted).await,
        }
    }

    /// Opens the index that is stored, or downloads one.
    async fn index(&self, spec: &HelmRepoSpec, artifact: Option<&str>) -> Result<File, Trouble> {
        if let Some(file) = artifact.and_then(|path| self.sources.store().open_file(path).ok()) {
            return Ok(file);
        }
        let fetched = self.repositories.fetch(spec, None).await.map_err(|error| of_repository(&error))?;
        let fetched = fetched.ok_or_else(|| Trouble::lost("the index"))?;
        fetched.index.open().map_err(|error| Trouble::storage(&error))
    }

    /// A version is a tag, and nobody is asked for it; of a range, the newest tag is.
    async fn tagged(&self, place: &OciSpec, name: &str, wanted: &str) -> Result<Choice, Trouble> {
        let mut spec = OciSpec { url: format!("{}/{name}", place.url), ..place.clone() };
        if version_of_tag(wanted).is_some() {
            spec.reference = OciRef::Tag(wanted.replace('+', "_"));
            return Ok(Choice::Tagged { spec: Box::new(spec), version: wanted.to_owned(), head: None });
        }
        let range = if wanted.is_empty() { "*" } else { wanted };
        spec.reference = OciRef::Semver { range: range.to_owned(), filter: String::new() };
        let head = self.registries.head(&spec).await.map_err(|error| of_registry(&error))?;
        let tag = head.revision.as_str().split('@').next().unwrap_or_default();
        let version = tag.replace('_', "+");
        Ok(Choice::Tagged { spec: Box::new(spec), version, head: Some(Box::new(head)) })
    }

    /// Downloads the archive of a chart.
    pub(super) async fn pull(&self, remote: &Remote, choice: Choice) -> Result<Received, Trouble> {
        match (remote, choice) {
            (Remote::Index { spec, pass_credentials, .. }, Choice::Listed(chart)) => {
                let pulled = self.repositories.download_chart(spec, *pass_credentials, &chart, &self.limits).await;
                pulled.map_err(|error| of_repository(&error))
            }
            (_, Choice::Tagged { spec, head, .. }) => {
                let head = match head {
                    Some(head) => *head,
                    None => self.registries.head(&spec).await.map_err(|error| of_registry(&error))?,
                };
                let pulled = self.registries.download(&spec, &head, &self.limits).await;
                pulled.map_err(|error| of_registry(&error))
            }
            (Remote::Registry(_), Choice::Listed(_)) => Err(Trouble::lost("the registry")),
        }
    }
}

/// What an index does not have is wrong until it changes; an index that cannot be read is not.
fn unchosen(error: &ChoiceError) -> Trouble {
    let failure = if matches!(error, ChoiceError::Index(_)) { Failure::Pull } else { Failure::Reference };
    failure.of(format!("failed to get chart version for remote reference: {}", text(error)))
}

/// Names have small letters, digits, dashes, slashes and periods, as in Flux.
fn check_name(name: &str) -> Result<(), Trouble> {
    let plain = |char: char| char.is_ascii_lowercase() || char.is_ascii_digit() || "-/.".contains(char);
    let twice = ["//", "..", "./"].iter().any(|twice| name.contains(twice));
    if !name.is_empty() && !name.starts_with(['/', '.']) && !twice && name.chars().all(plain) {
        return Ok(());
    }
    Err(Failure::Reference.of(format!(
        "invalid chart name '{}': a valid name must be lower case letters and numbers and MAY be separated with dashes \
         (-), slashes (/) or periods (.)",
        name.escape_default()
    )))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("podinfo", true)]
    #[case("org/my-app.v2", true)]
    #[case("a/.b", true)]
    #[case("", false)]
    #[case("./charts/app", false)]
    #[case("../app", false)]
    #[case("App", false)]
    #[case("a//b", false)]
    #[case("a_b", false)]
    fn names_are_those_that_flux_takes(#[case] name: &str, #[case] good: bool) {
        assert_eq!(check_name(name).is_ok(), good);
    }
}
