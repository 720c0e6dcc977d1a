//! Texts cut, joined, searched and replaced; by bytes, as Go's `strings`.

use crate::{
    function::{Call, Failure, Function, Signature},
    functions::{
        Answer,
        arguments::{any, bytes, shown, whole},
        bytes::{count, replace, split, trim},
        convert::texts,
        function,
        signatures::{
            BOOL_OF_TEXTS, TEXT_OF_ALL, TEXT_OF_INT_AND_TEXT, TEXT_OF_INTS_AND_TEXT, TEXT_OF_TEXT, TEXT_OF_TEXTS,
            TEXT_OF_THREE,
        },
    },
    list::List,
    map::Map,
    print,
    text::Str,
    types::Type,
    value::Value,
};

use memchr::memmem;

const TEXT_MAP: Type = Type::Map(&Type::String);

pub(crate) const ALL: &[Function] = &[
    function("hello", Signature::of(&[], Type::String), |_, _| Ok(Value::string("Hello!"))),
    function("trim", TEXT_OF_TEXT, |_, given| Ok(Value::string(trim(bytes(given, 0))))),
    function("trimAll", TEXT_OF_TEXTS, |_, given| Ok(trim_all(bytes(given, 0), bytes(given, 1)))),
    function("trimall", TEXT_OF_TEXTS, |_, given| Ok(trim_all(bytes(given, 0), bytes(given, 1)))),
    function("trimPrefix", TEXT_OF_TEXTS, |_, given| {
        let text = bytes(given, 1);
        Ok(Value::string(text.strip_prefix(bytes(given, 0)).unwrap_or(text)))
    }),
    function("trimSuffix", TEXT_OF_TEXTS, |_, given| {
        let text = bytes(given, 1);
        Ok(Value::string(text.strip_suffix(bytes(given, 0)).unwrap_or(text)))
    }),
    function("contains", BOOL_OF_TEXTS, |_, given| {
        Ok(Value::Bool(memmem::find(bytes(given, 1), bytes(given, 0)).is_some()))
    }),
    function("hasPrefix", BOOL_OF_TEXTS, |_, given| Ok(Value::Bool(bytes(given, 1).starts_with(bytes(given, 0))))),
    function("hasSuffix", BOOL_OF_TEXTS, |_, given| Ok(Value::Bool(bytes(given, 1).ends_with(bytes(given, 0))))),
    function("replace", TEXT_OF_THREE, |call, given| {
        replaced(call, bytes(given, 2), bytes(given, 0), bytes(given, 1)).map(Value::String)
    }),
    function("repeat", TEXT_OF_INT_AND_TEXT, |call, given| {
        Ok(Value::string(repeated(call, bytes(given, 1), whole(given, 0))?))
    }),
    function("indent", TEXT_OF_INT_AND_TEXT, |call, given| indented(call, b"", given)),
    function("nindent", TEXT_OF_INT_AND_TEXT, |call, given| indented(call, b"\n", given)),
    function("trunc", TEXT_OF_INT_AND_TEXT, |_, given| Ok(Value::string(cut(bytes(given, 1), whole(given, 0))))),
    function("substr", TEXT_OF_INTS_AND_TEXT, |_, given| {
        substring(bytes(given, 2), whole(given, 0), whole(given, 1)).map(Value::string)
    }),
    function("split", Signature::of(&[Type::String, Type::String], TEXT_MAP), |call, given| {
        numbered(call, bytes(given, 1), bytes(given, 0), -1)
    }),
    function("splitn", Signature::of(&[Type::String, Type::INT, Type::String], TEXT_MAP), |call, given| {
        numbered(call, bytes(given, 2), bytes(given, 0), whole(given, 1))
    }),
    function("splitList", Signature::of(&[Type::String, Type::String], Type::STRINGS), |call, given| {
        Ok(Value::List(List::strings(parts(call, bytes(given, 1), bytes(given, 0), -1)?)))
    }),
    function("join", Signature::of(&[Type::String, Type::Any], Type::String), join),
    function("sortAlpha", Signature::of(&[Type::Any], Type::STRINGS), sorted),
    function("quote", TEXT_OF_ALL, |call, given| spaced(call, given, |value| print::quote(shown(value).as_bytes()))),
    function("squote", TEXT_OF_ALL, |call, given| {
        spaced(call, given, |value| [b"'", print::text(value).as_bytes(), b"'"].concat())
    }),
    function("cat", TEXT_OF_ALL, |call, given| spaced(call, given, |value| print::text(value).as_bytes().to_vec())),
    function("plural", Signature::of(&[Type::String, Type::String, Type::INT], Type::String), |_, given| {
        Ok(any(given, usize::from(whole(given, 2) != 1)).clone())
    }),
];

/// Removes characters of a set around a text.
fn trim_all(set: &[u8], text: &[u8]) -> Value {
    match (std::str::from_utf8(set), std::str::from_utf8(text)) {
        (Ok(set), Ok(text)) => Value::string(text.trim_matches(|c| set.contains(c))),
        _ => {
            let kept = |byte: &u8| !set.contains(byte);
            let from = text.iter().position(kept).unwrap_or(text.len());
            Value::string(&text[from..text.iter().rposition(kept).map_or(from, |last| last + 1)])
        }
    }
}

/// Replaces each, after asking for the room.
pub(crate) fn replaced(call: &mut Call<'_>, text: &[u8], old: &[u8], new: &[u8]) -> Result<Str, Failure> {
    let found = count(text, old) + usize::from(old.is_empty());
    call.take(found.saturating_mul(new.len()).saturating_add(text.len()))?;
    Ok(replace(text, old, new).into())
}

fn repeated(call: &mut Call<'_>, text: &[u8], times: i64) -> Result<Vec<u8>, Failure> {
    let times = usize::try_from(times).map_err(|_| Failure::new("strings: negative Repeat count"))?;
    let length = text.len().checked_mul(times).filter(|length| i64::try_from(*length).is_ok());
    call.take(length.ok_or_else(|| Failure::new("strings: Repeat output length overflow"))?)?;
    Ok(text.repeat(times))
}

fn indented(call: &mut Call<'_>, before: &[u8], given: &[Value]) -> Answer {
    let pad = repeated(call, b" ", whole(given, 0))?;
    let text = replaced(call, bytes(given, 1), b"\n", &[b"\n", &pad[..]].concat())?;
    Ok(Value::string([before, &pad, text.as_bytes()].concat()))
}

/// Keeps so many bytes, of the end if the number is negative.
fn cut(text: &[u8], length: i64) -> &[u8] {
    let kept = usize::try_from(length.unsigned_abs()).unwrap_or(usize::MAX);
    match text.len() {
        all if kept >= all => text,
        all if length < 0 => &text[all - kept..],
        _ => &text[..kept],
    }
}

fn substring(text: &[u8], start: i64, end: i64) -> Result<&[u8], Failure> {
    let length = i64::try_from(text.len()).unwrap_or(i64::MAX);
    let out = |what: String| Failure::new(format!("runtime error: slice bounds out of range {what}"));
    let at = |index: i64| usize::try_from(index).unwrap_or(0);
    match (start, end) {
        (..0, ..0) => Err(out(format!("[:{end}]"))),
        (..0, end) if end > length => Err(out(format!("[:{end}] with length {length}"))),
        (..0, end) => Ok(&text[..at(end)]),
        (start, end) if (end < 0 || end > length) && start > length => Err(out(format!("[{start}:{length}]"))),
        (start, end) if end < 0 || end > length => Ok(&text[at(start)..]),
        (start, end) if start > end => Err(out(format!("[{start}:{end}]"))),
        (start, end) => Ok(&text[at(start)..at(end)]),
    }
}

fn parts<'a>(call: &mut Call<'_>, text: &'a [u8], by: &[u8], most: i64) -> Result<Vec<&'a [u8]>, Failure> {
    call.take((count(text, by) + 1).saturating_mul(size_of::<Value>()).saturating_add(text.len()))?;
    Ok(split(text, by, most))
}

/// Returns the parts under `_0`, `_1`, …
fn numbered(call: &mut Call<'_>, text: &[u8], by: &[u8], most: i64) -> Answer {
    let parts = parts(call, text, by, most)?;
    let entry = |(index, part): (usize, &[u8])| (Str::from(format!("_{index}")), Value::string(part));
    Ok(Value::Map(Map::typed(TEXT_MAP, parts.into_iter().enumerate().map(entry).collect())))
}

fn join(call: &mut Call<'_>, given: &[Value]) -> Answer {
    let (by, parts) = (bytes(given, 0), texts(any(given, 1)));
    let each: Vec<&[u8]> = (0..parts.items().len()).map(|index| bytes(parts.items(), index)).collect();
    let length = each.iter().map(|part| part.len().saturating_add(by.len())).fold(0, usize::saturating_add);
    call.take(length)?;
    Ok(Value::string(each.join(by)))
}

/// What is no list is a list of one. Go sorts a `[]string` in place, which no list of ours allows.
fn sorted(call: &mut Call<'_>, given: &[Value]) -> Answer {
    let list = match any(given, 0) {
        list @ Value::List(_) => texts(list),
        other => List::strings([shown(other)]),
    };
    call.take(list.items().len().saturating_mul(size_of::<Value>()))?;
    let mut texts: Vec<Str> = list.items().iter().map(shown).collect();
    texts.sort();
    Ok(Value::List(List::strings(texts)))
}

/// Writes what is not nil with spaces between.
fn spaced(call: &mut Call<'_>, given: &[Value], write: fn(&Value) -> Vec<u8>) -> Answer {
    let texts = given.iter().filter(|value| !matches!(value, Value::Nil)).map(write);
    let texts: Vec<_> = texts.map(|text| call.take(text.len()).map(|()| text)).collect::<Result<_, _>>()?;
    Ok(Value::string(texts.join(&b' ')))
}
