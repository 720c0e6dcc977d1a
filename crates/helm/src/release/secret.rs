//! Secrets that keep releases.

use std::{collections::BTreeMap, io::Read as _, io::Write as _};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use flate2::{Compression, read::MultiGzDecoder, write::GzEncoder};
use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::{Release, TooLarge, Unreadable, size::LARGEST};

/// The type of the Secrets.
pub const TYPE: &str = "helm.sh/release.v1";
/// The key of a Secret's data.
const KEY: &str = "release";
/// Labels that are Helm's own.
const SYSTEM: [&str; 6] = ["name", "owner", "status", "version", "createdAt", "modifiedAt"];
const MAGIC: [u8; 3] = [0x1f, 0x8b, 0x08];
/// A Secret has 1 MiB at most; what is in it may be much more, but not without end.
const LARGEST_JSON: u64 = 64 << 20;

/// A Secret that keeps a release.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    /// Its name.
    pub name: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// The release, as [`encode`] writes it: `data` of the object has it in base64 once more.
    pub release: String,
}

/// Why a release cannot be stored.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// It is too large.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    /// It could not be compressed.
    #[error("compress the release")]
    Compress(#[source] std::io::Error),
}

/// Why what is stored is no release; what it holds is not told.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// The Secret has no release.
    #[error("the Secret has no key `release`")]
    Missing,
    /// It is not in base64.
    #[error("the release is not in base64")]
    Base64,
    /// It could not be decompressed.
    #[error("the release cannot be decompressed")]
    Decompress(#[source] std::io::Error),
    /// There is no end to it.
    #[error("the release has more than {LARGEST_JSON} bytes")]
    TooLarge,
    /// It is something else.
    #[error("what is stored is no release: {0}")]
    Unreadable(#[from] Unreadable),
}

/// Returns the name of the Secret that keeps a revision.
pub fn secret_name(release: &str, version: i64) -> String {
    format!("sh.helm.release.v1.{release}.v{version}")
}

/// Returns the label selector of all revisions of a release.
pub fn selector(release: &str) -> String {
    format!("name={release},owner=helm")
}

/// Writes a release as Helm stores it: JSON, compressed, in base64.
///
/// # Errors
/// When it does not fit into a Secret.
pub fn encode(release: &Release) -> Result<String, EncodeError> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(release.to_json().as_bytes()).map_err(EncodeError::Compress)?;
    let text = STANDARD.encode(gzip.finish().map_err(EncodeError::Compress)?);
    if text.len() > LARGEST {
        return Err(TooLarge::of(release, text.len()).into());
    }
    Ok(text)
}

/// Reads a release as Helm stores it; the first ones were not compressed. Labels are beside it.
///
/// # Errors
/// When it is something else.
pub fn decode(text: &[u8]) -> Result<Release, DecodeError> {
    let bytes = STANDARD.decode(without_ends(text)).map_err(|_| DecodeError::Base64)?;
    if bytes.len() <= MAGIC.len() || !bytes.starts_with(&MAGIC) {
        return Ok(Release::from_json(&bytes)?);
    }
    let mut json = Vec::new();
    let mut unzipped = MultiGzDecoder::new(bytes.as_slice()).take(LARGEST_JSON + 1);
    unzipped.read_to_end(&mut json).map_err(DecodeError::Decompress)?;
    if json.len() as u64 > LARGEST_JSON {
        return Err(DecodeError::TooLarge);
    }
    Ok(Release::from_json(&json)?)
}

/// Go's decoder passes over ends of lines.
fn without_ends(text: &[u8]) -> Vec<u8> {
    text.iter().copied().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect()
}

impl Secret {
    /// Makes the Secret of a release that is stored for the first time.
    ///
    /// # Errors
    /// When it does not fit.
    pub fn created(release: &Release, now: Timestamp) -> Result<Self, EncodeError> {
        Self::with(release, "createdAt", now)
    }

    /// Makes the Secret of a release that takes the place of what is stored.
    ///
    /// # Errors
    /// When it does not fit.
    pub fn modified(release: &Release, now: Timestamp) -> Result<Self, EncodeError> {
        Self::with(release, "modifiedAt", now)
    }

    fn with(release: &Release, moment: &str, now: Timestamp) -> Result<Self, EncodeError> {
        let mut labels = user_labels(&release.labels);
        let own = [
            (moment, now.as_second().to_string()),
            ("name", release.name.clone()),
            ("owner", "helm".to_owned()),
            ("status", release.info.status.to_string()),
            ("version", release.version.to_string()),
        ];
        labels.extend(own.map(|(key, value)| (key.to_owned(), value)));
        Ok(Self { name: release.secret_name(), labels, release: encode(release)? })
    }

    /// Returns the object, to be made in a namespace.
    pub fn to_json(&self, namespace: &str) -> Json {
        json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": { "name": self.name, "namespace": namespace, "labels": self.labels },
            "type": TYPE,
            "data": { KEY: STANDARD.encode(&self.release) },
        })
    }

    /// Reads the release of an object, with its labels.
    ///
    /// # Errors
    /// When there is none in it.
    pub fn read(object: &Json) -> Result<Release, DecodeError> {
        let text = object["data"][KEY].as_str().ok_or(DecodeError::Missing)?;
        let mut release = decode(&STANDARD.decode(text).map_err(|_| DecodeError::Base64)?)?;
        let labels = object["metadata"]["labels"].as_object().into_iter().flatten();
        let labels = labels.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())));
        release.labels = user_labels(&labels.collect());
        Ok(release)
    }
}

fn user_labels(labels: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let others = labels.iter().filter(|(key, _)| !SYSTEM.contains(&key.as_str()));
    others.map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// A release may hold secrets.
impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Secret").field("name", &self.name).field("labels", &self.labels).finish_non_exhaustive()
    }
}
