//! A URL put together.

use super::{
    Url, User,
    escape::{Part, escape},
};

impl User {
    pub(super) fn write(&self) -> Vec<u8> {
        let password = self.password.iter().flat_map(|password| [b":".to_vec(), escape(password, Part::User)]);
        [escape(&self.name, Part::User)].into_iter().chain(password).flatten().collect()
    }
}

/// Writes a URL.
pub(super) fn write(url: &Url) -> Vec<u8> {
    let mut out = Vec::new();
    if !url.scheme.is_empty() {
        out.extend([&url.scheme[..], b":"].concat());
    }
    match url.opaque.is_empty() {
        true => place(&mut out, url),
        false => out.extend_from_slice(&url.opaque),
    }
    if !url.query.is_empty() {
        out.extend([b"?", &url.query[..]].concat());
    }
    if !url.fragment.is_empty() {
        out.extend([b"#", &escape(&url.fragment, Part::Fragment)[..]].concat());
    }
    out
}

/// Writes host and path. A path cannot begin with what would be read as a scheme.
fn place(out: &mut Vec<u8>, url: &Url) {
    let named = !url.host.is_empty() || url.user.is_some();
    if named || (!url.scheme.is_empty() && !url.path.is_empty()) {
        out.extend(b"//");
    }
    if let Some(user) = &url.user {
        out.extend([&user.write()[..], b"@"].concat());
    }
    out.extend(escape(&url.host, Part::Host));
    let path = if url.path == b"*" { url.path.clone() } else { escape(&url.path, Part::Path) };
    if !path.is_empty() && !path.starts_with(b"/") && !url.host.is_empty() {
        out.push(b'/');
    }
    if out.is_empty() && path.split(|byte| *byte == b'/').next().is_some_and(|segment| segment.contains(&b':')) {
        out.extend(b"./");
    }
    out.extend(path);
}
