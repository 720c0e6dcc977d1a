//! Requests as such: sent, redirected, and what their answers mean. No credentials leave the registry's host.

use jiff::Timestamp;
use reqwest::{
    Client, Method, Response, StatusCode, Url,
    header::{ACCEPT, AUTHORIZATION, HeaderValue, IF_NONE_MATCH, LOCATION, WWW_AUTHENTICATE},
};
use serde::Deserialize;

use super::{Problem, challenge::Challenge, retry::retry_after};
use crate::client::{cause, certificate_problem};

/// Redirects of one request.
const REDIRECTS: usize = 5;

/// Bytes of an error page or a token that are read.
const SMALL: usize = 64 << 10;

/// A request.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    pub(crate) method: Method,
    pub(crate) url: Url,
    accept: &'static str,
    /// What the server calls the content that is here already.
    etag: Option<String>,
}

impl Ask {
    pub(crate) fn new(method: Method, url: Url, accept: &'static str) -> Self {
        Self { method, url, accept, etag: None }
    }

    pub(crate) fn get(url: Url, accept: &'static str) -> Self {
        Self::new(Method::GET, url, accept)
    }

    /// Asks for nothing that is here already.
    pub(crate) fn unless(self, etag: Option<String>) -> Self {
        Self { etag, ..self }
    }

    /// Names the request in errors; a query may hold secrets.
    pub(crate) fn shown(&self) -> String {
        let mut url = self.url.clone();
        url.set_query(None);
        format!("{} {url}", self.method)
    }

    pub(crate) fn protocol(&self, problem: impl Into<String>) -> Problem {
        Problem::Protocol { asked: self.shown(), problem: problem.into() }
    }

    /// Says what a failure of the connection means. Something that is no TLS at all is plain HTTP, most of the time.
    pub(crate) fn failed(&self, error: reqwest::Error) -> Problem {
        match cause::<rustls::Error>(&error) {
            Some(tls) if !matches!(tls, rustls::Error::InvalidMessage(_)) => {
                Problem::Certificate { asked: self.shown(), problem: certificate_problem(tls) }
            }
            _ => Problem::Unreachable { asked: self.shown(), source: error.without_url() },
        }
    }

    /// Sends the request, and follows where it is sent to; credentials go to the host that they are for.
    pub(crate) async fn send(&self, client: &Client, authorization: Option<&HeaderValue>) -> Result<Response, Problem> {
        let mut url = self.url.clone();
        for _ in 0..=REDIRECTS {
            let mut request = client.request(self.method.clone(), url.clone()).header(ACCEPT, self.accept);
            if let Some(etag) = &self.etag {
                request = request.header(IF_NONE_MATCH, etag);
            }
            if let Some(value) = authorization.filter(|_| same_origin(&self.url, &url)) {
                request = request.header(AUTHORIZATION, value.clone());
            }
            let response = request.send().await.map_err(|error| self.failed(error))?;
            if !response.status().is_redirection() || response.status() == StatusCode::NOT_MODIFIED {
                return Ok(response);
            }
            url = self.next(&url, &response)?;
        }
        Err(self.redirect(&url, "there are too many redirects"))
    }

    fn next(&self, from: &Url, response: &Response) -> Result<Url, Problem> {
        let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
        let location = location.ok_or_else(|| self.protocol("a redirect says not where to"))?;
        let to = from.join(location).map_err(|_| self.protocol("a redirect leads to what is no URL"))?;
        match (from.scheme(), to.scheme()) {
            ("https", "http") => Err(self.redirect(&to, "it is not encrypted")),
            (_, "http" | "https") => Ok(to),
            _ => Err(self.redirect(&to, "it is neither HTTP nor HTTPS")),
        }
    }

    fn redirect(&self, to: &Url, problem: &'static str) -> Problem {
        let to = to.host_str().unwrap_or_default().to_owned();
        Problem::Redirect { asked: self.shown(), to, problem }
    }

    /// Makes an error of an answer that is no success.
    pub(crate) async fn check(&self, response: Response, sent: bool) -> Result<Response, Problem> {
        let (asked, status) = (self.shown(), response.status());
        if status.is_success() {
            return Ok(response);
        }
        let after = retry_after(response.headers(), Timestamp::now());
        let text = text(response).await;
        Err(match status.as_u16() {
            401 | 403 => Problem::Denied { asked, status: status.as_u16(), text, sent },
            404 => Problem::NotFound { asked, text },
            429 => Problem::Throttled { asked, after },
            status => Problem::Status { asked, status, text, after },
        })
    }

    /// Reads a body of at most so many bytes.
    pub(crate) async fn body(&self, mut response: Response, most: usize) -> Result<Vec<u8>, Problem> {
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.failed(error))? {
            if bytes.len() + chunk.len() > most {
                return Err(self.protocol(format!("the answer is longer than {} KiB", most >> 10)));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }
}

/// Returns what an answer asks for.
pub(super) fn challenge(response: &Response) -> Option<Challenge> {
    let headers = response.headers().get_all(WWW_AUTHENTICATE);
    Challenge::pick(headers.iter().filter_map(|value| value.to_str().ok()))
}

pub(crate) fn same_origin(a: &Url, b: &Url) -> bool {
    let origin = |url: &Url| (url.scheme().to_owned(), url.host_str().map(str::to_owned), url.port_or_known_default());
    origin(a) == origin(b)
}

/// Reads the answer of who gives tokens.
pub(super) async fn small(ask: &Ask, response: Response) -> Result<Vec<u8>, Problem> {
    ask.body(response, SMALL).await
}

#[derive(Deserialize)]
struct Complaints {
    errors: Vec<Complaint>,
}

#[derive(Deserialize)]
struct Complaint {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
}

async fn text(mut response: Response) -> String {
    let mut bytes = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > SMALL {
            break;
        }
    }
    complaint(&bytes)
}

/// Returns what a registry says in an error, in one line.
fn complaint(bytes: &[u8]) -> String {
    const SHOWN: usize = 300;
    let said = match serde_json::from_slice::<Complaints>(bytes) {
        Ok(Complaints { errors }) => {
            let one = |Complaint { code, message }: Complaint| format!("{code}: {message}");
            errors.into_iter().map(one).collect::<Vec<_>>().join("; ")
        }
        Err(_) => String::from_utf8_lossy(bytes).trim().lines().next().unwrap_or_default().to_owned(),
    };
    let line = said.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.starts_with('<') { String::new() } else { line.chars().take(SHOWN).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(r#"{"errors":[{"code":"DENIED","message":"no\naccess"},{"code":"X"}]}"#, "DENIED: no access; X:")]
    #[case("upstream is down\nsecond line", "upstream is down")]
    #[case("<html>sign in</html>", "")]
    #[case("", "")]
    fn an_error_is_told_in_one_line(#[case] body: &str, #[case] expected: &str) {
        assert_eq!(complaint(body.as_bytes()), expected);
    }

    #[rstest]
    #[case("https://a/v2/", "https://a:443/v2/x", true)]
    #[case("https://a/", "https://b/", false)]
    #[case("https://a/", "https://a:8443/", false)]
    #[case("http://a:443/", "https://a/", false)]
    fn credentials_stay_at_their_origin(#[case] a: &str, #[case] b: &str, #[case] same: bool) {
        assert_eq!(same_origin(&Url::parse(a).unwrap(), &Url::parse(b).unwrap()), same);
    }

    #[test]
    fn an_address_is_shown_without_its_query() {
        let ask = Ask::get(Url::parse("https://a/blob?sig=hunter2").unwrap(), "*/*");
        assert_eq!(ask.shown(), "GET https://a/blob");
    }
}
