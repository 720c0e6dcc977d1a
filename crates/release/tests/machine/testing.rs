//! Tests of releases.

use rstest::rstest;
use sluice_cluster::Verb;
use sluice_helm::{
    Event, Hook,
    hook::{HOOK_FAILED, HOOK_SUCCEEDED, Phase},
};
use sluice_release::{Plan, TestFilter};

use crate::world::{World, config, hook, invalid, options, with_hooks};

fn installed(world: &World, names: &[&str]) {
    let hooks = names.iter().map(|name| hook(name, &[Event::Test])).collect();
    world.run(Plan::Install { release: with_hooks(&[&config("a", "1")], hooks) }, options()).ok();
}

#[test]
fn tests_run_and_are_recorded() {
    let world = World::new();
    installed(&world, &["t"]);
    let ran = world.run(Plan::Test { filters: Vec::new() }, options());
    assert_eq!(ran.about_objects(), ["delete Job/t", "apply Job/t"]);
    assert_eq!(ran.ok().hooks[0].last_run.phase, Phase::Succeeded);
    assert_eq!(world.history()[0].hooks[0].last_run.phase, Phase::Succeeded);
    assert_eq!(world.statuses(), ["1 deployed"]);
}

#[rstest]
#[case::named(&[("b", false)], &["a", "c", "b"], &["b"])]
#[case::left_out(&[("b", true)], &["b", "a", "c"], &["a", "c"])]
#[case::both(&[("a", true), ("b", false)], &["a", "c", "b"], &["b"])]
fn filters_choose(#[case] filters: &[(&str, bool)], #[case] stored: &[&str], #[case] runs: &[&str]) {
    let world = World::new();
    installed(&world, &["a", "b", "c"]);
    let filters =
        filters.iter().map(|(name, exclude)| TestFilter { name: (*name).into(), exclude: *exclude }).collect();
    let ran = world.run(Plan::Test { filters }, options());
    let applied: Vec<_> = ran.asked.iter().filter_map(|line| line.strip_prefix("apply Job/")).collect();
    assert_eq!(applied, runs);
    let names: Vec<_> = world.history()[0].hooks.iter().map(|hook| hook.name.clone()).collect();
    assert_eq!(names, stored);
}

#[test]
fn a_test_that_fails_is_recorded_before_anything_is_deleted() {
    let world = World::new();
    let policies = vec![HOOK_FAILED.to_owned(), HOOK_SUCCEEDED.to_owned()];
    let tests = ["a", "b"].map(|name| Hook { delete_policies: policies.clone(), ..hook(name, &[Event::Test]) });
    world.run(Plan::Install { release: with_hooks(&[], tests.into()) }, options()).ok();
    let world = World { tended: false, ..world };
    world.ended("a", "Complete");
    world.ended("b", "Failed");
    let ran = world.run(Plan::Test { filters: Vec::new() }, options());
    assert_eq!(ran.text(), "failed early due to stalled resources: [Job/apps/b status: 'Failed']");
    let last: Vec<_> = ran.written().into_iter().rev().take(3).collect();
    assert_eq!(last, ["delete Job/a", "delete Job/b", "patch Secret/sh.helm.release.v1.app.v1"]);
    let phases: Vec<_> = world.history()[0].hooks.iter().map(|hook| hook.last_run.phase.clone()).collect();
    assert_eq!(phases, [Phase::Succeeded, Phase::Failed]);
    assert_eq!(world.statuses(), ["1 deployed"]);
}

#[test]
fn what_cannot_be_deleted_after_a_test_does_not_matter() {
    let world = World::new();
    let test = Hook { delete_policies: vec![HOOK_SUCCEEDED.to_owned()], ..hook("t", &[Event::Test]) };
    world.run(Plan::Install { release: with_hooks(&[], vec![test]) }, options()).ok();
    world.refuse(Verb::Delete, "t", invalid("bad"));
    assert!(world.run(Plan::Test { filters: Vec::new() }, options()).result.is_ok());
}
