//! Secrets that sources refer to.

use base64::Engine as _;
use sluice_cluster::{Identity, Request, Target};
use sluice_object::{Gvk, Object};
use sluice_reconcile::Context;
use sluice_source::{Proxy, Secret, Tls};

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

/// Returns the certificates of a secret, under their names of today or of old.
pub(crate) fn tls(secret: &Object) -> Tls {
    let pem = |key, old| text(secret, key).or_else(|| text(secret, old));
    let identity = match (pem("tls.crt", "certFile"), pem("tls.key", "keyFile")) {
        (Some(certificate), Some(key)) => Some(Secret::new(format!("{certificate}\n{key}"))),
        _ => None,
    };
    Tls { ca: value(secret, "ca.crt").or_else(|| value(secret, "caFile")), identity, unverified: false }
}

/// Returns the proxy of a secret: `address`, and `username` with `password` where it asks for them.
pub(crate) fn proxy(secret: &Object) -> Result<Proxy, Trouble> {
    let get = |key: &str| text(secret, key).unwrap_or_default();
    let address = text(secret, "address").filter(|address| !address.is_empty()).ok_or_else(|| {
        let (namespace, name) = (secret.namespace(), secret.name());
        Trouble::access(format!("failed to get proxy URL: secret '{namespace}/{name}' has no key `address`"))
    })?;
    Ok(Proxy { address, username: get("username"), password: Secret::new(get("password")) })
}

pub(crate) fn text(secret: &Object, key: &str) -> Option<String> {
    value(secret, key).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

pub(crate) fn value(secret: &Object, key: &str) -> Option<Vec<u8>> {
    let text = secret.value().get("data")?.get(key)?.as_str()?;
    base64::engine::general_purpose::STANDARD.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn secret(data: Value) -> Object {
        let metadata = json!({"name": "proxy", "namespace": "ns"});
        Object::new(json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data})).unwrap()
    }

    #[test]
    fn a_proxy_needs_an_address() {
        let found = proxy(&secret(json!({"address": "aHR0cDovL3A6ODA=", "username": "dQ==", "password": "cA=="})));
        let expected = Proxy { address: "http://p:80".into(), username: "u".into(), password: Secret::new("p") };
        assert_eq!(found, Ok(expected));
        let missing = proxy(&secret(json!({"username": "dQ=="}))).unwrap_err();
        assert_eq!(missing.message, "failed to get proxy URL: secret 'ns/proxy' has no key `address`");
    }
}
