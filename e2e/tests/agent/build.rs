//! What a Kustomization's own fields make of the files.

use serde_json::{Value, json};
use sluice_e2e::Outcome;
use sluice_e2e::scenario::{SOURCE, config_map, deployment, kustomization};

use crate::fixture::scenario;

#[tokio::test]
async fn the_spec_changes_what_is_built() -> Outcome {
    let world = scenario("overrides").await?;
    let component =
        r#"{"apiVersion": "kustomize.config.k8s.io/v1alpha1", "kind": "Component", "resources": ["extra.yaml"]}"#;
    world
        .source(&[
            ("apps/web.yaml", &deployment("web", "web:1")),
            ("components/extra/kustomization.yaml", component),
            ("components/extra/extra.yaml", &config_map("extra", "1")),
        ])
        .await?;
    let patch = json!({
        "patch": "- op: replace\n  path: /spec/replicas\n  value: 2\n",
        "target": { "kind": "Deployment", "name": "web" },
    });
    let apps = kustomization("apps")
        .path("./apps")
        .into_namespace("overrides")
        .with("namePrefix", "pre-")
        .with("nameSuffix", "-post")
        .with("commonMetadata", json!({ "labels": { "team": "a" }, "annotations": { "note": "b" } }))
        .with("patches", json!([patch]))
        .with("images", json!([{ "name": "web", "newName": "registry.example.com/web", "newTag": "9" }]))
        .with("components", json!(["../components/extra", "../components/none"]))
        .with("ignoreMissingComponents", true);
    world.apply(apps).await?;
    world.ready("Kustomization", "apps").await?;
    let web = world.get("Deployment", "pre-web-post").await?;
    assert_eq!(web["spec"]["replicas"], 2);
    assert_eq!(web["spec"]["template"]["spec"]["containers"][0]["image"], "registry.example.com/web:9");
    assert_eq!(web["metadata"]["labels"]["team"], "a");
    assert_eq!(web["metadata"]["annotations"]["note"], "b");
    assert!(web["spec"]["template"]["metadata"]["labels"]["team"].is_null(), "selectors and templates stay");
    assert!(world.exists("ConfigMap", "pre-extra-post").await?);
    Ok(())
}

#[tokio::test]
async fn overlays_generators_and_replacements_are_built() -> Outcome {
    let world = scenario("overlays").await?;
    let base = json!({ "resources": ["web.yaml"] });
    let replacement = json!({
        "source": { "kind": "Deployment", "name": "web", "fieldPath": "spec.replicas" },
        "targets": [{ "select": { "kind": "Deployment" }, "fieldPaths": ["metadata.annotations.count"], "options": { "create": true } }],
    });
    let overlay = json!({
        "namespace": "overlays",
        "resources": ["../../base"],
        "configMapGenerator": [{ "name": "settings", "literals": ["mode=fast"] }],
        "replicas": [{ "name": "web", "count": 3 }],
        "labels": [{ "pairs": { "env": "production" } }],
        "replacements": [replacement],
    });
    let mut web: Value = serde_json::from_str(&deployment("web", "web:1"))?;
    web["spec"]["template"]["spec"]["containers"][0]["envFrom"] = json!([{ "configMapRef": { "name": "settings" } }]);
    world
        .source(&[
            ("base/kustomization.yaml", &base.to_string()),
            ("base/web.yaml", &web.to_string()),
            ("clusters/production/kustomization.yaml", &overlay.to_string()),
        ])
        .await?;
    world.apply(kustomization("apps").path("clusters/production")).await?;
    world.ready("Kustomization", "apps").await?;
    let web = world.get("Deployment", "web").await?;
    assert_eq!((&web["spec"]["replicas"], &web["metadata"]["labels"]["env"]), (&json!(3), &json!("production")));
    assert_eq!(web["metadata"]["annotations"]["count"], "3");
    let settings = world.applied_by("apps", "ConfigMap").await?;
    assert!(settings.len() == 1 && settings[0].starts_with("settings-") && settings[0].len() == 19, "{settings:?}");
    let name = &web["spec"]["template"]["spec"]["containers"][0]["envFrom"][0]["configMapRef"]["name"];
    assert_eq!(name, settings[0].as_str());
    Ok(())
}

#[tokio::test]
async fn a_base_may_lie_in_another_repository() -> Outcome {
    let world = scenario("remote-base").await?;
    let library = world.second_repository("library.git", &[("base/a.yaml", &config_map("a", "1"))])?;
    let url = format!("{}//base?ref=v1", world.server.url("library.git"));
    library.write("base/kustomization.yaml", "resources: [a.yaml]\n")?;
    library.commit("a base")?;
    library.tag("v1")?;
    world.source(&[("kustomization.yaml", &json!({ "resources": [url], "namePrefix": "my-" }).to_string())]).await?;
    world.apply(kustomization("apps").into_namespace("remote-base")).await?;
    world.ready("Kustomization", "apps").await?;
    assert_eq!(world.get("ConfigMap", "my-a").await?["data"]["value"], "1");
    library.write("base/a.yaml", config_map("a", "2"))?;
    library.commit("another value")?;
    library.git(&["tag", "--force", "--annotate", "--message", "moved", "v1"])?;
    world.request("Kustomization", "apps").await?;
    world.until("ConfigMap", "my-a", |map| map["data"]["value"] == "2").await?;
    library.git(&["tag", "--delete", "v1"])?;
    world.request("Kustomization", "apps").await?;
    let message = world.fails("Kustomization", "apps", "BuildFailed").await?;
    assert!(message.contains("resources[0]: `") && message.contains("find reference `v1`"), "{message}");
    assert!(world.exists("ConfigMap", "my-a").await?, "nothing is pruned when a base is gone");
    Ok(())
}

#[tokio::test]
async fn a_fleet_of_kustomizations_may_come_from_git_itself() -> Outcome {
    let world = scenario("fleet").await?;
    let child = |name: &str| -> String {
        let draft: Value = kustomization(name).path(&format!("./{name}")).into_namespace("fleet").waiting().into();
        draft.to_string()
    };
    world
        .source(&[
            ("clusters/infra.yaml", &child("infra")),
            ("clusters/apps.yaml", &child("apps")),
            ("infra/a.yaml", &config_map("a", "1")),
            ("apps/web.yaml", &deployment("web", "web:1")),
        ])
        .await?;
    world.apply(kustomization("fleet").path("./clusters").into_namespace("fleet").waiting()).await?;
    world.ready("Kustomization", "fleet").await?;
    for name in ["infra", "apps"] {
        let child = world.ready("Kustomization", name).await?;
        assert_eq!(child["metadata"]["labels"]["kustomize.toolkit.fluxcd.io/name"], "fleet");
        assert_eq!(child["spec"]["sourceRef"]["name"], SOURCE);
    }
    world.delete("Kustomization", "fleet").await?;
    world.gone("Kustomization", "fleet").await?;
    world.gone("Kustomization", "apps").await?;
    world.gone("ConfigMap", "a").await?;
    world.gone("Deployment", "web").await?;
    Ok(())
}
