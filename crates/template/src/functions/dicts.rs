//! Maps. `set`, `unset` and `merge` change the one that they are given, whoever else has it.

use crate::{
    function::{Call, Failure, Function, Signature},
    functions::{
        Answer,
        arguments::{any, bytes, map, shown},
        function,
        merge::merge,
    },
    list::List,
    map::Map,
    text::Str,
    types::Type,
    value::Value,
};

const MERGE: Signature = Signature::variadic(&[Type::MAP], Type::MAP, Type::Any);

pub(crate) const ALL: &[Function] =
    &[
        function("dict", Signature::variadic(&[], Type::Any, Type::MAP), dict),
        function("get", Signature::of(&[Type::MAP, Type::String], Type::Any), |_, given| {
            Ok(map(given, 0).and_then(|map| map.get(bytes(given, 1))).unwrap_or_else(|| Value::string("")))
        }),
        function("set", Signature::of(&[Type::MAP, Type::String, Type::Any], Type::MAP), set),
        function("unset", Signature::of(&[Type::MAP, Type::String], Type::MAP), |_, given| {
            map(given, 0).and_then(|map| map.remove(bytes(given, 1)));
            Ok(Value::Map(map(given, 0).map_or_else(|| Map::nil(Type::MAP), |map| map.converted(Type::MAP))))
        }),
        function("hasKey", Signature::of(&[Type::MAP, Type::String], Type::Bool), |_, given| {
            Ok(Value::Bool(map(given, 0).is_some_and(|map| map.contains(bytes(given, 1)))))
        }),
        function("pluck", Signature::variadic(&[Type::String], Type::MAP, Type::LIST), |_, given| {
            let key = bytes(given, 0);
            Ok(Value::list((1..given.len()).filter_map(|index| map(given, index)?.get(key)).collect()))
        }),
        function("keys", Signature::variadic(&[], Type::MAP, Type::STRINGS), keys),
        function("values", Signature::of(&[Type::MAP], Type::LIST), values),
        function("pick", Signature::variadic(&[Type::MAP], Type::String, Type::MAP), pick),
        function("omit", Signature::variadic(&[Type::MAP], Type::String, Type::MAP), omit),
        function("dig", Signature::variadic(&[], Type::Any, Type::Any), dig),
        function("merge", MERGE, |call, given| Ok(merge(call, given, false)?.unwrap_or_else(|_| Value::string("")))),
        function("mergeOverwrite", MERGE, |call, given| {
            Ok(merge(call, given, true)?.unwrap_or_else(|_| Value::string("")))
        }),
        function("mustMerge", MERGE, |call, given| merge(call, given, false)?),
        function("mustMergeOverwrite", MERGE, |call, given| merge(call, given, true)?),
    ];

/// A key without a value has an empty text.
fn dict(call: &mut Call<'_>, given: &[Value]) -> Answer {
    call.take(given.len().saturating_mul(size_of::<Value>()))?;
    let entry = |pair: &[Value]| (shown(any(pair, 0)), pair.get(1).cloned().unwrap_or_else(|| Value::string("")));
    Ok(Value::Map(Map::new(given.chunks(2).map(entry).collect())))
}

fn set(call: &mut Call<'_>, given: &[Value]) -> Answer {
    let map = map(given, 0).ok_or_else(|| Failure::new("assignment to entry in nil map"))?;
    call.take(size_of::<Value>())?;
    map.set(bytes(given, 1), any(given, 2).clone());
    Ok(Value::Map(map.converted(Type::MAP)))
}

/// Go's order is random; ours is sorted for each map.
fn keys(call: &mut Call<'_>, given: &[Value]) -> Answer {
    let keys: Vec<Str> = (0..given.len()).filter_map(|index| map(given, index)).flat_map(Map::keys).collect();
    call.take(keys.len().saturating_mul(size_of::<Value>()))?;
    Ok(Value::List(List::strings(keys)))
}

/// Go's order is random; ours is that of the sorted keys.
fn values(call: &mut Call<'_>, given: &[Value]) -> Answer {
    let entries = map(given, 0).map(Map::entries).unwrap_or_default();
    call.take(entries.len().saturating_mul(size_of::<Value>()))?;
    Ok(Value::list(entries.into_iter().map(|(_, value)| value).collect()))
}

fn pick(call: &mut Call<'_>, given: &[Value]) -> Answer {
    call.take(given.len().saturating_mul(size_of::<Value>()))?;
    let picked = Map::default();
    for key in (1..given.len()).map(|index| bytes(given, index)) {
        if let Some(value) = map(given, 0).and_then(|map| map.get(key)) {
            picked.set(key, value);
        }
    }
    Ok(Value::Map(picked))
}

fn omit(call: &mut Call<'_>, given: &[Value]) -> Answer {
    let left = map(given, 0).map_or_else(Map::default, |map| map.shallow_copy().converted(Type::MAP));
    call.take(left.len().saturating_mul(size_of::<Value>()))?;
    for index in 1..given.len() {
        left.remove(bytes(given, index));
    }
    Ok(Value::Map(left))
}

/// Takes keys, a default, and a map: the last two arguments.
fn dig(_: &mut Call<'_>, given: &[Value]) -> Answer {
    let [keys @ .., default, from] = given else { return too_few() };
    if keys.is_empty() {
        return too_few();
    }
    let mut found = as_map(from)?.clone();
    let keys = keys.iter().map(as_text).collect::<Result<Vec<_>, _>>()?;
    for (index, key) in keys.iter().enumerate() {
        let Some(value) = found.get(key.as_bytes()) else { return Ok(default.clone()) };
        if index + 1 == keys.len() {
            return Ok(value);
        }
        found = as_map(&value)?.clone();
    }
    Ok(default.clone())
}

fn too_few() -> Answer {
    Err(Failure::new("dig needs at least three arguments"))
}

/// A map of another type, as `.Values` is, is none here.
fn as_map(value: &Value) -> Result<&Map, Failure> {
    match value {
        Value::Map(map) if map.type_of() == Type::MAP => Ok(map),
        other => Err(conversion(other, Type::MAP)),
    }
}

fn as_text(value: &Value) -> Result<&Str, Failure> {
    match value {
        Value::String(text) => Ok(text),
        other => Err(conversion(other, Type::String)),
    }
}

fn conversion(value: &Value, wanted: Type) -> Failure {
    let found = value.type_of().map_or_else(|| "nil".to_owned(), |found| found.to_string());
    Failure::new(format!("interface conversion: interface {{}} is {found}, not {wanted}"))
}
