use std::{fs, io::Read, path::Path, sync::Arc};

use flate2::read::GzDecoder;
use jiff::{Timestamp, ToSpan};
use sluice_object::{Artifact, Digest, Revision, Tree, TreePath};
use sluice_source::{Limits, Owner, Publication, Store, store::Error};

use crate::support::{paths, read, store_at};

fn owner() -> Owner {
    Owner::new("GitRepository", "apps", "podinfo").expect("owner")
}

fn publication(file: &str, tree: Arc<Tree>) -> Publication {
    let metadata = [("k".to_owned(), "v".to_owned())].into();
    let (revision, etags) = (Revision::new("main@sha1:1"), Default::default());
    Publication { owner: owner(), file: file.into(), revision, metadata, tree, etags }
}

fn draft(store: &Store, files: &[(&str, &str, bool)]) -> Arc<Tree> {
    let mut draft = store.draft("test", Limits::git());
    for (path, text, executable) in files {
        draft.add(TreePath::parse(path).expect("path"), text.as_bytes(), *executable).expect("added");
    }
    draft.finish()
}

async fn publish(store: &Store, file: &str, files: &[(&str, &str, bool)]) -> Artifact {
    store.publish(publication(file, draft(store, files))).await.expect("published")
}

fn blobs(root: &Path) -> usize {
    let dirs = fs::read_dir(root.join("blobs")).expect("blobs");
    dirs.map(|dir| fs::read_dir(dir.expect("entry").path()).expect("directory").count()).sum()
}

const FILES: &[(&str, &str, bool)] = &[("b/c.yaml", "c", false), ("a.sh", "run", true), ("b/d", "run", false)];

#[tokio::test]
async fn an_archive_is_the_same_for_the_same_files() {
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let first = publish(&store_at(one.path()).unwrap(), "1.tar.gz", FILES).await;
    let reversed: Vec<_> = FILES.iter().rev().copied().collect();
    let second = publish(&store_at(other.path()).unwrap(), "2.tar.gz", &reversed).await;
    assert_eq!((first.digest.clone(), first.size), (second.digest, second.size));
    assert_eq!(first.path, "gitrepository/apps/podinfo/1.tar.gz");

    let bytes = fs::read(one.path().join("artifacts").join(&first.path)).unwrap();
    assert_eq!((Digest::sha256(&bytes), bytes.len() as u64), (first.digest, first.size));
}

#[tokio::test]
async fn an_archive_holds_files_and_directories_only() {
    let dir = tempfile::tempdir().unwrap();
    let artifact = publish(&store_at(dir.path()).unwrap(), "1.tar.gz", FILES).await;
    let file = fs::File::open(dir.path().join("artifacts").join(artifact.path)).unwrap();
    let mut found = vec![];
    for entry in tar::Archive::new(GzDecoder::new(file)).entries().unwrap() {
        let mut entry = entry.unwrap();
        let mut text = String::new();
        entry.read_to_string(&mut text).unwrap();
        let header = entry.header();
        assert_eq!((header.mtime().unwrap(), header.uid().unwrap(), header.gid().unwrap()), (0, 0, 0));
        found.push((entry.path().unwrap().display().to_string(), header.mode().unwrap(), text));
    }
    let expected = [("a.sh", 0o700, "run"), ("b/", 0o750, ""), ("b/c.yaml", 0o600, "c"), ("b/d", 0o600, "run")];
    assert_eq!(found, expected.map(|(path, mode, text)| (path.to_owned(), mode, text.to_owned())));
}

#[tokio::test]
async fn long_paths_are_archived() {
    let dir = tempfile::tempdir().unwrap();
    let path = format!("{}/file", "long/".repeat(60).trim_end_matches('/'));
    let artifact = publish(&store_at(dir.path()).unwrap(), "1.tar.gz", &[(&path, "x", false)]).await;
    let file = fs::File::open(dir.path().join("artifacts").join(artifact.path)).unwrap();
    let mut archive = tar::Archive::new(GzDecoder::new(file));
    let last = archive.entries().unwrap().last().unwrap().unwrap();
    assert_eq!(last.path().unwrap().display().to_string(), path);
}

#[tokio::test]
async fn equal_contents_are_stored_once() {
    let dir = tempfile::tempdir().unwrap();
    publish(&store_at(dir.path()).unwrap(), "1.tar.gz", FILES).await;
    assert_eq!(blobs(dir.path()), 2);
}

#[tokio::test]
async fn an_artifact_survives_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let before = publish(&store_at(dir.path()).unwrap(), "1.tar.gz", FILES).await;
    let store = store_at(dir.path()).unwrap();
    assert!(store.holds(&before.path));
    assert_eq!(store.owners(), [owner()]);
    let after = store.open(&before.path, &before.digest).await.unwrap();
    assert_eq!((&after.revision, &after.metadata, after.size), (&before.revision, &before.metadata, before.size));
    assert_eq!(paths(&after.tree), ["a.sh", "b/c.yaml", "b/d"]);
    let entries = |tree: &Tree| tree.files().map(|(_, entry)| entry.clone()).collect::<Vec<_>>();
    assert_eq!(entries(&after.tree), entries(&before.tree));
    assert_eq!(read(&after.tree, "b/c.yaml"), "c");
    let again = store.open(&before.path, &before.digest).await.unwrap();
    assert!(Arc::ptr_eq(&after.tree, &again.tree), "a tree is shared while it is used");
}

#[tokio::test]
async fn what_is_damaged_is_not_opened() {
    let dir = tempfile::tempdir().unwrap();
    let artifact = publish(&store_at(dir.path()).unwrap(), "1.tar.gz", FILES).await;
    let file = dir.path().join("artifacts").join(&artifact.path);
    let store = store_at(dir.path()).unwrap();

    let other = store.open(&artifact.path, &Digest::sha256(b"x")).await;
    assert!(matches!(other, Err(Error::Corrupt { .. })));
    let bytes = fs::read(&file).unwrap();
    fs::write(&file, &bytes[1..]).unwrap();
    assert!(matches!(store.open(&artifact.path, &artifact.digest).await, Err(Error::Corrupt { .. })));
    fs::remove_file(&file).unwrap();
    assert!(matches!(store.open(&artifact.path, &artifact.digest).await, Err(Error::Missing(_))));
    assert!(!store.holds(&artifact.path));
}

#[tokio::test]
async fn an_artifact_without_its_files_is_fetched_again() {
    let dir = tempfile::tempdir().unwrap();
    let artifact = publish(&store_at(dir.path()).unwrap(), "1.tar.gz", FILES).await;
    fs::remove_dir_all(dir.path().join("blobs")).unwrap();
    let store = store_at(dir.path()).unwrap();
    let error = store.open(&artifact.path, &artifact.digest).await.unwrap_err();
    assert_eq!(error.reason(), "StorageOperationFailed");
    let healed = publish(&store, "1.tar.gz", FILES).await;
    assert_eq!((healed.digest, read(&healed.tree, "a.sh").as_str()), (artifact.digest, "run"));
}

#[tokio::test]
async fn a_damaged_file_is_found_when_read_and_written_anew() {
    let dir = tempfile::tempdir().unwrap();
    let store = store_at(dir.path()).unwrap();
    let tree = draft(&store, &[("a", "good", false)]);
    let hex = Digest::sha256(b"good").hex().to_owned();
    fs::write(dir.path().join("blobs").join(&hex[..2]).join(&hex), "evil").unwrap();
    assert!(tree.read(&TreePath::parse("a").unwrap()).is_err());
    let again = draft(&store, &[("a", "good", false)]);
    assert_eq!(read(&again, "a"), "good");
}

#[tokio::test]
async fn files_of_other_trees_are_published_too() {
    let dir = tempfile::tempdir().unwrap();
    let store = store_at(dir.path()).unwrap();
    let tree = draft(&store, FILES).overlay([(TreePath::parse("new").unwrap(), "made".into())]);
    let artifact = store.publish(publication("1.tar.gz", Arc::new(tree))).await.unwrap();
    drop(store);
    let store = store_at(dir.path()).unwrap();
    let opened = store.open(&artifact.path, &artifact.digest).await.unwrap();
    assert_eq!((read(&opened.tree, "new"), read(&opened.tree, "a.sh")), ("made".into(), "run".into()));
}

#[tokio::test]
async fn old_artifacts_go_with_their_files() {
    let dir = tempfile::tempdir().unwrap();
    let store = store_at(dir.path()).unwrap();
    let old = publish(&store, "1.tar.gz", &[("a", "1", false), ("same", "x", false)]).await;
    let new = publish(&store, "2.tar.gz", &[("a", "2", false), ("same", "x", false)]).await;
    let now = Timestamp::now();
    assert_eq!(store.collect(&owner(), &new.path, now).await.unwrap(), Vec::<String>::new());

    let later = now + 61.seconds();
    assert_eq!(store.collect(&owner(), &new.path, later).await.unwrap(), [old.path.as_str()]);
    assert!(!store.holds(&old.path) && store.holds(&new.path));
    assert_eq!(read(&old.tree, "a"), "1", "a tree in use keeps its files");
    assert_eq!(blobs(dir.path()), 3);
    drop(old);
    store.remove(&Owner::new("x", "y", "z").unwrap()).await.unwrap();
    assert_eq!(blobs(dir.path()), 2);
}

#[tokio::test]
async fn nothing_of_a_deleted_object_stays() {
    let dir = tempfile::tempdir().unwrap();
    let store = store_at(dir.path()).unwrap();
    drop(publish(&store, "1.tar.gz", FILES).await);
    store.remove(&owner()).await.unwrap();
    assert_eq!((blobs(dir.path()), store.owners().len()), (0, 0));
    assert!(!dir.path().join("artifacts/gitrepository/apps/podinfo").exists());
}

#[tokio::test]
async fn what_a_crash_left_is_removed() {
    let dir = tempfile::tempdir().unwrap();
    let store = store_at(dir.path()).unwrap();
    publish(&store, "1.tar.gz", FILES).await;
    std::mem::forget(draft(&store, &[("lost", "lost", false)]));
    fs::write(dir.path().join("tmp/half"), "").unwrap();
    assert_eq!(blobs(dir.path()), 3);
    drop(store);
    let _store = store_at(dir.path()).unwrap();
    assert_eq!(blobs(dir.path()), 2);
    assert_eq!(fs::read_dir(dir.path().join("tmp")).unwrap().count(), 0);
}

#[tokio::test]
async fn a_directory_that_cannot_be_made_is_named() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("file"), "").unwrap();
    let error = store_at(&dir.path().join("file")).unwrap_err();
    assert!(error.to_string().starts_with("create directory `"), "{error}");
    assert_eq!(error.reason(), "StorageOperationFailed");
}

#[tokio::test]
async fn a_tree_is_included_in_another() {
    let dir = tempfile::tempdir().unwrap();
    let store = store_at(dir.path()).unwrap();
    let own = draft(&store, &[("a", "own", false), ("lib/x", "old", false)]);
    let other = draft(&store, &[("charts/x", "new", true), ("charts/d/y", "y", false), ("z", "z", false)]);
    let path = |text| TreePath::parse(text).unwrap();
    let mut both = store.draft("test", Limits::git());
    both.copy(&own, &path(""), &path("")).unwrap();
    both.copy(&other, &path("charts"), &path("lib")).unwrap();
    both.copy(&Tree::in_memory([("m", "memory")]), &path(""), &path("n")).unwrap();
    let tree = both.finish();
    drop((own, other));
    store.remove(&owner()).await.unwrap();
    assert_eq!(paths(&tree), ["a", "lib/d/y", "lib/x", "n/m"]);
    assert_eq!((read(&tree, "lib/x"), read(&tree, "n/m")), ("new".into(), "memory".into()));
}
