//! What is to be read, from where, as whom.

use std::time::Duration;

use crate::{
    Secret,
    client::{Proxy, Tls},
};

/// A container of Azure Blob Storage and what to take from it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct BucketSpec {
    /// `https://ACCOUNT.blob.core.windows.net`, or with the account in the path; a SAS may follow as its query.
    pub endpoint: String,
    /// The container.
    pub name: String,
    /// How the names of the blobs begin; empty for all.
    pub prefix: String,
    /// Whether tokens may be sent over plain HTTP.
    pub insecure: bool,
    /// Who asks.
    pub credentials: Credentials,
    /// Whom to trust.
    pub tls: Tls,
    /// Through whom; those of the environment (`HTTPS_PROXY`, …) are used otherwise.
    pub proxy: Option<Proxy>,
    /// Bound on a listing, and on a download.
    pub timeout: Duration,
}

impl BucketSpec {
    /// Returns the spec of a whole container, read as whoever the environment says, with Flux's timeout of 60 seconds.
    pub fn new(endpoint: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            endpoint: endpoint.into(),
            name: name.into(),
            prefix: String::new(),
            insecure: false,
            credentials: Credentials::default(),
            tls: Tls::default(),
            proxy: None,
            timeout: Duration::from_secs(60),
        }
    }
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Credentials {
    /// Whoever the [`Environment`] says; a SAS in the endpoint goes before.
    Environment {
        /// Where tokens are given out, if not where the environment says.
        authority: Option<String>,
    },
    /// The key of the storage account.
    AccountKey(Secret),
    /// A shared access signature, as a query with or without `?`.
    Sas(Secret),
    /// A service principal.
    ClientSecret {
        /// Its tenant.
        tenant: String,
        /// Its client id.
        client: String,
        /// Its secret.
        secret: Secret,
        /// Where tokens are given out, if not by the public cloud.
        authority: Option<String>,
    },
    /// A managed identity of the node or pod.
    ManagedIdentity {
        /// Its client id; the system-assigned one without.
        client: Option<String>,
    },
}

impl Default for Credentials {
    fn default() -> Self {
        Self::Environment { authority: None }
    }
}

/// What the environment says of the agent's identity, under the names that Azure's own libraries read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Environment {
    tenant: Option<String>,
    client: Option<String>,
    secret: Option<Secret>,
    token_file: Option<String>,
    authority: Option<String>,
    endpoint: Option<String>,
}

/// Where a token comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Identity {
    ClientSecret { tenant: String, client: String, secret: Secret, authority: Option<String> },
    Workload { tenant: String, client: String, token_file: String, authority: Option<String> },
    Managed { client: Option<String>, endpoint: Option<String> },
}

impl Environment {
    /// Reads the environment through `lookup`, which returns the value of a variable.
    pub fn read(lookup: impl Fn(&str) -> Option<String>) -> Self {
        let value = |name: &str| lookup(name).filter(|value| !value.is_empty());
        let imds = |host: String| format!("{}/metadata/identity/oauth2/token", host.trim_end_matches('/'));
        Self {
            tenant: value("AZURE_TENANT_ID"),
            client: value("AZURE_CLIENT_ID"),
            secret: value("AZURE_CLIENT_SECRET").map(Secret::new),
            token_file: value("AZURE_FEDERATED_TOKEN_FILE"),
            authority: value("AZURE_AUTHORITY_HOST"),
            endpoint: value("IDENTITY_ENDPOINT").or_else(|| value("AZURE_POD_IDENTITY_AUTHORITY_HOST").map(imds)),
        }
    }

    /// Flux's order: a service principal, the workload's identity, a managed identity.
    pub(super) fn identity(&self, authority: Option<&String>) -> Identity {
        let authority = authority.or(self.authority.as_ref()).cloned();
        match (self.tenant.clone(), self.client.clone(), self.secret.clone(), self.token_file.clone()) {
            (Some(tenant), Some(client), Some(secret), _) => {
                Identity::ClientSecret { tenant, client, secret, authority }
            }
            (Some(tenant), Some(client), None, Some(token_file)) => {
                Identity::Workload { tenant, client, token_file, authority }
            }
            (_, client, ..) => self.managed(client),
        }
    }

    pub(super) fn managed(&self, client: Option<String>) -> Identity {
        Identity::Managed { client, endpoint: self.endpoint.clone() }
    }
}

impl Identity {
    /// Names it for people.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::ClientSecret { client, .. } => format!("the service principal `{client}`"),
            Self::Workload { client, .. } => format!("the workload identity `{client}`"),
            Self::Managed { client: Some(client), .. } => format!("the managed identity `{client}`"),
            Self::Managed { client: None, .. } => "the managed identity of the node".into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    const PRINCIPAL: [&str; 3] = ["AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET"];
    const WORKLOAD: [&str; 3] = ["AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_FEDERATED_TOKEN_FILE"];

    #[rstest]
    #[case::principal(&PRINCIPAL, "the service principal `azure_client_id`")]
    #[case::principal_first(&[PRINCIPAL, WORKLOAD].concat(), "the service principal `azure_client_id`")]
    #[case::workload(&WORKLOAD, "the workload identity `azure_client_id`")]
    #[case::user_assigned(&["AZURE_CLIENT_ID"], "the managed identity `azure_client_id`")]
    #[case::nothing(&[], "the managed identity of the node")]
    fn the_identity_follows_from_what_is_set(#[case] set: &[&str], #[case] identity: &str) {
        let environment = Environment::read(|name| set.contains(&name).then(|| name.to_lowercase()));
        assert_eq!(environment.identity(None).describe(), identity);
    }

    #[test]
    fn the_authority_of_a_secret_goes_before_that_of_the_environment() {
        let environment = Environment::read(|name| Some(name.to_lowercase()));
        let authority = |given: Option<&String>| match environment.identity(given) {
            Identity::ClientSecret { authority, .. } => authority,
            other => panic!("{other:?}"),
        };
        assert_eq!(authority(None).as_deref(), Some("azure_authority_host"));
        assert_eq!(authority(Some(&"https://login.example.com".into())).as_deref(), Some("https://login.example.com"));
    }

    #[test]
    fn credentials_are_never_printed() {
        let secret = || Secret::new("hunter2");
        let (tenant, client, authority) = ("t".to_owned(), "c".to_owned(), None);
        let all = [
            Credentials::AccountKey(secret()),
            Credentials::Sas(secret()),
            Credentials::ClientSecret { tenant, client, secret: secret(), authority },
        ];
        let printed = format!("{all:?} {:?}", Environment::read(|_| Some("hunter2".into())).secret);
        assert!(printed.contains("***") && !printed.contains("hunter2"), "{printed}");
    }
}
