//! Uninstallations.

use sluice_cluster::{ApiError, Propagation, Request, Verb, fake::Fault};
use sluice_helm::{Event, release::Status};
use sluice_release::{Options, Plan, Wait};

use crate::world::{World, config, deployment, hook, invalid, options, with_hooks};

#[test]
fn an_uninstallation_takes_all_away() {
    let world = World::new();
    world.install(&[&config("a", "1"), &deployment("d")]);
    world.upgrade(&[&config("a", "1"), &deployment("d")]);
    let ran = world.run(Plan::Uninstall, options());
    let expected = [
        "patch Secret/sh.helm.release.v1.app.v2",
        "delete Deployment/d",
        "delete ConfigMap/a",
        "delete Secret/sh.helm.release.v1.app.v1",
        "delete Secret/sh.helm.release.v1.app.v2",
    ];
    assert_eq!(ran.written(), expected);
    let observed: Vec<_> = ran.action.observed().values().map(|release| release.info.status.clone()).collect();
    assert_eq!(observed, [Status::Superseded, Status::Uninstalling]);
    let release = ran.ok();
    assert_eq!(
        (release.info.status, release.info.description.as_str()),
        (Status::Uninstalled, "Uninstallation complete")
    );
    assert!(world.history().is_empty() && world.get("ConfigMap", "a").is_none());
}

#[test]
fn history_may_stay() {
    let world = World::new();
    world.install(&[&config("a", "1")]);
    world.upgrade(&[&config("a", "2")]);
    world.set(1, |release| release.info.status = Status::Deployed);
    let keep = Options { keep_history: true, ..options() };
    world.run(Plan::Uninstall, keep.clone()).ok();
    assert_eq!(world.statuses(), ["1 superseded", "2 uninstalled"]);
    assert!(world.history()[1].info.deleted.is_some());
    assert_eq!(world.run(Plan::Uninstall, keep).text(), "the release named \"app\" is already deleted");
    let ran = world.run(Plan::Uninstall, options());
    assert_eq!(ran.written().len(), 2);
    assert!(ran.result.is_ok() && world.history().is_empty());
}

#[test]
fn objects_that_are_to_be_kept_stay() {
    let world = World::new();
    let kept =
        config("kept", "1").replace("{name: kept}", "{name: kept, annotations: {helm.sh/resource-policy: keep}}");
    world.install(&[&config("a", "1"), &kept]);
    let ran = world.run(Plan::Uninstall, options());
    assert_eq!(ran.action.notices(), ["These resources were kept due to the resource policy:\n[ConfigMap] kept"]);
    assert!(world.get("ConfigMap", "kept").is_some() && world.get("ConfigMap", "a").is_none());
}

#[test]
fn what_cannot_be_deleted_keeps_the_release() {
    let world = World::new();
    world.install(&[&config("a", "1"), &config("b", "1")]);
    world.refuse(Verb::Delete, "a", ApiError::status(403, "Forbidden", "no"));
    let ran = world.run(Plan::Uninstall, options());
    assert_eq!(ran.text(), "failed to delete release: app");
    assert_eq!(
        (ran.error().hint(), ran.error().subject().map(|subject| subject.id.to_string())),
        (Some("no"), Some("ConfigMap/apps/a".into()))
    );
    assert_eq!(world.statuses(), ["1 uninstalling"]);
    assert!(world.get("ConfigMap", "b").is_none());
}

#[test]
fn what_does_not_end_is_told_when_all_is_done() {
    let world = World::new();
    world.install(&[&config("a", "1").replace("{name: a}", "{name: a, finalizers: [x/y]}")]);
    world.set(1, |release| release.hooks = vec![hook("h", &[Event::PostDelete])]);
    let ran = world.run(Plan::Uninstall, options());
    let text =
        "uninstallation completed with 1 error(s): ConfigMap/apps/a termination timeout: context deadline exceeded";
    assert_eq!(ran.text(), text);
    assert!(world.get("Job", "h").is_some() && world.history().is_empty());
}

#[test]
fn the_end_of_objects_is_awaited_unless_told() {
    let world = World::new();
    world.install(&[&config("a", "1").replace("{name: a}", "{name: a, finalizers: [x/y]}")]);
    let ran = world.run(Plan::Uninstall, Options { wait: Wait::HookOnly, ..options() });
    assert!(ran.result.is_ok() && ran.waits.is_empty());
}

#[test]
fn hooks_run_before_and_after() {
    let world = World::new();
    let hooks = vec![hook("pre", &[Event::PreDelete]), hook("post", &[Event::PostDelete])];
    world.run(Plan::Install { release: with_hooks(&[&config("a", "1")], hooks) }, options()).ok();
    let ran = world.run(Plan::Uninstall, options());
    let order: Vec<_> = ran.about_objects().into_iter().filter(|line| !line.starts_with("delete Job")).collect();
    assert_eq!(order, ["apply Job/pre", "delete ConfigMap/a", "apply Job/post"]);
}

#[test]
fn a_hook_that_fails_before_keeps_all() {
    let world = World::new();
    let hooks = vec![hook("pre", &[Event::PreDelete])];
    world.run(Plan::Install { release: with_hooks(&[&config("a", "1")], hooks) }, options()).ok();
    world.refuse(Verb::Apply, "pre", invalid("bad"));
    let ran = world.run(Plan::Uninstall, options());
    assert!(ran.text().starts_with("warning: Hook pre-delete"), "{}", ran.text());
    assert!(world.get("ConfigMap", "a").is_some());
    assert_eq!(world.statuses(), ["1 uninstalling"]);
}

#[test]
fn dependents_go_as_asked_for() {
    let world = World::new();
    world.install(&[&config("a", "1")]);
    let seen = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let log = seen.clone();
    world.cluster.faults(Box::new(move |_, request| {
        if let Request::Delete { propagation, target, .. } = request {
            log.lock().unwrap().push((target.name.clone(), *propagation));
        }
        Fault::None
    }));
    world.run(Plan::Uninstall, Options { propagation: Propagation::Orphan, ..options() }).ok();
    assert_eq!(seen.lock().unwrap()[0], ("a".to_owned(), Propagation::Orphan));
}

#[test]
fn nothing_is_uninstalled_where_nothing_was_installed() {
    let ran = World::new().run(Plan::Uninstall, options());
    assert_eq!(ran.text(), "uninstall: Release not loaded: release: not found");
}
