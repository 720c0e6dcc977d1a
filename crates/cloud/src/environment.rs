//! What the environment says of the agent's identity, under the names that the providers' own libraries read.

use crate::Secret;

/// Where the providers' services are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Endpoints {
    /// Where Azure gives out tokens.
    pub azure_authority: Option<String>,
    /// Azure's resource manager.
    pub azure_manager: Option<String>,
    /// Azure's metadata service.
    pub azure_metadata: Option<String>,
    /// AWS's STS.
    pub aws_sts: Option<String>,
    /// AWS's EKS.
    pub aws_eks: Option<String>,
    /// Google's STS.
    pub gcp_sts: Option<String>,
    /// Google's service that gives out tokens of service accounts.
    pub gcp_credentials: Option<String>,
    /// Google's GKE.
    pub gcp_container: Option<String>,
    /// Google's metadata service.
    pub gcp_metadata: Option<String>,
}

/// What the environment says of the agent's identity.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Environment {
    pub(crate) endpoints: Endpoints,
    pub(crate) azure: Azure,
    pub(crate) aws: Aws,
    pub(crate) gcp_key_file: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Azure {
    pub(crate) tenant: Option<String>,
    pub(crate) client: Option<String>,
    pub(crate) secret: Option<Secret>,
    pub(crate) token_file: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Aws {
    pub(crate) region: Option<String>,
    pub(crate) key: Option<(String, Secret)>,
    pub(crate) session: Option<Secret>,
    pub(crate) role: Option<String>,
    pub(crate) token_file: Option<String>,
    pub(crate) session_name: Option<String>,
    pub(crate) container_url: Option<String>,
    pub(crate) container_token_file: Option<String>,
}

impl Environment {
    /// Reads the environment through `lookup`, which returns the value of a variable.
    pub fn read(lookup: impl Fn(&str) -> Option<String>) -> Self {
        let value = |name: &str| lookup(name).filter(|value| !value.is_empty());
        let secret = |name: &str| value(name).map(Secret::new);
        let host = |host: String| format!("http://{host}");
        let endpoints = Endpoints {
            azure_authority: value("AZURE_AUTHORITY_HOST"),
            azure_metadata: value("AZURE_POD_IDENTITY_AUTHORITY_HOST"),
            aws_sts: value("AWS_ENDPOINT_URL_STS"),
            aws_eks: value("AWS_ENDPOINT_URL_EKS"),
            gcp_metadata: value("GCE_METADATA_HOST").map(host),
            ..Endpoints::default()
        };
        let azure = Azure {
            tenant: value("AZURE_TENANT_ID"),
            client: value("AZURE_CLIENT_ID"),
            secret: secret("AZURE_CLIENT_SECRET"),
            token_file: value("AZURE_FEDERATED_TOKEN_FILE"),
        };
        let aws = Aws {
            region: value("AWS_REGION"),
            key: value("AWS_ACCESS_KEY_ID").zip(secret("AWS_SECRET_ACCESS_KEY")),
            session: secret("AWS_SESSION_TOKEN"),
            role: value("AWS_ROLE_ARN"),
            token_file: value("AWS_WEB_IDENTITY_TOKEN_FILE"),
            session_name: value("AWS_ROLE_SESSION_NAME"),
            container_url: value("AWS_CONTAINER_CREDENTIALS_FULL_URI"),
            container_token_file: value("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"),
        };
        Self { endpoints, azure, aws, gcp_key_file: value("GOOGLE_APPLICATION_CREDENTIALS") }
    }

    /// Asks other services.
    #[must_use]
    pub fn with_endpoints(self, endpoints: Endpoints) -> Self {
        Self { endpoints, ..self }
    }
}

/// Returns an endpoint without the slash at its end.
pub(crate) fn at(given: Option<&String>, public: &str) -> String {
    given.map_or(public, String::as_str).trim_end_matches('/').to_owned()
}

/// Reads a token that the cluster has put into a file of the pod, and which it renews there.
pub(crate) async fn token_file(path: &str) -> Result<Secret, crate::Error> {
    let text = tokio::fs::read_to_string(path).await;
    let text = text.map_err(|error| crate::Error::Environment(format!("read the token in `{path}`: {error}")))?;
    Ok(Secret::new(text.trim()))
}
