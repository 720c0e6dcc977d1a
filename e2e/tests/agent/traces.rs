//! Traces, as a collector gets them.

use std::time::Duration;

use serde_json::Value;
use sluice_e2e::azurite::KEY;
use sluice_e2e::collector::{Span, picture};
use sluice_e2e::scenario::{bucket, config_map, deployment, kustomization, secret};
use sluice_e2e::{Agent, Collector, Outcome, Scenario};

use crate::crash::end;
use crate::fixture::{Alone, alone, azurite};

/// The longest time between two steps in which the agent itself does something else.
const GAP: Duration = Duration::from_millis(50);

async fn traced(alone: &Alone, collector: &Collector, more: &[(&str, &str)]) -> Outcome<Agent> {
    let endpoint = collector.endpoint();
    let variables = [("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str()), ("OTEL_BSP_SCHEDULE_DELAY", "100")];
    alone.agent_with(&[], &[&variables[..], more].concat()).await
}

/// Waits for the complete trace of a revision.
async fn trace(world: &Scenario<'_>, collector: &Collector, revision: &str) -> Outcome<Vec<Span>> {
    let found = || std::future::ready(collector.trace("sluice.revision", revision));
    let looked = async || found().await.ok_or_else(|| picture(&collector.spans()));
    world.eventually(looked).await
}

fn named<'a>(spans: &'a [Span], name: &str) -> &'a Span {
    spans.iter().find(|span| span.name == name).unwrap_or_else(|| panic!("no `{name}` in\n{}", picture(spans)))
}

fn steps<'a>(of: &Span, spans: &'a [Span]) -> Vec<&'a Span> {
    of.children(spans).into_iter().filter(|child| !child.name.starts_with("SYNC ")).collect()
}

fn names<'a>(spans: &[&'a Span]) -> Vec<&'a str> {
    spans.iter().map(|span| span.name.as_str()).collect()
}

/// Returns the longest time between the end of a step and the start of the next.
fn longest_gap(of: &Span, spans: &[Span]) -> Duration {
    let steps = steps(of, spans);
    let gaps = steps.windows(2).map(|pair| pair[1].began.saturating_sub(pair[0].ended));
    gaps.max().unwrap_or_default()
}

/// Three Kustomizations, each but the first applied by the one before; the last one has something to wait for.
async fn nested(world: &Scenario<'_>) -> Outcome<String> {
    let namespace = &world.namespace;
    let of = |name: &str| kustomization(name).path(&format!("./{name}")).into_namespace(namespace).within(namespace);
    let (middle, inner) =
        (Value::from(of("middle").waiting()).to_string(), Value::from(of("inner").waiting()).to_string());
    world.apply(of("apps").waiting()).await?;
    let (web, config) = (deployment("web", "example.com/web:1"), config_map("stale", "1"));
    let files = [
        ("apps/middle.yaml", middle.as_str()),
        ("middle/inner.yaml", &inner),
        ("inner/web.yaml", &web),
        ("inner/stale.yaml", &config),
    ];
    let revision = world.source(&files).await?;
    world.applied("inner", &revision).await?;
    Ok(revision)
}

#[tokio::test]
async fn a_commit_is_one_trace_through_nested_kustomizations() -> Outcome {
    let (alone, collector) = (alone().await?, Collector::start().await?);
    let world = alone.scenario("traces").await?;
    let _agent = traced(&alone, &collector, &[("OTEL_EXPORTER_OTLP_HEADERS", "api-key=123")]).await?;
    let first = nested(&world).await?;
    let spans = trace(&world, &collector, &first).await?;
    assert_tree(&spans, &first);
    assert!(collector.headers("api-key").iter().all(|key| key == "123"));

    let mut shortest = Duration::MAX;
    for (round, image) in ["2", "3", "4"].into_iter().enumerate() {
        if round == 0 {
            world.repo.remove("inner/stale.yaml")?;
        }
        let web = deployment("web", &format!("example.com/web:{image}"));
        // Each of them has something to do: what a commit leaves as it is has no span.
        let (above, below) = (config_map("above", image), config_map("below", image));
        let files = [("apps/above.yaml", &*above), ("middle/below.yaml", &below), ("inner/web.yaml", &web)];
        let revision = world.push(&files).await?;
        let spans = trace(&world, &collector, &revision).await?;
        assert_tree(&spans, &revision);
        let inner = named(&spans, "SYNC Kustomization/traces/inner");
        let names = names(&steps(inner, &spans));
        let pruned = if round == 0 { &["prune", "prune"][..] } else { &[] };
        let expected = [&["build", "status", "discover", "dry-run", "apply"], pruned, &["status", "wait", "status"]];
        assert_eq!(names, expected.concat(), "\n{}", picture(&spans));
        // What a busy machine does to one round it does not do to all of them.
        let gaps = spans.iter().map(|span| longest_gap(span, &spans));
        shortest = shortest.min(gaps.max().unwrap_or_default());
    }
    assert!(shortest <= GAP, "{shortest:?}");
    end(&world).await
}

/// Root, fetch, and each Kustomization below the one that has applied it.
fn assert_tree(spans: &[Span], revision: &str) {
    let root = named(spans, "SYNC GitRepository/traces/app");
    let chain = ["apps", "middle", "inner"].map(|name| named(spans, &format!("SYNC Kustomization/traces/{name}")));
    assert_eq!(named(spans, "fetch").parent, root.id, "\n{}", picture(spans));
    let parents = [root, chain[0], chain[1]];
    for (span, parent) in chain.iter().zip(parents) {
        assert_eq!(span.parent, parent.id, "\n{}", picture(spans));
        assert_eq!(span.attribute("sluice.revision"), revision);
        assert!(span.began >= root.began && span.ended <= root.ended, "\n{}", picture(spans));
    }
    assert!(spans.iter().all(|span| span.took() > Duration::ZERO && span.error.is_none()), "\n{}", picture(spans));
    let commit = revision.rsplit_once(':').map_or("", |(_, commit)| commit);
    let attributes = [
        (root, "cicd.pipeline.action.name", "SYNC"),
        (root, "cicd.pipeline.name", "GitRepository/traces/app"),
        (root, "cicd.pipeline.result", "success"),
        (root, "vcs.ref.head.name", "main"),
        (root, "vcs.ref.head.type", "branch"),
        (root, "vcs.ref.head.revision", commit),
        (root, "vcs.repository.name", "app"),
        (chain[2], "cicd.pipeline.task.type", "deploy"),
        (chain[2], "cicd.pipeline.task.run.result", "success"),
        (chain[2], "k8s.namespace.name", "traces"),
        (chain[2], "object.name", "inner"),
        (chain[2], "vcs.ref.head.revision", commit),
        (named(spans, "dry-run"), "cicd.pipeline.task.name", "dry-run"),
    ];
    for (span, name, value) in attributes {
        assert_eq!(span.attribute(name), value, "{name} of {span:#?}");
    }
    assert!(root.attribute("vcs.repository.url.full").ends_with("/app.git"), "{root:#?}");
    assert_eq!(root.resource.get("service.name").map(String::as_str), Some("sluice"));
}

#[tokio::test]
async fn a_change_of_a_bucket_is_one_trace() -> Outcome {
    let (alone, collector) = (alone().await?, Collector::start().await?);
    let world = alone.scenario("blob-traces").await?;
    let _agent = traced(&alone, &collector, &[]).await?;
    let azurite = azurite().await?;
    let container = azurite.container("blob-traces").await?;
    container.put("apps/a.yaml", &config_map("a", "1")).await?;
    world.apply(secret("azure", &[("accountKey", KEY)])).await?;
    world.apply(bucket("fleet", &azurite.endpoint(), container.name()).with_secret("azure")).await?;
    let apps = |name: &str| kustomization(name).from_bucket("fleet").path("./apps").into_namespace("blob-traces");
    world.apply(apps("apps").waiting()).await?;
    world.apply(apps("after").with("nameSuffix", "-after").depends_on("apps")).await?;
    for value in ["2", "3"] {
        container.put("apps/a.yaml", &config_map("a", value)).await?;
        let bucket = world.request("Bucket", "fleet").await?;
        let revision = bucket["status"]["artifact"]["revision"].as_str().unwrap_or_default();
        world.applied("after", revision).await?;
        let spans = trace(&world, &collector, revision).await?;
        let root = named(&spans, "SYNC Bucket/blob-traces/fleet");
        let fetch = named(&spans, "fetch");
        assert_eq!(fetch.parent, root.id, "\n{}", picture(&spans));
        for (span, name, value) in [
            (root, "cicd.pipeline.name", "Bucket/blob-traces/fleet"),
            (root, "cicd.pipeline.result", "success"),
            (root, "sluice.bucket.name", "blob-traces"),
            (root, "sluice.revision", revision),
            (fetch, "sluice.files", "1"),
        ] {
            assert_eq!(span.attribute(name), value, "{name} of {span:#?}");
        }
        let [first, after] = ["apps", "after"].map(|name| {
            let span = named(&spans, &format!("SYNC Kustomization/blob-traces/{name}"));
            let steps = names(&steps(span, &spans));
            assert!(["build", "dry-run", "apply"].iter().all(|step| steps.contains(step)), "\n{}", picture(&spans));
            span
        });
        assert_eq!((&first.parent, &after.parent), (&root.id, &root.id));
        assert!(root.began <= fetch.began && after.ended <= root.ended, "\n{}", picture(&spans));
    }
    for (kind, name) in [("Kustomization", "after"), ("Kustomization", "apps"), ("Bucket", "fleet")] {
        world.delete(kind, name).await?;
        world.gone(kind, name).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_failure_is_told_in_its_span_and_in_the_root_over_grpc() -> Outcome {
    let (alone, collector) = (alone().await?, Collector::start().await?);
    let world = alone.scenario("trace-fails").await?;
    let more = [("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"), ("OTEL_SERVICE_NAME", "prod")];
    let mut agent = traced(&alone, &collector, &more).await?;
    world.apply(kustomization("apps").into_namespace("trace-fails")).await?;
    let revision = world.source(&[("a.yaml", "kind: [")]).await?;
    world.fails("Kustomization", "apps", "BuildFailed").await?;
    let spans = trace(&world, &collector, &revision).await?;
    let (root, apps) =
        (named(&spans, "SYNC GitRepository/trace-fails/app"), named(&spans, "SYNC Kustomization/trace-fails/apps"));
    for span in [root, apps, named(&spans, "build")] {
        assert!(span.error.is_some(), "\n{}", picture(&spans));
        assert_eq!(span.attribute("error.type"), "BuildFailed", "{span:#?}");
    }
    assert_eq!(root.attribute("cicd.pipeline.result"), "failure");
    assert_eq!(root.resource.get("service.name").map(String::as_str), Some("prod"));

    // A trace that is not at its end when the agent is told to stop is told of as it is.
    let text = deployment("web", "missing.invalid/web:1");
    world.apply(kustomization("apps").into_namespace("trace-fails").waiting()).await?;
    let revision = world.push(&[("a.yaml", &text)]).await?;
    world.until("Kustomization", "apps", |apps| apps["status"]["lastAttemptedRevision"] == revision.as_str()).await?;
    assert!(agent.stop().await?.success());
    let spans = trace(&world, &collector, &revision).await?;
    assert_eq!(named(&spans, "SYNC GitRepository/trace-fails/app").attribute("cicd.pipeline.result"), "cancellation");
    let _agent = alone.agent(&[]).await?;
    end(&world).await
}

#[tokio::test]
async fn a_collector_that_is_down_delays_nothing() -> Outcome {
    let alone = alone().await?;
    let world = alone.scenario("trace-lost").await?;
    let variables = [("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1"), ("OTEL_BSP_SCHEDULE_DELAY", "10")];
    let agent = alone.agent_with(&[], &variables).await?;
    world.apply(kustomization("apps").into_namespace("trace-lost")).await?;
    let revision = world.source(&[("a.yaml", &config_map("a", "1"))]).await?;
    world.applied("apps", &revision).await?;
    let dropped = async || match agent.counter("sluice_spans_dropped_total").await {
        Ok(count) if count > 0.0 => Ok(()),
        other => Err(format!("{other:?}")),
    };
    world.eventually(dropped).await?;
    let told = agent.log().lines().filter(|line| line.contains("spans were not exported")).count();
    assert_eq!(told, 1, "{}", agent.log());
    end(&world).await
}
