//! HTTP connections to Git servers: shared clients, bounded per host, and what their failures mean.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use base64::{Engine, prelude::BASE64_STANDARD};
use reqwest::{
    Client, Response, StatusCode, Url,
    header::{AUTHORIZATION, HeaderValue},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{Auth, Error, GitSpec};
use crate::{
    Secret,
    client::{Clients, cause, certificate_problem},
};

/// Many servers answer in Git's protocol only to clients that call themselves `git/…`.
const USER_AGENT: &str = concat!("git/1.0 (sluice ", env!("CARGO_PKG_VERSION"), ")");

/// A host that hangs must not use up the connections of the others; servers limit what one client may open too.
const PER_HOST: usize = 16;

/// Clients by certificates, and permits by host. Connections are kept open and shared.
#[derive(Debug)]
pub(super) struct Http {
    clients: Clients,
    hosts: Mutex<HashMap<String, Arc<Semaphore>>>,
}

impl Default for Http {
    fn default() -> Self {
        Self { clients: Clients::new(USER_AGENT), hosts: Mutex::default() }
    }
}

impl Http {
    pub(super) fn client(&self, spec: &GitSpec) -> Result<Client, Error> {
        self.clients.get(&spec.tls, spec.proxy.as_ref()).map_err(Error::Client)
    }

    /// Waits for its turn at a host.
    pub(super) async fn turn(&self, url: &Url) -> Option<OwnedSemaphorePermit> {
        let host = url.host_str().unwrap_or_default().to_owned();
        let turns = {
            let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
            hosts.entry(host).or_insert_with(|| Arc::new(Semaphore::new(PER_HOST))).clone()
        };
        turns.acquire_owned().await.ok()
    }
}

/// Reads the URL of a repository: without trailing slash, query, and credentials, which are returned beside it.
pub(super) fn parse_url(text: &str) -> Result<(Url, Auth), Error> {
    let refuse = |problem: &str| Error::Url { url: without_credentials(text), problem: problem.into() };
    let mut url = Url::parse(text).map_err(|error| refuse(&error.to_string()))?;
    match url.scheme() {
        "http" | "https" => {}
        "ssh" => return Err(refuse("SSH is not supported yet")),
        _ => return Err(refuse("it must begin with `https://` or `http://`")),
    }
    let auth = url_auth(&url);
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    // Both can only fail for URLs without a host, which http and https ones have.
    let _ = (url.set_username(""), url.set_password(None));
    url.set_query(None);
    url.set_fragment(None);
    Ok((url, auth))
}

fn url_auth(url: &Url) -> Auth {
    let decode = |text: &str| percent_decode(text);
    match (url.username(), url.password()) {
        ("", None) => Auth::None,
        (username, password) => {
            Auth::Basic { username: decode(username), password: Secret::new(decode(password.unwrap_or_default())) }
        }
    }
}

fn percent_decode(text: &str) -> String {
    // A query is the one place where the URL library decodes for us; `+` must not become a space.
    let query = format!("x={}", text.replace('+', "%2B"));
    let Ok(url) = Url::parse(&format!("http://x/?{query}")) else { return text.to_owned() };
    url.query_pairs().next().map_or_else(|| text.to_owned(), |(_, value)| value.into_owned())
}

/// Cuts `user:password@` out of a URL that may not be one.
pub(super) fn without_credentials(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
    let host_end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let at = rest[..host_end].rfind('@').map_or(0, |at| at + 1);
    format!("{scheme}://{}", &rest[at..])
}

/// Returns the header that carries credentials.
pub(super) fn authorization(auth: &Auth) -> Result<Option<HeaderValue>, Error> {
    let text = match auth {
        Auth::None => return Ok(None),
        Auth::Bearer(token) => format!("Bearer {}", token.expose()),
        Auth::Basic { username, password } => {
            format!("Basic {}", BASE64_STANDARD.encode(format!("{username}:{}", password.expose())))
        }
    };
    let mut value = HeaderValue::try_from(text).map_err(|_| Error::Credentials)?;
    value.set_sensitive(true);
    Ok(Some(value))
}

/// One request to a repository.
pub(super) struct Call<'a> {
    pub(super) spec: &'a GitSpec,
    /// The repository as shown in errors.
    pub(super) shown: &'a str,
    pub(super) authorization: Option<&'a HeaderValue>,
}

impl Call<'_> {
    /// Sends a request; an answer that is neither success nor redirect becomes an error.
    pub(super) async fn send(&self, request: reqwest::RequestBuilder) -> Result<Response, Error> {
        let request = match self.authorization {
            Some(value) => request.header(AUTHORIZATION, value.clone()),
            None => request,
        };
        let response = request.header("Git-Protocol", "version=2").send().await;
        self.check(response.map_err(|error| self.failed(error))?).await
    }

    async fn check(&self, response: Response) -> Result<Response, Error> {
        let url = || self.shown.to_owned();
        match response.status() {
            // Azure DevOps answers so, with a page to sign in.
            StatusCode::NON_AUTHORITATIVE_INFORMATION | StatusCode::UNAUTHORIZED => {
                Err(Error::Unauthorized { url: url(), sent: self.authorization.is_some() })
            }
            StatusCode::FORBIDDEN => Err(Error::Forbidden { url: url() }),
            StatusCode::NOT_FOUND | StatusCode::GONE => Err(Error::RepositoryNotFound { url: url() }),
            status if status.is_success() || status.is_redirection() => Ok(response),
            status => Err(Error::Status { url: url(), status: status.as_u16(), text: first_line(response).await }),
        }
    }

    /// Says what a failure of the connection means.
    pub(super) fn failed(&self, error: reqwest::Error) -> Error {
        let url = self.shown.to_owned();
        if error.is_timeout() {
            return Error::Timeout { url, after: self.spec.timeout };
        }
        match cause::<rustls::Error>(&error) {
            Some(tls) => Error::Certificate { url, problem: certificate_problem(tls) },
            None => Error::Unreachable { url, source: error.without_url() },
        }
    }
}

/// Returns the first line of an error page, if it is text.
async fn first_line(mut response: Response) -> String {
    const SHOWN: usize = 200;
    let chunk = response.chunk().await.ok().flatten().unwrap_or_default();
    let text = String::from_utf8_lossy(&chunk);
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    if line.starts_with('<') { String::new() } else { line.chars().take(SHOWN).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("https://example.com/a/b.git/", "https://example.com/a/b.git")]
    #[case("https://example.com:8443/a?x=1#y", "https://example.com:8443/a")]
    #[case("http://example.com", "http://example.com/")]
    fn a_url_is_cleaned(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(parse_url(text).unwrap().0.as_str(), expected);
    }

    #[test]
    fn credentials_of_the_url_are_used_and_not_shown() {
        let (url, auth) = parse_url("https://me:p%40ss+word@example.com/a").unwrap();
        assert_eq!(url.as_str(), "https://example.com/a");
        assert_eq!(auth, Auth::Basic { username: "me".into(), password: Secret::new("p@ss+word") });
    }

    #[rstest]
    #[case("git@example.com:a/b", "use the Git URL `git@example.com:a/b`")]
    #[case("ssh://git@example.com/a", "use the Git URL `ssh://example.com/a`: SSH is not supported yet")]
    #[case("ftp://u:secret@example.com/a", "use the Git URL `ftp://example.com/a`: it must begin with")]
    #[case("https://u:secret@exa mple/a", "use the Git URL `https://exa mple/a`")]
    fn other_urls_are_refused(#[case] text: &str, #[case] message: &str) {
        let error = parse_url(text).unwrap_err();
        assert_eq!(error.reason(), "URLInvalid");
        assert!(error.to_string().starts_with(message), "{error}");
    }
}
