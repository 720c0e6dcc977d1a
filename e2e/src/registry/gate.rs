//! A gate before a registry: only those with the right password pass.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use reqwest::Client;
use tokio::task::JoinHandle;

use super::push::client;
use crate::ports;
use crate::scenario::Outcome;

/// A running gate, which ends when it is dropped.
#[derive(Debug)]
pub(super) struct Gate {
    port: u16,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct Guard {
    client: Client,
    behind: u16,
    expected: String,
}

impl Gate {
    pub(super) async fn start(behind: u16, user: &str, password: &str) -> Outcome<Self> {
        let port = ports::free()?;
        let listener = ports::listen(([127, 0, 0, 1], port).into()).await?;
        let expected = format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{password}")));
        let guard = Arc::new(Guard { client: client()?, behind, expected });
        let router = Router::new().fallback(pass).with_state(guard);
        let task = tokio::spawn(async move { axum::serve(listener, router).await.expect("invariant: it never ends") });
        Ok(Self { port, task })
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn pass(State(guard): State<Arc<Guard>>, request: Request) -> Response {
    let given = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    if given != Some(guard.expected.as_str()) {
        return (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, "Basic realm=\"registry\"")]).into_response();
    }
    guard.forward(request).await.unwrap_or_else(|error| (StatusCode::BAD_GATEWAY, error).into_response())
}

impl Guard {
    async fn forward(&self, request: Request) -> Result<Response, String> {
        let (parts, body) = request.into_parts();
        let body = to_bytes(body, usize::MAX).await.map_err(|error| error.to_string())?;
        let url = format!("http://127.0.0.1:{}{}", self.behind, parts.uri);
        let sent = self.client.request(parts.method, url).headers(parts.headers).body(body).send().await;
        let answer = sent.map_err(|error| error.to_string())?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let bytes = answer.bytes().await.map_err(|error| error.to_string())?;
        let mut response = (status, Body::from(bytes)).into_response();
        *response.headers_mut() = headers;
        Ok(response)
    }
}
