//! Passwords, what is encrypted with them, and private keys.

use aes::Aes256;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bcrypt::Version;
use cbc::{
    Decryptor, Encryptor,
    cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit, block_padding::NoPadding},
};

use super::{
    Answer,
    arguments::{bytes, text, whole},
    certificates, derive,
    encoding::base64,
    function,
};
use crate::{
    function::{Call, Failure, Function, Signature},
    types::{IntKind, Type},
    value::Value,
};

const TWO_TEXTS: Signature = Signature::of(&[Type::String, Type::String], Type::String);
const DERIVE: &[Type] = &[Type::Int(IntKind::Uint32), Type::String, Type::String, Type::String, Type::String];

pub(super) const FUNCTIONS: &[Function] = &[
    function("bcrypt", Signature::of(&[Type::String], Type::String), |call, args| hashed(call, bytes(args, 0))),
    function("decryptAES", TWO_TEXTS, decrypt_aes),
    function("derivePassword", Signature::of(DERIVE, Type::String), derive_password),
    function("encryptAES", TWO_TEXTS, encrypt_aes),
    function("genPrivateKey", Signature::of(&[Type::String], Type::String), |call, args| {
        certificates::private_key(call, &text(args, 0)).map(Value::string)
    }),
    function("htpasswd", TWO_TEXTS, htpasswd),
];

/// Slow functions take as much from what a template may make as would take about as long.
const SLOW: usize = 512 << 10;

/// Go's `bcrypt.DefaultCost`.
const COST: u32 = 10;

const BLOCK: usize = 16;

fn hashed(call: &mut Call<'_>, password: &[u8]) -> Answer {
    call.take(SLOW)?;
    let mut salt = [0; 16];
    call.random(&mut salt);
    Ok(Value::string(match bcrypt(password, salt) {
        Ok(hash) => hash,
        Err(error) => format!("failed to encrypt string with bcrypt: {error}"),
    }))
}

fn bcrypt(password: &[u8], salt: [u8; 16]) -> Result<String, String> {
    const LONGEST: usize = 72;
    if password.len() > LONGEST {
        return Err("bcrypt: password length exceeds 72 bytes".into());
    }
    let parts = bcrypt::hash_with_salt(password, COST, salt).map_err(|error| error.to_string())?;
    Ok(parts.format_for_version(Version::TwoA))
}

fn htpasswd(call: &mut Call<'_>, args: &[Value]) -> Answer {
    let name = text(args, 0);
    if name.contains(':') {
        return Ok(Value::string(format!("invalid username: {name}")));
    }
    match hashed(call, bytes(args, 1))? {
        Value::String(hash) => Ok(Value::string([bytes(args, 0), b":", hash.as_bytes()].concat())),
        other => Ok(other),
    }
}

fn derive_password(call: &mut Call<'_>, args: &[Value]) -> Answer {
    call.take(SLOW)?;
    let request = derive::Request {
        counter: whole(args, 0) as u32,
        kind: &text(args, 1),
        password: bytes(args, 2),
        user: bytes(args, 3),
        site: bytes(args, 4),
    };
    Ok(Value::string(request.password()))
}

/// The key is the password, cut or filled up with zeros.
fn key(password: &[u8]) -> [u8; 32] {
    let mut key = [0; 32];
    let length = password.len().min(key.len());
    key[..length].copy_from_slice(&password[..length]);
    key
}

fn encrypt_aes(call: &mut Call<'_>, args: &[Value]) -> Answer {
    let plain = bytes(args, 1);
    if plain.is_empty() {
        return Ok(Value::string(""));
    }
    call.take(plain.len().saturating_mul(2))?;
    let mut iv = [0; BLOCK];
    call.random(&mut iv);
    let padding = BLOCK - plain.len() % BLOCK;
    let mut text = plain.to_vec();
    text.extend(std::iter::repeat_n(padding as u8, padding));
    let length = text.len();
    let cipher = Encryptor::<Aes256>::new(&key(bytes(args, 0)).into(), &iv.into());
    let hidden = cipher.encrypt_padded::<NoPadding>(&mut text, length).map_err(|_| not_full())?;
    Ok(Value::string(STANDARD.encode([&iv[..], hidden].concat())))
}

fn not_full() -> Failure {
    Failure::new("crypto/cipher: input not full blocks")
}

/// Go has no errors for what is too short: it panics, and so do the texts read.
fn decrypt_aes(_: &mut Call<'_>, args: &[Value]) -> Answer {
    if bytes(args, 1).is_empty() {
        return Ok(Value::string(""));
    }
    let illegal = |at| Failure::new(format!("illegal base64 data at input byte {at}"));
    let hidden = base64(bytes(args, 1)).map_err(illegal)?;
    let Some((iv, hidden)) = hidden.split_first_chunk::<BLOCK>() else {
        let room = bytes(args, 1).len() / 4 * 3;
        let text = format!("runtime error: slice bounds out of range [:16] with capacity {room}");
        return Err(Failure::new(text));
    };
    if !hidden.len().is_multiple_of(BLOCK) {
        return Err(not_full());
    }
    let mut text = hidden.to_vec();
    let cipher = Decryptor::<Aes256>::new(&key(bytes(args, 0)).into(), iv.into());
    cipher.decrypt_padded::<NoPadding>(&mut text).map_err(|_| not_full())?;
    without_padding(text)
}

fn without_padding(mut text: Vec<u8>) -> Answer {
    let Some(padding) = text.last() else {
        return Err(Failure::new("runtime error: index out of range [-1]"));
    };
    match text.len().checked_sub(usize::from(*padding)) {
        Some(length) => text.truncate(length),
        None => {
            let end = text.len() as i64 - i64::from(*padding);
            return Err(Failure::new(format!("runtime error: slice bounds out of range [:{end}]")));
        }
    }
    Ok(Value::string(text))
}
