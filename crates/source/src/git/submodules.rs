//! Submodules: where the other repositories are that directories of a commit stand for.

use sluice_object::TreePath;

/// Where a repository says what its submodules are.
pub const FILE: &str = ".gitmodules";

/// A submodule, as its repository describes it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Submodule {
    /// The directory.
    pub path: TreePath,
    /// The other repository, as written: it may be relative to the first.
    pub url: String,
    /// Whether it is left out (`update = none`).
    pub skipped: bool,
}

impl Submodule {
    /// Returns the URL of the other repository.
    pub fn url(&self, parent: &str) -> String {
        let mut base = parent.trim_end_matches('/');
        let mut rest = self.url.as_str();
        if !(rest.starts_with("./") || rest.starts_with("../")) {
            return rest.to_owned();
        }
        loop {
            if let Some(below) = rest.strip_prefix("../") {
                base = base.rsplit_once(['/', ':']).map_or(base, |(above, _)| above);
                rest = below;
            } else if let Some(same) = rest.strip_prefix("./") {
                rest = same;
            } else {
                return format!("{base}/{rest}");
            }
        }
    }
}

/// Reads the text of a [`FILE`]. What is no submodule is passed over.
pub fn read(text: &str) -> Vec<Submodule> {
    let mut found: Vec<Submodule> = Vec::new();
    for line in text.lines().map(str::trim) {
        if line.starts_with("[submodule") {
            found.push(Submodule::default());
        }
        let (Some(last), Some((key, value))) = (found.last_mut(), line.split_once('=')) else { continue };
        let value = unquoted(value.trim());
        match key.trim().to_ascii_lowercase().as_str() {
            "path" => last.path = TreePath::parse(value).unwrap_or_default(),
            "url" => last.url = value.to_owned(),
            "update" => last.skipped = value == "none",
            _ => {}
        }
    }
    found.retain(|submodule| !submodule.path.is_root() && !submodule.url.is_empty());
    found
}

fn unquoted(value: &str) -> &str {
    value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[test]
    fn submodules_have_a_path_and_a_url() {
        let text = "[submodule \"a\"]\n\tpath = a/b\n\turl = \"../x.git\"\n# note\n[submodule \"c\"]\nPath=c\nurl=https://example.com/c\nupdate = none\n[submodule \"d\"]\npath = d\n";
        let path = |text: &str| TreePath::parse(text).unwrap();
        assert_eq!(
            read(text),
            [
                Submodule { path: path("a/b"), url: "../x.git".into(), skipped: false },
                Submodule { path: path("c"), url: "https://example.com/c".into(), skipped: true },
            ]
        );
    }

    #[rstest]
    #[case("https://example.com/org/repo.git", "../x.git", "https://example.com/org/x.git")]
    #[case("https://example.com/org/repo/", "../../other/x", "https://example.com/other/x")]
    #[case("https://example.com/org/repo", "./x", "https://example.com/org/repo/x")]
    #[case("https://example.com/org/repo", "https://example.com/y", "https://example.com/y")]
    #[case("https://example.com/org/repo", "git@example.com:y", "git@example.com:y")]
    fn a_url_may_be_relative(#[case] parent: &str, #[case] url: &str, #[case] expected: &str) {
        assert_eq!(Submodule { url: url.into(), ..Submodule::default() }.url(parent), expected);
    }
}
