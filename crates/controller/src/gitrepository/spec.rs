//! What to ask of a remote: the spec of a GitRepository and its secrets.

use std::time::Duration;

use sluice_api::source::GitRepository;
use sluice_object::Object;
use sluice_reconcile::Context;
use sluice_source::{
    Secret,
    git::{Auth, GitRef, GitSpec},
};

use crate::source::{self, Trouble, read_secret, tls, value};

pub(super) async fn read(object: &GitRepository, cx: &Context) -> Result<GitSpec, Trouble> {
    let mut spec = GitSpec::new(&object.spec.url);
    spec.timeout = object.spec.timeout().max(Duration::from_secs(1));
    spec.reference = reference(object);
    let namespace = object.metadata.namespace.clone().unwrap_or_default();
    if let Some(secret) = &object.spec.secret_ref {
        let secret = read_secret(&namespace, &secret.name, "secretRef", cx).await?;
        (spec.auth, spec.tls) = (auth(&secret), tls(&secret));
    }
    if let Some(secret) = &object.spec.proxy_secret_ref {
        spec.proxy = Some(source::proxy(&read_secret(&namespace, &secret.name, "proxySecretRef", cx).await?)?);
    }
    Ok(spec)
}

fn reference(object: &GitRepository) -> GitRef {
    let reference = object.spec.reference.clone().unwrap_or_default();
    let sluice_api::source::GitReference { branch, tag, semver, name, commit } = reference;
    GitRef { branch, tag, semver, name, commit, any: None }
}

/// A secret without a known key means anonymous access, as in Flux.
fn auth(secret: &Object) -> Auth {
    match (value(secret, "bearerToken"), value(secret, "username")) {
        (Some(token), _) => Auth::Bearer(Secret::new(String::from_utf8_lossy(&token).trim())),
        (None, Some(username)) => Auth::Basic {
            username: String::from_utf8_lossy(&username).into_owned(),
            password: Secret::new(String::from_utf8_lossy(&value(secret, "password").unwrap_or_default())),
        },
        _ => Auth::None,
    }
}
