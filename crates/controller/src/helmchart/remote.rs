//! Where charts are pulled from: what a HelmRepository says, or a URL alone.

use std::time::Duration;

use sluice_api::source::{DEFAULT_TIMEOUT, HelmRepository, HelmRepositoryType};
use sluice_object::Object;
use sluice_reconcile::Context;
use sluice_source::{
    helm_repo::HelmRepoSpec,
    oci::{CHART, Keychain, Login, OciSpec},
};

use super::failure::Failure;
use crate::{
    helmrepository,
    ocirepository::access,
    source::{GROUP, Trouble, read_secret, tls},
};

/// A repository of charts.
#[derive(Debug, Clone)]
pub(super) enum Remote {
    /// One with an index.
    Index {
        spec: HelmRepoSpec,
        /// Whether other hosts get the credentials too.
        pass_credentials: bool,
        /// The index that is stored.
        artifact: Option<String>,
    },
    /// A place in a registry; the charts are below it.
    Registry(OciSpec),
}

/// Returns what an object says.
pub(super) async fn of(object: &HelmRepository, cx: &Context) -> Result<Remote, Trouble> {
    if object.spec.type_ == Some(HelmRepositoryType::Oci) {
        return registry(object, cx).await.map(Remote::Registry);
    }
    Ok(Remote::Index {
        spec: helmrepository::spec::read(object, cx).await?,
        pass_credentials: object.spec.pass_credentials,
        artifact: object.status.as_ref().and_then(|status| Some(status.artifact.as_ref()?.path.clone())),
    })
}

/// Returns a repository that everybody may read.
pub(super) fn anonymous(url: &str) -> Remote {
    if is_registry(url) {
        return Remote::Registry(chart_spec(url, DEFAULT_TIMEOUT));
    }
    let (login, tls) = (Login::Anonymous, Default::default());
    let spec = HelmRepoSpec { url: url.to_owned(), login, tls, timeout: DEFAULT_TIMEOUT };
    Remote::Index { spec, pass_credentials: false, artifact: None }
}

/// Returns the repository of a dependency: what a HelmRepository of the namespace says of its URL, or that alone.
pub(super) async fn of_dependency(url: &str, namespace: &str, cx: &Context) -> Result<Remote, Trouble> {
    let url = normal(url);
    let fits = |object: &HelmRepository| {
        object.metadata.namespace.as_deref() == Some(namespace) && normal(&object.spec.url) == url
    };
    let known = cx.index.of_kind(GROUP, "HelmRepository");
    let known = known.iter().filter_map(|object| serde::Deserialize::deserialize(object.value()).ok());
    match known.into_iter().find(fits) {
        Some(object) => of(&object, cx).await,
        None => Ok(anonymous(&url)),
    }
}

async fn registry(object: &HelmRepository, cx: &Context) -> Result<OciSpec, Trouble> {
    let wanted = &object.spec;
    let url = normal(&wanted.url);
    if !is_registry(&url) {
        let message = format!("failed to construct Helm client: invalid OCI registry URL: {url}");
        return Err(Trouble { reason: "URLInvalid".into(), message });
    }
    let namespace = object.metadata.namespace.clone().unwrap_or_default();
    let timeout = wanted.timeout.map_or(DEFAULT_TIMEOUT, Into::into).max(Duration::from_secs(1));
    let mut spec = OciSpec { insecure: wanted.insecure, ..chart_spec(&url, timeout) };
    match &wanted.secret_ref {
        Some(secret) => {
            let secret = read_secret(&namespace, &secret.name, "secretRef", cx).await?;
            (spec.keychain, spec.tls) = (keychain(&secret)?, tls(&secret));
        }
        None => access::check_provider(wanted.provider, None, false)?,
    }
    if let Some(secret) = &wanted.cert_secret_ref {
        spec.tls = tls(&read_secret(&namespace, &secret.name, "certSecretRef", cx).await?);
    }
    Ok(spec)
}

fn chart_spec(url: &str, timeout: Duration) -> OciSpec {
    OciSpec { media_type: Some(CHART.into()), timeout, ..OciSpec::new(url) }
}

/// A secret is a pull secret, or holds a user and a password.
fn keychain(secret: &Object) -> Result<Keychain, Trouble> {
    let mut keychain = Keychain::default();
    access::add(&mut keychain, secret)?;
    match helmrepository::spec::login(secret)? {
        login @ Login::Basic { .. } if keychain.is_empty() => Ok(Keychain::of(login)),
        _ => Ok(keychain),
    }
}

fn is_registry(url: &str) -> bool {
    url.starts_with("oci://")
}

/// Returns a URL as it is compared: with a slash at its end, and in a registry without.
pub(super) fn normal(url: &str) -> String {
    let (address, query) = url.split_once('?').map_or((url, None), |(address, query)| (address, Some(query)));
    let end = if is_registry(url) { "" } else { "/" };
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    format!("{}{end}{query}", address.trim_end_matches('/'))
}

/// Refuses what is no URL of a repository.
pub(super) fn check_url(url: &str) -> Result<(), Trouble> {
    if ["oci://", "https://", "http://"].iter().any(|scheme| url.starts_with(scheme)) {
        return Ok(());
    }
    let problem = match url.starts_with('@') || url.starts_with("alias:") {
        true => "aliased repository dependency is not supported",
        false => "invalid dependency repository URL",
    };
    Err(Failure::Dependencies.of(format!("{problem}: {url}")))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("https://x/charts", "https://x/charts/")]
    #[case("https://x/charts//", "https://x/charts/")]
    #[case("https://x/charts?a=b", "https://x/charts/?a=b")]
    #[case("oci://x/charts/", "oci://x/charts")]
    fn urls_are_compared_in_one_form(#[case] url: &str, #[case] expected: &str) {
        assert_eq!(normal(url), expected);
    }

    #[rstest]
    #[case("https://x", None)]
    #[case("@stable", Some("dependency build error: aliased repository dependency is not supported: @stable"))]
    #[case("ftp://x", Some("dependency build error: invalid dependency repository URL: ftp://x"))]
    fn other_repositories_are_refused(#[case] url: &str, #[case] expected: Option<&str>) {
        assert_eq!(check_url(url).err().map(|trouble| trouble.message).as_deref(), expected);
    }
}
