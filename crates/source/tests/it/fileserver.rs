use std::fs;

use reqwest::{Client, StatusCode};
use rstest::rstest;
use sluice_object::{Digest, Revision, Tree};
use sluice_source::{Owner, Publication, fileserver};
use tokio::net::TcpListener;

use crate::support::Fixture;

struct Served {
    fixture: Fixture,
    url: String,
    path: String,
    digest: Digest,
}

async fn served() -> Served {
    let fixture = Fixture::new();
    let publication = Publication {
        owner: Owner::new("GitRepository", "apps", "web").expect("owner"),
        file: "1.tar.gz".into(),
        revision: Revision::new("main@sha1:1"),
        metadata: Default::default(),
        tree: Tree::in_memory([("a", "1")]).into(),
        etags: Default::default(),
    };
    let artifact = fixture.store.publish(publication).await.expect("published");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("port");
    let url = format!("http://{}", listener.local_addr().expect("address"));
    let router = fileserver::router(fixture.store.clone());
    tokio::spawn(async move { axum::serve(listener, router).await.expect("serve") });
    Served { fixture, url, path: artifact.path, digest: artifact.digest }
}

fn client() -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().tls_certs_only([]).build().expect("client")
}

#[tokio::test]
async fn an_archive_is_served() {
    let served = served().await;
    let response = client().get(format!("{}/{}", served.url, served.path)).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["content-type"], "application/gzip");
    let length: usize = response.headers()["content-length"].to_str().unwrap().parse().unwrap();
    let body = response.bytes().await.unwrap();
    assert_eq!((Digest::sha256(&body), body.len()), (served.digest, length));
}

#[tokio::test]
async fn its_size_can_be_asked() {
    let served = served().await;
    let response = client().head(format!("{}/{}", served.url, served.path)).send().await.unwrap();
    let size = fs::metadata(served.fixture.dir.path().join("artifacts").join(&served.path)).unwrap().len();
    assert_eq!(response.headers()["content-length"], size.to_string().as_str());
    assert_eq!(response.bytes().await.unwrap().len(), 0);
}

#[tokio::test]
async fn the_root_says_that_it_is_ready() {
    let served = served().await;
    assert_eq!(client().get(&served.url).send().await.unwrap().status(), StatusCode::OK);
}

#[rstest]
#[case::missing("gitrepository/apps/web/2.tar.gz")]
#[case::index("gitrepository/apps/web/.1.tar.gz.json")]
#[case::directory("gitrepository/apps/web")]
#[case::blob("blobs/6b/6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b")]
#[case::encoded_parent("..%2fblobs/6b/6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b")]
#[case::encoded_absolute("%2fetc/a/b/passwd")]
#[case::dots("gitrepository/apps/%2e%2e/web")]
#[case::not_utf8("gitrepository/apps/web/%ff")]
#[tokio::test]
async fn nothing_else_is_served(#[case] path: &str) {
    let served = served().await;
    let status = client().get(format!("{}/{path}", served.url)).send().await.unwrap().status();
    assert!(matches!(status, StatusCode::NOT_FOUND | StatusCode::BAD_REQUEST), "{status}");
}

#[tokio::test]
async fn nothing_is_taken() {
    let served = served().await;
    let response = client().put(format!("{}/{}", served.url, served.path)).body("x").send().await.unwrap();
    assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
}
