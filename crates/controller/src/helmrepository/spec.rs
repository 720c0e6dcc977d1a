//! What to ask of a repository: the spec of a HelmRepository and its secrets.

use std::time::Duration;

use sluice_api::source::{DEFAULT_TIMEOUT, HelmRepository};
use sluice_object::Object;
use sluice_reconcile::Context;
use sluice_source::{Secret, helm_repo::HelmRepoSpec, oci::Login};

use crate::source::{Trouble, read_secret, text, tls};

pub(crate) async fn read(object: &HelmRepository, cx: &Context) -> Result<HelmRepoSpec, Trouble> {
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
pub(crate) fn login(secret: &Object) -> Result<Login, Trouble> {
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
