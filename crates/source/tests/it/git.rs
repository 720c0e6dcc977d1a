use rstest::rstest;
use sluice_object::TreePath;
use sluice_source::{
    Secret,
    git::{Auth, FetchOptions, GitRef, GitSpec, Proxy, Tls as SpecTls},
};

use crate::support::{
    self, Answer, Fixture, Repository, Server, Tls, any, branch, commit, name, paths, read, semver, tag,
};

async fn both(files: &[(&str, &str)]) -> (Repository, Server) {
    let repository = Repository::with(files);
    let server = Server::start(repository.root(), Answer::Git).await;
    (repository, server)
}

#[rstest]
#[case::new(Answer::Git)]
#[case::old(Answer::OldGit)]
#[tokio::test]
async fn fetches_a_branch(#[case] answer: Answer) {
    let repository = Repository::with(&[("apps/web.yaml", "kind: Web\n"), ("readme.md", "hello")]);
    let last = repository.commit(&[("apps/web.yaml", "kind: Changed\n")], "Change the web\n\nBecause.");
    let server = Server::start(repository.root(), answer).await;
    let fixture = Fixture::new();
    let (head, fetched) = fixture.fetch(&server.spec()).await;
    assert_eq!(head.revision.as_str(), format!("main@sha1:{last}"));
    assert_eq!((head.commit(), head.file()), (last.clone(), format!("{last}.tar.gz")));
    assert_eq!((fetched.revision, fetched.file), (head.revision, format!("{last}.tar.gz")));
    assert_eq!(fetched.subject, "Change the web");
    assert_eq!(paths(&fetched.tree), ["apps/web.yaml", "readme.md"]);
    assert_eq!(read(&fetched.tree, "apps/web.yaml"), "kind: Changed\n");
}

/// Tags: `v1.0.0` (plain, first commit), `v1.1.0` (annotated, second), `v2.0.0-rc.1` (third); branch `main` at the fourth.
async fn tagged() -> (Repository, Vec<String>, Server) {
    let repository = Repository::new();
    let mut commits = vec![repository.commit(&[("a", "1")], "1")];
    repository.git(&["tag", "v1.0.0"]);
    commits.push(repository.commit(&[("a", "2")], "2"));
    repository.git(&["tag", "--annotate", "--message", "two", "v1.1.0"]);
    commits.push(repository.commit(&[("a", "3")], "3"));
    repository.git(&["tag", "v2.0.0-rc.1"]);
    commits.push(repository.commit(&[("a", "4")], "4"));
    repository.git(&["update-ref", "refs/pull/7/head", &commits[2]]);
    let server = Server::start(repository.root(), Answer::Git).await;
    (repository, commits, server)
}

#[rstest]
#[case::branch(branch("main"), "main@", 4)]
#[case::tag(tag("v1.0.0"), "v1.0.0@", 1)]
#[case::annotated_tag(tag("v1.1.0"), "v1.1.0@", 2)]
#[case::semver(semver(">=1.0.0"), "v1.1.0@", 2)]
#[case::semver_lower(semver("<1.1.0"), "v1.0.0@", 1)]
#[case::semver_prerelease(semver(">=1.0.0-0"), "v2.0.0-rc.1@", 3)]
#[case::name_of_branch(name("refs/heads/main"), "refs/heads/main@", 4)]
#[case::name_of_tag(name("refs/tags/v1.1.0"), "refs/tags/v1.1.0@", 2)]
#[case::name_of_pull_request(name("refs/pull/7/head"), "refs/pull/7/head@", 3)]
#[case::any_branch(any("main"), "main@", 4)]
#[case::any_tag(any("v1.1.0"), "v1.1.0@", 2)]
#[case::any_short_name(any("pull/7/head"), "pull/7/head@", 3)]
#[case::any_head(any("HEAD"), "HEAD@", 4)]
#[tokio::test]
async fn a_reference_means_a_commit(
    #[case] reference: GitRef,
    #[case] prefix: &str,
    #[case] number: usize,
    #[values(Answer::Git, Answer::OldGit)] answer: Answer,
) {
    let (_repository, commits, server) = tagged().await;
    server.answer(answer);
    let spec = GitSpec { reference, ..server.spec() };
    let fixture = Fixture::new();
    let (head, fetched) = fixture.fetch(&spec).await;
    assert_eq!(head.revision.as_str(), format!("{prefix}sha1:{}", commits[number - 1]));
    assert_eq!(read(&fetched.tree, "a"), number.to_string());
}

#[rstest]
#[case::alone(None, "")]
#[case::with_branch(Some("main"), "main@")]
#[tokio::test]
async fn a_commit_needs_no_list(
    #[case] branch: Option<&str>,
    #[case] prefix: &str,
    #[values(Answer::Git, Answer::OldGit)] answer: Answer,
) {
    let (_repository, commits, server) = tagged().await;
    server.answer(answer);
    let reference = GitRef { branch: branch.map(str::to_owned), ..commit(&commits[0]) };
    let spec = GitSpec { reference, ..server.spec() };
    let fixture = Fixture::new();
    let head = fixture.git.head(&spec).await.unwrap();
    assert_eq!(server.requests(), Vec::<String>::new());
    assert_eq!(head.revision.as_str(), format!("{prefix}sha1:{}", commits[0]));
    // An old server offers only what references point to, so the history is searched.
    let (_, fetched) = fixture.fetch(&spec).await;
    assert_eq!(read(&fetched.tree, "a"), "1");
}

#[tokio::test]
async fn an_unchanged_repository_costs_one_request() {
    let (repository, server) = both(&[("a", "1")]).await;
    let fixture = Fixture::new();
    let (first, _) = fixture.fetch(&server.spec()).await;
    assert_eq!(server.requests(), ["GET refs", "POST git-upload-pack", "POST git-upload-pack"]);
    assert_eq!(fixture.git.head(&server.spec()).await.unwrap().revision, first.revision);
    assert_eq!(server.requests(), ["POST git-upload-pack"]);

    let moved = repository.commit(&[("a", "2")], "second");
    let (second, fetched) = fixture.fetch(&server.spec()).await;
    assert_eq!((second.commit(), read(&fetched.tree, "a").as_str()), (moved, "2"));
    assert_eq!(server.requests(), ["POST git-upload-pack", "POST git-upload-pack"]);
}

#[tokio::test]
async fn a_server_that_forgets_its_protocol_is_greeted_again() {
    let (_repository, server) = both(&[("a", "1")]).await;
    let fixture = Fixture::new();
    let first = fixture.git.head(&server.spec()).await.unwrap();
    server.answer(Answer::OldGit);
    assert_eq!(fixture.git.head(&server.spec()).await.unwrap().revision, first.revision);
}

#[tokio::test]
async fn only_one_commit_is_sent() {
    let repository = Repository::with(&[("a", "1")]);
    let noise = (0..200_000u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect::<Vec<_>>();
    repository.write("big", &noise);
    repository.commit(&[], "with a large file");
    repository.git(&["rm", "--quiet", "big"]);
    repository.commit(&[], "without");
    let server = Server::start(repository.root(), Answer::Git).await;
    let mut options = FetchOptions::default();
    options.limits.size = 10_000;
    let fixture = Fixture::new();
    let head = fixture.git.head(&server.spec()).await.unwrap();
    assert_eq!(paths(&fixture.git.fetch(&server.spec(), &head, &options).await.unwrap().tree), ["a"]);
}

#[tokio::test]
async fn modes_are_kept_and_links_and_submodules_dropped() {
    let repository = Repository::with(&[("plain", "1"), ("run.sh", "2"), ("dir/a b é", "3")]);
    repository.make_executable("run.sh");
    repository.link("plain", "link");
    repository.link("/etc/passwd", "dir/out");
    let first = repository.commit(&[], "link");
    repository.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{first},module")]);
    repository.git(&["commit", "--quiet", "--message", "module"]);
    let server = Server::start(repository.root(), Answer::Git).await;
    let fixture = Fixture::new();
    let (_, fetched) = fixture.fetch(&server.spec()).await;
    let files: Vec<_> = fetched.tree.files().map(|(path, entry)| (path.as_str(), entry.executable)).collect();
    assert_eq!(files, [("dir/a b é", false), ("plain", false), ("run.sh", true)]);
}

#[rstest]
#[case::defaults(None, &[], &[".sourceignore.yaml", "a.md", "apps/a.md", "apps/a.yaml"])]
#[case::spec(Some("*.md"), &[], &[".github/x.yaml", ".sourceignore.yaml", "apps/a.yaml", "logo.png"])]
#[case::file(None, &[("apps/.sourceignore", "*.md\n")], &[".github/x.yaml", ".sourceignore.yaml", "a.md", "apps/.sourceignore", "apps/a.yaml", "logo.png"])]
#[case::spec_wins(Some("!*.md\n/.*"), &[("apps/.sourceignore", "*.md\n")], &["a.md", "apps/.sourceignore", "apps/a.md", "apps/a.yaml", "logo.png"])]
#[tokio::test]
async fn ignored_files_stay_out(
    #[case] ignore: Option<&str>,
    #[case] more: &[(&str, &str)],
    #[case] expected: &[&str],
) {
    let names = [".github/x.yaml", ".gitignore", ".sourceignore.yaml", "a.md", "apps/a.md", "apps/a.yaml", "logo.png"];
    let repository = Repository::with(&names.map(|name| (name, name)));
    repository.commit(more, "rules");
    let server = Server::start(repository.root(), Answer::Git).await;
    let options = FetchOptions { ignore: ignore.map(str::to_owned), ..FetchOptions::default() };
    let fixture = Fixture::new();
    let head = fixture.git.head(&server.spec()).await.unwrap();
    let fetched = fixture.git.fetch(&server.spec(), &head, &options).await.unwrap();
    assert_eq!(paths(&fetched.tree), expected);
}

#[rstest]
#[case::basic(
    Auth::Basic { username: "git".into(), password: Secret::new("hunter2") },
    "Basic Z2l0Omh1bnRlcjI="
)]
#[case::bearer(Auth::Bearer(Secret::new("token")), "Bearer token")]
#[tokio::test]
async fn credentials_are_sent(#[case] auth: Auth, #[case] expected: &'static str) {
    let (_repository, server) = both(&[("a", "1")]).await;
    server.answer(Answer::To(expected));
    let spec = GitSpec { auth, ..server.spec() };
    let fixture = Fixture::new();
    let (_, fetched) = fixture.fetch(&spec).await;
    assert_eq!(read(&fetched.tree, "a"), "1");
    assert_eq!(server.requests().len(), 3);
}

#[tokio::test]
async fn credentials_of_the_url_are_sent() {
    let (_repository, server) = both(&[("a", "1")]).await;
    server.answer(Answer::To("Basic Z2l0Omh1bnRlcjI="));
    let spec = GitSpec { url: server.url().replace("://", "://git:hunter2@"), ..server.spec() };
    Fixture::new().fetch(&spec).await;
}

#[tokio::test]
async fn credentials_do_not_follow_a_redirect_to_another_host() {
    let (_repository, server) = both(&[("a", "1")]).await;
    let to = server.url().trim_end_matches("/repo").to_owned();
    let old = Server::start("/nowhere".into(), Answer::Redirect(to)).await;
    let spec = GitSpec { auth: Auth::Bearer(Secret::new("token")), ..old.spec() };
    let fixture = Fixture::new();
    let (_, fetched) = fixture.fetch(&spec).await;
    assert_eq!(read(&fetched.tree, "a"), "1");
    assert_eq!(old.authorizations(), [Some("Bearer token".to_owned())]);
    assert_eq!(server.authorizations(), [None, None, None]);
}

#[tokio::test]
async fn a_given_authority_is_trusted() {
    let repository = Repository::with(&[("a", "1")]);
    let tls = Tls::new();
    let server = Server::start_tls(repository.root(), &tls).await;
    let spec = GitSpec { tls: SpecTls { ca: Some(tls.pem.clone()), ..SpecTls::default() }, ..server.spec() };
    let fixture = Fixture::new();
    let (_, fetched) = fixture.fetch(&spec).await;
    assert_eq!(read(&fetched.tree, "a"), "1");
}

#[tokio::test]
async fn packs_with_deltas_are_read() {
    let text = |last: &str| format!("{}{last}", "some line of a manifest\n".repeat(500));
    let names: Vec<String> = (0..40).map(|n| format!("dir/{n}.yaml")).collect();
    let texts: Vec<String> = names.iter().map(|name| text(name)).collect();
    let files: Vec<_> = names.iter().map(String::as_str).zip(texts.iter().map(String::as_str)).collect();
    let repository = Repository::with(&files);
    repository.git(&["gc", "--quiet"]);
    let server = Server::start(repository.root(), Answer::Git).await;
    let fixture = Fixture::new();
    let (_, fetched) = fixture.fetch(&server.spec()).await;
    assert_eq!(support::paths(&fetched.tree).len(), 40);
    assert_eq!(read(&fetched.tree, "dir/7.yaml"), text("dir/7.yaml"));
}

#[tokio::test]
async fn only_some_directories_are_taken() {
    let files = ["readme", "a/x", "a/b/y", "ab/z", "c/d/e", "c/f"].map(|path| (path, path));
    let (_repository, server) = both(&files).await;
    let fixture = Fixture::new();
    let head = fixture.git.head(&server.spec()).await.unwrap();
    let sparse = async |dirs: &[&str]| {
        let directories = dirs.iter().map(|dir| TreePath::parse(dir).unwrap()).collect();
        let options = FetchOptions { directories, ..FetchOptions::default() };
        fixture.git.fetch(&server.spec(), &head, &options).await
    };
    assert_eq!(paths(&sparse(&["./a", "c/d"]).await.unwrap().tree), ["a/b/y", "a/x", "c/d/e"]);
    let error = sparse(&["a", "nowhere"]).await.unwrap_err();
    assert!(error.to_string().starts_with("find the directory `nowhere` in"), "{error}");
}

#[tokio::test]
async fn what_is_signed_is_returned() {
    let (_repository, _, server) = tagged().await;
    let fixture = Fixture::new();
    let (_, plain) = fixture.fetch(&GitSpec { reference: tag("v1.0.0"), ..server.spec() }).await;
    assert!(plain.signed.commit.starts_with(b"tree ") && plain.signed.tag.is_none());
    let (_, annotated) = fixture.fetch(&GitSpec { reference: tag("v1.1.0"), ..server.spec() }).await;
    assert!(annotated.signed.tag.unwrap().starts_with(b"object "));
}

#[tokio::test]
async fn a_proxy_is_asked() {
    let (_repository, server) = both(&[("a", "1")]).await;
    let proxy = Proxy { address: server.url().replace("/repo", ""), username: "me".into(), password: Secret::new("x") };
    let spec = GitSpec { url: "http://git.invalid/repo".into(), proxy: Some(proxy), ..server.spec() };
    let fixture = Fixture::new();
    let (_, fetched) = fixture.fetch(&spec).await;
    assert_eq!(read(&fetched.tree, "a"), "1");
}

#[tokio::test]
async fn on_request_nothing_is_left_out_and_submodules_are_told() {
    let (repository, server) =
        both(&[(".sourceignore", "*.md\n"), ("a.md", "1"), (".gitmodules", "[submodule]\n")]).await;
    let linked = "1".repeat(40);
    repository.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{linked},modules/lib")]);
    repository.git(&["commit", "--quiet", "--message", "a submodule"]);
    let fixture = Fixture::new();
    let (head, fetched) = fixture.fetch(&server.spec()).await;
    assert_eq!(paths(&fetched.tree), [".sourceignore"]);
    let options = FetchOptions { everything: true, ..FetchOptions::default() };
    let fetched = fixture.git.fetch(&server.spec(), &head, &options).await.unwrap();
    assert_eq!(paths(&fetched.tree), [".gitmodules", ".sourceignore", "a.md"]);
    assert_eq!(fetched.submodules, [(TreePath::parse("modules/lib").unwrap(), linked)]);
}
