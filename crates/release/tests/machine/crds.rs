//! Definitions of charts.

use std::sync::Arc;

use rstest::rstest;
use serde_json::json;
use sluice_apply::health::{Check, Expressions};
use sluice_cluster::{ApiError, Verb};
use sluice_object::Object;
use sluice_release::{CrdPolicy, Crds, Options, Plan, ServerSide, Wait};

use crate::world::{Ran, World, config, minutes, now, options, release};

fn definition(version: &str) -> Object {
    let names = json!({"kind": "Foo", "plural": "foos"});
    let schema = json!({"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}});
    let versions = json!([{"name": "v1", "served": true, "storage": true, "schema": schema}]);
    Object::new(json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "foos.e.io", "labels": {"of": version}},
        "spec": {"group": "e.io", "scope": "Namespaced", "names": names, "versions": versions},
    }))
    .unwrap()
}

fn crds(policy: CrdPolicy, version: &str) -> Options {
    Options { crds: Crds { policy, objects: vec![definition(version)] }, ..options() }
}

fn run(world: &World, options: Options) -> Ran {
    let object = "apiVersion: e.io/v1\nkind: Foo\nmetadata: {name: f}\n";
    world.run(Plan::Install { release: release(&[&config("a", "1"), object]) }, options)
}

fn of(world: &World) -> Option<String> {
    let definition = world.get("CustomResourceDefinition", "foos.e.io")?;
    definition.label("of").map(str::to_owned)
}

#[test]
fn definitions_come_before_the_release_is_tried() {
    let world = World::new();
    let ran = run(&world, crds(CrdPolicy::Create, "1"));
    let expected =
        ["get CustomResourceDefinition/foos.e.io", "apply CustomResourceDefinition/foos.e.io", "dry-run ConfigMap/a"];
    let lines: Vec<_> = ran.about_objects().into_iter().filter(|line| !line.starts_with("discovery")).take(3).collect();
    assert_eq!(lines, expected);
    assert!(ran.result.is_ok() && world.get("Foo", "f").is_some());
}

#[rstest]
#[case(CrdPolicy::Skip, "1")]
#[case(CrdPolicy::Create, "1")]
#[case(CrdPolicy::CreateReplace, "2")]
fn a_definition_that_is_there_is_changed_only_on_request(#[case] policy: CrdPolicy, #[case] then: &str) {
    for server_side in [ServerSide::Yes, ServerSide::No] {
        let world = World::new();
        world.cluster.put(definition("1").into_value()).unwrap();
        world.cluster.make_ready();
        let ran = run(&world, Options { server_side, ..crds(policy, "2") });
        assert!(ran.result.is_ok(), "{}", ran.text());
        assert_eq!(of(&world).as_deref(), Some(then));
    }
}

#[test]
fn nothing_is_done_where_definitions_are_skipped() {
    let world = World::new();
    let ran = run(&world, crds(CrdPolicy::Skip, "1"));
    assert!(ran.result.is_err() && of(&world).is_none());
}

/// Options under which no definition ever counts as served.
fn never_served() -> Options {
    let (api_version, kind) = ("apiextensions.k8s.io/v1".into(), "CustomResourceDefinition".into());
    let check = Check { api_version, kind, current: "false".into(), ..Check::default() };
    Options { expressions: Arc::new(Expressions::read(&[check]).unwrap()), ..crds(CrdPolicy::Create, "1") }
}

#[test]
fn the_server_must_serve_them_within_a_minute() {
    let ran = run(&World::new(), never_served());
    let text = "failed to apply CustomResourceDefinitions: failed to wait for CustomResourceDefinition(s): timeout waiting for: \
                [CustomResourceDefinition/foos.e.io status: 'InProgress']";
    assert_eq!((ran.text().as_str(), ran.waits[0].0.deadline), (text, now() + minutes(1)));
}

#[test]
fn they_are_not_awaited_where_only_hooks_are() {
    let ran = run(&World::new(), Options { wait: Wait::HookOnly, ..never_served() });
    assert!(ran.waits.is_empty() && ran.result.is_ok());
}

#[rstest]
#[case(CrdPolicy::Create, "failed to create CustomResourceDefinition foos.e.io")]
#[case(CrdPolicy::CreateReplace, "failed to update CustomResourceDefinition(s)")]
fn a_definition_that_is_refused_ends_it(#[case] policy: CrdPolicy, #[case] words: &str) {
    let world = World::new();
    world.refuse(Verb::Apply, "foos", ApiError::status(422, "Invalid", "bad"));
    let ran = run(&world, crds(policy, "1"));
    let subject =
        "server-side apply failed for object /foos.e.io apiextensions.k8s.io/v1, Kind=CustomResourceDefinition: bad";
    assert_eq!(ran.text(), format!("failed to apply CustomResourceDefinitions: {words}: {subject}"));
    assert!(!ran.error().stored());
}

#[test]
fn other_objects_in_their_folder_are_left_out() {
    let world = World::new();
    let other = Object::new(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "odd"}})).unwrap();
    let crds = Crds { policy: CrdPolicy::Create, objects: vec![other] };
    let ran = world.run(Plan::Install { release: release(&[&config("a", "1")]) }, Options { crds, ..options() });
    assert!(ran.action.notices()[0].contains("ConfigMap/odd"), "{:?}", ran.action.notices());
    assert!(world.get("ConfigMap", "odd").is_none());
}
