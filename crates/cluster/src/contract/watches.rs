//! Watches.

use serde_json::{Value, json};
use sluice_object::Gvk;

use super::{
    bench::{Bench, MANAGER, Outcome, good, metadata_of, same},
    kinds::{define, widget_object},
};
use crate::{Cluster, Selection, WatchEvent};

fn maps() -> Gvk {
    Gvk::new("", "v1", "ConfigMap")
}

fn labelled(bench: &Bench<'_>, name: &str, label: &str, data: Value) -> Value {
    let mut map = bench.map(name, data);
    map["metadata"]["labels"] = json!({ label: "yes" });
    map
}

pub(super) async fn a_watch_lists_then_tells_changes(cluster: &dyn Cluster, namespace: &str) -> Outcome {
    let bench = Bench::new(cluster, namespace);
    let map = |name: &str, value: &str| labelled(&bench, name, "watched", json!({ "a": value }));
    good(bench.apply(map("watched-1", "1")).await)?;
    good(bench.apply(map("watched-2", "1")).await)?;
    let mut watch = bench.watch(bench.selection(maps(), "watched=yes"));
    let listed = ["restarted", "seen watched-1", "seen watched-2", "listed"];
    same("the list", watch.until("listed").await?, listed.map(String::from).to_vec())?;
    good(bench.apply(map("watched-3", "1")).await)?;
    good(bench.apply(map("watched-1", "2")).await)?;
    good(bench.apply(map("watched-1", "2")).await)?;
    good(bench.delete(&bench.core("ConfigMap", "watched-2")).await)?;
    let changes = ["seen watched-3", "seen watched-1", "gone watched-2"];
    same("the changes", watch.until("gone watched-2").await?, changes.map(String::from).to_vec())?;
    let stored =
        good(bench.merge(&bench.core("ConfigMap", "watched-3"), MANAGER, json!({ "data": { "b": "1" } })).await)?;
    same("the whole object", watch.event().await?, WatchEvent::Seen(stored))
}

pub(super) async fn a_watch_of_a_name_sees_only_that(cluster: &dyn Cluster, namespace: &str) -> Outcome {
    let bench = Bench::new(cluster, namespace);
    good(bench.apply(bench.map("named-1", json!({}))).await)?;
    let mut watch = bench.watch(Selection { name: Some("named-2".into()), ..bench.selection(maps(), "") });
    same("the list", watch.until("listed").await?, vec!["restarted".to_owned(), "listed".to_owned()])?;
    good(bench.apply(bench.map("named-1", json!({ "a": "1" }))).await)?;
    good(bench.apply(bench.map("named-2", json!({}))).await)?;
    same("the change", watch.next().await?, "seen named-2".to_owned())
}

pub(super) async fn an_object_that_leaves_the_selection_is_gone(cluster: &dyn Cluster, namespace: &str) -> Outcome {
    let bench = Bench::new(cluster, namespace);
    good(bench.apply(labelled(&bench, "leaving", "leaves", json!({}))).await)?;
    let mut watch = bench.watch(bench.selection(maps(), "leaves"));
    watch.until("listed").await?;
    good(bench.apply(bench.map("leaving", json!({}))).await)?;
    same("the change", watch.next().await?, "gone leaving".to_owned())?;
    good(bench.apply(labelled(&bench, "leaving", "leaves", json!({}))).await)?;
    same("the change back", watch.next().await?, "seen leaving".to_owned())
}

pub(super) async fn metadata_is_watched(cluster: &dyn Cluster, namespace: &str) -> Outcome {
    let bench = Bench::new(cluster, namespace);
    let stored = good(bench.apply(labelled(&bench, "thin", "thin", json!({ "a": "1" }))).await)?;
    let mut watch = bench.watch(metadata_of(bench.selection(maps(), "thin=yes")));
    same("the start", watch.next().await?, "restarted".to_owned())?;
    let WatchEvent::Seen(listed) = watch.event().await? else { return Err("nothing was listed".into()) };
    same("the kind", listed.gvk(), maps())?;
    same("the metadata", &listed.value()["metadata"], &stored.value()["metadata"])?;
    same("the data", listed.value().get("data"), None)?;
    same("the end", watch.next().await?, "listed".to_owned())?;
    good(bench.delete(&bench.core("ConfigMap", "thin")).await)?;
    let WatchEvent::Gone(gone) = watch.event().await? else { return Err("it is not gone".into()) };
    same("the kind of what is gone", gone.gvk(), maps())
}

pub(super) async fn a_kind_that_comes_later_is_watched(cluster: &dyn Cluster, namespace: &str) -> Outcome {
    let bench = Bench::new(cluster, namespace);
    let gvk = Gvk::new(format!("{namespace}.later.test"), "v1", "Widget");
    let mut watch = bench.watch(bench.selection(gvk.clone(), ""));
    let refused = "failed, refused: true";
    same("the start", watch.until(refused).await?, vec![refused.to_owned()])?;
    let definition = define(&bench, &gvk).await?;
    watch.until("listed").await?;
    good(bench.apply(widget_object(&bench, &gvk, json!({ "size": 1 }))).await)?;
    same("the change", watch.next().await?, "seen one".to_owned())?;
    good(bench.delete(&definition).await)?;
    bench.gone(&definition).await?;
    same("the end", watch.next().await?, "gone one".to_owned())?;
    // A server that has not yet forgotten the path may list it once more.
    let end = watch.until(refused).await?;
    same("what is seen after the end", end.iter().find(|event| event.starts_with("seen")), None)
}
