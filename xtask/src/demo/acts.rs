//! The acts of the demo, in their order. Each does what a user would, and ends when the cluster shows the effect.

use std::collections::BTreeMap;

use anyhow::{Context as _, ensure};
use futures::future::BoxFuture;

use super::{
    container::Container,
    eye::View,
    screen::Screen,
    stage::Stage,
    stamps::{RELEASES, Stamps},
};

/// What is played, and returns what it has shown.
type Play = for<'a> fn(&'a mut Stage, &'a Screen) -> BoxFuture<'a, anyhow::Result<String>>;

/// One act.
pub(super) struct Act {
    /// What it shows.
    pub(super) title: &'static str,
    /// How.
    pub(super) play: Play,
}

/// All acts.
pub(super) const ALL: [Act; 13] = [
    Act { title: "The source is fetched", play: |stage, screen| Box::pin(fetch(stage, screen)) },
    Act { title: "Kustomizations get Ready in order", play: |stage, screen| Box::pin(order(stage, screen)) },
    Act { title: "Pods run", play: |stage, screen| Box::pin(pods(stage, screen)) },
    Act { title: "A commit is rolled out", play: |stage, screen| Box::pin(roll_out(stage, screen)) },
    Act { title: "A change by hand is put back", play: |stage, screen| Box::pin(put_back(stage, screen)) },
    Act {
        title: "A change by hand is put back at once",
        play: |stage, screen| Box::pin(put_back_at_once(stage, screen)),
    },
    Act { title: "What Git no longer has is pruned", play: |stage, screen| Box::pin(prune(stage, screen)) },
    Act { title: "A broken commit is refused", play: |stage, screen| Box::pin(refuse(stage, screen)) },
    Act { title: "The commit is reverted", play: |stage, screen| Box::pin(repair(stage, screen)) },
    Act { title: "The fleet moves to Azure Blob Storage", play: |stage, screen| Box::pin(relocate(stage, screen)) },
    Act { title: "A blob is rolled out", play: |stage, screen| Box::pin(upload(stage, screen)) },
    Act { title: "Stamps install charts from Git", play: |stage, screen| Box::pin(install(stage, screen)) },
    Act { title: "The stamps move to Azure Blob Storage", play: |stage, screen| Box::pin(transfer(stage, screen)) },
];

const SOURCE: &str = "gitrepository/flux-system";

async fn fetch(stage: &mut Stage, screen: &Screen) -> anyhow::Result<String> {
    let commit = stage.fleet.head()?;
    stage.kubectl(screen, &format!("apply -f ./{}", stage.fleet.sync())).await?;
    stage.until(screen, "an artifact of the commit", |view| view.is_fetched(&commit)).await?;
    Ok(format!("main at {}", &commit[..8]))
}

async fn order(stage: &mut Stage, screen: &Screen) -> anyhow::Result<String> {
    let commit = stage.fleet.head()?;
    for name in ["flux-system", "infrastructure", "apps"] {
        let view = stage.until(screen, name, |view| view.is_ready_at(name, &commit)).await?;
        let early = name == "infrastructure" && view.is_ready_at("apps", &commit);
        ensure!(!early, "apps was Ready before infrastructure, on which it depends");
    }
    Ok("flux-system, infrastructure, apps".to_owned())
}

async fn pods(stage: &mut Stage, screen: &Screen) -> anyhow::Result<String> {
    let all = |view: &View| view.ready_pods() >= 3 && view.ready_pods() == view.pods.len();
    let view = stage.until(screen, "three pods that are ready", all).await?;
    Ok(format!("{} of {} pods ready", view.ready_pods(), view.pods.len()))
}

async fn roll_out(stage: &mut Stage, screen: &Screen) -> anyhow::Result<String> {
    let commit = stage.fleet.release("1.1.0", "1.2.0")?;
    show_commit(screen, &commit, "shop 1.2.0 in dev");
    stage.request(screen, SOURCE).await?;
    let done = |view: &View| view.runs("shop", "1.2.0") && view.is_ready_at("apps", &commit);
    stage.until(screen, "shop 1.2.0 available", done).await?;
    Ok("shop runs 1.2.0".to_owned())
}

async fn put_back(stage: &mut Stage, screen: &Screen) -> anyhow::Result<String> {
    stage.kubectl(screen, "-n shop scale deployment/shop --replicas=5").await?;
    stage.until(screen, "five replicas", |view| view.replicas("shop") == Some(5)).await?;
    let token = stage.request(screen, "kustomization/apps").await?;
    let done = |view: &View| view.replicas("shop") == Some(1) && view.answered("apps") == Some(&token);
    stage.until(screen, "one replica again", done).await?;
    Ok("shop has 1 replica again".to_owned())
}

async fn put_back_at_once(stage: &mut Stage, screen: &Screen) -> anyhow::Result<String> {
    let commit = stage.fleet.head()?;
    stage.kubectl(screen, "-n flux-system annotate kustomization/apps sluice.dev/drift=immediate").await?;
    // From the pass that this starts on, drift wakes.
    let token = stage.request(screen, "kustomization/apps").await?;
    let settled = |view: &View| view.answered("apps") == Some(&token) && view.is_ready_at("apps", &commit);
    stage.until(screen, "the annotation dealt with", settled).await?;
    let image = "catalog=registry.example.com/catalog:by-hand";
    stage.kubectl(screen, &format!("-n shop set image deployment/catalog {image}")).await?;
    stage.until(screen, "the image of Git again", |view| view.runs("catalog", "1.0.0")).await?;
    Ok("catalog has its image again; nobody asked".to_owned())
}

async fn prune(stage: &mut Stage, screen: &Screen) -> anyhow::Result<String> {
    let commit = stage.fleet.retire("mail")?;
    show_commit(screen, &commit, "no mail any more");
    stage.request(screen, SOURCE).await?;
    let done = |view: &View| view.deployment("mail").is_none() && view.is_ready_at("apps", &commit);
    stage.until(screen, "mail pruned", done).await?;
    let left = stage.kubectl(screen, "-n shop get deployments,services,configmaps -o name").await?;
    ensure!(!left.contains("mail"), "left behind: {left}");
    Ok("Deployment, Service and ConfigMap of mail are gone".to_owned())
}

async fn refuse(stage: &mut Stage, screen: &Screen) -> anyhow::Result<String> {
    let before = stage.look().await?.uids();
    let commit = stage.fleet.break_yaml("apps/base/catalog/deployment.yaml", "shop")?;
    show_commit(screen, &commit, "tidy up (a list that never ends, and no shop)");
    stage.request(screen, SOURCE).await?;
    let refused = |view: &View| view.refusal("apps", &commit).is_some();
    let view = stage.until(screen, "the commit refused", refused).await?;
    ensure_same(&before, &view.uids())?;
    let message = view.refusal("apps", &commit).context("the message is gone")?;
    ensure!(message.contains("deployment.yaml"), "the message names no file: {message}");
    Ok(format!("{} Deployments untouched; apps says: {message}", before.len()))
}

async fn repair(stage: &mut Stage, screen: &Screen) -> anyhow::Result<String> {
    let before = stage.look().await?.uids();
    let commit = stage.fleet.revert()?;
    show_commit(screen, &commit, "Revert \"tidy up\"");
    stage.request(screen, SOURCE).await?;
    let view = stage.until(screen, "apps Ready again", |view| view.is_ready_at("apps", &commit)).await?;
    ensure_same(&before, &view.uids())?;
    Ok("apps is Ready again, and nothing was made anew".to_owned())
}

async fn relocate(stage: &mut Stage, screen: &Screen) -> anyhow::Result<String> {
    let before = stage.look().await?.uids();
    let container = Container::fill(stage.fleet.path()).await?;
    let file = stage.fleet.follow_container(&container.endpoint())?;
    for file in ["clusters/dev/apps.yaml", "clusters/dev/infrastructure.yaml", file] {
        container.put(file, &std::fs::read_to_string(stage.fleet.path().join(file))?).await?;
    }
    screen.command("az storage blob upload-batch --destination fleet --source .");
    stage.kubectl(screen, &container.secret()).await?;
    stage.kubectl(screen, &format!("apply -f ./{file}")).await?;
    stage.container = Some(container);
    let moved =
        |view: &View| view.revision().is_some_and(|blob| view.is_ready_at("apps", blob)) && view.sources.is_empty();
    let view = stage.until(screen, "apps Ready from the container, no GitRepository left", moved).await?;
    ensure_same(&before, &view.uids())?;
    Ok("the GitRepository is pruned, and nothing was made anew".to_owned())
}

async fn upload(stage: &mut Stage, screen: &Screen) -> anyhow::Result<String> {
    let (file, text) = stage.fleet.retag("1.2.0", "1.3.0")?;
    let container = stage.container.as_ref().context("there is no container")?;
    let before = container.downloads()?.len();
    container.put(file, &text).await?;
    screen.command(&format!("az storage blob upload --container-name fleet --name {file} --file {file}"));
    stage.request(screen, "bucket/flux-system").await?;
    let done =
        |view: &View| view.runs("shop", "1.3.0") && view.revision().is_some_and(|blob| view.is_ready_at("apps", blob));
    stage.until(screen, "shop 1.3.0 available", done).await?;
    let downloads = stage.container.as_ref().context("there is no container")?.downloads()?;
    ensure!(downloads[before..] == [file], "more was downloaded than {file}: {:?}", &downloads[before..]);
    Ok("shop runs 1.3.0; one blob was downloaded".to_owned())
}

async fn install(stage: &mut Stage, screen: &Screen) -> anyhow::Result<String> {
    let stamps = Stamps::serve(&stage.fleet)?;
    stage.kubectl_in(stamps.path(), screen, &format!("apply -f ./{}", stamps.git())).await?;
    stage.stamps = Some(stamps);
    for release in RELEASES {
        let view = stage.until(screen, release.1, |view| view.released(release, "GitRepository").is_some()).await?;
        let early = release.1 != "sample" && view.released(RELEASES[2], "GitRepository").is_some();
        ensure!(!early, "sample was Ready before {}, on which it depends", release.1);
    }
    Ok("cert-manager, database, sample: each waits for the one before, in another namespace".to_owned())
}

async fn transfer(stage: &mut Stage, screen: &Screen) -> anyhow::Result<String> {
    let container = stage.container.as_ref().context("there is no container")?;
    let stamps = stage.stamps.as_ref().context("there are no stamps")?;
    let file = stamps.blob(&container.endpoint())?;
    container.add("stamps", stamps.path()).await?;
    screen.command("az storage blob upload-batch --destination stamps --source .");
    stage.kubectl_in(stamps.path(), screen, &format!("apply -f ./{file}")).await?;
    let revisions = |view: &View| RELEASES.map(|release| view.released(release, "Bucket"));
    let moved = |view: &View| revisions(view).iter().all(Option::is_some);
    let view = stage.until(screen, "all charts from the container", moved).await?;
    ensure!(revisions(&view) == [Some(1); 3], "releases were made anew: {:?}", revisions(&view));
    Ok("the charts come from the container; no release was changed".to_owned())
}

fn show_commit(screen: &Screen, commit: &str, message: &str) {
    screen.command(&format!("git commit --all --message '{message}'   # {}", &commit[..8]));
}

fn ensure_same(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) -> anyhow::Result<()> {
    ensure!(before == after, "Deployments were lost or made anew: {before:?} became {after:?}");
    Ok(())
}
