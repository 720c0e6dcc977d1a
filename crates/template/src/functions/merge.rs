//! Maps merged into each other, by the rules of mergo: maps below them in place, all else whole. What is taken over
//! stays the same map as in its source.

use crate::{
    function::{Call, Failure},
    functions::{Answer, arguments::map},
    map::Map,
    types::{Kind, Type},
    value::Value,
};

/// Maps in each other are merged to this depth.
const DEEPEST: usize = 1000;

/// Merges maps into the first one, from left to right, and returns it.
///
/// # Errors
/// The outer error is Go's panic, which every template sees; the inner one `merge` swallows.
pub(crate) fn merge(call: &mut Call<'_>, given: &[Value], overwrite: bool) -> Result<Answer, Failure> {
    let sources: Vec<&Map> = (1..given.len()).filter_map(|index| map(given, index)).collect();
    let into = match map(given, 0) {
        Some(map) => map.converted(Type::MAP),
        None if sources.is_empty() => Map::nil(Type::MAP),
        None => Map::default(),
    };
    let mut merging = Merging { call, overwrite };
    for source in sources {
        match merging.maps(&into, source, DEEPEST) {
            Ok(()) => {}
            Err(Stop::Error(failure)) => return Ok(Err(failure)),
            Err(Stop::Panic(failure)) => return Err(failure),
        }
    }
    Ok(Ok(Value::Map(into)))
}

enum Stop {
    Error(Failure),
    Panic(Failure),
}

struct Merging<'a, 'b> {
    call: &'a mut Call<'b>,
    /// Whether what is there gives way.
    overwrite: bool,
}

impl Merging<'_, '_> {
    fn maps(&mut self, into: &Map, source: &Map, depth: usize) -> Result<(), Stop> {
        let too_deep = || Stop::Panic(Failure::new("the maps to merge are too deep"));
        let depth = depth.checked_sub(1).ok_or_else(too_deep)?;
        for (key, value) in source.entries() {
            self.call.take(size_of::<Value>()).map_err(Stop::Panic)?;
            let there = into.get(key.as_bytes());
            if self.stays(there.as_ref(), &value, depth)? {
                continue;
            }
            assignable(into.type_of().element(), source.type_of().element()).map_err(Stop::Panic)?;
            into.set(key, value);
        }
        Ok(())
    }

    /// Merges maps in place, and says whether the value that is there is kept.
    fn stays(&mut self, there: Option<&Value>, value: &Value, depth: usize) -> Result<bool, Stop> {
        match (there, value) {
            (_, Value::Nil) => return Ok(!self.overwrite),
            (Some(Value::Map(there)), Value::Map(value)) => self.maps(there, value, depth)?,
            (Some(Value::Object(there)), Value::Map(_)) if there.kind() == Kind::Pointer && !self.overwrite => {
                return Err(Stop::Error(Failure::new("src and dst must be of same type")));
            }
            _ => {}
        }
        let Some(there) = there.filter(|there| there.is_true()) else { return Ok(false) };
        Ok(!self.overwrite || matches!((there, value), (Value::Map(_), Value::Map(_))))
    }
}

/// A map of texts takes no other values, not even those that are texts.
fn assignable(element: Type, source: Type) -> Result<(), Failure> {
    if element == Type::Any || element == source {
        return Ok(());
    }
    let text = format!("reflect.Value.SetMapIndex: value of type {source} is not assignable to type {element}");
    Err(Failure::new(text))
}
