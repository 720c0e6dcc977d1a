//! Digests as helm-controller writes them into statuses.

use std::{fmt, str::FromStr};

use serde_json::{Map as JsonMap, Number, Value as Json};
use sha1::Sha1;
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use sluice_yaml::{EmitOptions, emit_v2_bytewise};

/// How a digest is made: `--snapshot-digest-algo`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Algorithm {
    /// SHA-1.
    Sha1,
    /// SHA-256.
    #[default]
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
    /// BLAKE3.
    Blake3,
}

const ALGORITHMS: [(&str, Algorithm, usize); 5] = [
    ("sha1", Algorithm::Sha1, 40),
    ("sha256", Algorithm::Sha256, 64),
    ("sha384", Algorithm::Sha384, 96),
    ("sha512", Algorithm::Sha512, 128),
    ("blake3", Algorithm::Blake3, 64),
];

/// A digest, as `<algorithm>:<hex>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digest {
    algorithm: Algorithm,
    hex: String,
}

/// A name of no algorithm, or a text that is no digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unsupported digest algorithm: {0}")]
pub struct UnknownAlgorithm(pub String);

impl FromStr for Algorithm {
    type Err = UnknownAlgorithm;

    fn from_str(name: &str) -> Result<Self, UnknownAlgorithm> {
        let found = ALGORITHMS.into_iter().find(|(known, ..)| *known == name);
        found.map(|(_, algorithm, _)| algorithm).ok_or_else(|| UnknownAlgorithm(name.to_owned()))
    }
}

impl Algorithm {
    /// Returns the name.
    pub fn name(self) -> &'static str {
        ALGORITHMS[self as usize].0
    }
}

impl Digest {
    /// Makes the digest of bytes.
    pub fn of(algorithm: Algorithm, bytes: &[u8]) -> Self {
        let hex = match algorithm {
            Algorithm::Sha1 => hex(&Sha1::digest(bytes)),
            Algorithm::Sha256 => hex(&Sha256::digest(bytes)),
            Algorithm::Sha384 => hex(&Sha384::digest(bytes)),
            Algorithm::Sha512 => hex(&Sha512::digest(bytes)),
            Algorithm::Blake3 => hex(blake3::hash(bytes).as_bytes()),
        };
        Self { algorithm, hex }
    }

    /// Reads a digest; `None` for what is none.
    pub fn parse(text: &str) -> Option<Self> {
        let (name, hex) = text.split_once(':')?;
        let (_, algorithm, length) = ALGORITHMS.into_iter().find(|(known, ..)| *known == name)?;
        let is_hex = hex.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
        (is_hex && hex.len() == length).then(|| Self { algorithm, hex: hex.to_owned() })
    }

    /// Says whether it is the digest of bytes.
    pub fn verifies(&self, bytes: &[u8]) -> bool {
        *self == Self::of(self.algorithm, bytes)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.algorithm.name(), self.hex)
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Returns the digest of values, `configDigest` in statuses: that of their YAML, and of nothing where there are none.
pub fn digest_values(algorithm: Algorithm, values: &JsonMap<String, Json>) -> Digest {
    Digest::of(algorithm, canonical(values).as_bytes())
}

/// Says whether a text is the digest of values.
pub fn verify_values(digest: &str, values: &JsonMap<String, Json>) -> bool {
    Digest::parse(digest).is_some_and(|digest| digest.verifies(canonical(values).as_bytes()))
}

fn canonical(values: &JsonMap<String, Json>) -> String {
    if values.is_empty() {
        return String::new();
    }
    emit_v2_bytewise(&whole(&Json::Object(values.clone())), &EmitOptions::FOLDED)
}

/// Makes integers of floats that are whole, with all their digits: Flux does not go through JSON, as Helm does.
fn whole(json: &Json) -> Json {
    match json {
        Json::Number(number) if number.is_f64() => {
            Json::Number(number.as_f64().and_then(integer).unwrap_or_else(|| number.clone()))
        }
        Json::Array(items) => items.iter().map(whole).collect(),
        Json::Object(entries) => entries.iter().map(|(key, value)| (key.clone(), whole(value))).collect(),
        other => other.clone(),
    }
}

fn integer(float: f64) -> Option<Number> {
    const FIRST_UNSIGNED: f64 = 9_223_372_036_854_775_808.0;
    const END: f64 = 18_446_744_073_709_551_616.0;
    match float {
        float if float.fract() != 0.0 => None,
        float if (-FIRST_UNSIGNED..FIRST_UNSIGNED).contains(&float) => Some((float as i64).into()),
        float if (FIRST_UNSIGNED..END).contains(&float) => Some((float as u64).into()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    /// As `openssl dgst` and `b3sum` have it.
    #[rstest]
    #[case("sha1", "da39a3ee5e6b4b0d3255bfef95601890afd80709")]
    #[case("sha256", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    #[case("blake3", "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262")]
    fn digests_of_nothing(#[case] algorithm: &str, #[case] hex: &str) {
        let digest = Digest::of(algorithm.parse().unwrap(), b"");
        assert_eq!(digest.to_string(), format!("{algorithm}:{hex}"));
        assert!(
            Digest::parse(&digest.to_string()).is_some_and(|digest| digest.verifies(b"") && !digest.verifies(b"a"))
        );
    }

    #[rstest]
    #[case::good("sha1:da39a3ee5e6b4b0d3255bfef95601890afd80709", true)]
    #[case::upper("sha1:DA39A3EE5E6B4B0D3255BFEF95601890AFD80709", false)]
    #[case::short("sha256:da39a3ee5e6b4b0d3255bfef95601890afd80709", false)]
    #[case::unknown("md5:d41d8cd98f00b204e9800998ecf8427e", false)]
    #[case::bare("da39a3ee5e6b4b0d3255bfef95601890afd80709", false)]
    fn a_digest_names_its_algorithm(#[case] text: &str, #[case] expected: bool) {
        assert_eq!(Digest::parse(text).is_some_and(|digest| digest.verifies(b"")), expected);
        assert_eq!(Digest::parse(text).map(|digest| digest.to_string() == text).unwrap_or(expected), expected);
    }
}
