//! Making documents: pieces that mean something to YAML, written as people write them, or thrown together.

use crate::random::Random;

const WORDS: [&str; 64] = [
    "a",
    "name",
    "web",
    "yes",
    "No",
    "on",
    "OFF",
    "y",
    "n",
    "true",
    "False",
    "TRUE",
    "null",
    "~",
    "Null",
    "",
    "0",
    "1",
    "-1",
    "+12",
    "007",
    "0o17",
    "0x1F",
    "0b101",
    "1_001",
    "1.5",
    "2.",
    ".5",
    "1e3",
    "1E-7",
    "-0.0",
    ".inf",
    "-.Inf",
    ".nan",
    "1:20",
    "190:20:30.15",
    "2020-01-01",
    "2020-01-01T00:00:00Z",
    "2001-12-14 21:59:43.10 -5",
    "<<",
    "=",
    "!",
    "-",
    "?",
    ":",
    "- a",
    "a: b",
    "a #b",
    "#a",
    "a:",
    ":a",
    "@a",
    "%a",
    "é",
    "日本",
    "😀",
    "a b",
    " lead",
    "trail ",
    "12345678901234567890",
    "1e400",
    "0x",
    "a'b",
    "a\"b",
];
const LONG: &str = "the quick brown fox jumps over the lazy dog and runs along the river until the night has come ";
const SOUP: [&str; 59] = [
    "a",
    "b: ",
    "key",
    ": ",
    ":",
    "- ",
    "-",
    "? ",
    "\n",
    "\n  ",
    "\n    ",
    " ",
    "  ",
    "\t",
    "[",
    "]",
    "{",
    "}",
    ", ",
    ",",
    "#",
    " # c\n",
    "&x ",
    "*x",
    "*x ",
    "!!str ",
    "!!int ",
    "!!binary ",
    "!!float ",
    "!!null ",
    "!t ",
    "!",
    "|",
    ">",
    "|-\n",
    ">+\n",
    ">2\n",
    "\"",
    "'",
    "\\n",
    "\\",
    "<<: ",
    "~",
    "yes",
    "0x1F",
    "1.5",
    "2020-01-01",
    "---\n",
    "---",
    "...\n",
    "%YAML 1.1\n",
    "\r\n",
    "\u{85}",
    "\u{2028}",
    "é",
    "😀",
    "a: |\n  t\n",
    "\"\\u00e9\"",
    "@",
];

/// Makes a document.
pub(crate) fn document(random: &mut Random) -> String {
    let text = match random.below(10) {
        0..3 => soup(random),
        3..5 => {
            let text = stream(random);
            damaged(random, text)
        }
        _ => stream(random),
    };
    // A mark of the byte order has its place at the start; go-yaml v2 stumbles over others, or not, by its buffer.
    if random.one_in(50) { format!("\u{feff}{text}") } else { text }
}

fn soup(random: &mut Random) -> String {
    let pieces = 1 + random.below(24);
    (0..pieces).map(|_| random.pick(&SOUP)).collect()
}

/// Puts pieces in, and takes letters out.
fn damaged(random: &mut Random, mut text: String) -> String {
    for _ in 0..=random.below(3) {
        let mut at = random.below(text.len() + 1);
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        if random.one_in(2) {
            text.insert_str(at, random.pick(&SOUP));
        } else if at < text.len() {
            text.remove(at);
        }
    }
    text
}

fn stream(random: &mut Random) -> String {
    let mut text = String::new();
    for _ in 0..=usize::from(random.one_in(6)) {
        if random.one_in(4) {
            text.push_str("---\n");
        }
        block(random, 0, 4, &mut text);
    }
    text
}

fn comment(random: &mut Random, out: &mut String) {
    if random.one_in(12) {
        out.push_str(" # why: [not]");
    }
    out.push('\n');
}

/// Writes a block at an indentation; the line before has ended.
fn block(random: &mut Random, indent: usize, depth: usize, out: &mut String) {
    let pad = " ".repeat(indent);
    if depth == 0 || random.one_in(8) {
        out.push_str(&pad);
        scalar(random, indent, out);
        return;
    }
    let list = random.one_in(3);
    for _ in 0..=random.below(4) {
        out.push_str(&pad);
        if list {
            out.push_str("- ");
            entry(random, indent + 2, depth, out);
        } else {
            key(random, out);
            out.push_str(": ");
            entry(random, indent + 2, depth, out);
        }
    }
}

/// Writes what follows a dash or a key.
fn entry(random: &mut Random, indent: usize, depth: usize, out: &mut String) {
    if random.one_in(14) {
        out.push_str(random.pick(&["&x ", "&y ", "!!str ", "!t ", "!!int ", "!!float ", "!!binary ", "! "]));
    }
    match random.below(10) {
        0..5 => scalar(random, indent, out),
        5..8 => {
            while out.ends_with(' ') {
                out.pop();
            }
            comment(random, out);
            block(random, indent, depth - 1, out);
        }
        8 => {
            flow(random, 2, out);
            comment(random, out);
        }
        _ => {
            out.push_str(random.pick(&["*x", "*y", "~", "", "{}", "[]"]));
            comment(random, out);
        }
    }
}

fn key(random: &mut Random, out: &mut String) {
    match random.below(12) {
        0 => quoted(random, out),
        1 => out.push_str(random.pick(&["<<", "1", "true", "yes", "~", "1.5", "k 2", "? k"])),
        2 => out.push_str(random.pick(&WORDS.map(|word| if is_ordered(word) { word } else { "w" }))),
        _ => {
            let number = random.below(12);
            out.push_str(random.pick(&["k", "key", "K", "a-b", "a_b", "ab", "k0"]));
            out.push_str(&number.to_string());
        }
    }
}

/// Says whether Go's order of keys is one: zeros before a number and numbers beyond 64 bits make it go in circles.
fn is_ordered(key: &str) -> bool {
    !key.starts_with('0') && key.len() < 15
}

fn word(random: &mut Random) -> &'static str {
    if random.one_in(9) { &LONG[..random.below(LONG.len())] } else { random.pick(&WORDS) }
}

/// Writes a scalar in one of the styles, and ends the line.
fn scalar(random: &mut Random, indent: usize, out: &mut String) {
    match random.below(10) {
        0..5 => out.push_str(word(random)),
        5 | 6 => quoted(random, out),
        7 => {
            out.push_str(LONG);
            out.push_str(word(random));
        }
        _ => return literal(random, indent, out),
    }
    comment(random, out);
}

fn quoted(random: &mut Random, out: &mut String) {
    let text = Some(word(random)).filter(|text| is_ordered(text)).unwrap_or("w");
    let more = random.pick(&["", " ", "\\n", "\\t", "x", "\\u263a", "\n  y", "\\x07"]);
    if random.one_in(2) {
        out.push_str(&format!("\"{}{more}\"", text.replace('\\', "\\\\").replace('"', "\\\"")));
    } else {
        out.push_str(&format!("'{}{}'", text.replace('\'', "''"), more.replace('\\', "")));
    }
}

fn literal(random: &mut Random, indent: usize, out: &mut String) {
    out.push_str(random.pick(&["|", "|-", "|+", ">", ">-", ">+", "|2", ">1-"]));
    comment(random, out);
    let pad = " ".repeat(indent + 2 * random.below(2));
    for _ in 0..=random.below(4) {
        let line = random.pick(&["text", "", " deeper", "more text here", "- x", "a: b", "# no", "\tb", "tr  "]);
        out.push_str(&format!("{pad}{line}\n"));
    }
}

fn flow(random: &mut Random, depth: usize, out: &mut String) {
    let list = random.one_in(2);
    out.push(if list { '[' } else { '{' });
    for index in 0..random.below(4) {
        if index > 0 {
            out.push_str(", ");
        }
        if !list {
            key(random, out);
            out.push_str(": ");
        }
        match depth > 0 && random.one_in(3) {
            true => flow(random, depth - 1, out),
            false if random.one_in(3) => quoted(random, out),
            false => out.push_str(word(random)),
        }
    }
    out.push(if list { ']' } else { '}' });
}
