//! The control plane does what the scenarios rely on: workloads become ready, fail and complete
//! as their images say, permissions are enforced, and the API server survives an outage.

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{ConfigMap, Pod, ServiceAccount};
use kube::api::{Api, ListParams, Patch, PatchParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use serde_json::{Value, json};
use sluice_e2e::control_plane::{AuditEntry, PodLogs, copy_as_container_log};
use sluice_e2e::{ControlPlane, Options, eventually, until};

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::test]
async fn plays_a_cluster() -> Outcome {
    let logs = tempfile::NamedTempFile::new()?;
    copy_as_container_log(&b"reconciled app\n"[..], logs.as_file())?;
    let options =
        Options { audit: true, pod_logs: vec![PodLogs::namespace("default", logs.path())], ..Options::default() };
    let since = Timestamp::now();
    let cluster = ControlPlane::start(options).await?;
    println!("ready after {:.1} s", Timestamp::now().duration_since(since).as_secs_f64());

    let client = cluster.client()?;
    futures::try_join!(
        a_deployment_becomes_available(&client),
        a_job_completes(&client),
        a_crashing_job_fails(&client),
        a_bad_image_is_never_pulled(&client),
        a_crashing_image_is_never_ready(&client),
        a_service_account_may_only_what_it_was_granted(&cluster, &client),
    )?;
    kubectl_reaches_the_cluster_and_its_logs(&cluster).await?;
    requests_are_counted(&cluster, since)?;
    the_api_server_comes_back_with_its_data(&cluster, &client).await
}

async fn a_deployment_becomes_available(client: &Client) -> Outcome {
    let deployments: Api<Deployment> = Api::default_namespaced(client.clone());
    apply(&deployments, "web", deployment("web", "nginx:1", 3)).await?;
    until(&deployments, "web", PATIENCE, |web| available(web) == 3).await?;
    let pods: Api<Pod> = Api::default_namespaced(client.clone());
    let pods = pods.list(&ListParams::default().labels("app=web")).await?;
    let phases: Vec<_> = pods.iter().map(phase).collect();
    assert_eq!(phases, ["Running"; 3]);
    Ok(())
}

async fn a_job_completes(client: &Client) -> Outcome {
    let jobs: Api<Job> = Api::default_namespaced(client.clone());
    apply(&jobs, "migrate", job("migrate", "tool:1")).await?;
    until(&jobs, "migrate", PATIENCE, |job| job_is(job, "Complete")).await?;
    Ok(())
}

async fn a_crashing_job_fails(client: &Client) -> Outcome {
    let jobs: Api<Job> = Api::default_namespaced(client.clone());
    apply(&jobs, "fall", job("fall", "tool:crash")).await?;
    until(&jobs, "fall", PATIENCE, |job| job_is(job, "Failed")).await?;
    Ok(())
}

async fn a_bad_image_is_never_pulled(client: &Client) -> Outcome {
    let deployments: Api<Deployment> = Api::default_namespaced(client.clone());
    apply(&deployments, "typo", deployment("typo", "nginx:bad", 1)).await?;
    let reason = waiting_reason(client, "typo").await?;
    assert_eq!(reason, "ImagePullBackOff");
    assert_eq!(available(Some(&deployments.get("typo").await?)), 0);
    Ok(())
}

async fn a_crashing_image_is_never_ready(client: &Client) -> Outcome {
    let deployments: Api<Deployment> = Api::default_namespaced(client.clone());
    apply(&deployments, "oops", deployment("oops", "nginx:crash", 1)).await?;
    let reason = waiting_reason(client, "oops").await?;
    assert_eq!(reason, "CrashLoopBackOff");
    assert_eq!(available(Some(&deployments.get("oops").await?)), 0);
    Ok(())
}

async fn a_service_account_may_only_what_it_was_granted(cluster: &ControlPlane, client: &Client) -> Outcome {
    let accounts: Api<ServiceAccount> = Api::default_namespaced(client.clone());
    apply(&accounts, "tenant", json!({ "apiVersion": "v1", "kind": "ServiceAccount" })).await?;
    let kubeconfig = Kubeconfig::read_from(cluster.kubeconfig_for("default", "tenant").await?)?;
    let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await?;
    let maps: Api<ConfigMap> = Api::default_namespaced(Client::try_from(config)?);
    let refused = maps.list(&ListParams::default()).await;
    assert!(matches!(&refused, Err(kube::Error::Api(status)) if status.code == 403), "{refused:?}");
    Ok(())
}

async fn kubectl_reaches_the_cluster_and_its_logs(cluster: &ControlPlane) -> Outcome {
    let log = eventually(PATIENCE, || async {
        let output = cluster.kubectl(&["logs", "deployment/web"]).await.map_err(|error| error.to_string())?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        if text.is_empty() { Err(String::from_utf8_lossy(&output.stderr).into_owned()) } else { Ok(text) }
    });
    assert_eq!(log.await?, "reconciled app\n");
    Ok(())
}

fn requests_are_counted(cluster: &ControlPlane, since: Timestamp) -> Outcome {
    let requests = cluster.audit_requests(since)?;
    let refused = |entry: &&AuditEntry| entry.user == "system:serviceaccount:default:tenant";
    let refused: Vec<_> = requests.iter().filter(refused).collect();
    assert_eq!(refused.len(), 1, "{refused:?}");
    assert_eq!((refused[0].verb.as_str(), refused[0].resource.as_str(), refused[0].code), ("list", "configmaps", 403));
    Ok(())
}

async fn the_api_server_comes_back_with_its_data(cluster: &ControlPlane, client: &Client) -> Outcome {
    let before = cluster.pids();
    cluster.stop_api_server()?;
    assert!(client.apiserver_version().await.is_err());
    cluster.start_api_server().await?;
    assert_eq!(cluster.pids().len(), before.len());
    let deployments: Api<Deployment> = Api::default_namespaced(client.clone());
    apply(&deployments, "later", deployment("later", "nginx:1", 1)).await?;
    until(&deployments, "later", PATIENCE, |later| available(later) == 1).await?;
    assert_eq!(available(Some(&deployments.get("web").await?)), 3);
    Ok(())
}

async fn apply<K>(api: &Api<K>, name: &str, mut object: Value) -> Outcome
where
    K: Clone + std::fmt::Debug + serde::de::DeserializeOwned,
{
    object["metadata"]["name"] = json!(name);
    api.patch(name, &PatchParams::apply("e2e"), &Patch::Apply(object)).await?;
    Ok(())
}

fn deployment(name: &str, image: &str, replicas: u32) -> Value {
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "spec": {
            "replicas": replicas,
            "selector": { "matchLabels": { "app": name } },
            "template": {
                "metadata": { "labels": { "app": name } },
                "spec": { "containers": [{ "name": "main", "image": image }] },
            },
        },
    })
}

fn job(name: &str, image: &str) -> Value {
    json!({
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": { "labels": { "app": name } },
        "spec": {
            "backoffLimit": 0,
            "template": { "spec": {
                "restartPolicy": "Never",
                "containers": [{ "name": "main", "image": image }],
            } },
        },
    })
}

fn available(deployment: Option<&Deployment>) -> i32 {
    deployment.and_then(|deployment| deployment.status.as_ref()?.available_replicas).unwrap_or(0)
}

fn phase(pod: &Pod) -> &str {
    pod.status.as_ref().and_then(|status| status.phase.as_deref()).unwrap_or_default()
}

fn job_is(job: Option<&Job>, condition: &str) -> bool {
    let conditions = job.and_then(|job| job.status.as_ref()?.conditions.as_ref());
    conditions.into_iter().flatten().any(|found| found.type_ == condition && found.status == "True")
}

/// Waits until kwok has said why a pod does not run.
async fn waiting_reason(client: &Client, app: &str) -> Outcome<String> {
    let pods: Api<Pod> = Api::default_namespaced(client.clone());
    let params = ListParams::default().labels(&format!("app={app}"));
    let reason = eventually(PATIENCE, || async {
        let pods = pods.list(&params).await.ok()?;
        let status = pods.iter().find_map(|pod| pod.status.as_ref()?.container_statuses.as_ref()?.first());
        status?.state.as_ref()?.waiting.as_ref()?.reason.clone()
    });
    Ok(reason.await?)
}
