//! What to ask of a registry: the spec of an OCIRepository and its secrets.

use std::time::Duration;

use sluice_api::source::{OciRepository, OciRepositoryRef};
use sluice_reconcile::Context;
use sluice_source::oci::{Keychain, OciRef, OciSpec};

use super::access;
use crate::source::{self, Trouble, read_secret, tls};

pub(super) async fn read(object: &OciRepository, own_identity: bool, cx: &Context) -> Result<OciSpec, Trouble> {
    let wanted = &object.spec;
    let namespace = object.metadata.namespace.clone().unwrap_or_default();
    let mut spec = OciSpec::new(&wanted.url);
    spec.reference = reference(wanted.reference.clone().unwrap_or_default());
    spec.media_type = wanted.layer_selector.clone().and_then(|selector| given(selector.media_type));
    (spec.insecure, spec.timeout) = (wanted.insecure, wanted.timeout().max(Duration::from_secs(1)));
    spec.keychain = keychain(object, &namespace, own_identity, cx).await?;
    if let Some(secret) = &wanted.cert_secret_ref {
        spec.tls = tls(&read_secret(&namespace, &secret.name, "certSecretRef", cx).await?);
    }
    if let Some(secret) = &wanted.proxy_secret_ref {
        spec.proxy = Some(source::proxy(&read_secret(&namespace, &secret.name, "proxySecretRef", cx).await?)?);
    }
    Ok(spec)
}

/// The secret of the object goes before those of the account; a cloud is asked only where there are none.
async fn keychain(
    object: &OciRepository,
    namespace: &str,
    own_identity: bool,
    cx: &Context,
) -> Result<Keychain, Trouble> {
    let account = object.spec.service_account_name.clone().filter(|account| !account.is_empty());
    let mut names: Vec<_> = object.spec.secret_ref.iter().map(|secret| (secret.name.clone(), "secretRef")).collect();
    if let Some(account) = &account {
        let pull_secrets = access::pull_secrets(namespace, account, cx).await?;
        names.extend(pull_secrets.into_iter().map(|name| (name, "serviceAccountName")));
    }
    if names.is_empty() {
        access::check_provider(object.spec.provider, account.as_deref(), own_identity)?;
    }
    let mut keychain = Keychain::default();
    for (name, field) in names {
        access::add(&mut keychain, &read_secret(namespace, &name, field, cx).await?)?;
    }
    Ok(keychain)
}

fn reference(reference: OciRepositoryRef) -> OciRef {
    let OciRepositoryRef { digest, semver, semver_filter, tag } = reference;
    match (given(digest), given(semver), given(tag)) {
        (Some(digest), ..) => OciRef::Digest(digest),
        (None, Some(range), _) => OciRef::Semver { range, filter: semver_filter.unwrap_or_default() },
        (None, None, Some(tag)) => OciRef::Tag(tag),
        (None, None, None) => OciRef::default(),
    }
}

/// Flux takes an empty text for one that is not there.
fn given(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::*;

    #[rstest]
    #[case(json!({}), OciRef::Tag("latest".into()))]
    #[case(json!({"tag": ""}), OciRef::Tag("latest".into()))]
    #[case(json!({"tag": "v1"}), OciRef::Tag("v1".into()))]
    #[case(json!({"tag": "v1", "semver": "1.x", "semverFilter": "rc"}), OciRef::Semver { range: "1.x".into(), filter: "rc".into() })]
    #[case(json!({"tag": "v1", "semver": "1.x", "digest": "sha256:1"}), OciRef::Digest("sha256:1".into()))]
    fn a_digest_goes_before_a_range_and_that_before_a_tag(#[case] given: Value, #[case] expected: OciRef) {
        assert_eq!(reference(serde_json::from_value(given).unwrap()), expected);
    }
}
