//! Rows of numbers: `until`, `untilStep`, `seq`.

use crate::{
    function::{Call, Failure, Function, Signature},
    functions::{Answer, arguments::whole, function},
    list::List,
    types::Type,
    value::Value,
};

const INTS: Type = Type::Slice(&Type::INT);

pub(crate) const ALL: &[Function] = &[
    function("until", Signature::of(&[Type::INT], INTS), |call, given| {
        let count = whole(given, 0);
        Ok(Value::List(ints(call, 0, count, if count < 0 { -1 } else { 1 })?))
    }),
    function("untilStep", Signature::of(&[Type::INT, Type::INT, Type::INT], INTS), |call, given| {
        Ok(Value::List(ints(call, whole(given, 0), whole(given, 1), whole(given, 2))?))
    }),
    function("seq", Signature::variadic(&[], Type::INT, Type::String), seq),
];

fn numbers(call: &mut Call<'_>, from: i64, to: i64, step: i64) -> Result<impl Iterator<Item = i64>, Failure> {
    let count = steps(from, to, step);
    call.take(count.saturating_mul(size_of::<Value>()))?;
    Ok((0..count).scan(from, move |next, _| Some(std::mem::replace(next, next.wrapping_add(step)))))
}

/// Returns the number of numbers from one to another.
fn steps(from: i64, to: i64, step: i64) -> usize {
    let distance = i128::from(to) - i128::from(from);
    if step == 0 || distance.signum() != i128::from(step.signum()) {
        return 0;
    }
    let count = distance.unsigned_abs().div_ceil(u128::from(step.unsigned_abs()));
    usize::try_from(count).unwrap_or(usize::MAX)
}

fn ints(call: &mut Call<'_>, from: i64, to: i64, step: i64) -> Result<List, Failure> {
    let numbers = numbers(call, from, to, step)?.map(Value::int).collect();
    Ok(List::typed(INTS, numbers))
}

/// Counts to a number, from one to another, or with steps; with more arguments it is empty.
fn seq(call: &mut Call<'_>, given: &[Value]) -> Answer {
    let (from, step, to) = match given.len() {
        1 => (1, None, whole(given, 0)),
        2 => (whole(given, 0), None, whole(given, 1)),
        3 => (whole(given, 0), Some(whole(given, 1)), whole(given, 2)),
        _ => return Ok(Value::string("")),
    };
    let direction = if to < from { -1 } else { 1 };
    if step.is_some_and(|step| direction < 0 && step > 0) {
        return Ok(Value::string(""));
    }
    let numbers = numbers(call, from, to.wrapping_add(direction), step.unwrap_or(direction))?;
    Ok(Value::string(numbers.map(|number| number.to_string()).collect::<Vec<_>>().join(" ")))
}
