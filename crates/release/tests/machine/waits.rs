//! Waits for the objects of a release.

use serde_json::json;
use sluice_apply::health::{JobRule, Rules};
use sluice_helm::Event;
use sluice_release::{Options, Plan, Wait};

use crate::world::{Ran, World, config, deployment, hook, job, minutes, now, options, release, target, with_hooks};

fn run(world: &World, documents: &[&str], options: Options) -> Ran {
    world.run(Plan::Install { release: release(documents) }, options)
}

#[test]
fn only_what_is_not_yet_there_is_awaited() {
    let world = World::new();
    let ran = run(&world, &[&config("a", "1"), &deployment("d")], options());
    let targets: Vec<_> =
        ran.waits.iter().flat_map(|(spec, _)| &spec.targets).map(|target| target.name.as_str()).collect();
    assert_eq!(targets, ["d"]);
    assert!(ran.result.is_ok());
}

#[test]
fn what_is_not_there_in_time_fails_the_release() {
    let world = World { tended: false, ..World::new() };
    let ran = run(&world, &[&deployment("d")], Options { timeout: minutes(2), ..options() });
    let list = "timeout waiting for: [Deployment/apps/d status: 'InProgress']";
    assert_eq!((ran.text().as_str(), ran.waits[0].0.deadline), (list, now() + minutes(2)));
    assert_eq!(world.description(1), format!("Release \"app\" failed: {list}"));
}

#[test]
fn one_that_has_failed_ends_the_wait() {
    let world = World { tended: false, ..World::new() };
    world.ended("j", "Failed");
    let ran = run(&world, &[&deployment("d"), &job("j")], options());
    assert_eq!(ran.text(), "failed early due to stalled resources: [Job/apps/j status: 'Failed']");
}

#[test]
fn a_paused_deployment_is_not_awaited() {
    let world = World { tended: false, ..World::new() };
    let paused = deployment("d").replace("replicas: 1", "replicas: 1, paused: true");
    assert!(run(&world, &[&paused], options()).waits.is_empty());
}

#[test]
fn nothing_is_awaited_where_only_hooks_are() {
    let world = World { tended: false, ..World::new() };
    let ran = run(&world, &[&deployment("d")], Options { wait: Wait::HookOnly, ..options() });
    assert!(ran.waits.is_empty() && ran.result.is_ok());
}

#[test]
fn a_wait_ends_when_nobody_wants_the_release() {
    let world = World { cancels: true, ..World::new() };
    let ran = run(&world, &[&deployment("d")], options());
    assert_eq!(ran.text(), "context canceled");
    assert_eq!(world.statuses(), ["1 failed"]);
}

#[test]
fn jobs_are_awaited_unless_told() {
    let world = World { tended: false, ..World::new() };
    let jobs = |wait_for_jobs: bool| {
        let ran = run(&world, &[&job("j")], Options { wait_for_jobs, replace: true, ..options() });
        ran.waits[0].1.jobs
    };
    assert_eq!([jobs(true), jobs(false)], [JobRule::MustComplete, JobRule::Default]);
}

#[test]
fn the_rules_of_helm_3_may_count() {
    let world = World::new();
    let ran = run(&world, &[&deployment("d")], Options { wait: Wait::Legacy, ..options() });
    assert_eq!(ran.waits[0].1.rules, Rules::Legacy);
    assert!(ran.result.is_ok());
}

#[test]
fn a_job_that_fails_is_told_in_the_words_of_helm_3() {
    let world = World { tended: false, ..World::new() };
    world.put("{apiVersion: batch/v1, kind: Job, metadata: {name: j, namespace: apps}, spec: {backoffLimit: 0}}");
    world.cluster.set_status(&target("Job", "j"), json!({"failed": 1}));
    let ran = run(&world, &[&job("j")], Options { wait: Wait::Legacy, ..options() });
    assert_eq!(ran.text(), "job is failed: apps/j");
}

#[test]
fn hooks_have_rules_of_helm_3_too() {
    let rules = |wait: Wait| {
        let world = World::new();
        let release = with_hooks(&[], vec![hook("h", &[Event::PreInstall])]);
        let ran = world.run(Plan::Install { release }, Options { wait, ..options() });
        ran.waits[0].1.rules
    };
    assert_eq!([rules(Wait::Legacy), rules(Wait::Poller)], [Rules::LegacyHooks, Rules::Hooks]);
}
