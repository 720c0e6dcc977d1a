//! What an OCIRepository's pass reads and does.

use std::{sync::Arc, time::Duration};

use sluice_api::source::{LayerOperation, OciRepository, OciRepositoryRef};
use sluice_object::Artifact;
use sluice_reconcile::Context;
use sluice_source::{
    Publication,
    oci::{self, FetchOptions, Fetched, Keychain, OciRef, OciSpec},
};

use super::{Effect, Facts, Fetch, OciRepositories, Outcome, access, machine};
use crate::source::{self, Trouble, read_secret, tls, with_cause};

impl OciRepositories {
    pub(super) async fn facts(&self, object: &OciRepository, cx: &Context) -> Facts {
        let artifact = object.status.as_ref().and_then(|status| status.artifact.as_ref());
        let stored = source::stored(&self.sources, &machine::id(object), artifact).await.is_some();
        let selector = object.spec.layer_selector.clone().unwrap_or_default();
        let options = FetchOptions {
            ignore: object.spec.ignore.clone(),
            copy: selector.operation == Some(LayerOperation::Copy),
            limits: self.limits.clone(),
        };
        Facts { spec: self.spec(object, cx).await, stored, options, advertised: self.advertised.clone() }
    }

    async fn spec(&self, object: &OciRepository, cx: &Context) -> Result<OciSpec, Trouble> {
        let wanted = &object.spec;
        let namespace = object.metadata.namespace.clone().unwrap_or_default();
        let mut spec = OciSpec::new(&wanted.url);
        spec.reference = reference(wanted.reference.clone().unwrap_or_default());
        spec.media_type = wanted.layer_selector.clone().and_then(|selector| given(selector.media_type));
        (spec.insecure, spec.timeout) = (wanted.insecure, wanted.timeout().max(Duration::from_secs(1)));
        spec.keychain = self.keychain(object, &namespace, cx).await?;
        if let Some(secret) = &wanted.cert_secret_ref {
            spec.tls = tls(&read_secret(&namespace, &secret.name, "certSecretRef", cx).await?);
        }
        if let Some(secret) = &wanted.proxy_secret_ref {
            spec.proxy = Some(source::proxy(&read_secret(&namespace, &secret.name, "proxySecretRef", cx).await?)?);
        }
        Ok(spec)
    }

    /// The secret of the object goes before those of the account; a cloud is asked only where there are none.
    async fn keychain(&self, object: &OciRepository, namespace: &str, cx: &Context) -> Result<Keychain, Trouble> {
        let account = object.spec.service_account_name.clone().filter(|account| !account.is_empty());
        let mut names: Vec<_> =
            object.spec.secret_ref.iter().map(|secret| (secret.name.clone(), "secretRef")).collect();
        if let Some(account) = &account {
            let pull_secrets = access::pull_secrets(namespace, account, cx).await?;
            names.extend(pull_secrets.into_iter().map(|name| (name, "serviceAccountName")));
        }
        if names.is_empty() {
            access::check_provider(object.spec.provider, account.as_deref(), self.object_level_identity)?;
        }
        let mut keychain = Keychain::default();
        for (name, field) in names {
            access::add(&mut keychain, &read_secret(namespace, &name, field, cx).await?)?;
        }
        Ok(keychain)
    }

    pub(super) async fn act(&self, effect: Effect, cx: &Context) -> Outcome {
        match effect {
            Effect::Head(spec) => Outcome::Head(self.client.head(&spec).await.map_err(|error| trouble(&error))),
            Effect::Fetch(fetch) => Outcome::Stored(self.fetch(*fetch).await),
            Effect::Collect(leftovers) => {
                source::collect(&self.sources, &leftovers, cx.now()).await;
                Outcome::Collected
            }
        }
    }

    async fn fetch(&self, fetch: Fetch) -> Result<Arc<Artifact>, Trouble> {
        let Fetch { spec, head, options, owner } = fetch;
        let fetched = self.client.fetch(&spec, &head, &options).await.map_err(|error| trouble(&error))?;
        let Fetched { revision, file, metadata, tree, layer } = fetched;
        let etags = Default::default();
        let publication = Publication { owner: source::owner(&owner)?, file, revision, metadata, tree, etags };
        match layer {
            Some(layer) => source::publish_as_is(&self.sources, &owner, publication, layer).await,
            None => source::publish(&self.sources, &owner, publication).await,
        }
    }
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

fn trouble(error: &oci::Error) -> Trouble {
    Trouble { reason: error.reason().into(), message: with_cause(error, error.hint()) }
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
