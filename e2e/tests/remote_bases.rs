//! `sluice kustomize build` of what lies on servers, beside kustomize itself: the same bytes, the same refusals.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use axum::Router;
use axum::routing::get;
use rstest::rstest;
use sluice_e2e::git_server::{GitServer, Repo, ServerOptions};
use sluice_e2e::tools::{self, Tool};
use sluice_e2e::{Outcome, agent};

const A: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  k: v1\n";

/// Two repositories, the second a submodule of the first, and files on a web server.
struct Web {
    folder: tempfile::TempDir,
    git: GitServer,
    files: String,
    first: String,
}

impl Web {
    async fn start() -> Outcome<Self> {
        let folder = tempfile::tempdir()?;
        let lib = Repo::init(folder.path().join("served/lib.git"))?;
        lib.write("part/kustomization.yaml", "kind: Component\nnameSuffix: -part\n")?;
        lib.write("base/kustomization.yaml", "resources: [lib.yaml]\n")?;
        lib.write("base/lib.yaml", A.replace("name: a", "name: lib"))?;
        lib.commit("library")?;
        let git = GitServer::start(&folder.path().join("served"), ServerOptions::default()).await?;
        let app = Repo::init(folder.path().join("served/app.git"))?;
        let first = app_commits(&app, &git)?;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let files = format!("http://{}", listener.local_addr()?);
        let patch = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {patched: yes please}\n";
        let router = Router::new()
            .route("/a.yaml", get(|| async { A }))
            .route("/org/repo/a.yaml", get(|| async { A }))
            .route("/patch.yaml", get(move || async move { patch }))
            .route("/moved.yaml", get(|| async { axum::response::Redirect::temporary("/a.yaml") }));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { folder, git, files, first })
    }

    /// Writes a kustomization, with the servers' addresses in it, and has both programs build it.
    async fn build(&self, kustomization: &str) -> Outcome<[Output; 2]> {
        let directory = self.folder.path().join("local");
        std::fs::create_dir_all(&directory)?;
        std::fs::write(directory.join("kustomization.yaml"), self.addressed(kustomization))?;
        self.run(&directory.display().to_string()).await
    }

    /// Has both programs build a directory or URL.
    async fn run(&self, what: &str) -> Outcome<[Output; 2]> {
        let what = self.addressed(what);
        let ours = command(agent::program()?, &["kustomize", "build", &what]).await?;
        let real = command(tools::path(Tool::Kustomize).await?, &["build", &what]).await?;
        Ok([ours, real])
    }

    fn addressed(&self, text: &str) -> String {
        let git = self.git.url("");
        text.replace("GIT", git.trim_end_matches('/')).replace("WEB", &self.files).replace("FIRST", &self.first)
    }
}

/// Commits twice; the first is tagged.
fn app_commits(app: &Repo, git: &GitServer) -> Outcome<String> {
    app.write("base/kustomization.yaml", "resources: [a.yaml]\nconfigMapGenerator: [{name: made, literals: [x=y]}]\n")?;
    app.write("base/a.yaml", A)?;
    app.write("overlay/kustomization.yaml", "resources: [../base]\nnamePrefix: my-\n")?;
    app.write("outside/kustomization.yaml", "resources: [../base/a.yaml]\n")?;
    app.write("away/kustomization.yaml", "resources: [../../../local]\n")?;
    let other = format!("resources: ['{}//base']\nnamePrefix: other-\n", git.url("lib.git"));
    app.write("other/kustomization.yaml", other)?;
    let circle = format!("resources: ['{}//circle']\n", git.url("app.git"));
    app.write("circle/kustomization.yaml", circle)?;
    app.write("kustomization.yaml", "resources: [base]\n")?;
    app.write("with/kustomization.yaml", "resources: [../modules/lib/base]\n")?;
    app.write(".sourceignore", "base/\n")?;
    app.git(&["submodule", "--quiet", "add", &git.url("lib.git"), "modules/lib"])?;
    let first = app.commit("first")?;
    app.tag("1.0")?;
    app.branch("main")?;
    app.write("base/a.yaml", A.replace("v1", "v2"))?;
    app.commit("second")?;
    app.branch("release/2")?;
    app.write("base/a.yaml", A.replace("v1", "v3"))?;
    app.commit("third")?;
    app.branch("main")?;
    Ok(first)
}

async fn command(program: PathBuf, arguments: &[&str]) -> Outcome<Output> {
    let mut command = Command::new(program);
    command.args(arguments).env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
    command.env("GIT_TERMINAL_PROMPT", "0").current_dir(Path::new("/"));
    Ok(tokio::task::spawn_blocking(move || command.output()).await??)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_built_is_what_kustomize_builds() -> Outcome {
    let web = Web::start().await?;
    for kustomization in [
        "resources: ['GIT/app.git//base']",
        "resources: ['GIT/app.git/base?ref=1.0']",
        "resources: ['GIT/app.git//base?ref=FIRST']",
        "resources: ['GIT/app.git//base?ref=release/2&submodules=false&timeout=20']",
        "resources: ['git::GIT/app.git//overlay?version=refs/heads/main']",
        "resources: ['GIT/app.git']",
        "resources: ['GIT/app.git//other']",
        "resources: ['GIT/app.git//with']",
        "resources: ['GIT/app.git//modules/lib/base']",
        "resources: ['GIT/app.git//overlay?ref=1.0']\nbuildMetadata: [originAnnotations, transformerAnnotations]",
        "resources: ['GIT/app.git?ref=1.0']\nbuildMetadata: [originAnnotations]",
        "resources: ['WEB/org/repo/a.yaml']\nbuildMetadata: [originAnnotations]",
        "resources: ['WEB/a.yaml']\nbuildMetadata: [originAnnotations]",
        "resources: ['WEB/moved.yaml']\npatches: [{path: WEB/patch.yaml}]",
        "resources: ['WEB/a.yaml']\ncomponents: ['GIT/lib.git//part']",
        "configMapGenerator: [{name: files, files: ['k=WEB/a.yaml'], envs: ['WEB/patch.yaml']}]",
    ] {
        let [ours, real] = web.build(kustomization).await?;
        assert!(real.status.success(), "{kustomization}: {}", String::from_utf8_lossy(&real.stderr));
        assert!(ours.status.success(), "{kustomization}: {}", String::from_utf8_lossy(&ours.stderr));
        assert_eq!(String::from_utf8_lossy(&ours.stdout), String::from_utf8_lossy(&real.stdout), "{kustomization}");
    }
    let [ours, real] = web.run("GIT/app.git//overlay?ref=1.0").await?;
    assert!(real.status.success() && !real.stdout.is_empty(), "{}", String::from_utf8_lossy(&real.stderr));
    assert_eq!(String::from_utf8_lossy(&ours.stdout), String::from_utf8_lossy(&real.stdout));
    Ok(())
}

#[rstest]
#[case::reference("resources: ['GIT/app.git//base?ref=none']", "there are, among others, `main`")]
#[case::directory("resources: ['GIT/app.git//none']", "there is no directory `none` in the repository")]
#[case::repository("resources: ['GIT/none.git']", "bases are fetched without credentials")]
#[case::outside("resources: ['GIT/app.git//outside']", "is not in or below")]
#[case::away("resources: ['GIT/app.git//away']", "what a repository names must be in it")]
#[case::circle("resources: ['GIT/app.git//circle']", "cycle detected")]
#[case::submodule("resources: ['GIT/app.git//with?submodules=false']", "`../modules/lib/base` not found")]
#[case::file("resources: ['WEB/none.yaml']", "the server answered 404 Not Found")]
#[case::patch("patches: [{path: 'WEB/none.yaml'}]", "the server answered 404 Not Found")]
#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_is_refused_by_kustomize(#[case] kustomization: &str, #[case] words: &str) -> Outcome {
    let [ours, real] = Web::start().await?.build(kustomization).await?;
    assert_eq!(
        (ours.status.code(), real.status.code()),
        (Some(1), Some(1)),
        "{}",
        String::from_utf8_lossy(&real.stdout)
    );
    let said = String::from_utf8_lossy(&ours.stderr);
    assert!(said.contains(words), "{said}");
    Ok(())
}
