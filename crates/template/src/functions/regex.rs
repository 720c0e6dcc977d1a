//! Regular expressions as Go reads them, in linear time.
//!
//! pattern → [`translate`] → the same in the syntax of the `regex` crate → [`Pattern`]

mod class;
mod flaw;
mod pattern;
mod template;
mod translate;
mod unicode;

use crate::{
    function::{Call, Failure, Function, Signature},
    functions::{
        Answer,
        arguments::{bytes, whole},
        function,
        regex::pattern::{Pattern, Subject},
        signatures::{BOOL_OF_TEXTS, TEXT_OF_TEXT, TEXT_OF_TEXTS, TEXT_OF_THREE},
    },
    list::List,
    print,
    types::Type,
    value::Value,
};

const PARTS: Signature = Signature::of(&[Type::String, Type::String, Type::INT], Type::STRINGS);

pub(crate) const ALL: &[Function] = &[
    function("regexMatch", BOOL_OF_TEXTS, |_, given| Ok(Value::Bool(is_match(given).unwrap_or(false)))),
    function("mustRegexMatch", BOOL_OF_TEXTS, |_, given| is_match(given).map(Value::Bool)),
    function("regexFind", TEXT_OF_TEXTS, |_, given| find(given).map_err(|wrong| panicked(given, wrong))),
    function("mustRegexFind", TEXT_OF_TEXTS, |_, given| find(given)),
    function("regexFindAll", PARTS, |call, given| find_all(call, given).map_err(|wrong| panicked(given, wrong))),
    function("mustRegexFindAll", PARTS, find_all),
    function("regexSplit", PARTS, |call, given| split(call, given).map_err(|wrong| panicked(given, wrong))),
    function("mustRegexSplit", PARTS, split),
    function("regexReplaceAll", TEXT_OF_THREE, |call, given| {
        replace(call, given, true).map_err(|wrong| panicked(given, wrong))
    }),
    function("mustRegexReplaceAll", TEXT_OF_THREE, |call, given| replace(call, given, true)),
    function("regexReplaceAllLiteral", TEXT_OF_THREE, |call, given| {
        replace(call, given, false).map_err(|wrong| panicked(given, wrong))
    }),
    function("mustRegexReplaceAllLiteral", TEXT_OF_THREE, |call, given| replace(call, given, false)),
    function("regexQuoteMeta", TEXT_OF_TEXT, |call, given| {
        let text = bytes(given, 0);
        call.take(text.len().saturating_mul(2))?;
        Ok(Value::string(escaped(text)))
    }),
];

fn pattern(given: &[Value]) -> Result<Pattern, Failure> {
    Pattern::read(bytes(given, 0)).map_err(Failure::new)
}

/// Without `must` a bad pattern is a panic, which says more. What is no such flaw stays as it is.
fn panicked(given: &[Value], wrong: Failure) -> Failure {
    if !wrong.text.starts_with("error parsing regexp: ") {
        return wrong;
    }
    let pattern = bytes(given, 0);
    let shown = match std::str::from_utf8(pattern) {
        Ok(text) if text.chars().all(stays_in_backquotes) => format!("`{text}`"),
        _ => String::from_utf8_lossy(&print::quote(pattern)).into_owned(),
    };
    Failure::new(format!("regexp: Compile({shown}): {wrong}"))
}

fn stays_in_backquotes(c: char) -> bool {
    !matches!(c, '`' | '\u{7f}' | '\u{feff}' | '\u{fffd}') && (c == '\t' || c >= ' ')
}

fn is_match(given: &[Value]) -> Result<bool, Failure> {
    Ok(pattern(given)?.is_match(&Subject::new(bytes(given, 1))))
}

fn find(given: &[Value]) -> Answer {
    let (pattern, subject) = (pattern(given)?, Subject::new(bytes(given, 1)));
    let found = pattern.matches(&subject).next();
    Ok(Value::string(found.map_or(&b""[..], |(begin, end)| subject.part(begin, end))))
}

/// A negative number of parts means all.
fn limit(given: &[Value]) -> usize {
    usize::try_from(whole(given, 2)).unwrap_or(usize::MAX)
}

/// Makes a list, after asking for the room; where nothing is found it is `nil`.
fn texts(call: &mut Call<'_>, parts: Option<Vec<&[u8]>>) -> Answer {
    let Some(parts) = parts else { return Ok(Value::List(List::nil(Type::STRINGS))) };
    let length = parts.iter().map(|part| part.len() + size_of::<Value>()).sum();
    call.take(length)?;
    Ok(Value::List(List::strings(parts)))
}

fn find_all(call: &mut Call<'_>, given: &[Value]) -> Answer {
    let (pattern, subject) = (pattern(given)?, Subject::new(bytes(given, 1)));
    let found = pattern.matches(&subject).take(limit(given)).map(|(begin, end)| subject.part(begin, end));
    let found: Vec<_> = found.collect();
    texts(call, Some(found).filter(|found| !found.is_empty()))
}

fn split(call: &mut Call<'_>, given: &[Value]) -> Answer {
    let (pattern, text, most) = (pattern(given)?, bytes(given, 1), limit(given));
    if most == 0 {
        return texts(call, None);
    }
    if text.is_empty() && !bytes(given, 0).is_empty() {
        return texts(call, Some(vec![b""]));
    }
    let subject = Subject::new(text);
    let (mut parts, mut begin, mut end) = (Vec::new(), 0, 0);
    for found in pattern.matches(&subject).take(most) {
        if parts.len() + 1 >= most {
            break;
        }
        end = found.0;
        if found.1 != 0 {
            parts.push(subject.part(begin, end));
        }
        begin = found.1;
    }
    if end != subject.len() {
        parts.push(subject.part(begin, subject.len()));
    }
    texts(call, Some(parts))
}

fn replace(call: &mut Call<'_>, given: &[Value], expand: bool) -> Answer {
    let (pattern, subject) = (pattern(given)?, Subject::new(bytes(given, 1)));
    let with = bytes(given, 2);
    let (mut out, mut kept) = (Vec::new(), 0);
    for found in pattern.captures(&subject) {
        let Some(all) = found.get(0) else { continue };
        out.extend_from_slice(subject.part(kept, all.start()));
        kept = all.end();
        let before = out.len();
        match expand {
            true => template::expand(&mut out, with, |group| {
                let part = pattern.groups(group).find_map(|index| found.get(index))?;
                Some(subject.part(part.start(), part.end()))
            }),
            false => out.extend_from_slice(with),
        }
        call.take(out.len() - before)?;
    }
    out.extend_from_slice(subject.part(kept, subject.len()));
    call.take(subject.len())?;
    Ok(Value::string(out))
}

fn escaped(text: &[u8]) -> Vec<u8> {
    let special = |byte: &u8| b"\\.+*?()|[]{}^$".contains(byte);
    text.iter().flat_map(|byte| special(byte).then_some(b'\\').into_iter().chain([*byte])).collect()
}
