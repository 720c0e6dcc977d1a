//! The Git server answers the `git` program as a forge would, and counts.

use std::path::Path;
use std::process::{Command, Output};

use rstest::rstest;
use sluice_e2e::git_server::{Auth, GitServer, Repo, ServerOptions, Service, Tls};

struct Forge {
    folder: tempfile::TempDir,
    repo: Repo,
    server: GitServer,
}

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

async fn forge(options: ServerOptions) -> Outcome<Forge> {
    let folder = tempfile::tempdir()?;
    let repo = Repo::init(folder.path().join("served/app.git"))?;
    repo.write("apps/web.yaml", "kind: ConfigMap\n")?;
    repo.commit("first")?;
    let server = GitServer::start(&folder.path().join("served"), options).await?;
    Ok(Forge { folder, repo, server })
}

impl Forge {
    async fn git(&self, arguments: &[&str]) -> Outcome<Output> {
        let mut command = Command::new("git");
        command.args(arguments).current_dir(self.folder.path()).env("GIT_TERMINAL_PROMPT", "0");
        command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1").env_remove("GIT_SSL_CAINFO");
        Ok(tokio::task::spawn_blocking(move || command.output()).await??)
    }

    async fn clone(&self) -> Outcome<bool> {
        let copy = self.folder.path().join("copy");
        let _ = std::fs::remove_dir_all(&copy);
        let output = self.git(&["clone", "--quiet", &self.server.url("app.git"), "copy"]).await?;
        Ok(output.status.success() && copy.join("apps/web.yaml").exists())
    }
}

#[tokio::test]
async fn a_look_is_not_counted_as_a_fetch() -> Outcome {
    let forge = forge(ServerOptions::default()).await?;
    let looked = forge.git(&["ls-remote", &forge.server.url("app.git"), "main"]).await?;
    let head = forge.repo.head()?;
    assert!(String::from_utf8_lossy(&looked.stdout).starts_with(&head), "{looked:?}");
    assert_eq!(forge.server.count("app.git", Service::LsRefs), 1);
    assert_eq!(forge.server.count("app.git", Service::Fetch), 0);

    assert!(forge.clone().await?);
    assert_eq!(forge.server.count("app.git", Service::Fetch), 1);
    assert_eq!(forge.server.count("app.git", Service::InfoRefs), 2);
    Ok(())
}

#[tokio::test]
async fn a_stopped_server_refuses_and_a_restarted_one_answers_at_the_same_url() -> Outcome {
    let forge = forge(ServerOptions::default()).await?;
    let url = forge.server.url("app.git");
    forge.server.stop().await;
    assert!(!forge.clone().await?);
    forge.server.restart().await?;
    assert!(forge.clone().await?);
    assert_eq!(forge.server.url("app.git"), url);
    Ok(())
}

#[tokio::test]
async fn a_push_updates_the_work_tree() -> Outcome {
    let forge = forge(ServerOptions::default()).await?;
    assert!(forge.clone().await?);
    let copy = forge.folder.path().join("copy");
    std::fs::write(copy.join("apps/web.yaml"), "kind: Secret\n")?;
    let copy = copy.to_str().ok_or("a path that is no UTF-8")?;
    let who = ["-c", "user.name=x", "-c", "user.email=x@example.com"];
    let commit = forge.git(&[&["-C", copy], &who[..], &["commit", "--quiet", "-am", "change"]].concat()).await?;
    assert!(commit.status.success(), "{commit:?}");
    let push = forge.git(&["-C", copy, "push", "--quiet", "origin", "main"]).await?;
    assert!(push.status.success(), "{push:?}");
    let written = std::fs::read_to_string(forge.repo.path().join("apps/web.yaml"))?;
    assert_eq!(written, "kind: Secret\n");
    assert_eq!(forge.server.count("app.git", Service::Push), 1);
    Ok(())
}

#[rstest]
#[case::basic(Auth::Basic { user: "flux".into(), password: "secret".into() }, "Authorization: Basic Zmx1eDpzZWNyZXQ=")]
#[case::bearer(Auth::Bearer("token".into()), "Authorization: Bearer token")]
#[tokio::test]
async fn only_who_has_the_credentials_comes_in(#[case] auth: Auth, #[case] header: &str) -> Outcome {
    let forge = forge(ServerOptions { auth, ..ServerOptions::default() }).await?;
    assert!(!forge.clone().await?);
    let extra = format!("http.extraHeader={header}");
    let looked = forge.git(&["-c", &extra, "ls-remote", &forge.server.url("app.git")]).await?;
    assert!(looked.status.success(), "{looked:?}");
    assert_eq!(forge.server.requests()[0].status, 401);
    Ok(())
}

#[tokio::test]
async fn https_is_trusted_by_its_certificate() -> Outcome {
    let tls = Tls::self_signed()?;
    let forge = forge(ServerOptions { tls: Some(tls.clone()), ..ServerOptions::default() }).await?;
    assert!(!forge.clone().await?);
    let ca = forge.folder.path().join("ca.crt");
    std::fs::write(&ca, tls.certificate)?;
    let trust = format!("http.sslCAInfo={}", ca.display());
    let looked = forge.git(&["-c", &trust, "ls-remote", &forge.server.url("app.git")]).await?;
    assert!(looked.status.success(), "{looked:?}");
    Ok(())
}

#[test]
fn the_same_writes_give_the_same_ids() {
    let write = |folder: &Path| {
        let repo = Repo::init(folder).unwrap();
        repo.write("a/b.yaml", "one").unwrap();
        let first = repo.commit("first").unwrap();
        repo.tag("v1.0.0").unwrap();
        repo.branch("next").unwrap();
        repo.remove("a").unwrap();
        let second = repo.commit("second").unwrap();
        repo.branch("main").unwrap();
        assert_eq!(repo.head().unwrap(), first);
        (first, second, repo.git(&["rev-parse", "v1.0.0"]).unwrap())
    };
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(write(&folder.path().join("one")), write(&folder.path().join("two")));
}
