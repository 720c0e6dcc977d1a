//! The agent's HTTP servers: metrics, health, artifacts.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context as _;
use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
    routing::get,
};
use tokio::{net::TcpListener, task::JoinHandle, time::timeout};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::{
    cli::ListenAddr,
    readiness::Readiness,
    telemetry::{CONTENT_TYPE, Metrics},
};

/// How long connections may go on after the servers are told to stop; readers of artifacts retry.
const DRAIN: Duration = Duration::from_secs(5);

/// A server that listens but does not answer yet.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    flag: &'static str,
}

impl Server {
    /// Listens at the address that a flag names; none when that is off.
    ///
    /// # Errors
    /// When the address cannot be had; the text names it and the flag.
    pub async fn bind(flag: &'static str, address: &ListenAddr) -> anyhow::Result<Option<Self>> {
        let listener = match address {
            ListenAddr::Off => return Ok(None),
            ListenAddr::Any(port) => bind_any(*port).await,
            ListenAddr::Host(host, port) => TcpListener::bind((host.as_str(), *port)).await,
        };
        let listener = listener.with_context(|| format!("listen at `{address}` for --{flag}"))?;
        Ok(Some(Self { listener, flag }))
    }

    /// Returns where the server listens.
    ///
    /// # Errors
    /// When the socket is broken.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Answers requests until told to stop, and then for a short while those already begun.
    pub fn serve(self, router: Router, stop: CancellationToken) -> JoinHandle<()> {
        let Self { listener, flag } = self;
        let address = listener.local_addr().map(|address| address.to_string()).unwrap_or_default();
        info!(logger = "http", flag, address, "listening");
        tokio::spawn(async move {
            let told = stop.clone();
            let server = axum::serve(listener, router).with_graceful_shutdown(stop.cancelled_owned());
            tokio::select! {
                outcome = server.into_future() => report(flag, outcome),
                () = drained(told) => {}
            }
        })
    }
}

/// Binds every interface: IPv6 with IPv4 mapped into it, or IPv4 alone where there is no IPv6.
async fn bind_any(port: u16) -> io::Result<TcpListener> {
    match TcpListener::bind(("::", port)).await {
        Err(error) if error.kind() != io::ErrorKind::AddrInUse => TcpListener::bind(("0.0.0.0", port)).await,
        outcome => outcome,
    }
}

async fn drained(stop: CancellationToken) {
    stop.cancelled().await;
    tokio::time::sleep(DRAIN).await;
}

fn report(flag: &'static str, outcome: io::Result<()>) {
    if let Err(error) = outcome {
        warn!(logger = "http", flag, %error, "server ended");
    }
}

/// Waits until servers that were told to stop have ended.
pub async fn ended(servers: Vec<JoinHandle<()>>) {
    let _ = timeout(DRAIN * 2, futures::future::join_all(servers)).await;
}

/// Returns the routes of `--metrics-addr`.
pub fn metrics(metrics: Arc<Metrics>) -> Router {
    let answer =
        |State(metrics): State<Arc<Metrics>>| async move { ([(header::CONTENT_TYPE, CONTENT_TYPE)], metrics.render()) };
    Router::new().route("/metrics", get(answer)).with_state(metrics)
}

/// Returns the routes of `--health-addr`: alive while it answers, ready by the reported parts.
pub fn health(readiness: Readiness) -> Router {
    Router::new().route("/healthz", get(|| async { "ok\n" })).route("/readyz", get(readyz)).with_state(readiness)
}

async fn readyz(State(readiness): State<Readiness>) -> impl IntoResponse {
    let (ready, text) = readiness.report();
    (if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, text)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use axum::Router;
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpStream,
    };
    use tokio_util::sync::CancellationToken;

    use super::{Server, ended, health, metrics};
    use crate::{readiness::Readiness, telemetry::Metrics};

    async fn local(router: Router, path: &str) -> String {
        let server = Server::bind("health-addr", &"127.0.0.1:0".parse().unwrap()).await.unwrap().unwrap();
        let (address, stop) = (server.local_addr().unwrap(), CancellationToken::new());
        let task = server.serve(router, stop.clone());
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nhost: agent\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        stop.cancel();
        ended(vec![task]).await;
        answer
    }

    #[tokio::test]
    async fn healthz_answers_while_a_part_is_pending() {
        let readiness = Readiness::default();
        readiness.pending("leases", "not asked for yet");
        assert!(local(health(readiness), "/healthz").await.starts_with("HTTP/1.1 200 "));
    }

    #[tokio::test]
    async fn readyz_says_what_is_pending() {
        let readiness = Readiness::default();
        readiness.pending("leases", "not asked for yet");
        let answer = local(health(readiness), "/readyz").await;
        assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
        assert!(answer.ends_with("\r\n\r\n[-]leases: not asked for yet\n"), "{answer}");
    }

    #[tokio::test]
    async fn metrics_are_openmetrics_text() {
        let answer = local(metrics(Arc::new(Metrics::new(Vec::new))), "/metrics").await;
        assert!(answer.contains("content-type: application/openmetrics-text; version=1.0.0"), "{answer}");
        assert!(answer.ends_with("# EOF\n"), "{answer}");
    }

    #[tokio::test]
    async fn a_taken_address_is_named_with_its_flag() {
        let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap().to_string();
        let error = Server::bind("metrics-addr", &address.parse().unwrap()).await.unwrap_err();
        assert_eq!(error.to_string(), format!("listen at `{address}` for --metrics-addr"));
    }

    #[tokio::test]
    async fn a_server_may_be_off() {
        assert!(Server::bind("metrics-addr", &"0".parse().unwrap()).await.unwrap().is_none());
    }
}
