//! The text of a version, taken apart: of one, or of one in a range, where numbers may be left open.

/// The parts of a version, as they are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Parts<'a> {
    /// With the `v`.
    pub(super) whole: &'a str,
    /// One to three.
    pub(super) numbers: [Option<&'a str>; 3],
    pub(super) prerelease: &'a str,
    pub(super) metadata: &'a str,
}

/// Takes a version from the begin of a text, as long as it can be, and returns the rest.
pub(super) fn version(text: &str, digit: fn(char) -> bool) -> Option<(Parts<'_>, &str)> {
    let mut rest = text.strip_prefix('v').unwrap_or(text);
    let mut numbers = [None; 3];
    (numbers[0], rest) = run(rest, digit).map(|(number, rest)| (Some(number), rest))?;
    for number in &mut numbers[1..] {
        if let Some((found, after)) = rest.strip_prefix('.').and_then(|rest| run(rest, digit)) {
            (*number, rest) = (Some(found), after);
        }
    }
    let (prerelease, rest) = identifiers(rest, '-');
    let (metadata, rest) = identifiers(rest, '+');
    let whole = &text[..text.len() - rest.len()];
    Some((Parts { whole, numbers, prerelease, metadata }, rest))
}

fn run(text: &str, belongs: fn(char) -> bool) -> Option<(&str, &str)> {
    let end = text.find(|c| !belongs(c)).unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}

/// Takes what follows a sign: names of letters, digits and dashes with points between.
fn identifiers(text: &str, sign: char) -> (&str, &str) {
    let name = |text| run(text, |c| c.is_ascii_alphanumeric() || c == '-');
    let Some((_, mut rest)) = text.strip_prefix(sign).and_then(name) else { return ("", text) };
    while let Some((_, after)) = rest.strip_prefix('.').and_then(name) {
        rest = after;
    }
    (&text[1..text.len() - rest.len()], rest)
}
