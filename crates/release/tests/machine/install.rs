//! Installations.

use std::sync::{Arc, Mutex};

use rstest::rstest;
use serde_json::json;
use sluice_cluster::{ApiError, Request, Resolved, Response, Verb, fake::Fault};
use sluice_helm::{
    Event,
    release::{ApplyMethod, Release, Status},
};
use sluice_release::{Action, Input, Options, Plan, ServerSide, Step};

use crate::world::{World, config, data, deployment, hook, invalid, now, options, release, target, with_hooks};

fn install(documents: &[&str]) -> Plan {
    Plan::Install { release: release(documents) }
}

#[test]
fn an_installation_tries_all_then_stores_then_writes() {
    let world = World::new();
    let ran = world.run(install(&[&config("a", "1"), &config("b", "1"), &deployment("d")]), options());
    let expected = [
        "dry-run ConfigMap/a",
        "dry-run ConfigMap/b",
        "dry-run Deployment/d",
        "create Secret/sh.helm.release.v1.app.v1",
        "apply ConfigMap/a",
        "apply ConfigMap/b",
        "apply Deployment/d",
        "patch Secret/sh.helm.release.v1.app.v1",
    ];
    assert_eq!(ran.asked, expected);
    let release = ran.ok();
    assert_eq!((release.version, release.info.description.as_str()), (1, "Install complete"));
}

#[test]
fn an_installed_release_is_stored_as_helm_stores_it() {
    let world = World::new();
    world.install(&[&config("a", "1")]);
    let secret = world.get("Secret", "sh.helm.release.v1.app.v1").unwrap();
    let labels = ["name", "owner", "status", "version"].map(|key| secret.label(key).unwrap_or_default());
    assert_eq!(labels, ["app", "helm", "deployed", "1"]);
    assert!(secret.label("modifiedAt").is_some() && secret.label("createdAt").is_none());
    assert_eq!(secret.value()["type"], "helm.sh/release.v1");
    let release = world.history().remove(0);
    assert_eq!((release.apply_method, release.info.status), (Some(ApplyMethod::ServerSide), Status::Deployed));
    let times = [release.info.first_deployed, release.info.last_deployed];
    assert!(times.iter().all(|time| time.is_some_and(|time| time.timestamp() == now())));
}

#[test]
fn objects_get_their_namespace_and_the_marks_of_the_release() {
    let world = World::new();
    let namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: team, namespace: odd}\n";
    let ran = world.run(install(&[namespace, &config("a", "1")]), options());
    let ids: Vec<_> = ran.action.objects().iter().map(|entry| entry.id.to_inventory()).collect();
    assert_eq!(ids, ["_team__Namespace", "apps_a__ConfigMap"]);
    let object = world.get("ConfigMap", "a").unwrap();
    assert_eq!(object.label("app.kubernetes.io/managed-by"), Some("Helm"));
    let owner = ["meta.helm.sh/release-name", "meta.helm.sh/release-namespace"];
    assert_eq!(owner.map(|key| object.annotation(key)), [Some("app"), Some("apps")]);
}

#[test]
fn a_revision_is_told_as_it_was_last_written() {
    let world = World::new();
    let ran = world.run(install(&[&config("a", "1")]), options());
    let observed: Vec<_> = ran.action.observed().iter().map(|(version, release)| (*version, release.clone())).collect();
    assert_eq!(observed, vec![(1, ran.ok())]);
}

#[test]
fn an_unknown_kind_ends_it_before_anything_is_stored() {
    let world = World::new();
    let object = "apiVersion: e.io/v1\nkind: Foo\nmetadata: {name: f}\n";
    let ran = world.run(install(&[&config("a", "1"), object]), options());
    let text = "unable to build kubernetes objects from release manifest: resource mapping not found for name: \"f\" \
                namespace: \"\" from \"\": no matches for kind \"Foo\" in version \"e.io/v1\"\nensure CRDs are installed first";
    assert_eq!(ran.text(), text);
    assert_eq!(ran.written(), [""; 0]);
    let subject = ran.error().subject().unwrap();
    assert_eq!((subject.id.to_string().as_str(), subject.template.as_str()), ("Foo/f", "c/templates/a.yaml"));
    assert!(
        !ran.error().stored() && ran.error().hint().is_some_and(|hint| hint.contains("does not serve e.io/v1 Foo"))
    );
}

const UNDECLARED: &str =
    "failed to create typed patch object (apps/a; /v1, Kind=ConfigMap): .dta: field not declared in schema";

#[test]
fn an_undeclared_field_ends_it_before_anything_is_stored() {
    let world = World::new();
    world.refuse(Verb::DryRun, "a", ApiError::status(500, "", UNDECLARED));
    let ran = world.run(install(&[&config("a", "1")]), options());
    let words = "unable to build kubernetes objects from release manifest: error validating data: ";
    assert_eq!((ran.text(), ran.written()), (format!("{words}{UNDECLARED}"), vec![]));
}

#[test]
fn without_validation_an_undeclared_field_fails_the_stored_release() {
    let world = World::new();
    world.refuse(Verb::DryRun, "a", ApiError::status(500, "", UNDECLARED));
    let ran = world.run(install(&[&config("a", "1")]), Options { validate: false, ..options() });
    assert_eq!(ran.text(), format!("server-side apply failed for object apps/a /v1, Kind=ConfigMap: {UNDECLARED}"));
    assert!(ran.error().stored());
    assert_eq!(world.statuses(), ["1 failed"]);
}

#[test]
fn a_refused_object_fails_the_release_before_any_object_is_written() {
    let world = World::new();
    world.refuse(Verb::DryRun, "b", invalid("bad"));
    let release = with_hooks(&[&config("a", "1"), &config("b", "1")], vec![hook("h", &[Event::PreInstall])]);
    let ran = world.run(Plan::Install { release }, options());
    assert_eq!(ran.text(), "server-side apply failed for object apps/b /v1, Kind=ConfigMap: bad");
    assert!(world.get("Job", "h").is_some() && world.get("ConfigMap", "a").is_none());
    let description = format!("Release \"app\" failed: {}", ran.text());
    assert_eq!((world.statuses(), world.description(1)), (vec!["1 failed".into()], description));
}

#[test]
fn an_object_that_hooks_have_made_possible_is_written() {
    let world = World::new();
    world.refuse_times(Verb::DryRun, "b", 1, invalid("bad"));
    world.install(&[&config("b", "1")]);
    assert!(world.get("ConfigMap", "b").is_some());
}

#[rstest]
#[case::no_dry_runs(ApiError::status(400, "BadRequest", "admission webhook \"x\" does not support dry run"))]
#[case::role_of_the_release(ApiError::status(404, "NotFound", "roles.rbac.authorization.k8s.io \"a\" not found"))]
#[case::account_of_the_release(ApiError::status(
    403,
    "Forbidden",
    "pods \"a\" is forbidden: error looking up service account apps/a: serviceaccount \"a\" not found"
))]
#[case::webhook_of_the_release(ApiError::status(500, "InternalError", "failed calling webhook \"x\""))]
fn what_the_release_itself_may_mend_is_passed_over(#[case] error: ApiError) {
    let world = World::new();
    world.refuse(Verb::DryRun, "a", error);
    world.install(&[&config("a", "1")]);
    assert_eq!(world.statuses(), ["1 deployed"]);
}

#[test]
fn an_object_that_may_neither_be_written_nor_read_ends_it_before_anything_is_stored() {
    let world = World::new();
    let forbidden = |verb: &str| ApiError::status(403, "Forbidden", format!("cannot {verb} it"));
    world.cluster.faults(Box::new(move |_, request| match request.verb() {
        Verb::DryRun => Fault::Refuse(forbidden("patch")),
        Verb::Get => Fault::Refuse(forbidden("get")),
        _ => Fault::None,
    }));
    let ran = world.run(install(&[&config("a", "1")]), options());
    let subject = "ConfigMap \"a\" in namespace \"apps\"";
    let text = format!("unable to continue with install: could not get information about the resource {subject}: ");
    assert_eq!((ran.text(), ran.written()), (format!("{text}cannot get it"), vec![]));
}

#[test]
fn an_object_that_may_be_read_and_not_written_fails_the_stored_release() {
    let world = World::new();
    world.refuse(Verb::DryRun, "a", ApiError::status(403, "Forbidden", "cannot patch it"));
    let ran = world.run(install(&[&config("a", "1")]), options());
    let text = "server-side apply failed for object apps/a /v1, Kind=ConfigMap: cannot patch it";
    assert_eq!((ran.text().as_str(), world.statuses()), (text, vec!["1 failed".into()]));
}

#[test]
fn the_namespace_is_made_before_the_release_is_stored() {
    let world = World::new();
    let release = Release { namespace: "new".into(), ..release(&[&config("a", "1")]) };
    let ran = world.run(Plan::Install { release }, Options { create_namespace: true, ..options() });
    let expected = ["apply Namespace/new", "create Secret/sh.helm.release.v1.app.v1", "apply ConfigMap/a"];
    assert_eq!(ran.written()[..3], expected);
    assert_eq!(world.get("Namespace", "new").unwrap().label("name"), Some("new"));
}

#[test]
fn an_object_of_somebody_else_ends_it() {
    let world = World::new();
    world.put("{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: apps, annotations: {meta.helm.sh/release-name: other}}}");
    let ran = world.run(install(&[&config("a", "1")]), Options { take_ownership: false, ..options() });
    let text = "unable to continue with install: ConfigMap \"a\" in namespace \"apps\" exists and cannot be imported into the \
        current release: invalid ownership metadata; label validation error: missing key \"app.kubernetes.io/managed-by\": must \
        be set to \"Helm\"; annotation validation error: key \"meta.helm.sh/release-name\" must equal \"app\": current value is \
        \"other\"; annotation validation error: missing key \"meta.helm.sh/release-namespace\": must be set to \"apps\"";
    assert_eq!(ran.text(), text);
    assert_eq!(ran.written(), [""; 0]);
}

#[test]
fn an_object_of_the_release_itself_is_taken_over_whoever_may_own_it() {
    let world = World::new();
    world.put("{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: apps, labels: {app.kubernetes.io/managed-by: Helm}, \
               annotations: {meta.helm.sh/release-name: app, meta.helm.sh/release-namespace: apps}}}");
    let ran = world.run(install(&[&config("a", "1")]), Options { take_ownership: false, ..options() });
    assert!(ran.result.is_ok());
    assert_eq!(data(&world.get("ConfigMap", "a").unwrap()), "1");
}

#[test]
fn fields_of_our_client_side_manager_are_folded_into_what_is_applied() {
    let world = World::new();
    let object = sluice_object::Object::new(json!({"apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "a", "namespace": "apps"}, "data": {"a": "0", "old": "x"}}));
    world.call(Request::Create { object: object.unwrap(), manager: "helm-controller".into() }).unwrap();
    let ran = world.run(install(&[&config("a", "1")]), options());
    assert_eq!(
        ran.about_objects(),
        ["dry-run ConfigMap/a", "get ConfigMap/a", "patch ConfigMap/a", "apply ConfigMap/a"]
    );
    assert_eq!(world.get("ConfigMap", "a").unwrap().value()["data"], json!({"a": "1"}));
}

#[test]
fn a_name_in_use_is_refused() {
    let world = World::new();
    world.install(&[&config("a", "1")]);
    let ran = world.run(install(&[&config("a", "2")]), Options { replace: true, ..options() });
    assert_eq!(ran.text(), "release name check failed: cannot reuse a name that is still in use");
    assert_eq!(ran.asked, [""; 0]);
}

#[rstest]
#[case::failed(Status::Failed, "failed")]
#[case::uninstalled(Status::Uninstalled, "superseded")]
fn a_release_that_is_gone_may_be_replaced(#[case] status: Status, #[case] then: &str) {
    let world = World::new();
    world.install(&[&config("a", "1")]);
    world.set(1, |release| release.info.status = status);
    assert!(world.run(install(&[&config("a", "2")]), options()).result.is_err());
    let ran = world.run(install(&[&config("a", "2")]), Options { replace: true, ..options() });
    assert!(ran.result.is_ok());
    assert_eq!(world.statuses(), [format!("1 {then}"), "2 deployed".into()]);
}

#[test]
fn errors_of_all_objects_of_a_first_installation_are_told() {
    let world = World::new();
    world.refuse(Verb::Apply, "x", invalid("bad"));
    let ran = world.run(install(&[&config("x1", "1"), &config("b", "1"), &deployment("x2")]), options());
    let line = |subject: &str| format!("server-side apply failed for object apps/{subject}: bad");
    assert_eq!(ran.text(), [line("x1 /v1, Kind=ConfigMap"), line("x2 apps/v1, Kind=Deployment")].join("\n"));
    assert!(world.get("ConfigMap", "b").is_some());
}

#[test]
fn a_quota_that_is_being_counted_is_tried_again() {
    let world = World::new();
    let text = "Operation cannot be fulfilled on resourcequotas \"q\": the object has been modified";
    world.refuse_times(Verb::Apply, "a", 4, ApiError::status(409, "Conflict", text));
    world.install(&[&config("a", "1")]);
    world.refuse_times(Verb::Apply, "a", 5, ApiError::status(409, "Conflict", text));
    let ran = world.run(Plan::Upgrade { release: release(&[&config("a", "2")]) }, options());
    assert!(ran.text().starts_with("conflict occurred while applying object apps/a"), "{}", ran.text());
}

#[test]
fn who_makes_the_same_revision_first_has_it() {
    let world = World::new();
    world.refuse(Verb::Create, "sh.helm", ApiError::status(409, "AlreadyExists", "exists"));
    let ran = world.run(install(&[&config("a", "1")]), options());
    assert_eq!(ran.text(), "release: already exists");
    assert!(ran.error().is_conflict() && !ran.error().stored() && world.get("ConfigMap", "a").is_none());
}

#[test]
fn a_release_that_somebody_else_has_changed_is_left_to_them() {
    let world = World::new();
    world.refuse(Verb::Patch, "sh.helm", ApiError::status(409, "Conflict", "the object has been modified"));
    let release = with_hooks(&[&config("a", "1")], vec![hook("h", &[Event::PreInstall])]);
    let ran = world.run(Plan::Install { release }, options());
    assert!(ran.error().is_conflict() && ran.text().contains("the object has been modified"), "{}", ran.text());
    assert!(world.get("ConfigMap", "a").is_none());
    assert_eq!(world.statuses(), ["1 pending-install"]);
}

#[test]
fn writes_to_a_revision_carry_its_version() {
    let world = World::new();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = seen.clone();
    world.cluster.faults(Box::new(move |_, request| {
        if let Request::MergePatch { patch, .. } = request {
            log.lock().unwrap().push(patch["metadata"]["resourceVersion"].is_string());
        }
        Fault::None
    }));
    world.install(&[&config("a", "1")]);
    assert_eq!(*seen.lock().unwrap(), [true]);
}

#[test]
fn a_release_that_does_not_fit_ends_it_before_anything_is_written() {
    let world = World::new();
    let mut state = 1_u64;
    let mut noise = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(b'!' + u8::try_from((state >> 33) % 90).unwrap())
    };
    let notes: String = std::iter::repeat_with(&mut noise).take(1_400_000).collect();
    let mut large = release(&[&config("a", "1")]);
    large.info.notes = notes;
    let ran = world.run(Plan::Install { release: large }, Options { create_namespace: true, ..options() });
    assert!(ran.text().contains("a Secret holds"), "{}", ran.text());
    assert_eq!(ran.written(), [""; 0]);
}

#[test]
fn without_the_server_new_objects_are_created() {
    let world = World::new();
    let ran = world.run(install(&[&config("a", "1")]), Options { server_side: ServerSide::No, ..options() });
    assert_eq!(ran.about_objects(), ["dry-run ConfigMap/a", "create ConfigMap/a"]);
    assert_eq!(ran.ok().apply_method, Some(ApplyMethod::ClientSide));
    let managers = world.cluster.get(&target("ConfigMap", "a")).unwrap().value()["metadata"]["managedFields"].clone();
    assert_eq!(
        (managers[0]["manager"].as_str(), managers[0]["operation"].as_str()),
        (Some("helm-controller"), Some("Update"))
    );
}

#[test]
fn nothing_of_values_is_shown() {
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {password: hunter2}\n";
    let (mut action, _) = Action::start(install(&[secret]), Vec::new(), options(), now());
    let resolved = Resolved { plural: "secrets".into(), namespaced: true };
    let step = action.next(Input::Answers(vec![Ok(Response::Resolved(resolved))]), now());
    assert!(matches!(&step, Step::Requests { requests, .. } if requests[0].verb() == Verb::DryRun));
    assert!(!format!("{action:?} {step:?}").contains("hunter2"));
}
