//! What the fake can do beyond the contract: faults, refusals, controllers, and being the same every time.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use futures::{FutureExt as _, StreamExt as _};
use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};
use sluice_cluster::{
    ApiError, Cluster as _, FakeCluster, Identity, Precondition, Propagation, Request, Response, Selection, Target,
    Verb, WatchEvent,
    fake::{AGENT_USER, Fault},
};
use sluice_object::{Gvk, Object};

fn maps() -> Gvk {
    Gvk::new("", "v1", "ConfigMap")
}

fn target(gvk: Gvk, name: &str) -> Target {
    Target { gvk, namespace: "default".into(), name: name.into() }
}

fn map(name: &str, data: Value) -> Object {
    let metadata = json!({ "name": name, "namespace": "default" });
    Object::new(json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data }))
        .expect("an object")
}

fn apply(object: Object) -> Request {
    Request::Apply { object, manager: "test".into(), force: false, dry_run: false }
}

fn deployment() -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "web", "namespace": "apps" },
        "spec": { "replicas": 3 },
    })
}

fn call(fake: &FakeCluster, request: Request) -> Result<Response, ApiError> {
    fake.call(&Identity::Agent, request).now_or_never().expect("an answer at once")
}

#[test]
fn a_lost_request_is_not_done_and_a_lost_answer_is() {
    let fake = FakeCluster::new();
    for (fault, done) in [(Fault::LoseRequest, false), (Fault::LoseAnswer, true)] {
        fake.faults(Box::new(move |_, _| fault.clone()));
        assert!(fake.call(&Identity::Agent, apply(map("a", json!({ "a": "1" })))).now_or_never().is_none());
        fake.no_faults();
        assert_eq!(fake.get(&target(maps(), "a")).is_some(), done);
    }
}

#[test]
fn a_fault_may_look_at_the_server() {
    let fake = FakeCluster::new();
    let inside = fake.clone();
    fake.faults(Box::new(move |_, request| match (request.verb(), inside.requests().len()) {
        (Verb::Apply, 1) => Fault::Refuse(ApiError::status(503, "ServiceUnavailable", "later")),
        _ => Fault::None,
    }));
    assert_eq!(call(&fake, apply(map("a", json!({})))).map_err(|error| error.code()), Err(503));
    assert!(call(&fake, apply(map("a", json!({})))).is_ok());
}

#[test]
fn requests_are_logged_but_known_kinds_cost_none() {
    let fake = FakeCluster::new();
    call(&fake, Request::Resolve(maps())).unwrap();
    call(&fake, apply(map("a", json!({})))).unwrap();
    drop(fake.watch(&Identity::Agent, Selection::all(maps())));
    let verbs: Vec<Verb> = fake.requests().into_iter().map(|(_, verb, _)| verb).collect();
    assert_eq!(verbs, [Verb::Apply, Verb::Watch]);
    fake.clear_requests();
    assert!(call(&fake, Request::Resolve(Gvk::new("e.io", "v1", "Foo"))).is_err());
    assert_eq!(fake.requests().len(), 1);
}

#[test]
fn a_refusal_names_the_user() {
    let fake = FakeCluster::new();
    fake.deny(AGENT_USER, "delete", "ConfigMap", "default");
    call(&fake, apply(map("a", json!({})))).unwrap();
    let (only_if, propagation) = (Precondition::default(), Propagation::Background);
    let delete = Request::Delete { target: target(maps(), "a"), only_if, propagation };
    let message = "configmaps \"a\" is forbidden: User \"system:serviceaccount:flux-system:sluice\" cannot delete \
                   resource \"configmaps\" in API group \"\" in the namespace \"default\"";
    assert_eq!(call(&fake, delete.clone()).unwrap_err().message, message);
    fake.allow_all();
    assert!(call(&fake, delete).is_ok());
}

#[test]
fn admission_is_asked_in_a_dry_run_too() {
    let fake = FakeCluster::new();
    fake.admission(Box::new(|_, object| match object.value()["data"]["bad"].is_string() {
        true => Err(ApiError::status(403, "Forbidden", "admission webhook \"x\" denied the request: bad")),
        false => Ok(()),
    }));
    let bad = map("a", json!({ "bad": "1" }));
    let dry_run = Request::Apply { object: bad.clone(), manager: "test".into(), force: false, dry_run: true };
    assert_eq!(call(&fake, dry_run).map_err(|error| error.code()), Err(403));
    assert_eq!(call(&fake, apply(bad)).map_err(|error| error.code()), Err(403));
    assert!(call(&fake, apply(map("a", json!({})))).is_ok());
}

#[test]
fn controllers_play_when_they_are_told_or_always() {
    let fake = FakeCluster::new();
    let web = Target { namespace: "apps".into(), ..target(Gvk::new("apps", "v1", "Deployment"), "web") };
    fake.put(deployment()).unwrap();
    assert_eq!((fake.make_ready(), fake.make_ready()), (1, 0));
    let status = |fake: &FakeCluster| fake.get(&web).unwrap().value()["status"].clone();
    assert_eq!((&status(&fake)["availableReplicas"], &status(&fake)["observedGeneration"]), (&json!(3), &json!(1)));
    fake.auto_ready(true);
    let mut more = deployment();
    more["spec"]["replicas"] = 4.into();
    fake.put(more).unwrap();
    assert_eq!((&status(&fake)["availableReplicas"], &status(&fake)["observedGeneration"]), (&json!(4), &json!(2)));
}

#[test]
fn what_the_test_puts_is_kept_as_it_is() {
    let fake = FakeCluster::new();
    let metadata = json!({ "name": "a", "namespace": "new", "uid": "u", "creationTimestamp": "2020-01-01T00:00:00Z" });
    let pod = json!({ "apiVersion": "v1", "kind": "Pod", "metadata": metadata, "status": { "phase": "Failed" } });
    let stored = fake.put(pod).unwrap();
    assert_eq!((stored.uid(), &stored.value()["status"]["phase"]), ("u", &json!("Failed")));
    assert_eq!(stored.value()["metadata"]["creationTimestamp"], "2020-01-01T00:00:00Z");
}

#[test]
fn an_unchanged_apply_is_none_however_late() {
    let seconds = Arc::new(AtomicI64::new(1_800_000_000));
    let clock = seconds.clone();
    let now = move || Timestamp::from_second(clock.load(Ordering::Relaxed)).unwrap();
    let fake = FakeCluster::with_clock(now);
    for data in [json!({ "a": "1" }), json!({})] {
        let first = call(&fake, apply(map("a", data.clone()))).unwrap();
        seconds.fetch_add(60, Ordering::Relaxed);
        assert_eq!(call(&fake, apply(map("a", data))), Ok(first));
    }
}

#[tokio::test]
async fn watches_fail_and_come_back_as_the_test_says() {
    let fake = FakeCluster::new();
    let mut watch = fake.watch(&Identity::Agent, Selection::all(maps()));
    fake.fail_watches("gone for lunch", true);
    call(&fake, apply(map("a", json!({})))).unwrap();
    fake.restart_watches();
    let mut events = Vec::new();
    while let Ok(Some(event)) = tokio::time::timeout(Duration::from_millis(1), watch.next()).await {
        events.push(match event {
            WatchEvent::Seen(object) => object.name().to_owned(),
            WatchEvent::Failed { message, refused } => format!("{message} {refused}"),
            event => format!("{event:?}"),
        });
    }
    assert_eq!(events, ["Restarted", "Listed", "gone for lunch true", "Restarted", "a", "Listed"]);
    assert_eq!(fake.open_watches(), 1);
}

#[derive(Debug, Clone)]
enum Act {
    Apply { name: u8, manager: u8, data: BTreeMap<String, String>, force: bool },
    Edit { name: u8, data: BTreeMap<String, String> },
    Delete { name: u8 },
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let data = || prop::collection::btree_map("[a-d]", "[12]", 0..4);
    let act = prop_oneof![
        4 => (0..3u8, 0..3u8, data(), any::<bool>())
            .prop_map(|(name, manager, data, force)| Act::Apply { name, manager, data, force }),
        2 => (0..3u8, data()).prop_map(|(name, data)| Act::Edit { name, data }),
        1 => (0..3u8).prop_map(|name| Act::Delete { name }),
    ];
    prop::collection::vec(act, 0..24)
}

fn request(act: &Act) -> Request {
    match act {
        Act::Apply { name, manager, data, force } => {
            let (object, manager) = (map(&format!("m{name}"), json!(data)), format!("manager-{manager}"));
            Request::Apply { object, manager, force: *force, dry_run: false }
        }
        Act::Edit { name, data } => {
            let (target, patch) = (target(maps(), &format!("m{name}")), json!({ "data": data }));
            Request::MergePatch { target, patch, manager: "edit".into() }
        }
        Act::Delete { name } => {
            let (only_if, propagation) = (Precondition::default(), Propagation::Background);
            Request::Delete { target: target(maps(), &format!("m{name}")), only_if, propagation }
        }
    }
}

fn play(acts: &[Act]) -> (FakeCluster, Vec<Result<Response, ApiError>>) {
    let fake = FakeCluster::new();
    let answers = acts.iter().map(|act| call(&fake, request(act))).collect();
    (fake, answers)
}

proptest! {
    #[test]
    fn the_same_requests_have_the_same_answers(acts in acts()) {
        let ((one, first), (two, second)) = (play(&acts), play(&acts));
        prop_assert_eq!(first, second);
        prop_assert_eq!(one.objects(), two.objects());
    }

    #[test]
    fn an_apply_done_twice_is_done_once(acts in acts(), data in prop::collection::btree_map("[a-d]", "[12]", 0..4)) {
        let (fake, _) = play(&acts);
        let forced = Request::Apply { object: map("m0", json!(data)), manager: "x".into(), force: true, dry_run: false };
        let first = call(&fake, forced.clone()).unwrap().into_object().unwrap();
        for (key, value) in &data {
            prop_assert_eq!(&first.value()["data"][key], value);
        }
        prop_assert_eq!(call(&fake, forced).unwrap().into_object(), Some(first));
    }

    #[test]
    fn a_dry_run_shows_what_an_apply_stores(acts in acts(), data in prop::collection::btree_map("[a-d]", "[12]", 0..4)) {
        let (fake, _) = play(&acts);
        let apply = |dry_run| Request::Apply { object: map("m0", json!(data)), manager: "x".into(), force: false, dry_run };
        let strip = |answer: Result<Response, ApiError>| {
            answer.map(|answer| {
                let mut value = answer.into_object().unwrap().into_value();
                value["metadata"].as_object_mut().unwrap().retain(|key, _| !matches!(key.as_str(), "resourceVersion" | "uid"));
                value
            })
        };
        let shown = strip(call(&fake, apply(true)));
        prop_assert_eq!(shown, strip(call(&fake, apply(false))));
    }

    #[test]
    fn a_watch_tells_what_a_list_shows(acts in acts()) {
        let fake = FakeCluster::new();
        let mut watch = fake.watch(&Identity::Agent, Selection::all(maps()));
        for act in &acts {
            let _ = call(&fake, request(act));
        }
        let mut known = BTreeMap::new();
        while let Some(Some(event)) = watch.next().now_or_never() {
            match event {
                WatchEvent::Seen(object) => drop(known.insert(object.name().to_owned(), object)),
                WatchEvent::Gone(object) => drop(known.remove(object.name())),
                _ => {}
            }
        }
        let list = Request::List { gvk: maps(), namespace: None, labels: String::new(), body: Default::default() };
        prop_assert_eq!(call(&fake, list).unwrap().into_list(), known.into_values().collect::<Vec<_>>());
    }
}
