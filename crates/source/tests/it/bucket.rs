use std::{sync::Arc, time::Duration};

use rstest::rstest;
use sluice_object::Artifact;
use sluice_source::{
    Owner, Publication, Secret,
    bucket::{BucketSpec, Buckets, Credentials, Environment, Error, FetchOptions, Fetched, Listing},
    store::Store,
};
use tempfile::TempDir;

use crate::support::{
    azure::{Azure, Mood},
    paths, read, store_at,
};

const FILES: &[(&str, &str)] = &[("apps/a.yaml", "a: 1\n"), ("apps/b.yaml", "b: 1\n"), ("infra/c.yaml", "c: 1\n")];

struct Fixture {
    dir: TempDir,
    store: Store,
    buckets: Buckets,
}

impl Fixture {
    fn new() -> Self {
        Self::in_environment(&[])
    }

    fn in_environment(variables: &[(&str, &str)]) -> Self {
        let dir = TempDir::new().unwrap();
        let store = store_at(dir.path()).unwrap();
        let lookup = |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        Self { buckets: Buckets::new(store.clone(), Environment::read(lookup)), store, dir }
    }

    async fn list(&self, spec: &BucketSpec) -> Result<Listing, Error> {
        self.buckets.list(spec, &FetchOptions::default()).await
    }

    async fn fetch(&self, spec: &BucketSpec, earlier: Option<Arc<Artifact>>) -> Result<Fetched, Error> {
        let listing = self.list(spec).await?;
        self.buckets.fetch(spec, listing, &FetchOptions::default(), earlier).await
    }

    async fn publish(&self, fetched: Fetched) -> Arc<Artifact> {
        let Fetched { revision, file, tree, etags, .. } = fetched;
        let owner = Owner::new("Bucket", "apps", "fleet").unwrap();
        let publication = Publication { owner, file, revision, metadata: Default::default(), tree, etags };
        Arc::new(self.store.publish(publication).await.unwrap())
    }

    /// The same disk in a new process.
    fn restarted(self) -> Self {
        let Self { dir, store, buckets } = self;
        drop((store, buckets));
        let store = store_at(dir.path()).unwrap();
        Self { buckets: Buckets::new(store.clone(), Environment::default()), store, dir }
    }
}

/// A spec that needs no token.
fn keyed(azure: &Azure) -> BucketSpec {
    BucketSpec { credentials: Credentials::AccountKey(Secret::new("aHVudGVyMg==")), ..azure.spec() }
}

#[tokio::test]
async fn only_what_has_changed_is_downloaded_also_after_a_restart() {
    let azure = Azure::start(FILES).await;
    let fixture = Fixture::new();
    let first = fixture.fetch(&keyed(&azure), None).await.unwrap();
    assert_eq!((paths(&first.tree), first.downloaded), (vec!["apps/a.yaml", "apps/b.yaml", "infra/c.yaml"], 3));
    let artifact = fixture.publish(first).await;
    azure.requests();

    let fixture = fixture.restarted();
    let again = fixture.list(&keyed(&azure)).await.unwrap();
    assert_eq!(again.revision, artifact.revision);
    assert_eq!(azure.requests(), [".sourceignore", "list", "list"]);

    azure.put("apps/b.yaml", "b: 2\n");
    azure.remove("infra/c.yaml");
    let artifact = Arc::new(fixture.store.open(&artifact.path, &artifact.digest).await.unwrap());
    let second = fixture.fetch(&keyed(&azure), Some(artifact.clone())).await.unwrap();
    assert_eq!(azure.requests(), [".sourceignore", "list", "apps/b.yaml"]);
    assert_eq!((paths(&second.tree), second.downloaded), (vec!["apps/a.yaml", "apps/b.yaml"], 1));
    assert_eq!(
        (read(&second.tree, "apps/a.yaml"), read(&second.tree, "apps/b.yaml")),
        ("a: 1\n".into(), "b: 2\n".into())
    );
    assert_ne!(second.revision, artifact.revision);
}

#[tokio::test]
async fn the_newest_archive_of_an_owner_is_served_as_the_latest() {
    let azure = Azure::start(FILES).await;
    let fixture = Fixture::new();
    let fetched = fixture.fetch(&keyed(&azure), None).await.unwrap();
    let artifact = fixture.publish(fetched).await;
    assert!(artifact.path.starts_with("bucket/apps/fleet/") && artifact.path.ends_with(".tar.gz"), "{}", artifact.path);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(axum::serve(listener, sluice_source::fileserver::router(fixture.store)).into_future());
    let get = |path: &str| reqwest::get(format!("http://{address}/{path}"));
    let latest = get("bucket/apps/fleet/latest.tar.gz").await.unwrap();
    assert_eq!(latest.bytes().await.unwrap().len() as u64, artifact.size);
    assert_eq!(get("bucket/apps/other/latest.tar.gz").await.unwrap().status(), 404);
    server.abort();
}

#[tokio::test]
async fn rules_at_the_root_are_read_when_they_change() {
    let azure = Azure::start(FILES).await;
    azure.put(".sourceignore", "infra/\n");
    let (fixture, spec) = (Fixture::new(), BucketSpec { prefix: "infra/".into(), ..keyed(&azure) });
    assert_eq!(fixture.list(&spec).await.unwrap().files(), 0);
    azure.put(".sourceignore", "apps/\n");
    assert_eq!(fixture.list(&spec).await.unwrap().files(), 1);
    assert_eq!(fixture.list(&spec).await.unwrap().files(), 1);
    let options = FetchOptions { ignore: Some("!apps/\n*.yaml\n!a.yaml".into()), ..FetchOptions::default() };
    let listing = fixture.buckets.list(&keyed(&azure), &options).await.unwrap();
    assert_eq!(listing.files(), 1);
}

#[tokio::test]
async fn a_prefix_is_the_beginning_of_names_not_a_folder() {
    let azure = Azure::start(FILES).await;
    let fetched = Fixture::new().fetch(&BucketSpec { prefix: "apps/a".into(), ..keyed(&azure) }, None).await.unwrap();
    assert_eq!(paths(&fetched.tree), ["apps/a.yaml"]);
}

#[rstest]
#[case::forbidden(
    Mood::Refusing(403, "AuthorizationFailure"),
    "BucketOperationFailed",
    "status 403: AuthorizationFailure",
    "Storage Blob Data Reader"
)]
#[case::unknown(
    Mood::Refusing(401, "NoAuthenticationInformation"),
    "BucketOperationFailed",
    "status 401: NoAuth",
    "name of the bucket"
)]
#[case::gone(Mood::Refusing(404, "ContainerNotFound"), "BucketOperationFailed", "bucket 'fleet' not found", "is kept")]
#[case::busy(Mood::Refusing(400, "OutOfRangeInput"), "BucketOperationFailed", "OutOfRangeInput", "")]
#[case::page(Mood::Page, "BucketOperationFailed", "it is no list of blobs", "")]
#[case::slow(Mood::Never, "BucketOperationFailed", "not done within 300ms", "spec.timeout")]
#[tokio::test]
async fn a_failure_says_what_to_do(
    #[case] mood: Mood,
    #[case] reason: &str,
    #[case] message: &str,
    #[case] hint: &str,
) {
    let azure = Azure::start(FILES).await;
    azure.be(mood);
    let spec = BucketSpec { timeout: Duration::from_millis(300), ..keyed(&azure) };
    let error = Fixture::new().list(&spec).await.unwrap_err();
    assert_eq!(error.reason(), reason);
    assert!(error.to_string().contains(message), "{error}");
    assert!(error.hint().unwrap_or_default().contains(hint), "{:?}", error.hint());
}

#[tokio::test]
async fn a_server_that_is_away_is_named() {
    let spec = BucketSpec {
        credentials: Credentials::Sas(Secret::new("sig=hunter2")),
        ..BucketSpec::new("http://127.0.0.1:1/account", "fleet")
    };
    let error = Fixture::new().list(&spec).await.unwrap_err().to_string();
    assert!(error.contains("`http://127.0.0.1:1/account`") && error.contains("refused"), "{error}");
    assert!(!error.contains("hunter2"), "{error}");
}

#[tokio::test]
async fn a_blob_of_10_gb_is_refused_before_anything_is_downloaded() {
    let azure = Azure::start(FILES).await;
    azure.pretend("video.yaml", 10 << 30);
    let error = Fixture::new().fetch(&keyed(&azure), None).await.unwrap_err();
    assert_eq!(error.reason(), "LimitExceeded");
    assert!(error.to_string().contains("`video.yaml`: the file is larger than 100 MiB"), "{error}");
    assert!(error.hint().unwrap().contains("--bucket-max-file-size"));
    assert!(azure.requests().iter().all(|what| what == "list" || what == ".sourceignore"));
}

#[tokio::test]
async fn a_blob_that_changes_after_the_listing_is_listed_again() {
    let azure = Azure::start(FILES).await;
    azure.be(Mood::Restless(1));
    let (fixture, spec) = (Fixture::new(), keyed(&azure));
    let fetched = fixture.fetch(&spec, None).await.unwrap();
    assert_eq!(read(&fetched.tree, "apps/a.yaml"), "version 4");
    assert_eq!(fetched.revision, fixture.list(&spec).await.unwrap().revision);
}

#[tokio::test]
async fn a_blob_that_vanishes_after_the_listing_is_not_missed() {
    let azure = Azure::start(FILES).await;
    let (fixture, spec) = (Fixture::new(), keyed(&azure));
    let listing = fixture.list(&spec).await.unwrap();
    azure.remove("infra/c.yaml");
    let fetched = fixture.buckets.fetch(&spec, listing, &FetchOptions::default(), None).await.unwrap();
    assert_eq!((paths(&fetched.tree), fetched.downloaded), (vec!["apps/a.yaml", "apps/b.yaml"], 2));
}

#[rstest]
#[case(Mood::Restless(100))]
#[case(Mood::Lying)]
#[tokio::test]
async fn a_bucket_that_never_rests_is_given_up(#[case] mood: Mood) {
    let azure = Azure::start(FILES).await;
    azure.be(mood);
    let error = Fixture::new().fetch(&keyed(&azure), None).await.unwrap_err();
    assert!(matches!(error, Error::Changed { .. }), "{error}");
    assert!(azure.requests().iter().filter(|what| *what == "list").count() <= 8);
}

#[tokio::test]
async fn an_account_key_signs_and_is_not_sent() {
    let azure = Azure::start(FILES).await;
    Fixture::new().fetch(&keyed(&azure), None).await.unwrap();
    assert!(azure.authorizations().iter().all(|header| header.starts_with("SharedKey account:")));
}

#[rstest]
#[case::secret("", Some("?sv=1&sig=secret%3D"))]
#[case::endpoint("?sv=1&sig=secret%3D", None)]
#[case::both("?sv=0&sr=c", Some("sv=1&sig=secret%3D"))]
#[tokio::test]
async fn a_sas_comes_from_the_secret_or_the_endpoint(#[case] query: &str, #[case] sas: Option<&str>) {
    let azure = Azure::start(FILES).await;
    let credentials = sas.map_or_else(Credentials::default, |sas| Credentials::Sas(Secret::new(sas)));
    let endpoint = format!("{}{query}", azure.spec().endpoint);
    Fixture::new().fetch(&BucketSpec { endpoint, credentials, ..azure.spec() }, None).await.unwrap();
    for query in azure.authorizations() {
        assert!(query.contains("sv=1") && query.contains("sig=secret%3D") && !query.contains("sv=0"), "{query}");
    }
}

#[tokio::test]
async fn a_workload_gets_its_token_once_for_the_file_that_it_is_given() {
    let azure = Azure::start(FILES).await;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "projected").unwrap();
    let fixture = Fixture::in_environment(&[
        ("AZURE_TENANT_ID", "tenant"),
        ("AZURE_CLIENT_ID", "client"),
        ("AZURE_FEDERATED_TOKEN_FILE", file.path().to_str().unwrap()),
        ("AZURE_AUTHORITY_HOST", &format!("{}/", azure.url())),
    ]);
    fixture.fetch(&azure.spec(), None).await.unwrap();
    fixture.list(&azure.spec()).await.unwrap();
    let tokens = azure.tokens();
    assert_eq!(tokens.len(), 1);
    assert!(tokens[0].contains("client_assertion=projected") && tokens[0].contains("storage.azure.com"));
    assert!(azure.authorizations().iter().all(|header| header == "Bearer federated-token"));
}

#[rstest]
#[case::of_the_node(None, "resource=https%3A%2F%2Fstorage.azure.com")]
#[case::of_a_user(Some("me"), "client_id=me")]
#[tokio::test]
async fn a_managed_identity_is_asked_for_at_the_metadata_service(#[case] client: Option<&str>, #[case] asked: &str) {
    let azure = Azure::start(FILES).await;
    let fixture = Fixture::in_environment(&[("AZURE_POD_IDENTITY_AUTHORITY_HOST", &azure.url())]);
    let credentials = Credentials::ManagedIdentity { client: client.map(ToOwned::to_owned) };
    fixture.fetch(&BucketSpec { credentials, ..azure.spec() }, None).await.unwrap();
    let tokens = azure.tokens();
    assert!(tokens.len() == 1 && tokens[0].contains("true") && tokens[0].contains(asked), "{tokens:?}");
    assert!(azure.authorizations().iter().all(|header| header == "Bearer managed-token"));
}

#[tokio::test]
async fn a_token_that_is_not_given_out_says_whose_it_is() {
    let azure = Azure::start(FILES).await;
    let fixture = Fixture::in_environment(&[("IDENTITY_ENDPOINT", &format!("{}/nowhere", azure.url()))]);
    let error = fixture.list(&azure.spec()).await.unwrap_err();
    assert!(error.to_string().starts_with("get a token for the managed identity of the node"), "{error}");
    assert!(error.hint().unwrap().contains("azure.workload.identity/use"));
}
