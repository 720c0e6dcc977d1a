//! Archives for readers outside the process, over plain HTTP.
//!
//! `GET /<kind>/<namespace>/<name>/<file>` → the archive, streamed. Nothing else is served: no lists, no indexes, no
//! blobs. `/` answers 200, which the `flux` CLI and probes take as "ready".

use axum::{
    Router,
    body::Body,
    extract::{Path, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use tokio::fs::File;
use tokio_util::io::ReaderStream;

use crate::Store;

/// Returns the routes that serve the archives of a store.
pub fn router(store: Store) -> Router {
    let root = || async { "artifacts\n" };
    Router::new().route("/", get(root)).route("/{*path}", get(serve)).with_state(store)
}

async fn serve(State(store): State<Store>, Path(path): Path<String>) -> Response {
    match open(&store, &path).await {
        Some((file, size)) => archive(file, size, &path),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Opens an archive. The path has four plain parts, so it cannot lead elsewhere, nor to hidden files.
async fn open(store: &Store, path: &str) -> Option<(File, u64)> {
    let file = File::open(store.file(path)?).await.ok()?;
    let metadata = file.metadata().await.ok()?;
    metadata.is_file().then_some((file, metadata.len()))
}

fn archive(file: File, size: u64, path: &str) -> Response {
    let kind = if path.ends_with("gz") { "application/gzip" } else { "application/octet-stream" };
    let body = Body::from_stream(ReaderStream::with_capacity(file, 64 << 10));
    let headers =
        [(header::CONTENT_TYPE, HeaderValue::from_static(kind)), (header::CONTENT_LENGTH, HeaderValue::from(size))];
    (headers, body).into_response()
}
