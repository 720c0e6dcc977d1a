//! Single files from the web, without credentials but those in the URL.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::{Response, StatusCode, Url, header::LOCATION};

use crate::{
    Limit, LimitExceeded, Limits,
    client::{Clients, Tls},
};

/// How long a file may take.
const TIMEOUT: Duration = Duration::from_secs(60);

/// As many as Go's client follows.
const REDIRECTS: usize = 10;

/// Why a file could not be had. URLs are not told: they may hold secrets, and who asks knows them.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is no URL of the web.
    #[error("it is no URL that begins with `https://` or `http://`")]
    Url,
    /// No client could be made, or there was no answer.
    #[error("the server does not answer")]
    Unreachable(#[source] reqwest::Error),
    /// The server has something else to say.
    #[error("the server answered {0}")]
    Status(StatusCode),
    /// The server sends from one place to the next.
    #[error("the server redirected more than {REDIRECTS} times")]
    Redirects,
    /// It takes too long.
    #[error("it took more than {} s", TIMEOUT.as_secs())]
    Timeout,
    /// It is too large.
    #[error(transparent)]
    Limit(#[from] LimitExceeded),
}

/// Reads files at URLs.
#[derive(Debug)]
pub struct Downloads {
    clients: Clients,
}

impl Default for Downloads {
    fn default() -> Self {
        Self { clients: Clients::new(concat!("sluice/", env!("CARGO_PKG_VERSION"))) }
    }
}

impl Downloads {
    /// Reads a file. Redirects are followed.
    ///
    /// # Errors
    /// When the server does not answer with a file, or it is larger than a file may be.
    pub async fn get(&self, url: &str, limits: &Limits) -> Result<Bytes, Error> {
        tokio::time::timeout(TIMEOUT, self.follow(url, limits)).await.unwrap_or(Err(Error::Timeout))
    }

    async fn follow(&self, url: &str, limits: &Limits) -> Result<Bytes, Error> {
        let mut url = Url::parse(url).map_err(|_| Error::Url)?;
        let client = self.clients.get(&Tls::default(), None).map_err(unreachable)?;
        for _ in 0..=REDIRECTS {
            if !matches!(url.scheme(), "http" | "https") {
                return Err(Error::Url);
            }
            let answer = client.get(url.clone()).send().await.map_err(unreachable)?;
            match target(&url, &answer) {
                Some(next) => url = next,
                None if answer.status().is_success() => return body(answer, limits, &shown(url)).await,
                None => return Err(Error::Status(answer.status())),
            }
        }
        Err(Error::Redirects)
    }
}

fn target(from: &Url, answer: &Response) -> Option<Url> {
    let location = answer.headers().get(LOCATION).filter(|_| answer.status().is_redirection())?;
    from.join(location.to_str().ok()?).ok()
}

async fn body(mut answer: Response, limits: &Limits, shown: &str) -> Result<Bytes, Error> {
    let mut bytes = BytesMut::new();
    while let Some(chunk) = answer.chunk().await.map_err(unreachable)? {
        bytes.extend_from_slice(&chunk);
        limits.check(Limit::File, bytes.len() as u64, shown)?;
    }
    Ok(bytes.freeze())
}

fn shown(mut url: Url) -> String {
    // Both can only fail for URLs without a host.
    let _ = (url.set_username(""), url.set_password(None));
    url.set_query(None);
    url.into()
}

fn unreachable(error: reqwest::Error) -> Error {
    Error::Unreachable(error.without_url())
}
