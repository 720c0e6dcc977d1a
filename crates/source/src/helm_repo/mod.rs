//! Helm repositories: an index over HTTP, streamed to disk, and the charts that it names.
//!
//! [`HelmRepoSpec`] → [`HelmRepos::fetch`] (`If-None-Match` → file on disk → read once) → [`Fetched`]
//! index → [`choose`] (one version of a chart) → [`HelmRepos::download_chart`] → archive
//!
//! An index may have tens of megabytes. It is never in memory as a whole: what is downloaded goes to disk as it comes,
//! and what is on disk is read version by version ([`index::read`]).

mod chart;
pub mod index;

use std::{collections::BTreeMap, time::Duration};

use reqwest::{
    StatusCode, Url,
    header::{ETAG, HeaderValue},
};
use sluice_object::{Artifact, Revision};

use self::index::Summary;
use crate::{
    Limit, LimitExceeded, Limits, Store, Tls,
    client::Clients,
    oci::{Login, Problem, answer::Ask, retry::retried, token::basic},
    store::{self, Received},
};

pub use self::chart::{ChoiceError, choose};

const USER_AGENT: &str = concat!("sluice/", env!("CARGO_PKG_VERSION"));

const ACCEPT: &str = "application/yaml, text/yaml, application/x-yaml, application/json, */*";

/// A Helm repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HelmRepoSpec {
    /// `https://` or `http://`; the index is below.
    pub url: String,
    /// Who asks.
    pub login: Login,
    /// Certificates.
    pub tls: Tls,
    /// How long a download may take.
    pub timeout: Duration,
}

/// Why an index could not be had. URLs in it carry no credentials.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The URL cannot be used.
    #[error("use the Helm repository URL `{url}`: {problem}")]
    Url {
        /// The URL.
        url: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The certificates cannot be used.
    #[error("use the given certificates")]
    Client(#[source] reqwest::Error),
    /// There is no answer, or no good one.
    #[error("fetch Helm repository index")]
    Fetch(#[source] Problem),
    /// A chart cannot be had.
    #[error("download chart")]
    Pull(#[source] Problem),
    /// A chart is not the one that the index names.
    #[error("download chart: {asked}: its digest is sha256:{found}, not sha256:{expected} as in the index")]
    Digest {
        /// The request.
        asked: String,
        /// What the index says.
        expected: String,
        /// What came.
        found: String,
    },
    /// The index is larger than it may be.
    #[error(transparent)]
    Limit(#[from] LimitExceeded),
    /// What came is no index.
    #[error("load Helm repository from index YAML `{url}`: {problem}")]
    Index {
        /// Where it came from.
        url: String,
        /// What is wrong with it.
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
            Self::Client(_) | Self::Fetch(Problem::Credentials) => "AuthenticationFailed",
            Self::Fetch(_) => "Failed",
            Self::Pull(_) | Self::Digest { .. } => "ChartPullError",
            Self::Limit(_) | Self::Index { .. } => "IndexationFailed",
            Self::Store(error) => error.reason(),
        }
    }

    /// Returns what can be done.
    pub fn hint(&self) -> Option<String> {
        let text = match self {
            Self::Url { .. } => "write `spec.url` as `https://HOST/PATH`, and credentials into `spec.secretRef`",
            Self::Client(_) => "`ca.crt`, `tls.crt` and `tls.key` must be in PEM form",
            Self::Fetch(Problem::Denied { sent: false, .. }) | Self::Pull(Problem::Denied { sent: false, .. }) => {
                "put `username` and `password` into the secret of `spec.secretRef`"
            }
            Self::Fetch(Problem::Denied { .. }) => "the server does not accept the credentials of `spec.secretRef`",
            Self::Fetch(Problem::NotFound { .. }) => "check `spec.url`: `index.yaml` must be below it",
            Self::Fetch(Problem::Certificate { .. }) => {
                "put the certificate of its authority as `ca.crt` into the secret of `spec.certSecretRef`"
            }
            Self::Fetch(Problem::Timeout(_)) => "raise `spec.timeout`, or check the connection to the server",
            Self::Limit(limit) => return Some(limit.hint()),
            Self::Store(error) => return error.hint(),
            Self::Digest { .. } => "push the chart again, or make the index anew",
            Self::Fetch(_) | Self::Pull(_) | Self::Index { .. } => return None,
        };
        Some(text.into())
    }
}

/// An index that is not stored yet.
#[derive(Debug)]
pub struct Fetched {
    /// The digest of the index.
    pub revision: Revision,
    /// Name of the stored file.
    pub file: String,
    /// What is in it.
    pub summary: Summary,
    /// What the server calls it, by its URL: it is sent along at the next look.
    pub etags: BTreeMap<String, String>,
    /// The index.
    pub index: Received,
}

/// Reads the indexes of Helm repositories into a store.
#[derive(Debug)]
pub struct HelmRepos {
    store: Store,
    clients: Clients,
    limits: Limits,
}

impl HelmRepos {
    /// Reads indexes into a store, each of at most as many bytes as the limits allow for a source.
    pub fn new(store: Store, limits: Limits) -> Self {
        Self { store, clients: Clients::new(USER_AGENT), limits }
    }

    /// Downloads the index of a repository, unless it is the one of an earlier artifact.
    ///
    /// # Errors
    /// When the server cannot be reached or declines, or what it has is no index, or too large.
    pub async fn fetch(&self, spec: &HelmRepoSpec, earlier: Option<&Artifact>) -> Result<Option<Fetched>, Error> {
        let url = index_url(&spec.url)?;
        let etag = self.etag(earlier, &url).await;
        let ask = Ask::get(url, ACCEPT).unless(etag);
        let download = tokio::time::timeout(spec.timeout, self.download(spec, &ask)).await;
        let downloaded = download.unwrap_or(Err(Error::Fetch(Problem::Timeout(spec.timeout))))?;
        let Some((index, etag)) = downloaded else { return Ok(None) };
        let digest = index.digest();
        if earlier.is_some_and(|earlier| earlier.revision.as_str() == digest.as_str()) {
            return Ok(None);
        }
        let (index, summary) = self.check(index, &ask.url).await?;
        let etags = etag.map(|etag| (ask.url.to_string(), etag)).into_iter().collect();
        let file = format!("index-{}.yaml", digest.hex());
        Ok(Some(Fetched { revision: Revision::new(digest.as_str()), file, summary, etags, index }))
    }

    async fn etag(&self, earlier: Option<&Artifact>, url: &Url) -> Option<String> {
        let mut etags = self.store.etags(&earlier?.path).await.ok()?;
        etags.remove(url.as_str())
    }

    async fn download(&self, spec: &HelmRepoSpec, ask: &Ask) -> Result<Option<(Received, Option<String>)>, Error> {
        let authorization = basic(&spec.login).map_err(Error::Fetch)?;
        self.downloaded(spec, ask, authorization.as_ref(), &self.limits).await
    }

    async fn downloaded(
        &self,
        spec: &HelmRepoSpec,
        ask: &Ask,
        authorization: Option<&HeaderValue>,
        limits: &Limits,
    ) -> Result<Option<(Received, Option<String>)>, Error> {
        let client = self.clients.get(&spec.tls, None).map_err(Error::Client)?;
        let received = retried(|| self.receive(&client, ask, authorization, limits)).await;
        received.map_err(|problem| match problem {
            Problem::Store(store::Error::Limit(limit)) => Error::Limit(limit),
            Problem::Store(error) => Error::Store(error),
            problem => Error::Fetch(problem),
        })
    }

    async fn receive(
        &self,
        client: &reqwest::Client,
        ask: &Ask,
        authorization: Option<&HeaderValue>,
        limits: &Limits,
    ) -> Result<Option<(Received, Option<String>)>, Problem> {
        let response = ask.send(client, authorization).await?;
        if response.status() == StatusCode::NOT_MODIFIED {
            return Ok(None);
        }
        let mut response = ask.check(response, authorization.is_some()).await?;
        let shown = shown(&ask.url);
        limits.check(Limit::Download, response.content_length().unwrap_or_default(), &shown)?;
        let etag = response.headers().get(ETAG).and_then(|etag| etag.to_str().ok()).map(str::to_owned);
        let mut file = self.store.incoming()?;
        while let Some(chunk) = response.chunk().await.map_err(|error| ask.failed(error))? {
            file.write(&chunk).await?;
            limits.check(Limit::Download, file.size(), &shown)?;
        }
        Ok(Some((file.finish().await?, etag)))
    }

    /// Reads an index once, to see that it is one.
    async fn check(&self, index: Received, url: &Url) -> Result<(Received, Summary), Error> {
        let shown = shown(url);
        let work = move || {
            let summary = index::read(index.open()?, |_, _| ());
            let summary = summary.map_err(|problem| Error::Index { url: shown, problem })?;
            Ok((index, summary))
        };
        self.store.turn().await?.run(work).await
    }
}

/// A query may hold secrets.
fn shown(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.to_string()
}

/// Returns where the index of a repository is.
fn index_url(text: &str) -> Result<Url, Error> {
    let refuse = |problem: &str| {
        let url = text.split_once('@').map_or(text, |(_, rest)| rest).split('?').next().unwrap_or_default();
        Error::Url { url: url.to_owned(), problem: problem.to_owned() }
    };
    let mut url = Url::parse(text).map_err(|error| refuse(&error.to_string()))?;
    match url.scheme() {
        "http" | "https" => {}
        "oci" => return Err(refuse("'oci' URL scheme cannot be used with 'default' HelmRepository type")),
        _ => return Err(refuse("it must begin with `https://` or `http://`")),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refuse("credentials belong into the secret of `spec.secretRef`"));
    }
    let path = format!("{}/index.yaml", url.path().trim_end_matches('/'));
    url.set_path(&path);
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("https://charts.example.com", "https://charts.example.com/index.yaml")]
    #[case("https://charts.example.com/", "https://charts.example.com/index.yaml")]
    #[case("http://example.com:8080/a/b/?x=1", "http://example.com:8080/a/b/index.yaml?x=1")]
    fn the_index_is_below_the_url(#[case] url: &str, #[case] expected: &str) {
        assert_eq!(index_url(url).unwrap().as_str(), expected);
    }

    #[rstest]
    #[case("oci://ghcr.io/charts", "'oci' URL scheme cannot be used")]
    #[case("https://me:hunter2@charts.example.com/x", "credentials belong into the secret")]
    #[case("ftp://charts.example.com", "must begin with")]
    #[case("charts", "relative URL")]
    fn other_urls_are_refused(#[case] url: &str, #[case] problem: &str) {
        let error = index_url(url).unwrap_err();
        assert_eq!(error.reason(), "URLInvalid");
        assert!(error.to_string().contains(problem) && !error.to_string().contains("hunter2"), "{error}");
    }
}
