//! Keys, and the quotes of them and of texts.

/// Writes a key of several parts.
pub(super) fn dotted<K: AsRef<[u8]>>(parts: &[K]) -> Vec<u8> {
    parts.iter().map(|part| quoted(part.as_ref())).collect::<Vec<_>>().join(&b'.')
}

/// Writes one part: as it is, or in quotes.
pub(super) fn quoted(part: &[u8]) -> Vec<u8> {
    match !part.is_empty() && part.iter().copied().all(is_bare) {
        true => part.to_vec(),
        false => text(part),
    }
}

/// Says whether a byte needs no quotes in a key.
pub(super) fn is_bare(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

/// Writes a text in one line.
pub(super) fn text(text: &[u8]) -> Vec<u8> {
    let mut out = vec![b'"'];
    for byte in text {
        match byte {
            b'"' | b'\\' => out.extend([b'\\', *byte]),
            b'\x08' => out.extend(b"\\b"),
            b'\t' => out.extend(b"\\t"),
            b'\n' => out.extend(b"\\n"),
            b'\x0c' => out.extend(b"\\f"),
            b'\r' => out.extend(b"\\r"),
            ..=0x1f | 0x7f => out.extend(format!("\\u{byte:04x}").bytes()),
            _ => out.push(*byte),
        }
    }
    out.push(b'"');
    out
}
