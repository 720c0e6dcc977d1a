//! Certificates as Go's `x509.CreateCertificate` makes them.

use std::net::IpAddr;

use sha2::{Digest, Sha256};
use x509_cert::{
    Certificate,
    der::{Decode, Encode},
    ext::pkix::SubjectKeyIdentifier,
};

use super::{der, key::PrivateKey};
use crate::{
    function::Call,
    time::{Duration, Time},
};

/// What a certificate is to say.
pub(super) struct Request<'a> {
    /// The common name.
    pub(super) name: &'a str,
    /// How long it is valid.
    pub(super) days: i64,
    /// Whether others may be signed with it.
    pub(super) authority: bool,
    /// Alternative names that are addresses.
    pub(super) addresses: Vec<IpAddr>,
    /// Alternative names of hosts.
    pub(super) hosts: Vec<String>,
}

/// What is taken over from the certificate of who signs.
pub(super) struct Issuer {
    subject: Vec<u8>,
    public_key: Vec<u8>,
    key_identifier: Option<Vec<u8>>,
}

impl Issuer {
    /// Reads a certificate.
    pub(super) fn parse(contents: &[u8]) -> Result<Self, String> {
        let malformed = |_| "x509: malformed certificate".to_owned();
        let certificate = Certificate::from_der(contents).map_err(malformed)?;
        let body = certificate.tbs_certificate();
        let identifier = body.get_extension::<SubjectKeyIdentifier>().map_err(malformed)?;
        Ok(Self {
            subject: body.subject().to_der().map_err(malformed)?,
            public_key: body.subject_public_key_info().to_der().map_err(malformed)?,
            key_identifier: identifier.map(|(_, identifier)| identifier.0.as_bytes().to_vec()),
        })
    }
}

/// Makes a certificate for a key; without an issuer it is signed by itself.
pub(super) fn issue(
    call: &mut Call<'_>,
    request: &Request<'_>,
    key: &PrivateKey,
    issuer: Option<&Issuer>,
    signer: &PrivateKey,
) -> Result<Vec<u8>, String> {
    let unsigned = || "x509: certificate private key does not implement crypto.Signer".to_owned();
    let (signer_algorithm, signer_bits) = signer.public().ok_or_else(unsigned)?;
    let (algorithm, bits) = key.public().ok_or("x509: unsupported public key type: *dsa.PublicKey")?;
    let subject = name(request.name);
    let authority = issuer.map_or(&subject, |issuer| &issuer.subject);
    let signing_key = public_key(&signer_algorithm, &signer_bits);
    if issuer.is_some_and(|issuer| issuer.public_key != signing_key) {
        return Err("x509: provided PrivateKey doesn't match parent's PublicKey".into());
    }
    let identifier = issuer.filter(|issuer| issuer.subject != subject).and_then(|issuer| issuer.key_identifier.clone());
    let extensions = extensions(request, &bits, identifier.as_deref())?;
    let body = der::sequence(&[
        &der::value(der::explicit(0), &der::integer(&[2])),
        &der::integer(&serial(call)),
        &signer.signature_algorithm(),
        authority,
        &validity(call, request.days),
        &subject,
        &public_key(&algorithm, &bits),
        &der::value(der::explicit(3), &extensions),
    ]);
    let signature = signer.sign(call, &body)?;
    Ok(der::sequence(&[&body, &signer.signature_algorithm(), &der::bits(&signature)]))
}

fn public_key(algorithm: &[u8], bits: &[u8]) -> Vec<u8> {
    der::sequence(&[algorithm, &der::bits(bits)])
}

fn serial(call: &mut Call<'_>) -> [u8; 16] {
    let mut serial = [0; 16];
    call.random(&mut serial);
    serial
}

/// A common name and nothing else; an empty one is left out.
fn name(common: &str) -> Vec<u8> {
    const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
    if common.is_empty() {
        return der::sequence(&[]);
    }
    let printable = |b: u8| b.is_ascii_alphanumeric() || b" '()+,-./:=?".contains(&b);
    let tag = if common.bytes().all(printable) { der::PRINTABLE_STRING } else { der::UTF8_STRING };
    let attribute = der::sequence(&[&der::object(COMMON_NAME), &der::value(tag, common.as_bytes())]);
    der::sequence(&[&der::value(der::SET, &attribute)])
}

fn validity(call: &Call<'_>, days: i64) -> Vec<u8> {
    const DAY: i64 = 24 * 3600;
    let now = Time::of(call.now());
    let end = now.plus(Duration::seconds(days.wrapping_mul(DAY)));
    der::sequence(&[&moment(&now), &moment(&end)])
}

fn moment(time: &Time) -> Vec<u8> {
    let text = time.format("20060102150405Z");
    match ("1950".."2050").contains(&text.as_str()) {
        true => der::value(der::UTC_TIME, &text.as_bytes()[2..]),
        false => der::value(der::GENERALIZED_TIME, text.as_bytes()),
    }
}

fn extensions(request: &Request<'_>, bits: &[u8], authority: Option<&[u8]>) -> Result<Vec<u8>, String> {
    const KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x0f];
    const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x25];
    const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x13];
    const SUBJECT_KEY_IDENTIFIER: &[u8] = &[0x55, 0x1d, 0x0e];
    const AUTHORITY_KEY_IDENTIFIER: &[u8] = &[0x55, 0x1d, 0x23];
    const SUBJECT_ALTERNATIVE_NAME: &[u8] = &[0x55, 0x1d, 0x11];
    // Digital signatures and key encipherment, for an authority signing certificates too.
    let usage: &[u8] = if request.authority { &[2, 0xa4] } else { &[5, 0xa0] };
    let constraints = if request.authority { der::value(der::BOOLEAN, &[0xff]) } else { Vec::new() };
    let mut all = vec![
        extension(KEY_USAGE, true, &der::value(der::BIT_STRING, usage)),
        extension(EXTENDED_KEY_USAGE, false, &extended_usage()),
        extension(BASIC_CONSTRAINTS, true, &der::sequence(&[&constraints])),
    ];
    if request.authority {
        let identifier = &Sha256::digest(bits)[..20];
        all.push(extension(SUBJECT_KEY_IDENTIFIER, false, &der::value(der::OCTET_STRING, identifier)));
    }
    if let Some(identifier) = authority {
        let value = der::sequence(&[&der::value(der::implicit(0), identifier)]);
        all.push(extension(AUTHORITY_KEY_IDENTIFIER, false, &value));
    }
    if !request.hosts.is_empty() || !request.addresses.is_empty() {
        let names = alternative_names(request)?;
        all.push(extension(SUBJECT_ALTERNATIVE_NAME, request.name.is_empty(), &names));
    }
    Ok(der::value(der::SEQUENCE, &all.concat()))
}

fn extension(name: &[u8], critical: bool, contents: &[u8]) -> Vec<u8> {
    let critical = if critical { der::value(der::BOOLEAN, &[0xff]) } else { Vec::new() };
    der::sequence(&[&der::object(name), &critical, &der::value(der::OCTET_STRING, contents)])
}

/// Servers and clients.
fn extended_usage() -> Vec<u8> {
    const SERVERS: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01];
    const CLIENTS: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x02];
    der::sequence(&[&der::object(SERVERS), &der::object(CLIENTS)])
}

fn alternative_names(request: &Request<'_>) -> Result<Vec<u8>, String> {
    const HOST: u8 = der::implicit(2);
    const ADDRESS: u8 = der::implicit(7);
    let mut names = Vec::new();
    for host in &request.hosts {
        if !host.is_ascii() {
            return Err(format!("x509: {} cannot be encoded as an IA5String", sluice_yaml::quote(host)));
        }
        names.extend(der::value(HOST, host.as_bytes()));
    }
    for address in &request.addresses {
        names.extend(match address.to_canonical() {
            IpAddr::V4(address) => der::value(ADDRESS, &address.octets()),
            IpAddr::V6(address) => der::value(ADDRESS, &address.octets()),
        });
    }
    Ok(der::value(der::SEQUENCE, &names))
}
