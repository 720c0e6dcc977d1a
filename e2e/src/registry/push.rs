//! As much of a push as tests need: a layer of files, a configuration, a manifest.

use ::http::header::CONTENT_TYPE;
use flate2::{Compression, write::GzEncoder};
use reqwest::Client;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::scenario::Outcome;

/// The media type of the layers that Flux makes.
pub const CONTENT: &str = "application/vnd.cncf.flux.content.v1.tar+gzip";

/// The media types of Helm's charts.
const CHART: &str = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";
const CHART_CONFIG: &str = "application/vnd.cncf.helm.config.v1+json";

const CONFIG: &str = "application/vnd.cncf.flux.config.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// What was pushed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pushed {
    /// Digest of the manifest.
    pub digest: String,
    /// The revision, as status shows it for the tag.
    pub revision: String,
    /// The layer.
    pub layer: Vec<u8>,
}

pub(super) async fn push(registry: &str, repository: &str, tag: &str, files: &[(&str, &str)]) -> Outcome<Pushed> {
    let layer = archive(files)?;
    push_layer(registry, repository, tag, (CONFIG, CONTENT), layer).await
}

/// Pushes a packed chart as Helm does.
pub(super) async fn push_chart(registry: &str, repository: &str, tag: &str, chart: Vec<u8>) -> Outcome<Pushed> {
    push_layer(registry, repository, tag, (CHART_CONFIG, CHART), chart).await
}

async fn push_layer(
    registry: &str,
    repository: &str,
    tag: &str,
    (config, content): (&str, &str),
    layer: Vec<u8>,
) -> Outcome<Pushed> {
    let client = client()?;
    let base = format!("{registry}/v2/{repository}");
    let parts =
        [blob(&client, &base, config, b"{}".to_vec()).await?, blob(&client, &base, content, layer.clone()).await?];
    let annotations = json!({
        "org.opencontainers.image.source": "https://git.example.com/app",
        "org.opencontainers.image.revision": format!("{tag}@sha1:0123456789"),
    });
    let [config, content] = parts;
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": config,
        "layers": [content],
        "annotations": annotations,
    });
    let bytes = manifest.to_string().into_bytes();
    let digest = digest(&bytes);
    let request = client.put(format!("{base}/manifests/{tag}")).header(CONTENT_TYPE, MANIFEST).body(bytes);
    request.send().await?.error_for_status()?;
    Ok(Pushed { revision: format!("{tag}@{digest}"), digest, layer })
}

async fn blob(client: &Client, base: &str, media_type: &str, bytes: Vec<u8>) -> Outcome<Value> {
    let (digest, size) = (digest(&bytes), bytes.len());
    let url = format!("{base}/blobs/uploads/?digest={digest}");
    let request = client.post(url).header(CONTENT_TYPE, "application/octet-stream").body(bytes);
    request.send().await?.error_for_status()?;
    Ok(json!({ "mediaType": media_type, "digest": digest, "size": size }))
}

/// Packs files into a compressed archive.
///
/// # Errors
/// When a name is too long.
pub fn archive(files: &[(&str, &str)]) -> std::io::Result<Vec<u8>> {
    let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (name, text) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, name, text.as_bytes())?;
    }
    tar.into_inner()?.finish()
}

/// Returns the digest of bytes, `sha256:<hex>`.
pub fn digest(bytes: &[u8]) -> String {
    let hash = Sha256::digest(bytes);
    hash.iter().fold("sha256:".to_owned(), |text, byte| format!("{text}{byte:02x}"))
}

/// A client without certificates: the registry speaks plain HTTP.
pub(super) fn client() -> reqwest::Result<Client> {
    // Without a default provider the client cannot be built; a second installation changes nothing.
    let _ = rustls::crypto::ring::default_provider().install_default();
    // No connection outlives a request: tests have runtimes of their own.
    Client::builder().no_proxy().tls_certs_only([]).pool_max_idle_per_host(0).build()
}
