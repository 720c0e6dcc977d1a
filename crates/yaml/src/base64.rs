//! Base64 as Go's `StdEncoding` reads and writes it: padded, line breaks left out, spare bits
//! ignored.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Encodes in one line.
pub(crate) fn encode(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let bits = three.iter().fold(0u32, |bits, b| bits << 8 | u32::from(*b));
        let bits = bits << (8 * (3 - three.len()));
        for place in 0..4 {
            let symbol = ALPHABET[(bits >> (18 - 6 * place) & 63) as usize];
            out.push(if place > three.len() { '=' } else { char::from(symbol) });
        }
    }
    out
}

/// Encodes as go-yaml does: in lines of 70 letters where one isn't enough.
pub(crate) fn encode_lines(bytes: &[u8]) -> String {
    const WIDTH: usize = 70;
    let mut text = encode(bytes);
    if text.len() >= WIDTH {
        let lines = text.len().div_ceil(WIDTH);
        (1..lines).rev().for_each(|line| text.insert(line * WIDTH, '\n'));
        text.push('\n');
    }
    text
}

/// Decodes; `None` for anything malformed.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    let symbols: Vec<u8> = text.bytes().filter(|b| !matches!(b, b'\n' | b'\r')).collect();
    if !symbols.len().is_multiple_of(4) {
        return None;
    }
    let padding = symbols.iter().rev().take(2).take_while(|b| **b == b'=').count();
    let mut out = Vec::with_capacity(symbols.len() / 4 * 3);
    for four in symbols[..symbols.len() - padding].chunks(4) {
        let bits = four.iter().try_fold(0u32, |bits, b| Some(bits << 6 | u32::from(symbol(*b)?)))?;
        let bits = bits << (6 * (4 - four.len()));
        out.extend(&bits.to_be_bytes()[1..four.len()]);
    }
    Some(out)
}

fn symbol(byte: u8) -> Option<u8> {
    Some(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    })
}
