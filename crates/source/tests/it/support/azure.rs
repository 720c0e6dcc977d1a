//! The part of Azure Blob Storage that is read, with failures on request: what the emulator cannot show.

use std::{
    collections::{BTreeMap, HashMap},
    fmt::Write as _,
    future::pending,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard},
};

use axum::{
    Router,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode, Uri},
    response::{IntoResponse, Response},
    routing::get,
};
use sluice_source::bucket::BucketSpec;
use tokio::{net::TcpListener, task::JoinHandle};

/// How the server answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Mood {
    #[default]
    Well,
    /// With a status and an error code, to everything.
    Refusing(u16, &'static str),
    /// With a page, to those who list.
    Page,
    Never,
    /// Each blob changes whenever the bucket has been listed, so many times.
    Restless(usize),
    /// With more bytes than listed.
    Lying,
}

#[derive(Debug, Default)]
struct Contents {
    /// Text and version by name.
    blobs: BTreeMap<String, (String, usize)>,
    /// Sizes that are listed but not there.
    pretended: BTreeMap<String, u64>,
    mood: Mood,
    requests: Vec<String>,
    authorizations: Vec<String>,
    tokens: Vec<String>,
    version: usize,
}

type Shared = Arc<Mutex<Contents>>;

/// A storage account, and the services that give tokens for it.
pub(crate) struct Azure {
    address: SocketAddr,
    shared: Shared,
    task: JoinHandle<()>,
}

impl Azure {
    pub(crate) async fn start(files: &[(&str, &str)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("port");
        let (address, shared) = (listener.local_addr().expect("address"), Shared::default());
        let router = Router::new()
            .route("/account/fleet", get(list))
            .route("/account/fleet/{*name}", get(blob))
            .route("/tenant/oauth2/v2.0/token", axum::routing::post(federated))
            .route("/metadata/identity/oauth2/token", get(managed))
            .fallback(|| async { refusal(404, "ContainerNotFound") })
            .with_state(shared.clone());
        let task = tokio::spawn(async move { axum::serve(listener, router).await.expect("serve") });
        let azure = Self { address, shared, task };
        files.iter().for_each(|(name, text)| azure.put(name, text));
        azure
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn spec(&self) -> BucketSpec {
        let endpoint = format!("{}/account", self.url());
        BucketSpec { insecure: true, ..BucketSpec::new(endpoint, "fleet") }
    }

    pub(crate) fn put(&self, name: &str, text: &str) {
        let mut contents = self.contents();
        contents.version += 1;
        let version = contents.version;
        contents.blobs.insert(name.into(), (text.into(), version));
    }

    pub(crate) fn remove(&self, name: &str) {
        self.contents().blobs.remove(name);
    }

    pub(crate) fn pretend(&self, name: &str, size: u64) {
        self.contents().pretended.insert(name.into(), size);
    }

    pub(crate) fn be(&self, mood: Mood) {
        self.contents().mood = mood;
    }

    /// Returns what was asked since the last time: `list`, or the name of a blob.
    pub(crate) fn requests(&self) -> Vec<String> {
        std::mem::take(&mut self.contents().requests)
    }

    /// Returns the headers and queries that requests were authorized with.
    pub(crate) fn authorizations(&self) -> Vec<String> {
        std::mem::take(&mut self.contents().authorizations)
    }

    /// Returns the requests for tokens.
    pub(crate) fn tokens(&self) -> Vec<String> {
        std::mem::take(&mut self.contents().tokens)
    }

    fn contents(&self) -> MutexGuard<'_, Contents> {
        self.shared.lock().expect("lock")
    }
}

impl Drop for Azure {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Notes a request, and returns the mood.
fn note(shared: &Shared, what: &str, headers: &HeaderMap, uri: &Uri) -> Mood {
    let mut contents = shared.lock().expect("lock");
    contents.requests.push(what.to_owned());
    let header = headers.get("authorization").map(|value| value.to_str().expect("text").to_owned());
    contents.authorizations.push(header.unwrap_or_else(|| uri.query().unwrap_or_default().to_owned()));
    contents.mood
}

async fn answer(mood: Mood, well: impl FnOnce() -> Response) -> Response {
    match mood {
        Mood::Refusing(status, code) => refusal(status, code),
        Mood::Page => "<html>Sign in</html>".into_response(),
        Mood::Never => pending().await,
        _ => well(),
    }
}

fn refusal(status: u16, code: &'static str) -> Response {
    let body = format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>No.</Message></Error>");
    (StatusCode::from_u16(status).expect("status"), [("x-ms-error-code", code)], body).into_response()
}

/// Two blobs to a page.
async fn list(
    State(shared): State<Shared>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
    uri: Uri,
) -> Response {
    let mood = note(&shared, "list", &headers, &uri);
    answer(mood, || page(&mut shared.lock().expect("lock"), &query).into_response()).await
}

fn page(contents: &mut Contents, query: &HashMap<String, String>) -> String {
    let (prefix, marker) = (query.get("prefix").cloned().unwrap_or_default(), query.get("marker"));
    let sizes = contents.blobs.iter().map(|(name, (text, version))| (name.clone(), (text.len() as u64, *version)));
    let pretended = contents.pretended.iter().map(|(name, size)| (name.clone(), (*size, 0)));
    let all: BTreeMap<String, (u64, usize)> = sizes.chain(pretended).collect();
    let mut left =
        all.iter().filter(|(name, _)| name.starts_with(&prefix) && marker.is_none_or(|first| *name >= first));
    let mut text = "<?xml version=\"1.0\" encoding=\"utf-8\"?><EnumerationResults><Blobs>".to_owned();
    for (name, (size, version)) in left.by_ref().take(2) {
        let properties = format!("<Etag>{version}</Etag><Content-Length>{size}</Content-Length>");
        let _ = write!(text, "<Blob><Name>{name}</Name><Properties>{properties}</Properties></Blob>");
    }
    let next = left.next().map(|(name, _)| name.as_str()).unwrap_or_default();
    let _ = write!(text, "</Blobs><NextMarker>{next}</NextMarker></EnumerationResults>");
    if next.is_empty() {
        grow_restless(contents);
    }
    text
}

fn grow_restless(contents: &mut Contents) {
    if let Mood::Restless(left @ 1..) = contents.mood {
        contents.mood = Mood::Restless(left - 1);
        contents.version += 1;
        let version = contents.version;
        contents.blobs.values_mut().for_each(|blob| *blob = (format!("version {version}"), version));
    }
}

async fn blob(State(shared): State<Shared>, Path(name): Path<String>, headers: HeaderMap, uri: Uri) -> Response {
    let mood = Some(note(&shared, &name, &headers, &uri)).filter(|mood| *mood != Mood::Page);
    answer(mood.unwrap_or_default(), || contents_of(&shared.lock().expect("lock"), &name, &headers)).await
}

fn contents_of(contents: &Contents, name: &str, headers: &HeaderMap) -> Response {
    let Some((text, version)) = contents.blobs.get(name) else { return refusal(404, "BlobNotFound") };
    let etag = format!("\"{version}\"");
    let is = |header: &str| headers.get(header).map(|value| value == etag.as_str());
    match (is("if-match"), is("if-none-match")) {
        (Some(false), _) => refusal(412, "ConditionNotMet"),
        (_, Some(true)) => StatusCode::NOT_MODIFIED.into_response(),
        _ => {
            let more = if contents.mood == Mood::Lying { "more" } else { "" };
            let headers = [("etag", etag), ("last-modified", "Sat, 21 Nov 2026 10:00:00 GMT".to_owned())];
            (headers, format!("{text}{more}")).into_response()
        }
    }
}

async fn federated(State(shared): State<Shared>, form: String) -> Response {
    shared.lock().expect("lock").tokens.push(form);
    r#"{"access_token":"federated-token","expires_in":3600}"#.into_response()
}

async fn managed(State(shared): State<Shared>, headers: HeaderMap, uri: Uri) -> Response {
    let asked = format!("{:?} {}", headers.get("metadata"), uri.query().unwrap_or_default());
    shared.lock().expect("lock").tokens.push(asked);
    r#"{"access_token":"managed-token","expires_on":"4102444800"}"#.into_response()
}
