//! base64 and base32, with the answers that Go's decoders have for what is neither.

use crate::{
    function::{Call, Function},
    functions::{Answer, arguments::bytes, function, signatures::TEXT_OF_TEXT},
    value::Value,
};

/// An alphabet with padding.
struct Encoding {
    alphabet: &'static [u8],
    /// Bits of a character.
    bits: usize,
    /// Characters of a block.
    block: usize,
}

const BASE64: Encoding =
    Encoding { alphabet: b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", bits: 6, block: 4 };

const BASE32: Encoding = Encoding { alphabet: b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", bits: 5, block: 8 };

pub(crate) const ALL: &[Function] = &[
    function("b64enc", TEXT_OF_TEXT, |call, given| encoded(call, &BASE64, bytes(given, 0))),
    function("b64dec", TEXT_OF_TEXT, |call, given| decoded(call, bytes(given, 0), base64, "base64")),
    function("b32enc", TEXT_OF_TEXT, |call, given| encoded(call, &BASE32, bytes(given, 0))),
    function("b32dec", TEXT_OF_TEXT, |call, given| decoded(call, bytes(given, 0), base32, "base32")),
];

fn encoded(call: &mut Call<'_>, encoding: &Encoding, text: &[u8]) -> Answer {
    let bytes_of_block = encoding.bits * encoding.block / 8;
    call.take(text.len().div_ceil(bytes_of_block).saturating_mul(encoding.block))?;
    Ok(Value::string(text.chunks(bytes_of_block).flat_map(|bytes| encoding.block(bytes)).collect::<Vec<_>>()))
}

/// What cannot be decoded is answered by the error's text.
fn decoded(call: &mut Call<'_>, text: &[u8], decode: fn(&[u8]) -> Result<Vec<u8>, usize>, name: &str) -> Answer {
    call.take(text.len())?;
    Ok(match decode(text) {
        Ok(bytes) => Value::string(bytes),
        Err(at) => Value::string(format!("illegal {name} data at input byte {at}")),
    })
}

impl Encoding {
    fn block(&self, bytes: &[u8]) -> Vec<u8> {
        let used = (bytes.len() * 8).div_ceil(self.bits);
        let bits = bytes.iter().fold(0, |bits, byte| bits << 8 | usize::from(*byte));
        let bits = bits << (self.bits * self.block - bytes.len() * 8);
        let digit = |index: usize| bits >> (self.bits * (self.block - 1 - index)) & (self.alphabet.len() - 1);
        let character = |index: usize| if index < used { self.alphabet[digit(index)] } else { b'=' };
        (0..self.block).map(character).collect()
    }

    fn digit(&self, byte: u8) -> Option<usize> {
        self.alphabet.iter().position(|known| *known == byte)
    }

    /// Returns the bytes that digits of a block make. Bits that are left over are not looked at.
    fn bytes(&self, digits: &[usize]) -> Vec<u8> {
        let bits = digits.iter().fold(0, |bits, digit| bits << self.bits | digit);
        let count = digits.len() * self.bits / 8;
        let bits = bits >> (digits.len() * self.bits - count * 8);
        (0..count).rev().map(|index| (bits >> (8 * index)).to_le_bytes()[0]).collect()
    }
}

fn is_line_end(byte: u8) -> bool {
    matches!(byte, b'\r' | b'\n')
}

/// Decodes. Line ends count for nothing but positions. The error is a position in the text.
pub(super) fn base64(text: &[u8]) -> Result<Vec<u8>, usize> {
    let (mut out, mut digits) = (Vec::new(), Vec::new());
    let mut characters = text.iter().copied().enumerate().filter(|(_, byte)| !is_line_end(*byte));
    while let Some((at, byte)) = characters.next() {
        if byte == b'=' {
            base64_end(digits.len(), at, characters, text.len())?;
            out.extend(BASE64.bytes(&digits));
            return Ok(out);
        }
        digits.push(BASE64.digit(byte).ok_or(at)?);
        if digits.len() == BASE64.block {
            out.extend(BASE64.bytes(&digits));
            digits.clear();
        }
    }
    // Go counts back from the end, over line ends as well.
    if digits.is_empty() { Ok(out) } else { Err(text.len() - digits.len()) }
}

/// Looks at what follows the first `=`.
fn base64_end(
    digits: usize,
    at: usize,
    mut rest: impl Iterator<Item = (usize, u8)>,
    length: usize,
) -> Result<(), usize> {
    match digits {
        0 | 1 => return Err(at),
        2 => match rest.next() {
            None => return Err(length),
            Some((_, b'=')) => {}
            Some((next, _)) => return Err(next - 1),
        },
        _ => {}
    }
    rest.next().map_or(Ok(()), |(next, _)| Err(next))
}

/// Decodes without line ends; positions are without them, too.
fn base32(text: &[u8]) -> Result<Vec<u8>, usize> {
    let text: Vec<u8> = text.iter().copied().filter(|byte| !is_line_end(*byte)).collect();
    let (mut out, mut digits) = (Vec::new(), Vec::new());
    for (at, byte) in text.iter().enumerate() {
        let rest = &text[at + 1..];
        if *byte == b'=' && digits.len() >= 2 && rest.len() < BASE32.block {
            base32_end(digits.len(), at, rest)?;
            out.extend(BASE32.bytes(&digits));
            return Ok(out);
        }
        digits.push(BASE32.digit(*byte).ok_or(at)?);
        if digits.len() == BASE32.block {
            out.extend(BASE32.bytes(&digits));
            digits.clear();
        }
    }
    if digits.is_empty() { Ok(out) } else { Err(text.len() - digits.len()) }
}

/// Looks at what follows the first `=`. More than is needed is not looked at.
fn base32_end(digits: usize, at: usize, rest: &[u8]) -> Result<(), usize> {
    let wanted = BASE32.block - 1 - digits;
    if rest.len() < wanted {
        return Err(at + 1 + rest.len());
    }
    if let Some(wrong) = rest[..wanted].iter().position(|byte| *byte != b'=') {
        return Err(at + wrong);
    }
    if matches!(digits, 3 | 6) { Err(at) } else { Ok(()) }
}
