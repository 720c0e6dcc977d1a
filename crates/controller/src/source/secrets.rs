//! Secrets that sources refer to.

use base64::Engine as _;
use sluice_cluster::{Identity, Request, Target};
use sluice_object::{Gvk, Object};
use sluice_reconcile::Context;
use sluice_source::{Secret, Tls};

use super::Trouble;

/// Reads a secret; `field` is the one that names it.
pub(crate) async fn read_secret(namespace: &str, name: &str, field: &str, cx: &Context) -> Result<Object, Trouble> {
    let missing = |cause: &str| {
        Trouble::access(format!(
            "failed to get secret '{namespace}/{name}': {cause}; `spec.{field}` names a Secret in the namespace of the source"
        ))
    };
    let target = Target { gvk: Gvk::new("", "v1", "Secret"), namespace: namespace.into(), name: name.into() };
    let answer = cx.cluster.call(&Identity::Agent, Request::Get(target)).await;
    let answer = answer.map_err(|error| missing(&error.to_string()))?;
    answer.into_object().ok_or_else(|| missing("the server's answer holds no object"))
}

/// Returns the certificates of a secret.
pub(crate) fn tls(secret: &Object) -> Tls {
    let identity = match (text(secret, "tls.crt"), text(secret, "tls.key")) {
        (Some(certificate), Some(key)) => Some(Secret::new(format!("{certificate}\n{key}"))),
        _ => None,
    };
    Tls { ca: value(secret, "ca.crt").or_else(|| value(secret, "caFile")), identity }
}

pub(crate) fn text(secret: &Object, key: &str) -> Option<String> {
    value(secret, key).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

pub(crate) fn value(secret: &Object, key: &str) -> Option<Vec<u8>> {
    let text = secret.value().get("data")?.get(key)?.as_str()?;
    base64::engine::general_purpose::STANDARD.decode(text).ok()
}
