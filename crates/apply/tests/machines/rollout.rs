//! Rollouts, step by step, on an API server the size of a map.

use crate::world::{World, annotated, config, definition, deployment, foo, namespace, now, object, options};
use rstest::rstest;
use serde_json::json;
use sluice_apply::{
    Input, Step,
    rollout::{Options, Rollout},
};
use sluice_cluster::{ApiError, Request, Verb};
use sluice_object::{Object, Origin};

fn log(world: &mut World, manifests: &[Object]) -> String {
    world.done(manifests, options()).changes.full_log()
}

#[test]
fn a_first_sync_costs_a_dry_run_and_an_apply_for_each_object() {
    let mut world = World::default();
    let mut manifests: Vec<_> = (0..20).map(|index| config(&format!("c{index}"), "1")).collect();
    manifests.extend([namespace("ns"), definition(), foo("f"), deployment("d", "d", 1)]);
    let outcome = world.done(&manifests, options());
    assert_eq!(outcome.changes.0.len(), 24);
    let budget = 2 * manifests.len() + 8;
    assert!(world.api.requests.len() + world.publications <= budget, "{:?}", world.api.requests);
    assert_eq!((world.api.count(Verb::Get), world.publications), (0, 1));
}

#[test]
fn an_unchanged_set_costs_a_dry_run_and_a_read_and_writes_nothing() {
    let mut world = World::new();
    let manifests = [config("a", "1"), deployment("d", "d", 1)];
    world.done(&manifests, options());
    let before = world.api.objects.clone();
    world.api.requests.clear();
    world.publications = 0;
    assert_eq!(log(&mut world, &manifests), "ConfigMap/ns/a unchanged\nDeployment/ns/d unchanged");
    assert_eq!((world.api.requests.len(), world.publications), (4, 0));
    assert_eq!(world.api.objects, before);
}

#[test]
fn objects_are_applied_stage_by_stage_in_the_order_of_kinds() {
    let mut world = World::default();
    let manifests = [foo("f"), deployment("d", "d", 1), config("a", "1"), namespace("ns"), definition()];
    let expected = "CustomResourceDefinition/foos.e.io created\nNamespace/ns created\nConfigMap/ns/a created\n\
                    Deployment/ns/d created\nFoo/ns/f created";
    let outcome = world.done(&manifests, options());
    assert_eq!(outcome.changes.change_log(), expected);
    let ids: Vec<_> = outcome.inventory.iter().map(|entry| entry.id.to_string()).collect();
    assert_eq!(ids.join(" "), expected.replace(" created", "").replace('\n', " "));
}

#[test]
fn the_inventory_is_stored_before_the_first_write() {
    let mut world = World::new();
    world.done(&[config("old", "1")], options());
    let stored = world.inventory.clone();
    let (mut rollout, mut step) = Rollout::start(vec![config("new", "1")], stored, options(), now());
    while let Step::Requests { requests, .. } = &step {
        assert!(!requests.iter().any(|keyed| keyed.request.verb() == Verb::Apply));
        let answers = requests.iter().map(|keyed| (keyed.key.clone(), world.api.call(keyed.request.clone())));
        let answers = Input::Answers(answers.collect());
        step = rollout.next(answers, now());
    }
    let Step::Publish(inventory) = step else { panic!("{step:?}") };
    let names: Vec<_> = inventory.iter().map(|entry| entry.id.name.as_str()).collect();
    assert_eq!(names, ["old", "new"]);
}

#[test]
fn drift_is_put_back() {
    let mut world = World::new();
    world.done(&[config("a", "1"), config("b", "1")], options());
    let mut drifted = config("a", "1").id();
    world.api.objects.get_mut(&drifted).unwrap().value_mut()["data"]["a"] = "2".into();
    assert_eq!(
        log(&mut world, &[config("a", "1"), config("b", "1")]),
        "ConfigMap/ns/a configured\nConfigMap/ns/b unchanged"
    );
    drifted.name = "b".into();
    world.api.objects.remove(&drifted);
    assert_eq!(
        log(&mut world, &[config("a", "1"), config("b", "1")]),
        "ConfigMap/ns/a unchanged\nConfigMap/ns/b created"
    );
}

#[test]
fn a_change_of_finalizers_alone_is_none() {
    let mut world = World::new();
    world.done(&[config("a", "1")], options());
    let mut finalized = config("a", "1");
    finalized.value_mut()["metadata"]["finalizers"] = json!(["e.io/f"]);
    assert_eq!(log(&mut world, &[finalized]), "ConfigMap/ns/a unchanged");
}

#[rstest]
#[case::live("reconcile", "Disabled", true)]
#[case::live("ssa", "ignore", true)]
#[case::desired("reconcile", "disabled", false)]
#[case::desired("ssa", "Ignore", false)]
#[case::absent_only("ssa", "IfNotPresent", false)]
fn marked_objects_are_skipped_and_stay_in_the_inventory(#[case] key: &str, #[case] value: &str, #[case] live: bool) {
    let mut world = World::new();
    let (there, desired) = (config("a", "old"), config("a", "new"));
    let (there, desired) =
        if live { (annotated(there, key, value), desired) } else { (there, annotated(desired, key, value)) };
    world.api.put(there.clone());
    let outcome = world.done(&[desired], options());
    assert_eq!(outcome.changes.full_log(), "ConfigMap/ns/a skipped");
    assert_eq!((outcome.changes.change_log().as_str(), outcome.inventory.len()), ("", 1));
    assert_eq!(world.api.objects[&there.id()].value()["data"]["a"], "old");
    assert!(outcome.health_targets(&namespace("x").id()).is_empty());
}

#[test]
fn an_object_wanted_only_if_absent_is_created() {
    let mut world = World::new();
    assert_eq!(log(&mut world, &[annotated(config("a", "1"), "ssa", "IfNotPresent")]), "ConfigMap/ns/a created");
}

#[test]
fn a_skipped_namespace_that_is_missing_fails_the_stage() {
    let mut world = World::new();
    let failure = world.failed(&[annotated(namespace("nope"), "ssa", "Ignore"), config("a", "1")], options());
    assert_eq!(failure.error, "timeout waiting for: [Namespace/nope status: 'NotFound']");
    assert_eq!((failure.reason, failure.transient), ("ReconciliationFailed", true));
    assert_eq!(world.api.count(Verb::Apply), 0);
}

fn kubectl_edited(world: &mut World) {
    let live = world.api.objects.get_mut(&config("a", "1").id()).unwrap();
    live.value_mut()["data"]["b"] = "by hand".into();
    let entry = json!({"manager": "kubectl-edit", "operation": "Update", "fieldsV1": {"f:data": {"f:b": {}}}});
    live.value_mut()["metadata"]["managedFields"].as_array_mut().unwrap().push(entry);
}

#[test]
fn fields_of_kubectl_are_taken_over_and_removed() {
    let mut world = World::new();
    world.done(&[config("a", "1")], options());
    kubectl_edited(&mut world);
    assert_eq!(log(&mut world, &[config("a", "1")]), "ConfigMap/ns/a configured");
    assert_eq!(world.api.objects[&config("a", "1").id()].value()["data"], json!({"a": "1"}));
    assert_eq!(log(&mut world, &[config("a", "1")]), "ConfigMap/ns/a unchanged");
}

/// Says that all fields of an object are managed in an older version of its kind.
fn outdated(world: &mut World) {
    let live = world.api.objects.get_mut(&foo("f").id()).unwrap();
    for entry in live.value_mut()["metadata"]["managedFields"].as_array_mut().unwrap() {
        entry["apiVersion"] = "e.io/v1beta1".into();
    }
    world.api.requests.clear();
}

#[test]
fn fields_of_an_older_version_are_brought_to_the_applied_one_where_that_is_wanted() {
    let mut world = World::new();
    let manifests = [definition(), foo("f")];
    world.done(&manifests, options());
    outdated(&mut world);
    assert_eq!(log(&mut world, &manifests), "CustomResourceDefinition/foos.e.io unchanged\nFoo/ns/f unchanged");
    let outcome = world.done(&manifests, Options { migrate: true, ..options() });
    assert_eq!(outcome.changes.change_log(), "Foo/ns/f configured");
    let live = world.api.objects[&foo("f").id()].value()["metadata"]["managedFields"].clone();
    assert_eq!(live[0]["apiVersion"], "e.io/v1", "{live:#}");
    assert_eq!((world.api.count(Verb::Patch), world.api.count(Verb::Apply)), (1, 1));
    let outcome = world.done(&manifests, Options { migrate: true, ..options() });
    assert_eq!(outcome.changes.change_log(), "");
}

/// The API server refuses an apply over fields of an older version, in these words.
#[test]
fn a_refusal_because_of_an_older_version_is_got_over() {
    let mut world = World::new();
    let manifests = [definition(), foo("f")];
    world.done(&manifests, options());
    outdated(&mut world);
    let mut refused = false;
    world.api.fault = Some(Box::new(move |request| match request {
        Request::Apply { object, .. } if object.kind() == "Foo" && !refused => {
            refused = true;
            let text = "failed to create manager for existing fields: .spec.mode: field not declared in schema";
            Some(ApiError::status(500, "InternalError", text))
        }
        _ => None,
    }));
    world.inventory.clear();
    let outcome = world.done(&manifests, Options { migrate: true, ..options() });
    assert_eq!(outcome.changes.change_log(), "Foo/ns/f configured");
}

#[test]
fn fields_of_kubectl_stay_on_objects_that_are_merged() {
    let mut world = World::new();
    let merged = annotated(config("a", "1"), "ssa", "Merge");
    world.done(std::slice::from_ref(&merged), options());
    kubectl_edited(&mut world);
    assert_eq!(log(&mut world, &[merged]), "ConfigMap/ns/a unchanged");
}

#[rstest]
#[case::by_spec(true, false)]
#[case::by_annotation(false, true)]
fn forced_objects_are_made_anew_when_a_field_is_immutable(#[case] spec: bool, #[case] annotation: bool) {
    let mut world = World::new();
    let mut held = deployment("d", "old", 1);
    held.value_mut()["metadata"]["finalizers"] = json!(["e.io/f"]);
    world.done(&[held], options());
    let desired = deployment("d", "new", 1);
    let desired = if annotation { annotated(desired, "force", "enabled") } else { desired };
    let outcome = world.done(std::slice::from_ref(&desired), Options { force: spec, ..options() });
    assert_eq!(outcome.changes.full_log(), "Deployment/ns/d created");
    assert_eq!(world.api.objects[&desired.id()].value()["spec"]["selector"]["matchLabels"]["app"], "new");
}

#[test]
fn an_immutable_field_without_force_fails_with_a_hint() {
    let mut world = World::new();
    world.done(&[deployment("d", "old", 1)], options());
    let origin = Origin { file: "apps/d.yaml".into(), line: 7 };
    let failure = world.failed(&[deployment("d", "new", 1).with_origin(origin.clone())], options());
    assert_eq!(
        failure.error,
        "Deployment/ns/d dry-run failed (Invalid): spec.selector: Invalid value: field is immutable"
    );
    assert!(failure.hint.unwrap().contains("spec.force"));
    assert_eq!(failure.origin, Some(origin));
}

#[test]
fn force_deletes_nothing_because_of_an_invalid_value() {
    let mut world = World::new();
    world.done(&[deployment("d", "d", 1), deployment("e", "old", 1)], options());
    let broken = [deployment("d", "d", -1), deployment("e", "new", 1)];
    let failure = world.failed(&broken, Options { force: true, ..options() });
    assert!(failure.error.starts_with("Deployment/ns/d dry-run failed (Invalid)"));
    assert_eq!(world.api.count(Verb::Delete), 0);
}

#[test]
fn an_end_that_does_not_come_is_told() {
    let mut world = World::new();
    let mut held = deployment("d", "old", 1);
    held.value_mut()["metadata"]["finalizers"] = json!(["e.io/f"]);
    held.set_annotation("held", "yes");
    world.done(&[held], options());
    let failure = world.failed(&[deployment("d", "new", 1)], Options { force: true, ..options() });
    let text =
        "Deployment/ns/d immutable field detected, failed to wait for object to be deleted: context deadline exceeded";
    assert_eq!(failure.error, text);
    assert!(world.nothing_is_lost());
}

#[test]
fn one_bad_object_keeps_its_whole_stage_from_being_applied() {
    let mut world = World::default();
    let failure = world.failed(&[namespace("ns"), config("a", "1"), deployment("d", "d", -1)], options());
    assert!(failure.error.starts_with("Deployment/ns/d dry-run failed (Invalid): "));
    assert_eq!(failure.changes.change_log(), "Namespace/ns created");
    assert_eq!(failure.ready_message(), format!("{}\nNamespace/ns created", failure.error));
    assert_eq!(world.api.objects.len(), 1);
    assert!(world.nothing_is_lost());
}

#[test]
fn an_error_of_the_apply_keeps_what_was_written_in_the_inventory() {
    let mut world = World::new();
    world.api.fault = Some(Box::new(|request: &Request| match request {
        Request::Apply { object, dry_run: false, .. } if object.kind() == "Deployment" => {
            Some(ApiError::status(500, "InternalError", "oops"))
        }
        _ => None,
    }));
    let failure = world.failed(&[config("a", "1"), deployment("d", "d", 1)], options());
    assert_eq!(failure.error, "Deployment/ns/d apply failed: oops");
    assert_eq!((failure.changes.change_log().as_str(), failure.transient), ("ConfigMap/ns/a created", true));
    assert!(world.nothing_is_lost());
}

#[rstest]
#[case::kind_not_served(foo("f"), "Foo/ns/f dry-run failed: no matches for kind \"Foo\" in version \"e.io/v1\"")]
#[case::no_namespace(object(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}})),
    "ConfigMap/a namespace not specified: the server could not find the requested resource")]
#[case::namespace_missing(object(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "x"}})),
    "ConfigMap/x/a not found: namespaces \"x\" not found")]
#[case::ciphertext(object(json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a", "namespace": "ns"},
    "stringData": {"a": "ENC[]"}, "sops": {"mac": "ENC[]"}})),
    "Secret/ns/a is SOPS encrypted, configuring decryption is required for this secret to be reconciled")]
fn errors_are_told_in_the_words_of_flux(#[case] manifest: Object, #[case] error: &str) {
    let failure = World::new().failed(std::slice::from_ref(&manifest), options());
    assert_eq!((failure.error.as_str(), failure.subject), (error, Some(manifest.id())));
    assert!(failure.hint.is_some());
}

#[test]
fn a_field_that_the_server_does_not_know_is_left_out_and_told() {
    let mut world = World::new();
    let mut manifest = deployment("d", "d", 1);
    manifest.value_mut()["spec"]["typo"] = true.into();
    let outcome = world.done(std::slice::from_ref(&manifest), options());
    assert_eq!(outcome.changes.change_log(), "Deployment/ns/d created");
    assert_eq!(outcome.undeclared, [(manifest.id(), vec![".spec.typo".to_owned()])]);
    assert_eq!(log(&mut world, &[manifest]), "Deployment/ns/d unchanged");
}

#[test]
fn a_namespace_on_an_object_of_cluster_scope_is_dropped() {
    let mut world = World::new();
    let class = json!({"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": "a", "namespace": "ns"}});
    let outcome = world.done(&[object(class)], options());
    assert_eq!(outcome.inventory[0].id.to_inventory(), "_a_storage.k8s.io_StorageClass");
    assert_eq!(world.publications, 1);
}

#[test]
fn without_permission_to_read_every_object_looks_drifted() {
    let mut world = World::new();
    world.done(&[config("a", "1")], options());
    world.api.fault = Some(Box::new(|request: &Request| {
        matches!(request, Request::Get(_)).then(|| ApiError::status(403, "Forbidden", "no"))
    }));
    assert_eq!(log(&mut world, &[config("a", "1")]), "ConfigMap/ns/a configured");
    let failure = world.failed(&[annotated(config("a", "2"), "ssa", "IfNotPresent")], options());
    assert_eq!(failure.error, "ConfigMap/ns/a query failed: no");
}

#[test]
fn stale_objects_are_pruned_in_reverse_order() {
    let mut world = World::default();
    let all = [namespace("ns"), definition(), foo("f"), config("a", "1"), deployment("d", "d", 1), config("kept", "1")];
    world.done(&all, options());
    let gone = deployment("d", "d", 1).id();
    world.api.objects.remove(&gone);
    let outcome = world.done(&[namespace("ns"), config("kept", "1")], options());
    let expected = "Foo/ns/f deleted\nDeployment/ns/d deleted\nConfigMap/ns/a deleted\n\
                    CustomResourceDefinition/foos.e.io deleted";
    assert_eq!(outcome.pruned.full_log(), expected);
    assert_eq!((outcome.inventory.len(), world.api.objects.len()), (2, 2));
}

#[rstest]
#[case::foreign("kustomize.toolkit.fluxcd.io/name", "other", true)]
#[case::marked("kustomize.toolkit.fluxcd.io/prune", "disabled", false)]
#[case::marked("kustomize.toolkit.fluxcd.io/reconcile", "disabled", false)]
#[case::marked("kustomize.toolkit.fluxcd.io/ssa", "Ignore", false)]
fn objects_of_others_and_marked_ones_are_not_pruned(#[case] key: &str, #[case] value: &str, #[case] label: bool) {
    let mut world = World::new();
    world.done(&[config("a", "1")], options());
    let live = world.api.objects.get_mut(&config("a", "1").id()).unwrap();
    if label {
        live.set_label(key, value)
    } else {
        live.set_annotation(key, value)
    }
    let outcome = world.done(&[], options());
    assert_eq!(outcome.pruned.full_log(), "ConfigMap/ns/a skipped");
    assert!(outcome.inventory.is_empty() && world.api.objects.contains_key(&config("a", "1").id()));
}

#[test]
fn nothing_is_pruned_when_that_is_off() {
    let mut world = World::new();
    world.done(&[config("a", "1")], options());
    let outcome = world.done(&[], Options { prune: false, ..options() });
    assert_eq!((outcome.pruned.0.len(), outcome.inventory.len(), world.api.objects.len()), (0, 0, 2));
}

#[test]
fn what_could_not_be_pruned_stays_in_the_inventory() {
    let mut world = World::new();
    world.done(&[config("a", "1"), config("b", "1"), config("kept", "1")], options());
    world.api.fault = Some(Box::new(|request: &Request| match request {
        Request::Delete { target, .. } if target.name == "a" => Some(ApiError::status(403, "Forbidden", "no")),
        _ => None,
    }));
    let failure = world.failed(&[config("kept", "1")], options());
    assert_eq!(failure.error, "delete failed, errors: ConfigMap/ns/a delete failed: no;");
    assert_eq!(failure.reason, "PruneFailed");
    assert_eq!(failure.pruned.full_log(), "ConfigMap/ns/b deleted\nConfigMap/ns/a unknown");
    let names: Vec<_> = failure.inventory.iter().map(|entry| entry.id.name.as_str()).collect();
    assert_eq!(names, ["kept", "a"]);
}

fn flux(object: Object) -> Object {
    let mut object = object;
    object.set_label("app.kubernetes.io/part-of", "flux");
    object
}

#[test]
fn components_of_flux_are_neither_applied_nor_pruned() {
    let mut world = World::new();
    let mut crd = flux(definition());
    crd.value_mut()["spec"]["group"] = "source.toolkit.fluxcd.io".into();
    let outcome = world.done(&[flux(namespace("flux-system")), flux(deployment("d", "d", 1)), crd.clone()], options());
    assert_eq!(outcome.changes.full_log(), "Namespace/flux-system created");
    assert_eq!(outcome.left_out.len(), 2);
    let applied = world.done(&[crd.clone()], Options { flux_components: true, ..options() });
    assert_eq!(applied.changes.full_log(), "CustomResourceDefinition/foos.e.io created");
    let outcome = world.done(&[crd.clone()], options());
    assert_eq!((outcome.pruned.0.len(), outcome.inventory.len()), (0, 1));
    let outcome = world.done(&[], options());
    assert_eq!(outcome.pruned.full_log(), "CustomResourceDefinition/foos.e.io skipped");
    assert!(world.api.objects.contains_key(&crd.id()));
}

#[test]
fn the_outcome_tells_health_as_last_seen() {
    let mut world = World::new();
    let outcome = world.done(&[config("a", "1"), deployment("d", "d", 1)], options());
    let seen: Vec<_> = outcome.health.iter().map(|(id, health)| format!("{id} {}", health.status)).collect();
    assert_eq!(seen, ["ConfigMap/ns/a Current", "Deployment/ns/d InProgress"]);
    assert_eq!(outcome.health_targets(&config("a", "1").id()), [deployment("d", "d", 1).id()]);
}

#[test]
fn the_end_is_told_again_when_asked_again() {
    let (mut rollout, step) = Rollout::start(Vec::new(), Vec::new(), options(), now());
    assert!(matches!(step, Step::Done(_)));
    assert_eq!(rollout.next(Input::Deadline, now()), step);
}
