//! A server of a Helm repository: its index and its charts, with a record of who downloaded them.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest as _, Sha256};
use tokio::task::JoinHandle;

use crate::ports;
use crate::scenario::Outcome;

/// A running server, which ends when it is dropped.
#[derive(Debug)]
pub struct IndexServer {
    port: u16,
    served: Arc<Mutex<Served>>,
    task: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Served {
    index: String,
    expected: Option<String>,
    downloads: usize,
    asked: usize,
    charts: BTreeMap<String, Vec<u8>>,
    pulled: usize,
    mishaps: VecDeque<Mishap>,
}

/// What goes wrong with the next download of a chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mishap {
    /// The server answers with a status.
    Status(u16),
    /// The connection breaks in the middle of the answer.
    Cut,
}

impl IndexServer {
    /// Starts a server whose index has no charts.
    ///
    /// # Errors
    /// When it cannot listen.
    pub async fn start() -> Outcome<Self> {
        let port = ports::free()?;
        let listener = ports::listen(([127, 0, 0, 1], port).into()).await?;
        let served = Arc::new(Mutex::new(Served { index: index(&[]), ..Served::default() }));
        let router = Router::new()
            .route("/charts/index.yaml", get(answer))
            .route("/charts/{file}", get(chart))
            .with_state(served.clone());
        let task = tokio::spawn(async move { axum::serve(listener, router).await.expect("invariant: it never ends") });
        Ok(Self { port, served, task })
    }

    /// Returns the address of the repository, as `spec.url` has it.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/charts", self.port)
    }

    /// Serves another text as the index; returns its digest.
    pub fn serve(&self, text: &str) -> String {
        self.served().index = text.to_owned();
        digest(text)
    }

    /// Serves an archive beside the index.
    pub fn put(&self, file: &str, archive: Vec<u8>) {
        self.served().charts.insert(file.to_owned(), archive);
    }

    /// Lets the next downloads of charts go wrong, each in its way.
    pub fn fail(&self, mishaps: &[Mishap]) {
        self.served().mishaps.extend(mishaps);
    }

    /// Returns how often a chart was asked for.
    pub fn pulled(&self) -> usize {
        self.served().pulled
    }

    /// Asks for a user and a password from now on.
    pub fn guard(&self, user: &str, password: &str) {
        let pair = BASE64_STANDARD.encode(format!("{user}:{password}"));
        self.served().expected = Some(format!("Basic {pair}"));
    }

    /// Returns how often the index was asked for, and how often it was sent.
    pub fn counts(&self) -> (usize, usize) {
        let served = self.served();
        (served.asked, served.downloads)
    }

    fn served(&self) -> MutexGuard<'_, Served> {
        locked(&self.served)
    }
}

impl Drop for IndexServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Returns the text of an index with one chart of some versions.
pub fn index(versions: &[&str]) -> String {
    let listed = versions
        .iter()
        .map(|version| format!("  - {{apiVersion: v2, name: app, version: {version}, urls: [app-{version}.tgz]}}\n"));
    let entries = if versions.is_empty() { "entries: {}\n".into() } else { "entries:\n  app:\n".to_owned() };
    format!("apiVersion: v1\n{entries}{}", listed.collect::<String>())
}

/// Returns the text of an index that names versions of a chart, each with its digest.
pub fn index_of(name: &str, versions: &[(&str, &str)]) -> String {
    let listed = versions.iter().map(|(version, digest)| {
        format!("  - {{apiVersion: v2, name: {name}, version: {version}, urls: [{name}-{version}.tgz], digest: \"{digest}\"}}\n")
    });
    format!("apiVersion: v1\nentries:\n  {name}:\n{}", listed.collect::<String>())
}

async fn chart(State(served): State<Arc<Mutex<Served>>>, Path(file): Path<String>, headers: HeaderMap) -> Response {
    let mut served = locked(&served);
    served.pulled += 1;
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    if served.expected.is_some() && served.expected.as_deref() != given {
        return (StatusCode::UNAUTHORIZED, "who are you?").into_response();
    }
    let mishap = served.mishaps.pop_front();
    match (mishap, served.charts.get(&file)) {
        (Some(Mishap::Status(status)), _) => StatusCode::from_u16(status).unwrap_or_default().into_response(),
        (_, None) => StatusCode::NOT_FOUND.into_response(),
        (Some(Mishap::Cut), Some(bytes)) => cut(bytes),
        (None, Some(bytes)) => bytes.clone().into_response(),
    }
}

/// Promises all bytes and sends half of them.
fn cut(bytes: &[u8]) -> Response {
    let half = bytes[..bytes.len() / 2].to_vec();
    let parts = [Ok(half), Err(std::io::Error::other("cut"))];
    let body = Body::from_stream(futures::stream::iter(parts));
    ([(header::CONTENT_LENGTH, bytes.len())], body).into_response()
}

async fn answer(State(served): State<Arc<Mutex<Served>>>, headers: HeaderMap) -> Response {
    let mut served = locked(&served);
    served.asked += 1;
    let given = |name| headers.get(name).and_then(|value| value.to_str().ok());
    if served.expected.is_some() && served.expected.as_deref() != given(header::AUTHORIZATION) {
        return (StatusCode::UNAUTHORIZED, "who are you?").into_response();
    }
    let etag = format!("\"{}\"", digest(&served.index));
    if given(header::IF_NONE_MATCH) == Some(etag.as_str()) {
        return StatusCode::NOT_MODIFIED.into_response();
    }
    served.downloads += 1;
    ([(header::ETAG, etag)], served.index.clone()).into_response()
}

fn digest(text: &str) -> String {
    let hash = Sha256::digest(text.as_bytes());
    hash.iter().fold("sha256:".to_owned(), |text, byte| format!("{text}{byte:02x}"))
}

fn locked(served: &Mutex<Served>) -> MutexGuard<'_, Served> {
    served.lock().unwrap_or_else(PoisonError::into_inner)
}
