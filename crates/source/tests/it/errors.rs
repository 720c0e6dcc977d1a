use std::{error::Error as _, time::Duration};

use rstest::rstest;
use sluice_source::{
    Secret,
    git::{Auth, Error, FetchOptions, GitRef, GitSpec},
};
use tokio::net::TcpListener;

use crate::support::{Answer, Fixture, Repository, Server, Tls, branch, commit, name, semver, tag};

async fn failure(spec: &GitSpec) -> Error {
    Fixture::new().git.head(spec).await.expect_err("an error")
}

fn shown(error: &Error, server: &Server) -> String {
    error.to_string().replace(&server.url(), "URL")
}

#[rstest]
#[case::not_authorized(
    Answer::Status(401, ""),
    "list references of `URL`: authentication required: unauthorized",
    Some("put `username` and `password`")
)]
#[case::sign_in_page(
    Answer::Status(203, ""),
    "list references of `URL`: authentication required: unauthorized",
    Some("put `username` and `password`")
)]
#[case::forbidden(
    Answer::Status(403, ""),
    "list references of `URL`: authorization failed: forbidden",
    Some("permission to read")
)]
#[case::not_found(Answer::Status(404, ""), "list references of `URL`: repository not found", Some("check `spec.url`"))]
#[case::status(
    Answer::Status(500, "\n disk full\nmore"),
    "read `URL`: the server answered with status 500: disk full",
    None
)]
#[case::status_page(Answer::Status(502, "<html>"), "read `URL`: the server answered with status 502", None)]
#[case::page(
    Answer::Page,
    "understand the answer of `URL`: it is `text/plain; charset=utf-8`, not Git's smart HTTP protocol",
    None
)]
#[tokio::test]
async fn an_answer_that_is_no_repository(#[case] answer: Answer, #[case] message: &str, #[case] hint: Option<&str>) {
    let server = Server::start("/nowhere".into(), answer).await;
    let error = failure(&server.spec()).await;
    assert_eq!((shown(&error, &server).as_str(), error.reason()), (message, "GitOperationFailed"));
    match (error.hint(), hint) {
        (Some(found), Some(part)) => assert!(found.contains(part), "{found}"),
        (found, expected) => assert_eq!(found.as_deref(), expected),
    }
}

#[tokio::test]
async fn wrong_credentials_are_told_from_none() {
    let server = Server::start("/nowhere".into(), Answer::To("Bearer right")).await;
    let spec = GitSpec { auth: Auth::Bearer(Secret::new("wrong")), ..server.spec() };
    let error = failure(&spec).await;
    assert!(matches!(error, Error::Unauthorized { sent: true, .. }));
    assert!(!format!("{error:?} {error} {:?}", error.hint()).contains("wrong"));
}

#[tokio::test]
async fn credentials_of_the_url_are_not_shown() {
    let server = Server::start("/nowhere".into(), Answer::Status(401, "")).await;
    let spec = GitSpec { url: server.url().replace("://", "://me:hunter2@"), ..server.spec() };
    let error = failure(&spec).await;
    assert!(!format!("{error:?} {error}").contains("hunter2"), "{error:?}");
}

#[tokio::test]
async fn a_redirect_to_a_page_is_not_followed() {
    let server = Server::start("/nowhere".into(), Answer::RedirectToPage).await;
    let error = failure(&server.spec()).await;
    let login = server.url().replace("/repo", "/login");
    let text = format!("follow `URL` to `{login}`: it leads away from the repository");
    assert_eq!(shown(&error, &server), text);
}

#[tokio::test]
async fn a_circle_of_redirects_ends() {
    let server = Server::start("/nowhere".into(), Answer::Git).await;
    server.answer(Answer::Redirect(server.url().trim_end_matches("/repo").to_owned()));
    assert!(failure(&server.spec()).await.to_string().ends_with("there are too many redirects"));
}

#[tokio::test]
async fn nobody_listens() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/repo", listener.local_addr().unwrap());
    drop(listener);
    let error = failure(&GitSpec::new(&url)).await;
    assert_eq!(error.to_string(), format!("connect to `{url}`"));
    let mut causes = vec![];
    let mut next = error.source();
    while let Some(cause) = next {
        causes.push(cause.to_string());
        next = cause.source();
    }
    assert!(causes.last().unwrap().contains("refused"), "{causes:?}");
}

#[tokio::test]
async fn a_server_that_never_answers() {
    let server = Server::start("/nowhere".into(), Answer::Never).await;
    let spec = GitSpec { timeout: Duration::from_millis(50), ..server.spec() };
    let error = failure(&spec).await;
    assert_eq!(shown(&error, &server), "read `URL`: not done within 50ms");
}

#[tokio::test]
async fn an_unknown_authority_is_not_trusted() {
    let server = Server::start_tls("/nowhere".into(), &Tls::new()).await;
    let error = failure(&server.spec()).await;
    assert_eq!(shown(&error, &server), "trust the certificate of `URL`: it is signed by an unknown authority");
    assert!(error.hint().unwrap().contains("`ca.crt`"));
}

#[tokio::test]
async fn what_is_no_certificate_is_refused() {
    let mut spec = GitSpec::new("https://localhost/x");
    spec.tls.ca = Some(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_vec());
    assert_eq!(failure(&spec).await.reason(), "AuthenticationFailed");
}

#[rstest]
#[case::branch(branch("dev"), "find branch `dev` in `URL`", "there are, among others, `main`, `release`")]
#[case::default_branch(
    GitRef::default(),
    "find branch `master` in `URL`",
    "there are, among others, `main`, `release`"
)]
#[case::tag(tag("v2"), "find tag `v2` in `URL`", "there are, among others, `v1.1.0`, `v1.0.0`")]
#[case::semver(semver("^2"), "find a tag in the range `^2` in `URL`", "there are, among others, `v1.1.0`, `v1.0.0`")]
#[case::name(
    name("refs/heads/x"),
    "find reference `refs/heads/x` in `URL`",
    "there are, among others, `refs/heads/main`, `refs/heads/release`, `refs/tags/v1.0.0`, `refs/tags/v1.1.0`"
)]
#[tokio::test]
async fn a_missing_reference_names_others(
    #[case] reference: GitRef,
    #[case] message: &str,
    #[case] hint: &str,
    #[values(Answer::Git, Answer::OldGit)] answer: Answer,
) {
    let repository = Repository::with(&[("a", "1")]);
    for arguments in [&["tag", "v1.0.0"], &["tag", "v1.1.0"], &["branch", "release"]] {
        repository.git(arguments);
    }
    let server = Server::start(repository.root(), answer).await;
    let spec = GitSpec { reference, ..server.spec() };
    let error = failure(&spec).await;
    let found = error.hint().unwrap().replace("`HEAD`, ", "");
    assert_eq!((shown(&error, &server).as_str(), found.as_str()), (message, hint));
}

#[tokio::test]
async fn an_empty_repository_has_no_branch() {
    let repository = Repository::new();
    let server = Server::start(repository.root(), Answer::Git).await;
    let error = failure(&server.spec()).await;
    assert_eq!(error.hint().unwrap(), "there is none of its kind in the repository");
}

#[tokio::test]
async fn a_range_that_is_none() {
    let repository = Repository::with(&[("a", "1")]);
    let server = Server::start(repository.root(), Answer::Git).await;
    let spec = GitSpec { reference: semver("latest"), ..server.spec() };
    assert_eq!(failure(&spec).await.to_string(), "read the version range `latest`");
}

#[rstest]
#[tokio::test]
async fn a_commit_that_is_not_there(#[values(Answer::Git, Answer::OldGit)] answer: Answer) {
    let repository = Repository::with(&[("a", "1")]);
    let server = Server::start(repository.root(), answer).await;
    let id = "0123456789012345678901234567890123456789";
    let spec = GitSpec { reference: commit(id), ..server.spec() };
    let fixture = Fixture::new();
    let head = fixture.git.head(&spec).await.unwrap();
    let error = fixture.git.fetch(&spec, &head, &FetchOptions::default()).await.unwrap_err();
    assert_eq!(shown(&error, &server), format!("find commit `{id}` in `URL`"));
}

#[tokio::test]
async fn a_commit_has_forty_digits() {
    let spec = GitSpec { reference: commit("main"), ..GitSpec::new("http://localhost/x") };
    assert_eq!(failure(&spec).await.to_string(), "find commit `main` in `http://localhost/x`");
}
