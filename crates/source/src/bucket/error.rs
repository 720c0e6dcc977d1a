use std::time::Duration;

use crate::{LimitExceeded, store};

/// Why a bucket could not be read. Addresses in it carry no credentials.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The endpoint cannot be used.
    #[error("use the endpoint `{endpoint}`: {problem}")]
    Endpoint {
        /// The endpoint.
        endpoint: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The credentials cannot be used.
    #[error("use the given credentials: {problem}")]
    Credentials {
        /// What is wrong with them.
        problem: String,
    },
    /// The certificates or the proxy cannot be used.
    #[error("use the given certificates or proxy")]
    Client(#[source] reqwest::Error),
    /// Nobody says who the agent is.
    #[error("get a token for {identity}: {problem}")]
    Identity {
        /// Who.
        identity: String,
        /// Why not.
        problem: String,
    },
    /// There is no such container.
    #[error("list bucket '{bucket}' at `{endpoint}`: bucket '{bucket}' not found")]
    BucketNotFound {
        /// The container.
        bucket: String,
        /// Where it was looked for.
        endpoint: String,
    },
    /// The server knows who asks, or not, and declines.
    #[error("read bucket '{bucket}' at `{endpoint}`: the server answered with status {status}{}", said(code))]
    Denied {
        /// The container.
        bucket: String,
        /// The endpoint.
        endpoint: String,
        /// The HTTP status.
        status: u16,
        /// The server's word for it.
        code: String,
    },
    /// The server answers with an error.
    #[error("read bucket '{bucket}' at `{endpoint}`: {problem}")]
    Request {
        /// The container.
        bucket: String,
        /// The endpoint.
        endpoint: String,
        /// What happened.
        problem: String,
    },
    /// The server's certificate is not accepted.
    #[error("trust the certificate of `{endpoint}`: {problem}")]
    Certificate {
        /// The endpoint.
        endpoint: String,
        /// Why not.
        problem: String,
    },
    /// The server is too slow, or there is too much to download.
    #[error("read bucket '{bucket}' at `{endpoint}`: not done within {after:?}")]
    Timeout {
        /// The container.
        bucket: String,
        /// The endpoint.
        endpoint: String,
        /// The timeout.
        after: Duration,
    },
    /// A blob has a name that no file can have.
    #[error("store the blob `{key}` of bucket '{bucket}': {problem}")]
    Name {
        /// The container.
        bucket: String,
        /// The name.
        key: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A blob is no longer what the listing said.
    #[error("download `{key}` of bucket '{bucket}': it is changed while it is read")]
    Changed {
        /// The container.
        bucket: String,
        /// The blob.
        key: String,
    },
    /// The store cannot take it.
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl Error {
    /// Returns one word for conditions, events and metrics.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Endpoint { .. } => "URLInvalid",
            Self::Credentials { .. } | Self::Client(_) => "AuthenticationFailed",
            Self::Store(error) => error.reason(),
            _ => "BucketOperationFailed",
        }
    }

    /// Returns what can be done.
    pub fn hint(&self) -> Option<String> {
        let text = match self {
            Self::Endpoint { .. } => "write `spec.endpoint` as `https://ACCOUNT.blob.core.windows.net`",
            Self::Client(_) => "`ca.crt`, `tls.crt` and `tls.key` must be in PEM form, the address of a proxy a URL",
            Self::Identity { .. } => {
                "without `spec.secretRef` the agent's workload identity or managed identity is used; \
                 check AZURE_CLIENT_ID, AZURE_TENANT_ID and the label `azure.workload.identity/use` of its pod"
            }
            Self::BucketNotFound { .. } => "check `spec.bucketName` and `spec.endpoint`; what was fetched last is kept",
            Self::Denied { .. } => {
                "the credentials must allow to list and to read (role Storage Blob Data Reader, or a SAS with \
                 permissions `r` and `l`); the name of the bucket may be wrong, too"
            }
            Self::Certificate { .. } => {
                "put the certificate of its authority as `ca.crt` into the secret of `spec.certSecretRef`"
            }
            Self::Timeout { .. } => "raise `spec.timeout`, or check the connection to the server",
            Self::Name { .. } => "rename or delete the blob, or leave it out with `spec.ignore`",
            Self::Changed { .. } => "it is tried again; upload what belongs together at once",
            Self::Store(error) => return error.hint(),
            Self::Credentials { .. } | Self::Request { .. } => return None,
        };
        Some(text.into())
    }
}

impl From<LimitExceeded> for Error {
    fn from(limit: LimitExceeded) -> Self {
        Self::Store(limit.into())
    }
}

fn said(code: &str) -> String {
    if code.is_empty() { String::new() } else { format!(": {code}") }
}
