//! Indexes of Helm repositories, and every way in which one cannot be had.

use std::{
    io::Read as _,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    extract::{Request, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use rstest::rstest;
use sluice_object::{Artifact, Digest};
use sluice_source::{
    Limits, Owner, Publication, Secret,
    helm_repo::{Error, Fetched, HelmRepoSpec, HelmRepos, index},
    oci::Login,
};
use tokio::{net::TcpListener, task::JoinHandle};

use crate::support::Fixture;

const INDEX: &str = "apiVersion: v1\nentries:\n  app:\n  - {name: app, version: 1.0.0, urls: [app-1.0.0.tgz]}\n";

#[derive(Default)]
struct Content {
    body: String,
    etag: Option<String>,
    user: Option<String>,
    /// Statuses that are answered first.
    faults: Vec<u16>,
    redirect: Option<String>,
    /// What was asked: path, `If-None-Match`, `Authorization`.
    asked: Vec<(String, Option<String>, Option<String>)>,
}

struct Server {
    port: u16,
    content: Arc<Mutex<Content>>,
    task: JoinHandle<()>,
}

impl Server {
    async fn start(body: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("port");
        let port = listener.local_addr().expect("address").port();
        let content = Arc::new(Mutex::new(Content { body: body.into(), ..Content::default() }));
        let router = Router::new().fallback(handle).with_state(content.clone());
        let task = tokio::spawn(async move { axum::serve(listener, router).await.expect("serve") });
        Self { port, content, task }
    }

    fn set(&self, change: impl FnOnce(&mut Content)) {
        change(&mut self.content.lock().expect("lock"));
    }

    fn asked(&self) -> Vec<(String, Option<String>, Option<String>)> {
        std::mem::take(&mut self.content.lock().expect("lock").asked)
    }

    fn url(&self) -> String {
        format!("http://localhost:{}/charts", self.port)
    }

    fn spec(&self) -> HelmRepoSpec {
        let (login, tls) = (Login::Anonymous, Default::default());
        HelmRepoSpec { url: self.url(), login, tls, timeout: Duration::from_secs(20) }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn handle(State(content): State<Arc<Mutex<Content>>>, request: Request) -> Response {
    let text = |name| request.headers().get(name).map(|value| value.to_str().expect("text").to_owned());
    let (known, authorization) = (text(header::IF_NONE_MATCH), text(header::AUTHORIZATION));
    let mut content = content.lock().expect("lock");
    content.asked.push((request.uri().path().to_owned(), known.clone(), authorization.clone()));
    if let Some(status) = content.faults.pop() {
        return (StatusCode::from_u16(status).expect("status"), "the server is not well").into_response();
    }
    if let Some(to) = &content.redirect {
        return (StatusCode::FOUND, [(header::LOCATION, to.clone())]).into_response();
    }
    if content.user.is_some() && content.user != authorization {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    if known.is_some() && known == content.etag {
        return StatusCode::NOT_MODIFIED.into_response();
    }
    let mut response = content.body.clone().into_response();
    if let Some(etag) = &content.etag {
        response.headers_mut().insert(header::ETAG, etag.parse().expect("etag"));
    }
    response
}

fn repositories(fixture: &Fixture) -> HelmRepos {
    HelmRepos::new(fixture.store.clone(), Limits { size: 4096, ..Limits::helm_index() })
}

async fn store(fixture: &Fixture, fetched: Fetched) -> Artifact {
    let Fetched { revision, file, etags, index, .. } = fetched;
    let tree = fixture.store.draft("an index", Limits::helm_index()).finish();
    let owner = Owner::new("HelmRepository", "ns", "app").expect("owner");
    let publication = Publication { owner, file, revision, metadata: Default::default(), tree, etags };
    fixture.store.publish_as_is(publication, index).await.expect("published")
}

async fn refused(server: &Server, spec: &HelmRepoSpec) -> Error {
    let fixture = Fixture::new();
    let result = repositories(&fixture).fetch(spec, None).await;
    assert!(!server.asked().is_empty());
    result.expect_err("refused")
}

/// Tells an error as a condition does.
fn told(error: &Error) -> String {
    let mut text = format!("{}: {error}", error.reason());
    let mut cause = std::error::Error::source(error);
    while let Some(source) = cause {
        text = format!("{text}: {source}");
        cause = source.source();
    }
    text
}

#[tokio::test]
async fn an_index_is_stored_as_it_is_and_not_downloaded_again() {
    let (server, fixture) = (Server::start(INDEX).await, Fixture::new());
    server.set(|content| content.etag = Some("\"1\"".into()));
    let repositories = repositories(&fixture);
    let fetched = repositories.fetch(&server.spec(), None).await.unwrap().unwrap();
    let digest = Digest::sha256(INDEX.as_bytes());
    assert_eq!((fetched.revision.as_str(), fetched.summary.versions), (digest.as_str(), 1));
    let artifact = store(&fixture, fetched).await;
    assert_eq!(artifact.path, format!("helmrepository/ns/app/index-{}.yaml", digest.hex()));
    assert_eq!((artifact.digest.clone(), artifact.size), (digest, INDEX.len() as u64));
    let mut text = String::new();
    fixture.store.open_file(&artifact.path).unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(text, INDEX);
    assert!(repositories.fetch(&server.spec(), Some(&artifact)).await.unwrap().is_none());
    let known: Vec<_> = server.asked().into_iter().map(|(path, known, _)| (path, known)).collect();
    let path = || "/charts/index.yaml".to_owned();
    assert_eq!(known, [(path(), None), (path(), Some("\"1\"".to_owned()))]);
    server.set(|content| (content.body, content.etag) = (INDEX.replace("1.0.0", "1.0.1"), Some("\"2\"".into())));
    assert!(repositories.fetch(&server.spec(), Some(&artifact)).await.unwrap().is_some());
}

#[tokio::test]
async fn the_same_index_is_nothing_new_without_an_etag() {
    let (server, fixture) = (Server::start(INDEX).await, Fixture::new());
    let fetched = repositories(&fixture).fetch(&server.spec(), None).await.unwrap().unwrap();
    let artifact = store(&fixture, fetched).await;
    assert!(repositories(&fixture).fetch(&server.spec(), Some(&artifact)).await.unwrap().is_none());
}

#[tokio::test]
async fn an_etag_of_one_repository_is_not_shown_to_another() {
    let (server, other, fixture) =
        (Server::start(INDEX).await, Server::start("apiVersion: v1\n").await, Fixture::new());
    for server in [&server, &other] {
        server.set(|content| content.etag = Some("\"1\"".into()));
    }
    let fetched = repositories(&fixture).fetch(&server.spec(), None).await.unwrap().unwrap();
    let artifact = store(&fixture, fetched).await;
    assert!(repositories(&fixture).fetch(&other.spec(), Some(&artifact)).await.unwrap().is_some());
    assert_eq!(other.asked()[0].1, None);
}

#[tokio::test]
async fn a_password_is_sent_and_does_not_follow_a_redirect_to_another_host() {
    let (server, other, fixture) = (Server::start(INDEX).await, Server::start(INDEX).await, Fixture::new());
    let user = format!("Basic {}", BASE64_STANDARD.encode("me:hunter2"));
    server.set(|content| content.user = Some(user.clone()));
    let login = Login::Basic { username: "me".into(), password: Secret::new("hunter2") };
    let spec = HelmRepoSpec { login, ..server.spec() };
    assert!(repositories(&fixture).fetch(&spec, None).await.unwrap().is_some());
    let error = refused(&server, &server.spec()).await;
    assert!(told(&error).contains("status 401") && error.hint().unwrap().contains("spec.secretRef"), "{error:?}");
    server.set(|content| content.redirect = Some(format!("{}/index.yaml", other.url())));
    assert!(repositories(&fixture).fetch(&spec, None).await.unwrap().is_some());
    assert_eq!(other.asked(), [("/charts/index.yaml".to_owned(), None, None)]);
}

#[tokio::test]
async fn what_passes_is_tried_again() {
    let (server, fixture) = (Server::start(INDEX).await, Fixture::new());
    server.set(|content| content.faults = vec![503, 429]);
    assert!(repositories(&fixture).fetch(&server.spec(), None).await.unwrap().is_some());
}

#[rstest]
#[case::page("<html>sign in</html>", "IndexationFailed: load Helm repository from index YAML")]
#[case::no_version("entries: {}\n", "no API version specified")]
#[case::large(&"# comment\n".repeat(500), "it is larger than 4 KiB (limit `--helm-index-max-size`)")]
#[tokio::test]
async fn what_is_no_index_is_told(#[case] body: &str, #[case] problem: &str) {
    let server = Server::start(body).await;
    let error = refused(&server, &server.spec()).await;
    assert!(told(&error).starts_with("IndexationFailed: ") && told(&error).contains(problem), "{}", told(&error));
}

#[tokio::test]
async fn a_missing_index_is_told_with_its_url() {
    let server = Server::start("").await;
    server.set(|content| content.faults = vec![404]);
    let error = refused(&server, &server.spec()).await;
    let asked = format!("GET {}/index.yaml: not found: the server is not well", server.url());
    assert_eq!(told(&error), format!("Failed: fetch Helm repository index: {asked}"));
}

#[test]
fn an_index_is_searched_version_by_version() {
    let mut urls = Vec::new();
    let summary = index::read(INDEX.as_bytes(), |chart, version| urls.push((chart.to_owned(), version.urls))).unwrap();
    assert_eq!((summary.charts, summary.versions), (1, 1));
    assert_eq!(urls, [("app".to_owned(), Some(vec!["app-1.0.0.tgz".to_owned()]))]);
}
