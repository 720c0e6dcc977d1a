//! Texts wrapped and shortened. Sprig takes bytes for columns here, and even for characters of Latin-1.

use crate::{
    function::{Call, Failure, Function, Signature},
    functions::{
        Answer,
        arguments::{bytes, whole},
        function,
        signatures::{TEXT_OF_INT_AND_TEXT, TEXT_OF_INTS_AND_TEXT, TEXT_OF_TEXT},
    },
    types::Type,
    value::Value,
};

pub(crate) const ALL: &[Function] = &[
    function("wrap", TEXT_OF_INT_AND_TEXT, |call, given| {
        wrapped(call, bytes(given, 1), whole(given, 0), Wrap { with: b"\n", cut: false })
    }),
    function("wrapWith", Signature::of(&[Type::INT, Type::String, Type::String], Type::String), |call, given| {
        let with = Some(bytes(given, 1)).filter(|with| !with.is_empty()).unwrap_or(b"\n");
        wrapped(call, bytes(given, 2), whole(given, 0), Wrap { with, cut: true })
    }),
    function("abbrev", TEXT_OF_INT_AND_TEXT, |_, given| {
        Ok(Value::string(shortened(bytes(given, 1), 0, whole(given, 0))))
    }),
    function("abbrevboth", TEXT_OF_INTS_AND_TEXT, |_, given| {
        let (left, width) = (whole(given, 0), whole(given, 1));
        let text = bytes(given, 2);
        let too_small = left > 0 && width < 7;
        Ok(Value::string(if too_small { text.to_vec() } else { shortened(text, left, width) }))
    }),
    function("nospace", TEXT_OF_TEXT, |_, given| Ok(Value::string(without_space(bytes(given, 0))))),
    function("initials", TEXT_OF_TEXT, |_, given| Ok(Value::string(initials(bytes(given, 0))))),
];

struct Wrap<'a> {
    with: &'a [u8],
    /// Whether words that are longer than a line are cut.
    cut: bool,
}

fn wrapped(call: &mut Call<'_>, text: &[u8], width: i64, wrap: Wrap<'_>) -> Answer {
    let width = usize::try_from(width.max(1)).unwrap_or(usize::MAX);
    let (mut out, mut rest) = (Vec::new(), text);
    call.take(text.len())?;
    while rest.len() > width {
        if let [b' ', after @ ..] = rest {
            rest = after;
            continue;
        }
        let (line, after) = line(rest, width, wrap.cut);
        out.extend_from_slice(line);
        let Some(after) = after else { return Ok(Value::string(out)) };
        rest = after;
        append(call, &mut out, wrap.with)?;
    }
    out.extend_from_slice(rest);
    Ok(Value::string(out))
}

fn append(call: &mut Call<'_>, out: &mut Vec<u8>, text: &[u8]) -> Result<(), Failure> {
    call.take(text.len())?;
    out.extend_from_slice(text);
    Ok(())
}

/// Returns a line, and what follows it unless it is the last.
fn line(text: &[u8], width: usize, cut: bool) -> (&[u8], Option<&[u8]>) {
    let space = text[..=width].iter().rposition(|byte| *byte == b' ');
    let end = match space {
        None if cut => return (&text[..width], Some(&text[width..])),
        None => text[width..].iter().position(|byte| *byte == b' ').map(|at| at + width),
        found => found,
    };
    end.map_or((text, None), |end| (&text[..end], Some(&text[end + 1..])))
}

/// Cuts at the right, and at the left if there is enough to be left out.
fn shortened(text: &[u8], left: i64, width: i64) -> Vec<u8> {
    let Some(room) = usize::try_from(width).ok().filter(|width| (4..text.len()).contains(width)).map(|width| width - 3)
    else {
        return text.to_vec();
    };
    let left = usize::try_from(left).unwrap_or(0).min(text.len() - room);
    if left <= 4 {
        return [&text[..room], b"..."].concat();
    }
    if left + room < text.len() {
        return [b"...", &shortened(&text[left..], 0, width - 3)[..]].concat();
    }
    [b"...", &text[text.len() - room..]].concat()
}

/// Without a space the text stays as it is; with one, its bytes are read as Latin-1.
fn without_space(text: &[u8]) -> Vec<u8> {
    let kept: String = text.iter().map(|byte| char::from(*byte)).filter(|c| !c.is_whitespace()).collect();
    if kept.chars().count() == text.len() { text.to_vec() } else { kept.into_bytes() }
}

fn initials(text: &[u8]) -> String {
    let mut before = ' ';
    let mut begins = |c: &char| std::mem::replace(&mut before, *c).is_whitespace() && !c.is_whitespace();
    text.iter().map(|byte| char::from(*byte)).filter(&mut begins).collect()
}
