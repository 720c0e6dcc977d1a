//! DSA keys, which only `genPrivateKey` makes.

use crypto_bigint::{
    NonZero, Odd, RandomMod, U256, U2048, Uint,
    modular::{FixedMontyForm, FixedMontyParams},
};
use crypto_primes::{Flavor, is_prime};

use super::{super::random::Generator, der, prime::prime};
use crate::function::{Call, Failure};

/// Factors below this are looked for before the slow test.
const SMALL: usize = 1 << 13;
/// How many steps are tried from one start.
const STEPS: u32 = 1 << 13;

/// Makes a key with a prime of 2048 bits and a subgroup of 256, written as sprig writes it.
pub(super) fn generate(call: &mut Call<'_>) -> Result<Vec<u8>, Failure> {
    let q: U256 = prime(call, 256)?;
    let (p, cofactor) = modulus(call, &q);
    let modulus = FixedMontyParams::new_vartime(Odd::new(p).into_option().ok_or_else(failed)?);
    let power = |base: &U2048, exponent: &U2048| FixedMontyForm::new(base, &modulus).pow(exponent).retrieve();
    // Almost every number is a generator of the subgroup, raised to the cofactor.
    let generators = (2u32..).map(|base| power(&U2048::from(base), &cofactor));
    let g = generators.into_iter().find(|g| *g != U2048::ONE).ok_or_else(failed)?;
    let bound = NonZero::new(q.wrapping_sub(&U256::ONE)).into_option().ok_or_else(failed)?;
    let x = U256::random_mod_vartime(&mut Generator(call), &bound).wrapping_add(&U256::ONE);
    let y = power(&g, &x.resize());
    let numbers = [bytes(&p), bytes(&q), bytes(&g), bytes(&y), bytes(&x)].map(|digits| der::integer(&digits));
    let [p, q, g, y, x] = &numbers;
    Ok(der::sequence(&[&der::integer(&[0]), p, q, g, y, x]))
}

fn failed() -> Failure {
    Failure::new("failed to generate dsa params: no generator was found")
}

fn bytes<const LIMBS: usize>(number: &Uint<LIMBS>) -> Vec<u8> {
    number.to_words().iter().rev().flat_map(|word| word.to_be_bytes()).collect()
}

/// Finds a prime that is one more than a multiple of the small one, and that multiple.
fn modulus(call: &mut Call<'_>, q: &U256) -> (U2048, U2048) {
    let q: U2048 = q.resize();
    let step = q.wrapping_shl_vartime(1);
    let divisor = NonZero::new(step).unwrap_or(NonZero::ONE);
    let small = small_primes();
    loop {
        let mut start = [0; 256];
        call.random(&mut start);
        start[0] |= 0x80;
        let start = U2048::from_be_slice(&start);
        let start = start.wrapping_sub(&start.rem_vartime(&divisor)).wrapping_add(&U2048::ONE);
        let remainders: Vec<_> = small.iter().map(|r| (*r, rest(&start, *r), rest(&step, *r))).collect();
        let survives = |k: u64| remainders.iter().all(|(r, start, step)| !(start + k * step).is_multiple_of(*r));
        for k in (0..u64::from(STEPS)).filter(|k| survives(*k)) {
            let candidate = start.wrapping_add(&step.wrapping_mul(&U2048::from(k)));
            if candidate.bits_vartime() == 2048 && is_prime(Flavor::Any, &candidate) {
                let cofactor =
                    candidate.wrapping_sub(&U2048::ONE).wrapping_div_vartime(&NonZero::new(q).unwrap_or(NonZero::ONE));
                return (candidate, cofactor);
            }
        }
    }
}

fn rest(number: &U2048, divisor: u64) -> u64 {
    let fold = |rest: u128, word: &u64| ((rest << 64) | u128::from(*word)) % u128::from(divisor);
    number.to_words().iter().rev().fold(0, fold) as u64
}

/// The sieve of Eratosthenes, without two.
fn small_primes() -> Vec<u64> {
    let mut composite = vec![false; SMALL];
    let mut primes = Vec::new();
    for number in (3..SMALL).step_by(2) {
        if !composite[number] {
            primes.push(number as u64);
            (number * number..SMALL).step_by(2 * number).for_each(|multiple| composite[multiple] = true);
        }
    }
    primes
}
