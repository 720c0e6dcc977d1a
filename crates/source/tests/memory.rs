//! What a large index costs, in a process of its own.

use std::{fs, time::Duration};

use axum::{Router, body::Body, routing::get};
use futures::stream;
use sluice_source::{
    Limits, Store,
    helm_repo::{HelmRepoSpec, HelmRepos},
    oci::Login,
    store::Options,
};
use tokio::net::TcpListener;

/// Bytes of the index.
const SIZE: usize = 60 << 20;

/// Bytes that reading it may cost, with all buffers.
const COST: usize = 16 << 20;

/// The versions of one chart; an index of real charts has mostly what nobody asks for.
fn chart(number: usize) -> String {
    let filler = "what the chart is for, in many words ".repeat(20);
    let version = |minor: usize| {
        format!(
            "  - apiVersion: v2\n    appVersion: 1.{minor}.0\n    created: \"2024-01-01T00:00:00Z\"\n    \
             description: {filler}\n    digest: {minor:064}\n    name: chart-{number}\n    urls:\n    \
             - https://charts.example.com/chart-{number}-1.{minor}.0.tgz\n    version: 1.{minor}.0\n"
        )
    };
    (0..50).fold(format!("  chart-{number}:\n"), |text, minor| text + &version(minor))
}

async fn serve() -> String {
    let chunks = |(number, sent): (usize, usize)| async move {
        let text = match number {
            0 => "apiVersion: v1\nentries:\n".to_owned(),
            _ if sent > SIZE => return None,
            number => chart(number),
        };
        let next = (number + 1, sent + text.len());
        Some((Ok::<_, std::io::Error>(text), next))
    };
    let answer = move || async move { Body::from_stream(stream::unfold((0, 0), chunks)) };
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("port");
    let url = format!("http://{}", listener.local_addr().expect("address"));
    let router = Router::new().route("/index.yaml", get(answer));
    tokio::spawn(async move { axum::serve(listener, router).await.expect("serve") });
    url
}

/// Returns the most memory that this process has had.
fn peak() -> usize {
    let status = fs::read_to_string("/proc/self/status").expect("status");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a line for the peak");
    line.trim().trim_end_matches(" kB").parse::<usize>().expect("a number") << 10
}

#[tokio::test]
async fn an_index_of_60_mib_is_never_in_memory() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::at(dir.path(), Options::default()).unwrap();
    let repositories = HelmRepos::new(store, Limits { size: 2 * SIZE as u64, ..Limits::helm_index() });
    let (url, timeout) = (serve().await, Duration::from_secs(120));
    let spec = HelmRepoSpec { url, login: Login::Anonymous, tls: Default::default(), timeout };
    let before = peak();
    let fetched = repositories.fetch(&spec, None).await.unwrap().unwrap();
    let cost = peak() - before;
    assert!(fetched.summary.versions > 50_000, "{:?}", fetched.summary);
    assert!(cost < COST, "it cost {} KiB", cost >> 10);
}
