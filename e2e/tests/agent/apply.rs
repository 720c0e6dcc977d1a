//! How objects get into the cluster: stages, force, and what is never applied.

use serde_json::{Value, json};
use sluice_e2e::Outcome;
use sluice_e2e::scenario::{config_map, kustomization};

use crate::fixture::scenario;

/// Returns a definition of a kind of the group `e2e.sluice.dev`, and an object of it.
fn definition(kind: &str, namespace: &str) -> [String; 2] {
    let lower = kind.to_lowercase();
    let schema = json!({ "type": "object", "x-kubernetes-preserve-unknown-fields": true });
    let definition = json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": { "name": format!("{lower}s.e2e.sluice.dev") },
        "spec": {
            "group": "e2e.sluice.dev",
            "scope": "Namespaced",
            "names": { "kind": kind, "plural": format!("{lower}s"), "singular": lower },
            "versions": [{ "name": "v1", "served": true, "storage": true, "schema": { "openAPIV3Schema": schema } }],
        },
    });
    let metadata = json!({ "name": "one", "namespace": namespace });
    let object =
        json!({ "apiVersion": "e2e.sluice.dev/v1", "kind": kind, "metadata": metadata, "spec": { "size": 1 } });
    [definition.to_string(), object.to_string()]
}

fn immutable(value: &str) -> String {
    let data = json!({ "value": value });
    json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "fixed" }, "immutable": true, "data": data })
        .to_string()
}

#[tokio::test]
async fn a_definition_and_its_objects_come_together() -> Outcome {
    let world = scenario("staged").await?;
    let [crd, widget] = definition("Widget", "staged");
    let space = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "staged-inner" } });
    let inner =
        json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "a", "namespace": "staged-inner" } });
    let files = [
        ("a-widget.yaml", &*widget),
        ("b-inner.yaml", &inner.to_string()),
        ("c-crd.yaml", &crd),
        ("d-space.yaml", &space.to_string()),
    ];
    world.source(&files).await?;
    world.apply(kustomization("apps").waiting()).await?;
    world.ready("Kustomization", "apps").await?;
    assert_eq!(world.get("Widget", "one").await?["spec"]["size"], 1);
    assert!(world.exists("Namespace", "staged-inner").await?);
    // All of it leaves in the reverse order.
    world.delete("Kustomization", "apps").await?;
    world.gone("Kustomization", "apps").await?;
    world.gone("CustomResourceDefinition", "widgets.e2e.sluice.dev").await?;
    Ok(())
}

#[tokio::test]
async fn objects_go_when_their_definition_has_gone_or_moved_to_another_version() -> Outcome {
    let world = scenario("undefined").await?;
    let ([moving, sprocket], [leaving, gear]) = (definition("Sprocket", "undefined"), definition("Gear", "undefined"));
    for definition in [&moving, &leaving] {
        world.apply(serde_json::from_str::<Value>(definition)?).await?;
    }
    world.source(&[("moving.yaml", &sprocket), ("leaving.yaml", &gear)]).await?;
    world.apply(kustomization("apps")).await?;
    world.ready("Kustomization", "apps").await?;

    world.delete("CustomResourceDefinition", "gears.e2e.sluice.dev").await?;
    world.gone("CustomResourceDefinition", "gears.e2e.sluice.dev").await?;
    let mut moved: Value = serde_json::from_str(&moving)?;
    let old = moved["spec"]["versions"][0].clone();
    moved["spec"]["versions"] = json!([old, old]);
    moved["spec"]["versions"][0]["served"] = json!(false);
    moved["spec"]["versions"][0]["storage"] = json!(false);
    moved["spec"]["versions"][1]["name"] = json!("v2");
    world.apply(moved).await?;
    world
        .until("CustomResourceDefinition", "sprockets.e2e.sluice.dev", |object| {
            object["status"]["storedVersions"] == json!(["v1", "v2"])
        })
        .await?;

    world.delete("Kustomization", "apps").await?;
    world.gone("Kustomization", "apps").await?;
    let left = world.find("Sprocket", "one").await?;
    assert_eq!(left, None);
    Ok(())
}

#[tokio::test]
async fn an_object_that_is_refused_keeps_its_whole_stage_out() -> Outcome {
    let world = scenario("all-or-none").await?;
    let mut bad: Value = serde_json::from_str(&config_map("z", "1"))?;
    bad["data"] = json!({ "not a key": "1" });
    world.source(&[("a.yaml", &config_map("a", "1")), ("z.yaml", &bad.to_string())]).await?;
    world.apply(kustomization("apps").into_namespace("all-or-none")).await?;
    let message = world.fails("Kustomization", "apps", "ReconciliationFailed").await?;
    assert!(message.contains("ConfigMap/all-or-none/z") && message.contains("z.yaml"), "{message}");
    assert!(!world.exists("ConfigMap", "a").await?);
    Ok(())
}

#[tokio::test]
async fn force_makes_an_object_with_an_immutable_field_anew() -> Outcome {
    let world = scenario("forced").await?;
    world.source(&[("fixed.yaml", &immutable("1"))]).await?;
    world.apply(kustomization("apps").into_namespace("forced").with("force", true)).await?;
    world.ready("Kustomization", "apps").await?;
    let before = world.get("ConfigMap", "fixed").await?["metadata"]["uid"].clone();
    let revision = world.push(&[("fixed.yaml", &immutable("2"))]).await?;
    world.applied("apps", &revision).await?;
    let after = world.get("ConfigMap", "fixed").await?;
    assert_eq!(after["data"]["value"], "2");
    assert_ne!(after["metadata"]["uid"], before);
    Ok(())
}

#[tokio::test]
async fn an_object_may_allow_to_be_made_anew_itself() -> Outcome {
    let world = scenario("forced-one").await?;
    let marked = |value| -> Outcome<String> {
        let mut text: Value = serde_json::from_str(&immutable(value))?;
        text["metadata"]["annotations"] = json!({ "kustomize.toolkit.fluxcd.io/force": "enabled" });
        Ok(text.to_string())
    };
    world.source(&[("fixed.yaml", &marked("1")?)]).await?;
    world.apply(kustomization("apps").into_namespace("forced-one")).await?;
    world.ready("Kustomization", "apps").await?;
    let revision = world.push(&[("fixed.yaml", &marked("2")?)]).await?;
    world.applied("apps", &revision).await?;
    assert_eq!(world.get("ConfigMap", "fixed").await?["data"]["value"], "2");
    Ok(())
}

#[tokio::test]
async fn what_kubectl_had_written_is_taken_over() -> Outcome {
    let world = scenario("takes-over").await?;
    let mut by_hand: Value = serde_json::from_str(&config_map("a", "0"))?;
    by_hand["data"]["surplus"] = json!("x");
    let apply = ["-n", "takes-over", "apply", "-f", "-"];
    let output = world.cluster.kubectl_with_input(&apply, &by_hand.to_string()).await?;
    assert!(output.status.success(), "{output:?}");
    world.source(&[("a.yaml", &config_map("a", "1"))]).await?;
    world.apply(kustomization("apps").into_namespace("takes-over")).await?;
    world.ready("Kustomization", "apps").await?;
    let object = world.get("ConfigMap", "a").await?;
    assert_eq!(object["data"], json!({ "value": "1" }));
    let annotations = &object["metadata"]["annotations"];
    assert!(annotations["kubectl.kubernetes.io/last-applied-configuration"].is_null(), "{annotations}");
    Ok(())
}

#[tokio::test]
async fn the_components_of_flux_in_a_repository_are_left_alone() -> Outcome {
    let world = scenario("bootstrapped").await?;
    let labels = json!({ "app.kubernetes.io/part-of": "flux" });
    let pod = json!({ "metadata": { "labels": { "app": "x" } }, "spec": { "containers": [{ "name": "manager", "image": "flux:1" }] } });
    let controller = json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": { "name": "kustomize-controller", "namespace": "flux-system", "labels": labels },
        "spec": { "selector": { "matchLabels": { "app": "x" } }, "template": pod },
    });
    let crd = "kustomizations.kustomize.toolkit.fluxcd.io";
    let before = world.get("CustomResourceDefinition", crd).await?["metadata"]["generation"].clone();
    let theirs = json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": { "name": crd, "labels": labels },
        "spec": { "group": "kustomize.toolkit.fluxcd.io", "scope": "Namespaced", "versions": [] },
    });
    world
        .source(&[
            ("flux-system/controller.yaml", &controller.to_string()),
            ("flux-system/crd.yaml", &theirs.to_string()),
            ("a.yaml", &json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "a", "namespace": "bootstrapped" } }).to_string()),
        ])
        .await?;
    world.apply(kustomization("apps")).await?;
    let ready = world.ready("Kustomization", "apps").await?;
    let entries = ready["status"]["inventory"]["entries"].to_string();
    assert!(entries.contains("bootstrapped_a") && !entries.contains("kustomize-controller"), "{entries}");
    assert_eq!(world.get("CustomResourceDefinition", crd).await?["metadata"]["generation"], before);
    let deployments = world.cluster.kubectl(&["-n", "flux-system", "get", "deployments", "--output=name"]).await?;
    assert_eq!(String::from_utf8(deployments.stdout)?.trim(), "deployment.apps/sluice");
    world.delete("Kustomization", "apps").await?;
    world.gone("Kustomization", "apps").await?;
    assert!(world.exists("CustomResourceDefinition", crd).await?);
    Ok(())
}
