//! Certificates that charts make, as those who check certificates see them.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod chart;

use std::sync::Arc;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use serde_json::json;
use sluice_template::{Compiled, Functions, Job, Language, Limits, Str};
use x509_cert::{
    Certificate,
    der::{Decode, Encode},
    ext::pkix::{AuthorityKeyIdentifier, BasicConstraints, KeyUsage, SubjectAltName, SubjectKeyIdentifier},
};

fn rendered(template: &str) -> String {
    let row = json!({ "template": template });
    let language = Language { functions: Functions::helm(), ..Language::default() };
    let compiled = Arc::new(Compiled::new(&chart::sources(&row), language).unwrap());
    let job = Job { data: chart::data(&row), lint: false, limits: Limits::default() };
    let texts = compiled.render(job, Box::new(chart::Fixed::default())).unwrap();
    texts[&Str::from(chart::ROW)].to_string()
}

/// Returns the certificates of a template's text.
fn certificates(template: &str) -> Vec<Certificate> {
    let text = rendered(template);
    let blocks = text.split("-----BEGIN CERTIFICATE-----\n").skip(1);
    let body = |block: &str| block.split("-----END").next().unwrap().replace('\n', "");
    blocks.map(|block| Certificate::from_der(&BASE64_STANDARD.decode(body(block)).unwrap()).unwrap()).collect()
}

fn is_signed_by(certificate: &Certificate, authority: &Certificate) -> bool {
    let key = authority.tbs_certificate().subject_public_key_info().subject_public_key.as_bytes().unwrap();
    let body = certificate.tbs_certificate().to_der().unwrap();
    let signature = certificate.signature().as_bytes().unwrap();
    UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key).verify(&body, signature).is_ok()
}

#[test]
fn an_authority_signs_itself_and_others() {
    let template = r#"{{ $ca := genCA "the ca" 365 }}{{ $ca.Cert }}
        {{ (genSignedCert "db" (list "10.0.0.1" "::1") (list "db" "db.ns.svc") 30 $ca).Cert }}"#;
    let [authority, leaf] = certificates(template).try_into().unwrap();
    assert!(is_signed_by(&authority, &authority) && is_signed_by(&leaf, &authority));
    assert!(!is_signed_by(&authority, &leaf));
    let (authority, leaf) = (authority.tbs_certificate(), leaf.tbs_certificate());
    assert_eq!(
        [authority.subject(), leaf.subject(), leaf.issuer()].map(ToString::to_string),
        ["CN=the ca", "CN=db", "CN=the ca"]
    );
    let names = leaf.get_extension::<SubjectAltName>().unwrap().unwrap().1;
    assert_eq!(names.0.len(), 4);
    let (_, own) = authority.get_extension::<SubjectKeyIdentifier>().unwrap().unwrap();
    let (_, signer) = leaf.get_extension::<AuthorityKeyIdentifier>().unwrap().unwrap();
    assert_eq!(Some(own.0), signer.key_identifier);
}

#[test]
fn certificates_say_what_they_are_for_and_how_long() {
    let template = r#"{{ (genCA "a" 2).Cert }}{{ (genSelfSignedCert "b" nil nil 2).Cert }}"#;
    let [authority, leaf] = certificates(template).try_into().unwrap();
    for (certificate, may_sign) in [(authority, true), (leaf, false)] {
        let body = certificate.tbs_certificate();
        let (critical, usage) = body.get_extension::<KeyUsage>().unwrap().unwrap();
        assert!(critical && usage.digital_signature() && usage.key_encipherment());
        assert_eq!(usage.key_cert_sign(), may_sign);
        let (critical, constraints) = body.get_extension::<BasicConstraints>().unwrap().unwrap();
        assert_eq!((critical, constraints.ca), (true, may_sign));
        let validity = body.validity();
        assert_eq!(
            [validity.not_before, validity.not_after].map(|time| time.to_string()),
            ["2026-01-02T03:04:05Z", "2026-01-04T03:04:05Z"]
        );
    }
}
