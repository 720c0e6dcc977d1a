//! `git http-backend` behind HTTP, with a record of what was asked.

use std::{
    future::pending,
    net::SocketAddr,
    path::PathBuf,
    process::Stdio,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use sluice_source::git::GitSpec;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    process::{ChildStdout, Command},
    task::JoinHandle,
};
use tokio_rustls::{TlsAcceptor, rustls, server::TlsStream};
use tokio_util::io::ReaderStream;

/// How the server answers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum Answer {
    /// As Git does.
    #[default]
    Git,
    /// As a Git that knows protocol 0 only.
    OldGit,
    /// Git, for those who have this `Authorization`.
    To(&'static str),
    Status(u16, &'static str),
    /// To another server, with the same path.
    Redirect(String),
    /// To a page.
    RedirectToPage,
    Page,
    Never,
}

struct Shared {
    root: PathBuf,
    answer: Mutex<Answer>,
    requests: Mutex<Vec<String>>,
    authorizations: Mutex<Vec<Option<String>>>,
}

/// A server that stops when it is dropped.
pub(crate) struct Server {
    scheme: &'static str,
    address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

impl Server {
    pub(crate) async fn start(root: PathBuf, answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("port");
        let address = listener.local_addr().expect("address");
        let shared = shared(root, answer);
        let router = router(&shared);
        let task = tokio::spawn(async move { axum::serve(listener, router).await.expect("serve") });
        Self { scheme: "http", address, shared, task }
    }

    pub(crate) async fn start_tls(root: PathBuf, tls: &Tls) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("port");
        let address = listener.local_addr().expect("address");
        let shared = shared(root, Answer::Git);
        let router = router(&shared);
        let listener = TlsListener { listener, acceptor: tls.acceptor.clone() };
        let task = tokio::spawn(async move { axum::serve(listener, router).await.expect("serve") });
        Self { scheme: "https", address, shared, task }
    }

    pub(crate) fn url(&self) -> String {
        format!("{}://localhost:{}/repo", self.scheme, self.address.port())
    }

    pub(crate) fn spec(&self) -> GitSpec {
        GitSpec { reference: super::branch("main"), ..GitSpec::new(self.url()) }
    }

    pub(crate) fn answer(&self, answer: Answer) {
        *self.shared.answer.lock().expect("lock") = answer;
    }

    /// Returns what was asked since the last time, as `<method> <last part of the path>`.
    pub(crate) fn requests(&self) -> Vec<String> {
        std::mem::take(&mut *self.shared.requests.lock().expect("lock"))
    }

    pub(crate) fn authorizations(&self) -> Vec<Option<String>> {
        self.shared.authorizations.lock().expect("lock").clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn shared(root: PathBuf, answer: Answer) -> Arc<Shared> {
    let (requests, authorizations) = (Mutex::default(), Mutex::default());
    Arc::new(Shared { root, answer: Mutex::new(answer), requests, authorizations })
}

fn router(shared: &Arc<Shared>) -> Router {
    Router::new().fallback(handle).with_state(shared.clone())
}

async fn handle(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let last = path.rsplit('/').next().unwrap_or_default();
    shared.requests.lock().expect("lock").push(format!("{} {last}", request.method()));
    let authorization = text(request.headers(), header::AUTHORIZATION.as_str());
    shared.authorizations.lock().expect("lock").push(authorization.clone());
    let answer = shared.answer.lock().expect("lock").clone();
    match answer {
        Answer::Git => backend(&shared.root, request, true).await,
        Answer::OldGit => backend(&shared.root, request, false).await,
        Answer::To(expected) if authorization.as_deref() == Some(expected) => {
            backend(&shared.root, request, true).await
        }
        Answer::To(_) => StatusCode::UNAUTHORIZED.into_response(),
        Answer::Status(status, text) => (StatusCode::from_u16(status).expect("status"), text).into_response(),
        Answer::Redirect(to) => redirect(&format!("{to}{}", request.uri())),
        Answer::RedirectToPage => redirect("/login?next=secret"),
        Answer::Page => "<html>".into_response(),
        Answer::Never => pending().await,
    }
}

fn redirect(to: &str) -> Response {
    (StatusCode::MOVED_PERMANENTLY, [(header::LOCATION, to)]).into_response()
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    Some(headers.get(name)?.to_str().expect("text").to_owned())
}

async fn backend(root: &PathBuf, request: Request, new: bool) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.expect("body");
    let protocol = text(&parts.headers, "git-protocol").filter(|_| new);
    let mut child = Command::new("git")
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("REQUEST_METHOD", parts.method.as_str())
        .env("PATH_INFO", parts.uri.path())
        .env("QUERY_STRING", parts.uri.query().unwrap_or_default())
        .env("CONTENT_TYPE", text(&parts.headers, "content-type").unwrap_or_default())
        .env("CONTENT_LENGTH", body.len().to_string())
        .env("GIT_PROTOCOL", protocol.unwrap_or_default())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the `git` program");
    let mut stdin = child.stdin.take().expect("stdin");
    // Git may close its end early.
    tokio::spawn(async move { stdin.write_all(&body).await });
    let output = BufReader::new(child.stdout.take().expect("stdout"));
    tokio::spawn(async move { child.wait().await });
    answer_of(output).await
}

/// Passes on what a CGI program writes, as it comes.
async fn answer_of(mut output: BufReader<ChildStdout>) -> Response {
    let mut response = Response::builder();
    loop {
        let mut line = String::new();
        output.read_line(&mut line).await.expect("header");
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        response = match name {
            "Status" => response.status(value[..3].parse::<u16>().expect("status")),
            name => response.header(name, value),
        };
    }
    response.body(Body::from_stream(ReaderStream::new(output))).expect("response")
}

/// A certificate for `localhost` that signs itself.
pub(crate) struct Tls {
    pub(crate) pem: Vec<u8>,
    pub(crate) acceptor: TlsAcceptor,
}

impl Tls {
    pub(crate) fn new() -> Self {
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(vec!["localhost".to_owned()]).expect("certificate");
        let key = rustls::pki_types::PrivateKeyDer::try_from(signing_key.serialize_der()).expect("key");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key)
            .expect("configuration");
        Self { pem: cert.pem().into_bytes(), acceptor: TlsAcceptor::from(Arc::new(config)) }
    }
}

pub(crate) struct TlsListener {
    pub(crate) listener: TcpListener,
    pub(crate) acceptor: TlsAcceptor,
}

impl axum::serve::Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let (stream, address) = self.listener.accept().await.expect("accept");
            if let Ok(stream) = self.acceptor.accept(stream).await {
                return (stream, address);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}
