//! HelmRepository: the index of a repository over HTTP, and mere addresses of registries.

use serde_json::{Value, json};
use sluice_e2e::index_server::{IndexServer, index};
use sluice_e2e::scenario::{condition, helm_repository, secret};
use sluice_e2e::{Outcome, http};

use crate::fixture::{scenario, shared};

const NAME: &str = "charts";

#[tokio::test]
async fn an_index_is_stored_and_told_in_the_words_of_flux() -> Outcome {
    let (world, server) = (scenario("helm-index").await?, IndexServer::start().await?);
    let digest = server.serve(&index(&["1.0.0"]));
    world.apply(helm_repository(NAME, &server.url())).await?;
    let source = world.ready("HelmRepository", NAME).await?;
    let (artifact, hex) = (&source["status"]["artifact"], digest.split(':').next_back().unwrap_or_default());
    assert_eq!(artifact["revision"], digest.as_str());
    assert_eq!(artifact["path"], format!("helmrepository/helm-index/{NAME}/index-{hex}.yaml"));
    for type_ in ["Ready", "ArtifactInStorage"] {
        assert_eq!(condition(&source, type_)["message"], format!("stored artifact: revision '{digest}'"));
    }
    for url in [&artifact["url"], &source["status"]["url"]] {
        let served = http::get(url.as_str().unwrap_or_default()).await?;
        assert_eq!((served.status, served.text()), (200, index(&["1.0.0"])));
    }
    let told = world.event("HelmRepository", NAME, |told| told.reason == "NewArtifact").await?;
    let size = index(&["1.0.0"]).len();
    assert_eq!(told.message, format!("stored fetched index of size {size}B from '{}'", server.url()));
    Ok(())
}

#[tokio::test]
async fn an_index_that_has_not_changed_is_not_sent_again() -> Outcome {
    let (world, server) = (scenario("helm-etag").await?, IndexServer::start().await?);
    server.serve(&index(&["1.0.0"]));
    world.apply(helm_repository(NAME, &server.url())).await?;
    world.ready("HelmRepository", NAME).await?;
    assert_eq!(server.counts(), (1, 1));
    world.request("HelmRepository", NAME).await?;
    assert_eq!(server.counts(), (2, 1));
    let newer = server.serve(&index(&["1.0.0", "1.1.0"]));
    let source = world.request("HelmRepository", NAME).await?;
    assert_eq!(source["status"]["artifact"]["revision"], newer.as_str());
    assert_eq!(server.counts(), (3, 2));
    Ok(())
}

#[tokio::test]
async fn credentials_and_what_is_no_index_are_told_and_the_last_index_stays() -> Outcome {
    let (world, server) = (scenario("helm-bad").await?, IndexServer::start().await?);
    server.guard("flux", "right-one");
    let digest = server.serve(&index(&["1.0.0"]));
    world.apply(helm_repository(NAME, &server.url())).await?;
    let message = world.fails("HelmRepository", NAME, "Failed").await?;
    assert!(message.contains("status 401") && message.contains("spec.secretRef"), "{message}");
    world.apply(secret("repo", &[("username", "flux"), ("password", "right-one")])).await?;
    world.apply(helm_repository(NAME, &server.url()).with_secret("repo")).await?;
    world.ready("HelmRepository", NAME).await?;
    server.serve("<html>we have moved</html>");
    world.request("HelmRepository", NAME).await?;
    world.fails("HelmRepository", NAME, "IndexationFailed").await?;
    let source = world.get("HelmRepository", NAME).await?;
    assert_eq!(source["status"]["artifact"]["revision"], digest.as_str());
    assert!(!shared().await?.agent.log().contains("right-one"), "the password is in the log");
    Ok(())
}

#[tokio::test]
async fn an_address_of_a_registry_has_no_status_and_no_finalizer() -> Outcome {
    let (world, server) = (scenario("helm-oci").await?, IndexServer::start().await?);
    world.apply(helm_repository(NAME, &server.url())).await?;
    world.ready("HelmRepository", NAME).await?;
    world.apply(helm_repository(NAME, "oci://registry.example.com/charts").with("type", "oci")).await?;
    let bare = |found: &Value| {
        let status = &found["status"];
        found["metadata"]["finalizers"].is_null() && status["artifact"].is_null() && status["conditions"].is_null()
    };
    world.until("HelmRepository", NAME, bare).await?;
    world.apply(helm_repository("fresh", "oci://registry.example.com/charts").with("type", "oci")).await?;
    world.until("HelmRepository", "fresh", |found| found["status"] == json!({})).await?;
    let again = json!({ "metadata": { "annotations": { "reconcile.fluxcd.io/requestedAt": "now" } } });
    world.change("HelmRepository", NAME, again).await?;
    world.apply(helm_repository("other", &server.url())).await?;
    world.ready("HelmRepository", "other").await?;
    assert!(bare(&world.get("HelmRepository", NAME).await?));
    world.delete("HelmRepository", NAME).await?;
    world.gone("HelmRepository", NAME).await
}
