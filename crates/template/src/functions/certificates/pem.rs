//! PEM, as Go's `encoding/pem` reads and writes it.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::functions::encoding::base64;

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";
const DASHES: &[u8] = b"-----";

/// A block between its two lines.
pub(super) struct Block {
    /// What it is said to be.
    pub(super) label: String,
    /// What it holds.
    pub(super) contents: Vec<u8>,
}

/// Writes a block.
pub(super) fn encode(label: &str, contents: &[u8]) -> String {
    const WIDTH: usize = 64;
    let mut out = format!("-----BEGIN {label}-----\n");
    let text = STANDARD.encode(contents);
    for line in text.as_bytes().chunks(WIDTH) {
        out.extend(line.iter().map(|byte| char::from(*byte)));
        out.push('\n');
    }
    out + &format!("-----END {label}-----\n")
}

/// Reads the first block, whatever stands before it.
pub(super) fn decode(text: &[u8]) -> Option<Block> {
    let lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end).collect();
    let mut begin = None;
    for (at, line) in lines.iter().enumerate() {
        if let Some(label) = label(line, BEGIN) {
            begin = Some((at, label));
        }
        let (Some((first, opened)), Some(closed)) = (begin, label(line, END)) else {
            continue;
        };
        begin = None;
        if opened == closed
            && let Some(contents) = contents(&lines[first + 1..at])
        {
            return Some(Block { label: String::from_utf8_lossy(opened).into_owned(), contents });
        }
    }
    None
}

fn label<'a>(line: &'a [u8], start: &[u8]) -> Option<&'a [u8]> {
    line.strip_prefix(start)?.strip_suffix(DASHES)
}

/// Headers have a colon, and come first.
fn contents(lines: &[&[u8]]) -> Option<Vec<u8>> {
    let headers = lines.iter().take_while(|line| line.contains(&b':')).count();
    let symbols: Vec<u8> =
        lines[headers..].concat().into_iter().filter(|byte| !matches!(byte, b' ' | b'\t' | b'\r')).collect();
    base64(&symbols).ok()
}
