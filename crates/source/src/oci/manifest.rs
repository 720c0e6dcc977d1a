//! Manifests and indexes: asked for by tag or digest, and believed by digest only.

use std::collections::BTreeMap;

use reqwest::{Method, Response, header::CONTENT_TYPE};
use serde::Deserialize;
use sluice_object::Digest;

use super::{Problem, answer::Ask, retry::retried, session::Session};

/// Bytes of a manifest; registries take no more than 4 MiB of one.
const LONGEST: usize = 4 << 20;

/// Bytes of all annotations: they become a part of the object's status.
const ANNOTATIONS: usize = 256 << 10;

const ACCEPT: &str = "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, \
     application/vnd.docker.distribution.manifest.v2+json, application/vnd.docker.distribution.manifest.list.v2+json";

const INDEXES: [&str; 2] =
    ["application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json"];

/// What a manifest says of an artifact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Manifest {
    pub(super) layers: Vec<Descriptor>,
    pub(super) annotations: BTreeMap<String, String>,
}

/// Content, by its digest.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Descriptor {
    #[serde(default)]
    pub(super) media_type: String,
    pub(super) digest: String,
    pub(super) size: u64,
    #[serde(default)]
    platform: Option<Platform>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Platform {
    #[serde(default)]
    architecture: String,
    #[serde(default)]
    os: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    #[serde(default)]
    media_type: String,
    manifests: Option<Vec<Descriptor>>,
    layers: Option<Vec<Descriptor>>,
    #[serde(default)]
    annotations: Option<BTreeMap<String, String>>,
}

/// What came for a digest.
enum Found {
    Manifest(Manifest),
    Index(Vec<Descriptor>),
}

/// Returns the digest that a tag has now.
pub(super) async fn resolve(session: &Session, tag: &str) -> Result<Digest, Problem> {
    let url = session.url(&format!("manifests/{tag}")).await?;
    let head = Ask::new(Method::HEAD, url.clone(), ACCEPT);
    if let Some(digest) = session.send(&head).await.ok().as_ref().and_then(told) {
        return Ok(digest);
    }
    // The body of an error says more than HEAD can; some registries do not know HEAD, or do not tell the digest.
    let (_, bytes) = retried(|| download(session, Ask::get(url.clone(), ACCEPT))).await?;
    Ok(Digest::sha256(&bytes))
}

fn told(response: &Response) -> Option<Digest> {
    let digest = response.headers().get("docker-content-digest")?.to_str().ok()?;
    digest_of(digest).ok()
}

/// Returns the manifest of a digest. Of an index it is the one for linux/amd64, which Flux takes.
pub(super) async fn get(session: &Session, digest: &Digest) -> Result<Manifest, Problem> {
    let child = match fetch(session, digest).await? {
        Found::Manifest(manifest) => return Ok(manifest),
        Found::Index(children) => choose(children)?,
    };
    match fetch(session, &digest_of(&child.digest).map_err(Problem::Name)?).await? {
        Found::Manifest(manifest) => Ok(manifest),
        Found::Index(_) => Err(Problem::Name(format!("the index names another index, `{}`", child.digest))),
    }
}

async fn fetch(session: &Session, digest: &Digest) -> Result<Found, Problem> {
    let ask = Ask::get(session.url(&format!("manifests/{digest}")).await?, ACCEPT);
    let (media_type, bytes) = retried(|| download(session, ask.clone())).await?;
    let found = Digest::sha256(&bytes);
    if found != *digest {
        return Err(Problem::Digest { asked: ask.shown(), found: found.to_string() });
    }
    parse(&bytes, &media_type).map_err(|problem| ask.protocol(problem))
}

async fn download(session: &Session, ask: Ask) -> Result<(String, Vec<u8>), Problem> {
    let response = session.send(&ask).await?;
    let media_type = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = media_type.unwrap_or_default().to_owned();
    Ok((media_type, ask.body(response, LONGEST).await?))
}

fn parse(bytes: &[u8], media_type: &str) -> Result<Found, String> {
    let document: Document =
        serde_json::from_slice(bytes).map_err(|error| format!("the manifest cannot be read: {error}"))?;
    let Document { media_type: own, manifests, layers, annotations } = document;
    let annotations = annotations.unwrap_or_default();
    let index = INDEXES.contains(&media_type) || INDEXES.contains(&own.as_str());
    match (manifests, layers) {
        (Some(children), _) if index => Ok(Found::Index(children)),
        (_, Some(layers)) if !index => {
            let length: usize = annotations.iter().map(|(key, value)| key.len() + value.len()).sum();
            if length > ANNOTATIONS {
                return Err(format!("its annotations are longer than {} KiB", ANNOTATIONS >> 10));
            }
            Ok(Found::Manifest(Manifest { layers, annotations }))
        }
        _ => Err("it is neither a manifest with layers nor an index".into()),
    }
}

/// One without a platform is taken for linux/amd64.
fn choose(children: Vec<Descriptor>) -> Result<Descriptor, Problem> {
    let fits = |platform: &Platform| platform.os == "linux" && platform.architecture == "amd64";
    let existing: Vec<String> = children.iter().map(described).take(10).collect();
    let chosen = children.into_iter().find(|child| child.platform.as_ref().is_none_or(fits));
    let problem = "the index has no manifest for linux/amd64";
    chosen.ok_or_else(|| Problem::Layer { problem: problem.into(), existing })
}

fn described(child: &Descriptor) -> String {
    let platform = child.platform.as_ref().map(|Platform { architecture, os }| format!("{os}/{architecture}"));
    platform.unwrap_or_else(|| child.media_type.clone())
}

/// Reads a digest; only SHA-256 is known, as in Flux.
pub(super) fn digest_of(text: &str) -> Result<Digest, String> {
    let hex = text.strip_prefix("sha256:").unwrap_or_default();
    let small = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    let digest = Digest::parse(text).filter(|_| hex.len() == 64 && hex.bytes().all(small));
    digest.ok_or_else(|| format!("`{}` is no digest in the form `sha256:<64 hex>`", text.escape_default()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn child(platform: Option<(&str, &str)>, digest: &str) -> Descriptor {
        let platform = platform.map(|(os, architecture)| Platform { os: os.into(), architecture: architecture.into() });
        Descriptor { media_type: "m".into(), digest: digest.into(), size: 1, platform }
    }

    #[rstest]
    #[case(&[(Some(("linux", "arm64")), "a"), (Some(("linux", "amd64")), "b"), (None, "c")], "b")]
    #[case(&[(Some(("linux", "arm64")), "a"), (None, "c")], "c")]
    fn the_manifest_that_flux_takes_is_chosen(#[case] children: &[(Option<(&str, &str)>, &str)], #[case] chosen: &str) {
        let children = children.iter().map(|(platform, digest)| child(*platform, digest)).collect();
        assert_eq!(choose(children).unwrap().digest, chosen);
    }

    #[test]
    fn an_index_for_other_machines_says_for_which() {
        let error = choose(vec![child(Some(("linux", "arm64")), "a")]).unwrap_err();
        assert!(matches!(error, Problem::Layer { existing, .. } if existing == ["linux/arm64"]));
    }

    #[rstest]
    #[case(r#"{"layers": []}"#, "", "manifest")]
    #[case(r#"{"layers": [], "annotations": null}"#, "application/vnd.oci.image.manifest.v1+json", "manifest")]
    #[case(r#"{"manifests": []}"#, "application/vnd.oci.image.index.v1+json", "index")]
    #[case(r#"{"mediaType": "application/vnd.oci.image.index.v1+json", "manifests": []}"#, "", "index")]
    #[case(r#"{"manifests": []}"#, "application/vnd.oci.image.manifest.v1+json", "neither")]
    #[case(r#"{"schemaVersion": 1, "fsLayers": []}"#, "", "neither")]
    #[case("<html>", "text/html", "cannot be read")]
    fn a_manifest_is_told_from_an_index(#[case] text: &str, #[case] media_type: &str, #[case] expected: &str) {
        let found = match parse(text.as_bytes(), media_type) {
            Ok(Found::Manifest(_)) => "manifest".into(),
            Ok(Found::Index(_)) => "index".into(),
            Err(problem) => problem,
        };
        assert!(found.contains(expected), "{found}");
    }

    #[test]
    fn annotations_fit_into_a_status() {
        let text = format!(r#"{{"layers": [], "annotations": {{"a": "{}"}}}}"#, "x".repeat(ANNOTATIONS));
        assert!(parse(text.as_bytes(), "").err().unwrap().contains("256 KiB"));
    }

    #[rstest]
    #[case(&format!("sha256:{}", "0a".repeat(32)), true)]
    #[case(&format!("sha256:{}", "0A".repeat(32)), false)]
    #[case(&format!("sha512:{}", "0a".repeat(64)), false)]
    #[case("sha256:0a", false)]
    #[case("../../x", false)]
    fn digests_are_sha256(#[case] text: &str, #[case] good: bool) {
        assert_eq!(digest_of(text).is_ok(), good);
    }
}
