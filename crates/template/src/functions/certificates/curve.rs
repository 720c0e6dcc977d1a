//! Keys on the curves of NIST.

use p256::ecdsa::signature::Signer as _;
use rand_core::CryptoRng;

use super::der;
use crate::function::Failure;

/// A private key on a curve.
pub(super) enum Curve {
    P256(p256::ecdsa::SigningKey),
    P384(p384::ecdsa::SigningKey),
    P521(p521::ecdsa::SigningKey),
}

/// 1.2.840.10045.3.1.7
const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
/// 1.3.132.0.34
const P384: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x22];
/// 1.3.132.0.35
const P521: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x23];

impl Curve {
    /// Makes a key as `genPrivateKey` has it.
    pub(super) fn p256(random: &mut impl CryptoRng) -> Result<Self, Failure> {
        loop {
            let mut secret = [0; 32];
            random.fill_bytes(&mut secret);
            if let Ok(key) = p256::ecdsa::SigningKey::from_slice(&secret) {
                return Ok(Self::P256(key));
            }
        }
    }

    /// Takes a key of the curve of that name; zeros before it may be missing, or too many.
    pub(super) fn new(name: &[u8], secret: &[u8]) -> Result<Self, String> {
        let padded = |size: usize| {
            let zeros = secret.len().saturating_sub(size);
            if secret[..zeros].iter().any(|byte| *byte != 0) {
                return Err("x509: invalid private key length".to_owned());
            }
            let digits = &secret[zeros..];
            Ok([&vec![0; size - digits.len()], digits].concat())
        };
        let invalid = |_| "ecdsa: private key scalar too large".to_owned();
        match name {
            P256 => p256::ecdsa::SigningKey::from_slice(&padded(32)?).map(Self::P256).map_err(invalid),
            P384 => p384::ecdsa::SigningKey::from_slice(&padded(48)?).map(Self::P384).map_err(invalid),
            P521 => p521::ecdsa::SigningKey::from_slice(&padded(66)?).map(Self::P521).map_err(invalid),
            _ => Err("x509: unknown elliptic curve".into()),
        }
    }

    /// Returns the curve's name, encoded.
    pub(super) fn name(&self) -> &'static [u8] {
        match self {
            Self::P256(_) => P256,
            Self::P384(_) => P384,
            Self::P521(_) => P521,
        }
    }

    /// Returns the name of the algorithm it signs with, encoded: ECDSA with SHA-256, SHA-384 or SHA-512.
    pub(super) fn signature_algorithm(&self) -> &'static [u8] {
        match self {
            Self::P256(_) => &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02],
            Self::P384(_) => &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03],
            Self::P521(_) => &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x04],
        }
    }

    /// Returns the public key: its point, not compressed.
    pub(super) fn public(&self) -> Vec<u8> {
        match self {
            Self::P256(key) => key.verifying_key().to_sec1_point(false).as_bytes().to_vec(),
            Self::P384(key) => key.verifying_key().to_sec1_point(false).as_bytes().to_vec(),
            Self::P521(key) => key.verifying_key().to_sec1_point(false).as_bytes().to_vec(),
        }
    }

    /// Writes the key as SEC 1 has it.
    pub(super) fn to_der(&self) -> Vec<u8> {
        let secret = match self {
            Self::P256(key) => key.to_bytes().to_vec(),
            Self::P384(key) => key.to_bytes().to_vec(),
            Self::P521(key) => key.to_bytes().to_vec(),
        };
        der::sequence(&[
            &der::integer(&[1]),
            &der::value(der::OCTET_STRING, &secret),
            &der::value(der::explicit(0), &der::object(self.name())),
            &der::value(der::explicit(1), &der::bits(&self.public())),
        ])
    }

    /// Signs a text.
    pub(super) fn sign(&self, text: &[u8]) -> Vec<u8> {
        match self {
            Self::P256(key) => signature(key.sign(text), p256::ecdsa::Signature::to_der),
            Self::P384(key) => signature(key.sign(text), p384::ecdsa::Signature::to_der),
            Self::P521(key) => signature(key.sign(text), p521::ecdsa::Signature::to_der),
        }
    }
}

fn signature<S, D: AsRef<[u8]>>(signature: S, to_der: fn(&S) -> D) -> Vec<u8> {
    to_der(&signature).as_ref().to_vec()
}
