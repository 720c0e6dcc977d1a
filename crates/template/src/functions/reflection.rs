//! What a value is: `typeOf`, `kindOf`, …; `deepEqual`, `deepCopy`.

use std::sync::Arc;

use crate::{
    function::{Call, Failure, Function, Signature},
    functions::{
        Answer,
        arguments::{any, bytes},
        equal::equal,
        function,
        semver::emptied,
        signatures::ANY_OF_ANY,
    },
    list::List,
    map::Map,
    types::Type,
    value::Value,
};

/// Lists and maps in each other are copied to this depth.
const DEEPEST: usize = 1000;

const TEXT_OF_ANY: Signature = Signature::of(&[Type::Any], Type::String);
const IS: Signature = Signature::of(&[Type::String, Type::Any], Type::Bool);

pub(crate) const ALL: &[Function] = &[
    function("typeOf", TEXT_OF_ANY, |_, given| Ok(Value::string(type_of(any(given, 0))))),
    function("kindOf", TEXT_OF_ANY, |_, given| Ok(Value::string(any(given, 0).kind().name()))),
    function("typeIs", IS, |_, given| Ok(Value::Bool(bytes(given, 0) == type_of(any(given, 1)).as_bytes()))),
    function("typeIsLike", IS, |_, given| {
        let found = type_of(any(given, 1));
        let target = found.strip_prefix('*').unwrap_or(&found);
        Ok(Value::Bool([found.as_bytes(), target.as_bytes()].contains(&bytes(given, 0))))
    }),
    function("kindIs", IS, |_, given| Ok(Value::Bool(bytes(given, 0) == any(given, 1).kind().name().as_bytes()))),
    function("deepEqual", Signature::of(&[Type::Any, Type::Any], Type::Bool), |_, given| {
        Ok(Value::Bool(equal(any(given, 0), any(given, 1))))
    }),
    function("deepCopy", ANY_OF_ANY, deep_copy),
    function("mustDeepCopy", ANY_OF_ANY, deep_copy),
];

/// Returns what `%T` prints.
fn type_of(value: &Value) -> String {
    value.type_of().map_or_else(|| "<nil>".to_owned(), |found| found.to_string())
}

fn deep_copy(call: &mut Call<'_>, given: &[Value]) -> Answer {
    match any(given, 0) {
        Value::Nil => Err(Failure::new("reflect: call of reflect.Value.Type on zero Value")),
        value => copied(call, value, DEEPEST),
    }
}

fn copied(call: &mut Call<'_>, value: &Value, depth: usize) -> Answer {
    call.take(size_of::<Value>())?;
    let depth = depth.checked_sub(1).ok_or_else(|| Failure::new("deepCopy error: the value is too deep"))?;
    Ok(match value {
        Value::List(list) if list.is_nil() => value.clone(),
        Value::List(list) => {
            let items = list.items().iter().map(|item| copied(call, item, depth)).collect::<Result<_, _>>()?;
            Value::List(List::typed(list.type_of(), items))
        }
        Value::Map(map) if map.is_nil() => value.clone(),
        Value::Map(map) => {
            let entries = map.entries().into_iter();
            let entries = entries.map(|(key, item)| copied(call, &item, depth).map(|item| (key, item)));
            Value::Map(Map::typed(map.type_of(), entries.collect::<Result<_, _>>()?))
        }
        Value::Object(object) => Value::Object(emptied(object.as_ref()).unwrap_or_else(|| Arc::clone(object))),
        other => other.clone(),
    })
}
