//! `urlParse` and `urlJoin`.

mod address;
mod escape;
mod host;
mod parse;
mod write;

use crate::{
    function::{Call, Failure, Function, Signature},
    functions::{
        Answer, NIL_POINTER,
        arguments::{bytes, map},
        function,
        url::{parse::parse, write::write},
    },
    map::Map,
    print,
    text::Str,
    types::Type,
    value::Value,
};

pub(crate) const ALL: &[Function] = &[
    function("urlParse", Signature::of(&[Type::String], Type::MAP), url_parse),
    function("urlJoin", Signature::of(&[Type::MAP], Type::String), url_join),
];

/// A URL, its parts without escapes.
#[derive(Debug, Default)]
struct Url {
    scheme: Vec<u8>,
    opaque: Vec<u8>,
    user: Option<User>,
    host: Vec<u8>,
    path: Vec<u8>,
    query: Vec<u8>,
    fragment: Vec<u8>,
}

#[derive(Debug)]
struct User {
    name: Vec<u8>,
    password: Option<Vec<u8>>,
}

/// What is wrong with a URL.
type Wrong = String;

fn url_parse(_: &mut Call<'_>, given: &[Value]) -> Answer {
    let url = parse(bytes(given, 0)).map_err(|wrong| Failure::new(format!("unable to parse url: {wrong}")))?;
    let parts = [
        ("userinfo", url.user.as_ref().map(User::write).unwrap_or_default()),
        ("hostname", host::without_port(&url.host).to_vec()),
        ("scheme", url.scheme),
        ("host", url.host),
        ("path", url.path),
        ("query", url.query),
        ("opaque", url.opaque),
        ("fragment", url.fragment),
    ];
    let parts = parts.into_iter().map(|(name, part)| (Str::from(name), Value::string(part)));
    Ok(Value::Map(Map::new(parts.collect())))
}

fn url_join(call: &mut Call<'_>, given: &[Value]) -> Answer {
    let part = |name: &str| part(map(given, 0), name);
    let mut url = Url {
        scheme: part("scheme")?,
        host: part("host")?,
        path: part("path")?,
        query: part("query")?,
        opaque: part("opaque")?,
        fragment: part("fragment")?,
        user: None,
    };
    let user = part("userinfo")?;
    if !user.is_empty() {
        let around = [b"proto://", &user[..], b"@host"].concat();
        let wrong = |wrong| Failure::new(format!("unable to parse userinfo in dict: {wrong}"));
        url.user = parse(&around).map_err(wrong)?.user;
    }
    let written = write(&url);
    call.take(written.len())?;
    Ok(Value::string(written))
}

fn part(from: Option<&Map>, name: &str) -> Result<Vec<u8>, Failure> {
    match from.and_then(|map| map.get(name.as_bytes())) {
        None => Ok(Vec::new()),
        Some(Value::String(text)) => Ok(text.as_bytes().to_vec()),
        Some(Value::Nil) => Err(Failure::new(NIL_POINTER)),
        Some(other) => {
            let kind = other.kind().name();
            let text = format!("unable to parse {name} key, must be of type string, but {kind} found");
            Err(Failure::new(text))
        }
    }
}

/// Quotes as `%q` does.
fn quoted(text: &[u8]) -> String {
    String::from_utf8_lossy(&print::quote(text)).into_owned()
}
