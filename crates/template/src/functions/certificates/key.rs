//! Private keys: made, read, written, signed with.

use crypto_bigint::{BoxedUint, U1024, U2048};
use ed25519_dalek::Signer as _;
use rsa::{
    Pkcs1v15Sign, RsaPrivateKey,
    traits::{PrivateKeyParts, PublicKeyParts},
};
use sha2::{Digest, Sha256};

use super::{
    super::random::Generator,
    curve::Curve,
    der, dsa,
    pem::{self, Block},
    prime::prime,
};
use crate::function::{Call, Failure};

/// What a key takes from what a template may make: making one takes as long.
const SLOW: usize = 1 << 20;

const EXPONENT: u32 = 65_537;

/// 1.2.840.113549.1.1.1
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
/// 1.2.840.113549.1.1.11
const SHA256_WITH_RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b];
/// 1.2.840.10045.2.1
const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
/// 1.3.101.112
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];

/// A private key of a kind that certificates are made for. It is shown to nobody: there is no `Debug`.
pub(super) enum PrivateKey {
    Rsa(Box<RsaPrivateKey>),
    Ec(Box<Curve>),
    Ed25519(Box<ed25519_dalek::SigningKey>),
    /// Only passed on: nothing is signed with it.
    Dsa(Vec<u8>),
}

impl PrivateKey {
    /// Makes a key as certificates have it.
    pub(super) fn rsa_2048(call: &mut Call<'_>) -> Result<Self, Failure> {
        call.take(SLOW)?;
        let (p, q): (U1024, U1024) = (prime(call, 1024)?, prime(call, 1024)?);
        rsa_of(p.into(), q.into())
    }

    /// Makes a key as `genPrivateKey` has it.
    pub(super) fn rsa_4096(call: &mut Call<'_>) -> Result<Self, Failure> {
        call.take(16 * SLOW)?;
        let (p, q): (U2048, U2048) = (prime(call, 2048)?, prime(call, 2048)?);
        rsa_of(p.into(), q.into())
    }

    pub(super) fn dsa(call: &mut Call<'_>) -> Result<Self, Failure> {
        call.take(16 * SLOW)?;
        dsa::generate(call).map(Self::Dsa)
    }

    pub(super) fn p256(call: &mut Call<'_>) -> Result<Self, Failure> {
        Curve::p256(&mut Generator(call)).map(|key| Self::Ec(Box::new(key)))
    }

    pub(super) fn ed25519(call: &mut Call<'_>) -> Self {
        let mut seed = [0; 32];
        call.random(&mut seed);
        Self::Ed25519(Box::new(ed25519_dalek::SigningKey::from_bytes(&seed)))
    }

    /// Reads a key as sprig does, whose words an error has.
    pub(super) fn from_pem(text: &[u8]) -> Result<Self, String> {
        let Block { label, contents } = pem::decode(text).ok_or("no PEM data in input")?;
        if label == "PRIVATE KEY" {
            return pkcs8(&contents).map_err(|error| format!("decoding PEM as PKCS#8: {error}"));
        }
        let Some(kind) = label.strip_suffix(" PRIVATE KEY") else {
            return Err(format!("no private key data in PEM block of type {label}"));
        };
        let parsed = match kind {
            "RSA" => rsa_from_der(&contents),
            "EC" => ec_from_der(&contents, None),
            "DSA" => dsa_from_der(contents),
            _ => return Err(format!("invalid private key type {label}")),
        };
        parsed.map_err(|error| format!("parsing {kind} private key from PEM: {error}"))
    }

    /// Writes the key in the form that its kind has by custom.
    pub(super) fn to_pem(&self) -> String {
        match self {
            Self::Rsa(key) => pem::encode("RSA PRIVATE KEY", &rsa_to_der(key)),
            Self::Ec(curve) => pem::encode("EC PRIVATE KEY", &curve.to_der()),
            Self::Ed25519(key) => {
                let seed = der::value(der::OCTET_STRING, key.as_bytes());
                let key = der::value(der::OCTET_STRING, &seed);
                let algorithm = der::sequence(&[&der::object(ED25519)]);
                pem::encode("PRIVATE KEY", &der::sequence(&[&der::integer(&[0]), &algorithm, &key]))
            }
            Self::Dsa(contents) => pem::encode("DSA PRIVATE KEY", contents),
        }
    }

    /// Returns the public key's algorithm, encoded, and its bits; nothing for keys that sign nothing.
    pub(super) fn public(&self) -> Option<(Vec<u8>, Vec<u8>)> {
        let null = der::value(der::NULL, &[]);
        Some(match self {
            Self::Rsa(key) => {
                let bits = der::sequence(&[&uint(key.n()), &uint(key.e())]);
                (der::sequence(&[&der::object(RSA), &null]), bits)
            }
            Self::Ec(curve) => (der::sequence(&[&der::object(EC), &der::object(curve.name())]), curve.public()),
            Self::Ed25519(key) => (der::sequence(&[&der::object(ED25519)]), key.verifying_key().to_bytes().to_vec()),
            Self::Dsa(_) => return None,
        })
    }

    /// Returns the algorithm that it signs with, encoded.
    pub(super) fn signature_algorithm(&self) -> Vec<u8> {
        match self {
            Self::Rsa(_) => der::sequence(&[&der::object(SHA256_WITH_RSA), &der::value(der::NULL, &[])]),
            Self::Ec(curve) => der::sequence(&[&der::object(curve.signature_algorithm())]),
            Self::Ed25519(_) | Self::Dsa(_) => der::sequence(&[&der::object(ED25519)]),
        }
    }

    /// Signs a text.
    pub(super) fn sign(&self, call: &mut Call<'_>, text: &[u8]) -> Result<Vec<u8>, String> {
        match self {
            Self::Rsa(key) => key
                .sign_with_rng(&mut Generator(call), Pkcs1v15Sign::new::<Sha256>(), &Sha256::digest(text))
                .map_err(|error| error.to_string()),
            Self::Ec(curve) => Ok(curve.sign(text)),
            Self::Ed25519(key) => Ok(key.sign(text).to_bytes().to_vec()),
            Self::Dsa(_) => Err("x509: certificate private key does not implement crypto.Signer".into()),
        }
    }
}

fn rsa_of(p: BoxedUint, q: BoxedUint) -> Result<PrivateKey, Failure> {
    let key = RsaPrivateKey::from_p_q(p, q, EXPONENT.into());
    let failed = |error| Failure::new(format!("error generating rsa key: {error}"));
    key.map(|key| PrivateKey::Rsa(Box::new(key))).map_err(failed)
}

fn uint(number: &BoxedUint) -> Vec<u8> {
    der::integer(&number.to_be_bytes())
}

fn number(digits: &[u8]) -> BoxedUint {
    BoxedUint::from_be_slice_vartime(digits)
}

/// PKCS#1
fn rsa_to_der(key: &RsaPrivateKey) -> Vec<u8> {
    let mut values = vec![der::integer(&[0]), uint(key.n()), uint(key.e()), uint(key.d())];
    values.extend(key.primes().iter().map(uint));
    values.extend([key.dp(), key.dq()].into_iter().flatten().map(uint));
    values.extend(key.crt_coefficient().iter().map(uint));
    der::sequence(&values.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

fn malformed() -> String {
    "asn1: structure error: tags don't match".into()
}

fn rsa_from_der(contents: &[u8]) -> Result<PrivateKey, String> {
    let values = der::read_sequence(contents).ok_or_else(malformed)?;
    let digits: Option<Vec<_>> = values.iter().map(der::Read::unsigned).collect();
    let [_version, n, e, d, p, q, ..] = digits.ok_or_else(malformed)?[..] else {
        return Err(malformed());
    };
    let key = RsaPrivateKey::from_components(number(n), number(e), number(d), vec![number(p), number(q)]);
    key.map(|key| PrivateKey::Rsa(Box::new(key))).map_err(|error| format!("crypto/rsa: {error}"))
}

fn ec_from_der(contents: &[u8], curve: Option<&[u8]>) -> Result<PrivateKey, String> {
    let failed = || format!("x509: failed to parse EC private key: {}", malformed());
    let values = der::read_sequence(contents).ok_or_else(failed)?;
    let secret = values.get(1).and_then(|value| value.of(der::OCTET_STRING)).ok_or_else(failed)?;
    let inner = values.iter().find_map(|value| value.of(der::explicit(0))).and_then(der::read_all);
    let named = inner.as_ref().and_then(|values| values.first()?.of(der::OBJECT_IDENTIFIER));
    let name = curve.or(named).ok_or("x509: unknown elliptic curve")?;
    Curve::new(name, secret).map(|key| PrivateKey::Ec(Box::new(key)))
}

fn dsa_from_der(contents: Vec<u8>) -> Result<PrivateKey, String> {
    let values = der::read_sequence(&contents).ok_or_else(malformed)?;
    if values.len() < 6 || values.iter().any(|value| value.tag != der::INTEGER) {
        return Err(malformed());
    }
    Ok(PrivateKey::Dsa(contents))
}

fn pkcs8(contents: &[u8]) -> Result<PrivateKey, String> {
    let values = der::read_sequence(contents).ok_or_else(malformed)?;
    let algorithm = values.get(1).and_then(|value| der::read_all(value.of(der::SEQUENCE)?)).ok_or_else(malformed)?;
    let key = values.get(2).and_then(|value| value.of(der::OCTET_STRING)).ok_or_else(malformed)?;
    let [name, parameter] = [0, 1].map(|at| algorithm.get(at).and_then(|value| value.of(der::OBJECT_IDENTIFIER)));
    let within = |kind: &str| {
        let kind = kind.to_owned();
        move |error: String| format!("x509: failed to parse {kind} private key embedded in PKCS#8: {error}")
    };
    match name {
        Some(RSA) => rsa_from_der(key).map_err(within("RSA")),
        Some(EC) => ec_from_der(key, parameter).map_err(within("EC")),
        Some(ED25519) => ed25519_from_der(key),
        _ => Err("x509: PKCS#8 wrapping contained private key with unknown algorithm".into()),
    }
}

fn ed25519_from_der(contents: &[u8]) -> Result<PrivateKey, String> {
    let values = der::read_all(contents).unwrap_or_default();
    let seed = values.first().and_then(|value| value.of(der::OCTET_STRING)).unwrap_or_default();
    match seed.try_into() {
        Ok(seed) => Ok(PrivateKey::Ed25519(Box::new(ed25519_dalek::SigningKey::from_bytes(seed)))),
        Err(_) => Err(format!("x509: invalid Ed25519 private key length: {}", seed.len())),
    }
}
