//! Hooks of installations; those of other actions are the same.

use serde_json::json;
use sluice_cluster::{ApiError, Verb};
use sluice_helm::{
    Event, Hook,
    hook::{HOOK_FAILED, HOOK_SUCCEEDED, Phase},
};
use sluice_release::{Options, Plan, Wait};

use crate::world::{Ran, World, config, hook, invalid, job, minutes, now, options, with_hooks};

fn run(world: &World, hooks: Vec<Hook>) -> Ran {
    world.run(Plan::Install { release: with_hooks(&[&config("a", "1")], hooks) }, options())
}

fn pre(name: &str) -> Hook {
    hook(name, &[Event::PreInstall])
}

#[test]
fn hooks_run_by_weight_then_name_around_the_objects() {
    let world = World::new();
    let hooks = vec![
        hook("z", &[Event::PostInstall]),
        pre("b"),
        Hook { weight: -1, ..pre("c") },
        pre("a"),
        hook("never", &[Event::PreUpgrade]),
    ];
    let ran = run(&world, hooks);
    let applied: Vec<_> = ran.asked.iter().filter(|line| line.starts_with("apply ")).collect();
    assert_eq!(applied, ["apply Job/c", "apply Job/a", "apply Job/b", "apply ConfigMap/a", "apply Job/z"]);
}

#[test]
fn each_run_is_noted_in_the_stored_release_before_it_begins() {
    let world = World::new();
    let ran = run(&world, vec![pre("a"), pre("b")]);
    let expected = [
        "dry-run ConfigMap/a",
        "create Secret/sh.helm.release.v1.app.v1",
        "delete Job/a",
        "patch Secret/sh.helm.release.v1.app.v1",
        "apply Job/a",
        "delete Job/b",
        "patch Secret/sh.helm.release.v1.app.v1",
        "apply Job/b",
        "apply ConfigMap/a",
        "patch Secret/sh.helm.release.v1.app.v1",
    ];
    assert_eq!(ran.asked, expected);
    let runs: Vec<_> = world.history()[0].hooks.iter().map(|hook| hook.last_run.clone()).collect();
    assert!(runs.iter().all(|run| run.phase == Phase::Succeeded && run.started.is_some() && run.completed.is_some()));
}

#[test]
fn a_hook_without_policy_has_the_default_and_it_is_stored() {
    let world = World::new();
    run(&world, vec![pre("a"), hook("never", &[Event::PreUpgrade])]);
    let policies: Vec<_> = world.history()[0].hooks.iter().map(|hook| hook.delete_policies.clone()).collect();
    assert_eq!(policies, [vec!["before-hook-creation".to_owned()], vec![]]);
}

#[test]
fn what_is_left_of_the_last_run_must_be_gone() {
    let world = World::new();
    world.put("{apiVersion: batch/v1, kind: Job, metadata: {name: a, namespace: apps, finalizers: [x/y]}}");
    let ran = run(&world, vec![pre("a")]);
    assert_eq!(ran.text(), "failed pre-install: Job/apps/a termination timeout: context deadline exceeded");
    assert!(ran.asked.iter().all(|line| !line.starts_with("apply")));
    assert_eq!(world.statuses(), ["1 failed"]);
}

#[test]
fn definitions_are_never_deleted() {
    let world = World::new();
    let manifest = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: foos.e.io}\n\
        spec: {group: e.io, scope: Namespaced, names: {kind: Foo, plural: foos}, versions: [{name: v1, served: true, \
        storage: true, schema: {openAPIV3Schema: {type: object}}}]}\n";
    let policies = vec!["before-hook-creation".into(), HOOK_SUCCEEDED.into()];
    let kind = "CustomResourceDefinition".into();
    let definition = Hook { kind, manifest: manifest.into(), delete_policies: policies, ..pre("foos.e.io") };
    let ran = run(&world, vec![definition]);
    assert!(ran.asked.iter().all(|line| !line.starts_with("delete")), "{:?}", ran.asked);
    assert!(ran.result.is_ok());
}

#[test]
fn successful_hooks_go_in_reverse_when_all_are_through() {
    let world = World::new();
    let policies = vec![HOOK_SUCCEEDED.to_owned()];
    let goes = |name: &str| Hook { delete_policies: policies.clone(), ..pre(name) };
    let ran = run(&world, vec![goes("a"), goes("b"), pre("c")]);
    let deleted: Vec<_> = ran.asked.iter().filter(|line| line.starts_with("delete ")).collect();
    assert_eq!(deleted, ["delete Job/c", "delete Job/b", "delete Job/a"]);
    assert!(world.get("Job", "a").is_none() && world.get("Job", "c").is_some());
}

#[test]
fn a_hook_that_fails_fails_the_release() {
    let world = World { tended: false, ..World::new() };
    world.ended("a", "Complete");
    world.ended("b", "Failed");
    let policies = vec![HOOK_FAILED.to_owned()];
    let failing = Hook { delete_policies: policies, weight: 1, ..pre("b") };
    let passed = Hook { delete_policies: vec![HOOK_SUCCEEDED.to_owned()], ..pre("a") };
    let ran = run(&world, vec![passed, failing, Hook { weight: 2, ..pre("c") }]);
    let text = "failed pre-install: failed early due to stalled resources: [Job/apps/b status: 'Failed']";
    assert_eq!(ran.text(), text);
    assert_eq!(world.description(1), format!("Release \"app\" failed: {text}"));
    let deleted: Vec<_> = ran.asked.iter().filter(|line| line.starts_with("delete ")).collect();
    assert_eq!(deleted, ["delete Job/b", "delete Job/a"]);
    let phases: Vec<_> = world.history()[0].hooks.iter().map(|hook| hook.last_run.phase.clone()).collect();
    assert_eq!(phases, [Phase::Succeeded, Phase::Failed, Phase::None]);
    assert!(world.get("ConfigMap", "a").is_none());
}

#[test]
fn a_hook_that_is_refused_is_told_with_its_template() {
    let world = World::new();
    world.refuse(Verb::Apply, "h", invalid("bad"));
    let ran = run(&world, vec![pre("h")]);
    let text = "failed pre-install: warning: Hook pre-install c/templates/h.yaml failed: server-side apply failed for object \
                apps/h batch/v1, Kind=Job: bad";
    assert_eq!(ran.text(), text);
    assert_eq!(world.history()[0].hooks[0].last_run.phase, Phase::Failed);
}

#[test]
fn hooks_take_no_fields_from_others() {
    let world = World::new();
    let object = sluice_object::Object::new(json!({"apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "h", "namespace": "apps"}, "data": {"a": "0"}}));
    let request = sluice_cluster::Request::Apply {
        object: object.unwrap(),
        manager: "other".into(),
        force: false,
        dry_run: false,
    };
    world.call(request).unwrap();
    let kept = Hook {
        kind: "ConfigMap".into(),
        manifest: config("h", "1").into(),
        delete_policies: vec!["never".into()],
        ..pre("h")
    };
    let ran = run(&world, vec![kept]);
    assert!(
        ran.text().contains("conflict occurred while applying object apps/h /v1, Kind=ConfigMap"),
        "{}",
        ran.text()
    );
}

#[test]
fn a_hook_is_awaited_only_if_it_comes_to_an_end() {
    let world = World::new();
    let server = Hook { kind: "ConfigMap".into(), manifest: config("h", "1").into(), ..pre("h") };
    let ran = run(&world, vec![server, pre("j")]);
    let waits: Vec<_> =
        ran.waits.iter().flat_map(|(spec, _)| &spec.targets).map(|target| target.name.as_str()).collect();
    assert_eq!(waits, ["j"]);
}

#[test]
fn a_hook_that_does_not_end_runs_into_its_own_deadline() {
    let world = World { tended: false, ..World::new() };
    let release = with_hooks(&[], vec![hook("h", &[Event::PostInstall])]);
    let ran = world.run(Plan::Install { release }, Options { timeout: minutes(3), ..options() });
    assert_eq!(ran.text(), "failed post-install: timeout waiting for: [Job/apps/h status: 'InProgress']");
    assert_eq!(ran.waits[0].0.deadline, now() + minutes(3));
}

#[test]
fn hooks_are_not_given_up_when_nobody_wants_the_release() {
    let world = World { cancels: true, ..World::new() };
    let ran = run(&world, vec![pre("h")]);
    assert!(ran.result.is_ok());
}

#[test]
fn hooks_are_awaited_even_where_nothing_else_is() {
    let world = World::new();
    let release = with_hooks(&[], vec![pre("h")]);
    let ran = world.run(Plan::Install { release }, Options { wait: Wait::HookOnly, ..options() });
    assert_eq!(ran.waits.len(), 1);
}

#[test]
fn hooks_can_be_left_out() {
    let world = World::new();
    let release = with_hooks(&[], vec![pre("h")]);
    world.run(Plan::Install { release }, Options { disable_hooks: true, ..options() }).ok();
    assert!(world.get("Job", "h").is_none());
}

#[test]
fn a_hook_of_an_unknown_kind_is_told() {
    let world = World::new();
    let manifest = "apiVersion: e.io/v1\nkind: Foo\nmetadata: {name: h}\n";
    let ran = run(&world, vec![Hook { manifest: manifest.into(), ..pre("h") }]);
    let words = "failed pre-install: unable to build kubernetes object for deleting hook c/templates/h.yaml: ";
    assert!(ran.text().starts_with(words), "{}", ran.text());
}

#[test]
fn a_run_that_cannot_be_noted_does_not_matter() {
    let world = World::new();
    world.refuse_times(Verb::Patch, "sh.helm", 1, ApiError::status(500, "", "oops"));
    let ran = run(&world, vec![pre("h")]);
    assert!(ran.result.is_ok());
}

#[test]
fn a_hook_may_be_several_objects() {
    let world = World::new();
    let items: Vec<_> = [job("x"), job("y")].iter().map(|text| serde_json::to_string(&yaml(text)).unwrap()).collect();
    let manifest = format!("apiVersion: v1\nkind: List\nitems: [{}]\n", items.join(", "));
    let ran = run(&world, vec![Hook { manifest: manifest.into(), ..pre("h") }]);
    assert_eq!(ran.waits[0].0.targets.len(), 2);
    assert!(ran.result.is_ok());
}

fn yaml(text: &str) -> serde_json::Value {
    let read = sluice_yaml::parse_all(text, &sluice_yaml::Limits::default()).unwrap();
    sluice_yaml::to_json(&read[0], sluice_yaml::Flavor::V3).unwrap()
}
