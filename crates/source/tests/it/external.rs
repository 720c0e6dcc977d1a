use axum::{Router, body::Bytes, http::StatusCode, routing::get};
use flate2::{Compression, write::GzEncoder};
use rstest::rstest;
use sluice_object::{Artifact, Digest, Revision};
use sluice_source::{
    Limits,
    external::{Error, External, Reference},
};
use tokio::net::TcpListener;

use crate::support::{Fixture, paths, read};

/// Returns a gzipped tar; a name that ends in `@` is a link.
fn archive(files: &[(&str, &str)]) -> Vec<u8> {
    let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (name, text) in files {
        let mut header = tar::Header::new_gnu();
        header.set_mode(if name.ends_with(".sh") { 0o700 } else { 0o600 });
        let (kind, size) = match name.strip_suffix('@') {
            Some(_) => (tar::EntryType::Symlink, 0),
            None => (tar::EntryType::Regular, text.len() as u64),
        };
        header.set_entry_type(kind);
        header.set_size(size);
        // By hand: the library refuses to write names that leave the archive.
        header.as_gnu_mut().expect("header").name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_cksum();
        tar.append(&header, &text.as_bytes()[..size as usize]).expect("appended");
    }
    tar.into_inner().expect("tar").finish().expect("gzip")
}

async fn serve(archive: Vec<u8>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("port");
    let url = format!("http://{}/a.tar.gz", listener.local_addr().expect("address"));
    let status = if archive.is_empty() { StatusCode::NOT_FOUND } else { StatusCode::OK };
    let router = Router::new().route("/a.tar.gz", get(move || async move { (status, Bytes::from(archive)) }));
    tokio::spawn(async move { axum::serve(listener, router).await.expect("serve") });
    url
}

fn reference(url: String, archive: &[u8]) -> Reference {
    Reference {
        url,
        digest: Digest::sha256(archive),
        path: "externalartifact/apps/a/1.tar.gz".into(),
        revision: Revision::new("latest@sha256:1"),
        metadata: Default::default(),
    }
}

/// Serves an archive, and fetches it with the digest that `named` has.
async fn fetch(served: Vec<u8>, named: &[u8], limits: Limits) -> (Fixture, Result<Artifact, Error>) {
    let fixture = Fixture::new();
    let reference = reference(serve(served).await, named);
    let fetched = External::new(fixture.store.clone(), limits).fetch(&reference).await;
    (fixture, fetched)
}

async fn refused(served: Vec<u8>, limits: Limits) -> String {
    let error = fetch(served.clone(), &served, limits).await.1.expect_err("refused");
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(source) = cause {
        text = format!("{text}: {source}");
        cause = source.source();
    }
    text
}

#[tokio::test]
async fn an_archive_of_the_right_digest_becomes_a_tree() {
    let served = archive(&[("./b/c.yaml", "c"), ("a.sh", "run"), ("link@", "")]);
    let (_fixture, fetched) = fetch(served.clone(), &served, Limits::git()).await;
    let artifact = fetched.unwrap();
    assert_eq!((paths(&artifact.tree), artifact.size), (vec!["a.sh", "b/c.yaml"], served.len() as u64));
    assert_eq!(read(&artifact.tree, "b/c.yaml"), "c");
    let executable: Vec<_> = artifact.tree.files().map(|(_, entry)| entry.executable).collect();
    assert_eq!(executable, [true, false]);
}

#[tokio::test]
async fn another_archive_is_refused_and_leaves_nothing() {
    let (fixture, fetched) = fetch(archive(&[("a", "changed")]), b"other", Limits::git()).await;
    assert!(matches!(fetched, Err(Error::Digest { .. })), "{fetched:?}");
    // The next download removes what is left of it.
    let served = archive(&[("b", "good")]);
    let url = serve(served.clone()).await;
    let external = External::new(fixture.store.clone(), Limits::git());
    let artifact = external.fetch(&reference(url, &served)).await.unwrap();
    let blobs = std::fs::read_dir(fixture.dir.path().join("blobs")).expect("blobs");
    let files = blobs.map(|dir| std::fs::read_dir(dir.expect("entry").path()).expect("directory").count());
    assert_eq!((files.sum::<usize>(), read(&artifact.tree, "b")), (1, "good".into()));
}

#[tokio::test]
async fn a_missing_one_is_told_from_a_broken_one() {
    assert!(fetch(Vec::new(), b"", Limits::git()).await.1.unwrap_err().is_missing());
    let broken = fetch(b"no archive".to_vec(), b"no archive", Limits::git()).await.1.expect_err("refused");
    assert!(!broken.is_missing() && matches!(broken, Error::Archive { .. }), "{broken:?}");
}

#[rstest]
#[case::a_name_that_leaves(archive(&[("../../etc/cron.d/x", "x")]), Limits::git(), "leaves the artifact")]
#[case::a_large_file(archive(&[("a", "12345")]), Limits { file: 4, ..Limits::git() }, "the file is larger than 4 B")]
#[case::many_files(archive(&[("a", ""), ("b", "")]), Limits { files: 1, ..Limits::git() }, "more than 1 files")]
#[case::a_bomb(archive(&[("a", &"0".repeat(9_000)), ("b", &"0".repeat(9_000))]), Limits { size: 10_000, ..Limits::git() }, "larger than")]
#[case::a_large_archive([archive(&[]), vec![0; 20_000]].concat(), Limits { size: 10_000, ..Limits::git() }, "larger than")]
#[tokio::test]
async fn what_exceeds_its_bounds_is_refused(#[case] served: Vec<u8>, #[case] limits: Limits, #[case] told: &str) {
    let text = refused(served, limits).await;
    assert!(text.contains(told), "{text}");
}
