//! Where two texts part.

use std::fmt::Write as _;

/// Lines shown of either text.
const SHOWN: usize = 4;
/// Lines shown before, which are the same.
const BEFORE: usize = 2;

/// Describes the first difference between a file and what it should be.
pub(crate) fn describe(name: &str, present: Option<&str>, made: &str) -> String {
    let Some(present) = present else {
        return format!("{name}: missing");
    };
    let (old, new): (Vec<_>, Vec<_>) = (present.split('\n').collect(), made.split('\n').collect());
    let same = common(old.iter(), new.iter());
    let tail = common(old[same..].iter().rev(), new[same..].iter().rev());
    let mut text = format!("{name}:{}: differs (- the file, + the tool)", same + 1);
    show(&mut text, ' ', &old[same.saturating_sub(BEFORE)..same]);
    show(&mut text, '-', &old[same..old.len() - tail]);
    show(&mut text, '+', &new[same..new.len() - tail]);
    text
}

fn common<'a>(old: impl Iterator<Item = &'a &'a str>, new: impl Iterator<Item = &'a &'a str>) -> usize {
    old.zip(new).take_while(|(old, new)| old == new).count()
}

fn show(text: &mut String, mark: char, lines: &[&str]) {
    for line in lines.iter().take(SHOWN) {
        let _ = write!(text, "\n  {mark} {line}");
    }
    if lines.len() > SHOWN {
        let _ = write!(text, "\n  {mark} … {} more", lines.len() - SHOWN);
    }
}

#[cfg(test)]
mod tests {
    use super::describe;

    #[test]
    fn shows_what_differs_with_the_lines_before() {
        let found = describe("a.yaml", Some("1\n2\n3\n4\n5\n"), "1\n2\n3\nfour\n5\n");
        assert_eq!(found, "a.yaml:4: differs (- the file, + the tool)\n    2\n    3\n  - 4\n  + four");
    }

    #[test]
    fn shows_a_lost_end_of_line() {
        assert_eq!(describe("a", Some("1"), "1\n"), "a:2: differs (- the file, + the tool)\n    1\n  + ");
    }

    #[test]
    fn tells_a_missing_file() {
        assert_eq!(describe("a", None, "1"), "a: missing");
    }
}
