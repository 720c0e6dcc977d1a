//! Each transition of a HelmRelease's pass, on the machine alone: which act follows from which state, and what is told of
//! its end. What an act does is tested where it lives, and all of it together on a real API server.

mod recovering;

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use rstest::rstest;
use serde_json::{Map, Value, json};
use sluice_api::helm::HelmRelease;
use sluice_apply::health::Health;
use sluice_cluster::{ApiError, Identity, Request, Response};
use sluice_helm::{
    File, Limits, load_files,
    release::{Algorithm, Release, Released, Secret, Status, digest_values},
};
use sluice_object::{Gvk, Object, ObjectId};
use sluice_reconcile::{Command, Input, Next, Verdict};

use super::{
    Effect, Facts, HelmReleases, Outcome, Policy,
    chart::{Loaded, NoChart, Source},
    effects::Found,
    history,
    machine::{Run, next, start},
    report::reasons as helm,
    template::Template,
    values::Values,
};
use crate::{dependencies::Blocked, source::Trouble};

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn release(spec: Value, status: Value) -> HelmRelease {
    let mut whole = json!({"interval": "10m", "chartRef": {"kind": "HelmChart", "name": "c"}});
    whole.as_object_mut().unwrap().extend(spec.as_object().cloned().unwrap());
    let annotations = json!({"reconcile.fluxcd.io/requestedAt": "now"});
    let metadata = json!({"name": "app", "namespace": "ns", "generation": 3, "annotations": annotations});
    let api = "helm.toolkit.fluxcd.io/v2";
    let object =
        json!({"apiVersion": api, "kind": "HelmRelease", "metadata": metadata, "spec": whole, "status": status});
    serde_json::from_value(object).unwrap()
}

fn facts() -> Facts {
    let artifact = json!({
        "path": "p", "url": "http://x/p", "revision": "1.0.0", "digest": "sha256:abc",
        "lastUpdateTime": "1970-01-01T00:00:00Z", "size": 1,
    });
    let source = Source {
        id: ObjectId::new(&super::template::gvk(), "ns", "c"),
        artifact: serde_json::from_value(artifact).unwrap(),
        by_digest: false,
        external: false,
    };
    Facts {
        template: Template::default(),
        denied: None,
        source: Ok(source),
        blocked: None,
        expressions: Ok(Default::default()),
        values: Ok(Values::default()),
        identity: Ok(Identity::Agent),
        missing_account: None,
        clean: false,
        digests: Default::default(),
        policy: Policy::default(),
    }
}

fn chart(version: &str) -> Loaded {
    let definition = format!("apiVersion: v2\nname: app\nversion: {version}\n");
    let loaded = load_files(vec![File::new("Chart.yaml", definition)], &Limits::default()).unwrap();
    Loaded { chart: Arc::new(loaded.chart), oci_digest: String::new() }
}

/// A stored revision of the chart `1.0.0` without values.
fn stored(version: i64, status: Status) -> Release {
    let mut release = Release {
        name: "app".into(),
        namespace: "ns".into(),
        version,
        chart: Some(Arc::new(Released::from(&*chart("1.0.0").chart))),
        ..Release::default()
    };
    release.info.status = status;
    release
}

/// A status that knows these revisions.
fn status(revisions: &[Release], more: Value) -> Value {
    let entries: Vec<_> =
        revisions.iter().map(|release| history::snapshot(release, Algorithm::Sha256, "upgrade", "")).collect();
    let mut status = json!({
        "history": entries, "storageNamespace": "ns", "observedGeneration": 3, "lastAttemptedGeneration": 3,
        "lastAttemptedRevision": "1.0.0",
        "lastAttemptedConfigDigest": digest_values(Algorithm::Sha256, &Map::new()).to_string(),
        "conditions": [],
    });
    status.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
    status
}

/// A pass up to the decision: the chart is loaded and the revisions are read.
fn decided(object: &HelmRelease, version: &str, revisions: Vec<Release>) -> (Run, Command<HelmReleases>) {
    let (run, command) = start(object, facts(), NOW);
    assert!(matches!(command, Command::Do(Effect::Load(_))), "{command:?}");
    let (run, command) = next(object, run, Input::Done(Outcome::Loaded(Ok(Box::new(Found(chart(version)))))), NOW);
    assert!(matches!(command, Command::Do(Effect::Revisions { .. })), "{command:?}");
    next(object, run, Input::Done(Outcome::Revisions(Ok(revisions))), NOW)
}

fn settled(command: Command<HelmReleases>) -> Verdict {
    match command {
        Command::Settle(verdict) => verdict,
        other => panic!("not settled: {other:?}"),
    }
}

/// Passes over what a pass keeps for the next one.
fn closed(object: &HelmRelease, (run, command): (Run, Command<HelmReleases>)) -> Verdict {
    match command {
        Command::Do(Effect::Remember { .. } | Effect::Forget(_)) => {
            settled(next(object, run, Input::Done(Outcome::Remembered(Vec::new())), NOW).1)
        }
        command => settled(command),
    }
}

fn condition<'a>(status: &'a Value, type_: &str) -> &'a Value {
    let conditions = status["conditions"].as_array().map(Vec::as_slice).unwrap_or_default();
    conditions.iter().find(|condition| condition["type"] == type_).unwrap_or(&Value::Null)
}

fn short(status: &Value, type_: &str) -> String {
    let found = condition(status, type_);
    let text = |key: &str| found[key].as_str().unwrap_or_default().to_owned();
    format!("{} {}", text("status"), text("reason"))
}

/// Returns what is announced next, or the condition Stalled, or `nothing`.
fn told(object: &HelmRelease, step: (Run, Command<HelmReleases>)) -> String {
    let message = |status: &Value, type_: &str| condition(status, type_)["message"].as_str().map(ToOwned::to_owned);
    match step {
        (_, Command::Publish(report)) => message(&report.status, "Reconciling").unwrap_or_default(),
        (run, Command::Do(Effect::Track { .. })) => told(object, unhealthy(object, run)),
        step => {
            let verdict = closed(object, step);
            let stalled = message(&verdict.report.status, "Stalled").unwrap_or_else(|| "nothing".into());
            stalled.split("; next: ").next().unwrap_or_default().to_owned()
        }
    }
}

/// Passes over the last look at a failed release, whose objects are not healthy.
fn unhealthy(object: &HelmRelease, run: Run) -> (Run, Command<HelmReleases>) {
    let (run, _) = next(object, run, Input::Done(Outcome::Tracked), NOW);
    let (run, _) = next(object, run, Input::Done(Outcome::Hoped), NOW);
    let id = ObjectId::new(&Gvk::new("", "v1", "ConfigMap"), "ns", "a");
    next(object, run, Input::Done(Outcome::Read(vec![(id, Health::not_found())])), NOW)
}

const INSTALL: &str = "Running 'install' action with timeout of 5m0s";
const UPGRADE: &str = "Running 'upgrade' action with timeout of 5m0s";
const ROLLBACK: &str = "Running 'rollback' action with timeout of 5m0s";
const UNINSTALL: &str = "Running 'uninstall' action with timeout of 5m0s";
const UNLOCK: &str = "Running 'unlock' action with timeout of 5m0s";
const TEST: &str = "Running 'test' action with timeout of 5m0s";

fn deployed() -> Vec<Release> {
    vec![stored(1, Status::Deployed)]
}

fn failed() -> Vec<Release> {
    vec![stored(1, Status::Superseded), stored(2, Status::Failed)]
}

fn upgrading(failures: i64) -> Value {
    json!({"lastAttemptedReleaseAction": "upgrade", "upgradeFailures": failures, "failures": failures})
}

fn installing(failures: i64) -> Value {
    json!({"lastAttemptedReleaseAction": "install", "installFailures": failures, "failures": failures})
}

fn remediation(retries: i64, strategy: &str) -> Value {
    json!({"upgrade": {"remediation": {"retries": retries, "strategy": strategy}}})
}

#[rstest]
#[case::absent(json!({}), vec![], json!({}), INSTALL)]
#[case::uninstalled(json!({}), vec![stored(1, Status::Uninstalled)], json!({}), INSTALL)]
#[case::install_exhausted(json!({}), vec![], installing(1), "Failed to install after 1 attempt(s)")]
#[case::locked(json!({}), vec![stored(1, Status::PendingInstall)], json!({}), UNLOCK)]
#[case::in_sync(json!({}), deployed(), json!({}), "nothing")]
#[case::untested(json!({"test": {"enable": true}}), deployed(), json!({}), TEST)]
#[case::failed_without_a_cause(json!({}), failed(), json!({}), UPGRADE)]
#[case::failed_and_changed_since(remediation(1, "rollback"), failed(), upgrading(0), UPGRADE)]
#[case::failed_without_retries(json!({}), failed(), upgrading(1), "Failed to upgrade after 1 attempt(s)")]
#[case::rolled_back(remediation(1, "rollback"), failed(), upgrading(1), ROLLBACK)]
#[case::taken_away(remediation(1, "uninstall"), failed(), upgrading(1), UNINSTALL)]
#[case::retried_without_remediation(json!({"upgrade": {"strategy": {"name": "RetryOnFailure"}}}), failed(), upgrading(9), UPGRADE)]
#[case::no_way_back(remediation(1, "rollback"), vec![stored(2, Status::Failed)], upgrading(1),
    "Failed to perform remediation: missing target release for rollback: cannot remediate failed release")]
fn an_act_follows_from_the_state(
    #[case] spec: Value,
    #[case] revisions: Vec<Release>,
    #[case] more: Value,
    #[case] expected: &str,
) {
    let object = release(spec, status(&revisions, more));
    let step = decided(&object, "1.0.0", revisions);
    assert_eq!(told(&object, step), expected);
}

#[rstest]
#[case::another_version("1.1.0", json!({}), UPGRADE)]
#[case::of_a_new_generation("1.0.0", json!({"observedGeneration": 2}), "nothing")]
#[case::rendered_otherwise("1.0.0", json!({"observedGeneration": 2, "observedPostRenderersDigest": "sha256:x"}), UPGRADE)]
#[case::rendered_otherwise_before("1.0.0", json!({"observedPostRenderersDigest": "sha256:x"}), "nothing")]
#[case::not_tried_any_more("1.1.0", json!({"upgradeFailures": 1, "lastAttemptedRevision": "1.1.0", "lastAttemptedReleaseAction": "upgrade"}),
    "Failed to upgrade after 1 attempt(s)")]
fn what_is_out_of_sync_is_upgraded(#[case] version: &str, #[case] more: Value, #[case] expected: &str) {
    let object = release(json!({}), status(&deployed(), more));
    let step = decided(&object, version, deployed());
    assert_eq!(told(&object, step), expected);
}

#[rstest]
#[case::kept(true, "nothing")]
#[case::not_kept(false, UPGRADE)]
fn values_that_a_release_keeps_are_in_sync(#[case] preserves: bool, #[case] expected: &str) {
    let config = Map::from_iter([("kept".into(), json!("1"))]);
    let revisions = vec![Release { config: Arc::new(config), ..stored(1, Status::Deployed) }];
    let object = release(json!({"upgrade": {"preserveValues": preserves}}), status(&revisions, json!({})));
    assert_eq!(told(&object, decided(&object, "1.0.0", revisions)), expected);
}

#[test]
fn a_revision_that_we_did_not_make_is_upgraded_and_its_history_forgotten() {
    let object = release(json!({}), status(&deployed(), json!({})));
    let mut other = stored(1, Status::Deployed);
    other.manifest = "changed: by hand".into();
    let (_, command) = decided(&object, "1.0.0", vec![other]);
    let Command::Publish(report) = command else { panic!("{command:?}") };
    assert_eq!(condition(&report.status, "Reconciling")["message"], UPGRADE);
    assert!(report.status["history"].is_null(), "{}", report.status);
}

#[test]
fn a_rollback_target_that_was_changed_is_none() {
    let revisions = failed();
    let object = release(remediation(1, "rollback"), status(&revisions, upgrading(1)));
    let mut changed = revisions;
    changed[0].manifest = "changed: by hand".into();
    assert_eq!(told(&object, decided(&object, "1.0.0", changed)), UPGRADE);
}

#[rstest]
#[case::in_sync(json!({}), deployed(), json!({}), UPGRADE)]
#[case::out_of_tries(json!({}), failed(), upgrading(1), UPGRADE)]
#[case::out_of_installs(json!({}), vec![], installing(1), INSTALL)]
fn a_forced_request_is_done_once(
    #[case] spec: Value,
    #[case] revisions: Vec<Release>,
    #[case] more: Value,
    #[case] expected: &str,
) {
    let mut object = release(spec, status(&revisions, more));
    object.metadata.annotations.as_mut().unwrap().insert("reconcile.fluxcd.io/forceAt".into(), "now".into());
    let (run, command) = decided(&object, "1.0.0", revisions.clone());
    let Command::Publish(report) = &command else { panic!("{command:?}") };
    assert_eq!(report.status["lastHandledForceAt"], "now");
    assert_eq!(told(&object, (run, command)), expected);
    let handled = json!({"lastHandledForceAt": "now", "lastHandledReconcileAt": "now"});
    let object = HelmRelease { status: serde_json::from_value(status(&deployed(), handled)).unwrap(), ..object };
    assert_eq!(told(&object, decided(&object, "1.0.0", deployed())), "nothing");
}

#[test]
fn a_reset_counts_failures_from_zero() {
    let mut object = release(json!({}), status(&[], installing(1)));
    object.metadata.annotations.as_mut().unwrap().insert("reconcile.fluxcd.io/resetAt".into(), "now".into());
    assert_eq!(told(&object, decided(&object, "1.0.0", Vec::new())), INSTALL);
}

#[rstest]
#[case::generation(json!({"lastAttemptedGeneration": 2}))]
#[case::version(json!({"lastAttemptedRevision": "0.9.0"}))]
#[case::values(json!({"lastAttemptedConfigDigest": "sha256:x"}))]
fn failures_of_something_else_do_not_count(#[case] more: Value) {
    let mut all = installing(3);
    all.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
    let object = release(json!({}), status(&[], all));
    assert_eq!(told(&object, decided(&object, "1.0.0", Vec::new())), INSTALL);
}

#[test]
fn what_is_as_wanted_is_ready_again() {
    let mut more = upgrading(0);
    more["conditions"] = json!([
        {"type": "Released", "status": "False", "reason": "UpgradeFailed", "message": "x", "observedGeneration": 3, "lastTransitionTime": "1970-01-01T00:00:00Z"},
        {"type": "Stalled", "status": "True", "reason": "RetriesExceeded", "message": "x", "observedGeneration": 3, "lastTransitionTime": "1970-01-01T00:00:00Z"},
    ]);
    let object = release(json!({}), status(&deployed(), more));
    let verdict = closed(&object, decided(&object, "1.0.0", deployed()));
    let status = &verdict.report.status;
    assert_eq!([short(status, "Ready"), short(status, "Released")], ["True UpgradeSucceeded", "True UpgradeSucceeded"]);
    assert!(condition(status, "Stalled").is_null() && condition(status, "Reconciling").is_null(), "{status}");
    assert_eq!((verdict.next, verdict.success), (Next::After(Duration::from_secs(600)), true));
    assert_eq!(status["lastHandledReconcileAt"], "now");
}

#[test]
fn what_a_rollback_brought_back_and_is_wanted_now_is_no_remediation() {
    let more = json!({"conditions": [
        {"type": "Remediated", "status": "True", "reason": "RollbackSucceeded", "message": "x", "observedGeneration": 3, "lastTransitionTime": "1970-01-01T00:00:00Z"},
    ]});
    let object = release(json!({}), status(&deployed(), more));
    let status = closed(&object, decided(&object, "1.0.0", deployed())).report.status;
    assert!(condition(&status, "Remediated").is_null(), "{status}");
    assert_eq!(short(&status, "Ready"), "True UpgradeSucceeded");
}

#[test]
fn a_chart_that_does_not_render_fails_before_anything_is_stored() {
    let object = release(json!({}), status(&deployed(), json!({})));
    let (run, _) = decided(&object, "1.1.0", deployed());
    let (run, command) = next(&object, run, Input::Published, NOW);
    assert!(matches!(command, Command::Do(Effect::Render(_))), "{command:?}");
    let later = NOW + Duration::from_secs(2);
    let step = next(&object, run, Input::Done(Outcome::Rendered(Err("template: boom".into()))), later);
    let verdict = closed(&object, step);
    let status = &verdict.report.status;
    let message = "Helm upgrade failed for release ns/app with chart app@1.1.0: template: boom";
    assert_eq!(condition(status, "Released")["message"], message);
    let told = format!("{message}; next: another attempt at 1970-01-01T00:00:02Z");
    assert_eq!(
        (verdict.next, &condition(status, "Ready")["message"]),
        (Next::In(Duration::from_millis(750)), &json!(told))
    );
    assert_eq!(short(status, "Ready"), "False UpgradeFailed");
    assert_eq!(status["lastAttemptedReleaseActionDuration"], "2s");
    assert_eq!((&status["failures"], &status["upgradeFailures"]), (&json!(1), &Value::Null));
    assert_eq!(status["history"][0]["version"], 1);
    let [notice] = &verdict.report.notices[..] else { panic!("{:?}", verdict.report.notices) };
    assert_eq!((notice.reason.as_str(), notice.message.as_str()), ("UpgradeFailed", message));
    let revision = notice.annotations.get("helm.toolkit.fluxcd.io/revision");
    assert_eq!(revision.map(String::as_str), Some("1.1.0"));
}

#[rstest]
#[case::dependency(Facts { blocked: Some(Blocked::Dependency("dependency 'ns/b' is not ready".into())), ..facts() },
    "False DependencyNotReady", Next::After(Duration::from_secs(30)))]
#[case::source(Facts { source: Err(NoChart::Unready(Trouble { reason: helm::SOURCE_NOT_READY.into(), message: "m".into() })), ..facts() },
    "False SourceNotReady", Next::After(Duration::from_secs(30)))]
#[case::missing(Facts { source: Err(NoChart::Missing(Trouble { reason: "ArtifactFailed".into(), message: "m".into() })), ..facts() },
    "False ArtifactFailed", Next::Backoff)]
#[case::denied(Facts { source: Err(NoChart::Denied(Trouble { reason: "AccessDenied".into(), message: "m".into() })), ..facts() },
    "False AccessDenied", Next::Never)]
#[case::values(Facts { values: Err(Trouble { reason: helm::VALUES_ERROR.into(), message: "m".into() }), ..facts() },
    "False ValuesError", Next::Backoff)]
#[case::client(Facts { identity: Err(Trouble { reason: helm::REST_CLIENT_ERROR.into(), message: "m".into() }), ..facts() },
    "False RESTClientError", Next::Backoff)]
fn what_is_missing_is_told(#[case] facts: Facts, #[case] ready: &str, #[case] after: Next) {
    let object = release(json!({}), json!({}));
    let verdict = settled(start(&object, facts, NOW).1);
    assert_eq!((short(&verdict.report.status, "Ready").as_str(), verdict.next), (ready, after));
    assert!(!verdict.success);
}

#[rstest]
#[case::nobody_knows(json!({"driftDetection": {"mode": "warn"}}), false, true)]
#[case::watches_saw_no_change(json!({"driftDetection": {"mode": "warn"}}), true, false)]
#[case::nobody_asks(json!({}), false, false)]
fn objects_are_compared_where_they_may_have_changed(#[case] spec: Value, #[case] clean: bool, #[case] compared: bool) {
    let object = release(spec, status(&deployed(), json!({})));
    let (run, _) = start(&object, Facts { clean, ..facts() }, NOW);
    let (run, _) = next(&object, run, Input::Done(Outcome::Loaded(Ok(Box::new(Found(chart("1.0.0")))))), NOW);
    let (_, command) = next(&object, run, Input::Done(Outcome::Revisions(Ok(deployed()))), NOW);
    assert_eq!(matches!(command, Command::Do(Effect::Track { .. })), compared, "{command:?}");
}

#[test]
fn a_release_of_another_name_goes_first() {
    let object = release(json!({"releaseName": "other"}), status(&deployed(), json!({})));
    let (run, _) = start(&object, facts(), NOW);
    let (_, command) = next(&object, run, Input::Done(Outcome::Loaded(Ok(Box::new(Found(chart("1.0.0")))))), NOW);
    let Command::Do(Effect::Revisions { name, namespace, .. }) = command else { panic!("{command:?}") };
    assert_eq!((name.as_str(), namespace.as_str()), ("app", "ns"));
}

fn deleted(spec: Value, status: Value) -> HelmRelease {
    let mut object = release(spec, status);
    object.metadata.deletion_timestamp = Some(crate::marks::time(NOW));
    object
}

#[rstest]
#[case::never_installed(json!({}), json!({}), facts())]
#[case::suspended(json!({"suspend": true}), status(&deployed(), json!({})), facts())]
#[case::without_its_account(json!({}), status(&deployed(), json!({})), Facts { missing_account: Some("a".into()), ..facts() })]
fn what_cannot_be_uninstalled_is_let_be(#[case] spec: Value, #[case] status: Value, #[case] facts: Facts) {
    let object = deleted(spec, status);
    let verdict = closed(&object, start(&object, facts, NOW));
    assert!(verdict.release);
}

#[test]
fn a_deleted_release_takes_its_chart_with_it() {
    let object = deleted(json!({}), json!({"helmChart": "sources/ns-app"}));
    let (run, command) = start(&object, facts(), NOW);
    let Command::Do(Effect::Requests { requests, who, .. }) = command else { panic!("{command:?}") };
    let [Request::Delete { target, .. }] = &requests[..] else { panic!("{requests:?}") };
    assert_eq!((target.namespace.as_str(), target.name.as_str(), who), ("sources", "ns-app", Identity::Agent));
    let gone = Err(ApiError::status(404, "NotFound", "gone"));
    let answers = Outcome::Answers { answers: vec![gone], seen: Vec::new() };
    assert!(closed(&object, next(&object, run, Input::Done(answers), NOW)).release);
}

#[test]
fn a_release_that_is_gone_already_counts_as_uninstalled() {
    let object = deleted(json!({}), status(&deployed(), json!({})));
    let (run, _) = start(&object, facts(), NOW);
    assert!(closed(&object, next(&object, run, Input::Done(Outcome::Revisions(Ok(Vec::new()))), NOW)).release);
}

#[test]
fn an_unlocked_release_is_looked_at_again() {
    let pending = vec![stored(1, Status::PendingUpgrade)];
    let object = release(json!({}), status(&pending, json!({})));
    let (run, _) = decided(&object, "1.0.0", pending);
    let (run, command) = next(&object, run, Input::Published, NOW);
    let Command::Do(Effect::Requests { requests, .. }) = command else { panic!("{command:?}") };
    let [Request::MergePatch { target, patch, .. }] = &requests[..] else { panic!("{requests:?}") };
    assert_eq!(target.name, "sh.helm.release.v1.app.v1");
    assert_eq!(patch["metadata"]["labels"]["status"], "failed");
    let secret = json!({"metadata": {"labels": {}}, "data": patch["data"]});
    let description = Secret::read(&secret).unwrap().info.description;
    assert_eq!(description, "Release unlocked from stale 'pending-upgrade' state");
    let object_answer = Object::new(json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}})).unwrap();
    let answers = Outcome::Answers { answers: vec![Ok(Response::Object(object_answer))], seen: Vec::new() };
    let (_, command) = next(&object, run, Input::Done(answers), NOW);
    let Command::Publish(report) = command else { panic!("{command:?}") };
    assert_eq!(condition(&report.status, "Reconciling")["message"], UPGRADE);
    assert_eq!(
        report.notices[0].message,
        "Unlocked Helm release ns/app.v1 with chart app@1.0.0 in pending-upgrade state"
    );
    assert_eq!(report.status["history"][0]["status"], "failed");
}

#[test]
fn kinds_of_references_are_known() {
    let object = release(
        json!({"chartRef": {"kind": "OCIRepository", "name": "o", "namespace": "x"},
        "dependsOn": [{"name": "b"}], "valuesFrom": [{"kind": "Secret", "name": "s"}]}),
        json!({}),
    );
    let found: Vec<_> = super::facts::references(&object).iter().map(ToString::to_string).collect();
    assert_eq!(found, ["HelmRelease/ns/b", "OCIRepository/x/o", "Secret/ns/s"]);
    assert_eq!(
        super::facts::id(&object),
        ObjectId::new(&Gvk::new("helm.toolkit.fluxcd.io", "v2", "HelmRelease"), "ns", "app")
    );
}
