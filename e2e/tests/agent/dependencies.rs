//! dependsOn: the order, and that events rather than a timer move it on.

use std::time::{Duration, Instant};

use serde_json::Value;
use sluice_e2e::Outcome;
use sluice_e2e::scenario::{condition, config_map, deployment, kustomization};

use crate::fixture::scenario;

/// Flux looks at a dependency again after 30 s; with events nobody waits for that.
const WITHOUT_TIMERS: Duration = Duration::from_secs(20);

fn became_ready(object: &Value) -> String {
    condition(object, "Ready")["lastTransitionTime"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_chain_becomes_ready_in_order_without_waiting_for_timers() -> Outcome {
    let world = scenario("chain").await?;
    let names = ["infra", "crds", "controllers", "configs", "apps"];
    let files = names.map(|name| (format!("{name}/web.yaml"), deployment(name, "web:1")));
    let files: Vec<_> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    world.source(&files).await?;
    let begin = Instant::now();
    // The last first: each finds its dependency missing at the beginning.
    for (index, name) in names.iter().enumerate().rev() {
        let draft = kustomization(name).path(&format!("./{name}")).into_namespace("chain").waiting();
        let draft = if index == 0 { draft } else { draft.depends_on(names[index - 1]) };
        world.apply(draft).await?;
    }
    world.ready("Kustomization", "apps").await?;
    assert!(begin.elapsed() < WITHOUT_TIMERS, "{:?}", begin.elapsed());
    let mut times = Vec::new();
    for name in names {
        times.push(became_ready(&world.ready("Kustomization", name).await?));
    }
    assert!(times.is_sorted(), "{times:?}");

    // A new revision goes through the chain in the same way.
    let begin = Instant::now();
    let revision = world.push(&[("apps/web.yaml", &deployment("apps", "web:2"))]).await?;
    world.applied("apps", &revision).await?;
    assert!(begin.elapsed() < WITHOUT_TIMERS, "{:?}", begin.elapsed());
    for name in names {
        world.applied(name, &revision).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_dependency_that_is_not_ready_is_named() -> Outcome {
    let world = scenario("waiting-for").await?;
    world.source(&[("infra/a.yaml", "a: [b\n"), ("apps/b.yaml", &config_map("b", "1"))]).await?;
    world.apply(kustomization("apps").path("./apps").into_namespace("waiting-for").depends_on("infra")).await?;
    let message = world.fails("Kustomization", "apps", "DependencyNotReady").await?;
    assert_eq!(
        message,
        "dependency 'waiting-for/infra' not found: kustomizations.kustomize.toolkit.fluxcd.io \"infra\" not found"
    );
    world.apply(kustomization("infra").path("./infra").into_namespace("waiting-for")).await?;
    world.fails("Kustomization", "infra", "BuildFailed").await?;
    let not_ready =
        |object: &Value| condition(object, "Ready")["message"] == "dependency 'waiting-for/infra' is not ready";
    world.until("Kustomization", "apps", not_ready).await?;
    assert!(!world.exists("ConfigMap", "b").await?);
    let told = world.event("Kustomization", "apps", |told| told.reason == "DependencyNotReady").await?;
    assert_eq!(told.type_, "Normal");
    assert_eq!(told.message, "Dependencies do not meet ready condition, retrying in 30s");
    let revision = world.push(&[("infra/a.yaml", &config_map("a", "1"))]).await?;
    world.applied("apps", &revision).await?;
    assert!(world.exists("ConfigMap", "b").await?);
    Ok(())
}

#[tokio::test]
async fn a_cycle_is_told_in_full() -> Outcome {
    let world = scenario("cycle").await?;
    world.source(&[("a.yaml", &config_map("a", "1"))]).await?;
    for (name, dependency) in [("one", "two"), ("two", "three"), ("three", "one")] {
        world.apply(kustomization(name).into_namespace("cycle").depends_on(dependency)).await?;
    }
    let told = |object: &Value| {
        let message = condition(object, "Ready")["message"].as_str().unwrap_or_default();
        message.contains("cycle") && ["one", "two", "three", "spec.dependsOn"].iter().all(|word| message.contains(word))
    };
    for name in ["one", "two", "three"] {
        world.until("Kustomization", name, told).await?;
        world.event("Kustomization", name, |event| event.message.contains("cycle")).await?;
    }
    assert!(!world.exists("ConfigMap", "a").await?);
    // Taking one dependency out lets all of them go on.
    world.apply(kustomization("two").into_namespace("cycle")).await?;
    world.ready("Kustomization", "three").await?;
    Ok(())
}
