//! Texts for HTML, JavaScript and URLs.

use crate::{
    function::{Call, Failure},
    print,
    value::Value,
};

pub(super) fn html(call: &mut Call<'_>, args: &[Value]) -> Result<Value, Failure> {
    escaped(call, args, |bytes| {
        let mut out = Vec::with_capacity(bytes.len());
        for byte in bytes {
            match byte {
                0 => out.extend_from_slice("\u{fffd}".as_bytes()),
                b'"' => out.extend_from_slice(b"&#34;"),
                b'\'' => out.extend_from_slice(b"&#39;"),
                b'&' => out.extend_from_slice(b"&amp;"),
                b'<' => out.extend_from_slice(b"&lt;"),
                b'>' => out.extend_from_slice(b"&gt;"),
                _ => out.push(*byte),
            }
        }
        out
    })
}

pub(super) fn js(call: &mut Call<'_>, args: &[Value]) -> Result<Value, Failure> {
    escaped(call, args, |bytes| {
        let mut out = String::with_capacity(bytes.len());
        for chunk in bytes.utf8_chunks() {
            let bad = chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER);
            chunk.valid().chars().chain(bad).for_each(|c| js_char(c, &mut out));
        }
        out.into_bytes()
    })
}

fn js_char(c: char, out: &mut String) {
    match c {
        '\\' => out.push_str("\\\\"),
        '\'' => out.push_str("\\'"),
        '"' => out.push_str("\\\""),
        '<' | '>' | '&' | '=' | ..' ' if c != ' ' => out.push_str(&format!("\\u{:04X}", u32::from(c))),
        _ if c.is_ascii() || print::is_printable(c) => out.push(c),
        _ => out.push_str(&format!("\\u{:04X}", u32::from(c))),
    }
}

pub(super) fn urlquery(call: &mut Call<'_>, args: &[Value]) -> Result<Value, Failure> {
    escaped(call, args, |bytes| {
        let mut out = Vec::with_capacity(bytes.len());
        for byte in bytes {
            match byte {
                b' ' => out.push(b'+'),
                b'-' | b'_' | b'.' | b'~' => out.push(*byte),
                _ if byte.is_ascii_alphanumeric() => out.push(*byte),
                _ => out.extend_from_slice(format!("%{byte:02X}").as_bytes()),
            }
        }
        out
    })
}

/// What is not there is shown as an action shows it.
fn escaped(call: &mut Call<'_>, args: &[Value], escape: impl Fn(&[u8]) -> Vec<u8>) -> Result<Value, Failure> {
    let shown = |value: &Value| match value {
        Value::Nil => Value::string("<no value>"),
        other => other.clone(),
    };
    let args: Vec<_> = args.iter().map(shown).collect();
    let text = escape(&print::sprint(&args));
    call.take(text.len())?;
    Ok(Value::string(text))
}
