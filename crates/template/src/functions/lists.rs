//! Lists. They work on slices of any type, and give new ones of anything.

use crate::{
    function::{Call, Failure, Function, Signature},
    functions::{
        Answer, NIL_POINTER,
        arguments::{any, rest, whole},
        equal::equal,
        function,
        numbers::{to_integer, truncated},
        signatures::{ANY_OF_ALL, ANY_OF_ANY, ANY_OF_MANY, LIST_OF_ALL, LIST_OF_ANY, LIST_OF_MANY, LIST_OF_TWO},
    },
    list::List,
    types::Type,
    value::Value,
};

const CHUNKS: Type = Type::Slice(&Type::LIST);
const CHUNKED: Signature = Signature::of(&[Type::INT, Type::Any], CHUNKS);
const HAS: Signature = Signature::of(&[Type::Any, Type::Any], Type::Bool);

pub(crate) const ALL: &[Function] = &[
    function("list", LIST_OF_ALL, list),
    function("tuple", LIST_OF_ALL, list),
    function("append", LIST_OF_TWO, append),
    function("push", LIST_OF_TWO, append),
    function("mustAppend", LIST_OF_TWO, append),
    function("mustPush", LIST_OF_TWO, append),
    function("prepend", LIST_OF_TWO, prepend),
    function("mustPrepend", LIST_OF_TWO, prepend),
    function("first", ANY_OF_ANY, first),
    function("mustFirst", ANY_OF_ANY, first),
    function("last", ANY_OF_ANY, last),
    function("mustLast", ANY_OF_ANY, last),
    function("rest", LIST_OF_ANY, without_first),
    function("mustRest", LIST_OF_ANY, without_first),
    function("initial", LIST_OF_ANY, without_last),
    function("mustInitial", LIST_OF_ANY, without_last),
    function("reverse", LIST_OF_ANY, reverse),
    function("mustReverse", LIST_OF_ANY, reverse),
    function("compact", LIST_OF_ANY, compact),
    function("mustCompact", LIST_OF_ANY, compact),
    function("uniq", LIST_OF_ANY, uniq),
    function("mustUniq", LIST_OF_ANY, uniq),
    function("without", LIST_OF_MANY, without),
    function("mustWithout", LIST_OF_MANY, without),
    function("has", HAS, has),
    function("mustHas", HAS, has),
    function("slice", ANY_OF_MANY, slice),
    function("mustSlice", ANY_OF_MANY, slice),
    function("concat", ANY_OF_ALL, concat),
    function("chunk", CHUNKED, chunk),
    function("mustChunk", CHUNKED, chunk),
];

/// Returns the elements; what is no slice cannot be what is asked for.
fn items<'a>(value: &'a Value, what: &str) -> Result<&'a [Value], Failure> {
    match value {
        Value::List(list) => Ok(list.items()),
        Value::Nil => Err(Failure::new(NIL_POINTER)),
        other => Err(Failure::new(format!("{what} {}", other.kind().name()))),
    }
}

/// Makes a list, after asking for the room.
fn made(call: &mut Call<'_>, items: Vec<Value>) -> Answer {
    call.take(items.len().saturating_mul(size_of::<Value>()))?;
    Ok(Value::list(items))
}

fn list(call: &mut Call<'_>, given: &[Value]) -> Answer {
    made(call, given.to_vec())
}

fn append(call: &mut Call<'_>, given: &[Value]) -> Answer {
    let items = items(any(given, 0), "Cannot push on type")?;
    made(call, [items, rest(given, 1)].concat())
}

fn prepend(call: &mut Call<'_>, given: &[Value]) -> Answer {
    let items = items(any(given, 0), "Cannot prepend on type")?;
    made(call, [rest(given, 1), items].concat())
}

fn first(_: &mut Call<'_>, given: &[Value]) -> Answer {
    let items = items(any(given, 0), "Cannot find first on type")?;
    Ok(items.first().cloned().unwrap_or(Value::Nil))
}

fn last(_: &mut Call<'_>, given: &[Value]) -> Answer {
    let items = items(any(given, 0), "Cannot find last on type")?;
    Ok(items.last().cloned().unwrap_or(Value::Nil))
}

/// What is left of an empty list is `nil`, but one of lists.
fn left(call: &mut Call<'_>, items: Option<&[Value]>) -> Answer {
    items.map_or(Ok(Value::List(List::nil(Type::LIST))), |items| made(call, items.to_vec()))
}

fn without_first(call: &mut Call<'_>, given: &[Value]) -> Answer {
    let items = items(any(given, 0), "Cannot find rest on type")?;
    left(call, items.split_first().map(|(_, rest)| rest))
}

fn without_last(call: &mut Call<'_>, given: &[Value]) -> Answer {
    let items = items(any(given, 0), "Cannot find initial on type")?;
    left(call, items.split_last().map(|(_, rest)| rest))
}

fn reverse(call: &mut Call<'_>, given: &[Value]) -> Answer {
    let items = items(any(given, 0), "Cannot find reverse on type")?;
    made(call, items.iter().rev().cloned().collect())
}

fn compact(call: &mut Call<'_>, given: &[Value]) -> Answer {
    let items = items(any(given, 0), "Cannot compact on type")?;
    made(call, items.iter().filter(|item| item.is_true()).cloned().collect())
}

fn uniq(call: &mut Call<'_>, given: &[Value]) -> Answer {
    let items = items(any(given, 0), "Cannot find uniq on type")?;
    let mut kept: Vec<Value> = Vec::new();
    for item in items {
        if !contains(call, &kept, item)? {
            kept.push(item.clone());
        }
    }
    made(call, kept)
}

fn without(call: &mut Call<'_>, given: &[Value]) -> Answer {
    let items = items(any(given, 0), "Cannot find without on type")?;
    let mut kept = Vec::new();
    for item in items {
        if !contains(call, rest(given, 1), item)? {
            kept.push(item.clone());
        }
    }
    made(call, kept)
}

fn has(call: &mut Call<'_>, given: &[Value]) -> Answer {
    match any(given, 1) {
        Value::Nil => Ok(Value::Bool(false)),
        list => contains(call, items(list, "Cannot find has on type")?, any(given, 0)).map(Value::Bool),
    }
}

/// Asks for a byte for each comparison: their number may be the square of what a template has written.
fn contains(call: &mut Call<'_>, items: &[Value], wanted: &Value) -> Result<bool, Failure> {
    call.take(items.len())?;
    Ok(items.iter().any(|item| equal(wanted, item)))
}

/// Keeps the type of the slice; of an empty one nothing is left. Go has elements up to the capacity of a slice, which
/// depends on how it was made; here its length is the end.
fn slice(call: &mut Call<'_>, given: &[Value]) -> Answer {
    let all = any(given, 0);
    let items = items(all, "list should be type of slice or array but")?;
    if items.is_empty() {
        return Ok(Value::Nil);
    }
    let bound = |index: usize| given.get(index).map(|value| usize::try_from(to_integer(value)).unwrap_or(usize::MAX));
    let (start, end) = (bound(1).unwrap_or(0), bound(2).unwrap_or(items.len()));
    let out_of_bounds = || Failure::new("reflect.Value.Slice: slice index out of bounds");
    let part = items.get(start..end).ok_or_else(out_of_bounds)?;
    call.take(part.len().saturating_mul(size_of::<Value>()))?;
    Ok(Value::List(List::typed(all.type_of().unwrap_or(Type::LIST), part.to_vec())))
}

fn concat(call: &mut Call<'_>, given: &[Value]) -> Answer {
    let mut all = Vec::new();
    for list in given {
        match list {
            Value::List(list) => all.extend_from_slice(list.items()),
            Value::Nil => return Err(Failure::new(NIL_POINTER)),
            other => {
                let kind = other.kind().name();
                return Err(Failure::new(format!("Cannot concat type {kind} as list")));
            }
        }
    }
    if all.is_empty() { Ok(Value::List(List::nil(Type::LIST))) } else { made(call, all) }
}

/// Computes in floating point numbers, as sprig does: sizes that make no sense have answers, too.
fn chunk(call: &mut Call<'_>, given: &[Value]) -> Answer {
    let (size, items) = (whole(given, 0), items(any(given, 1), "Cannot chunk type")?);
    let (length, width) = (items.len() as f64, size as f64);
    let count = truncated(((length - 1.0) / width).floor() + 1.0);
    let too_long = || Failure::new("runtime error: makeslice: len out of range");
    let count = usize::try_from(count).map_err(|_| too_long())?;
    let mut chunks = Vec::new();
    let mut left = items;
    for index in 0..count {
        let last = truncated((length % width).floor());
        let size = if index + 1 == count && last != 0 { last } else { size };
        let size = usize::try_from(size).map_err(|_| too_long())?;
        let (chunk, after) = left.split_at_checked(size).ok_or_else(too_long)?;
        chunks.push(made(call, chunk.to_vec())?);
        left = after;
    }
    Ok(Value::List(List::typed(CHUNKS, chunks)))
}
