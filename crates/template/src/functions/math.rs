//! Arithmetic on integers and floating point numbers. What is no number counts as 0; integers wrap around.

use crate::{
    function::{Call, Failure, Function, Signature},
    functions::{
        Answer,
        arguments::{any, rest, whole},
        decimal, function,
        numbers::{scaled, to_float, to_integer},
        signatures::{INT_OF_ALL, INT_OF_ANY, INT_OF_MANY, INT_OF_TWO, REAL_OF_ALL, REAL_OF_ANY, REAL_OF_MANY},
    },
    types::Type,
    value::Value,
};

pub(crate) const ALL: &[Function] = &[
    function("add", INT_OF_ALL, |_, given| Ok(Value::int64(given.iter().map(to_integer).fold(0, i64::wrapping_add)))),
    function("add1", INT_OF_ANY, |_, given| Ok(Value::int64(to_integer(any(given, 0)).wrapping_add(1)))),
    function("sub", INT_OF_TWO, |_, given| Ok(Value::int64(integers(given, i64::wrapping_sub)))),
    function("mul", INT_OF_MANY, |_, given| Ok(Value::int64(integers(given, i64::wrapping_mul)))),
    function("div", INT_OF_TWO, |_, given| divided(given, i64::wrapping_div)),
    function("mod", INT_OF_TWO, |_, given| divided(given, i64::wrapping_rem)),
    function("max", INT_OF_MANY, |_, given| Ok(Value::int64(integers(given, i64::max)))),
    function("biggest", INT_OF_MANY, |_, given| Ok(Value::int64(integers(given, i64::max)))),
    function("min", INT_OF_MANY, |_, given| Ok(Value::int64(integers(given, i64::min)))),
    function("maxf", REAL_OF_MANY, |_, given| Ok(Value::Float(reals(given, larger)))),
    function("minf", REAL_OF_MANY, |_, given| Ok(Value::Float(reals(given, |one, other| -larger(-one, -other))))),
    function("add1f", REAL_OF_ANY, |call, given| decimal::sum(call, &[any(given, 0).clone(), Value::int(1)])),
    function("addf", REAL_OF_ALL, decimal::sum),
    function("subf", REAL_OF_MANY, decimal::difference),
    function("mulf", REAL_OF_MANY, decimal::product),
    function("divf", REAL_OF_MANY, decimal::quotient),
    function("ceil", REAL_OF_ANY, |_, given| Ok(Value::Float(to_float(any(given, 0)).ceil()))),
    function("floor", REAL_OF_ANY, |_, given| Ok(Value::Float(to_float(any(given, 0)).floor()))),
    function("round", Signature::variadic(&[Type::Any, Type::INT], Type::Float, Type::Float), round),
];

fn integers(given: &[Value], combine: fn(i64, i64) -> i64) -> i64 {
    given.iter().map(to_integer).reduce(combine).unwrap_or(0)
}

fn reals(given: &[Value], combine: fn(f64, f64) -> f64) -> f64 {
    given.iter().map(to_float).reduce(combine).unwrap_or(0.0)
}

fn divided(given: &[Value], combine: fn(i64, i64) -> i64) -> Answer {
    match to_integer(any(given, 1)) {
        0 => Err(Failure::new("runtime error: integer divide by zero")),
        _ => Ok(Value::int64(integers(given, combine))),
    }
}

/// Infinity is larger than what is no number, which is larger than all else; 0 is larger than -0.
fn larger(one: f64, other: f64) -> f64 {
    if one == f64::INFINITY || other == f64::INFINITY {
        f64::INFINITY
    } else if one.is_nan() || other.is_nan() {
        f64::NAN
    } else if one == other {
        if one.is_sign_negative() { other } else { one }
    } else {
        one.max(other)
    }
}

/// Halves, or what else is given, go up; so `-1.5` becomes -2.
fn round(_: &mut Call<'_>, given: &[Value]) -> Answer {
    let up_from = rest(given, 2).first().map_or(0.5, to_float);
    let power = power_of_ten(whole(given, 1));
    let moved = power * to_float(any(given, 0));
    let fraction = if moved.is_infinite() { f64::NAN } else { moved - moved.trunc() };
    let rounded = if fraction >= up_from { moved.ceil() } else { moved.floor() };
    Ok(Value::Float(rounded / power))
}

/// As Go's `math.Pow` does it: where the result is not exact, the last bit depends on the way.
fn power_of_ten(places: i64) -> f64 {
    let (mut result, mut exponent): (f64, i32) = (1.0, 0);
    let (mut square, mut shift): (f64, i32) = (0.625, 4);
    let mut left = places.unsigned_abs();
    while left != 0 {
        if !(-4096..=4096).contains(&shift) {
            exponent += shift;
            break;
        }
        if left & 1 == 1 {
            result *= square;
            exponent += shift;
        }
        square *= square;
        shift <<= 1;
        if square < 0.5 {
            square += square;
            shift -= 1;
        }
        left >>= 1;
    }
    if places < 0 { scaled(1.0 / result, -exponent) } else { scaled(result, exponent) }
}
