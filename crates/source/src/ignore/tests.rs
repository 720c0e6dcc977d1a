use rstest::rstest;
use sluice_object::TreePath;

use super::Rules;

fn path(text: &str) -> TreePath {
    TreePath::parse(text).unwrap()
}

fn ignored(spec: Option<&str>, file: &str) -> bool {
    Rules::new([], spec).ignores(&path(file))
}

#[rstest]
#[case(".gitignore", true)]
#[case("a/.gitattributes", true)]
#[case("vendor/.git/config", true)]
#[case("docs/a.png", true)]
#[case("a.tar.gz", true)]
#[case("a.tgz", false)]
#[case(".github/workflows/a.yaml", true)]
#[case(".github", false)]
#[case("a/.sops.yaml", true)]
#[case(".sops.yaml", true)]
#[case("apps/deploy.yaml", false)]
#[case(".sourceignore", false)]
fn the_defaults_leave_out_what_is_no_manifest(#[case] file: &str, #[case] expected: bool) {
    assert_eq!(ignored(None, file), expected);
}

#[rstest]
#[case("a.png", false)]
#[case(".github/workflows/a.yaml", false)]
#[case(".gitignore", true)]
#[case("a.md", true)]
fn own_patterns_replace_the_defaults_but_not_those_for_git(#[case] file: &str, #[case] expected: bool) {
    assert_eq!(ignored(Some("*.md"), file), expected);
}

#[test]
fn comments_and_empty_lines_are_no_patterns() {
    assert!(ignored(Some("# nothing\n\n   \n"), "a.png"));
}

/// The expected values are those of go-git's matcher.
#[rstest]
#[case::all_but_one_directory("/*\n!/deploy", "deploy/a/b.yaml", false)]
#[case::all_but_one_directory("/*\n!/deploy", "other/b.yaml", true)]
#[case::within_the_included("/*\n!/deploy\n/deploy/**/*.md", "deploy/a/b.md", true)]
#[case::within_the_included_at_once("/*\n!/deploy\n/deploy/**/*.md", "deploy/b.md", true)]
#[case::file_from_ignored_directory("/apps\n!/apps/keep.yaml", "apps/keep.yaml", false)]
#[case::file_from_ignored_directory("/apps\n!/apps/keep.yaml", "apps/other.yaml", true)]
#[case::last_one_wins("!/apps/keep.yaml\n/apps", "apps/keep.yaml", true)]
#[case::last_one_wins_over_extension("*.md\n!/deploy", "deploy/a.md", false)]
#[case::name_at_any_depth("docs", "a/docs/b.yaml", true)]
#[case::directory_only("docs/", "a/docs", false)]
#[case::directory_only("docs/", "a/docs/b", true)]
#[case::anchored_by_middle_slash("a/docs", "b/a/docs/x", false)]
#[case::anchored_by_middle_slash("a/docs", "a/docs/x", true)]
#[case::anchored_by_first_slash("/docs", "a/docs/x", false)]
#[case::leading_any_depth("**/docs", "a/b/docs/x", true)]
#[case::leading_any_depth("**/docs", "docs/x", true)]
#[case::trailing_any_depth("a/**", "a/b/c", true)]
#[case::middle_any_depth("a/**/c", "a/x/y/c", true)]
#[case::middle_any_depth("a/**/c", "a/c", true)]
#[case::middle_any_depth("a/**/c", "b/x/c", false)]
#[case::star_within_a_part("a/*.yaml", "a/b/c.yaml", false)]
#[case::double_star_with_more("a/**b", "a/xb", false)]
#[case::trailing_spaces("*.md  ", "a.md", true)]
#[case::crlf("*.md\r\n*.txt\r\n", "a.md", true)]
#[case::malformed("[", "[", false)]
fn patterns_match_as_in_flux(#[case] spec: &str, #[case] file: &str, #[case] expected: bool) {
    assert_eq!(ignored(Some(spec), file), expected);
}

#[rstest]
#[case("apps/a.md", true)]
#[case("apps/x/a.md", true)]
#[case("a.md", false)]
#[case("apps/keep/a.md", false)]
#[case("apps/keep.yaml", true)]
#[case("other/apps/a.md", false)]
fn a_file_of_patterns_holds_below_its_directory(#[case] file: &str, #[case] expected: bool) {
    let (apps, keep) = (path("apps"), path("apps/keep"));
    let rules = Rules::new([(&apps, "*.md\n/keep.yaml"), (&keep, "!*.md")], None);
    assert_eq!(rules.ignores(&path(file)), expected);
}

#[test]
fn the_spec_wins_over_files() {
    let root = TreePath::root();
    let rules = Rules::new([(&root, "!a.md")], Some("*.md"));
    assert!(rules.ignores(&path("a.md")));
}
