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

/// A table that `cargo xtask bless` writes: name, patterns, file, and what Flux's matcher says.
fn table() -> Vec<(String, String, String, bool)> {
    serde_json::from_str(include_str!("patterns.json")).unwrap()
}

#[test]
fn patterns_match_as_in_flux() {
    for (name, spec, file, answer) in table() {
        assert_eq!(ignored(Some(&spec), &file), answer, "{name}: {file} by {spec:?}");
    }
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
