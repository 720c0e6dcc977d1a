//! What a Bucket's pass reads and does.

use std::{sync::Arc, time::Duration};

use sluice_api::{meta::LocalObjectReference, source::Bucket};
use sluice_object::{Artifact, Object};
use sluice_reconcile::Context;
use sluice_source::{
    Publication,
    bucket::{self, BucketSpec, FetchOptions, Fetched},
};

use super::{Buckets, Effect, Facts, Fetch, Outcome, access, machine};
use crate::source::{self, Trouble, read_secret, tls, with_cause};

impl Buckets {
    pub(super) async fn facts(&self, object: &Bucket, cx: &Context) -> Facts {
        let artifact = object.status.as_ref().and_then(|status| status.artifact.as_ref());
        let stored = source::stored(&self.sources, &machine::id(object), artifact).await;
        let options = FetchOptions { ignore: object.spec.ignore.clone(), limits: self.limits.clone() };
        Facts { spec: spec(object, cx).await, stored, options, advertised: self.advertised.clone() }
    }

    pub(super) async fn act(&self, effect: Effect, cx: &Context) -> Outcome {
        match effect {
            Effect::List(what) => {
                let (spec, options) = *what;
                Outcome::Listed(self.client.list(&spec, &options).await.map_err(|error| trouble(&error)))
            }
            Effect::Fetch(fetch) => Outcome::Stored(self.fetch(*fetch).await),
            Effect::Collect(leftovers) => {
                source::collect(&self.sources, &leftovers, cx.now()).await;
                Outcome::Collected
            }
        }
    }

    async fn fetch(&self, fetch: Fetch) -> Result<Arc<Artifact>, Trouble> {
        let Fetch { spec, options, listing, earlier, owner } = fetch;
        let fetched = self.client.fetch(&spec, listing, &options, earlier).await.map_err(|error| trouble(&error))?;
        let Fetched { revision, file, tree, etags, downloaded } = fetched;
        tracing::debug!(bucket = spec.name, downloaded, "files of a bucket fetched");
        let metadata = Default::default();
        let publication = Publication { owner: source::owner(&owner)?, file, revision, metadata, tree, etags };
        source::publish(&self.sources, &owner, publication).await
    }
}

async fn spec(object: &Bucket, cx: &Context) -> Result<BucketSpec, Trouble> {
    let wanted = &object.spec;
    let mut spec = BucketSpec::new(&wanted.endpoint, &wanted.bucket_name);
    spec.prefix = wanted.prefix.clone().unwrap_or_default();
    spec.insecure = wanted.insecure;
    spec.timeout = wanted.timeout().max(Duration::from_secs(1));
    if let Some(secret) = secret(object, &wanted.secret_ref, "secretRef", cx).await? {
        spec.credentials = access::credentials(&secret)?;
    }
    if let Some(secret) = secret(object, &wanted.cert_secret_ref, "certSecretRef", cx).await? {
        spec.tls = tls(&secret);
    }
    if let Some(secret) = secret(object, &wanted.proxy_secret_ref, "proxySecretRef", cx).await? {
        spec.proxy = Some(access::proxy(&secret)?);
    }
    Ok(spec)
}

async fn secret(
    object: &Bucket,
    reference: &Option<LocalObjectReference>,
    field: &str,
    cx: &Context,
) -> Result<Option<Object>, Trouble> {
    let Some(reference) = reference else { return Ok(None) };
    let namespace = object.metadata.namespace.clone().unwrap_or_default();
    read_secret(&namespace, &reference.name, field, cx).await.map(Some)
}

fn trouble(error: &bucket::Error) -> Trouble {
    Trouble { reason: error.reason().into(), message: with_cause(error, error.hint()) }
}
