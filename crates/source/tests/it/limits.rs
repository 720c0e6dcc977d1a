use rstest::rstest;
use sluice_source::{
    Limits,
    git::{Error, FetchOptions},
};

use crate::support::{Answer, Fixture, Repository, Server};

fn noise(bytes: u32) -> Vec<u8> {
    (0..bytes / 4).flat_map(|n| n.wrapping_mul(2_654_435_761).rotate_left(n % 31).to_le_bytes()).collect()
}

/// Three files of 100 kB that do not compress, and one line.
async fn fetch(limits: Limits, ignore: &str) -> (Fixture, Result<usize, Error>) {
    let repository = Repository::with(&[("small", "1")]);
    for name in ["a", "b", "c"] {
        repository.write(name, &[noise(100_000), name.into()].concat());
    }
    repository.commit(&[], "large files");
    let server = Server::start(repository.root(), Answer::Git).await;
    let fixture = Fixture::new();
    let head = fixture.git.head(&server.spec()).await.expect("head");
    let options = FetchOptions { ignore: Some(ignore.into()), limits, ..FetchOptions::default() };
    let fetched = fixture.git.fetch(&server.spec(), &head, &options).await;
    (fixture, fetched.map(|fetched| fetched.tree.files().count()))
}

#[rstest]
#[case::download(Limits { size: 50_000, ..Limits::git() }, "larger than 48 KiB (limit `--git-max-size`)")]
#[case::files(Limits { files: 3, ..Limits::git() }, "more than 3 files (limit `--git-max-files`)")]
#[case::file(Limits { file: 50_000, ..Limits::git() }, "store `a`: the file is larger than 48 KiB (limit `--git-max-file-size`)")]
#[tokio::test]
async fn a_repository_that_is_too_large_is_refused(#[case] limits: Limits, #[case] message: &str) {
    let (fixture, result) = fetch(limits, "none").await;
    let error = result.unwrap_err();
    assert_eq!(error.reason(), "LimitExceeded");
    assert!(error.to_string().ends_with(message), "{error}");
    assert!(error.hint().unwrap().contains("--git-max-"));
    assert_eq!(std::fs::read_dir(fixture.dir.path().join("tmp")).unwrap().count(), 0, "the download is left behind");
}

#[rstest]
#[case(Limits { files: 1, ..Limits::git() })]
#[case(Limits { file: 50_000, ..Limits::git() })]
#[tokio::test]
async fn ignored_files_do_not_count(#[case] limits: Limits) {
    assert_eq!(fetch(limits, "/?").await.1.unwrap(), 1);
}

/// Ten files of 1 MB of zeros: 10 kB to download.
#[tokio::test]
async fn what_unpacks_to_much_is_refused() {
    let repository = Repository::new();
    for digit in 0..10u8 {
        repository.write(&digit.to_string(), &vec![digit; 1_000_000]);
    }
    repository.commit(&[], "zeros");
    let server = Server::start(repository.root(), Answer::Git).await;
    let fixture = Fixture::new();
    let head = fixture.git.head(&server.spec()).await.unwrap();
    for size in [2_000_000, 100_000] {
        let options = FetchOptions { limits: Limits { size, ..Limits::git() }, ..FetchOptions::default() };
        let error = fixture.git.fetch(&server.spec(), &head, &options).await.unwrap_err();
        assert!(error.to_string().contains("together (limit `--git-max-size`)"), "{error}");
    }
}

/// A directory that holds itself twenty times over, as far as its name goes: 2^20 files from 20 objects.
#[tokio::test]
async fn a_tree_that_repeats_itself_is_refused() {
    let repository = Repository::with(&[("f", "1")]);
    let mut tree = repository.git(&["rev-parse", "HEAD^{tree}"]);
    for _ in 0..20 {
        tree = make_tree(&repository, &tree);
    }
    let commit = repository.git(&["commit-tree", &tree, "-m", "bomb"]);
    repository.git(&["update-ref", "refs/heads/main", &commit]);
    let server = Server::start(repository.root(), Answer::Git).await;
    let fixture = Fixture::new();
    let head = fixture.git.head(&server.spec()).await.unwrap();
    let options = FetchOptions { limits: Limits { files: 1000, ..Limits::git() }, ..FetchOptions::default() };
    let error = fixture.git.fetch(&server.spec(), &head, &options).await.unwrap_err();
    assert!(error.to_string().contains("more than 1000 files"), "{error}");
}

/// Returns a tree with the same directory twice.
fn make_tree(repository: &Repository, of: &str) -> String {
    repository.feed(&["mktree"], &format!("040000 tree {of}\tx\n040000 tree {of}\ty\n"))
}

#[tokio::test]
async fn an_oversized_file_of_patterns_is_refused() {
    let repository = Repository::with(&[(".sourceignore", &"x\n".repeat(200_000))]);
    let server = Server::start(repository.root(), Answer::Git).await;
    let fixture = Fixture::new();
    let head = fixture.git.head(&server.spec()).await.unwrap();
    let error = fixture.git.fetch(&server.spec(), &head, &FetchOptions::default()).await.unwrap_err();
    assert!(error.to_string().ends_with("`.sourceignore` is larger than 256 KiB"), "{error}");
}
