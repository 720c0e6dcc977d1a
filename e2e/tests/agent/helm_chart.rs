//! HelmChart: charts of a repository, a registry and a Git repository, with real servers of each.

use serde_json::{Value, json};
use sluice_e2e::index_server::{IndexServer, Mishap, index_of};
use sluice_e2e::registry::{archive, digest};
use sluice_e2e::scenario::{SOURCE, condition, helm_chart, helm_repository, secret};
use sluice_e2e::{Outcome, Scenario, http};

use crate::fixture::{registry, scenario, shared};

const NAME: &str = "app";
const REPOSITORY: &str = "charts";
const FROM_REPOSITORY: (&str, &str) = ("HelmRepository", REPOSITORY);
const FROM_GIT: (&str, &str) = ("GitRepository", SOURCE);

fn chart_yaml(name: &str, version: &str) -> String {
    format!("apiVersion: v2\nname: {name}\nversion: {version}\n")
}

/// A packed chart.
fn packed(name: &str, version: &str) -> Outcome<Vec<u8>> {
    let (metadata, values) = (chart_yaml(name, version), "replicas: 1\nimage: {tag: one}\n");
    let path = |file: &str| format!("{name}/{file}");
    let files =
        [(path("Chart.yaml"), metadata.as_str()), (path("values.yaml"), values), (path("prod.yaml"), "replicas: 3\n")];
    let files: Vec<_> = files.iter().map(|(path, text)| (path.as_str(), *text)).collect();
    Ok(archive(&files)?)
}

/// Serves versions of the chart, with their digests in the index.
fn serve(server: &IndexServer, versions: &[&str]) -> Outcome {
    let mut listed = Vec::new();
    for version in versions {
        let chart = packed(NAME, version)?;
        listed.push((*version, digest(&chart)));
        server.put(&format!("{NAME}-{version}.tgz"), chart);
    }
    let listed: Vec<_> = listed.iter().map(|(version, digest)| (*version, digest.as_str())).collect();
    server.serve(&index_of(NAME, &listed));
    Ok(())
}

/// Follows a repository over HTTP.
async fn follow(world: &Scenario<'_>, server: &IndexServer) -> Outcome {
    world.apply(helm_repository(REPOSITORY, &server.url())).await?;
    world.ready("HelmRepository", REPOSITORY).await.map(drop)
}

/// Returns a file of the archive that is served for a chart, and how it is told there.
async fn served(chart: &Value, file: &str) -> Outcome<String> {
    let answer = http::get(chart["status"]["artifact"]["url"].as_str().unwrap_or_default()).await?;
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(&answer.body[..]));
    for entry in archive.entries()? {
        let mut entry = entry?;
        if entry.path()?.to_string_lossy() == file {
            return Ok(std::io::read_to_string(&mut entry)?);
        }
    }
    Err(format!("{file} is not in the archive").into())
}

#[tokio::test]
async fn a_chart_of_a_repository_is_served_as_it_came_and_told_in_the_words_of_flux() -> Outcome {
    let (world, server) = (scenario("chart-http").await?, IndexServer::start().await?);
    serve(&server, &["1.0.0", "1.1.0", "2.0.0"])?;
    follow(&world, &server).await?;
    world.apply(helm_chart(NAME, NAME, FROM_REPOSITORY).with("version", "1.x")).await?;
    let chart = world.ready("HelmChart", NAME).await?;
    let (status, expected) = (&chart["status"], packed(NAME, "1.1.0")?);
    assert_eq!(status["artifact"]["path"], "helmchart/chart-http/app/app-1.1.0.tgz");
    assert_eq!(
        (&status["artifact"]["revision"], &status["artifact"]["digest"]),
        (&json!("1.1.0"), &json!(digest(&expected)))
    );
    assert_eq!(status["observedChartName"], NAME);
    let repository = world.get("HelmRepository", REPOSITORY).await?;
    assert_eq!(status["observedSourceArtifactRevision"], repository["status"]["artifact"]["revision"]);
    for url in [&status["url"], &status["artifact"]["url"]] {
        assert_eq!(http::get(url.as_str().unwrap_or_default()).await?.body, expected);
    }
    let message = "pulled 'app' chart with version '1.1.0'";
    for type_ in ["Ready", "ArtifactInStorage"] {
        let found = condition(&chart, type_);
        assert_eq!((&found["reason"], &found["message"]), (&json!("ChartPullSucceeded"), &json!(message)));
    }
    let told = world.event("HelmChart", NAME, |told| told.reason == "ChartPullSucceeded").await?;
    assert_eq!((told.type_.as_str(), told.message.as_str()), ("Normal", message));
    assert_eq!(told.annotations["source.toolkit.fluxcd.io/revision"], "1.1.0");
    Ok(())
}

#[tokio::test]
async fn a_new_version_in_the_index_is_pulled_and_the_same_is_not_pulled_twice() -> Outcome {
    let (world, server) = (scenario("chart-moves").await?, IndexServer::start().await?);
    serve(&server, &["1.0.0"])?;
    follow(&world, &server).await?;
    world.apply(helm_chart(NAME, NAME, FROM_REPOSITORY)).await?;
    world.ready("HelmChart", NAME).await?;
    world.request("HelmChart", NAME).await?;
    assert_eq!(server.pulled(), 1);
    serve(&server, &["1.0.0", "1.2.0"])?;
    world.request("HelmRepository", REPOSITORY).await?;
    world.until("HelmChart", NAME, |chart| chart["status"]["artifact"]["revision"] == "1.2.0").await?;
    assert_eq!(server.pulled(), 2);
    Ok(())
}

#[tokio::test]
async fn values_files_become_the_defaults_of_a_chart() -> Outcome {
    let (world, server) = (scenario("chart-values").await?, IndexServer::start().await?);
    serve(&server, &["1.0.0"])?;
    follow(&world, &server).await?;
    let files = json!(["values.yaml", "prod.yaml", "none.yaml"]);
    let draft = helm_chart(NAME, NAME, FROM_REPOSITORY).with("valuesFiles", files);
    world.apply(draft.clone()).await?;
    let message = world.fails("HelmChart", NAME, "ValuesFilesError").await?;
    assert!(message.contains("no values file found at path 'none.yaml'"), "{message}");
    world.apply(draft.with("ignoreMissingValuesFiles", true)).await?;
    let chart = world.ready("HelmChart", NAME).await?;
    let status = &chart["status"];
    assert_eq!(status["artifact"]["revision"], "1.0.0+2");
    assert_eq!(status["observedValuesFiles"], json!(["values.yaml", "prod.yaml"]));
    let message = "packaged 'app' chart with version '1.0.0+2' and merged values files [values.yaml prod.yaml]";
    assert_eq!(condition(&chart, "Ready")["message"], message);
    assert_eq!(served(&chart, "app/values.yaml").await?, "image:\n  tag: one\nreplicas: 3\n");
    assert!(served(&chart, "app/Chart.yaml").await?.contains("version: 1.0.0+2\n"));
    Ok(())
}

#[tokio::test]
async fn a_chart_in_git_is_packed_with_the_charts_that_it_names() -> Outcome {
    let (world, server) = (scenario("chart-git").await?, IndexServer::start().await?);
    let database = packed("db", "2.0.1")?;
    server.put("db-2.0.1.tgz", database.clone());
    server.serve(&index_of("db", &[("2.0.1", &digest(&database))]));
    let dependencies = format!(
        "dependencies:\n- {{name: lib, version: 1.x, repository: \"file://../lib\"}}\n- {{name: db, version: 2.x, alias: store, repository: \"{}\"}}\n",
        server.url()
    );
    let chart = format!("{}{dependencies}", chart_yaml("app", "0.1.0"));
    let files = [
        ("charts/app/Chart.yaml", chart.as_str()),
        ("charts/app/values.yaml", "a: 1\n"),
        ("charts/app/templates/a.yaml", "kind: A\n"),
        ("charts/lib/Chart.yaml", &chart_yaml("lib", "1.0.0")),
    ];
    world.source(&files).await?;
    world.apply(helm_chart(NAME, "./charts/app", FROM_GIT)).await?;
    let chart = world.ready("HelmChart", NAME).await?;
    assert_eq!(chart["status"]["artifact"]["path"], "helmchart/chart-git/app/app-0.1.0.tgz");
    assert_eq!(condition(&chart, "Ready")["message"], "packaged 'app' chart with version '0.1.0'");
    world.event("HelmChart", NAME, |told| told.message == "resolved 2 chart dependencies").await?;
    assert_eq!(served(&chart, "app/templates/a.yaml").await?, "kind: A\n");
    assert!(served(&chart, "app/charts/lib/Chart.yaml").await?.contains("name: lib\n"));
    assert!(served(&chart, "app/charts/store/Chart.yaml").await?.contains("name: store\n"));
    let again = helm_chart("again", "./charts/app", FROM_GIT);
    world.apply(again).await?;
    let again = world.ready("HelmChart", "again").await?;
    assert_eq!(again["status"]["artifact"]["digest"], chart["status"]["artifact"]["digest"]);
    Ok(())
}

#[tokio::test]
async fn a_commit_makes_a_new_chart_only_by_its_version_or_on_request() -> Outcome {
    let world = scenario("chart-strategy").await?;
    let metadata = chart_yaml("app", "0.1.0");
    let files = |text| [("app/Chart.yaml", metadata.as_str()), ("app/templates/a.yaml", text)];
    world.source(&files("kind: A\n")).await?;
    world.apply(helm_chart(NAME, "app", FROM_GIT)).await?;
    world.apply(helm_chart("each", "app", FROM_GIT).with("reconcileStrategy", "Revision")).await?;
    let first = world.ready("HelmChart", NAME).await?["status"]["artifact"].clone();
    let revision = world.push(&files("kind: B\n")).await?;
    let seen = |chart: &Value| chart["status"]["observedSourceArtifactRevision"] == revision.as_str();
    let settled = |chart: &Value| seen(chart) && condition(chart, "Ready")["status"] == "True";
    let chart = world.until("HelmChart", NAME, settled).await?;
    assert_eq!(chart["status"]["artifact"]["digest"], first["digest"]);
    let hash = world.repo.head()?[..12].to_owned();
    let each = world
        .until("HelmChart", "each", |chart| {
            settled(chart) && chart["status"]["artifact"]["revision"] == format!("0.1.0+{hash}")
        })
        .await?;
    assert_eq!(served(&each, "app/templates/a.yaml").await?, "kind: B\n");
    Ok(())
}

#[tokio::test]
async fn a_chart_of_a_registry_is_pulled_by_its_version_or_a_range() -> Outcome {
    let (world, registry) = (scenario("chart-oci").await?, registry().await?);
    for version in ["1.0.0", "1.3.0+b", "2.0.0"] {
        registry.push_chart("chart-oci/app", &version.replace('+', "_"), packed("app", version)?).await?;
    }
    world.apply(helm_repository(REPOSITORY, &registry.url("chart-oci")).with("type", "oci")).await?;
    world.apply(helm_chart(NAME, NAME, FROM_REPOSITORY).with("version", "~1")).await?;
    let chart = world.ready("HelmChart", NAME).await?;
    assert_eq!(condition(&chart, "Ready")["message"], "pulled 'app' chart with version '1.3.0+b'");
    assert_eq!(chart["status"]["artifact"]["digest"], digest(&packed("app", "1.3.0+b")?));
    world.apply(helm_chart(NAME, NAME, FROM_REPOSITORY).with("version", "2.0.0")).await?;
    world.until("HelmChart", NAME, |chart| chart["status"]["artifact"]["revision"] == "2.0.0").await?;
    world.apply(helm_chart("gone", NAME, FROM_REPOSITORY).with("version", "9.9.9")).await?;
    let message = world.fails("HelmChart", "gone", "ChartPullError").await?;
    assert!(message.starts_with("chart pull error: failed to download chart"), "{message}");
    Ok(())
}

#[tokio::test]
async fn a_version_that_is_not_there_stalls_until_the_index_has_it() -> Outcome {
    let (world, server) = (scenario("chart-missing").await?, IndexServer::start().await?);
    serve(&server, &["1.0.0"])?;
    world.apply(helm_chart(NAME, NAME, FROM_REPOSITORY).with("version", "3.x")).await?;
    let message = world.fails("HelmChart", NAME, "SourceUnavailable").await?;
    assert!(message.contains("HelmRepository 'chart-missing/charts' not found"), "{message}");
    follow(&world, &server).await?;
    let message = world.fails("HelmChart", NAME, "InvalidChartReference").await?;
    assert!(message.contains("no 'app' chart with version matching '3.x' found; the index has 1.0.0"), "{message}");
    assert_eq!(condition(&world.get("HelmChart", NAME).await?, "Stalled")["status"], "True");
    serve(&server, &["1.0.0", "3.1.0"])?;
    world.request("HelmRepository", REPOSITORY).await?;
    let chart = world.ready("HelmChart", NAME).await?;
    assert_eq!(chart["status"]["artifact"]["revision"], "3.1.0");
    Ok(())
}

#[tokio::test]
async fn what_does_not_come_as_it_should_is_told_and_tried_again() -> Outcome {
    let (world, server) = (scenario("chart-bad").await?, IndexServer::start().await?);
    let chart = packed(NAME, "1.0.0")?;
    server.put("app-1.0.0.tgz", b"no archive".to_vec());
    server.serve(&index_of(NAME, &[("1.0.0", &digest(&chart))]));
    follow(&world, &server).await?;
    world.apply(helm_chart(NAME, NAME, FROM_REPOSITORY)).await?;
    let message = world.fails("HelmChart", NAME, "ChartPullError").await?;
    assert!(message.contains("its digest is sha256:") && message.contains("as in the index"), "{message}");
    server.put("app-1.0.0.tgz", chart);
    server.fail(&[Mishap::Status(429), Mishap::Status(500), Mishap::Cut]);
    world.request("HelmChart", NAME).await?;
    world.ready("HelmChart", NAME).await?;
    let told = world.event("HelmChart", NAME, |told| told.type_ == "Warning").await?;
    assert_eq!(told.reason, "ChartPullError");
    Ok(())
}

#[tokio::test]
async fn what_is_no_chart_is_refused() -> Outcome {
    let (world, server) = (scenario("chart-broken").await?, IndexServer::start().await?);
    server.put("app-1.0.0.tgz", archive(&[("app/Chart.yaml", "name: app\n")])?);
    server.serve(&index_of(NAME, &[("1.0.0", "")]));
    follow(&world, &server).await?;
    world.apply(helm_chart(NAME, NAME, FROM_REPOSITORY)).await?;
    let message = world.fails("HelmChart", NAME, "ChartPullError").await?;
    assert!(message.contains("chart.metadata.version is required"), "{message}");
    world.source(&[("app/Chart.yaml", &chart_yaml("app", "1.0.0")), ("app/values.yaml", "a: [\n")]).await?;
    world.apply(helm_chart("git", "app", FROM_GIT)).await?;
    let message = world.fails("HelmChart", "git", "ChartPackageError").await?;
    assert!(message.contains("cannot load values.yaml"), "{message}");
    let chart = world.get("HelmChart", "git").await?;
    assert_eq!(condition(&chart, "BuildFailed")["status"], "True");
    assert!(condition(&chart, "FetchFailed").is_null());
    Ok(())
}

#[tokio::test]
async fn credentials_of_the_repository_are_those_of_its_charts() -> Outcome {
    let (world, server) = (scenario("chart-auth").await?, IndexServer::start().await?);
    server.guard("flux", "right-one");
    serve(&server, &["1.0.0"])?;
    world.apply(secret("repo", &[("username", "flux"), ("password", "right-one")])).await?;
    world.apply(helm_repository(REPOSITORY, &server.url()).with_secret("repo")).await?;
    world.ready("HelmRepository", REPOSITORY).await?;
    world.apply(helm_chart(NAME, NAME, FROM_REPOSITORY)).await?;
    world.ready("HelmChart", NAME).await?;
    server.guard("flux", "another");
    world.apply(helm_chart("refused", NAME, FROM_REPOSITORY)).await?;
    let message = world.fails("HelmChart", "refused", "AuthenticationFailed").await?;
    assert!(message.starts_with("failed to authenticate with the Helm repository: "), "{message}");
    assert!(!shared().await?.agent.log().contains("right-one"), "the password is in the log");
    Ok(())
}

#[tokio::test]
async fn a_suspended_chart_rests_and_a_deleted_one_is_no_longer_served() -> Outcome {
    let (world, server) = (scenario("chart-ends").await?, IndexServer::start().await?);
    serve(&server, &["1.0.0"])?;
    follow(&world, &server).await?;
    world.apply(helm_chart(NAME, NAME, FROM_REPOSITORY).with("suspend", true)).await?;
    world.apply(helm_chart("other", NAME, FROM_REPOSITORY)).await?;
    let other = world.ready("HelmChart", "other").await?;
    assert!(world.get("HelmChart", NAME).await?["status"]["artifact"].is_null());
    assert_eq!(other["metadata"]["finalizers"], json!(["finalizers.fluxcd.io"]));
    world.delete("HelmChart", "other").await?;
    world.gone("HelmChart", "other").await?;
    let url = other["status"]["artifact"]["url"].as_str().unwrap_or_default();
    assert_eq!(http::get(url).await?.status, 404);
    world
        .event("HelmChart", "other", |told| told.message == "garbage collected artifacts for deleted resource")
        .await?;
    Ok(())
}
