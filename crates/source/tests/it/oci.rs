//! Artifacts of a registry, and every way in which a registry can fail.

use std::{fs, sync::Arc, time::Duration};

use base64::{Engine, prelude::BASE64_STANDARD};
use flate2::read::GzDecoder;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rstest::rstest;
use serde_json::json;
use sluice_object::Digest;
use sluice_source::{
    Limits, Owner, Proxy, Publication, Secret, Tls as SpecTls,
    oci::{Error, FetchOptions, Fetched, Keychain, Login, Oci, OciRef, OciSpec},
};
use tokio_rustls::{TlsAcceptor, rustls};

use crate::support::{
    Fixture, Tls, paths, read,
    registry::{Auth, CONTENT, Fault, INDEX, MANIFEST, Registry, archive},
};

struct World {
    registry: Registry,
    fixture: Fixture,
    oci: Oci,
}

impl World {
    async fn new() -> Self {
        Self::with(Registry::start().await)
    }

    fn with(registry: Registry) -> Self {
        let fixture = Fixture::new();
        Self { registry, oci: Oci::new(fixture.store.clone()), fixture }
    }

    async fn get(&self, spec: &OciSpec) -> Result<Fetched, Error> {
        self.get_with(spec, &FetchOptions::default()).await
    }

    async fn get_with(&self, spec: &OciSpec, options: &FetchOptions) -> Result<Fetched, Error> {
        let head = self.oci.head(spec).await?;
        self.oci.fetch(spec, &head, options).await
    }

    async fn refused(&self, spec: &OciSpec) -> Error {
        self.get(spec).await.expect_err("refused")
    }
}

/// Tells an error as a condition does.
fn told(error: &Error) -> String {
    let mut text = format!("{}: {error}", error.reason());
    let mut cause = std::error::Error::source(error);
    while let Some(source) = cause {
        text = format!("{text}: {source}");
        cause = source.source();
    }
    text
}

fn semver(range: &str, filter: &str) -> OciRef {
    OciRef::Semver { range: range.into(), filter: filter.into() }
}

fn basic(pair: &str) -> String {
    format!("Basic {}", BASE64_STANDARD.encode(pair))
}

fn user() -> Keychain {
    Keychain::of(Login::Basic { username: "me".into(), password: Secret::new("hunter2") })
}

#[tokio::test]
async fn the_files_of_a_tag_are_fetched_with_the_annotations_of_the_manifest() {
    let world = World::new().await;
    let digest = world.registry.push("v1", &[("./apps/a.yaml", "a: 1\n"), ("run.sh", "")]);
    let head = world.oci.head(&world.registry.tagged("v1")).await.unwrap();
    assert_eq!(head.revision.as_str(), format!("v1@{digest}"));
    assert_eq!(head.reference, format!("{}/org/app:v1", world.registry.host()));
    let fetched = world.get(&world.registry.tagged("v1")).await.unwrap();
    assert_eq!(paths(&fetched.tree), ["apps/a.yaml", "run.sh"]);
    assert_eq!(read(&fetched.tree, "apps/a.yaml"), "a: 1\n");
    assert_eq!((fetched.file, fetched.metadata["from"].as_str()), (format!("{digest}.tar.gz"), "v1"));
}

#[tokio::test]
async fn what_is_not_changed_costs_one_request() {
    let world = World::new().await;
    world.registry.push("latest", &[("a", "")]);
    let spec = world.registry.spec();
    world.oci.head(&spec).await.unwrap();
    assert_eq!(world.registry.paths(), ["GET /v2/", "HEAD /v2/org/app/manifests/latest"]);
    world.oci.head(&spec).await.unwrap();
    assert_eq!(world.registry.paths(), ["HEAD /v2/org/app/manifests/latest"]);
}

#[tokio::test]
async fn a_digest_is_fetched_whatever_the_tags_say() {
    let world = World::new().await;
    let digest = world.registry.push("latest", &[("a", "old")]);
    world.registry.push("latest", &[("a", "new")]);
    let spec = OciSpec { reference: OciRef::Digest(digest.to_string()), ..world.registry.spec() };
    let fetched = world.get(&spec).await.unwrap();
    assert_eq!((fetched.revision.as_str(), read(&fetched.tree, "a").as_str()), (digest.as_str(), "old"));
}

#[rstest]
#[case(">=1.0.0", "", "v1.10.0")]
#[case("~1.9", "", "1.9.3")]
#[case(">=1.0.0-0", "", "2.0.0-rc.1")]
#[case(">=1.0.0-0", "^[0-9.]+$", "1.9.3")]
#[tokio::test]
async fn the_newest_version_of_all_pages_is_taken(#[case] range: &str, #[case] filter: &str, #[case] tag: &str) {
    let world = World::new().await;
    for tag in ["1.0.0", "v1.10.0", "1.9.3", "2.0.0-rc.1", "latest"] {
        world.registry.push(tag, &[("tag", tag)]);
    }
    world.registry.tags(["1.0.0", "latest", "v1.10.0", "1.9.3", "2.0.0-rc.1"].map(String::from), 2);
    let fetched = world.get(&OciSpec { reference: semver(range, filter), ..world.registry.spec() }).await.unwrap();
    assert_eq!(read(&fetched.tree, "tag"), tag);
    assert_eq!(world.registry.paths().iter().filter(|path| path.contains("tags/list")).count(), 3);
}

#[rstest]
#[case("9.x", "", "no match found for semver: 9.x", "there are, among others, tags `1.0.0`")]
#[case("what", "", "read the version range `what`", "write it as")]
#[case("1.x", "(", "read the pattern `(`", "")]
#[tokio::test]
async fn a_range_without_a_tag_is_told(
    #[case] range: &str,
    #[case] filter: &str,
    #[case] problem: &str,
    #[case] hint: &str,
) {
    let world = World::new().await;
    world.registry.push("1.0.0", &[]);
    let error = world.refused(&OciSpec { reference: semver(range, filter), ..world.registry.spec() }).await;
    assert!(told(&error).starts_with("ReadOperationFailed: determine the artifact tag for 'oci://localhost:"));
    assert!(told(&error).contains(problem), "{}", told(&error));
    assert!(error.hint().unwrap_or_default().contains(hint), "{error:?}");
}

#[rstest]
#[case::same_page("</v2/org/app/tags/list?n=1000>; rel=\"next\"", "has no end")]
#[case::away("<https://example.com/v2/org/app/tags/list>; rel=\"next\"", "the next page is at another host")]
#[case::broken("nonsense", "the link to the next page cannot be read")]
#[tokio::test]
async fn links_that_lead_nowhere_are_refused(#[case] link: &str, #[case] problem: &str) {
    let world = World::new().await;
    world.registry.push("1.0.0", &[]);
    world.registry.link(link);
    let error = world.refused(&OciSpec { reference: semver("1.x", ""), ..world.registry.spec() }).await;
    assert!(told(&error).contains(problem), "{}", told(&error));
}

#[tokio::test]
async fn a_layer_is_picked_by_its_type_and_an_index_by_its_platform() {
    let world = World::new().await;
    let layers = [
        world.registry.layer("application/other", archive(&[("other", "")])),
        world.registry.layer(CONTENT, archive(&[("wanted", "")])),
    ];
    let digest = world.registry.manifest("child", MANIFEST, &json!({ "layers": layers }));
    let child = |architecture| json!({"digest": digest.as_str(), "size": 1, "mediaType": MANIFEST, "platform": {"os": "linux", "architecture": architecture}});
    let index = world.registry.manifest("latest", INDEX, &json!({"manifests": [child("amd64")]}));
    let spec = OciSpec { media_type: Some(CONTENT.into()), ..world.registry.spec() };
    let fetched = world.get(&spec).await.unwrap();
    assert_eq!((paths(&fetched.tree), fetched.revision.as_str()), (vec!["wanted"], format!("latest@{index}").as_str()));
    assert_eq!(paths(&world.get(&world.registry.spec()).await.unwrap().tree), ["other"]);
    let error = world.refused(&OciSpec { media_type: Some("x/y".into()), ..spec }).await;
    assert_eq!(error.reason(), "OCIArtifactLayerOperationFailed");
    assert!(told(&error).ends_with("failed to find layer with media type 'x/y' in artifact"));
    assert!(error.hint().unwrap().contains("`application/other`"));
}

#[tokio::test]
async fn rules_leave_files_out_as_in_git() {
    let world = World::new().await;
    let files = [("a.yaml", ""), ("a.png", ""), ("sub/.sourceignore", "b.*\n"), ("sub/b.yaml", ""), ("sub/c.yaml", "")];
    world.registry.push("latest", &files[..2]);
    let spec = world.registry.spec();
    assert_eq!(paths(&world.get(&spec).await.unwrap().tree), ["a.yaml"]);
    world.registry.push("latest", &files);
    let options = FetchOptions { ignore: Some("a.yaml\n".into()), ..FetchOptions::default() };
    let fetched = world.get_with(&spec, &options).await.unwrap();
    assert_eq!(paths(&fetched.tree), ["a.png", "sub/.sourceignore", "sub/c.yaml"]);
}

#[tokio::test]
async fn a_copied_layer_is_served_as_it_is() {
    let world = World::new().await;
    let layer = archive(&[("chart/Chart.yaml", ""), ("chart/a.png", "")]);
    let described = world.registry.layer(CONTENT, layer.clone());
    world.registry.manifest("latest", MANIFEST, &json!({ "layers": [described] }));
    let options = FetchOptions { copy: true, ignore: Some("*".into()), ..FetchOptions::default() };
    let fetched = world.get_with(&world.registry.spec(), &options).await.unwrap();
    let publication = Publication {
        owner: Owner::new("OCIRepository", "ns", "app").unwrap(),
        file: fetched.file,
        revision: fetched.revision,
        metadata: fetched.metadata,
        tree: fetched.tree,
        etags: Default::default(),
    };
    let artifact = world.fixture.store.publish_as_is(publication, fetched.layer.unwrap()).await.unwrap();
    let served = fs::read(world.fixture.dir.path().join("artifacts").join(&artifact.path)).unwrap();
    assert_eq!((&served, artifact.digest.clone()), (&layer, Digest::sha256(&layer)));
    assert_eq!(artifact.size, layer.len() as u64);
    let opened = world.fixture.store.open(&artifact.path, &artifact.digest).await.unwrap();
    assert_eq!(paths(&opened.tree), ["chart/Chart.yaml", "chart/a.png"]);
}

#[rstest]
#[case::ping_throttled("/v2/", Fault::Status(429, "retry-after: 0", String::new()))]
#[case::manifest_throttled("manifests/sha256", Fault::Status(429, "", String::new()))]
#[case::manifest_down("manifests/sha256", Fault::Status(503, "retry-after: 0", String::new()))]
#[case::manifest_cut("manifests/sha256", Fault::Cut)]
#[case::blob_down("blobs/", Fault::Status(500, "", String::new()))]
#[case::blob_cut("blobs/", Fault::Cut)]
#[case::head_down("manifests/latest", Fault::Status(500, "", String::new()))]
#[tokio::test]
async fn what_passes_is_tried_again(#[case] path: &str, #[case] fault: Fault) {
    let world = World::new().await;
    world.registry.push("latest", &[("a", &"x".repeat(10_000))]);
    world.registry.fault(path, fault);
    let fetched = world.get(&world.registry.spec()).await.unwrap();
    assert_eq!(read(&fetched.tree, "a").len(), 10_000);
}

#[tokio::test]
async fn a_registry_that_tells_no_digest_is_asked_for_the_manifest() {
    let world = World::new().await;
    let digest = world.registry.push("latest", &[("a", "")]);
    world.registry.mute();
    let head = world.oci.head(&world.registry.spec()).await.unwrap();
    assert_eq!(head.digest(), &digest);
}

#[rstest]
#[case::throttled(
    "manifests/latest",
    Fault::Status(429, "retry-after: 900", String::new()),
    "no more requests (status 429), it says to come back in 900 s"
)]
#[case::down("manifests/latest", Fault::Status(502, "", "upstream\nis down".into()), "status 502: upstream")]
#[case::denied("manifests/latest", Fault::Status(403, "", r#"{"errors":[{"code":"DENIED","message":"no"}]}"#.into()), "status 403: DENIED: no")]
#[case::manifest_gone("manifests/sha256", Fault::Status(404, "", String::new()), "not found")]
#[case::manifest_wrong("manifests/sha256", Fault::Other(br#"{"layers": []}"#.to_vec()), "the digest of what came is `sha256:")]
#[case::manifest_huge("manifests/sha256", Fault::Other(vec![b' '; 5 << 20]), "longer than 4096 KiB")]
#[case::blob_wrong("blobs/", Fault::Other(vec![b'x'; 200]), "bytes came")]
#[case::blob_endless("blobs/", Fault::Other(vec![b'x'; 1 << 20]), "more bytes came than")]
#[case::redirected("manifests/latest", Fault::Redirect("ftp://example.com/".into()), "not followed to `example.com`: it is neither HTTP nor HTTPS")]
#[case::in_circles("manifests/latest", Fault::Redirect("/v2/org/app/manifests/latest".into()), "there are too many redirects")]
#[tokio::test]
async fn bad_answers_are_told(#[case] path: &str, #[case] fault: Fault, #[case] problem: &str) {
    let world = World::new().await;
    world.registry.push("latest", &[("a", "")]);
    (0..20).for_each(|_| world.registry.fault(path, fault.clone()));
    let error = world.refused(&world.registry.spec()).await;
    assert_eq!(error.reason(), "OCIArtifactPullFailed");
    assert!(told(&error).contains(problem), "{}", told(&error));
    assert!(told(&error).contains(&format!("{}/org/app", world.registry.host())), "{}", told(&error));
}

#[tokio::test]
async fn a_blob_with_other_bytes_of_the_same_length_is_not_taken() {
    let world = World::new().await;
    let layer = archive(&[("a", "")]);
    let described = world.registry.layer(CONTENT, layer.clone());
    world.registry.manifest("latest", MANIFEST, &json!({ "layers": [described] }));
    let other = layer.iter().map(|byte| !byte).collect();
    world.registry.fault("blobs/", Fault::Other(other));
    let error = world.refused(&world.registry.spec()).await;
    assert!(told(&error).contains("the digest of what came is `sha256:"), "{}", told(&error));
}

#[rstest]
#[case::no_archive(vec![1, 2, 3], "the layer is no gzipped tar")]
#[case::large(archive(&[("a", &"x".repeat(3000))]), "the file is larger than 2 KiB (limit `--oci-max-file-size`)")]
#[case::bomb(bomb(), "links and special files in the layer are larger than files may be")]
#[tokio::test]
async fn layers_that_do_harm_are_refused(#[case] layer: Vec<u8>, #[case] problem: &str) {
    let world = World::new().await;
    let described = world.registry.layer(CONTENT, layer);
    world.registry.manifest("latest", MANIFEST, &json!({ "layers": [described] }));
    let limits = Limits { file: 2 << 10, size: 1 << 20, ..Limits::oci() };
    let options = FetchOptions { limits, ..FetchOptions::default() };
    let error = world.get_with(&world.registry.spec(), &options).await.unwrap_err();
    assert!(told(&error).contains(problem), "{}", told(&error));
}

/// Many zeros, packed into few bytes, that are no file.
fn bomb() -> Vec<u8> {
    let mut tar = tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best()));
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::Char);
    header.set_size(64 << 20);
    tar.append_data(&mut header, "zeros", std::io::Read::take(std::io::repeat(0), 64 << 20)).expect("archive");
    tar.into_inner().expect("archive").finish().expect("archive")
}

#[tokio::test]
async fn a_layer_that_is_too_large_is_not_downloaded() {
    let world = World::new().await;
    let described = json!({"digest": Digest::sha256(b"").as_str(), "size": 10u64 << 30, "mediaType": CONTENT});
    world.registry.manifest("latest", MANIFEST, &json!({ "layers": [described] }));
    let error = world.refused(&world.registry.spec()).await;
    assert_eq!(error.reason(), "LimitExceeded");
    assert!(error.hint().unwrap().contains("push an artifact with less in it, or raise `--oci-max-size`"));
    assert!(!world.registry.paths().iter().any(|path| path.contains("blobs/")));
}

#[tokio::test]
async fn a_registry_that_never_answers_is_given_up() {
    let world = World::new().await;
    world.registry.push("latest", &[]);
    (0..2).for_each(|_| world.registry.fault("manifests/latest", Fault::Never));
    let spec = OciSpec { timeout: Duration::from_millis(300), ..world.registry.spec() };
    let error = world.refused(&spec).await;
    assert!(told(&error).ends_with("not done within 300ms"), "{}", told(&error));
}

#[tokio::test]
async fn a_registry_that_comes_back_is_found_again() {
    let world = World::new().await;
    world.registry.push("latest", &[("a", "")]);
    let mut spec = world.registry.spec();
    spec.url = "oci://127.0.0.1:1/org/app".into();
    let error = world.refused(&spec).await;
    assert!(told(&error).contains("GET http://127.0.0.1:1/v2/: the connection failed"), "{}", told(&error));
    assert!(world.get(&world.registry.spec()).await.is_ok());
}

#[tokio::test]
async fn a_password_goes_with_each_request() {
    let world = World::new().await;
    world.registry.push("latest", &[("a", "")]);
    world.registry.auth(Auth::Basic(basic("me:hunter2")), None);
    let spec = OciSpec { keychain: user(), ..world.registry.spec() };
    assert!(world.get(&spec).await.is_ok());
    let wrong = Keychain::of(Login::Basic { username: "me".into(), password: Secret::new("hunter3") });
    let error = world.refused(&OciSpec { keychain: wrong, ..world.registry.spec() }).await;
    assert!(told(&error).contains("status 401: UNAUTHORIZED: authentication required"), "{}", told(&error));
    assert!(!told(&error).contains("hunter") && error.hint().unwrap().contains("does not accept the credentials"));
    let error = world.refused(&world.registry.spec()).await;
    assert!(error.hint().unwrap().contains("spec.secretRef"));
}

#[tokio::test]
async fn a_token_is_asked_for_once_and_again_when_it_is_refused() {
    let world = World::new().await;
    world.registry.push("latest", &[("a", "")]);
    let realm = format!("{}/token", world.registry.url());
    world.registry.auth(Auth::Bearer { realm }, Some(&basic("me:hunter2")));
    let spec = OciSpec { keychain: user(), ..world.registry.spec() };
    assert!(world.get(&spec).await.is_ok());
    assert!(world.oci.head(&spec).await.is_ok());
    let tokens = |paths: Vec<String>| paths.into_iter().filter(|path| path.contains("/token")).collect::<Vec<_>>();
    let scope = "GET /token?service=registry&scope=repository%3Aorg%2Fapp%3Apull";
    assert_eq!(tokens(world.registry.paths()), [scope]);
    world.registry.revoke();
    assert!(world.get(&spec).await.is_ok());
    assert_eq!(tokens(world.registry.paths()), [scope]);
}

#[tokio::test]
async fn a_refresh_token_is_traded() {
    let world = World::new().await;
    world.registry.push("latest", &[("a", "")]);
    let realm = format!("{}/token", world.registry.url());
    world.registry.auth(Auth::Bearer { realm }, Some("refresh_token=r%2Bt"));
    let keychain = Keychain::of(Login::Identity(Secret::new("r+t")));
    assert!(world.get(&OciSpec { keychain, ..world.registry.spec() }).await.is_ok());
    let error = world.refused(&world.registry.spec()).await;
    assert!(told(&error).contains("/token: the server answered with status 401"), "{}", told(&error));
}

#[tokio::test]
async fn a_token_may_come_from_another_host_and_from_no_private_address() {
    let (world, other) = (World::new().await, Registry::start().await);
    world.registry.push("latest", &[("a", "")]);
    world.registry.auth(Auth::Bearer { realm: format!("{}/token", other.url()) }, None);
    assert!(world.get(&world.registry.spec()).await.is_ok());
    assert_eq!(other.paths().len(), 1);
    let world = World::new().await;
    world.registry.auth(Auth::Bearer { realm: format!("http://127.0.0.1:{}/token", other.port) }, None);
    let error = world.refused(&OciSpec { keychain: user(), ..world.registry.spec() }).await;
    assert!(told(&error).contains("an address inside of a network"), "{}", told(&error));
    assert!(other.asked().is_empty());
}

#[tokio::test]
async fn credentials_do_not_follow_a_redirect_to_another_host() {
    let (world, other) = (World::new().await, Registry::start().await);
    let digest = world.registry.push("latest", &[("a", "")]);
    world.registry.auth(Auth::Basic(basic("me:hunter2")), None);
    let layer = archive(&[("a", "")]);
    let blob = other.blob(layer);
    let there = format!("{}/v2/org/app/blobs/{blob}?sig=secret", other.url());
    world.registry.fault("blobs/", Fault::Redirect(there));
    let spec = OciSpec { keychain: user(), ..world.registry.spec() };
    assert_eq!(world.get(&spec).await.unwrap().revision.as_str(), format!("latest@{digest}"));
    let asked = other.asked();
    assert_eq!((asked.len(), &asked[0].authorization), (1, &None));
    assert!(world.registry.asked().iter().any(|asked| asked.authorization.is_some()));
}

#[tokio::test]
async fn a_certificate_is_trusted_by_its_authority_or_when_insecure() {
    let tls = Tls::new();
    let world = World::with(Registry::start_tls(&tls.acceptor).await);
    world.registry.push("latest", &[("a", "")]);
    let error = world.refused(&world.registry.spec()).await;
    assert!(told(&error).contains("signed by an unknown authority"), "{}", told(&error));
    assert!(error.hint().unwrap().contains("spec.certSecretRef"));
    let trusted = SpecTls { ca: Some(tls.pem.clone()), ..SpecTls::default() };
    assert!(world.get(&OciSpec { tls: trusted, ..world.registry.spec() }).await.is_ok());
    assert!(world.get(&OciSpec { insecure: true, ..world.registry.spec() }).await.is_ok());
}

#[tokio::test]
async fn a_client_certificate_is_shown() {
    let server = generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let client = generate_simple_self_signed(vec!["client".to_owned()]).unwrap();
    let world = World::with(Registry::start_tls(&asking_for(&client, &server)).await);
    world.registry.push("latest", &[("a", "")]);
    let pem = format!("{}{}", client.cert.pem(), client.signing_key.serialize_pem());
    let ca = Some(server.cert.pem().into_bytes());
    let without = SpecTls { ca: ca.clone(), ..SpecTls::default() };
    assert!(world.get(&OciSpec { tls: without, ..world.registry.spec() }).await.is_err());
    let tls = SpecTls { ca, identity: Some(Secret::new(pem)), ..SpecTls::default() };
    assert!(world.get(&OciSpec { tls, ..world.registry.spec() }).await.is_ok());
}

fn asking_for(client: &CertifiedKey<rcgen::KeyPair>, server: &CertifiedKey<rcgen::KeyPair>) -> TlsAcceptor {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = rustls::RootCertStore::empty();
    roots.add(client.cert.der().clone()).expect("configuration");
    let verifier = rustls::server::WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone())
        .build()
        .expect("configuration");
    let key = rustls::pki_types::PrivateKeyDer::try_from(server.signing_key.serialize_der()).expect("configuration");
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("configuration")
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![server.cert.der().clone()], key)
        .expect("configuration");
    TlsAcceptor::from(Arc::new(config))
}

/// The registry takes requests for any host, as a proxy does.
#[tokio::test]
async fn a_proxy_is_asked_in_the_place_of_the_registry() {
    let world = World::new().await;
    world.registry.push("latest", &[("a", "")]);
    let direct = OciSpec::new("oci://registry.local:5000/org/app");
    assert!(world.get(&direct).await.is_err());
    let proxy = Proxy { address: world.registry.url(), username: "me".into(), password: Secret::new("pw") };
    let fetched = world.get(&OciSpec { proxy: Some(proxy), ..direct }).await.unwrap();
    assert_eq!(paths(&fetched.tree), ["a"]);
}

#[tokio::test]
async fn the_archive_of_an_extracted_layer_is_our_own() {
    let world = World::new().await;
    world.registry.push("latest", &[("a.yaml", "a: 1\n")]);
    let fetched = world.get(&world.registry.spec()).await.unwrap();
    assert!(fetched.layer.is_none());
    let publication = Publication {
        owner: Owner::new("OCIRepository", "ns", "app").unwrap(),
        file: fetched.file,
        revision: fetched.revision,
        metadata: fetched.metadata,
        tree: fetched.tree,
        etags: Default::default(),
    };
    let artifact = world.fixture.store.publish(publication).await.unwrap();
    let bytes = fs::read(world.fixture.dir.path().join("artifacts").join(&artifact.path)).unwrap();
    let mut tar = tar::Archive::new(GzDecoder::new(bytes.as_slice()));
    let names: Vec<_> = tar.entries().unwrap().map(|entry| entry.unwrap().path().unwrap().into_owned()).collect();
    assert_eq!(names, [std::path::PathBuf::from("a.yaml")]);
}
