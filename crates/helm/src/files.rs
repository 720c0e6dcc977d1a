//! `.Files`: what lies in a chart beside its templates.

mod glob;

use std::{borrow::Cow, collections::BTreeMap};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::Value as Json;
use sluice_template::{Call, Failure, Function, List, Map, Method, Named, Signature, Str, Type, Value};
use sluice_yaml::{EmitOptions, emit_v2};

use crate::chart::File;
use glob::Glob;

/// The type: a map from paths to bytes, with methods.
static FILES: Named = Named {
    name: "engine.files",
    underlying: Some(Type::Map(&Type::BYTES)),
    methods: &[
        method("AsConfig", Signature::of(&[Type::Named(&FILES)], Type::String), as_config),
        method("AsSecrets", Signature::of(&[Type::Named(&FILES)], Type::String), as_secrets),
        method("Get", Signature::of(&[Type::Named(&FILES), Type::String], Type::String), get),
        method("GetBytes", Signature::of(&[Type::Named(&FILES), Type::String], Type::BYTES), get_bytes),
        method("Glob", Signature::of(&[Type::Named(&FILES), Type::String], Type::Named(&FILES)), glob_files),
        method("Lines", Signature::of(&[Type::Named(&FILES), Type::String], Type::STRINGS), lines),
    ],
};

const FILES_TYPE: Type = Type::Named(&FILES);

const fn method(
    name: &'static str,
    signature: Signature,
    call: fn(&mut Call<'_>, &[Value]) -> Result<Value, Failure>,
) -> Method {
    Method { function: Function { name, signature, call } }
}

/// Makes `.Files`.
pub(crate) fn value(files: &[File]) -> Value {
    let entries = files.iter().map(|file| (Str::from(file.name.as_str()), bytes(&file.data)));
    Value::Map(Map::typed(FILES_TYPE, entries.collect()))
}

/// Returns bytes as a text, what is no UTF-8 replaced. Most of them are UTF-8, which is seen fast.
pub(crate) fn text(data: &[u8]) -> Cow<'_, str> {
    match str::from_utf8(data) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => String::from_utf8_lossy(data),
    }
}

fn bytes(data: &[u8]) -> Value {
    Value::List(List::bytes(data))
}

/// Returns the bytes of a file, if it is there.
fn file(arguments: &[Value]) -> Option<Str> {
    let [Value::Map(files), Value::String(name), ..] = arguments else { return None };
    contents(&files.get(name.as_bytes())?)
}

fn contents(file: &Value) -> Option<Str> {
    match file {
        Value::List(bytes) => bytes.as_bytes(),
        _ => None,
    }
}

fn get(_: &mut Call<'_>, arguments: &[Value]) -> Result<Value, Failure> {
    Ok(Value::String(file(arguments).unwrap_or_else(|| Str::from(""))))
}

fn get_bytes(_: &mut Call<'_>, arguments: &[Value]) -> Result<Value, Failure> {
    Ok(bytes(file(arguments).as_ref().map_or(&[][..], Str::as_bytes)))
}

fn glob_files(_: &mut Call<'_>, arguments: &[Value]) -> Result<Value, Failure> {
    let [Value::Map(files), Value::String(pattern)] = arguments else { return Ok(Value::Nil) };
    let glob = Glob::new(&pattern.to_text());
    let found = files.entries().into_iter().filter(|(name, _)| glob.matches(&name.to_text()));
    Ok(Value::Map(Map::typed(FILES_TYPE, found.collect())))
}

/// A last line without an end counts as one that has it. Go has no line of an empty file: it fails.
fn lines(_: &mut Call<'_>, arguments: &[Value]) -> Result<Value, Failure> {
    let Some(text) = file(arguments) else { return Ok(Value::List(List::strings::<Str>([]))) };
    let bytes = text.as_bytes();
    if bytes.is_empty() {
        return Err(Failure::new("runtime error: index out of range [-1]"));
    }
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    Ok(Value::List(List::strings(bytes.split(|byte| *byte == b'\n').map(Str::from))))
}

fn as_config(_: &mut Call<'_>, arguments: &[Value]) -> Result<Value, Failure> {
    Ok(as_mapping(arguments, |bytes| bytes.to_text().into_owned()))
}

fn as_secrets(_: &mut Call<'_>, arguments: &[Value]) -> Result<Value, Failure> {
    Ok(as_mapping(arguments, |bytes| BASE64_STANDARD.encode(bytes.as_bytes())))
}

/// Returns YAML with the names of the files, without their folders, as keys. Of equal names the last counts.
fn as_mapping(arguments: &[Value], text: fn(&Str) -> String) -> Value {
    let [Value::Map(files)] = arguments else { return Value::string("") };
    let entry = |(path, file): (Str, Value)| {
        let path = path.to_text();
        let name = path.rsplit('/').next().unwrap_or_default().to_owned();
        (name, Json::from(contents(&file).as_ref().map(text).unwrap_or_default()))
    };
    let entries: BTreeMap<_, _> = files.entries().into_iter().map(entry).collect();
    let yaml = emit_v2(&Json::Object(entries.into_iter().collect()), &EmitOptions::UNFOLDED);
    Value::string(yaml.strip_suffix('\n').unwrap_or(&yaml))
}
