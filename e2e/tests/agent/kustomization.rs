//! Kustomization: what is applied, remembered, pruned, left alone.

use serde_json::{Value, json};
use sluice_e2e::Outcome;
use sluice_e2e::scenario::{condition, config_map, kustomization};

use crate::fixture::scenario;

#[tokio::test]
async fn what_the_path_holds_is_applied_and_remembered() -> Outcome {
    let world = scenario("applies").await?;
    let role = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role",
        "metadata": { "name": "system:reader", "namespace": "applies" },
        "rules": [{ "apiGroups": [""], "resources": ["pods"], "verbs": ["get"] }],
    });
    let files = [
        ("apps/a.yaml", config_map("a", "1")),
        ("apps/sub/b.yaml", config_map("b", "1")),
        ("apps/role.yaml", role.to_string()),
        ("other/c.yaml", config_map("c", "1")),
    ];
    let files: Vec<_> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
    let revision = world.source(&files).await?;
    world.apply(kustomization("apps").path("./apps").into_namespace("applies")).await?;
    let applied = world.applied("apps", &revision).await?;
    assert_eq!(world.applied_by("apps", "ConfigMap").await?, ["a", "b"]);
    assert!(!world.exists("ConfigMap", "c").await?);

    let ids = [
        ("applies_a__ConfigMap", "v1"),
        ("applies_b__ConfigMap", "v1"),
        ("applies_system__reader_rbac.authorization.k8s.io_Role", "v1"),
    ];
    let mut entries = applied["status"]["inventory"]["entries"].as_array().cloned().unwrap_or_default();
    entries.sort_by_key(|entry| entry["id"].to_string());
    assert_eq!(entries, ids.map(|(id, v)| json!({ "id": id, "v": v })));
    assert_eq!(applied["status"]["lastAttemptedRevision"], revision.as_str());
    assert_eq!(applied["metadata"]["finalizers"], json!(["finalizers.fluxcd.io"]));

    let object = world.get("ConfigMap", "a").await?;
    assert_eq!(object["metadata"]["labels"]["kustomize.toolkit.fluxcd.io/name"], "apps");
    assert_eq!(object["metadata"]["labels"]["kustomize.toolkit.fluxcd.io/namespace"], "applies");
    let managers = object["metadata"]["managedFields"].as_array().cloned().unwrap_or_default();
    let managers: Vec<_> = managers.iter().map(|entry| (&entry["manager"], &entry["operation"])).collect();
    assert_eq!(managers, [(&json!("kustomize-controller"), &json!("Apply"))]);
    Ok(())
}

#[tokio::test]
async fn what_has_left_the_source_is_pruned() -> Outcome {
    let world = scenario("prunes").await?;
    world.source(&[("a.yaml", &config_map("a", "1")), ("b.yaml", &config_map("b", "1"))]).await?;
    world.apply(kustomization("apps").into_namespace("prunes")).await?;
    world.ready("Kustomization", "apps").await?;
    world.repo.remove("b.yaml")?;
    let revision = world.push(&[]).await?;
    let applied = world.applied("apps", &revision).await?;
    assert_eq!(world.applied_by("apps", "ConfigMap").await?, ["a"]);
    assert_eq!(applied["status"]["inventory"]["entries"], json!([{ "id": "prunes_a__ConfigMap", "v": "v1" }]));
    world.event("Kustomization", "apps", |told| told.message == "ConfigMap/prunes/b deleted").await?;
    Ok(())
}

#[tokio::test]
async fn what_is_marked_or_not_ours_is_not_pruned() -> Outcome {
    let world = scenario("prune-less").await?;
    let marked = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": { "name": "marked", "namespace": "prune-less", "labels": { "kustomize.toolkit.fluxcd.io/prune": "disabled" } },
    });
    let files = [
        ("marked.yaml", &*marked.to_string()),
        ("taken.yaml", &config_map("taken", "1")),
        ("c.yaml", &config_map("c", "1")),
    ];
    world.source(&files).await?;
    world.apply(kustomization("apps").into_namespace("prune-less")).await?;
    world.ready("Kustomization", "apps").await?;
    let labels = json!({ "kustomize.toolkit.fluxcd.io/name": "another" });
    world.change("ConfigMap", "taken", json!({ "metadata": { "labels": labels } })).await?;
    for (path, _) in files {
        world.repo.remove(path)?;
    }
    let revision = world.push(&[("d.yaml", &config_map("d", "1"))]).await?;
    world.applied("apps", &revision).await?;
    assert!(world.exists("ConfigMap", "marked").await? && world.exists("ConfigMap", "taken").await?);
    assert!(!world.exists("ConfigMap", "c").await?);
    Ok(())
}

#[tokio::test]
async fn nothing_is_pruned_without_prune() -> Outcome {
    let world = scenario("keeps").await?;
    world.source(&[("a.yaml", &config_map("a", "1")), ("b.yaml", &config_map("b", "1"))]).await?;
    world.apply(kustomization("apps").into_namespace("keeps").keeping()).await?;
    world.ready("Kustomization", "apps").await?;
    world.repo.remove("b.yaml")?;
    let revision = world.push(&[]).await?;
    world.applied("apps", &revision).await?;
    assert!(world.exists("ConfigMap", "b").await?);
    world.delete("Kustomization", "apps").await?;
    world.gone("Kustomization", "apps").await?;
    assert!(world.exists("ConfigMap", "a").await?);
    Ok(())
}

#[tokio::test]
async fn a_suspended_kustomization_rests_until_it_is_resumed() -> Outcome {
    let world = scenario("suspended").await?;
    world.source(&[("a.yaml", &config_map("a", "1"))]).await?;
    let apps = || kustomization("apps").into_namespace("suspended");
    world.apply(apps()).await?;
    let before = world.ready("Kustomization", "apps").await?;
    world.apply(apps().suspended()).await?;
    let revision = world.push(&[("a.yaml", &config_map("a", "2"))]).await?;
    // Another one of the same source shows that the revision has gone round.
    world.apply(kustomization("witness").into_namespace("suspended").path("./none")).await?;
    world.fails("Kustomization", "witness", "ArtifactFailed").await?;
    let resting = world.until("Kustomization", "apps", |apps| apps["status"]["observedGeneration"] == 2).await?;
    assert_eq!(resting["status"]["history"], before["status"]["history"]);
    assert_eq!(condition(&resting, "Ready")["observedGeneration"], 2);
    assert_eq!(world.get("ConfigMap", "a").await?["data"]["value"], "1");
    world.apply(apps().with("suspend", false)).await?;
    world.applied("apps", &revision).await?;
    assert_eq!(world.get("ConfigMap", "a").await?["data"]["value"], "2");
    Ok(())
}

#[tokio::test]
async fn a_deleted_kustomization_takes_its_objects_along() -> Outcome {
    let world = scenario("deleted").await?;
    world.source(&[("a.yaml", &config_map("a", "1")), ("b.yaml", &config_map("b", "1"))]).await?;
    world.apply(kustomization("apps").into_namespace("deleted")).await?;
    world.ready("Kustomization", "apps").await?;
    world.delete("Kustomization", "apps").await?;
    world.gone("Kustomization", "apps").await?;
    assert!(!world.exists("ConfigMap", "a").await? && !world.exists("ConfigMap", "b").await?);
    Ok(())
}

#[tokio::test]
async fn a_deleted_kustomization_leaves_its_objects_when_suspended_or_told_so() -> Outcome {
    let world = scenario("orphans").await?;
    world.source(&[("a/a.yaml", &config_map("a", "1")), ("b/b.yaml", &config_map("b", "1"))]).await?;
    let resting = |suspend| kustomization("resting").path("./a").into_namespace("orphans").with("suspend", suspend);
    world.apply(resting(false)).await?;
    world
        .apply(kustomization("orphaning").path("./b").into_namespace("orphans").with("deletionPolicy", "Orphan"))
        .await?;
    for name in ["resting", "orphaning"] {
        world.ready("Kustomization", name).await?;
    }
    world.apply(resting(true)).await?;
    for name in ["resting", "orphaning"] {
        world.delete("Kustomization", name).await?;
        world.gone("Kustomization", name).await?;
    }
    assert!(world.exists("ConfigMap", "a").await? && world.exists("ConfigMap", "b").await?);
    Ok(())
}

#[tokio::test]
async fn a_missing_source_is_waited_for() -> Outcome {
    let world = scenario("sourceless").await?;
    world.apply(kustomization("apps").into_namespace("sourceless")).await?;
    let message = world.fails("Kustomization", "apps", "ArtifactFailed").await?;
    assert_eq!(message, "GitRepository.source.toolkit.fluxcd.io \"app\" not found");
    let waiting = world.get("Kustomization", "apps").await?;
    assert!(condition(&waiting, "Reconciling").is_null(), "{waiting:#}");
    // It comes by an event, long before the retry interval.
    let revision = world.source(&[("a.yaml", &config_map("a", "1"))]).await?;
    world.applied("apps", &revision).await?;
    Ok(())
}

#[tokio::test]
async fn objects_that_move_to_another_kustomization_stay() -> Outcome {
    let world = scenario("moves").await?;
    let files = |folder: &str| {
        (0..20)
            .map(|index| (format!("{folder}/{index}.yaml"), config_map(&format!("m-{index}"), "1")))
            .collect::<Vec<_>>()
    };
    for (path, text) in files("one") {
        world.repo.write(path, text)?;
    }
    world.repo.write("two/kept.yaml", config_map("kept", "1"))?;
    world.source(&[]).await?;
    for name in ["one", "two"] {
        world.apply(kustomization(name).path(&format!("./{name}")).into_namespace("moves")).await?;
        world.ready("Kustomization", name).await?;
    }
    world.repo.remove("one")?;
    world.repo.write("one/kept.yaml", config_map("rest", "1"))?;
    for (path, text) in files("two") {
        world.repo.write(path, text)?;
    }
    let revision = world.push(&[]).await?;
    for name in ["one", "two"] {
        world.applied(name, &revision).await?;
    }
    assert_eq!(world.applied_by("two", "ConfigMap").await?.len(), 21);
    assert_eq!(world.applied_by("one", "ConfigMap").await?, ["rest"]);
    Ok(())
}

#[tokio::test]
async fn a_kustomization_that_another_one_applies_keeps_what_the_agent_writes_to_it() -> Outcome {
    let world = scenario("parents").await?;
    let child = kustomization("child").path("./child").into_namespace("parents").within("parents");
    let (child, config) = (Value::from(child).to_string(), config_map("a", "1"));
    world.source(&[("parent/child.yaml", &child), ("child/a.yaml", &config)]).await?;
    world.apply(kustomization("parent").path("./parent").into_namespace("parents").waiting()).await?;
    world.ready("Kustomization", "parent").await?;
    world.ready("Kustomization", "child").await?;

    let revision = world.push(&[("README.md", "nothing of interest")]).await?;
    world.applied("parent", &revision).await?;
    world.request("Kustomization", "parent").await?;
    let child = world.applied("child", &revision).await?;
    assert_eq!(child["metadata"]["finalizers"], json!(["finalizers.fluxcd.io"]));
    let told = world.events("Kustomization", "parent").await?;
    let touched: Vec<_> = told.iter().filter(|told| told.message.contains("configured")).collect();
    assert!(touched.is_empty(), "{touched:?}");

    world.repo.remove("parent/child.yaml")?;
    world.push(&[("parent/other.yaml", &config_map("other", "1"))]).await?;
    world.gone("Kustomization", "child").await?;
    assert!(!world.exists("ConfigMap", "a").await?, "what the child applied is still there");
    Ok(())
}

#[tokio::test]
async fn what_failed_for_want_of_something_is_retried() -> Outcome {
    let world = scenario("retried").await?;
    let inner =
        json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "a", "namespace": "retried-later" } });
    world.source(&[("a.yaml", &inner.to_string())]).await?;
    world.apply(kustomization("apps").with("retryInterval", "2s")).await?;
    let message = world.fails("Kustomization", "apps", "ReconciliationFailed").await?;
    assert!(
        message.contains("namespaces \"retried-later\" not found") && message.contains("add the Namespace"),
        "{message}"
    );
    world.apply(json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "retried-later" } })).await?;
    world.ready("Kustomization", "apps").await?;
    Ok(())
}
