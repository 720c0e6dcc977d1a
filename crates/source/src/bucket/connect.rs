//! From a spec to a container: which credentials, which client.

use object_store::{
    ClientOptions, RetryConfig,
    azure::{MicrosoftAzure, MicrosoftAzureBuilder},
    client::{HttpClient, HttpConnector},
};
use reqwest::Client;
use std::time::Duration;

use super::{BucketSpec, Credentials, Environment, Error, container::Container, endpoint::Endpoint, spec::Identity};

/// Hands our client to object_store, which would make one with another TLS backend.
#[derive(Debug)]
struct Connector(Client);

impl HttpConnector for Connector {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.0.clone()))
    }
}

/// Makes a container. Nothing is sent yet.
pub(super) fn connect(spec: &BucketSpec, environment: &Environment, client: Client) -> Result<Container, Error> {
    let endpoint = Endpoint::parse(&spec.endpoint)?;
    check_name(spec, &endpoint)?;
    let identity = identity(spec, &endpoint, environment);
    if identity.is_some() && !endpoint.secure && !spec.insecure {
        let problem = "tokens are sent over `https://` only, or with `spec.insecure`";
        return Err(Error::Endpoint { endpoint: endpoint.url, problem: problem.into() });
    }
    let store = store(spec, &endpoint, identity.as_ref(), client.clone())?;
    let described = identity.map(|identity| identity.describe());
    Ok(Container::new(spec.name.clone(), endpoint, described, HttpClient::new(client), store))
}

/// The name becomes a part of URLs.
fn check_name(spec: &BucketSpec, endpoint: &Endpoint) -> Result<(), Error> {
    let plain = |char: char| char.is_ascii_lowercase() || char.is_ascii_digit() || "-$".contains(char);
    if spec.name.is_empty() || !spec.name.chars().all(plain) {
        let problem = format!("`{}` is no name of a container", spec.name.escape_default());
        return Err(Error::Endpoint { endpoint: endpoint.url.clone(), problem });
    }
    Ok(())
}

fn identity(spec: &BucketSpec, endpoint: &Endpoint, environment: &Environment) -> Option<Identity> {
    match spec.credentials.clone() {
        Credentials::AccountKey(_) | Credentials::Sas(_) => None,
        Credentials::Environment { .. } if endpoint.is_signed() => None,
        Credentials::Environment { authority } => Some(environment.identity(authority.as_ref())),
        Credentials::ClientSecret { tenant, client, secret, authority } => {
            Some(Identity::ClientSecret { tenant, client, secret, authority })
        }
        Credentials::ManagedIdentity { client } => Some(environment.managed(client)),
    }
}

fn store(
    spec: &BucketSpec,
    endpoint: &Endpoint,
    identity: Option<&Identity>,
    client: Client,
) -> Result<MicrosoftAzure, Error> {
    let builder = MicrosoftAzureBuilder::new()
        .with_account(&endpoint.account)
        .with_container_name(&spec.name)
        .with_endpoint(endpoint.url.clone())
        .with_http_connector(Connector(client))
        .with_retry(retries());
    let builder = match (identity, &spec.credentials) {
        (Some(identity), _) => with_identity(builder, identity),
        (None, Credentials::AccountKey(key)) => builder.with_access_key(key.expose().trim()),
        (None, Credentials::Sas(sas)) => builder.with_sas_authorization(endpoint.with_sas(sas.expose())),
        (None, _) => builder.with_sas_authorization(endpoint.query.clone()),
    };
    builder.build().map_err(|_| Error::Credentials { problem: problem(&spec.credentials).into() })
}

fn problem(credentials: &Credentials) -> &'static str {
    match credentials {
        Credentials::AccountKey(_) => "`accountKey` is no Base64",
        _ => "they are not complete",
    }
}

fn with_identity(builder: MicrosoftAzureBuilder, identity: &Identity) -> MicrosoftAzureBuilder {
    match identity {
        Identity::ClientSecret { tenant, client, secret, authority } => with_authority(builder, authority)
            .with_client_secret_authorization(client, secret.expose(), tenant)
            .with_credential_type("client_secret"),
        Identity::Workload { tenant, client, token_file, authority } => with_authority(builder, authority)
            .with_tenant_id(tenant)
            .with_client_id(client)
            .with_federated_token_file(token_file)
            .with_credential_type("workload_identity"),
        Identity::Managed { client, endpoint } => {
            let builder = client.iter().fold(builder, |builder, client| builder.with_client_id(client));
            let builder = endpoint.iter().fold(builder, |builder, endpoint| builder.with_msi_endpoint(endpoint));
            builder.with_credential_type("managed_identity")
        }
    }
}

fn with_authority(builder: MicrosoftAzureBuilder, authority: &Option<String>) -> MicrosoftAzureBuilder {
    let authority = authority.as_deref().map(|host| host.trim_end_matches('/'));
    authority.into_iter().fold(builder, |builder, host| builder.with_authority_host(host))
}

/// A pass is repeated anyway; what fails for a moment only should not cost one.
fn retries() -> RetryConfig {
    RetryConfig { max_retries: 2, retry_timeout: Duration::from_secs(20), ..RetryConfig::default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Secret;
    use rstest::rstest;

    fn refused(change: impl FnOnce(&mut BucketSpec)) -> Error {
        let mut spec = BucketSpec::new("http://127.0.0.1:1/account", "fleet");
        change(&mut spec);
        let client = crate::client::Clients::new("test").get(&spec.tls, None).unwrap();
        connect(&spec, &Environment::default(), client).unwrap_err()
    }

    #[rstest]
    #[case::path("a/../b")]
    #[case::query("a?restype=service")]
    #[case::upper("Fleet")]
    #[case::empty("")]
    fn a_name_that_could_lead_elsewhere_is_refused(#[case] name: &str) {
        let error = refused(|spec| spec.name = name.into());
        assert!(error.to_string().contains("is no name of a container"), "{error}");
    }

    #[test]
    fn a_token_is_not_sent_over_plain_http() {
        let error = refused(|_| {});
        assert_eq!(error.reason(), "URLInvalid");
        assert!(error.to_string().contains("spec.insecure"), "{error}");
    }

    #[test]
    fn a_broken_key_is_named_and_not_shown() {
        let error = refused(|spec| spec.credentials = Credentials::AccountKey(Secret::new("hunter2!")));
        assert_eq!(error.reason(), "AuthenticationFailed");
        assert!(error.to_string().contains("accountKey") && !error.to_string().contains("hunter2"), "{error}");
    }
}
