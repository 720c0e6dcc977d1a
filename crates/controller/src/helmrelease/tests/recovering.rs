//! Failed releases that are tried no more, driven to the end of the pass on a cluster that answers.

use std::{collections::BTreeSet, time::Duration};

use futures::FutureExt as _;
use sluice_cluster::{Cluster as _, FakeCluster, Propagation};
use sluice_helm::{
    Event, Hook,
    hook::{Execution, Phase},
};
use sluice_reconcile::Seen;

use super::*;

const MANIFEST: &str = "---\n# Source: a/templates/a.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n";

/// A pass, and what was told and hoped for on the way.
struct Pass {
    cluster: FakeCluster,
    announced: Vec<String>,
    hoped: Option<BTreeSet<ObjectId>>,
}

impl Pass {
    /// The object `a` is in the cluster as it was written, and revisions are stored.
    fn on(revisions: &[Release]) -> Self {
        let cluster = FakeCluster::new();
        cluster.put(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ns"}})).unwrap();
        for revision in revisions {
            cluster.put(Secret::created(revision, NOW).unwrap().to_json("ns")).unwrap();
        }
        let pass = Self { cluster, announced: Vec::new(), hoped: None };
        let labels = json!({"app.kubernetes.io/managed-by": "Helm"});
        let annotations = json!({"meta.helm.sh/release-name": "app", "meta.helm.sh/release-namespace": "ns"});
        let metadata = json!({"name": "a", "namespace": "ns", "labels": labels, "annotations": annotations});
        let object = Object::new(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata})).unwrap();
        let request = Request::Apply { object, manager: "helm-controller".into(), force: true, dry_run: false };
        pass.call(request).unwrap();
        pass
    }

    fn call(&self, request: Request) -> Result<Response, ApiError> {
        self.cluster.call(&Identity::Agent, request).now_or_never().unwrap()
    }

    fn run(&mut self, object: &HelmRelease, facts: Facts, revisions: Vec<Release>) -> Verdict {
        let (mut run, mut command) = start(object, facts, NOW);
        for _ in 0..100 {
            let input = match command {
                Command::Settle(verdict) => return verdict,
                Command::Publish(report) => {
                    self.announced
                        .push(condition(&report.status, "Reconciling")["message"].as_str().unwrap_or_default().into());
                    Input::Published
                }
                Command::Do(Effect::Revisions { .. }) => Input::Done(Outcome::Revisions(Ok(revisions.clone()))),
                Command::Do(effect) => Input::Done(self.perform(effect)),
                Command::Park(park) => panic!("parked: {park:?}"),
            };
            (run, command) = next(object, run, input, NOW);
        }
        panic!("the pass does not end: {:?}", self.announced)
    }

    fn perform(&mut self, effect: Effect) -> Outcome {
        match effect {
            Effect::Load(_) => Outcome::Loaded(Ok(Box::new(Found(chart("1.0.0"))))),
            Effect::Track { .. } => Outcome::Tracked,
            Effect::Hope { objects, .. } => {
                self.hoped = Some(objects);
                Outcome::Hoped
            }
            Effect::Requests { requests, .. } => {
                let answers: Vec<_> = requests.into_iter().map(|request| self.call(request)).collect();
                let objects = answers.iter().filter_map(|answer| match answer {
                    Ok(Response::Object(object)) => Some((object.id(), Seen::of(object, NOW))),
                    _ => None,
                });
                let seen = objects.collect();
                Outcome::Answers { answers, seen }
            }
            Effect::Read { targets, reader, .. } => {
                let read = |target: sluice_cluster::Target| {
                    (target.id(), reader.read_answer(&self.call(Request::Get(target)), NOW))
                };
                Outcome::Read(targets.into_iter().map(read).collect())
            }
            Effect::Remember { .. } => Outcome::Remembered(Vec::new()),
            other => panic!("{other:?}"),
        }
    }

    fn stored(&self, version: i64) -> String {
        let target = sluice_cluster::Target {
            gvk: Gvk::new("", "v1", "Secret"),
            namespace: "ns".into(),
            name: format!("sh.helm.release.v1.app.v{version}"),
        };
        let secret = self.cluster.get(&target).unwrap();
        let release = Secret::read(secret.value()).unwrap();
        format!("{} {}", release.info.status, release.info.description)
    }
}

/// Revisions of which the last has failed.
fn broken() -> Vec<Release> {
    let mut revisions = vec![stored(1, Status::Deployed), stored(2, Status::Failed)];
    for revision in &mut revisions {
        revision.manifest = MANIFEST.into();
        revision.apply_method = Some(sluice_helm::release::ApplyMethod::ServerSide);
    }
    revisions
}

fn with_hook(event: Event, phase: Phase) -> Vec<Release> {
    let mut revisions = broken();
    let last_run = Execution { phase, ..Execution::default() };
    revisions[1].hooks.push(Hook { name: "h".into(), events: vec![event], last_run, ..Hook::default() });
    revisions
}

fn stuck(revisions: &[Release]) -> HelmRelease {
    let mut more = upgrading(1);
    more["inventory"] = json!({"entries": [{"id": "ns_a__ConfigMap", "v": "v1"}]});
    let failed = |type_: &str| {
        json!({
            "type": type_, "status": "False", "reason": "UpgradeFailed", "message": "Helm upgrade failed",
            "observedGeneration": 3, "lastTransitionTime": "1970-01-01T00:00:00Z",
        })
    };
    more["conditions"] = json!([failed("Released"), failed("Ready")]);
    release(json!({}), status(revisions, more))
}

const FINISH: &str = "Running 'finish' action with timeout of 5m0s";
const NOTHING: &str =
    "no retry before a change of spec, chart or values, a request (`flux reconcile helmrelease app --reset`)";

#[test]
fn a_release_whose_objects_are_healthy_and_as_it_wants_them_is_finished() {
    let revisions = broken();
    let (object, mut pass) = (stuck(&revisions), Pass::on(&revisions));
    let verdict = pass.run(&object, facts(), revisions);
    assert_eq!(pass.announced, [FINISH]);
    assert_eq!([pass.stored(1), pass.stored(2)], ["superseded ", "deployed Upgrade complete"]);
    let status = &verdict.report.status;
    assert_eq!([short(status, "Ready"), short(status, "Released")], ["True UpgradeSucceeded", "True UpgradeSucceeded"]);
    assert!(condition(status, "Stalled").is_null() && condition(status, "Reconciling").is_null(), "{status}");
    let history = [&status["history"][0]["status"], &status["history"][1]["status"]];
    assert_eq!(history, ["deployed", "superseded"]);
    assert_eq!((&status["failures"], &status["upgradeFailures"]), (&Value::Null, &Value::Null));
    assert_eq!(verdict.report.notices[0].reason, "UpgradeSucceeded");
    assert_eq!((verdict.next, verdict.success), (Next::After(Duration::from_secs(600)), true));
}

#[test]
fn a_first_revision_is_finished_as_an_installation() {
    let mut revisions = broken();
    revisions.remove(0);
    let mut object = stuck(&revisions);
    object.status.as_mut().unwrap().history[0].action = Some("install".into());
    let mut pass = Pass::on(&revisions);
    let status = pass.run(&object, facts(), revisions).report.status;
    assert_eq!(pass.stored(2), "deployed Install complete");
    assert_eq!(short(&status, "Ready"), "True InstallSucceeded");
}

#[rstest]
#[case::missing("delete", true)]
#[case::changed("change", false)]
fn objects_that_are_not_as_the_revision_has_them_keep_it_failed(#[case] how: &str, #[case] hopes: bool) {
    let revisions = broken();
    let (object, mut pass) = (stuck(&revisions), Pass::on(&revisions));
    let target =
        sluice_cluster::Target { gvk: Gvk::new("", "v1", "ConfigMap"), namespace: "ns".into(), name: "a".into() };
    let patch = json!({"metadata": {"labels": {"app.kubernetes.io/managed-by": "kubectl"}}});
    let request = match how {
        "delete" => Request::Delete { target, only_if: Default::default(), propagation: Propagation::Background },
        _ => Request::MergePatch { target, patch, manager: "kubectl".into() },
    };
    pass.call(request).unwrap();
    let verdict = pass.run(&object, facts(), revisions);
    let status = &verdict.report.status;
    assert_eq!(pass.announced, [""; 0]);
    let told = format!("Failed to upgrade after 1 attempt(s); next: {NOTHING}, or the health of its objects");
    assert_eq!(condition(status, "Stalled")["message"], told);
    let told = format!("Helm upgrade failed; next: {NOTHING}, or the health of its objects");
    assert_eq!(condition(status, "Ready")["message"], told);
    assert_eq!((short(status, "Ready").as_str(), pass.stored(2).as_str()), ("False UpgradeFailed", "failed "));
    assert_eq!((verdict.next, verdict.success), (Next::After(Duration::from_secs(600)), false));
    let id = ObjectId::new(&Gvk::new("", "v1", "ConfigMap"), "ns", "a");
    // What is healthy already gives no sign.
    assert_eq!(pass.hoped, Some(BTreeSet::from_iter(hopes.then_some(id))));
}

#[rstest]
#[case::turned_off(broken(), |object: HelmRelease| object, Facts { policy: Policy { recovers: false, ..Policy::default() }, ..facts() })]
#[case::a_hook_has_failed(with_hook(Event::PostUpgrade, Phase::Failed), |object| object, facts())]
#[case::a_hook_has_not_run(with_hook(Event::PreUpgrade, Phase::None), |object| object, facts())]
#[case::a_rollback(broken(), |mut object: HelmRelease| { object.status.as_mut().unwrap().history[1].action = Some("rollback".into()); object }, facts())]
fn what_healthy_objects_do_not_make_up_for_is_given_up(
    #[case] revisions: Vec<Release>,
    #[case] change: fn(HelmRelease) -> HelmRelease,
    #[case] facts: Facts,
) {
    let (object, mut pass) = (change(stuck(&revisions)), Pass::on(&revisions));
    let verdict = pass.run(&object, facts, revisions);
    let told = format!("Failed to upgrade after 1 attempt(s); next: {NOTHING}");
    assert_eq!(condition(&verdict.report.status, "Stalled")["message"], told);
    assert_eq!((verdict.next, pass.hoped), (Next::Never, None));
}

#[rstest]
#[case::before(Event::PreUpgrade, Phase::Succeeded)]
#[case::at_rollbacks(Event::PreRollback, Phase::None)]
fn hooks_that_have_run_or_were_not_to_run_stand_in_no_way(#[case] event: Event, #[case] phase: Phase) {
    let revisions = with_hook(event, phase);
    let (object, mut pass) = (stuck(&revisions), Pass::on(&revisions));
    pass.run(&object, facts(), revisions);
    assert_eq!(pass.stored(2), "deployed Upgrade complete");
}

#[test]
fn what_is_told_before_is_told_once() {
    let revisions = broken();
    let mut object = stuck(&revisions);
    for condition in &mut object.status.as_mut().unwrap().conditions {
        condition.message += "; next: retry 1 of 2 at 1970-01-01T00:00:00Z";
    }
    let facts = Facts { policy: Policy { recovers: false, ..Policy::default() }, ..facts() };
    let status = Pass::on(&revisions).run(&object, facts, revisions).report.status;
    assert_eq!(condition(&status, "Ready")["message"], format!("Helm upgrade failed; next: {NOTHING}"));
}

/// A release that was taken away because it has failed is tried again, and when is told.
#[test]
fn the_next_attempt_has_a_number_and_a_time() {
    let revisions = broken();
    let spec = json!({"upgrade": {"remediation": {"retries": 3, "strategy": "uninstall"}}, "uninstall": {"disableWait": true}});
    let more = json!({"conditions": stuck(&revisions).status.unwrap().conditions});
    let mut more_status = upgrading(2);
    more_status.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
    let object = release(spec, status(&revisions, more_status));
    let mut pass = Pass::on(&revisions);
    let verdict = pass.run(&object, facts(), revisions);
    let told = "Helm upgrade failed; next: retry 2 of 3 at 1970-01-01T00:00:01Z";
    for type_ in ["Ready", "Reconciling"] {
        assert_eq!(condition(&verdict.report.status, type_)["message"], told);
    }
    assert_eq!((pass.announced, verdict.next), (vec![UNINSTALL.to_owned()], Next::In(Duration::from_millis(1500))));
}
