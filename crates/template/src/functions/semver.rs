//! `semver`, `semverCompare`, and versions as values, with their methods.

use std::{any::Any, cmp::Ordering, sync::Arc};

use serde_json::Value as Json;

use crate::{
    function::{Call, Failure, Function, Signature},
    functions::{
        Answer,
        arguments::{any, text},
        function,
    },
    list::List,
    object::{Method, Object},
    semver::{Flaw, Range, Version},
    types::{IntKind, Kind, Named, Type},
    value::Value,
};

pub(crate) static ALL: [Function; 2] = [
    function("semver", Signature::of(&[Type::String], Type::Named(&POINTER)), |_, given| {
        Ok(held(parse(given, 0)?, true))
    }),
    function("semverCompare", Signature::of(&[Type::String, Type::String], Type::Bool), |_, given| {
        let range = Range::parse(&text(given, 0)).map_err(flaw)?;
        Ok(Value::Bool(range.contains(&parse(given, 1)?)))
    }),
];

fn parse(given: &[Value], index: usize) -> Result<Version, Failure> {
    Version::parse(&text(given, index)).map_err(flaw)
}

fn flaw(flaw: Flaw) -> Failure {
    Failure::new(flaw.to_string())
}

/// A version as Go has it.
#[derive(Debug)]
struct Held {
    version: Version,
    /// Whether it is the pointer that `semver` returns, or what a method made of it.
    pointer: bool,
}

const UINT64: Type = Type::Int(IntKind::Uint64);

static POINTER: Named = Named { name: "*semver.Version", underlying: None, methods: &OF_POINTERS };
static STRUCT: Named = Named { name: "semver.Version", underlying: None, methods: &OF_STRUCTS };
// Constants could not refer to types whose methods refer to them.
static POINTED: [Type; 2] = [Type::Named(&POINTER), Type::Named(&POINTER)];
static ALONE: [Type; 1] = [Type::Named(&POINTER)];
static POINTED_AND_TEXT: [Type; 2] = [Type::Named(&POINTER), Type::String];
static MADE: [Type; 1] = [Type::Named(&STRUCT)];
static MADE_AND_TEXT: [Type; 2] = [Type::Named(&STRUCT), Type::String];

static OF_POINTERS: [Method; 21] = [
    method("Compare", &POINTED, Type::INT, |_, given| Ok(Value::int(compared(given) as i64))),
    method("Equal", &POINTED, Type::Bool, |_, given| Ok(Value::Bool(compared(given).is_eq()))),
    method("GreaterThan", &POINTED, Type::Bool, |_, given| Ok(Value::Bool(compared(given).is_gt()))),
    method("GreaterThanEqual", &POINTED, Type::Bool, |_, given| Ok(Value::Bool(compared(given).is_ge()))),
    method("IncMajor", &ALONE, Type::Named(&STRUCT), |_, given| next(given, 0, "major")),
    method("IncMinor", &ALONE, Type::Named(&STRUCT), |_, given| next(given, 1, "minor")),
    method("IncPatch", &ALONE, Type::Named(&STRUCT), |_, given| next(given, 2, "patch")),
    method("LessThan", &POINTED, Type::Bool, |_, given| Ok(Value::Bool(compared(given).is_lt()))),
    method("LessThanEqual", &POINTED, Type::Bool, |_, given| Ok(Value::Bool(compared(given).is_le()))),
    method("Major", &ALONE, UINT64, |_, given| Ok(number(given, 0))),
    method("MarshalJSON", &ALONE, Type::BYTES, |_, given| Ok(to_bytes(&format!("\"{}\"", version(given, 0))))),
    method("MarshalText", &ALONE, Type::BYTES, |_, given| Ok(to_bytes(&version(given, 0).to_string()))),
    method("Metadata", &ALONE, Type::String, |_, given| Ok(Value::string(version(given, 0).metadata))),
    method("Minor", &ALONE, UINT64, |_, given| Ok(number(given, 1))),
    method("Original", &ALONE, Type::String, |_, given| Ok(Value::string(version(given, 0).original))),
    method("Patch", &ALONE, UINT64, |_, given| Ok(number(given, 2))),
    method("Prerelease", &ALONE, Type::String, |_, given| Ok(Value::string(version(given, 0).prerelease))),
    method("SetMetadata", &POINTED_AND_TEXT, Type::Named(&STRUCT), with_metadata),
    method("SetPrerelease", &POINTED_AND_TEXT, Type::Named(&STRUCT), with_prerelease),
    method("String", &ALONE, Type::String, |_, given| Ok(Value::string(version(given, 0).to_string()))),
    method("Value", &ALONE, Type::Any, |_, given| Ok(Value::string(version(given, 0).to_string()))),
];

static OF_STRUCTS: [Method; 14] = [
    method("IncMajor", &MADE, Type::Named(&STRUCT), |_, given| next(given, 0, "major")),
    method("IncMinor", &MADE, Type::Named(&STRUCT), |_, given| next(given, 1, "minor")),
    method("IncPatch", &MADE, Type::Named(&STRUCT), |_, given| next(given, 2, "patch")),
    method("Major", &MADE, UINT64, |_, given| Ok(number(given, 0))),
    method("MarshalJSON", &MADE, Type::BYTES, |_, given| Ok(to_bytes(&format!("\"{}\"", version(given, 0))))),
    method("MarshalText", &MADE, Type::BYTES, |_, given| Ok(to_bytes(&version(given, 0).to_string()))),
    method("Metadata", &MADE, Type::String, |_, given| Ok(Value::string(version(given, 0).metadata))),
    method("Minor", &MADE, UINT64, |_, given| Ok(number(given, 1))),
    method("Patch", &MADE, UINT64, |_, given| Ok(number(given, 2))),
    method("Prerelease", &MADE, Type::String, |_, given| Ok(Value::string(version(given, 0).prerelease))),
    method("SetMetadata", &MADE_AND_TEXT, Type::Named(&STRUCT), with_metadata),
    method("SetPrerelease", &MADE_AND_TEXT, Type::Named(&STRUCT), with_prerelease),
    method("String", &MADE, Type::String, |_, given| Ok(Value::string(version(given, 0).to_string()))),
    method("Value", &MADE, Type::Any, |_, given| Ok(Value::string(version(given, 0).to_string()))),
];

const fn method(
    name: &'static str,
    params: &'static [Type],
    result: Type,
    call: fn(&mut Call<'_>, &[Value]) -> Answer,
) -> Method {
    Method { function: function(name, Signature::of(params, result), call) }
}

impl Object for Held {
    fn type_of(&self) -> &'static Named {
        if self.pointer { &POINTER } else { &STRUCT }
    }

    fn kind(&self) -> Kind {
        if self.pointer { Kind::Pointer } else { Kind::Struct }
    }

    fn print(&self) -> String {
        self.version.to_string()
    }

    fn to_json(&self) -> Json {
        Json::String(self.version.to_string())
    }
}

fn held(version: Version, pointer: bool) -> Value {
    Value::Object(Arc::new(Held { version, pointer }))
}

/// Returns what `deepCopy` makes of a version: Go's copy has nothing of what is not exported.
pub(crate) fn emptied(object: &dyn Object) -> Option<Arc<dyn Object>> {
    let held = (object as &dyn Any).downcast_ref::<Held>()?;
    Some(Arc::new(Held { version: Version::default(), pointer: held.pointer }))
}

fn version(given: &[Value], index: usize) -> Version {
    let held = match any(given, index) {
        Value::Object(object) => (object.as_ref() as &dyn Any).downcast_ref::<Held>(),
        _ => None,
    };
    held.map(|held| held.version.clone()).unwrap_or_default()
}

fn compared(given: &[Value]) -> Ordering {
    version(given, 0).compare(&version(given, 1))
}

fn number(given: &[Value], index: usize) -> Value {
    Value::Int(IntKind::Uint64, version(given, 0).numbers[index].cast_signed())
}

fn to_bytes(text: &str) -> Value {
    Value::List(List::bytes(text))
}

fn next(given: &[Value], index: usize, name: &str) -> Answer {
    let overflow = || Failure::new(format!("{name} version increment would overflow uint64"));
    version(given, 0).next(index).map(|version| held(version, false)).ok_or_else(overflow)
}

fn with_metadata(_: &mut Call<'_>, given: &[Value]) -> Answer {
    version(given, 0).with_metadata(&text(given, 1)).map(|version| held(version, false)).map_err(flaw)
}

fn with_prerelease(_: &mut Call<'_>, given: &[Value]) -> Answer {
    version(given, 0).with_prerelease(&text(given, 1)).map(|version| held(version, false)).map_err(flaw)
}
