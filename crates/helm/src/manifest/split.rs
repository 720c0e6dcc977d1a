//! Splitting a file into documents as Helm does: by text, not by YAML.

/// What begins a document, at the start of a line.
const MARK: &str = "---";

/// Returns the documents of a file, without white space before them; what is behind a mark on its line belongs to the
/// document. Those with nothing but white space are left out.
pub fn documents(file: &str) -> Vec<&str> {
    let text = file.trim_start();
    let (mut found, mut start) = (Vec::new(), 0);
    for (mark, _) in text.match_indices(MARK).filter(|(mark, _)| begins_line(text, *mark)) {
        found.push(&text[start..mark]);
        start = mark + MARK.len();
    }
    found.push(&text[start..]);
    found.into_iter().map(str::trim_start).filter(|document| !document.is_empty()).collect()
}

fn begins_line(text: &str, index: usize) -> bool {
    index == 0 || text.as_bytes()[index - 1] == b'\n'
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::one("a: 1\n", &["a: 1\n"])]
    #[case::trailing_lines_stay("a: 1\n\n\n---\nb: 2\n\n", &["a: 1\n\n\n", "b: 2\n\n"])]
    #[case::leading_lines_go("\n\n---\n\n  a: 1\n", &["a: 1\n"])]
    #[case::empty_ones_go("---\n---\n \n---\n", &[])]
    #[case::text_behind_a_mark("---apiVersion: v1\n--- \t # note\n", &["apiVersion: v1\n", "# note\n"])]
    #[case::more_dashes("a\n------\nb", &["a\n", "---\nb"])]
    #[case::marks_behind_a_mark("--- ---\na", &["---\na"])]
    #[case::not_at_the_start_of_a_line("a: ---\n ---\n", &["a: ---\n ---\n"])]
    #[case::windows("a: 1\r\n---\r\nb: 2\r\n", &["a: 1\r\n", "b: 2\r\n"])]
    #[case::wide_space("\u{a0}\u{2003}---\na", &["a"])]
    fn documents_begin_at_lines_with_three_dashes(#[case] file: &str, #[case] expected: &[&str]) {
        assert_eq!(documents(file), expected);
    }
}
