//! Functions of chance, and what others draw from it.

use std::convert::Infallible;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use rand_core::{TryCryptoRng, TryRng};

use super::{
    Answer,
    arguments::{text, whole},
    function,
};
use crate::{
    function::{Call, Failure, Function, Signature},
    types::Type,
    value::Value,
};

const COUNTED: Signature = Signature::of(&[Type::INT], Type::String);

const DIGITS: &[u8] = b"0123456789";
const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const BOTH: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

pub(super) const FUNCTIONS: &[Function] = &[
    function("randAlpha", COUNTED, |call, args| letters(call, args, LETTERS)),
    function("randAlphaNum", COUNTED, |call, args| letters(call, args, BOTH)),
    function("randAscii", COUNTED, |call, args| letters(call, args, &(b' '..=b'~').collect::<Vec<_>>())),
    function("randBytes", COUNTED, rand_bytes),
    function("randInt", Signature::of(&[Type::INT, Type::INT], Type::INT), rand_int),
    function("randNumeric", COUNTED, |call, args| letters(call, args, DIGITS)),
    function("shuffle", Signature::of(&[Type::String], Type::String), shuffle),
    function("uuidv4", Signature::of(&[], Type::String), uuid),
];

/// Less than no letters are none, as sprig passes over the error.
fn letters(call: &mut Call<'_>, args: &[Value], alphabet: &[u8]) -> Answer {
    let count = usize::try_from(whole(args, 0)).unwrap_or(0);
    call.take(count)?;
    let letter = |_| char::from(alphabet[below(call, alphabet.len() as u64) as usize]);
    Ok(Value::string((0..count).map(letter).collect::<String>()))
}

fn rand_bytes(call: &mut Call<'_>, args: &[Value]) -> Answer {
    let Ok(count) = usize::try_from(whole(args, 0)) else {
        return Err(Failure::new("runtime error: makeslice: len out of range"));
    };
    call.take(count.saturating_mul(2))?;
    let mut bytes = vec![0; count];
    call.random(&mut bytes);
    Ok(Value::string(STANDARD.encode(bytes)))
}

fn rand_int(call: &mut Call<'_>, args: &[Value]) -> Answer {
    let (from, to) = (whole(args, 0), whole(args, 1));
    let width = to.wrapping_sub(from);
    if width <= 0 {
        return Err(Failure::new("invalid argument to Intn"));
    }
    Ok(Value::int(from + below(call, width.unsigned_abs()) as i64))
}

fn shuffle(call: &mut Call<'_>, args: &[Value]) -> Answer {
    let mut letters: Vec<char> = text(args, 0).chars().collect();
    call.take(letters.len())?;
    for index in (1..letters.len()).rev() {
        letters.swap(index, below(call, index as u64 + 1) as usize);
    }
    Ok(Value::string(letters.into_iter().collect::<String>()))
}

fn uuid(call: &mut Call<'_>, _: &[Value]) -> Answer {
    let mut bytes = [0; 16];
    call.random(&mut bytes);
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let parts = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]];
    Ok(Value::string(parts.join("-")))
}

/// Draws a number below another; each is as likely as any other.
fn below(call: &mut Call<'_>, bound: u64) -> u64 {
    let odd_end = u64::MAX - u64::MAX % bound;
    loop {
        let mut bytes = [0; 8];
        call.random(&mut bytes);
        let number = u64::from_le_bytes(bytes);
        if number < odd_end {
            return number % bound;
        }
    }
}

/// The call's randomness, for what asks for a generator.
pub(super) struct Generator<'c, 'w>(pub(super) &'c mut Call<'w>);

impl TryRng for Generator<'_, '_> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.0.random(&mut bytes);
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.0.random(&mut bytes);
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.0.random(bytes);
        Ok(())
    }
}

impl TryCryptoRng for Generator<'_, '_> {}
