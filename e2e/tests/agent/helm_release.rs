//! HelmRelease: a chart of a registry, released as Helm does it.

use serde_json::{Value, json};
use sluice_e2e::registry::Registry;
use sluice_e2e::scenario::{SOURCE, condition, deployment, helm_release, kustomization, oci_repository, secret};
use sluice_e2e::tools::{self, Tool};
use sluice_e2e::{Outcome, Scenario};

use crate::fixture::{registry, scenario};

pub(crate) const CHART: &str = "chart";
pub(crate) const NAME: &str = "app";

pub(crate) const CONFIG: &str = "\
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}
data:
  value: {{ .Values.value | quote }}
  version: {{ .Chart.Version | quote }}
";

/// A chart of one ConfigMap with a value, and of whatever else there is.
pub(crate) async fn push(
    registry: &Registry,
    repository: &str,
    version: &str,
    others: &[(&str, &str)],
) -> Outcome<String> {
    let definition = format!("apiVersion: v2\nname: app\nversion: {version}\nappVersion: v{version}\n");
    let mut files = vec![
        ("app/Chart.yaml", definition.as_str()),
        ("app/values.yaml", "value: default\nimage: web:1\n"),
        ("app/templates/config.yaml", CONFIG),
    ];
    files.extend(others);
    Ok(registry.push(repository, version, &files).await?.revision)
}

/// Applies the source at a tag, and the release with more in its spec.
pub(crate) async fn follow(world: &Scenario<'_>, registry: &Registry, tag: &str, spec: Value) -> Outcome {
    world.apply(oci_repository(CHART, &registry.url(&world.namespace)).follows("tag", tag)).await?;
    release(world, spec).await
}

pub(crate) async fn release(world: &Scenario<'_>, spec: Value) -> Outcome {
    let mut release: Value = helm_release(NAME, CHART).into();
    release["spec"].as_object_mut().ok_or("a spec")?.extend(spec.as_object().cloned().unwrap_or_default());
    world.apply(release).await
}

pub(crate) fn history(release: &Value) -> Vec<(i64, String)> {
    let entries = release["status"]["history"].as_array().into_iter().flatten();
    let entry =
        |entry: &Value| (entry["version"].as_i64().unwrap_or(0), entry["status"].as_str().unwrap_or("").to_owned());
    entries.map(entry).collect()
}

/// Waits until the release is ready at a revision.
pub(crate) async fn ready_at(world: &Scenario<'_>, version: i64) -> Outcome<Value> {
    let ready = move |found: &Value| {
        condition(found, "Ready")["status"] == "True" && found["status"]["history"][0]["version"] == version
    };
    world.until("HelmRelease", NAME, ready).await
}

/// A template of a Deployment whose failure Kubernetes notices after a second.
fn web() -> Outcome<String> {
    let mut text: Value = serde_json::from_str(&deployment("web", "IMAGE"))?;
    text["spec"]["progressDeadlineSeconds"] = json!(1);
    Ok(text.to_string().replace("IMAGE", "{{ .Values.image }}"))
}

/// A template of a Job that runs at certain moments.
pub(crate) fn hook(name: &str, events: &str, image: &str) -> String {
    let pod = json!({ "restartPolicy": "Never", "containers": [{ "name": "main", "image": image }] });
    let spec = json!({ "backoffLimit": 0, "template": { "spec": pod } });
    let metadata = json!({ "name": name, "annotations": { "helm.sh/hook": events } });
    json!({ "apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": spec }).to_string()
}

#[tokio::test]
async fn a_chart_is_installed_and_told_in_the_words_of_flux() -> Outcome {
    let (world, registry) = (scenario("hr-install").await?, registry().await?);
    let revision = push(registry, "hr-install", "1.0.0", &[]).await?;
    follow(&world, registry, "1.0.0", json!({ "values": { "value": "mine" } })).await?;
    let release = world.ready("HelmRelease", NAME).await?;
    let config = world.get("ConfigMap", NAME).await?;
    assert_eq!(config["data"]["value"], "mine");
    assert_eq!(config["metadata"]["labels"]["app.kubernetes.io/managed-by"], "Helm");
    assert_eq!(config["metadata"]["labels"]["helm.toolkit.fluxcd.io/name"], NAME);
    assert_eq!(config["metadata"]["managedFields"][0]["manager"], "helm-controller");
    let digest = revision.split_once('@').map_or("", |(_, digest)| digest);
    let version = format!("1.0.0+{}", &digest[7..19]);
    let message = format!("Helm install succeeded for release hr-install/app.v1 with chart app@{version}");
    assert_eq!(condition(&release, "Released")["reason"], "InstallSucceeded");
    assert_eq!(condition(&release, "Ready")["message"], message);
    let status = &release["status"];
    assert_eq!(history(&release), [(1, "deployed".to_owned())]);
    assert_eq!(status["lastAttemptedRevision"], version);
    assert_eq!(status["lastAttemptedRevisionDigest"], digest);
    assert_eq!(status["inventory"]["entries"], json!([{ "id": "hr-install_app__ConfigMap", "v": "v1" }]));
    assert_eq!(status["observedGeneration"], 1);
    let secret = world.get("Secret", "sh.helm.release.v1.app.v1").await?;
    assert_eq!(secret["type"], "helm.sh/release.v1");
    assert_eq!(secret["metadata"]["labels"]["status"], "deployed");
    let told = world.event("HelmRelease", NAME, |told| told.reason == "InstallSucceeded").await?;
    assert_eq!(told.message, message);
    Ok(())
}

#[tokio::test]
async fn another_version_is_upgraded_to_and_a_deleted_release_leaves_nothing() -> Outcome {
    let (world, registry) = (scenario("hr-upgrade").await?, registry().await?);
    push(registry, "hr-upgrade", "1.0.0", &[]).await?;
    follow(&world, registry, "1.0.0", json!({})).await?;
    world.ready("HelmRelease", NAME).await?;
    push(registry, "hr-upgrade", "1.1.0", &[]).await?;
    world.apply(oci_repository(CHART, &registry.url("hr-upgrade")).follows("tag", "1.1.0")).await?;
    let upgraded = ready_at(&world, 2).await?;
    assert_eq!(condition(&upgraded, "Released")["reason"], "UpgradeSucceeded");
    assert_eq!(history(&upgraded), [(2, "deployed".to_owned()), (1, "superseded".to_owned())]);
    world.delete("HelmRelease", NAME).await?;
    world.gone("HelmRelease", NAME).await?;
    for (kind, name) in
        [("ConfigMap", NAME), ("Secret", "sh.helm.release.v1.app.v1"), ("Secret", "sh.helm.release.v1.app.v2")]
    {
        assert!(!world.exists(kind, name).await?, "{kind} {name} is left");
    }
    Ok(())
}

#[tokio::test]
async fn an_upgrade_that_never_becomes_healthy_is_rolled_back() -> Outcome {
    let (world, registry) = (scenario("hr-rollback").await?, registry().await?);
    let web = web()?;
    push(registry, "hr-rollback", "1.0.0", &[("app/templates/web.yaml", &web)]).await?;
    let remediation = json!({ "remediation": { "retries": 1, "strategy": "rollback" } });
    follow(&world, registry, "1.0.0", json!({ "upgrade": remediation })).await?;
    world.ready("HelmRelease", NAME).await?;
    release(&world, json!({ "upgrade": remediation, "values": { "image": "web:crash" } })).await?;
    let stalled = world.until("HelmRelease", NAME, |found| condition(found, "Stalled")["status"] == "True").await?;
    let message = condition(&stalled, "Stalled")["message"].as_str().unwrap_or_default();
    assert!(
        message.starts_with("Failed to upgrade after 2 attempt(s); next: no retry before a change of"),
        "{message}"
    );
    assert_eq!(condition(&stalled, "Remediated")["reason"], "RollbackSucceeded", "{stalled:#}");
    let ready = condition(&stalled, "Ready");
    assert_eq!((&ready["status"], &ready["reason"]), (&json!("False"), &json!("RollbackSucceeded")));
    assert_eq!(history(&stalled)[0], (5, "deployed".to_owned()));
    let live = world.get("Deployment", "web").await?;
    assert_eq!(live["spec"]["template"]["spec"]["containers"][0]["image"], "web:1");
    let told = world.event("HelmRelease", NAME, |told| told.reason == "UpgradeFailed").await?;
    assert!(told.message.contains("Deployment/hr-rollback/web status: 'Failed'"), "{}", told.message);
    release(&world, json!({ "upgrade": remediation, "values": { "image": "web:2" } })).await?;
    let mended = ready_at(&world, 6).await?;
    assert!(condition(&mended, "Stalled").is_null() && condition(&mended, "Remediated").is_null(), "{mended:#}");
    Ok(())
}

#[tokio::test]
async fn a_failed_install_is_taken_away_and_tried_again() -> Outcome {
    let (world, registry) = (scenario("hr-install-fails").await?, registry().await?);
    let web = web()?;
    push(registry, "hr-install-fails", "1.0.0", &[("app/templates/web.yaml", &web)]).await?;
    let install = json!({ "remediation": { "retries": 1 } });
    follow(&world, registry, "1.0.0", json!({ "install": install, "values": { "image": "web:crash" } })).await?;
    let stalled = world.until("HelmRelease", NAME, |found| condition(found, "Stalled")["status"] == "True").await?;
    let message = condition(&stalled, "Stalled")["message"].as_str().unwrap_or_default();
    assert!(
        message.starts_with("Failed to install after 2 attempt(s); next: no retry before a change of"),
        "{message}"
    );
    assert_eq!(condition(&stalled, "Released")["reason"], "InstallFailed");
    world.event("HelmRelease", NAME, |told| told.reason == "UninstallSucceeded").await?;
    release(&world, json!({ "install": install, "values": { "image": "web:1" } })).await?;
    let ready = world.ready("HelmRelease", NAME).await?;
    assert_eq!(condition(&ready, "Released")["status"], "True");
    Ok(())
}

#[tokio::test]
async fn hooks_run_in_their_order_and_a_failed_one_fails_the_release() -> Outcome {
    let (world, registry) = (scenario("hr-hooks").await?, registry().await?);
    let migrate = hook("migrate", "pre-install,pre-upgrade", "{{ .Values.job | default `tool:1` }}");
    let others = [("app/templates/migrate.yaml", migrate.as_str())];
    push(registry, "hr-hooks", "1.0.0", &others).await?;
    follow(&world, registry, "1.0.0", json!({})).await?;
    world.ready("HelmRelease", NAME).await?;
    let first = world.get("Job", "migrate").await?["metadata"]["uid"].clone();
    release(&world, json!({ "values": { "job": "tool:crash", "value": "new" } })).await?;
    let failed =
        world.until("HelmRelease", NAME, |found| condition(found, "Released")["reason"] == "UpgradeFailed").await?;
    let message = condition(&failed, "Released")["message"].as_str().unwrap_or_default().to_owned();
    assert!(message.contains("pre-upgrade hooks failed") && message.contains("migrate"), "{message}");
    assert_ne!(world.get("Job", "migrate").await?["metadata"]["uid"], first);
    assert_eq!(world.get("ConfigMap", NAME).await?["data"]["value"], "default");
    Ok(())
}

#[tokio::test]
async fn tests_are_run_and_counted() -> Outcome {
    let (world, registry) = (scenario("hr-tests").await?, registry().await?);
    let check = hook("check", "test", "{{ .Values.job | default `tool:1` }}");
    push(registry, "hr-tests", "1.0.0", &[("app/templates/check.yaml", &check)]).await?;
    follow(&world, registry, "1.0.0", json!({ "test": { "enable": true } })).await?;
    let ready = world.ready("HelmRelease", NAME).await?;
    let message = condition(&ready, "TestSuccess")["message"].as_str().unwrap_or_default().to_owned();
    assert!(message.ends_with("1 test hook completed successfully"), "{message}");
    assert_eq!(ready["status"]["history"][0]["testHooks"]["check"]["phase"], "Succeeded");
    release(&world, json!({ "test": { "enable": true }, "values": { "job": "tool:crash" } })).await?;
    let failed = world.until("HelmRelease", NAME, |found| condition(found, "TestSuccess")["status"] == "False").await?;
    assert_eq!(condition(&failed, "Ready")["reason"], "TestFailed");
    assert_eq!(failed["status"]["history"][0]["testHooks"]["check"]["phase"], "Failed");
    Ok(())
}

#[tokio::test]
async fn values_come_from_objects_and_patches_come_last() -> Outcome {
    let (world, registry) = (scenario("hr-values").await?, registry().await?);
    push(registry, "hr-values", "1.0.0", &[]).await?;
    let spec = json!({
        "valuesFrom": [
            { "kind": "Secret", "name": "extra" },
            { "kind": "ConfigMap", "name": "missing", "optional": true },
        ],
        "commonMetadata": { "labels": { "team": "a" } },
        "postRenderers": [{ "kustomize": { "patches": [{
            "target": { "kind": "ConfigMap" },
            "patch": "- op: add\n  path: /data/patched\n  value: \"yes\"",
        }] } }],
    });
    follow(&world, registry, "1.0.0", spec).await?;
    let message = world.fails("HelmRelease", NAME, "ValuesError").await?;
    assert!(message.contains("Secret") && message.contains("hr-values/extra"), "{message}");
    world.apply(secret("extra", &[("values.yaml", "value: from-secret\n")])).await?;
    world.request("HelmRelease", NAME).await?;
    world.ready("HelmRelease", NAME).await?;
    let config = world.get("ConfigMap", NAME).await?;
    assert_eq!((&config["data"]["value"], &config["data"]["patched"]), (&json!("from-secret"), &json!("yes")));
    assert_eq!(config["metadata"]["labels"]["team"], "a");
    Ok(())
}

#[tokio::test]
async fn a_release_that_nobody_works_on_is_unlocked() -> Outcome {
    let (world, registry) = (scenario("hr-locked").await?, registry().await?);
    push(registry, "hr-locked", "1.0.0", &[]).await?;
    follow(&world, registry, "1.0.0", json!({})).await?;
    world.ready("HelmRelease", NAME).await?;
    let storage = world.get("Secret", "sh.helm.release.v1.app.v1").await?;
    let pending = pending(storage["data"]["release"].as_str().unwrap_or_default())?;
    world.change("Secret", "sh.helm.release.v1.app.v1", json!({ "data": { "release": pending } })).await?;
    world.request("HelmRelease", NAME).await?;
    let told = world.event("HelmRelease", NAME, |told| told.reason == "PendingRelease").await?;
    assert!(told.message.starts_with("Unlocked Helm release hr-locked/app.v1"), "{}", told.message);
    ready_at(&world, 2).await?;
    Ok(())
}

/// Makes a stored release one that is being upgraded.
pub(crate) fn pending(stored: &str) -> Outcome<String> {
    use base64::{Engine as _, prelude::BASE64_STANDARD};
    use std::io::{Read as _, Write as _};
    let gzip = BASE64_STANDARD.decode(BASE64_STANDARD.decode(stored)?)?;
    let mut json = String::new();
    flate2::read::GzDecoder::new(gzip.as_slice()).read_to_string(&mut json)?;
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    writer.write_all(json.replace("\"status\":\"deployed\"", "\"status\":\"pending-upgrade\"").as_bytes())?;
    Ok(BASE64_STANDARD.encode(BASE64_STANDARD.encode(writer.finish()?)))
}

#[tokio::test]
async fn what_was_renamed_is_taken_away_first() -> Outcome {
    let (world, registry) = (scenario("hr-renamed").await?, registry().await?);
    push(registry, "hr-renamed", "1.0.0", &[]).await?;
    follow(&world, registry, "1.0.0", json!({})).await?;
    world.ready("HelmRelease", NAME).await?;
    release(&world, json!({ "releaseName": "other" })).await?;
    world.until("HelmRelease", NAME, |found| found["status"]["history"][0]["name"] == "other").await?;
    world.ready("HelmRelease", NAME).await?;
    assert!(world.exists("ConfigMap", "other").await?);
    assert!(!world.exists("ConfigMap", NAME).await?);
    assert!(!world.exists("Secret", "sh.helm.release.v1.app.v1").await?);
    Ok(())
}

#[tokio::test]
async fn helm_reads_what_we_wrote_and_what_it_rolled_back_is_upgraded_again() -> Outcome {
    let (world, registry) = (scenario("hr-helm").await?, registry().await?);
    push(registry, "hr-helm", "1.0.0", &[]).await?;
    follow(&world, registry, "1.0.0", json!({})).await?;
    world.ready("HelmRelease", NAME).await?;
    release(&world, json!({ "values": { "value": "second" } })).await?;
    ready_at(&world, 2).await?;
    let listed: Value = serde_json::from_str(&helm(&world, &["history", NAME, "-o", "json"]).await?)?;
    let statuses: Vec<_> = listed.as_array().into_iter().flatten().map(|one| one["status"].clone()).collect();
    assert_eq!(statuses, ["superseded", "deployed"]);
    let values: Value = serde_json::from_str(&helm(&world, &["get", "values", NAME, "-o", "json"]).await?)?;
    assert_eq!(values, json!({ "value": "second" }));
    helm(&world, &["rollback", NAME, "1", "--force-conflicts"]).await?;
    assert_eq!(world.get("ConfigMap", NAME).await?["data"]["value"], "default");
    world.request("HelmRelease", NAME).await?;
    let back = ready_at(&world, 4).await?;
    assert_eq!(world.get("ConfigMap", NAME).await?["data"]["value"], "second");
    assert_eq!(condition(&back, "Released")["reason"], "UpgradeSucceeded");
    Ok(())
}

async fn helm(world: &Scenario<'_>, arguments: &[&str]) -> Outcome<String> {
    run(Tool::Helm, world, arguments).await
}

/// Runs one of Helm's releases about a scenario's namespace, and returns what it prints.
pub(crate) async fn run(tool: Tool, world: &Scenario<'_>, arguments: &[&str]) -> Outcome<String> {
    let program = tools::path(tool).await?;
    let kubeconfig = world.cluster.kubeconfig_path();
    let mut command = tokio::process::Command::new(program);
    command.args(arguments).args(["--namespace", &world.namespace, "--kubeconfig"]).arg(kubeconfig);
    let output = command.output().await?;
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if output.status.success() { Ok(out.into_owned()) } else { Err(format!("helm {arguments:?}: {err}").into()) }
}

#[tokio::test]
async fn a_dependency_is_awaited() -> Outcome {
    let (world, registry) = (scenario("hr-depends").await?, registry().await?);
    push(registry, "hr-depends", "1.0.0", &[]).await?;
    follow(&world, registry, "1.0.0", json!({ "dependsOn": [{ "name": "base" }] })).await?;
    let message = world.fails("HelmRelease", NAME, "DependencyNotReady").await?;
    assert!(message.contains("hr-depends/base"), "{message}");
    world.apply(helm_release("base", CHART)).await?;
    world.ready("HelmRelease", NAME).await?;
    Ok(())
}

#[tokio::test]
async fn drift_is_put_back_at_the_next_look() -> Outcome {
    let (world, registry) = (scenario("hr-drift").await?, registry().await?);
    let other = CONFIG.replace("{{ .Release.Name }}", "other");
    push(registry, "hr-drift", "1.0.0", &[("app/templates/other.yaml", &other)]).await?;
    follow(&world, registry, "1.0.0", json!({ "driftDetection": { "mode": "enabled" } })).await?;
    world.ready("HelmRelease", NAME).await?;
    world.change("ConfigMap", NAME, json!({ "data": { "value": "by hand" } })).await?;
    world.delete("ConfigMap", "other").await?;
    world.request("HelmRelease", NAME).await?;
    let told = world.event("HelmRelease", NAME, |told| told.reason == "DriftCorrected").await?;
    let lines: Vec<_> = told.message.lines().collect();
    let expected = [
        "Cluster state of release hr-drift/app.v1 has been corrected:",
        "ConfigMap/hr-drift/other created",
        "ConfigMap/hr-drift/app configured",
    ];
    assert_eq!(lines, expected);
    assert_eq!(world.get("ConfigMap", NAME).await?["data"]["value"], "default");
    assert!(world.exists("ConfigMap", "other").await?);
    let ready = world.ready("HelmRelease", NAME).await?;
    assert_eq!(condition(&ready, "Drifted")["reason"], "NoDriftDetected");
    assert_eq!(history(&ready), [(1, "deployed".to_owned())]);
    Ok(())
}

#[tokio::test]
async fn drift_is_only_told_where_nobody_wants_it_put_back() -> Outcome {
    let (world, registry) = (scenario("hr-drift-warn").await?, registry().await?);
    push(registry, "hr-drift-warn", "1.0.0", &[]).await?;
    follow(&world, registry, "1.0.0", json!({ "driftDetection": { "mode": "warn" } })).await?;
    world.ready("HelmRelease", NAME).await?;
    world.change("ConfigMap", NAME, json!({ "data": { "value": "by hand" } })).await?;
    world.request("HelmRelease", NAME).await?;
    let told = world.event("HelmRelease", NAME, |told| told.reason == "DriftDetected").await?;
    assert!(
        told.message.ends_with("ConfigMap/hr-drift-warn/app changed (0 additions, 1 changes, 0 removals)"),
        "{}",
        told.message
    );
    let drifted = world.until("HelmRelease", NAME, |found| condition(found, "Drifted")["status"] == "True").await?;
    assert_eq!(condition(&drifted, "Ready")["status"], "True");
    assert_eq!(world.get("ConfigMap", NAME).await?["data"]["value"], "by hand");
    Ok(())
}

/// An older version of the chart in a folder, and its path.
pub(crate) fn on_disk() -> Outcome<(tempfile::TempDir, String)> {
    let folder = tempfile::tempdir()?;
    let chart = folder.path().join("app");
    std::fs::create_dir_all(chart.join("templates"))?;
    std::fs::write(chart.join("Chart.yaml"), "apiVersion: v2\nname: app\nversion: 0.9.0\n")?;
    std::fs::write(chart.join("values.yaml"), "value: old\n")?;
    std::fs::write(chart.join("templates/config.yaml"), CONFIG)?;
    Ok((folder, chart.display().to_string()))
}

#[tokio::test]
async fn a_release_that_somebody_made_with_helm_is_taken_over() -> Outcome {
    let (world, registry) = (scenario("hr-adopt").await?, registry().await?);
    push(registry, "hr-adopt", "1.0.0", &[]).await?;
    let (_folder, chart) = on_disk()?;
    helm(&world, &["install", NAME, &chart]).await?;
    follow(&world, registry, "1.0.0", json!({})).await?;
    let adopted = ready_at(&world, 2).await?;
    assert_eq!(condition(&adopted, "Released")["reason"], "UpgradeSucceeded");
    assert_eq!(world.get("ConfigMap", NAME).await?["data"]["value"], "default");
    Ok(())
}

const LOCAL: &str = "apiVersion: v2\nname: app\nversion: 1.0.0\n";

#[tokio::test]
async fn a_chart_beside_its_release_is_taken_from_git() -> Outcome {
    let world = scenario("hr-git").await?;
    let chart = json!({ "spec": {
        "chart": "./charts/app", "sourceRef": { "kind": "GitRepository", "name": SOURCE }, "reconcileStrategy": "Revision",
    } });
    let spec = json!({ "interval": "10m", "chart": chart, "values": { "value": "mine" } });
    let api = "helm.toolkit.fluxcd.io/v2";
    let object = json!({ "apiVersion": api, "kind": "HelmRelease", "metadata": { "name": NAME }, "spec": spec });
    let files = |config: &str| {
        [
            ("charts/app/Chart.yaml".to_owned(), LOCAL.to_owned()),
            ("charts/app/values.yaml".to_owned(), "value: default\n".to_owned()),
            ("charts/app/templates/config.yaml".to_owned(), config.to_owned()),
            ("software/stamp-a/release.yaml".to_owned(), object.to_string()),
        ]
    };
    let first = files(CONFIG);
    let first: Vec<_> = first.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    world.source(&first).await?;
    world.apply(kustomization("stamps").path("./software").into_namespace(&world.namespace).waiting()).await?;
    let release = world.ready("HelmRelease", NAME).await?;
    world.ready("Kustomization", "stamps").await?;
    assert_eq!(release["status"]["helmChart"], "hr-git/hr-git-app");
    assert_eq!(world.get("ConfigMap", NAME).await?["data"]["value"], "mine");
    world.event("HelmRelease", NAME, |told| told.reason == "HelmChartCreated").await?;
    let changed = files(&CONFIG.replace("\ndata:", "\ndata:\n  new: \"yes\""));
    let changed: Vec<_> = changed.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    world.push(&changed).await?;
    ready_at(&world, 2).await?;
    assert_eq!(world.get("ConfigMap", NAME).await?["data"]["new"], "yes");
    world.delete("Kustomization", "stamps").await?;
    world.gone("HelmRelease", NAME).await?;
    world.gone("HelmChart", "hr-git-app").await?;
    assert!(!world.exists("ConfigMap", NAME).await?);
    Ok(())
}

#[tokio::test]
async fn what_is_wrong_with_a_chart_is_told_and_the_release_is_untouched() -> Outcome {
    let (world, registry) = (scenario("hr-broken").await?, registry().await?);
    push(registry, "hr-broken", "1.0.0", &[]).await?;
    follow(&world, registry, "1.0.0", json!({})).await?;
    world.ready("HelmRelease", NAME).await?;
    let schema = json!({ "properties": { "value": { "type": "string" } } }).to_string();
    push(registry, "hr-broken", "1.1.0", &[("app/values.schema.json", &schema)]).await?;
    world.apply(oci_repository(CHART, &registry.url("hr-broken")).follows("tag", "1.1.0")).await?;
    release(&world, json!({ "values": { "value": 7 } })).await?;
    let message = world.fails("HelmRelease", NAME, "UpgradeFailed").await?;
    assert!(
        message.contains("values don't meet the specifications of the schema") && message.contains("value"),
        "{message}"
    );
    let broken = world.get("HelmRelease", NAME).await?;
    assert_eq!(history(&broken), [(1, "deployed".to_owned())]);
    push(registry, "hr-broken", "1.2.0", &[("app/templates/bad.yaml", "{{ fail \"no\" }}")]).await?;
    world.apply(oci_repository(CHART, &registry.url("hr-broken")).follows("tag", "1.2.0")).await?;
    let told = world.event("HelmRelease", NAME, |told| told.message.contains("app/templates/bad.yaml")).await?;
    assert_eq!(told.reason, "UpgradeFailed");
    assert_eq!(world.get("ConfigMap", NAME).await?["data"]["value"], "default");
    Ok(())
}

#[tokio::test]
async fn a_tenant_without_the_right_changes_nothing() -> Outcome {
    let (world, registry) = (scenario("hr-tenant").await?, registry().await?);
    push(registry, "hr-tenant", "1.0.0", &[]).await?;
    world.apply(json!({ "apiVersion": "v1", "kind": "ServiceAccount", "metadata": { "name": "tenant" } })).await?;
    let secrets = json!({ "apiGroups": [""], "resources": ["secrets"], "verbs": ["*"] });
    let api = "rbac.authorization.k8s.io/v1";
    world
        .apply(json!({ "apiVersion": api, "kind": "Role", "metadata": { "name": "tenant" }, "rules": [secrets] }))
        .await?;
    let subject = json!({ "kind": "ServiceAccount", "name": "tenant", "namespace": world.namespace });
    let reference = json!({ "apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "tenant" });
    let binding = json!({ "apiVersion": api, "kind": "RoleBinding", "metadata": { "name": "tenant" }, "subjects": [subject], "roleRef": reference });
    world.apply(binding).await?;
    follow(&world, registry, "1.0.0", json!({ "serviceAccountName": "tenant" })).await?;
    let failed =
        world.until("HelmRelease", NAME, |found| condition(found, "Released")["reason"] == "InstallFailed").await?;
    let message = condition(&failed, "Released")["message"].as_str().unwrap_or_default().to_owned();
    assert!(message.contains("system:serviceaccount:hr-tenant:tenant") && message.contains("configmaps"), "{message}");
    assert!(!world.exists("ConfigMap", NAME).await?);
    Ok(())
}
