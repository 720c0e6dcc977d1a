//! A text taken apart into a URL.

use super::{
    Url, User, Wrong,
    escape::{Part, unescape},
    host, quoted,
};

/// Reads a URL, absolute or not.
pub(super) fn parse(text: &[u8]) -> Result<Url, Wrong> {
    let (before, fragment) = cut(text, b'#');
    let mut url = without_fragment(before).map_err(|wrong| shown(before, &wrong))?;
    if let Some(fragment) = fragment {
        url.fragment = unescape(fragment, Part::Fragment).map_err(|wrong| shown(text, &wrong))?;
    }
    Ok(url)
}

fn shown(text: &[u8], wrong: &str) -> Wrong {
    format!("parse {}: {wrong}", quoted(text))
}

/// Splits at the first of a byte.
fn cut(text: &[u8], at: u8) -> (&[u8], Option<&[u8]>) {
    let found = text.iter().position(|byte| *byte == at);
    found.map_or((text, None), |found| (&text[..found], Some(&text[found + 1..])))
}

fn without_fragment(text: &[u8]) -> Result<Url, Wrong> {
    if text.iter().any(|byte| byte.is_ascii_control()) {
        return Err("net/url: invalid control character in URL".into());
    }
    if text == b"*" {
        return Ok(Url { path: text.to_vec(), ..Url::default() });
    }
    let (scheme, rest) = scheme(text)?;
    let mut url = Url { scheme: scheme.to_ascii_lowercase(), ..Url::default() };
    let (rest, query) = cut(rest, b'?');
    url.query = query.unwrap_or_default().to_vec();
    if !rest.starts_with(b"/") {
        if !url.scheme.is_empty() {
            url.opaque = rest.to_vec();
            return Ok(url);
        }
        if cut(rest, b'/').0.contains(&b':') {
            return Err("first path segment in URL cannot contain colon".into());
        }
    }
    let path = authority(&mut url, rest)?;
    url.path = unescape(path, Part::Path)?;
    Ok(url)
}

fn scheme(text: &[u8]) -> Result<(&[u8], &[u8]), Wrong> {
    let belongs = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    let end = text.iter().position(|byte| !belongs(byte)).unwrap_or(text.len());
    match text.get(end) {
        Some(b':') if end == 0 => Err("missing protocol scheme".into()),
        Some(b':') if text[0].is_ascii_alphabetic() => Ok((&text[..end], &text[end + 1..])),
        _ => Ok((b"", text)),
    }
}

/// Reads user and host after `//`, and returns what follows.
fn authority<'a>(url: &mut Url, rest: &'a [u8]) -> Result<&'a [u8], Wrong> {
    let Some(after) = rest.strip_prefix(b"//") else { return Ok(rest) };
    if url.scheme.is_empty() && after.starts_with(b"/") {
        return Ok(rest);
    }
    let end = after.iter().position(|byte| *byte == b'/').unwrap_or(after.len());
    let (authority, path) = after.split_at(end);
    match authority.iter().rposition(|byte| *byte == b'@') {
        None => url.host = host::parse(&url.scheme, authority)?,
        Some(at) => {
            url.host = host::parse(&url.scheme, &authority[at + 1..])?;
            url.user = Some(user(&authority[..at])?);
        }
    }
    Ok(path)
}

fn user(text: &[u8]) -> Result<User, Wrong> {
    let fits = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(byte);
    if !text.iter().all(fits) {
        return Err("net/url: invalid userinfo".into());
    }
    let (name, password) = cut(text, b':');
    let read = |text| unescape(text, Part::User);
    Ok(User { name: read(name)?, password: password.map(read).transpose()? })
}
