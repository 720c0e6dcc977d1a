//! Paths with slashes. Helm's own machine has no other ones, so `osBase` and the like are the same.

use crate::{
    function::Function,
    functions::{
        arguments::bytes,
        function,
        signatures::{BOOL_OF_TEXT, TEXT_OF_TEXT},
    },
    value::Value,
};

pub(crate) const ALL: &[Function] = &[
    function("base", TEXT_OF_TEXT, |_, given| Ok(Value::string(base(bytes(given, 0))))),
    function("osBase", TEXT_OF_TEXT, |_, given| Ok(Value::string(base(bytes(given, 0))))),
    function("dir", TEXT_OF_TEXT, |_, given| Ok(Value::string(dir(bytes(given, 0))))),
    function("osDir", TEXT_OF_TEXT, |_, given| Ok(Value::string(dir(bytes(given, 0))))),
    function("clean", TEXT_OF_TEXT, |_, given| Ok(Value::string(clean(bytes(given, 0))))),
    function("osClean", TEXT_OF_TEXT, |_, given| Ok(Value::string(clean(bytes(given, 0))))),
    function("ext", TEXT_OF_TEXT, |_, given| Ok(Value::string(ext(bytes(given, 0))))),
    function("osExt", TEXT_OF_TEXT, |_, given| Ok(Value::string(ext(bytes(given, 0))))),
    function("isAbs", BOOL_OF_TEXT, |_, given| Ok(Value::Bool(bytes(given, 0).starts_with(b"/")))),
    function("osIsAbs", BOOL_OF_TEXT, |_, given| Ok(Value::Bool(bytes(given, 0).starts_with(b"/")))),
];

/// Returns the last name of a path.
fn base(path: &[u8]) -> &[u8] {
    let name = path.split(|byte| *byte == b'/').rfind(|name| !name.is_empty());
    name.unwrap_or(if path.is_empty() { b"." } else { b"/" })
}

fn dir(path: &[u8]) -> Vec<u8> {
    let end = path.iter().rposition(|byte| *byte == b'/').map_or(0, |slash| slash + 1);
    clean(&path[..end])
}

fn ext(path: &[u8]) -> &[u8] {
    let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    name.iter().rposition(|byte| *byte == b'.').map_or(&[], |point| &name[point..])
}

/// Returns the shortest path to the same place.
fn clean(path: &[u8]) -> Vec<u8> {
    let rooted = path.starts_with(b"/");
    let mut names: Vec<&[u8]> = Vec::new();
    for name in path.split(|byte| *byte == b'/') {
        match name {
            b"" | b"." => {}
            b".." if names.last().is_some_and(|last| *last != b"..") => _ = names.pop(),
            b".." if rooted => {}
            name => names.push(name),
        }
    }
    match (rooted, names.join(&b'/')) {
        (true, rest) => [b"/", &rest[..]].concat(),
        (false, rest) if rest.is_empty() => b".".to_vec(),
        (false, rest) => rest,
    }
}
