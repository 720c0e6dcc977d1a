//! Digests of texts, in hexadecimal.

use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};

use crate::{
    function::Function,
    functions::{arguments::bytes, function, signatures::TEXT_OF_TEXT},
    value::Value,
};

pub(crate) const ALL: &[Function] = &[
    function("sha1sum", TEXT_OF_TEXT, |_, given| Ok(hex(&Sha1::digest(bytes(given, 0))))),
    function("sha256sum", TEXT_OF_TEXT, |_, given| Ok(hex(&Sha256::digest(bytes(given, 0))))),
    function("sha512sum", TEXT_OF_TEXT, |_, given| Ok(hex(&Sha512::digest(bytes(given, 0))))),
    function("adler32sum", TEXT_OF_TEXT, |_, given| Ok(Value::string(adler32(bytes(given, 0)).to_string()))),
];

fn hex(digest: &[u8]) -> Value {
    Value::string(digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}

fn adler32(text: &[u8]) -> u32 {
    const MODULUS: u32 = 65521;
    let step = |(low, high): (u32, u32), byte: &u8| {
        let low = (low + u32::from(*byte)) % MODULUS;
        (low, (high + low) % MODULUS)
    };
    let (low, high) = text.iter().fold((1, 0), step);
    high << 16 | low
}
