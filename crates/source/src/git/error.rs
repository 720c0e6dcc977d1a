use std::time::Duration;

use crate::{LimitExceeded, semver::RangeError, store};

/// Why a repository could not be read. URLs in it carry no credentials.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The URL cannot be used.
    #[error("use the Git URL `{url}`: {problem}")]
    Url {
        /// The URL.
        url: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The certificates or the proxy cannot be used.
    #[error("use the given certificates or proxy")]
    Client(#[source] reqwest::Error),
    /// The credentials cannot be sent.
    #[error("use the given credentials: they contain characters that HTTP does not allow")]
    Credentials,
    /// The server wants other credentials, or some.
    #[error("list references of `{url}`: authentication required: unauthorized")]
    Unauthorized {
        /// The repository.
        url: String,
        /// Whether credentials were sent.
        sent: bool,
    },
    /// The credentials are known but do not suffice.
    #[error("list references of `{url}`: authorization failed: forbidden")]
    Forbidden {
        /// The repository.
        url: String,
    },
    /// There is no such repository.
    #[error("list references of `{url}`: repository not found")]
    RepositoryNotFound {
        /// The repository.
        url: String,
    },
    /// The server answers with an error.
    #[error("read `{url}`: the server answered with status {status}{}", said(text))]
    Status {
        /// The repository.
        url: String,
        /// The HTTP status.
        status: u16,
        /// What it said, in one line.
        text: String,
    },
    /// No connection, or it broke.
    #[error("connect to `{url}`")]
    Unreachable {
        /// The repository.
        url: String,
        /// The cause.
        #[source]
        source: reqwest::Error,
    },
    /// The server's certificate is not accepted.
    #[error("trust the certificate of `{url}`: {problem}")]
    Certificate {
        /// The repository.
        url: String,
        /// Why not.
        problem: String,
    },
    /// The server is too slow, or there is too much to download.
    #[error("read `{url}`: not done within {after:?}")]
    Timeout {
        /// The repository.
        url: String,
        /// The timeout.
        after: Duration,
    },
    /// The server sends the client where it must not go.
    #[error("follow `{url}` to `{to}`: {problem}")]
    Redirect {
        /// The repository.
        url: String,
        /// Where it points.
        to: String,
        /// Why not.
        problem: &'static str,
    },
    /// The answer is no Git protocol, or breaks it.
    #[error("understand the answer of `{url}`: {problem}")]
    Protocol {
        /// The repository.
        url: String,
        /// What is wrong.
        problem: String,
    },
    /// The server declines in words.
    #[error("read `{url}`: the server says `{message}`")]
    Refused {
        /// The repository.
        url: String,
        /// Its words.
        message: String,
    },
    /// There is no such branch, tag or reference.
    #[error("find {wanted} in `{url}`")]
    ReferenceNotFound {
        /// The repository.
        url: String,
        /// What was looked for.
        wanted: String,
        /// Some that exist.
        existing: Vec<String>,
    },
    /// There is no such commit.
    #[error("find commit `{commit}` in `{url}`")]
    CommitNotFound {
        /// The repository.
        url: String,
        /// The commit.
        commit: String,
    },
    /// A directory that is to be checked out is not there.
    #[error("find the directory `{dir}` in `{url}`")]
    DirectoryNotFound {
        /// The repository.
        url: String,
        /// The directory.
        dir: String,
    },
    /// The version range cannot be read.
    #[error(transparent)]
    Range(#[from] RangeError),
    /// What the server sent is damaged.
    #[error("unpack what `{url}` sent: {problem}")]
    Pack {
        /// The repository.
        url: String,
        /// What is wrong.
        problem: String,
    },
    /// The store cannot take it.
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl Error {
    /// Returns one word for conditions, events and metrics.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Url { .. } => "URLInvalid",
            Self::Client(_) | Self::Credentials => "AuthenticationFailed",
            Self::Store(error) => error.reason(),
            _ => "GitOperationFailed",
        }
    }

    /// Returns what can be done.
    pub fn hint(&self) -> Option<String> {
        let text = match self {
            Self::Unauthorized { sent: false, .. } => {
                "put `username` and `password`, or `bearerToken`, into the secret of `spec.secretRef`"
            }
            Self::Unauthorized { .. } => "the server does not accept the credentials of `spec.secretRef`",
            Self::Forbidden { .. } => "give the account of `spec.secretRef` permission to read the repository",
            Self::RepositoryNotFound { .. } => {
                "check `spec.url`; servers also say this of private repositories when credentials are missing"
            }
            Self::Certificate { .. } => {
                "put the certificate of its authority as `ca.crt` into the secret of `spec.secretRef`"
            }
            Self::Timeout { .. } => "raise `spec.timeout`, or check the connection to the server",
            Self::Client(_) => "`ca.crt`, `tls.crt` and `tls.key` must be in PEM form, the address of a proxy a URL",
            Self::Range(_) => "write it as `>=1.0.0 <2.0.0`, `~1.4` or `1.x`",
            Self::ReferenceNotFound { existing, .. } => return Some(existing_hint(existing)),
            Self::Store(error) => return error.hint(),
            _ => return None,
        };
        Some(text.into())
    }
}

impl From<LimitExceeded> for Error {
    fn from(limit: LimitExceeded) -> Self {
        Self::Store(limit.into())
    }
}

fn existing_hint(existing: &[String]) -> String {
    match existing {
        [] => "there is none of its kind in the repository".into(),
        names => format!("there are, among others, `{}`", names.join("`, `")),
    }
}

fn said(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!(": {text}") }
}
