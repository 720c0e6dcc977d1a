//! Certificates, and the keys that they are for.

mod curve;
mod der;
mod dsa;
mod issue;
mod key;
mod pem;
mod prime;

use std::{fmt, net::IpAddr, sync::Arc};

use serde_json::json;

use self::{
    issue::{Issuer, Request},
    key::PrivateKey,
};
use super::{
    Answer,
    arguments::{any, bytes, text, whole},
    encoding::base64,
    function,
};
use crate::{
    function::{Call, Failure, Function, Signature},
    object::Object,
    print,
    types::{Kind, Named, Type},
    value::Value,
};

/// sprig's `certificate`
static CERTIFICATE: Named = Named { name: "sprig.certificate", underlying: None, methods: &[] };

const PAIR: Type = Type::Named(&CERTIFICATE);
const TEXT: Type = Type::String;
const LIST: Type = Type::LIST;

pub(super) const FUNCTIONS: &[Function] = &[
    function("buildCustomCert", Signature::of(&[TEXT, TEXT], PAIR), build_custom),
    function("genCA", Signature::of(&[TEXT, Type::INT], PAIR), |call, args| authority(call, args, None)),
    function("genCAWithKey", Signature::of(&[TEXT, Type::INT, TEXT], PAIR), |call, args| {
        authority(call, args, Some(bytes(args, 2)))
    }),
    function("genSelfSignedCert", Signature::of(&[TEXT, LIST, LIST, Type::INT], PAIR), |call, args| {
        self_signed(call, args, None)
    }),
    function("genSelfSignedCertWithKey", Signature::of(&[TEXT, LIST, LIST, Type::INT, TEXT], PAIR), |call, args| {
        self_signed(call, args, Some(bytes(args, 4)))
    }),
    function("genSignedCert", Signature::of(&[TEXT, LIST, LIST, Type::INT, PAIR], PAIR), |call, args| {
        signed(call, args, None)
    }),
    function("genSignedCertWithKey", Signature::of(&[TEXT, LIST, LIST, Type::INT, PAIR, TEXT], PAIR), |call, args| {
        signed(call, args, Some(bytes(args, 5)))
    }),
];

/// A certificate and its private key, both as PEM.
#[derive(Clone, PartialEq)]
struct Certificate {
    cert: Vec<u8>,
    key: Vec<u8>,
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cert = String::from_utf8_lossy(&self.cert);
        f.debug_struct("Certificate").field("cert", &cert).field("key", &"***").finish()
    }
}

impl Object for Certificate {
    fn type_of(&self) -> &'static Named {
        &CERTIFICATE
    }

    fn kind(&self) -> Kind {
        Kind::Struct
    }

    fn field(&self, name: &str) -> Option<Value> {
        match name {
            "Cert" => Some(Value::string(self.cert.clone())),
            "Key" => Some(Value::string(self.key.clone())),
            _ => None,
        }
    }

    fn print(&self) -> String {
        format!("{{{} {}}}", String::from_utf8_lossy(&self.cert), String::from_utf8_lossy(&self.key))
    }

    fn to_json(&self) -> serde_json::Value {
        json!({"Cert": String::from_utf8_lossy(&self.cert), "Key": String::from_utf8_lossy(&self.key)})
    }
}

fn object(certificate: Certificate) -> Value {
    Value::Object(Arc::new(certificate))
}

/// Returns what `genPrivateKey` says.
pub(super) fn private_key(call: &mut Call<'_>, kind: &str) -> Result<String, Failure> {
    Ok(match kind {
        "" | "rsa" => PrivateKey::rsa_4096(call)?.to_pem(),
        "dsa" => PrivateKey::dsa(call)?.to_pem(),
        "ecdsa" => PrivateKey::p256(call)?.to_pem(),
        "ed25519" => PrivateKey::ed25519(call).to_pem(),
        _ => format!("Unknown type {kind}"),
    })
}

fn build_custom(_: &mut Call<'_>, args: &[Value]) -> Answer {
    let decode = |index: usize, what: &str| {
        base64(bytes(args, index)).map_err(|_| Failure::new(format!("unable to decode base64 {what}")))
    };
    let (cert, key) = (decode(0, "certificate")?, decode(1, "private key")?);
    let block = pem::decode(&cert).ok_or_else(|| Failure::new("unable to decode certificate"))?;
    Issuer::parse(&block.contents)
        .map_err(|error| Failure::new(format!("error parsing certificate: decodedCert.Bytes: {error}")))?;
    PrivateKey::from_pem(&key).map_err(|error| Failure::new(format!("error parsing private key: {error}")))?;
    Ok(object(Certificate { cert, key }))
}

fn authority(call: &mut Call<'_>, args: &[Value], pem: Option<&[u8]>) -> Answer {
    let key = given_or_new(call, pem)?;
    let name = text(args, 0);
    let request = Request { authority: true, ..request(&name, whole(args, 1)) };
    own(call, &request, &key)
}

fn self_signed(call: &mut Call<'_>, args: &[Value], pem: Option<&[u8]>) -> Answer {
    let key = given_or_new(call, pem)?;
    let name = text(args, 0);
    let request = named(request(&name, whole(args, 3)), args)?;
    own(call, &request, &key)
}

fn signed(call: &mut Call<'_>, args: &[Value], pem: Option<&[u8]>) -> Answer {
    let key = given_or_new(call, pem)?;
    let authority = certificate(any(args, 4)).ok_or_else(|| Failure::new("not a sprig.certificate"))?;
    let block = pem::decode(&authority.cert).ok_or_else(|| Failure::new("unable to decode certificate"))?;
    let issuer = Issuer::parse(&block.contents)
        .map_err(|error| Failure::new(format!("error parsing certificate: decodedSignerCert.Bytes: {error}")))?;
    let signer = PrivateKey::from_pem(&authority.key)
        .map_err(|error| Failure::new(format!("error parsing private key: {error}")))?;
    let name = text(args, 0);
    let request = named(request(&name, whole(args, 3)), args)?;
    let made = issue::issue(call, &request, &key, Some(&issuer), &signer);
    finished(made, &key)
}

fn own(call: &mut Call<'_>, request: &Request<'_>, key: &PrivateKey) -> Answer {
    let made = issue::issue(call, request, key, None, key);
    finished(made, key)
}

fn finished(made: Result<Vec<u8>, String>, key: &PrivateKey) -> Answer {
    let contents = made.map_err(|error| Failure::new(format!("error creating certificate: {error}")))?;
    let cert = pem::encode("CERTIFICATE", &contents).into_bytes();
    Ok(object(Certificate { cert, key: key.to_pem().into_bytes() }))
}

fn given_or_new(call: &mut Call<'_>, pem: Option<&[u8]>) -> Result<PrivateKey, Failure> {
    match pem {
        Some(pem) => PrivateKey::from_pem(pem).map_err(|error| Failure::new(format!("parsing private key: {error}"))),
        None => PrivateKey::rsa_2048(call),
    }
}

fn request(name: &str, days: i64) -> Request<'_> {
    Request { name, days, authority: false, addresses: Vec::new(), hosts: Vec::new() }
}

/// Adds the alternative names that were given.
fn named<'a>(request: Request<'a>, args: &[Value]) -> Result<Request<'a>, Failure> {
    let addresses = texts(any(args, 1), "error parsing ip:")?;
    let address = |text: &String| text.parse::<IpAddr>().map_err(|_| Failure::new(format!("error parsing ip: {text}")));
    let addresses: Result<_, _> = addresses.iter().map(address).collect();
    let hosts = texts(any(args, 2), "error processing alternate dns name:")?;
    Ok(Request { addresses: addresses?, hosts, ..request })
}

fn texts(list: &Value, problem: &str) -> Result<Vec<String>, Failure> {
    let Value::List(list) = list else {
        return Ok(Vec::new());
    };
    let text = |item: &Value| match item {
        Value::String(text) => Ok(text.to_text().into_owned()),
        other => Err(Failure::new(format!("{problem} {} is not a string", print::text(other)))),
    };
    list.items().iter().map(text).collect()
}

fn certificate(value: &Value) -> Option<&Certificate> {
    let Value::Object(object) = value else {
        return None;
    };
    let any: &dyn std::any::Any = object.as_ref();
    any.downcast_ref()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_not_shown() {
        let pair = Certificate { cert: b"public".to_vec(), key: b"private".to_vec() };
        assert_eq!(format!("{pair:?}"), r#"Certificate { cert: "public", key: "***" }"#);
    }
}
