//! A provider's services: answers by path, and what was asked.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, Method, StatusCode, Uri},
};
use futures::FutureExt;
use jiff::Timestamp;
use sluice_cloud::{Access, Account, Clouds, Environment, Error, Provider, Secret, Wish};
use tokio::{net::TcpListener, task::JoinHandle};

/// One request, as the service saw it.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// `METHOD path?query`.
    pub(crate) line: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

#[derive(Default)]
struct Shared {
    answers: HashMap<String, (u16, String)>,
    asked: Vec<Asked>,
}

pub(crate) struct Service {
    pub(crate) url: String,
    shared: Arc<Mutex<Shared>>,
    task: JoinHandle<()>,
}

impl Service {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (url, shared) = (format!("http://{}", listener.local_addr().unwrap()), Arc::<Mutex<Shared>>::default());
        let router = Router::new().fallback(answer).with_state(shared.clone());
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, shared, task }
    }

    /// Answers requests for a path.
    pub(crate) fn answer(&self, path: &str, status: u16, body: impl ToString) -> &Self {
        self.shared.lock().unwrap().answers.insert(path.into(), (status, body.to_string()));
        self
    }

    /// Returns what was asked since the last time.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        std::mem::take(&mut self.shared.lock().unwrap().asked)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(
    State(shared): State<Arc<Mutex<Shared>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, String) {
    let mut shared = shared.lock().unwrap();
    let body = String::from_utf8_lossy(&body).into_owned();
    shared.asked.push(Asked { line: format!("{method} {uri}"), headers, body });
    let (status, body) = shared.answers.get(uri.path()).cloned().unwrap_or((404, "not found".into()));
    (StatusCode::from_u16(status).unwrap(), body)
}

pub(crate) fn now() -> Timestamp {
    "2026-01-02T03:04:05Z".parse().unwrap()
}

pub(crate) fn account(annotations: &[(&str, &str)]) -> Account {
    let annotations = annotations.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    Account { namespace: "apps".into(), name: "deployer".into(), annotations: annotations.collect() }
}

pub(crate) fn wish(provider: Provider, cluster: &str) -> Wish {
    Wish { provider, cluster: cluster.into(), address: None, ca: None, audiences: Vec::new() }
}

/// Asks for access with a token that names its audiences.
pub(crate) async fn access(clouds: &Clouds, wish: &Wish, account: Option<&Account>) -> Result<Access, Error> {
    let prove =
        |audiences: Vec<String>| async move { Ok(Secret::new(format!("proof-for-{}", audiences.join(",")))) }.boxed();
    clouds.access(wish, account, prove, now()).await
}

/// Returns the agent's environment with these variables.
pub(crate) fn environment(variables: &[(&str, &str)]) -> Environment {
    let variables: HashMap<_, _> = variables.iter().copied().collect();
    Environment::read(|name| variables.get(name).map(|value| (*value).to_owned()))
}

pub(crate) const PEM: &str = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
