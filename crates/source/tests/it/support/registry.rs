//! A registry in memory: manifests, blobs, lists of tags, tokens, and every bad answer on request.

use std::{
    collections::HashMap,
    fmt::Write as _,
    sync::{Arc, Mutex, MutexGuard},
};

use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    extract::{Request, State},
    http::{HeaderMap, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use flate2::{Compression, write::GzEncoder};
use futures::{StreamExt, stream};
use serde_json::{Value, json};
use sluice_object::Digest;
use sluice_source::oci::{OciRef, OciSpec};
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_rustls::TlsAcceptor;

use super::server::TlsListener;

pub(crate) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub(crate) const INDEX: &str = "application/vnd.oci.image.index.v1+json";
pub(crate) const CONTENT: &str = "application/vnd.cncf.flux.content.v1.tar+gzip";

/// What is answered once in place of the content.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
    /// A status, with a header and a body.
    Status(u16, &'static str, String),
    /// The right headers, and half of the body.
    Cut,
    /// Another body under the right name.
    Other(Vec<u8>),
    /// A redirect.
    Redirect(String),
    /// Nothing.
    Never,
}

/// How the registry wants to be asked.
#[derive(Debug, Clone, Default)]
pub(crate) enum Auth {
    #[default]
    Anyone,
    /// With this `Authorization` in each request.
    Basic(String),
    /// With a token, which a realm gives.
    Bearer { realm: String },
}

#[derive(Default)]
struct Content {
    manifests: HashMap<String, (String, Vec<u8>)>,
    blobs: HashMap<String, Vec<u8>>,
    tags: Vec<String>,
    /// Tags of a page, where they come in pages.
    page: Option<usize>,
    /// A link to the next page, whatever the page.
    link: Option<String>,
    /// Part of a path, and what is answered there, as often as it is in the list.
    faults: Vec<(String, Fault)>,
    /// Whether `HEAD` tells no digest.
    mute: bool,
    auth: Auth,
    /// The `Authorization` or the refresh token that the realm takes; everybody gets a token without.
    user: Option<String>,
    tokens: usize,
    /// Tokens up to this one are not taken any more.
    revoked: usize,
    requests: Vec<Asked>,
}

/// A request as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) what: String,
    pub(crate) authorization: Option<String>,
}

/// A registry that stops when it is dropped.
pub(crate) struct Registry {
    pub(crate) port: u16,
    content: Arc<Mutex<Content>>,
    task: JoinHandle<()>,
}

impl Registry {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("port");
        let (port, content) = (listener.local_addr().expect("address").port(), Arc::default());
        let router = router(&content);
        let task = tokio::spawn(async move { axum::serve(listener, router).await.expect("serve") });
        Self { port, content, task }
    }

    pub(crate) async fn start_tls(acceptor: &TlsAcceptor) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("port");
        let (port, content) = (listener.local_addr().expect("address").port(), Arc::default());
        let router = router(&content);
        let listener = TlsListener { listener, acceptor: acceptor.clone() };
        let task = tokio::spawn(async move { axum::serve(listener, router).await.expect("serve") });
        Self { port, content, task }
    }

    pub(crate) fn host(&self) -> String {
        format!("localhost:{}", self.port)
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.host())
    }

    pub(crate) fn spec(&self) -> OciSpec {
        OciSpec::new(format!("oci://{}/org/app", self.host()))
    }

    pub(crate) fn tagged(&self, tag: &str) -> OciSpec {
        OciSpec { reference: OciRef::Tag(tag.into()), ..self.spec() }
    }

    pub(crate) fn blob(&self, bytes: Vec<u8>) -> Digest {
        let digest = Digest::sha256(&bytes);
        self.lock().blobs.insert(digest.to_string(), bytes);
        digest
    }

    /// Stores a manifest under its digest and a tag.
    pub(crate) fn manifest(&self, tag: &str, media_type: &str, manifest: &Value) -> Digest {
        let bytes = manifest.to_string().into_bytes();
        let digest = Digest::sha256(&bytes);
        let mut content = self.lock();
        content.manifests.insert(digest.to_string(), (media_type.into(), bytes.clone()));
        content.manifests.insert(tag.into(), (media_type.into(), bytes));
        content.tags.push(tag.into());
        digest
    }

    /// Pushes files as one layer.
    pub(crate) fn push(&self, tag: &str, files: &[(&str, &str)]) -> Digest {
        let layer = archive(files);
        self.manifest(tag, MANIFEST, &json!({"layers": [self.layer(CONTENT, layer)], "annotations": {"from": tag}}))
    }

    pub(crate) fn layer(&self, media_type: &str, bytes: Vec<u8>) -> Value {
        let size = bytes.len();
        json!({"mediaType": media_type, "digest": self.blob(bytes).as_str(), "size": size})
    }

    pub(crate) fn tags(&self, tags: impl IntoIterator<Item = String>, page: usize) {
        let mut content = self.lock();
        (content.tags, content.page) = (tags.into_iter().collect(), Some(page));
    }

    pub(crate) fn link(&self, link: &str) {
        self.lock().link = Some(link.into());
    }

    pub(crate) fn fault(&self, path: &str, fault: Fault) {
        self.lock().faults.push((path.into(), fault));
    }

    pub(crate) fn mute(&self) {
        self.lock().mute = true;
    }

    pub(crate) fn auth(&self, auth: Auth, user: Option<&str>) {
        let mut content = self.lock();
        (content.auth, content.user) = (auth, user.map(Into::into));
    }

    pub(crate) fn revoke(&self) {
        let mut content = self.lock();
        content.revoked = content.tokens;
    }

    /// Returns what was asked since the last time.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        std::mem::take(&mut self.lock().requests)
    }

    pub(crate) fn paths(&self) -> Vec<String> {
        self.asked().into_iter().map(|asked| asked.what).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Content> {
        self.content.lock().expect("lock")
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Packs files; a name that ends with `.sh` is executable.
pub(crate) fn archive(files: &[(&str, &str)]) -> Vec<u8> {
    let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (name, text) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(if name.ends_with(".sh") { 0o755 } else { 0o644 });
        tar.append_data(&mut header, name, text.as_bytes()).expect("append");
    }
    tar.into_inner().and_then(GzEncoder::finish).expect("archive")
}

fn router(content: &Arc<Mutex<Content>>) -> Router {
    Router::new().fallback(handle).with_state(content.clone())
}

async fn handle(State(content): State<Arc<Mutex<Content>>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.expect("body");
    let target = parts.uri.path_and_query().map_or_else(String::new, ToString::to_string);
    let authorization = text(&parts.headers, "authorization");
    let fault = {
        let mut content = content.lock().expect("lock");
        let what = format!("{} {target}", parts.method);
        content.requests.push(Asked { what, authorization: authorization.clone() });
        let found = content.faults.iter().position(|(path, _)| target.contains(path.as_str()));
        found.map(|at| content.faults.remove(at).1)
    };
    let good = || content.lock().expect("lock").answer(&parts.method, &target, authorization.as_deref(), &body);
    match fault {
        None => good(),
        Some(Fault::Status(status, header, body)) => status_of(status, header, body),
        Some(Fault::Redirect(to)) => (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, to)]).into_response(),
        Some(Fault::Other(bytes)) => replaced(good(), bytes),
        Some(Fault::Cut) => cut(good()).await,
        Some(Fault::Never) => std::future::pending().await,
    }
}

fn status_of(status: u16, header: &str, body: String) -> Response {
    let mut response = (StatusCode::from_u16(status).expect("status"), body).into_response();
    if let Some((name, value)) = header.split_once(": ") {
        let name = header::HeaderName::try_from(name).expect("name");
        response.headers_mut().insert(name, value.parse().expect("value"));
    }
    response
}

fn replaced(mut response: Response, bytes: Vec<u8>) -> Response {
    response.headers_mut().remove(header::CONTENT_LENGTH);
    *response.body_mut() = bytes.into();
    response
}

async fn cut(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    let bytes = to_bytes(body, usize::MAX).await.expect("body");
    parts.headers.insert(header::CONTENT_LENGTH, bytes.len().into());
    let half = bytes.slice(..bytes.len() / 2);
    let chunks = stream::iter([Ok(half)]).chain(stream::once(async {
        // The first half is sent before the connection ends.
        tokio::task::yield_now().await;
        Err(std::io::Error::other("cut"))
    }));
    Response::from_parts(parts, Body::from_stream(chunks))
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    Some(headers.get(name)?.to_str().expect("text").to_owned())
}

impl Content {
    fn answer(&mut self, method: &Method, target: &str, authorization: Option<&str>, body: &Bytes) -> Response {
        if target.starts_with("/token") {
            return self.token(authorization, body);
        }
        if let Some(refusal) = self.refuse(authorization) {
            return refusal;
        }
        let path = target.split('?').next().unwrap_or_default();
        match path.strip_prefix("/v2/org/app/") {
            None if path == "/v2/" => StatusCode::OK.into_response(),
            Some("tags/list") => self.list(target),
            Some(rest) if rest.starts_with("manifests/") => self.manifest(method, &rest["manifests/".len()..]),
            Some(rest) if rest.starts_with("blobs/") => self.blob(&rest["blobs/".len()..]),
            _ => not_found("NAME_UNKNOWN"),
        }
    }

    fn refuse(&self, authorization: Option<&str>) -> Option<Response> {
        let challenge = match &self.auth {
            Auth::Anyone => return None,
            Auth::Basic(expected) if authorization == Some(expected) => return None,
            Auth::Basic(_) => "Basic realm=\"registry\"".to_owned(),
            Auth::Bearer { realm } => {
                let number = authorization.and_then(|text| text.strip_prefix("Bearer token-")?.parse::<usize>().ok());
                if number.is_some_and(|number| number > self.revoked) {
                    return None;
                }
                format!("Bearer realm=\"{realm}\",service=\"registry\",scope=\"repository:org/app:pull\"")
            }
        };
        let body = json!({"errors": [{"code": "UNAUTHORIZED", "message": "authentication required"}]}).to_string();
        Some((StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, challenge)], body).into_response())
    }

    fn token(&mut self, authorization: Option<&str>, body: &Bytes) -> Response {
        let form = String::from_utf8_lossy(body);
        let allowed = self.user.as_deref().is_none_or(|user| authorization == Some(user) || form.contains(user));
        if !allowed {
            return (StatusCode::UNAUTHORIZED, "{}").into_response();
        }
        self.tokens += 1;
        json!({"token": format!("token-{}", self.tokens), "expires_in": 300}).to_string().into_response()
    }

    fn manifest(&self, method: &Method, name: &str) -> Response {
        let Some((media_type, bytes)) = self.manifests.get(name) else { return not_found("MANIFEST_UNKNOWN") };
        let mut response = ([(header::CONTENT_TYPE, media_type.clone())], bytes.clone()).into_response();
        if !(self.mute && method == Method::HEAD) {
            let digest = Digest::sha256(bytes).to_string().parse().expect("value");
            response.headers_mut().insert("docker-content-digest", digest);
        }
        response
    }

    fn blob(&self, digest: &str) -> Response {
        self.blobs.get(digest).map_or_else(|| not_found("BLOB_UNKNOWN"), |bytes| bytes.clone().into_response())
    }

    fn list(&self, target: &str) -> Response {
        let last = target.split_once("last=").map(|(_, last)| last.split('&').next().unwrap_or_default());
        let from = last.and_then(|last| self.tags.iter().position(|tag| tag == last)).map_or(0, |at| at + 1);
        let page: Vec<&String> = self.tags.iter().skip(from).take(self.page.unwrap_or(usize::MAX)).collect();
        let mut link = String::new();
        if let (Some(last), true) = (page.last(), from + page.len() < self.tags.len()) {
            write!(link, "</v2/org/app/tags/list?last={last}&n=2>; rel=\"next\"").expect("link");
        }
        let link = self.link.clone().unwrap_or(link);
        let mut response = json!({"name": "org/app", "tags": page}).to_string().into_response();
        if !link.is_empty() {
            response.headers_mut().insert(header::LINK, link.parse().expect("link"));
        }
        response
    }
}

fn not_found(code: &str) -> Response {
    let body = json!({"errors": [{"code": code, "message": "unknown"}]}).to_string();
    (StatusCode::NOT_FOUND, body).into_response()
}
