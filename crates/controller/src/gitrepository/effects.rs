//! What a GitRepository's pass reads and does.

use std::{sync::Arc, time::Duration};

use base64::Engine as _;
use sluice_api::{conditions::reasons, source::GitRepository};
use sluice_cluster::{Identity, Request, Target};
use sluice_object::{Gvk, Object, ObjectId};
use sluice_reconcile::Context;
use sluice_source::{
    Owner, Publication, Secret,
    git::{self, Auth, FetchOptions, GitRef, GitSpec, Tls},
    store,
};

use super::{Effect, Facts, Fetch, GitRepositories, Outcome, Trouble};

impl GitRepositories {
    pub(super) async fn facts(&self, object: &GitRepository, cx: &Context) -> Facts {
        let stored = match object.status.as_ref().and_then(|status| status.artifact.as_ref()) {
            Some(artifact) => {
                let id = super::machine::id(object);
                self.sources.store().holds(&artifact.path) && self.sources.artifact(&id, artifact).await.is_ok()
            }
            None => false,
        };
        Facts { spec: self.spec(object, cx).await, stored, advertised: self.advertised.clone() }
    }

    async fn spec(&self, object: &GitRepository, cx: &Context) -> Result<GitSpec, Trouble> {
        let mut spec = GitSpec::new(&object.spec.url);
        spec.timeout = object.spec.timeout().max(Duration::from_secs(1));
        spec.reference = reference(object);
        if let Some(secret) = &object.spec.secret_ref {
            let namespace = object.metadata.namespace.clone().unwrap_or_default();
            let secret = read_secret(&namespace, &secret.name, cx).await?;
            (spec.auth, spec.tls) = (auth(&secret), tls(&secret));
        }
        Ok(spec)
    }

    pub(super) async fn act(&self, effect: Effect, cx: &Context) -> Outcome {
        match effect {
            Effect::Head(spec) => Outcome::Head(self.git.head(&spec).await.map_err(|error| trouble(&error))),
            Effect::Fetch(fetch) => Outcome::Stored(self.fetch(*fetch).await),
            Effect::Collect { owner, current } => {
                self.collect(&owner, current.as_deref(), cx).await;
                Outcome::Collected
            }
        }
    }

    async fn fetch(&self, fetch: Fetch) -> Result<(Arc<sluice_object::Artifact>, String), Trouble> {
        let options = FetchOptions { ignore: fetch.ignore, limits: self.limits.clone(), ..FetchOptions::default() };
        let fetched = self.git.fetch(&fetch.spec, &fetch.head, &options).await.map_err(|error| trouble(&error))?;
        let publication = Publication {
            owner: owner(&fetch.owner).map_err(|error| store_trouble(&error))?,
            file: fetched.file,
            revision: fetched.revision,
            metadata: Default::default(),
            tree: fetched.tree,
            etags: Default::default(),
        };
        let artifact = self.sources.store().publish(publication).await.map_err(|error| store_trouble(&error))?;
        let artifact = Arc::new(artifact);
        self.sources.put(&fetch.owner, artifact.clone());
        Ok((artifact, fetched.subject))
    }

    /// Removing old artifacts may fail without harm: the next pass tries again.
    async fn collect(&self, id: &ObjectId, current: Option<&str>, cx: &Context) {
        let store = self.sources.store();
        let result = match (owner(id), current) {
            (Ok(owner), Some(current)) => store.collect(&owner, current, cx.now()).await.map(drop),
            (Ok(owner), None) => {
                self.sources.forget(id);
                store.remove(&owner).await
            }
            (Err(error), _) => Err(error),
        };
        if let Err(error) = result {
            tracing::warn!(%error, "old artifacts not removed");
        }
    }
}

fn owner(id: &ObjectId) -> Result<Owner, store::Error> {
    Owner::new(&id.kind, &id.namespace, &id.name)
}

fn reference(object: &GitRepository) -> GitRef {
    let reference = object.spec.reference.clone().unwrap_or_default();
    let sluice_api::source::GitReference { branch, tag, semver, name, commit } = reference;
    GitRef { branch, tag, semver, name, commit }
}

async fn read_secret(namespace: &str, name: &str, cx: &Context) -> Result<Object, Trouble> {
    let target = Target { gvk: Gvk::new("", "v1", "Secret"), namespace: namespace.into(), name: name.into() };
    let answer = cx.cluster.call(&Identity::Agent, Request::Get(target)).await;
    answer
        .map_err(|error| missing_secret(namespace, name, &error.to_string()))?
        .into_object()
        .ok_or_else(|| missing_secret(namespace, name, "the server's answer holds no object"))
}

fn missing_secret(namespace: &str, name: &str, cause: &str) -> Trouble {
    let message = format!(
        "failed to get secret '{namespace}/{name}': {cause}; `spec.secretRef` names a Secret in the namespace of the GitRepository"
    );
    Trouble { reason: reasons::AUTHENTICATION_FAILED.into(), message }
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

fn tls(secret: &Object) -> Tls {
    let text = |key| value(secret, key).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let identity = match (text("tls.crt"), text("tls.key")) {
        (Some(certificate), Some(key)) => Some(Secret::new(format!("{certificate}\n{key}"))),
        _ => None,
    };
    Tls { ca: value(secret, "ca.crt").or_else(|| value(secret, "caFile")), identity }
}

fn value(secret: &Object, key: &str) -> Option<Vec<u8>> {
    let text = secret.value().get("data")?.get(key)?.as_str()?;
    base64::engine::general_purpose::STANDARD.decode(text).ok()
}

fn trouble(error: &git::Error) -> Trouble {
    Trouble { reason: error.reason().into(), message: with_cause(error, error.hint()) }
}

fn store_trouble(error: &store::Error) -> Trouble {
    Trouble { reason: error.reason().into(), message: with_cause(error, error.hint()) }
}

/// One line: what failed, why, and what to do.
pub(crate) fn with_cause(error: &dyn std::error::Error, hint: Option<String>) -> String {
    let mut text = format!("failed to {error}");
    let mut cause = error.source();
    while let Some(source) = cause {
        text = format!("{text}: {source}");
        cause = source.source();
    }
    match hint {
        Some(hint) => format!("{text}; hint: {hint}"),
        None => text,
    }
}
