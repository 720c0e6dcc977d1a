//! The methods of `.Values`, which hide keys of their names.

use sluice_template::{Call, Failure, Function, Map, Method, Named, Signature, Type, Value};
use sluice_yaml::{EmitOptions, emit_v2, quote};

use crate::values::{table, to_json};

/// `common.Values`, the type of `.Values`.
pub static VALUES: Named = Named {
    name: "common.Values",
    underlying: Some(Type::MAP),
    methods: &[
        method("AsMap", Signature::of(&[Type::Named(&VALUES)], Type::MAP), as_map),
        method("Encode", Signature::of(&[Type::Named(&VALUES), Type::Named(&WRITER)], Type::Any), encode),
        method("PathValue", Signature::of(&[Type::Named(&VALUES), Type::String], Type::Any), path_value),
        method("Table", Signature::of(&[Type::Named(&VALUES), Type::String], Type::Named(&VALUES)), at_path),
        method("YAML", Signature::of(&[Type::Named(&VALUES)], Type::String), yaml),
    ],
};

static WRITER: Named = Named { name: "io.Writer", underlying: None, methods: &[] };

type Answer = Result<Value, Failure>;

const fn method(name: &'static str, signature: Signature, call: fn(&mut Call<'_>, &[Value]) -> Answer) -> Method {
    Method { function: Function { name, signature, call } }
}

fn receiver(arguments: &[Value]) -> Map {
    match arguments.first() {
        Some(Value::Map(map)) => map.clone(),
        _ => Map::default(),
    }
}

fn path(arguments: &[Value]) -> String {
    match arguments.get(1) {
        Some(Value::String(text)) => text.to_string(),
        _ => String::new(),
    }
}

fn as_map(_: &mut Call<'_>, arguments: &[Value]) -> Answer {
    let values = receiver(arguments);
    Ok(Value::Map(if values.is_empty() { Map::default() } else { values.converted(Type::MAP) }))
}

/// No template has a writer.
fn encode(_: &mut Call<'_>, _: &[Value]) -> Answer {
    Err(Failure::new("no writer"))
}

fn path_value(_: &mut Call<'_>, arguments: &[Value]) -> Answer {
    let path = path(arguments);
    if path.is_empty() {
        return Err(Failure::new("YAML path cannot be empty"));
    }
    let keys: Vec<_> = path.split('.').collect();
    let (last, above) = keys.split_last().map_or(("", &[][..]), |(last, above)| (*last, above));
    match table(&receiver(arguments), above).and_then(|values| values.get(last.as_bytes())) {
        Some(Value::Map(_)) | None => Err(Failure::new(format!("{} is not a value", quote(last)))),
        Some(value) => Ok(value),
    }
}

fn at_path(_: &mut Call<'_>, arguments: &[Value]) -> Answer {
    let mut values = receiver(arguments);
    for key in path(arguments).split('.') {
        values = table(&values, &[key]).ok_or_else(|| Failure::new(format!("{} is not a table", quote(key))))?;
    }
    Ok(Value::Map(values.converted(Type::Named(&VALUES))))
}

fn yaml(call: &mut Call<'_>, arguments: &[Value]) -> Answer {
    let text = emit_v2(&to_json(&Value::Map(receiver(arguments))), &EmitOptions::UNFOLDED);
    call.take(text.len())?;
    Ok(Value::string(text))
}
