//! How a bucket is reached: what its secrets mean.

use sluice_object::Object;
use sluice_source::{Proxy, Secret, bucket::Credentials};

use crate::source::{Trouble, text};

/// Reads the credentials of a secret in the order in which Flux looks at its keys.
pub(super) fn credentials(secret: &Object) -> Result<Credentials, Trouble> {
    let get = |key: &str| text(secret, key).filter(|value| !value.trim().is_empty());
    let (tenant, client, authority) = (get("tenantId"), get("clientId"), get("authorityHost"));
    if let (Some(tenant), Some(client)) = (tenant, client.clone()) {
        if let Some(secret) = get("clientSecret").map(Secret::new) {
            return Ok(Credentials::ClientSecret { tenant, client, secret, authority });
        }
        if get("clientCertificate").is_some() {
            return Err(no_certificate(secret));
        }
    }
    if client.is_some() {
        return Ok(Credentials::ManagedIdentity { client });
    }
    if let Some(key) = get("accountKey") {
        return Ok(Credentials::AccountKey(Secret::new(key)));
    }
    if let Some(sas) = get("sasKey") {
        return Ok(Credentials::Sas(Secret::new(sas)));
    }
    match authority {
        Some(_) => Ok(Credentials::Environment { authority }),
        None => Err(incomplete(secret)),
    }
}

/// Reads a proxy.
pub(super) fn proxy(secret: &Object) -> Result<Proxy, Trouble> {
    let missing =
        || Trouble::access(format!("failed to get proxy URL: secret '{}' has no key `address`", name(secret)));
    let get = |key: &str| text(secret, key).unwrap_or_default();
    let address = text(secret, "address").filter(|address| !address.is_empty()).ok_or_else(missing)?;
    Ok(Proxy { address, username: get("username"), password: Secret::new(get("password")) })
}

fn incomplete(secret: &Object) -> Trouble {
    Trouble::access(format!(
        "invalid '{}' secret data: it needs `accountKey`, `sasKey`, `clientId` of a managed identity, \
         or `tenantId`, `clientId` and `clientSecret`",
        name(secret)
    ))
}

fn no_certificate(secret: &Object) -> Trouble {
    Trouble::access(format!(
        "secret '{}' has a `clientCertificate`, which this version of Sluice does not serve yet; \
         hint: use `clientSecret`, a workload identity or a SAS",
        name(secret)
    ))
}

fn name(secret: &Object) -> String {
    format!("{}/{}", secret.namespace(), secret.name())
}

#[cfg(test)]
mod tests {
    use base64::{Engine as _, prelude::BASE64_STANDARD};
    use rstest::rstest;
    use serde_json::{Map, Value, json};

    use super::*;

    fn secret(keys: &[&str]) -> Object {
        let encoded = |key: &&str| ((*key).to_owned(), Value::from(BASE64_STANDARD.encode(format!("{key}!"))));
        let data: Map<_, _> = keys.iter().map(encoded).collect();
        let metadata = json!({"name": "azure", "namespace": "ns"});
        Object::new(json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data})).unwrap()
    }

    fn hidden(text: &str) -> Secret {
        Secret::new(text)
    }

    #[rstest]
    #[case::key(&["accountKey"], Credentials::AccountKey(hidden("accountKey!")))]
    #[case::sas(&["sasKey"], Credentials::Sas(hidden("sasKey!")))]
    #[case::key_first(&["sasKey", "accountKey"], Credentials::AccountKey(hidden("accountKey!")))]
    #[case::managed(&["clientId", "accountKey"], Credentials::ManagedIdentity { client: Some("clientId!".into()) })]
    #[case::authority(&["authorityHost"], Credentials::Environment { authority: Some("authorityHost!".into()) })]
    #[case::principal(
        &["tenantId", "clientId", "clientSecret", "clientCertificate", "authorityHost", "accountKey"],
        Credentials::ClientSecret {
            tenant: "tenantId!".into(),
            client: "clientId!".into(),
            secret: hidden("clientSecret!"),
            authority: Some("authorityHost!".into()),
        }
    )]
    fn keys_are_looked_at_in_the_order_of_flux(#[case] keys: &[&str], #[case] expected: Credentials) {
        assert_eq!(credentials(&secret(keys)), Ok(expected));
    }

    #[rstest]
    #[case::nothing(&[], "invalid 'ns/azure' secret data")]
    #[case::tenant_alone(&["tenantId", "clientSecret"], "invalid 'ns/azure' secret data")]
    #[case::certificate(&["tenantId", "clientId", "clientCertificate"], "does not serve yet")]
    fn other_secrets_are_refused(#[case] keys: &[&str], #[case] message: &str) {
        let trouble = credentials(&secret(keys)).unwrap_err();
        assert_eq!(trouble.reason, "AuthenticationFailed");
        assert!(trouble.message.contains(message), "{}", trouble.message);
    }

    #[test]
    fn a_proxy_needs_an_address() {
        let proxy_of = |keys| proxy(&secret(keys));
        let expected =
            Proxy { address: "address!".into(), username: "username!".into(), password: hidden("password!") };
        assert_eq!(proxy_of(&["address", "username", "password"]), Ok(expected));
        assert!(proxy_of(&["username"]).unwrap_err().message.contains("no key `address`"));
    }
}
