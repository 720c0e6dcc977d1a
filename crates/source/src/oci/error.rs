use std::time::Duration;

use crate::{LimitExceeded, semver::RangeError, store};

/// Why an artifact could not be had. URLs in it carry no credentials.
#[derive(Debug, thiserror::Error)]
#[error("{act} '{subject}'")]
pub struct Error {
    act: Act,
    subject: String,
    #[source]
    problem: Problem,
}

/// What was tried, in the words of source-controller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    Connect,
    Read,
    Choose,
    Resolve,
    Pull,
    Unpack,
}

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// The URL or the digest cannot be used.
    #[error("{0}")]
    Name(String),
    /// The certificates or the proxy cannot be used.
    #[error("use the given certificates or proxy")]
    Client(#[source] reqwest::Error),
    /// The credentials cannot be sent.
    #[error("the credentials contain characters that HTTP does not allow")]
    Credentials,
    /// The registry, or who gives tokens for it, wants other credentials, or some.
    #[error("{asked}: the server answered with status {status}{}", said(text))]
    Denied {
        /// The request.
        asked: String,
        /// The HTTP status.
        status: u16,
        /// What it said.
        text: String,
        /// Whether credentials were sent.
        sent: bool,
    },
    /// There is no such artifact.
    #[error("{asked}: not found{}", said(text))]
    NotFound {
        /// The request.
        asked: String,
        /// What the server said.
        text: String,
    },
    /// The server answers with an error.
    #[error("{asked}: the server answered with status {status}{}", said(text))]
    Status {
        /// The request.
        asked: String,
        /// The HTTP status.
        status: u16,
        /// What it said, in one line.
        text: String,
        /// When it wants to be asked again.
        after: Option<Duration>,
    },
    /// The server wants no more requests for a while.
    #[error("{asked}: the server takes no more requests (status 429){}", wait(*.after))]
    Throttled {
        /// The request.
        asked: String,
        /// When it takes some again.
        after: Option<Duration>,
    },
    /// No connection, or it broke.
    #[error("{asked}: the connection failed")]
    Unreachable {
        /// The request.
        asked: String,
        /// The cause.
        #[source]
        source: reqwest::Error,
    },
    /// The server's certificate is not accepted.
    #[error("{asked}: the certificate of the server is not trusted: {problem}")]
    Certificate {
        /// The request.
        asked: String,
        /// Why not.
        problem: String,
    },
    /// The server is too slow, or there is too much to download.
    #[error("not done within {0:?}")]
    Timeout(Duration),
    /// The server sends the client where it must not go.
    #[error("{asked}: not followed to `{to}`: {problem}")]
    Redirect {
        /// The request.
        asked: String,
        /// Where it points.
        to: String,
        /// Why not.
        problem: &'static str,
    },
    /// The server asks for credentials in a way that cannot be followed.
    #[error("get a token for the registry: {0}")]
    Token(String),
    /// The answer is not what a registry may say.
    #[error("{asked}: {problem}")]
    Protocol {
        /// The request.
        asked: String,
        /// What is wrong.
        problem: String,
    },
    /// Other bytes came than were asked for.
    #[error("{asked}: the digest of what came is `{found}`")]
    Digest {
        /// The request.
        asked: String,
        /// The digest of what came.
        found: String,
    },
    /// The version range cannot be read.
    #[error(transparent)]
    Range(#[from] RangeError),
    /// The filter of tags cannot be read.
    #[error("read the pattern `{0}` of `semverFilter`")]
    Filter(String, #[source] Box<regex::Error>),
    /// No tag is in the range.
    #[error("no match found for semver: {range}")]
    NoVersion {
        /// The range.
        range: String,
        /// Some tags that exist.
        existing: Vec<String>,
    },
    /// The artifact does not have such a layer.
    #[error("{problem}")]
    Layer {
        /// What it lacks.
        problem: String,
        /// The media types of its layers.
        existing: Vec<String>,
    },
    /// The layer cannot be unpacked.
    #[error("{0}")]
    Archive(String),
    /// The store cannot take it.
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl Problem {
    pub(super) fn when(self, act: Act, subject: &str) -> Error {
        Error { act, subject: subject.to_owned(), problem: self }
    }
}

impl From<LimitExceeded> for Problem {
    fn from(limit: LimitExceeded) -> Self {
        Self::Store(limit.into())
    }
}

impl std::fmt::Display for Act {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Connect => "generate transport for",
            Self::Read => "use the URL",
            Self::Choose => "determine the artifact tag for",
            Self::Resolve => "determine artifact digest of",
            Self::Pull => "pull artifact from",
            Self::Unpack => "extract layer contents from artifact",
        })
    }
}

impl Error {
    /// Returns one word for conditions, events and metrics.
    pub fn reason(&self) -> &'static str {
        match (&self.problem, self.act) {
            (Problem::Store(error), _) => error.reason(),
            (Problem::Client(_) | Problem::Credentials, _) | (_, Act::Connect) => "AuthenticationFailed",
            (_, Act::Read) => "URLInvalid",
            (_, Act::Choose) => "ReadOperationFailed",
            (_, Act::Resolve | Act::Pull) => "OCIArtifactPullFailed",
            (_, Act::Unpack) => "OCIArtifactLayerOperationFailed",
        }
    }

    /// Returns what went wrong.
    pub fn problem(&self) -> &Problem {
        &self.problem
    }

    /// Returns what can be done.
    pub fn hint(&self) -> Option<String> {
        let text = match &self.problem {
            Problem::Name(_) => "write `spec.url` as `oci://HOST/PATH`, and tag or digest into `spec.ref`",
            Problem::Client(_) => "`ca.crt`, `tls.crt` and `tls.key` must be in PEM form, the address of a proxy a URL",
            Problem::Denied { sent: false, .. } => {
                "name a secret of type kubernetes.io/dockerconfigjson in `spec.secretRef`, with an entry for this host"
            }
            Problem::Denied { .. } => "the registry does not accept the credentials, or they do not suffice to pull",
            Problem::NotFound { .. } => {
                "check `spec.url` and `spec.ref`; registries also say this when credentials are missing"
            }
            Problem::Throttled { .. } => "raise `spec.interval`, or use credentials with a higher rate",
            Problem::Certificate { .. } => {
                "put the certificate of its authority as `ca.crt` into the secret of `spec.certSecretRef`"
            }
            Problem::Timeout(_) => "raise `spec.timeout`, or check the connection to the registry",
            Problem::Range(_) => "write it as `>=1.0.0 <2.0.0`, `~1.4` or `1.x`",
            Problem::NoVersion { existing, .. } => return Some(among("tags", existing)),
            Problem::Layer { existing, .. } => return Some(among("layers of type", existing)),
            Problem::Store(error) => return error.hint(),
            _ => return None,
        };
        Some(text.into())
    }
}

fn among(what: &str, existing: &[String]) -> String {
    match existing {
        [] => format!("there are no {what} at all"),
        names => format!("there are, among others, {what} `{}`", names.join("`, `")),
    }
}

fn said(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!(": {text}") }
}

fn wait(after: Option<Duration>) -> String {
    after.map_or(String::new(), |after| format!(", it says to come back in {} s", after.as_secs()))
}
