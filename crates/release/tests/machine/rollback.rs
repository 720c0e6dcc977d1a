//! Rollbacks.

use sluice_cluster::{ApiError, Verb};
use sluice_helm::{Event, release::Status};
use sluice_release::{Options, Plan};

use crate::world::{World, config, data, deployment, hook, invalid, options, with_hooks};

fn twice(world: &World) {
    world.install(&[&config("a", "1"), &config("old", "1")]);
    world.upgrade(&[&config("a", "2"), &config("new", "1")]);
}

#[test]
fn a_rollback_makes_a_revision_like_an_earlier_one() {
    let world = World::new();
    twice(&world);
    let release = world.run(Plan::Rollback { to: 1 }, options()).ok();
    assert_eq!((release.version, release.info.description.as_str()), (3, "Rollback to 1"));
    assert_eq!(world.statuses(), ["1 superseded", "2 superseded", "3 deployed"]);
    assert_eq!(data(&world.get("ConfigMap", "a").unwrap()), "1");
    assert!(world.get("ConfigMap", "old").is_some() && world.get("ConfigMap", "new").is_none());
}

#[test]
fn no_number_means_the_revision_before_the_last() {
    let world = World::new();
    twice(&world);
    world.set(2, |release| release.info.status = Status::Failed);
    world.set(1, |release| release.info.status = Status::Deployed);
    assert_eq!(world.run(Plan::Rollback { to: 0 }, options()).ok().info.description, "Rollback to 1");
    assert_eq!(world.statuses(), ["1 superseded", "2 failed", "3 deployed"]);
}

#[test]
fn a_revision_that_is_not_there_is_told() {
    let world = World::new();
    twice(&world);
    let ran = world.run(Plan::Rollback { to: 7 }, options());
    assert_eq!((ran.text().as_str(), ran.asked.len()), ("release has no 7 version", 0));
}

#[test]
fn an_object_that_cannot_be_written_fails_both_revisions() {
    let world = World::new();
    twice(&world);
    world.refuse(Verb::Apply, "a", invalid("bad"));
    let ran = world.run(Plan::Rollback { to: 1 }, options());
    let text = "server-side apply failed for object apps/a /v1, Kind=ConfigMap: bad";
    assert_eq!(ran.text(), text);
    assert_eq!(world.description(3), format!("Rollback \"app\" failed: {text}"));
    assert_eq!(world.statuses(), ["1 superseded", "2 superseded", "3 failed"]);
}

#[test]
fn what_does_not_become_healthy_fails_only_the_new_revision() {
    let world = World { tended: false, ..World::new() };
    world.cluster.auto_ready(true);
    world.install(&[&config("a", "1"), &deployment("d")]);
    world.upgrade(&[&config("a", "2")]);
    world.cluster.auto_ready(false);
    let ran = world.run(Plan::Rollback { to: 1 }, options());
    let list = "timeout waiting for: [Deployment/apps/d status: 'InProgress']";
    assert_eq!(ran.text(), format!("release app failed: {list}"));
    assert_eq!(world.description(3), format!("Release \"app\" failed: {list}"));
    assert_eq!(world.statuses(), ["1 superseded", "2 deployed", "3 failed"]);
}

#[test]
fn a_hook_that_fails_leaves_the_revision_pending() {
    let world = World::new();
    let hooks = vec![hook("h", &[Event::PreRollback])];
    world.run(Plan::Install { release: with_hooks(&[&config("a", "1")], hooks) }, options()).ok();
    world.upgrade(&[&config("a", "2")]);
    world.refuse(Verb::Apply, "h", invalid("bad"));
    let ran = world.run(Plan::Rollback { to: 1 }, options());
    assert!(ran.text().starts_with("warning: Hook pre-rollback c/templates/h.yaml failed: "), "{}", ran.text());
    assert_eq!(world.statuses(), ["1 superseded", "2 deployed", "3 pending-rollback"]);
}

#[test]
fn what_a_failed_rollback_has_made_is_deleted_on_request() {
    let world = World::new();
    twice(&world);
    world.refuse(Verb::Apply, "a", ApiError::status(403, "Forbidden", "no"));
    let ran = world.run(Plan::Rollback { to: 1 }, Options { cleanup_on_fail: true, ..options() });
    assert!(ran.text().ends_with(": no"), "{}", ran.text());
    assert!(world.get("ConfigMap", "old").is_none());
}

#[test]
fn nothing_is_rolled_back_where_nothing_was_installed() {
    let ran = World::new().run(Plan::Rollback { to: 0 }, options());
    assert_eq!(ran.text(), "release: not found");
}
