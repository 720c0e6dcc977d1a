//! serviceAccountName: a tenant does what its account may, and no more.

use serde_json::{Value, json};
use sluice_e2e::scenario::{condition, config_map, kustomization};
use sluice_e2e::{Outcome, Scenario};

use crate::crash::end;
use crate::fixture::{alone, scenario};

/// Makes an account that may do anything with ConfigMaps of its namespace.
async fn account(world: &Scenario<'_>, name: &str) -> Outcome {
    let rbac = "rbac.authorization.k8s.io";
    let namespace = &world.namespace;
    world.apply(json!({ "apiVersion": "v1", "kind": "ServiceAccount", "metadata": { "name": name } })).await?;
    let rules = json!([{ "apiGroups": [""], "resources": ["configmaps"], "verbs": ["*"] }]);
    let metadata = json!({ "name": name });
    world
        .apply(json!({ "apiVersion": format!("{rbac}/v1"), "kind": "Role", "metadata": metadata, "rules": rules }))
        .await?;
    let subjects = json!([{ "kind": "ServiceAccount", "name": name, "namespace": namespace }]);
    let role = json!({ "apiGroup": rbac, "kind": "Role", "name": name });
    world
        .apply(json!({ "apiVersion": format!("{rbac}/v1"), "kind": "RoleBinding", "metadata": metadata, "subjects": subjects, "roleRef": role }))
        .await
}

fn in_namespace(text: &str, namespace: &str) -> Outcome<String> {
    let mut object: Value = serde_json::from_str(text)?;
    object["metadata"]["namespace"] = json!(namespace);
    Ok(object.to_string())
}

#[tokio::test]
async fn a_tenant_applies_waits_and_prunes_in_its_namespace() -> Outcome {
    let world = scenario("tenant").await?;
    account(&world, "deployer").await?;
    world.source(&[("a.yaml", &config_map("a", "1")), ("b.yaml", &config_map("b", "1"))]).await?;
    world.apply(kustomization("apps").into_namespace("tenant").acting_as("deployer").waiting()).await?;
    world.ready("Kustomization", "apps").await?;
    world.repo.remove("b.yaml")?;
    let revision = world.push(&[("a.yaml", &config_map("a", "2"))]).await?;
    world.applied("apps", &revision).await?;
    assert_eq!(world.applied_by("apps", "ConfigMap").await?, ["a"]);
    let requests = world.cluster.audit_requests(jiff::Timestamp::UNIX_EPOCH)?;
    let writes = requests.iter().filter(|entry| {
        entry.namespace == "tenant"
            && entry.resource == "configmaps"
            && ["patch", "create", "delete"].contains(&&*entry.verb)
            && entry.user_agent.starts_with("sluice")
    });
    let users: Vec<_> = writes.map(|entry| entry.impersonated.as_deref()).collect();
    assert!(
        !users.is_empty() && users.iter().all(|user| *user == Some("system:serviceaccount:tenant:deployer")),
        "{users:?}"
    );
    Ok(())
}

#[tokio::test]
async fn a_tenant_cannot_write_outside_of_its_namespace() -> Outcome {
    let world = scenario("confined").await?;
    account(&world, "deployer").await?;
    world.source(&[("a.yaml", &in_namespace(&config_map("a", "1"), "confined")?)]).await?;
    world.apply(kustomization("apps").acting_as("deployer")).await?;
    world.ready("Kustomization", "apps").await?;

    world
        .push(&[
            ("evil.yaml", &in_namespace(&config_map("evil", "1"), "kube-system")?),
            ("a.yaml", &in_namespace(&config_map("a", "2"), "confined")?),
        ])
        .await?;
    let message = world.fails("Kustomization", "apps", "ReconciliationFailed").await?;
    for word in ["patch", "configmaps", "system:serviceaccount:confined:deployer", "kube-system", "evil", "evil.yaml"] {
        assert!(message.contains(word), "`{word}` is not in: {message}");
    }
    assert_eq!(world.get("ConfigMap", "a").await?["data"]["value"], "1", "its stage is kept out as a whole");
    let output = world.cluster.kubectl(&["-n", "kube-system", "get", "configmap", "evil"]).await?;
    assert!(!output.status.success());

    // Nor by a kind it may not use, in its own namespace.
    world.repo.remove("evil.yaml")?;
    let secret = json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "s", "namespace": "confined" } });
    world.push(&[("secret.yaml", &secret.to_string())]).await?;
    let told = world.event("Kustomization", "apps", |told| told.message.contains("secrets")).await?;
    assert!(told.message.contains("system:serviceaccount:confined:deployer"), "{}", told.message);
    Ok(())
}

#[tokio::test]
async fn an_account_that_does_not_exist_may_nothing() -> Outcome {
    let world = scenario("no-account").await?;
    world.source(&[("a.yaml", &config_map("a", "1"))]).await?;
    world.apply(kustomization("apps").into_namespace("no-account").acting_as("nobody")).await?;
    let message = world.fails("Kustomization", "apps", "ReconciliationFailed").await?;
    assert!(message.contains("system:serviceaccount:no-account:nobody"), "{message}");
    assert!(!world.exists("ConfigMap", "a").await?);
    Ok(())
}

#[tokio::test]
async fn a_kustomization_whose_account_is_gone_is_let_go_and_says_what_it_leaves() -> Outcome {
    let world = scenario("account-gone").await?;
    account(&world, "deployer").await?;
    world.source(&[("a.yaml", &config_map("a", "1"))]).await?;
    world.apply(kustomization("apps").into_namespace("account-gone").acting_as("deployer")).await?;
    world.ready("Kustomization", "apps").await?;
    world.delete("ServiceAccount", "deployer").await?;
    world.gone("ServiceAccount", "deployer").await?;
    world.delete("Kustomization", "apps").await?;
    world.gone("Kustomization", "apps").await?;
    assert!(world.exists("ConfigMap", "a").await?);
    let told = world.event("Kustomization", "apps", |told| told.message.contains("unable to prune objects")).await?;
    assert!(told.type_ == "Warning" && told.message.contains("ConfigMap/account-gone/a"), "{told:?}");
    Ok(())
}

#[tokio::test]
async fn an_operator_may_lock_tenants_down() -> Outcome {
    let alone = alone().await?;
    let world = alone.scenario("locked-down").await?;
    let _agent = alone.agent(&["--no-cross-namespace-refs=true", "--default-service-account=default"]).await?;
    world.source(&[("a.yaml", &config_map("a", "1"))]).await?;
    world.apply(kustomization("apps").into_namespace("locked-down")).await?;
    let message = world.fails("Kustomization", "apps", "ReconciliationFailed").await?;
    assert!(message.contains("system:serviceaccount:locked-down:default"), "{message}");
    let source = json!({ "kind": "GitRepository", "name": "app", "namespace": "flux-system" });
    world.apply(kustomization("cross").with("sourceRef", source)).await?;
    let message = world.fails("Kustomization", "cross", "AccessDenied").await?;
    assert!(message.contains("cross-namespace references have been blocked"), "{message}");
    let refused = world.get("Kustomization", "cross").await?;
    assert_eq!(condition(&refused, "Stalled")["status"], "True");
    world.delete("Kustomization", "cross").await?;
    world.gone("Kustomization", "cross").await?;
    end(&world).await
}

#[tokio::test]
async fn an_operator_may_refuse_remote_bases() -> Outcome {
    let alone = alone().await?;
    let world = alone.scenario("no-remote-bases").await?;
    let _agent = alone.agent(&["--no-remote-bases=true"]).await?;
    world.second_repository("library.git", &[("kustomization.yaml", "configMapGenerator: [{name: a}]\n")])?;
    let url = world.server.url("library.git");
    world.source(&[("kustomization.yaml", &json!({ "resources": [url] }).to_string())]).await?;
    world.apply(kustomization("apps").into_namespace("no-remote-bases")).await?;
    let message = world.fails("Kustomization", "apps", "BuildFailed").await?;
    assert!(message.contains("the operator refuses remote bases (`--no-remote-bases`)"), "{message}");
    assert!(world.server.requests().iter().all(|request| request.repository != "library.git"));
    end(&world).await
}
