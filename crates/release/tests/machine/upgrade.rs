//! Upgrades.

use rstest::rstest;
use serde_json::json;
use sluice_cluster::{ApiError, Request, Verb};
use sluice_helm::{
    Event,
    release::{ApplyMethod, Release, Status},
};
use sluice_object::Gvk;
use sluice_release::{Options, Plan, ServerSide};

use crate::world::{Ran, World, config, data, hook, invalid, options, release, target, with_hooks};

fn upgrade(documents: &[&str]) -> Plan {
    Plan::Upgrade { release: release(documents) }
}

fn observed(ran: &Ran) -> Vec<String> {
    let status = |(version, release): (&i64, &Release)| format!("{version} {}", release.info.status);
    ran.action.observed().iter().map(status).collect()
}

#[test]
fn an_upgrade_supersedes_the_revision_before() {
    let world = World::new();
    world.install(&[&config("a", "1")]);
    let ran = world.run(upgrade(&[&config("a", "2")]), options());
    let expected = [
        "dry-run ConfigMap/a",
        "create Secret/sh.helm.release.v1.app.v2",
        "apply ConfigMap/a",
        "patch Secret/sh.helm.release.v1.app.v1",
        "patch Secret/sh.helm.release.v1.app.v2",
    ];
    assert_eq!(ran.asked, expected);
    let release = ran.ok();
    assert_eq!((release.version, release.info.description.as_str()), (2, "Upgrade complete"));
    assert_eq!(world.statuses(), ["1 superseded", "2 deployed"]);
    assert_eq!(data(&world.get("ConfigMap", "a").unwrap()), "2");
}

#[test]
fn what_names_the_release_comes_from_the_revisions_before() {
    let world = World::new();
    world.install(&[&config("a", "1")]);
    let first = "2020-01-01T00:00:00Z".parse::<jiff::Timestamp>().unwrap();
    world.set(1, |release| {
        release.info.first_deployed = Some(first.into());
        release.labels = [("kept", "1"), ("changed", "1"), ("gone", "1")].map(|(k, v)| (k.into(), v.into())).into();
    });
    let labels = [("changed", "2"), ("gone", "null")].map(|(k, v)| (k.into(), v.into())).into();
    let release = Release { labels, namespace: "elsewhere".into(), ..release(&[&config("a", "2")]) };
    let release = world.run(Plan::Upgrade { release }, options()).ok();
    assert_eq!(release.info.first_deployed.map(|time| time.timestamp()), Some(first));
    assert_eq!(release.labels, [("kept", "1"), ("changed", "2")].map(|(k, v)| (k.into(), v.into())).into());
    assert_eq!(release.namespace, "apps");
    let stored = world.history().remove(1);
    assert_eq!(stored.labels, release.labels);
}

#[rstest]
#[case::none(&[], "\"app\" has no deployed releases")]
#[case::uninstalled(&[Status::Uninstalled], "\"app\" has no deployed releases")]
#[case::pending(&[Status::Deployed, Status::PendingUpgrade], "another operation (install/upgrade/rollback) is in progress")]
fn there_must_be_a_release_that_nobody_works_on(#[case] statuses: &[Status], #[case] text: &str) {
    let world = World::new();
    for (version, status) in (1..).zip(statuses) {
        let mut stored = Release { version, ..release(&[]) };
        stored.info.status = status.clone();
        world.store(&stored);
    }
    let ran = world.run(upgrade(&[&config("a", "1")]), options());
    assert_eq!((ran.text().as_str(), ran.asked.len()), (text, 0));
}

#[test]
fn an_upgrade_after_a_failed_one_is_against_what_is_deployed() {
    let world = World::new();
    world.install(&[&config("a", "1"), &config("gone", "1")]);
    world.upgrade(&[&config("a", "2")]);
    world.set(1, |release| release.info.status = Status::Deployed);
    world.set(2, |release| release.info.status = Status::Failed);
    world.put(&format!("{}  \n", config("gone", "1").replace("{name: gone}", "{name: gone, namespace: apps}")));
    world.upgrade(&[&config("a", "3")]);
    assert_eq!(world.statuses(), ["1 superseded", "2 failed", "3 deployed"]);
    assert!(world.get("ConfigMap", "gone").is_none());
}

#[test]
fn an_upgrade_after_a_failed_installation_is_against_that() {
    let world = World::new();
    world.install(&[&config("a", "1")]);
    world.set(1, |release| release.info.status = Status::Failed);
    world.upgrade(&[&config("b", "1")]);
    assert_eq!(world.statuses(), ["1 superseded", "2 deployed"]);
    assert!(world.get("ConfigMap", "a").is_none());
}

#[test]
fn stale_objects_go_unless_they_are_to_be_kept() {
    let world = World::new();
    world.install(&[&config("a", "1"), &config("b", "1"), &config("kept", "1")]);
    let object = world.get("ConfigMap", "kept").unwrap();
    let patch = json!({"metadata": {"annotations": {"helm.sh/resource-policy": "keep"}}});
    let target = sluice_cluster::Target::of(&object);
    world.call(Request::MergePatch { target, patch, manager: "edit".into() }).unwrap();
    let ran = world.run(upgrade(&[&config("a", "1")]), options());
    assert!(ran.asked.contains(&"delete ConfigMap/b".to_owned()));
    assert!(world.get("ConfigMap", "b").is_none() && world.get("ConfigMap", "kept").is_some());
}

#[test]
fn another_version_of_a_kind_is_the_same_object() {
    let world = World::new();
    let of = |version: &str| format!("apiVersion: e.io/{version}\nkind: Foo\nmetadata: {{name: f}}\n");
    for version in ["v1", "v2"] {
        world.cluster.serve(&Gvk::new("e.io", version, "Foo"), "foos", true);
    }
    world.install(&[&of("v1")]);
    world.upgrade(&[&of("v2")]);
    assert!(world.get("Foo", "f").is_some());
}

#[test]
fn a_stale_object_that_cannot_be_deleted_fails_the_release() {
    let world = World::new();
    world.install(&[&config("a", "1"), &config("b", "1")]);
    world.refuse(Verb::Delete, "b", ApiError::status(403, "Forbidden", "no"));
    let ran = world.run(upgrade(&[&config("a", "1")]), options());
    assert_eq!(ran.text(), "failed to delete resource namespace=apps, name=b, kind=ConfigMap: no");
    assert_eq!(world.statuses(), ["1 deployed", "2 failed"]);
}

#[test]
fn errors_of_all_objects_are_told() {
    let world = World::new();
    world.install(&[&config("x1", "1"), &config("x2", "1"), &config("stale", "1")]);
    world.refuse(Verb::Apply, "x", invalid("bad"));
    let ran = world.run(upgrade(&[&config("x1", "2"), &config("x2", "2")]), options());
    let line = |name: &str| format!("server-side apply failed for object apps/{name} /v1, Kind=ConfigMap: bad");
    let text = [line("x1"), line("x2")].join(" && ");
    assert_eq!(ran.text(), text);
    assert_eq!(world.description(2), format!("Upgrade \"app\" failed: {text}"));
    assert_eq!(world.statuses(), ["1 deployed", "2 failed"]);
    assert!(world.get("ConfigMap", "stale").is_some());
}

#[test]
fn an_object_that_cannot_be_made_ends_it_at_once() {
    let world = World::new();
    world.install(&[&config("a", "1")]);
    world.refuse(Verb::Apply, "new", invalid("bad"));
    let service = "apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: {clusterIP: None}\n";
    let ran = world.run(upgrade(&[&config("new", "1"), service]), options());
    assert_eq!(
        ran.text(),
        "failed to create resource: server-side apply failed for object apps/new /v1, Kind=ConfigMap: bad"
    );
    assert!(world.get("Service", "s").is_none());
}

#[rstest]
#[case(true)]
#[case(false)]
fn what_a_failed_upgrade_has_made_is_deleted_on_request(#[case] cleanup_on_fail: bool) {
    let world = World::new();
    world.install(&[&config("a", "1")]);
    world.refuse(Verb::Apply, "x", invalid("bad"));
    let service = "apiVersion: v1\nkind: Service\nmetadata: {name: x}\nspec: {clusterIP: None}\n";
    let ran = world
        .run(upgrade(&[&config("a", "2"), &config("new", "1"), service]), Options { cleanup_on_fail, ..options() });
    assert!(ran.text().ends_with("bad"), "{}", ran.text());
    assert_eq!(world.get("ConfigMap", "new").is_none(), cleanup_on_fail);
    assert_eq!(data(&world.get("ConfigMap", "a").unwrap()), "2");
}

#[test]
fn a_clean_up_that_fails_is_told_too() {
    let world = World::new();
    world.install(&[&config("a", "1")]);
    let (bad, no) = (invalid("bad"), ApiError::status(403, "Forbidden", "no"));
    world.cluster.faults(Box::new(move |_, request| match request {
        Request::Apply { object, dry_run: false, .. } if object.name() == "x" => {
            sluice_cluster::fake::Fault::Refuse(bad.clone())
        }
        Request::Delete { .. } => sluice_cluster::fake::Fault::Refuse(no.clone()),
        _ => sluice_cluster::fake::Fault::None,
    }));
    let ran = world.run(upgrade(&[&config("x", "1")]), Options { cleanup_on_fail: true, ..options() });
    let text = ran.text();
    assert!(
        text.starts_with("an error occurred while cleaning up resources. original upgrade error: failed to create"),
        "{text}"
    );
    assert!(text.ends_with("bad: unable to cleanup resources: no"), "{text}");
}

#[rstest]
#[case::failed_before(Event::PreUpgrade, "pre-upgrade hooks failed: ")]
#[case::failed_after(Event::PostUpgrade, "post-upgrade hooks failed: ")]
fn a_hook_that_fails_fails_the_release(#[case] event: Event, #[case] words: &str) {
    let world = World::new();
    world.install(&[&config("a", "1")]);
    world.refuse(Verb::Apply, "h", invalid("bad"));
    let release = with_hooks(&[&config("a", "2")], vec![hook("h", &[event])]);
    let ran = world.run(Plan::Upgrade { release }, options());
    assert!(ran.text().starts_with(words), "{}", ran.text());
    assert_eq!(world.statuses(), ["1 deployed", "2 failed"]);
    assert_eq!(observed(&ran), ["2 failed"]);
}

#[test]
fn objects_that_fail_have_the_revision_before_observed_as_it_was() {
    let world = World::new();
    world.install(&[&config("a", "1")]);
    world.refuse(Verb::Apply, "a", invalid("bad"));
    let ran = world.run(upgrade(&[&config("a", "2")]), options());
    assert_eq!(observed(&ran), ["1 deployed", "2 failed"]);
}

#[test]
fn the_oldest_revisions_go_first_and_what_is_deployed_stays() {
    let world = World::new();
    world.install(&[&config("a", "1")]);
    for data in ["2", "3"] {
        world.upgrade(&[&config("a", data)]);
    }
    let ran = world.run(upgrade(&[&config("a", "4")]), Options { max_history: 2, ..options() });
    let deleted: Vec<_> = ran.asked.iter().filter(|line| line.starts_with("delete ")).collect();
    assert_eq!(deleted, ["delete Secret/sh.helm.release.v1.app.v1", "delete Secret/sh.helm.release.v1.app.v2"]);
    assert_eq!(world.statuses(), ["3 superseded", "4 deployed"]);
    assert_eq!(ran.action.observed().keys().copied().collect::<Vec<_>>(), [1, 2, 3, 4]);
}

#[rstest]
#[case::as_recorded(Some(ApplyMethod::ServerSide), ServerSide::Auto, ApplyMethod::ServerSide)]
#[case::of_helm_3(None, ServerSide::Auto, ApplyMethod::ClientSide)]
#[case::asked_for(None, ServerSide::Yes, ApplyMethod::ServerSide)]
#[case::not_wanted(Some(ApplyMethod::ServerSide), ServerSide::No, ApplyMethod::ClientSide)]
fn objects_are_written_as_before_unless_told(
    #[case] recorded: Option<ApplyMethod>,
    #[case] server_side: ServerSide,
    #[case] expected: ApplyMethod,
) {
    let world = World::new();
    world.install(&[&config("a", "1")]);
    world.set(1, |release| release.apply_method = recorded);
    let ran = world.run(upgrade(&[&config("a", "2")]), Options { server_side, ..options() });
    let applied = ran.asked.contains(&"apply ConfigMap/a".to_owned());
    assert_eq!((ran.ok().apply_method, applied), (Some(expected), expected == ApplyMethod::ServerSide));
    assert_eq!(data(&world.get("ConfigMap", "a").unwrap()), "2");
}

#[test]
fn going_to_server_side_apply_folds_the_fields_of_the_client_side_manager() {
    let world = World::new();
    let client_side = Options { server_side: ServerSide::No, ..options() };
    let two = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: \"1\", b: \"1\"}\n";
    world.run(Plan::Install { release: release(&[two]) }, client_side).ok();
    world.run(upgrade(&[&config("a", "2")]), Options { server_side: ServerSide::Yes, ..options() }).ok();
    assert_eq!(world.get("ConfigMap", "a").unwrap().value()["data"], json!({"a": "2"}));
}

/// A release that was installed without the server, and what has become of its object.
fn client_side(world: &World) -> Options {
    let options = Options { server_side: ServerSide::No, ..options() };
    let two = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: \"1\", b: \"1\"}\n";
    world.run(Plan::Install { release: release(&[two]) }, options.clone()).ok();
    let patch = json!({"data": {"theirs": "1"}});
    world.call(Request::MergePatch { target: target("ConfigMap", "a"), patch, manager: "edit".into() }).unwrap();
    options
}

#[test]
fn without_the_server_only_what_the_release_has_said_is_changed() {
    let world = World::new();
    let options = client_side(&world);
    let ran = world.run(upgrade(&[&config("a", "2")]), options);
    assert_eq!(ran.about_objects(), ["dry-run ConfigMap/a", "get ConfigMap/a", "patch ConfigMap/a"]);
    assert_eq!(world.get("ConfigMap", "a").unwrap().value()["data"], json!({"a": "2", "theirs": "1"}));
}

#[test]
fn without_the_server_an_unchanged_object_is_not_written() {
    let world = World::new();
    let options = Options { server_side: ServerSide::No, ..options() };
    world.run(Plan::Install { release: release(&[&config("a", "1")]) }, options.clone()).ok();
    let ran = world.run(upgrade(&[&config("a", "1")]), options);
    assert_eq!(ran.about_objects(), ["dry-run ConfigMap/a", "get ConfigMap/a"]);
}

#[test]
fn a_forced_object_is_replaced_as_a_whole() {
    let world = World::new();
    let options = Options { force_replace: true, ..client_side(&world) };
    let before = world.get("ConfigMap", "a").unwrap();
    let ran = world.run(upgrade(&[&config("a", "2")]), options);
    assert_eq!(ran.about_objects(), ["dry-run ConfigMap/a", "get ConfigMap/a", "update ConfigMap/a"]);
    let object = world.get("ConfigMap", "a").unwrap();
    assert_eq!((object.value()["data"].clone(), object.uid()), (json!({"a": "2"}), before.uid()));
}

#[test]
fn an_object_of_somebody_else_ends_it_before_anything_is_stored() {
    let world = World::new();
    world.install(&[&config("a", "1")]);
    world.put("{apiVersion: v1, kind: ConfigMap, metadata: {name: b, namespace: apps}}");
    let ran =
        world.run(upgrade(&[&config("a", "1"), &config("b", "1")]), Options { take_ownership: false, ..options() });
    let words = "unable to continue with update: ConfigMap \"b\" in namespace \"apps\" exists and cannot be imported into the \
                 current release: invalid ownership metadata; ";
    assert!(ran.text().starts_with(words), "{}", ran.text());
    assert_eq!((ran.asked.iter().filter(|line| line.starts_with("get")).count(), ran.written().len()), (1, 0));
}

#[test]
fn a_final_status_that_cannot_be_stored_is_an_error() {
    let world = World::new();
    world.install(&[&config("a", "1")]);
    world.refuse(Verb::Patch, "app.v2", ApiError::status(500, "", "oops"));
    let ran = world.run(upgrade(&[&config("a", "2")]), options());
    assert_eq!(ran.text(), "update: failed to update: oops");
    assert!(ran.error().stored());
}

#[test]
fn a_kind_of_the_revision_before_must_be_served() {
    let world = World::new();
    world.install(&[&config("a", "1")]);
    let foo = "---\napiVersion: e.io/v1\nkind: Foo\nmetadata: {name: f}\n";
    world.set(1, |release| release.manifest = format!("{}{foo}", release.manifest).into());
    let ran = world.run(upgrade(&[&config("a", "2")]), options());
    let words =
        "unable to build kubernetes objects from current release manifest: resource mapping not found for name: \"f\"";
    assert!(ran.text().starts_with(words), "{}", ran.text());
}
