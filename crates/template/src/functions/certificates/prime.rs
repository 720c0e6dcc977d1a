//! Primes.

use crypto_bigint::{RandomBits, RandomMod, UnsignedWithMontyForm};
use crypto_primes::{
    Flavor,
    hazmat::{SetBits, SmallFactorsSieveFactory},
    is_prime, sieve_and_find,
};

use super::super::random::Generator;
use crate::function::{Call, Failure};

/// Returns a prime of so many bits, of which the first two are set: two of them multiply to twice as many bits.
///
/// Candidates go through a sieve of small factors, then through a test with base two, which few composites pass.
pub(super) fn prime<T>(call: &mut Call<'_>, bits: u32) -> Result<T, Failure>
where
    T: UnsignedWithMontyForm + RandomBits + RandomMod,
{
    let failed = || Failure::new("failed to generate private key: no prime was found");
    let candidates = SmallFactorsSieveFactory::new(Flavor::Any, bits, SetBits::TwoMsb).map_err(|_| failed())?;
    let found = sieve_and_find(&mut Generator(call), candidates, |_, candidate| is_prime(Flavor::Any, candidate));
    found.ok().flatten().ok_or_else(failed)
}
