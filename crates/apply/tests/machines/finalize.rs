//! What becomes of objects whose reconciler is deleted.

use jiff::SignedDuration;
use rstest::rstest;
use serde_json::json;
use sluice_apply::{
    Step,
    finalize::{DeletionPolicy, Finalize, Options},
};
use sluice_cluster::{ApiError, Identity, Request};
use sluice_object::Object;

use crate::world::{Life, Performed, World, config, now, options as rollout_options};

fn options(policy: &str) -> Options {
    Options {
        owner: rollout_options().owner,
        policy: DeletionPolicy::parse(policy).unwrap(),
        prune: true,
        suspended: false,
        timeout: SignedDuration::from_secs(30),
        concurrency: 4,
        flux_components: false,
        account: Identity::Agent,
    }
}

fn run(world: &mut World, options: Options) -> Step {
    let (mut finalize, mut step) = Finalize::start(world.inventory.clone(), options, now());
    while let Some(Performed::Input(input, at)) = world.perform(&step, &mut Life(None)) {
        step = finalize.next(input, at);
    }
    step
}

fn world(manifests: &[Object]) -> World {
    let mut world = World::new();
    world.done(manifests, rollout_options());
    world
}

fn held(forever: bool) -> Object {
    let mut held = config("held", "1");
    held.value_mut()["metadata"]["finalizers"] = json!(["e.io/f"]);
    if forever {
        held.set_annotation("held", "yes");
    }
    held
}

#[rstest]
#[case::mirrored("MirrorPrune", true, false, true)]
#[case::mirrored_off("", false, false, false)]
#[case::delete("Delete", false, false, true)]
#[case::wait("WaitForTermination", false, false, true)]
#[case::orphan("Orphan", true, false, false)]
#[case::suspended("Delete", true, true, false)]
fn the_policy_decides(#[case] policy: &str, #[case] prune: bool, #[case] suspended: bool, #[case] deleted: bool) {
    let mut world = world(&[config("a", "1"), config("b", "1")]);
    let step = run(&mut world, Options { prune, suspended, ..options(policy) });
    let Step::Done(outcome) = step else { panic!("{step:?}") };
    let log = if deleted { "ConfigMap/ns/b deleted\nConfigMap/ns/a deleted" } else { "" };
    assert_eq!((outcome.pruned.full_log().as_str(), outcome.unterminated), (log, None));
    assert_eq!(world.api.objects.len(), if deleted { 1 } else { 3 });
}

#[rstest]
#[case::it_goes(false, None)]
#[case::it_stays(true, Some("ConfigMap/ns/held termination timeout: context deadline exceeded"))]
fn the_end_is_awaited_when_wanted(#[case] forever: bool, #[case] text: Option<&str>) {
    let mut world = world(&[held(forever), config("a", "1")]);
    let step = run(&mut world, options("WaitForTermination"));
    let Step::Done(outcome) = step else { panic!("{step:?}") };
    assert_eq!(outcome.unterminated.as_deref(), text);
}

#[test]
fn an_error_keeps_the_whole_inventory() {
    let mut world = world(&[config("a", "1"), config("b", "1")]);
    world.api.fault = Some(Box::new(|request: &Request| match request {
        Request::Delete { target, .. } if target.name == "a" => Some(ApiError::transport("connection refused")),
        _ => None,
    }));
    let step = run(&mut world, options("Delete"));
    let Step::Failed(failure) = step else { panic!("{step:?}") };
    assert_eq!(failure.error, "delete failed, errors: ConfigMap/ns/a delete failed: connection refused;");
    assert_eq!((failure.inventory.len(), failure.transient), (2, true));
}
