//! What holds for every set of objects, and wherever the process dies.

use proptest::{collection::vec, prelude::*};
use sluice_apply::{Step, rollout::Options};
use sluice_cluster::{ApiError, Verb};
use sluice_object::Object;

use crate::world::{Life, World, config, definition, deployment, foo, namespace, options};

/// Any set of objects, with the namespace and the definition that they need.
fn manifests() -> impl Strategy<Value = Vec<Object>> {
    let one = prop_oneof![
        (0..4_u8, 0..3_u8).prop_map(|(name, data)| config(&format!("c{name}"), &data.to_string())),
        (0..2_u8, 0..3_i64).prop_map(|(name, replicas)| deployment(&format!("d{name}"), "d", replicas)),
        (0..3_u8).prop_map(|name| foo(&format!("f{name}"))),
        (0..2_u8, any::<bool>()).prop_map(|(name, old)| deployment(
            &format!("r{name}"),
            if old { "old" } else { "new" },
            1
        )),
    ];
    vec(one, 0..6).prop_map(|objects| {
        let mut set = vec![namespace("ns"), definition()];
        for object in objects {
            if !set.iter().any(|other| other.id() == object.id()) {
                set.push(object);
            }
        }
        set
    })
}

/// The options of all laws: some sets hold Deployments that differ in an immutable field.
fn forced() -> Options {
    Options { force: true, ..options() }
}

/// What matters of a cluster: the objects without what the server counts.
fn contents(world: &World) -> Vec<(String, serde_json::Value)> {
    let content = |object: &Object| {
        let mut value = object.value().clone();
        let metadata = value["metadata"].as_object_mut().unwrap();
        metadata.retain(|key, _| !matches!(key.as_str(), "uid" | "resourceVersion"));
        (object.id().to_inventory(), value)
    };
    world.api.objects.values().map(content).collect()
}

fn ids(world: &World) -> Vec<String> {
    let mut ids: Vec<_> = world.inventory.iter().map(|entry| entry.id.to_inventory()).collect();
    ids.sort();
    ids
}

fn synced(sets: &[&[Object]]) -> World {
    let mut world = World::default();
    for set in sets {
        world.done(set, forced());
    }
    world
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn a_plan_after_an_apply_is_empty(set in manifests()) {
        let mut world = synced(&[&set]);
        let before = contents(&world);
        world.api.requests.clear();
        let outcome = world.done(&set, forced());
        prop_assert!(!outcome.changes.any() && !outcome.pruned.any());
        prop_assert_eq!(world.api.count(Verb::Apply) + world.api.count(Verb::Patch) + world.api.count(Verb::Delete), 0);
        prop_assert_eq!(contents(&world), before);
    }

    #[test]
    fn the_last_set_wins_whatever_was_before(first in manifests(), second in manifests()) {
        let world = synced(&[&first, &second]);
        let fresh = synced(&[&second]);
        prop_assert_eq!(ids(&world), ids(&fresh));
        prop_assert_eq!(contents(&world), contents(&fresh));
    }

    #[test]
    fn a_crash_loses_nothing_and_the_next_start_ends_in_the_same_state(
        first in manifests(),
        second in manifests(),
        effects in 0..40_usize,
    ) {
        let expected = synced(&[&first, &second]);
        let mut world = synced(&[&first]);
        world.run(&second, forced(), &mut Life(Some(effects)));
        prop_assert!(world.nothing_is_lost());
        world.done(&second, forced());
        prop_assert_eq!(ids(&world), ids(&expected));
        prop_assert_eq!(contents(&world), contents(&expected));
    }

    #[test]
    fn an_error_loses_nothing_and_the_next_try_ends_in_the_same_state(
        first in manifests(),
        second in manifests(),
        at in 0..40_usize,
    ) {
        let expected = synced(&[&first, &second]);
        let mut world = synced(&[&first]);
        let mut left = at;
        world.api.fault = Some(Box::new(move |_| {
            let fails = left == 0;
            left = left.wrapping_sub(1);
            fails.then(|| ApiError::status(500, "InternalError", "oops"))
        }));
        let step = world.run(&second, forced(), &mut Life(None));
        prop_assert!(matches!(step, Some(Step::Done(_) | Step::Failed(_))));
        prop_assert!(world.nothing_is_lost());
        world.api.fault = None;
        world.done(&second, forced());
        prop_assert_eq!(ids(&world), ids(&expected));
        prop_assert_eq!(contents(&world), contents(&expected));
    }
}
