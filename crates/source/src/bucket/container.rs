//! A container as one identity sees it: requests, and what their failures mean.

use std::{
    error::Error as StdError,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures::StreamExt;
use http::{Request, StatusCode};
use object_store::{
    GetOptions, ObjectStore,
    azure::{AzureAuthorizer, AzureCredential, MicrosoftAzure},
    client::{HttpClient, HttpRequestBody, HttpResponse},
    path::Path,
};
use reqwest::Url;

use super::{Error, endpoint::Endpoint, page::Page};
use crate::{
    Limit, Limits,
    client::{cause, certificate_problem},
    ignore,
    store::{Received, Store},
};

/// Bytes of a page of a listing: 5,000 blobs with long names have some 10 MiB.
const PAGE: usize = 32 << 20;

/// Bytes of a `.sourceignore`.
const RULES: u64 = 256 << 10;

/// How long a token may take: where there is no metadata service, a connection to it hangs.
const TOKEN: Duration = Duration::from_secs(15);

/// A container, with a cache of its tokens.
#[derive(Debug)]
pub(super) struct Container {
    pub(super) name: String,
    /// Without what may be secret.
    pub(super) endpoint: String,
    account: String,
    /// Who gets tokens, if tokens are used.
    identity: Option<String>,
    http: HttpClient,
    store: MicrosoftAzure,
    /// The `.sourceignore` that was read last, with its etag.
    rules: Mutex<Option<(String, Arc<str>)>>,
}

impl Container {
    pub(super) fn new(
        name: String,
        endpoint: Endpoint,
        identity: Option<String>,
        http: HttpClient,
        store: MicrosoftAzure,
    ) -> Self {
        let Endpoint { url: endpoint, account, .. } = endpoint;
        Self { name, endpoint, account, identity, http, store, rules: Mutex::default() }
    }

    /// Gets the credential; tokens are kept until they are about to run out.
    pub(super) async fn credential(&self) -> Result<Arc<AzureCredential>, Error> {
        let failed = |problem: String| Error::Identity { identity: self.identity.clone().unwrap_or_default(), problem };
        let token = tokio::time::timeout(TOKEN, self.store.credentials().get_credential()).await;
        let token = token.map_err(|_| failed(format!("no answer within {TOKEN:?}")))?;
        token.map_err(|error| failed(short(&error.to_string())))
    }

    /// Lists a page of blobs. Not by object_store: it drops the `/` by which names of folders are known, takes prefixes
    /// for folders, and refuses a whole page for one name.
    pub(super) async fn page(&self, prefix: &str, marker: Option<&str>) -> Result<Page, Error> {
        let credential = self.credential().await?;
        let uri = self.listing_url(prefix, marker)?;
        let mut request =
            Request::get(uri.as_str()).body(HttpRequestBody::empty()).map_err(|error| self.odd(&error))?;
        let authorizer = AzureAuthorizer::new(&credential, &self.account);
        authorizer.try_authorize(&mut request).map_err(|error| self.odd(&error))?;
        let response = self.http.execute(request).await.map_err(|error| self.failed(&error))?;
        let text = self.text(self.check(response)?).await?;
        Page::parse(&text).map_err(|problem| self.request(format!("understand the listing: {problem}")))
    }

    fn listing_url(&self, prefix: &str, marker: Option<&str>) -> Result<Url, Error> {
        let mut url = Url::parse(&format!("{}/{}", self.endpoint, self.name)).map_err(|error| self.odd(&error))?;
        url.query_pairs_mut().extend_pairs([("restype", "container"), ("comp", "list")]);
        let optional = [("prefix", Some(prefix).filter(|prefix| !prefix.is_empty())), ("marker", marker)];
        url.query_pairs_mut().extend_pairs(optional.into_iter().filter_map(|(key, value)| Some((key, value?))));
        Ok(url)
    }

    fn check(&self, response: HttpResponse) -> Result<HttpResponse, Error> {
        let code = response.headers().get("x-ms-error-code").and_then(|code| code.to_str().ok()).unwrap_or_default();
        match response.status() {
            status if status.is_success() => Ok(response),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(self.denied(response.status().as_u16(), code)),
            StatusCode::NOT_FOUND if matches!(code, "ContainerNotFound" | "ContainerBeingDeleted" | "") => {
                Err(Error::BucketNotFound { bucket: self.name.clone(), endpoint: self.endpoint.clone() })
            }
            status => Err(self.request(format!("the server answered with status {} {code}", status.as_u16()))),
        }
    }

    async fn text(&self, response: HttpResponse) -> Result<String, Error> {
        let (mut body, mut bytes) = (response.into_body().bytes_stream(), Vec::new());
        while let Some(chunk) = body.next().await {
            bytes.extend_from_slice(&chunk.map_err(|error| self.failed(&error))?);
            if bytes.len() > PAGE {
                return Err(self.request(format!("a page of the listing has more than {} MiB", PAGE >> 20)));
            }
        }
        String::from_utf8(bytes).map_err(|_| self.request("the listing is not UTF-8".into()))
    }

    /// Returns the text of the `.sourceignore` at the root; it is read again only when it has changed.
    pub(super) async fn rules(&self) -> Result<Option<Arc<str>>, Error> {
        let known = self.known_rules();
        let options =
            GetOptions { if_none_match: known.as_ref().map(|(etag, _)| etag.clone()), ..GetOptions::default() };
        let found = match self.store.get_opts(&Path::from(ignore::FILE), options).await {
            Err(object_store::Error::NotModified { .. }) => return Ok(known.map(|(_, text)| text)),
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            other => other.map_err(|error| self.unread(ignore::FILE, &error))?,
        };
        if found.meta.size > RULES {
            return Err(self.request(format!("`{}` is larger than {} KiB", ignore::FILE, RULES >> 10)));
        }
        let etag = found.meta.e_tag.clone();
        let bytes = found.bytes().await.map_err(|error| self.unread(ignore::FILE, &error))?;
        let text: Arc<str> = String::from_utf8_lossy(&bytes).into();
        *self.rules.lock().unwrap_or_else(PoisonError::into_inner) = etag.map(|etag| (etag, text.clone()));
        Ok(Some(text))
    }

    fn known_rules(&self) -> Option<(String, Arc<str>)> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Downloads a blob as it was listed, chunk by chunk, into the store.
    pub(super) async fn download(
        &self,
        key: &str,
        etag: &str,
        limits: &Limits,
        store: &Store,
    ) -> Result<Received, Error> {
        let path = Path::parse(key).map_err(|error| self.odd(&error))?;
        let options = GetOptions { if_match: Some(etag.to_owned()), ..GetOptions::default() };
        let found = self.store.get_opts(&path, options).await.map_err(|error| self.unread(key, &error))?;
        let (mut chunks, mut file) = (found.into_stream(), store.incoming()?);
        while let Some(chunk) = chunks.next().await {
            file.write(&chunk.map_err(|error| self.unread(key, &error))?).await?;
            limits.check(Limit::File, file.size(), key)?;
        }
        Ok(file.finish().await?)
    }

    /// Says why a blob could not be read. One that is gone or another since the listing is listed again.
    fn unread(&self, key: &str, error: &object_store::Error) -> Error {
        use object_store::Error as E;
        match error {
            E::NotFound { .. } | E::Precondition { .. } => {
                Error::Changed { bucket: self.name.clone(), key: key.to_owned() }
            }
            E::PermissionDenied { source, .. } => self.denied(403, code(&source.to_string())),
            E::Unauthenticated { source, .. } => self.denied(401, code(&source.to_string())),
            error => self.failed(error),
        }
    }

    fn denied(&self, status: u16, code: &str) -> Error {
        let (bucket, endpoint) = (self.name.clone(), self.endpoint.clone());
        Error::Denied { bucket, endpoint, status, code: code.to_owned() }
    }

    /// Says what a failure of the connection means.
    fn failed(&self, error: &(dyn StdError + 'static)) -> Error {
        match cause::<rustls::Error>(error) {
            Some(tls) => Error::Certificate { endpoint: self.endpoint.clone(), problem: certificate_problem(tls) },
            None => self.request(short(&innermost(error))),
        }
    }

    fn request(&self, problem: String) -> Error {
        Error::Request { bucket: self.name.clone(), endpoint: self.endpoint.clone(), problem }
    }

    fn odd(&self, error: &dyn StdError) -> Error {
        self.request(short(&error.to_string()))
    }
}

/// Error pages name what is wrong in one word.
fn code(text: &str) -> &str {
    let inner = text.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>"));
    inner.map_or("", |(code, _)| code)
}

fn innermost(error: &(dyn StdError + 'static)) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    last.to_string()
}

/// Cuts a foreign text to one line that fits into a condition.
fn short(text: &str) -> String {
    const SHOWN: usize = 500;
    text.lines().map(str::trim).collect::<Vec<_>>().join(" ").chars().take(SHOWN).collect()
}

#[cfg(test)]
mod tests {
    use super::{code, short};

    #[test]
    fn an_error_page_is_reduced_to_its_code() {
        assert_eq!(
            code("status 403: <?xml?><Error><Code>AuthorizationFailure</Code><Message>x"),
            "AuthorizationFailure"
        );
        assert_eq!(code("no page"), "");
    }

    #[test]
    fn a_foreign_text_is_one_short_line() {
        assert_eq!(short("a\r\n  b"), "a b");
        assert_eq!(short(&"é".repeat(600)).chars().count(), 500);
    }
}
