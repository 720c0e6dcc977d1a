//! Functions of chance and keys that answer always alike, as those of the oracle do.

use std::sync::Arc;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value as Json, json};
use sluice_template::{Call, Failure, Function, IntKind, Kind, Named, Object, Signature, Type, Value};

const INT: Type = Type::INT;
const TEXT: Type = Type::String;
const LIST: Type = Type::LIST;
const CERTIFICATE: Type = Type::Named(&CERTIFICATE_TYPE);
const UINT32: Type = Type::Int(IntKind::Uint32);

static CERTIFICATE_TYPE: Named = Named { name: "sprig.certificate", underlying: None, methods: &[] };

/// The functions.
pub(super) const STUBS: &[Function] = &[
    stub("randAlphaNum", &[INT], TEXT, |_, arguments| Ok(repeated("x", arguments))),
    stub("randAlpha", &[INT], TEXT, |_, arguments| Ok(repeated("x", arguments))),
    stub("randNumeric", &[INT], TEXT, |_, arguments| Ok(repeated("7", arguments))),
    stub("randAscii", &[INT], TEXT, |_, arguments| Ok(repeated("x", arguments))),
    stub("randBytes", &[INT], TEXT, |_, arguments| Ok(zeros(arguments))),
    stub("randInt", &[INT, INT], INT, |_, arguments| Ok(first(arguments))),
    stub("uuidv4", &[], TEXT, |_, _| Ok(Value::string("00000000-0000-4000-8000-000000000000"))),
    stub("shuffle", &[TEXT], TEXT, |_, arguments| Ok(first(arguments))),
    stub("bcrypt", &[TEXT], TEXT, |_, arguments| Ok(named("bcrypt", arguments))),
    stub("derivePassword", &[UINT32, TEXT, TEXT, TEXT, TEXT], TEXT, |_, arguments| {
        Ok(named("derivePassword", arguments))
    }),
    stub("encryptAES", &[TEXT, TEXT], TEXT, |_, arguments| Ok(named("encryptAES", arguments))),
    stub("genPrivateKey", &[TEXT], TEXT, |_, arguments| Ok(named("genPrivateKey", arguments))),
    stub("htpasswd", &[TEXT, TEXT], TEXT, |_, arguments| Ok(named("htpasswd", arguments))),
    stub("buildCustomCert", &[TEXT, TEXT], CERTIFICATE, |_, arguments| Ok(certificate("buildCustomCert", arguments))),
    stub("genCA", &[TEXT, INT], CERTIFICATE, |_, arguments| Ok(certificate("genCA", arguments))),
    stub("genCAWithKey", &[TEXT, INT, TEXT], CERTIFICATE, |_, arguments| Ok(certificate("genCAWithKey", arguments))),
    stub("genSelfSignedCert", &[TEXT, LIST, LIST, INT], CERTIFICATE, |_, arguments| {
        Ok(certificate("genSelfSignedCert", arguments))
    }),
    stub("genSelfSignedCertWithKey", &[TEXT, LIST, LIST, INT, TEXT], CERTIFICATE, |_, arguments| {
        Ok(certificate("genSelfSignedCertWithKey", arguments))
    }),
    stub("genSignedCert", &[TEXT, LIST, LIST, INT, CERTIFICATE], CERTIFICATE, |_, arguments| {
        Ok(certificate("genSignedCert", arguments))
    }),
    stub("genSignedCertWithKey", &[TEXT, LIST, LIST, INT, CERTIFICATE, TEXT], CERTIFICATE, |_, arguments| {
        Ok(certificate("genSignedCertWithKey", arguments))
    }),
];

const fn stub(
    name: &'static str,
    params: &'static [Type],
    result: Type,
    call: fn(&mut Call<'_>, &[Value]) -> Result<Value, Failure>,
) -> Function {
    Function { name, signature: Signature::of(params, result), call }
}

fn first(arguments: &[Value]) -> Value {
    arguments.first().cloned().unwrap_or(Value::Nil)
}

fn count(arguments: &[Value]) -> usize {
    match arguments.first() {
        Some(Value::Int(_, count)) => usize::try_from(*count).unwrap_or(0),
        _ => 0,
    }
}

fn repeated(letter: &str, arguments: &[Value]) -> Value {
    Value::string(letter.repeat(count(arguments)))
}

fn zeros(arguments: &[Value]) -> Value {
    Value::string(BASE64_STANDARD.encode(vec![0; count(arguments)]))
}

fn named(name: &str, arguments: &[Value]) -> Value {
    Value::string(call(name, arguments))
}

/// Writes a call on one line, without the certificates that are given.
fn call(name: &str, arguments: &[Value]) -> String {
    let given = arguments.iter().filter(|argument| !matches!(argument, Value::Object(_))).map(printed);
    std::iter::once(name.to_owned()).chain(given).collect::<Vec<_>>().join(" ")
}

/// Prints what these functions are given: texts, numbers, lists of texts.
fn printed(value: &Value) -> String {
    match value {
        Value::String(text) => text.to_string(),
        Value::Int(_, number) => number.to_string(),
        Value::Float(number) => sluice_yaml::format_g(*number),
        Value::Bool(value) => value.to_string(),
        Value::List(list) => format!("[{}]", list.items().iter().map(printed).collect::<Vec<_>>().join(" ")),
        _ => "<nil>".to_owned(),
    }
}

/// A key pair that says what it was made of.
#[derive(Debug)]
struct Certificate(String);

fn certificate(name: &str, arguments: &[Value]) -> Value {
    Value::Object(Arc::new(Certificate(call(name, arguments))))
}

impl Certificate {
    fn pem(&self, kind: &str) -> String {
        format!("-----BEGIN {kind}-----\n{}\n-----END {kind}-----\n", self.0)
    }
}

impl Object for Certificate {
    fn type_of(&self) -> &'static Named {
        &CERTIFICATE_TYPE
    }

    fn kind(&self) -> Kind {
        Kind::Struct
    }

    fn field(&self, name: &str) -> Option<Value> {
        match name {
            "Cert" => Some(Value::string(self.pem("CERTIFICATE"))),
            "Key" => Some(Value::string(self.pem("PRIVATE KEY"))),
            _ => None,
        }
    }

    fn print(&self) -> String {
        format!("{{{} {}}}", self.pem("CERTIFICATE"), self.pem("PRIVATE KEY"))
    }

    fn to_json(&self) -> Json {
        json!({ "Cert": self.pem("CERTIFICATE"), "Key": self.pem("PRIVATE KEY") })
    }
}
