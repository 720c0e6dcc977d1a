//! What to ask of a store: the spec of a Bucket and its secrets.

use std::time::Duration;

use sluice_api::{meta::LocalObjectReference, source::Bucket};
use sluice_object::Object;
use sluice_reconcile::Context;
use sluice_source::bucket::BucketSpec;

use super::access;
use crate::source::{self, Trouble, read_secret, tls};

pub(super) async fn read(object: &Bucket, cx: &Context) -> Result<BucketSpec, Trouble> {
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
        spec.proxy = Some(source::proxy(&secret)?);
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
