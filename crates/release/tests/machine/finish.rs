//! Releases that have failed and become healthy.

use rstest::rstest;
use sluice_cluster::Verb;
use sluice_helm::{Event, hook::Phase, release::Status};
use sluice_release::Plan;

use crate::world::{World, config, hook, invalid, options, with_hooks};

const UPGRADED: Plan = Plan::Finish { event: Event::PostUpgrade };
const INSTALLED: Plan = Plan::Finish { event: Event::PostInstall };

/// A release whose second revision has failed after its objects were written.
fn failed() -> World {
    let world = World::new();
    world.install(&[&config("a", "1"), &config("gone", "1")]);
    let after = vec![hook("after", &[Event::PostUpgrade])];
    let second = Plan::Upgrade { release: with_hooks(&[&config("a", "2")], after) };
    let waits = World { tended: false, ..world };
    waits.run(second, options()).text();
    waits.set(1, |release| release.info.status = Status::Deployed);
    waits.set(2, |release| {
        release.set_status(Status::Failed, "Upgrade \"app\" failed: timed out");
        release.hooks[0].last_run = Default::default();
    });
    World { tended: true, ..waits }
}

#[test]
fn what_was_left_is_done() {
    let world = failed();
    world.put(&config("gone", "1").replace("{name: gone}", "{name: gone, namespace: apps}"));
    let ran = world.run(UPGRADED, options());
    let expected = [
        "delete ConfigMap/gone",
        "delete Job/after",
        "patch Secret/sh.helm.release.v1.app.v2",
        "apply Job/after",
        "patch Secret/sh.helm.release.v1.app.v1",
        "patch Secret/sh.helm.release.v1.app.v2",
    ];
    assert_eq!(ran.written(), expected);
    assert_eq!(ran.ok().hooks[0].last_run.phase, Phase::Succeeded);
    assert_eq!(world.statuses(), ["1 superseded", "2 deployed"]);
    assert_eq!(world.description(2), "Upgrade complete");
}

#[test]
fn an_installation_is_complete() {
    let world = World::new();
    world.install(&[&config("a", "1")]);
    world.set(1, |release| release.set_status(Status::Failed, "Release \"app\" failed: timed out"));
    let ran = world.run(INSTALLED, options());
    assert_eq!(ran.asked, ["patch Secret/sh.helm.release.v1.app.v1"]);
    assert_eq!((world.statuses(), world.description(1)), (vec!["1 deployed".into()], "Install complete".into()));
}

#[test]
fn a_hook_that_fails_keeps_it_failed() {
    let world = failed();
    world.refuse(Verb::Apply, "after", invalid("bad"));
    let ran = world.run(UPGRADED, options());
    assert!(ran.text().starts_with("post-upgrade hooks failed: "), "{}", ran.text());
    assert_eq!(world.statuses(), ["1 deployed", "2 failed"]);
    assert_eq!(world.description(2), format!("Upgrade \"app\" failed: {}", ran.text()));
    assert_eq!(world.history()[1].hooks[0].last_run.phase, Phase::Failed);
}

#[rstest]
#[case::deployed(Status::Deployed)]
#[case::pending(Status::PendingUpgrade)]
fn only_what_has_failed_is_finished(#[case] status: Status) {
    let world = World::new();
    world.install(&[&config("a", "1")]);
    world.set(1, |release| release.info.status = status);
    let ran = world.run(INSTALLED, options());
    assert_eq!((ran.text().as_str(), ran.asked.len()), ("the last revision has not failed", 0));
}
