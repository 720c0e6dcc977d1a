//! GitRepository: what is fetched, when, with which credentials, and how it is served.

use std::collections::BTreeMap;
use std::io::Read as _;

use rstest::rstest;
use sha2::{Digest as _, Sha256};
use sluice_e2e::git_server::{Auth, ServerOptions, Service, Tls};
use sluice_e2e::scenario::{SOURCE, condition, config_map, git_repository, secret};
use sluice_e2e::{Outcome, Scenario, http};

use crate::fixture::{scenario, served, shared};

/// Four commits: `v1.0.0`, `v1.2.0`, `v2.0.0-rc.1` and the head of `main`; and one on the branch `next`.
fn history(world: &Scenario<'_>) -> Outcome<BTreeMap<&'static str, String>> {
    let mut commits = BTreeMap::new();
    for tag in ["v1.0.0", "v1.2.0", "v2.0.0-rc.1"] {
        world.commit(&[("a.yaml", &config_map("a", tag))])?;
        world.repo.tag(tag)?;
        commits.insert(tag, world.repo.head()?);
    }
    world.commit(&[("a.yaml", &config_map("a", "main"))])?;
    commits.insert("main", world.repo.head()?);
    world.repo.branch("next")?;
    world.commit(&[("a.yaml", &config_map("a", "next"))])?;
    commits.insert("next", world.repo.head()?);
    world.repo.branch("main")?;
    Ok(commits)
}

#[rstest]
#[case::branch("branch", "next", "next@sha1:", "next")]
#[case::tag("tag", "v1.0.0", "v1.0.0@sha1:", "v1.0.0")]
#[case::semver("semver", ">=1.0.0", "v1.2.0@sha1:", "v1.2.0")]
#[case::semver_with_prereleases("semver", ">=1.0.0-0", "v2.0.0-rc.1@sha1:", "v2.0.0-rc.1")]
#[case::name("name", "refs/heads/next", "refs/heads/next@sha1:", "next")]
#[tokio::test]
async fn follows_a_reference(
    #[case] what: &str,
    #[case] value: &str,
    #[case] prefix: &str,
    #[case] commit: &str,
) -> Outcome {
    let world = scenario(&format!("ref-{what}-{}", value.len())).await?;
    let commits = history(&world)?;
    world.apply(git_repository(SOURCE, &world.url()).follows(what, value)).await?;
    let source = world.ready("GitRepository", SOURCE).await?;
    assert_eq!(source["status"]["artifact"]["revision"], format!("{prefix}{}", commits[commit]));
    Ok(())
}

#[tokio::test]
async fn follows_a_commit() -> Outcome {
    let world = scenario("ref-commit").await?;
    let commits = history(&world)?;
    world.apply(git_repository(SOURCE, &world.url()).follows("commit", &commits["v1.0.0"])).await?;
    let source = world.ready("GitRepository", SOURCE).await?;
    assert_eq!(source["status"]["artifact"]["revision"], format!("sha1:{}", commits["v1.0.0"]));
    Ok(())
}

#[tokio::test]
async fn nothing_is_fetched_while_the_reference_has_not_moved() -> Outcome {
    let world = scenario("no-fetch").await?;
    world.source(&[("a.yaml", &config_map("a", "1"))]).await?;
    assert_eq!(world.asked(Service::Fetch), 1);
    let looked = world.asked(Service::LsRefs);
    for _ in 0..3 {
        world.request("GitRepository", SOURCE).await?;
    }
    assert_eq!((world.asked(Service::Fetch), world.asked(Service::LsRefs)), (1, looked + 3));
    world.push(&[("a.yaml", &config_map("a", "2"))]).await?;
    assert_eq!(world.asked(Service::Fetch), 2);
    Ok(())
}

#[rstest]
#[case::basic("auth-basic", Auth::Basic { user: "flux".into(), password: "s3cret".into() }, &[("username", "flux"), ("password", "s3cret")])]
#[case::bearer("auth-bearer", Auth::Bearer("t0ken".into()), &[("bearerToken", "t0ken")])]
#[tokio::test]
async fn credentials_come_from_a_secret(
    #[case] name: &str,
    #[case] auth: Auth,
    #[case] entries: &[(&str, &str)],
) -> Outcome {
    let world = served(name, ServerOptions { auth, ..ServerOptions::default() }).await?;
    world.commit(&[("a.yaml", &config_map("a", "1"))])?;
    world.apply(secret("git", entries)).await?;
    world.apply(git_repository(SOURCE, &world.url()).with_secret("git")).await?;
    world.ready("GitRepository", SOURCE).await?;
    for (key, value) in entries.iter().filter(|(key, _)| *key != "username") {
        assert!(!shared().await?.agent.log().contains(value), "{key} is in the log");
    }
    Ok(())
}

#[tokio::test]
async fn a_certificate_is_trusted_by_the_authority_in_a_secret() -> Outcome {
    let tls = Tls::self_signed()?;
    let world = served("custom-ca", ServerOptions { tls: Some(tls.clone()), ..ServerOptions::default() }).await?;
    world.commit(&[("a.yaml", &config_map("a", "1"))])?;
    world.apply(git_repository(SOURCE, &world.url())).await?;
    let message = world.fails("GitRepository", SOURCE, "GitOperationFailed").await?;
    assert!(message.contains("certificate") && message.contains("ca.crt"), "{message}");
    world.apply(secret("ca", &[("ca.crt", &tls.certificate)])).await?;
    world.apply(git_repository(SOURCE, &world.url()).with_secret("ca")).await?;
    world.ready("GitRepository", SOURCE).await?;
    Ok(())
}

#[tokio::test]
async fn a_host_is_asked_through_the_proxy_of_a_secret() -> Outcome {
    let world = scenario("proxy").await?;
    world.commit(&[("a.yaml", &config_map("a", "1"))])?;
    // The server does for a proxy: it answers for a host that does not exist.
    let (address, path) = world.url().rsplit_once('/').map(|(a, b)| (a.to_owned(), b.to_owned())).ok_or("a path")?;
    let hidden = format!("http://git.invalid/{path}");
    world.apply(git_repository(SOURCE, &hidden)).await?;
    world.fails("GitRepository", SOURCE, "GitOperationFailed").await?;
    world.apply(secret("proxy", &[("address", &address)])).await?;
    world.apply(git_repository(SOURCE, &hidden).with("proxySecretRef", serde_json::json!({ "name": "proxy" }))).await?;
    world.ready("GitRepository", SOURCE).await?;
    Ok(())
}

/// Returns the files of an archive with their modes.
fn files(archive: &[u8]) -> Outcome<BTreeMap<String, u32>> {
    let mut plain = Vec::new();
    flate2::read::GzDecoder::new(archive).read_to_end(&mut plain)?;
    let mut archive = tar::Archive::new(plain.as_slice());
    let mut files = BTreeMap::new();
    for entry in archive.entries()? {
        let entry = entry?;
        if entry.header().entry_type().is_file() {
            files.insert(entry.path()?.display().to_string(), entry.header().mode()?);
        }
    }
    Ok(files)
}

async fn served_files(world: &Scenario<'_>) -> Outcome<Vec<String>> {
    let source = world.ready("GitRepository", SOURCE).await?;
    let url = source["status"]["artifact"]["url"].as_str().unwrap_or_default().to_owned();
    Ok(files(&http::get(&url).await?.body)?.into_keys().collect())
}

#[tokio::test]
async fn the_artifact_is_served_and_described_as_flux_does() -> Outcome {
    let world = scenario("artifact").await?;
    let revision = world.source(&[("apps/a.yaml", &config_map("a", "1")), ("README.md", "# apps")]).await?;
    let source = world.get("GitRepository", SOURCE).await?;
    let (artifact, commit) = (&source["status"]["artifact"], world.repo.head()?);
    let path = format!("gitrepository/artifact/{SOURCE}/{commit}.tar.gz");
    assert_eq!((&artifact["path"], &artifact["revision"]), (&path.clone().into(), &revision.clone().into()));
    assert_eq!(artifact["url"], format!("{}/{path}", shared().await?.agent.storage_url()));
    assert!(artifact["lastUpdateTime"].is_string(), "{artifact}");
    let answer = http::get(artifact["url"].as_str().unwrap_or_default()).await?;
    assert_eq!(answer.status, 200);
    let digest: String = Sha256::digest(&answer.body).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(artifact["digest"], format!("sha256:{digest}"));
    assert_eq!(artifact["size"], answer.body.len());
    let expected = [("README.md", 0o600), ("apps/a.yaml", 0o600)].map(|(name, mode)| (name.to_owned(), mode));
    assert_eq!(files(&answer.body)?, expected.into());

    let message = format!("stored artifact for revision '{revision}'");
    for type_ in ["Ready", "ArtifactInStorage"] {
        let condition = condition(&source, type_);
        assert_eq!((&condition["status"], &condition["reason"]), (&"True".into(), &"Succeeded".into()), "{source:#}");
        assert_eq!(condition["message"], message.as_str());
    }
    assert!(condition(&source, "Reconciling").is_null() && condition(&source, "ArtifactOutdated").is_null());
    let told = world.event("GitRepository", SOURCE, |told| told.reason == "NewArtifact").await?;
    assert_eq!(told.message, "stored artifact for commit 'change'");
    assert_eq!((told.type_.as_str(), told.component.as_str()), ("Normal", "source-controller"));
    assert_eq!(told.annotations["source.toolkit.fluxcd.io/revision"], revision.as_str());
    Ok(())
}

#[tokio::test]
async fn ignored_files_are_not_in_the_artifact() -> Outcome {
    let world = scenario("ignore").await?;
    let file = ("a.yaml", &*config_map("a", "1"));
    world.source(&[file, ("logo.png", "x"), (".github/ci.yaml", "x"), ("docs/b.txt", "x")]).await?;
    assert_eq!(served_files(&world).await?, ["a.yaml", "docs/b.txt"]);
    world.push(&[(".sourceignore", "docs/\n")]).await?;
    assert_eq!(served_files(&world).await?, [".github/ci.yaml", ".sourceignore", "a.yaml", "logo.png"]);
    let fetched = world.asked(Service::Fetch);
    world.apply(git_repository(SOURCE, &world.url()).with("ignore", "*\n!a.yaml\n")).await?;
    assert_eq!(served_files(&world).await?, ["a.yaml"]);
    assert!(world.asked(Service::Fetch) <= fetched + 1);
    Ok(())
}

#[tokio::test]
async fn a_suspended_source_rests_and_a_deleted_one_is_no_longer_served() -> Outcome {
    let world = scenario("source-ends").await?;
    world.source(&[("a.yaml", &config_map("a", "1"))]).await?;
    let before = world.get("GitRepository", SOURCE).await?["status"].clone();
    world.apply(git_repository(SOURCE, &world.url()).suspended()).await?;
    let requests = world.server.requests().len();
    let again = git_repository("other", &world.url());
    world.commit(&[("a.yaml", &config_map("a", "2"))])?;
    world
        .change(
            "GitRepository",
            SOURCE,
            serde_json::json!({ "metadata": { "annotations": { "reconcile.fluxcd.io/requestedAt": "1" } } }),
        )
        .await?;
    world.apply(again).await?;
    world.ready("GitRepository", "other").await?;
    let handled = |source: &serde_json::Value| source["status"]["lastHandledReconcileAt"] == "1";
    let resting = world.until("GitRepository", SOURCE, handled).await?;
    assert_eq!(resting["status"]["artifact"], before["artifact"]);
    assert!(world.server.requests().len() - requests <= 3, "the suspended source was asked too");

    world.delete("GitRepository", SOURCE).await?;
    world.gone("GitRepository", SOURCE).await?;
    let url = before["artifact"]["url"].as_str().unwrap_or_default();
    assert_eq!(http::get(url).await?.status, 404);
    Ok(())
}
