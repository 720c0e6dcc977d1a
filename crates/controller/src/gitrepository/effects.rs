//! What a GitRepository's pass reads and does.

use std::{sync::Arc, time::Duration};

use sluice_api::source::GitRepository;
use sluice_object::Object;
use sluice_reconcile::Context;
use sluice_source::{
    Publication, Secret,
    git::{self, Auth, FetchOptions, GitRef, GitSpec},
};

use super::{Effect, Facts, Fetch, GitRepositories, Outcome};
use crate::source::{self, Trouble, read_secret, tls, value, with_cause};

impl GitRepositories {
    pub(super) async fn facts(&self, object: &GitRepository, cx: &Context) -> Facts {
        let artifact = object.status.as_ref().and_then(|status| status.artifact.as_ref());
        let stored = source::stored(&self.sources, &super::machine::id(object), artifact).await.is_some();
        Facts { spec: self.spec(object, cx).await, stored, advertised: self.advertised.clone() }
    }

    async fn spec(&self, object: &GitRepository, cx: &Context) -> Result<GitSpec, Trouble> {
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

    pub(super) async fn act(&self, effect: Effect, cx: &Context) -> Outcome {
        match effect {
            Effect::Head(spec) => Outcome::Head(self.git.head(&spec).await.map_err(|error| trouble(&error))),
            Effect::Fetch(fetch) => Outcome::Stored(self.fetch(*fetch).await),
            Effect::Collect(leftovers) => {
                source::collect(&self.sources, &leftovers, cx.now()).await;
                Outcome::Collected
            }
        }
    }

    async fn fetch(&self, fetch: Fetch) -> Result<(Arc<sluice_object::Artifact>, String), Trouble> {
        let options = FetchOptions { ignore: fetch.ignore, limits: self.limits.clone(), ..FetchOptions::default() };
        let fetched = self.git.fetch(&fetch.spec, &fetch.head, &options).await.map_err(|error| trouble(&error))?;
        let publication = Publication {
            owner: source::owner(&fetch.owner)?,
            file: fetched.file,
            revision: fetched.revision,
            metadata: Default::default(),
            tree: fetched.tree,
            etags: Default::default(),
        };
        let artifact = source::publish(&self.sources, &fetch.owner, publication).await?;
        Ok((artifact, fetched.subject))
    }
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

fn trouble(error: &git::Error) -> Trouble {
    Trouble { reason: error.reason().into(), message: with_cause(error, error.hint()) }
}
