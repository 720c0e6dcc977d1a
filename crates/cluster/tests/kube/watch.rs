//! How a watch mends itself, against a server that answers by script.

use std::time::Duration;

use crate::server::{Answer, Server, end_of_list, event, map, status};
use futures::{StreamExt as _, stream::BoxStream};
use serde_json::json;
use sluice_cluster::{Cluster as _, Identity, Selection, WatchEvent};
use sluice_object::Gvk;
use tokio::time::timeout;

fn watch(server: &Server) -> BoxStream<'static, WatchEvent> {
    let maps = Selection { namespace: Some("default".into()), ..Selection::all(Gvk::new("", "v1", "ConfigMap")) };
    server.cluster.watch(&Identity::Agent, maps)
}

async fn take(watch: &mut BoxStream<'static, WatchEvent>, count: usize) -> Vec<String> {
    let mut events = Vec::new();
    for _ in 0..count {
        let event = timeout(Duration::from_secs(10), watch.next()).await.expect("an event").expect("no end");
        events.push(match event {
            WatchEvent::Restarted => "restarted".into(),
            WatchEvent::Listed => "listed".into(),
            WatchEvent::Seen(object) => format!("seen {}", object.name()),
            WatchEvent::Gone(object) => format!("gone {}", object.name()),
            WatchEvent::Failed { message, refused } => format!("failed: {message}, refused: {refused}"),
        });
    }
    events
}

fn is_list(line: &str) -> bool {
    line.contains("sendInitialEvents=true")
}

#[tokio::test]
async fn a_closed_watch_goes_on_where_it_was() {
    let server = Server::start(|asked, _| match is_list(&asked.line) {
        true => {
            Answer::Events(vec![event("ADDED", map("a", "7")), end_of_list("9"), event("MODIFIED", map("a", "12"))])
        }
        false if asked.line.ends_with("=12") => {
            Answer::Events(vec![event("BOOKMARK", json!({ "metadata": { "resourceVersion": "15" } }))])
        }
        false => Answer::Open(vec![event("DELETED", map("a", "16"))]),
    })
    .await;
    let events = take(&mut watch(&server), 5).await;
    assert_eq!(events, ["restarted", "seen a", "listed", "seen a", "gone a"]);
    let versions = server.asked("watch=true").into_iter().filter(|line| !is_list(line));
    let versions: Vec<String> =
        versions.filter_map(|line| line.rsplit_once("resourceVersion=").map(|(_, v)| v.into())).collect();
    assert_eq!(versions, ["12", "15"]);
}

#[tokio::test]
async fn an_expired_version_is_listed_anew() {
    let server = Server::start(|asked, before| match (is_list(&asked.line), before) {
        (true, 0) => {
            Answer::Open(vec![event("ADDED", map("a", "7")), end_of_list("9"), event("ERROR", status(410, "Expired"))])
        }
        _ => Answer::Open(vec![event("ADDED", map("b", "20")), end_of_list("21")]),
    })
    .await;
    let events = take(&mut watch(&server), 6).await;
    assert_eq!(events, ["restarted", "seen a", "listed", "restarted", "seen b", "listed"]);
}

#[tokio::test]
async fn a_server_without_streamed_lists_is_asked_for_pages() {
    let server = Server::start(|asked, _| match asked.line.as_str() {
        line if is_list(line) => Answer::Json(422, status(422, "Invalid")),
        line if line.contains("watch=true") => Answer::Open(vec![event("ADDED", map("c", "11"))]),
        line if line.contains("continue=more") => {
            Answer::Json(200, json!({ "metadata": { "resourceVersion": "10" }, "items": [map("b", "4")] }))
        }
        _ => {
            Answer::Json(200, json!({ "metadata": { "continue": "more" }, "items": [{ "metadata": { "name": "a" } }] }))
        }
    })
    .await;
    let events = take(&mut watch(&server), 5).await;
    assert_eq!(events, ["restarted", "seen a", "seen b", "listed", "seen c"]);
    assert!(server.asked("watch=true")[1].ends_with("resourceVersion=10"), "{:?}", server.asked("watch=true"));
    take(&mut watch(&server), 1).await;
    let lists = server.asked("sendInitialEvents").len();
    assert_eq!(lists, 1, "the server is not asked for a streamed list again");
}

#[tokio::test]
async fn a_refusal_is_told_and_tried_again() {
    let server = Server::start(|_, before| match before {
        0 => Answer::Json(403, status(403, "no")),
        _ => Answer::Open(vec![end_of_list("9")]),
    })
    .await;
    let events = take(&mut watch(&server), 3).await;
    assert_eq!(events, ["failed: no, refused: true", "restarted", "listed"]);
}

#[tokio::test]
async fn a_short_outage_is_not_told() {
    let server = Server::start(|asked, before| match (is_list(&asked.line), before) {
        (true, _) => Answer::Events(vec![end_of_list("9")]),
        (false, 0..3) => Answer::Cut,
        (false, _) => Answer::Open(vec![event("ADDED", map("a", "11"))]),
    })
    .await;
    assert_eq!(take(&mut watch(&server), 3).await, ["restarted", "listed", "seen a"]);
}

#[tokio::test]
async fn a_kind_that_is_learned_is_watched_at_once() {
    let server = Server::start(|asked, before| match asked.line.as_str() {
        "GET /apis/e.io/v1" if before == 0 => Answer::Code(404, ""),
        "GET /apis/e.io/v1" => {
            Answer::Json(200, json!({ "resources": [{ "name": "foos", "kind": "Foo", "namespaced": true }] }))
        }
        line if line.starts_with("GET /apis/e.io/v1/foos?watch=true") => Answer::Open(vec![end_of_list("9")]),
        _ => Answer::Code(404, ""),
    })
    .await;
    let foos = Selection::all(Gvk::new("e.io", "v1", "Foo"));
    let mut watch = server.cluster.watch(&Identity::Agent, foos);
    let refused = "failed: no matches for kind \"Foo\" in version \"e.io/v1\", refused: true";
    assert_eq!(take(&mut watch, 1).await, [refused]);
    server.cluster.invalidate();
    assert_eq!(take(&mut watch, 2).await, ["restarted", "listed"]);
}

#[tokio::test]
async fn a_dropped_watch_closes_its_connection() {
    let server = Server::start(|_, _| Answer::Open(vec![end_of_list("9")])).await;
    let mut watch = watch(&server);
    take(&mut watch, 2).await;
    assert_eq!(server.cluster.stats().open_watches, 1);
    drop(watch);
    assert_eq!(server.cluster.stats().open_watches, 0);
}
