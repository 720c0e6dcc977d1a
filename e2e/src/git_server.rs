//! A Git server over smart HTTP for tests and the demo: `git http-backend` behind a few lines of
//! HTTP, with the failures and the bookkeeping that tests need.
//!
//! ```text
//! Repo (a work tree below the root) ◄── git http-backend ◄── auth, count ◄── http or https on 127.0.0.1
//! ```

mod cgi;
mod repo;
mod tls;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub use self::repo::{GitError, Repo};
pub use self::tls::Tls;

/// The largest push that is taken.
const BODY: usize = 64 << 20;

/// Who may come in.
#[derive(Clone, PartialEq, Eq, Default)]
pub enum Auth {
    /// Everybody.
    #[default]
    Open,
    /// Who knows a user name and a password.
    Basic {
        /// The user name.
        user: String,
        /// The password.
        password: String,
    },
    /// Who carries a token.
    Bearer(String),
}

impl std::fmt::Debug for Auth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Open => "Open",
            Self::Basic { .. } => "Basic(***)",
            Self::Bearer(_) => "Bearer(***)",
        })
    }
}

/// How a server is started.
#[derive(Debug, Clone, Default)]
pub struct ServerOptions {
    /// Who may come in.
    pub auth: Auth,
    /// The certificate to show; plain HTTP without.
    pub tls: Option<Tls>,
}

/// What a request asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Service {
    /// The first request of every conversation: the server's capabilities, and with the old
    /// protocol its references.
    InfoRefs,
    /// The references, with protocol 2: how a client looks whether something has moved.
    LsRefs,
    /// Objects: a clone or a fetch.
    Fetch,
    /// A push.
    Push,
    /// Anything else.
    Other,
}

/// One request that the server answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GitRequest {
    /// The repository's path below the root, without a slash in front: `app.git`.
    pub repository: String,
    /// What was asked for.
    pub service: Service,
    /// The HTTP status of the answer.
    pub status: u16,
}

/// A Git server on 127.0.0.1. Dropping it stops it.
#[derive(Debug)]
pub struct GitServer {
    address: SocketAddr,
    tls: Option<Tls>,
    shared: Arc<Shared>,
    running: Mutex<Option<Running>>,
}

#[derive(Debug)]
struct Shared {
    root: PathBuf,
    auth: Mutex<Auth>,
    requests: Mutex<Vec<GitRequest>>,
}

#[derive(Debug)]
struct Running {
    stop: oneshot::Sender<()>,
    ended: JoinHandle<()>,
}

impl GitServer {
    /// Serves the repositories below a folder.
    ///
    /// # Errors
    /// When no port is free or the certificate cannot be used.
    pub async fn start(root: &Path, options: ServerOptions) -> io::Result<Self> {
        let shared = Shared { root: root.canonicalize()?, auth: Mutex::new(options.auth), requests: Mutex::default() };
        let server = Self {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, crate::ports::free()?)),
            tls: options.tls,
            shared: Arc::new(shared),
            running: Mutex::default(),
        };
        server.restart().await?;
        Ok(server)
    }

    /// Returns the URL of a repository.
    pub fn url(&self, repository: &str) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}/{repository}", self.address)
    }

    /// Stops listening and closes the connections, as an outage would. Requests under way are
    /// answered first.
    pub async fn stop(&self) {
        let running = lock(&self.running).take();
        if let Some(Running { stop, ended }) = running {
            let _ = stop.send(());
            let _ = ended.await;
        }
    }

    /// Serves again at the same address after [`GitServer::stop`].
    ///
    /// # Errors
    /// When somebody took the port meanwhile.
    pub async fn restart(&self) -> io::Result<()> {
        self.stop().await;
        let listener = crate::ports::listen(self.address).await?;
        let router = Router::new().fallback(answer).with_state(Arc::clone(&self.shared));
        let (stop, stopped) = oneshot::channel();
        let ended = match &self.tls {
            Some(tls) => serve(tls.listen(listener)?, router, stopped),
            None => serve(listener, router, stopped),
        };
        *lock(&self.running) = Some(Running { stop, ended });
        Ok(())
    }

    /// Changes who may come in from now on.
    pub fn set_auth(&self, auth: Auth) {
        *lock(&self.shared.auth) = auth;
    }

    /// Returns all requests so far.
    pub fn requests(&self) -> Vec<GitRequest> {
        lock(&self.shared.requests).clone()
    }

    /// Returns how often a repository was asked for something.
    pub fn count(&self, repository: &str, service: Service) -> usize {
        let requests = lock(&self.shared.requests);
        requests.iter().filter(|request| request.repository == repository && request.service == service).count()
    }
}

fn serve<L>(listener: L, router: Router, stopped: oneshot::Receiver<()>) -> JoinHandle<()>
where
    L: axum::serve::Listener,
    L::Addr: std::fmt::Debug,
{
    let serving = axum::serve(listener, router).with_graceful_shutdown(async {
        // A dropped sender stops the server too.
        let _ = stopped.await;
    });
    tokio::spawn(async {
        let _ = serving.await;
    })
}

async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let (repository, service) = classify(parts.uri.path(), &body);
    let response = if admits(&lock(&shared.auth), &parts.headers) {
        backend(&shared.root, &parts, body).await
    } else {
        refusal(&lock(&shared.auth))
    };
    let status = response.status().as_u16();
    lock(&shared.requests).push(GitRequest { repository, service, status });
    response
}

async fn backend(root: &Path, parts: &axum::http::request::Parts, body: Bytes) -> Response {
    match cgi::run(root, parts, body).await {
        Ok(response) => response,
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("run git http-backend: {error}")).into_response(),
    }
}

fn classify(path: &str, body: &[u8]) -> (String, Service) {
    let path = path.trim_start_matches('/');
    let services = [
        ("/info/refs", Service::InfoRefs),
        ("/git-upload-pack", fetch_or_look(body)),
        ("/git-receive-pack", Service::Push),
    ];
    services
        .into_iter()
        .find_map(|(suffix, service)| Some((path.strip_suffix(suffix)?.to_owned(), service)))
        .unwrap_or_else(|| (path.to_owned(), Service::Other))
}

/// With protocol 2 both are posts to one path; a look is short and so never compressed.
fn fetch_or_look(body: &[u8]) -> Service {
    let command = b"command=ls-refs";
    if body.windows(command.len()).any(|window| window == command) { Service::LsRefs } else { Service::Fetch }
}

fn admits(auth: &Auth, headers: &HeaderMap) -> bool {
    let expected = match auth {
        Auth::Open => return true,
        Auth::Basic { user, password } => format!("Basic {}", STANDARD.encode(format!("{user}:{password}"))),
        Auth::Bearer(token) => format!("Bearer {token}"),
    };
    headers.get(header::AUTHORIZATION).is_some_and(|value| value.as_bytes() == expected.as_bytes())
}

fn refusal(auth: &Auth) -> Response {
    let challenge = match auth {
        Auth::Bearer(_) => "Bearer realm=\"git\"",
        Auth::Open | Auth::Basic { .. } => "Basic realm=\"git\"",
    };
    (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, challenge)], Body::empty()).into_response()
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
