//! CustomResourceDefinitions: a placeholder in place of a certificate bundle is not sent.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// Removes a bundle that holds no certificate, so that the one put there by a certificate manager stays.
pub(super) fn drop_bad_bundle(value: &mut Value) {
    let Some(config) = value.pointer_mut("/spec/conversion/webhook/clientConfig").and_then(Value::as_object_mut) else {
        return;
    };
    let bad = config.get("caBundle").and_then(Value::as_str).is_some_and(|text| !text.is_empty() && !is_bundle(text));
    if bad {
        config.remove("caBundle");
    }
}

fn is_bundle(text: &str) -> bool {
    let pem = STANDARD.decode(text).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    pem.is_some_and(|pem| certificates(&pem).is_some_and(|count| count > 0))
}

/// Counts the certificates; none when one of them is damaged.
fn certificates(pem: &str) -> Option<usize> {
    let mut blocks = pem.split(BEGIN);
    blocks.next();
    let mut count = 0;
    for block in blocks {
        let (body, _) = block.split_once(END)?;
        let body: String = body.split_whitespace().collect();
        is_sequence(&STANDARD.decode(body).ok()?).then_some(())?;
        count += 1;
    }
    Some(count)
}

/// A certificate is a DER sequence.
fn is_sequence(der: &[u8]) -> bool {
    der.len() > 4 && der[0] == 0x30
}
