use sluice_source::{Owner, Publication};

use crate::support::{Answer, Fixture, Repository, Server, read, store_at};

#[tokio::test]
async fn a_fetched_revision_is_read_after_a_restart_without_the_server() {
    let repository = Repository::with(&[("apps/web.yaml", "kind: Web\n")]);
    let server = Server::start(repository.root(), Answer::Git).await;
    let fixture = Fixture::new();
    let (head, fetched) = fixture.fetch(&server.spec()).await;
    let owner = Owner::new("GitRepository", "apps", "web").unwrap();
    let publication = Publication {
        owner,
        file: fetched.file,
        revision: fetched.revision,
        metadata: Default::default(),
        tree: fetched.tree,
        etags: Default::default(),
    };
    let artifact = fixture.store.publish(publication).await.unwrap();
    assert_eq!(artifact.path, format!("gitrepository/apps/web/{}.tar.gz", head.commit()));

    drop((server, fixture.git, fixture.store));
    let store = store_at(fixture.dir.path()).unwrap();
    let again = store.open(&artifact.path, &artifact.digest).await.unwrap();
    assert_eq!(again.revision, head.revision);
    assert_eq!(read(&again.tree, "apps/web.yaml"), "kind: Web\n");
}
