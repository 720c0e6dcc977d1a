//! What HelmCharts alone have.

use rstest::rstest;
use serde_json::{Value, json};
use sluice_api::source::HelmChart;
use sluice_reconcile::{Kind, Next};

use super::{About, Found, Head, HelmCharts, Spec, remote, spec::Origin};
use crate::source::{
    Controller, Outcome,
    testing::{
        NOW, announced, artifact, begun, condition, facts, next, object, settled, stored, stored_status, trouble,
    },
};

fn chart(more: Value, status: Value) -> HelmChart {
    let source = json!({"kind": "HelmRepository", "name": "r"});
    object::<HelmCharts>(&json!({"chart": "app", "interval": "10m", "sourceRef": source}), more, status)
}

fn spec() -> Spec {
    Spec {
        origin: Origin::Remote(Box::new(remote::anonymous("https://charts.example.com"))),
        revision: Some("sha256:1".into()),
        chart: "app".into(),
        version: "1.x".into(),
        build: None,
        values_files: Vec::new(),
        ignore_missing: false,
        observed_files: Vec::new(),
    }
}

fn head(version: &str) -> Head {
    Head { name: "app".into(), version: version.into(), packed: false, values_files: Vec::new(), found: Found::Here }
}

fn about(packed: bool, files: &[&str], resolved: usize) -> About {
    let values_files = files.iter().map(|file| (*file).to_owned()).collect();
    About { name: "app".into(), version: "1.2.0".into(), packed, values_files, resolved }
}

/// The status after a version was stored at a generation.
fn status(version: &str, generation: i64) -> Value {
    let mut status = stored_status(version);
    status["observedChartName"] = json!("app");
    status["observedGeneration"] = json!(generation);
    status
}

#[rstest]
#[case::first(json!({}), None, Some("building artifact: new 'app' chart with version '1.2.0'"))]
#[case::newer(status("1.1.0", 3), Some("1.1.0"), Some("building artifact: new 'app' chart with version '1.2.0'"))]
#[case::lost(status("1.2.0", 3), None, Some("building artifact: disappeared from storage"))]
#[case::other_spec(status("1.2.0", 2), Some("1.2.0"), Some("processing object: new generation 2 -> 3"))]
#[case::same(status("1.2.0", 3), Some("1.2.0"), None)]
fn a_chart_is_made_for_another_version_or_spec(
    #[case] status: Value,
    #[case] kept: Option<&str>,
    #[case] message: Option<&str>,
) {
    let object = chart(json!({}), status);
    let run = begun::<HelmCharts>(&object, spec(), kept.map(artifact));
    let Some(message) = message else {
        let verdict = settled(next(&object, run, Outcome::Looked(Ok(head("1.2.0")))));
        assert!(verdict.success && verdict.report.notices.is_empty());
        return assert_eq!(condition(&verdict.report.status, "Ready")["reason"], "ChartPullSucceeded");
    };
    let (status, _) = announced(&object, run, head("1.2.0"));
    assert_eq!(condition(&status, "Reconciling")["message"], message);
    assert_eq!(status["observedSourceArtifactRevision"], "sha256:1");
}

#[rstest]
#[case(about(false, &[], 0), "ChartPullSucceeded", "pulled 'app' chart with version '1.2.0'")]
#[case(about(true, &[], 0), "ChartPackageSucceeded", "packaged 'app' chart with version '1.2.0'")]
#[case(about(true, &["a.yaml", "b.yaml"], 0), "ChartPackageSucceeded", "packaged 'app' chart with version '1.2.0' and merged values files [a.yaml b.yaml]")]
fn a_chart_is_told_in_the_words_of_flux(#[case] about: About, #[case] reason: &str, #[case] message: &str) {
    let verdict = stored::<HelmCharts>(&chart(json!({}), json!({})), spec(), artifact("1.2.0"), about);
    let status = &verdict.report.status;
    for type_ in ["Ready", "ArtifactInStorage"] {
        let condition = condition(status, type_);
        assert_eq!((&condition["reason"], &condition["message"]), (&json!(reason), &json!(message)));
    }
    let told = verdict.report.notices.last().unwrap();
    assert_eq!((told.reason.as_str(), told.message.as_str()), (reason, message));
    assert_eq!((&status["observedChartName"], &status["observedValuesFiles"]), (&json!("app"), &Value::Null));
    assert_eq!(status["url"], "http://source-controller/k/ns/r/latest.tar.gz");
}

#[test]
fn dependencies_that_were_looked_up_are_counted() {
    let object = chart(json!({"ignoreMissingValuesFiles": true}), json!({}));
    let verdict = stored::<HelmCharts>(&object, spec(), artifact("1.2.0"), about(true, &["a.yaml"], 3));
    assert_eq!(verdict.report.notices[0].message, "resolved 3 chart dependencies");
    assert_eq!(verdict.report.status["observedValuesFiles"], json!(["a.yaml"]));
}

#[test]
fn the_same_bytes_are_no_news() {
    let mut before = status("1.2.0", 2);
    before["artifact"]["digest"] = json!(artifact("1.2.0").digest.as_str());
    let object = chart(json!({}), before);
    let run = begun::<HelmCharts>(&object, spec(), Some(artifact("1.2.0")));
    let made = Outcome::Stored(Ok((artifact("1.2.0"), about(false, &[], 0))));
    assert!(settled(next(&object, run, made)).report.notices.is_empty());
}

#[rstest]
#[case("InvalidChartReference", Next::Never, "FetchFailed")]
#[case("MetadataPatchError", Next::Never, "BuildFailed")]
#[case("ValuesFilesError", Next::Never, "BuildFailed")]
#[case("ChartPullError", Next::Backoff, "FetchFailed")]
#[case("DependencyBuildError", Next::Backoff, "BuildFailed")]
#[case("ChartPackageError", Next::Backoff, "BuildFailed")]
fn a_failure_stalls_where_flux_stalls(#[case] reason: &str, #[case] again: Next, #[case] type_: &str) {
    let mut before = status("1.1.0", 3);
    let outdated = json!({
        "type": "ArtifactOutdated", "status": "True", "reason": "NewChart", "message": "",
        "lastTransitionTime": "1970-01-01T00:00:00Z",
    });
    before["conditions"] = json!([outdated]);
    let object = chart(json!({}), before);
    let run = begun::<HelmCharts>(&object, spec(), Some(artifact("1.1.0")));
    let verdict = settled(next(&object, run, Outcome::Looked(Err(trouble(reason, "why")))));
    let status = &verdict.report.status;
    assert_eq!(verdict.next, again);
    assert_eq!(condition(status, type_)["reason"], reason);
    assert!(condition(status, "ArtifactOutdated").is_null(), "{status}");
    assert_eq!(condition(status, "Stalled").is_object(), again == Next::Never);
    assert_eq!(status["artifact"]["revision"], "1.1.0");
}

#[test]
fn what_must_be_verified_is_not_pulled() {
    let object = chart(json!({"verify": {"provider": "cosign"}}), json!({}));
    let verdict = settled(Controller::<HelmCharts>::start(&object, facts(Ok(spec()), None), NOW));
    let stalled = condition(&verdict.report.status, "Stalled");
    assert_eq!((&stalled["reason"], verdict.next), (&json!("NotServedYet"), Next::Never));
}
