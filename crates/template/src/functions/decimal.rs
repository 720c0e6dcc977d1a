//! `addf`, `subf`, `mulf`, `divf`: computed in decimal numbers, so that 0.1 and 0.2 make 0.3.

use num_bigint::{BigInt, Sign};

use crate::{
    function::{Call, Failure},
    functions::{Answer, numbers::to_float},
    print,
    value::Value,
};

/// Digits after the point that a quotient has at most.
const PRECISION: i64 = 16;

/// Digits times a power of ten.
struct Decimal {
    digits: BigInt,
    exponent: i64,
}

/// Adds to 0 whatever is given.
pub(crate) fn sum(call: &mut Call<'_>, given: &[Value]) -> Answer {
    let zero = Decimal { digits: BigInt::ZERO, exponent: 0 };
    folded(call, zero, given, |one, other| Ok(one.plus(&other)))
}

/// Subtracts the others from the first.
pub(crate) fn difference(call: &mut Call<'_>, given: &[Value]) -> Answer {
    over(call, given, |one, other| Ok(one.plus(&Decimal { digits: -other.digits, ..other })))
}

/// Multiplies all.
pub(crate) fn product(call: &mut Call<'_>, given: &[Value]) -> Answer {
    over(call, given, |one, other| {
        Ok(Decimal { digits: one.digits * other.digits, exponent: one.exponent + other.exponent })
    })
}

/// Divides the first by the others.
pub(crate) fn quotient(call: &mut Call<'_>, given: &[Value]) -> Answer {
    over(call, given, |one, other| one.divided(&other))
}

type Combine = fn(Decimal, Decimal) -> Result<Decimal, Failure>;

fn over(call: &mut Call<'_>, given: &[Value], combine: Combine) -> Answer {
    let (first, others) = given.split_first().unwrap_or((&Value::Nil, &[]));
    folded(call, Decimal::new(to_float(first))?, others, combine)
}

fn folded(call: &mut Call<'_>, mut result: Decimal, others: &[Value], combine: Combine) -> Answer {
    for other in others {
        result = combine(result, Decimal::new(to_float(other))?)?;
        call.take(usize::try_from(result.digits.bits() / 8).unwrap_or(usize::MAX))?;
    }
    Ok(Value::Float(result.to_float()))
}

fn ten_to(exponent: i64) -> BigInt {
    BigInt::from(10).pow(u32::try_from(exponent).unwrap_or(0))
}

impl Decimal {
    /// Takes the shortest digits that are this number.
    fn new(value: f64) -> Result<Self, Failure> {
        if !value.is_finite() {
            let value = print::text(&Value::Float(value));
            return Err(Failure::new(format!("Cannot create a Decimal from {value}")));
        }
        let (digits, exponent) = sluice_yaml::shortest_digits(value);
        let exponent = i64::from(exponent) + 1 - i64::try_from(digits.len()).unwrap_or(0);
        let digits = BigInt::parse_bytes(digits.as_bytes(), 10).unwrap_or_default();
        Ok(Self { digits: if value < 0.0 { -digits } else { digits }, exponent })
    }

    fn plus(&self, other: &Self) -> Self {
        let exponent = self.exponent.min(other.exponent);
        Self { digits: self.digits_at(exponent) + other.digits_at(exponent), exponent }
    }

    fn digits_at(&self, exponent: i64) -> BigInt {
        &self.digits * ten_to(self.exponent - exponent)
    }

    /// Halves go away from 0.
    fn divided(&self, other: &Self) -> Result<Self, Failure> {
        if other.digits.sign() == Sign::NoSign {
            return Err(Failure::new("decimal division by 0"));
        }
        let shift = self.exponent - other.exponent + PRECISION;
        let above = &self.digits * ten_to(shift.max(0));
        let below = &other.digits * ten_to((-shift).max(0));
        let (mut digits, left) = (&above / &below, &above % &below);
        if left.magnitude() * 2u32 >= *below.magnitude() {
            digits += if self.digits.sign() == other.digits.sign() { 1 } else { -1 };
        }
        Ok(Self { digits, exponent: -PRECISION })
    }

    fn to_float(&self) -> f64 {
        format!("{}e{}", self.digits, self.exponent).parse().unwrap_or(f64::NAN)
    }
}
