//! `derivePassword`: the Master Password algorithm.

use hmac::{Hmac, KeyInit, Mac};
use scrypt::{Params, scrypt};
use sha2::Sha256;

const SEED: &[u8] = b"com.lyndir.masterpassword";

/// What a password is derived from.
pub(super) struct Request<'a> {
    pub(super) counter: u32,
    pub(super) kind: &'a str,
    pub(super) password: &'a [u8],
    pub(super) user: &'a [u8],
    pub(super) site: &'a [u8],
}

impl Request<'_> {
    /// Returns the password, or what is wrong with its kind.
    pub(super) fn password(&self) -> String {
        let Some(forms) = forms(self.kind) else {
            return format!("cannot find password template {}", self.kind);
        };
        match self.seed() {
            Some(seed) => {
                let form = forms[usize::from(seed[0]) % forms.len()];
                form.bytes().zip(&seed[1..]).map(|(class, number)| letter(class, *number)).collect()
            }
            None => "failed to derive password: scrypt: parameters are too large".into(),
        }
    }

    fn seed(&self) -> Option<[u8; 32]> {
        let mut key = [0; 64];
        let salt = [SEED, &length(self.user), self.user].concat();
        let params = Params::new(15, 8, 2).ok()?;
        scrypt(self.password, &salt, &params, &mut key).ok()?;
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).ok()?;
        mac.update(&[SEED, &length(self.site), self.site, &self.counter.to_be_bytes()].concat());
        Some(mac.finalize().into_bytes().into())
    }
}

fn length(text: &[u8]) -> [u8; 4] {
    (text.len() as u32).to_be_bytes()
}

/// Each letter of a form names the class of a letter of the password.
fn forms(kind: &str) -> Option<&'static [&'static str]> {
    const LONG: &[&str] = &[
        "CvcvnoCvcvCvcv",
        "CvcvCvcvnoCvcv",
        "CvcvCvcvCvcvno",
        "CvccnoCvcvCvcv",
        "CvccCvcvnoCvcv",
        "CvccCvcvCvcvno",
        "CvcvnoCvccCvcv",
        "CvcvCvccnoCvcv",
        "CvcvCvccCvcvno",
        "CvcvnoCvcvCvcc",
        "CvcvCvcvnoCvcc",
        "CvcvCvcvCvccno",
        "CvccnoCvccCvcv",
        "CvccCvccnoCvcv",
        "CvccCvccCvcvno",
        "CvcvnoCvccCvcc",
        "CvcvCvccnoCvcc",
        "CvcvCvccCvccno",
        "CvccnoCvcvCvcc",
        "CvccCvcvnoCvcc",
        "CvccCvcvCvccno",
    ];
    Some(match kind {
        "maximum" => &["anoxxxxxxxxxxxxxxxxx", "axxxxxxxxxxxxxxxxxno"],
        "long" => LONG,
        "medium" => &["CvcnoCvc", "CvcCvcno"],
        "short" => &["Cvcn"],
        "basic" => &["aaanaaan", "aannaaan", "aaannaaa"],
        "pin" => &["nnnn"],
        _ => return None,
    })
}

fn letter(class: u8, number: u8) -> char {
    let letters: &[u8] = match class {
        b'V' => b"AEIOU",
        b'C' => b"BCDFGHJKLMNPQRSTVWXYZ",
        b'v' => b"aeiou",
        b'c' => b"bcdfghjklmnpqrstvwxyz",
        b'a' => b"AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz",
        b'n' => b"0123456789",
        b'o' => b"@&%?,=[]_:-+*$#!'^~;()/.",
        _ => b"AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz0123456789!@#$%^&*()",
    };
    char::from(letters[usize::from(number) % letters.len()])
}
