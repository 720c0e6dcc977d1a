//! What a HelmRepository's pass reads and does.

use std::{sync::Arc, time::Duration};

use sluice_api::source::{DEFAULT_TIMEOUT, HelmRepository};
use sluice_object::{Artifact, Object, ObjectId};
use sluice_reconcile::Context;
use sluice_source::{
    Limits, Publication, Secret,
    helm_repo::{self, Fetched, HelmRepoSpec},
    oci::Login,
};

use super::{Effect, Facts, HelmRepositories, Outcome, machine};
use crate::source::{self, Trouble, read_secret, text, tls, with_cause};

impl HelmRepositories {
    pub(super) async fn facts(&self, object: &HelmRepository, cx: &Context) -> Facts {
        let artifact = object.status.as_ref().and_then(|status| status.artifact.as_ref());
        let stored = source::stored(&self.sources, &machine::id(object), artifact).await;
        Facts { spec: spec(object, cx).await, stored, advertised: self.advertised.clone() }
    }

    pub(super) async fn act(&self, effect: Effect, cx: &Context) -> Outcome {
        match effect {
            Effect::Fetch(what) => {
                let (spec, earlier) = *what;
                let fetched = self.client.fetch(&spec, earlier.as_deref()).await;
                Outcome::Fetched(fetched.map(|fetched| fetched.map(Box::new)).map_err(|error| trouble(&error)))
            }
            Effect::Store(what) => {
                let (fetched, owner) = *what;
                Outcome::Stored(self.store(fetched, &owner).await)
            }
            Effect::Collect(leftovers) => {
                source::collect(&self.sources, &leftovers, cx.now()).await;
                Outcome::Collected
            }
        }
    }

    /// Nobody reads files of an index: it is opened as it is.
    async fn store(&self, fetched: Fetched, id: &ObjectId) -> Result<Arc<Artifact>, Trouble> {
        let Fetched { revision, file, etags, index, .. } = fetched;
        let tree = self.sources.store().draft("an index", Limits::helm_index()).finish();
        let (owner, metadata) = (source::owner(id)?, Default::default());
        let publication = Publication { owner, file, revision, metadata, tree, etags };
        source::publish_as_is(&self.sources, id, publication, index).await
    }
}

async fn spec(object: &HelmRepository, cx: &Context) -> Result<HelmRepoSpec, Trouble> {
    let wanted = &object.spec;
    let namespace = object.metadata.namespace.clone().unwrap_or_default();
    let timeout = wanted.timeout.map_or(DEFAULT_TIMEOUT, Into::into).max(Duration::from_secs(1));
    let mut spec = HelmRepoSpec { url: wanted.url.clone(), login: Login::Anonymous, tls: Default::default(), timeout };
    if let Some(secret) = &wanted.secret_ref {
        let secret = read_secret(&namespace, &secret.name, "secretRef", cx).await?;
        (spec.login, spec.tls) = (login(&secret)?, tls(&secret));
    }
    if let Some(secret) = &wanted.cert_secret_ref {
        spec.tls = tls(&read_secret(&namespace, &secret.name, "certSecretRef", cx).await?);
    }
    Ok(spec)
}

/// A secret may hold certificates alone; of user and password there must be both.
fn login(secret: &Object) -> Result<Login, Trouble> {
    match (text(secret, "username"), text(secret, "password")) {
        (Some(username), Some(password)) => Ok(Login::Basic { username, password: Secret::new(password) }),
        (None, None) => Ok(Login::Anonymous),
        _ => {
            let (namespace, name) = (secret.namespace(), secret.name());
            let message = format!("invalid '{namespace}/{name}' secret data: it needs both `username` and `password`");
            Err(Trouble::access(message))
        }
    }
}

fn trouble(error: &helm_repo::Error) -> Trouble {
    Trouble { reason: error.reason().into(), message: with_cause(error, error.hint()) }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::*;

    #[rstest]
    #[case(json!({"username": "dQ==", "password": "cA=="}), Some(Login::Basic { username: "u".into(), password: Secret::new("p") }))]
    #[case(json!({"ca.crt": "cA=="}), Some(Login::Anonymous))]
    #[case(json!({"username": "dQ=="}), None)]
    #[case(json!({"password": "cA=="}), None)]
    fn of_user_and_password_there_must_be_both(#[case] data: Value, #[case] expected: Option<Login>) {
        let metadata = json!({"name": "s", "namespace": "ns"});
        let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data});
        let found = login(&Object::new(secret).unwrap());
        assert_eq!(found.map_err(|trouble| trouble.reason), expected.ok_or("AuthenticationFailed".to_owned()));
    }
}
