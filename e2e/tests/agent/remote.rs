//! kubeConfig: objects of another cluster. That cluster is the control plane of the tests that want no company.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sluice_e2e::scenario::{config_map, deployment, kustomization};
use sluice_e2e::{ControlPlane, Outcome, Scenario};

use crate::crash::end;
use crate::fixture::{alone, scenario};

/// Makes a namespace, and an account that may do anything in it.
async fn account(there: &ControlPlane, namespace: &str) -> Outcome {
    let rbac = "rbac.authorization.k8s.io";
    let role = json!({ "apiGroup": rbac, "kind": "ClusterRole", "name": "cluster-admin" });
    let subjects = json!([{ "kind": "ServiceAccount", "name": "deployer", "namespace": namespace }]);
    let metadata = json!({ "name": "deployer", "namespace": namespace });
    let objects = [
        json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": namespace } }),
        json!({ "apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata }),
        json!({ "apiVersion": format!("{rbac}/v1"), "kind": "RoleBinding", "metadata": metadata, "roleRef": role, "subjects": subjects }),
    ];
    let list = json!({ "apiVersion": "v1", "kind": "List", "items": objects });
    let output = there.kubectl_with_input(&["apply", "-f", "-"], &list.to_string()).await?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

/// Writes the Secret that leads to the other cluster.
async fn secret(world: &Scenario<'_>, kubeconfig: &str) -> Outcome {
    let data = json!({ "value": STANDARD.encode(kubeconfig) });
    world.apply(json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "there" }, "data": data })).await
}

async fn value(there: &ControlPlane, namespace: &str) -> Outcome<String> {
    let path = "jsonpath={.data.value}";
    let output = there.kubectl(&["-n", namespace, "get", "configmap", "a", "-o", path]).await?;
    Ok(String::from_utf8(output.stdout)?)
}

fn elsewhere() -> Value {
    json!({ "secretRef": { "name": "there" } })
}

#[tokio::test]
async fn another_cluster_is_applied_to_waited_for_and_pruned() -> Outcome {
    let (world, alone) = (scenario("remote").await?, alone().await?);
    let there = alone.cluster();
    account(there, "remote").await?;
    secret(&world, &std::fs::read_to_string(there.kubeconfig_for("remote", "deployer").await?)?).await?;
    world.source(&[("a.yaml", &config_map("a", "1")), ("web.yaml", &deployment("web", "web:1"))]).await?;
    world.apply(kustomization("apps").into_namespace("remote").with("kubeConfig", elsewhere()).waiting()).await?;
    world.ready("Kustomization", "apps").await?;
    assert_eq!(value(there, "remote").await?, "1");
    assert!(!world.exists("ConfigMap", "a").await? && !world.exists("Deployment", "web").await?);

    let revision = world.push(&[("a.yaml", &config_map("a", "2"))]).await?;
    world.applied("apps", &revision).await?;
    assert_eq!(value(there, "remote").await?, "2");

    let requests = there.audit_requests(jiff::Timestamp::UNIX_EPOCH)?;
    let ours = requests.iter().filter(|entry| entry.namespace == "remote" && entry.user_agent.starts_with("sluice"));
    let users: Vec<_> = ours.map(|entry| (&*entry.user, &*entry.verb)).collect();
    assert!(users.iter().any(|(_, verb)| *verb == "patch"), "{users:?}");
    let expected = |(user, verb): &(&str, &str)| *user == "system:serviceaccount:remote:deployer" && *verb != "watch";
    assert!(users.iter().all(expected), "{users:?}");

    world.delete("Kustomization", "apps").await?;
    world.gone("Kustomization", "apps").await?;
    assert_eq!(value(there, "remote").await?, "");
    Ok(())
}

#[tokio::test]
async fn a_kubeconfig_that_asks_for_more_is_refused() -> Outcome {
    let world = scenario("remote-exec").await?;
    let kubeconfig = "current-context: c\ncontexts: [{name: c, context: {cluster: c, user: c}}]\n\
        clusters: [{name: c, cluster: {server: 'https://127.0.0.1:1'}}]\n\
        users: [{name: c, user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: touch, args: [pwned]}}}]\n";
    secret(&world, kubeconfig).await?;
    world.source(&[("a.yaml", &config_map("a", "1"))]).await?;
    world.apply(kustomization("apps").with("kubeConfig", elsewhere())).await?;
    let message = world.fails("Kustomization", "apps", "ReconciliationFailed").await?;
    for words in ["remote-exec/there", "`exec` runs a program", "--insecure-kubeconfig-exec"] {
        assert!(message.contains(words), "`{words}` is not in: {message}");
    }
    secret(&world, &kubeconfig.replace("exec: {", "token: s3cret, other: {")).await?;
    world.request("Kustomization", "apps").await?;
    let message = world.fails("Kustomization", "apps", "ReconciliationFailed").await?;
    assert!(message.contains("127.0.0.1:1") && !message.contains("s3cret"), "{message}");
    Ok(())
}

#[tokio::test]
async fn a_token_of_this_cluster_opens_another_that_trusts_it() -> Outcome {
    let alone = alone().await?;
    let world = alone.scenario("trusted").await?;
    account(alone.cluster(), "trusted").await?;
    let _agent = alone.agent(&["--feature-gates=ObjectLevelWorkloadIdentity=true"]).await?;
    let config = alone.cluster().admin_config();
    let authority = config.root_cert.unwrap_or_default();
    let pem = authority.iter().map(|der| {
        let text = STANDARD.encode(der);
        format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n")
    });
    let data = json!({
        "provider": "generic",
        "address": config.cluster_url.to_string(),
        "ca.crt": pem.collect::<String>(),
        "audiences": "https://kubernetes.default.svc\n",
        "serviceAccountName": "deployer",
    });
    world
        .apply(json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "there" }, "data": data }))
        .await?;
    world.source(&[("a.yaml", &config_map("a", "1"))]).await?;
    let there = json!({ "configMapRef": { "name": "there" } });
    world.apply(kustomization("apps").into_namespace("trusted").with("kubeConfig", there)).await?;
    world.ready("Kustomization", "apps").await?;
    let requests = alone.cluster().audit_requests(jiff::Timestamp::UNIX_EPOCH)?;
    let applied =
        requests.iter().filter(|entry| entry.namespace == "trusted" && entry.name == "a" && entry.verb == "patch");
    let users: Vec<_> = applied.map(|entry| (&*entry.user, entry.impersonated.as_deref())).collect();
    let deployer = ("system:serviceaccount:trusted:deployer", None);
    assert!(!users.is_empty() && users.iter().all(|user| *user == deployer), "{users:?}");
    end(&world).await
}
