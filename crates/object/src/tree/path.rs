//! Paths that never leave their tree.

use std::fmt;

use super::TreeError;

/// A path inside a tree: relative, `/`-separated, without `.`, `..` and empty parts. The root is the empty path.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct TreePath(pub(super) String);

impl TreePath {
    pub(super) const ROOT: Self = Self(String::new());

    /// The root of the tree.
    pub fn root() -> Self {
        Self::ROOT
    }

    /// Reads a path relative to the root. Leading `/` and `./` are dropped; `..` may not lead out.
    pub fn parse(text: &str) -> Result<Self, TreeError> {
        Self::root().join(text)
    }

    /// Follows a relative path from this directory.
    pub fn join(&self, relative: &str) -> Result<Self, TreeError> {
        let mut parts: Vec<&str> = self.0.split('/').filter(|part| !part.is_empty()).collect();
        for part in relative.split('/') {
            match part {
                "" | "." => {}
                ".." => {
                    parts.pop().ok_or_else(|| TreeError::Leaves(relative.into()))?;
                }
                part if part.contains('\0') => return Err(TreeError::Leaves(relative.escape_default().to_string())),
                part => parts.push(part),
            }
        }
        Ok(Self(parts.join("/")))
    }

    /// Returns the directory that holds this path; the root's is the root.
    pub fn parent(&self) -> Self {
        Self(self.0.rsplit_once('/').map_or("", |(parent, _)| parent).into())
    }

    /// Returns the last part.
    pub fn file_name(&self) -> &str {
        self.0.rsplit_once('/').map_or(&self.0, |(_, name)| name)
    }

    /// Says whether the path is `dir` or below it.
    pub fn is_below(&self, dir: &TreePath) -> bool {
        dir.0.is_empty() || self == dir || self.0.strip_prefix(&dir.0).is_some_and(|rest| rest.starts_with('/'))
    }

    /// Returns the path as text, empty for the root.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Says whether this is the root.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for TreePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "." } else { &self.0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("", "./a/b", Some("a/b"))]
    #[case("", "/a//b/", Some("a/b"))]
    #[case("a/b", "../c", Some("a/c"))]
    #[case("a", "../..", None)]
    #[case("", "..", None)]
    #[case("", "a/../../b", None)]
    fn a_path_never_leaves_the_tree(#[case] dir: &str, #[case] relative: &str, #[case] expected: Option<&str>) {
        let joined = TreePath::parse(dir).unwrap().join(relative).ok();
        assert_eq!(joined.as_ref().map(TreePath::as_str), expected);
    }
}
