//! Which files of a source stay out of its artifact.
//!
//! `.sourceignore` files + `spec.ignore` → [`Rules`] → [`Rules::ignores`] per path
//!
//! Version control files are always left out. Without any pattern of the user, so are images, archives and the files of
//! CI systems. Patterns of `.sourceignore` files hold below their directory; those of `spec.ignore` come last and win.

mod glob;
mod pattern;

use sluice_object::TreePath;

use self::pattern::Pattern;

/// Name of the files that hold patterns.
pub const FILE: &str = ".sourceignore";

const VCS: &[&str] = &[".git/", ".gitignore", ".gitmodules", ".gitattributes"];

/// Used when nothing else is asked for.
const DEFAULTS: &[&str] = &[
    "*.jpg",
    "*.jpeg",
    "*.gif",
    "*.png",
    "*.wmv",
    "*.flv",
    "*.tar.gz",
    "*.zip",
    ".github/",
    ".circleci/",
    ".travis.yml",
    ".gitlab-ci.yml",
    "appveyor.yml",
    ".drone.yml",
    "cloudbuild.yaml",
    "codeship-services.yml",
    "codeship-steps.yml",
    "**/.goreleaser.yml",
    "**/.sops.yaml",
    "**/.flux.yaml",
];

/// Patterns in the order in which they are read; the last one that matches decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules(Vec<Pattern>);

impl Rules {
    /// Makes the rules of a tree from its [`FILE`]s, each with the directory that holds it, parents first, and from
    /// `spec.ignore`.
    pub fn new<'a>(files: impl IntoIterator<Item = (&'a TreePath, &'a str)>, spec: Option<&str>) -> Self {
        let mut own: Vec<Pattern> = files.into_iter().flat_map(|(dir, text)| read(text, dir)).collect();
        own.extend(read(spec.unwrap_or_default(), &TreePath::root()));
        let defaults = if own.is_empty() { DEFAULTS } else { &[] };
        let built_in = VCS.iter().chain(defaults).map(|line| Pattern::parse(line, &[]));
        Self(built_in.chain(own).collect())
    }

    /// Leaves nothing out.
    pub(crate) fn none() -> Self {
        Self(Vec::new())
    }

    /// Makes the rules of a bucket from the [`FILE`] at its root and from `spec.ignore`. Nothing is left out by itself
    /// (source-controller `fetchEtagIndex`, against its documentation).
    pub(crate) fn of_bucket(file: Option<&str>, spec: Option<&str>) -> Self {
        let texts = [file, spec].into_iter().flatten();
        Self(texts.flat_map(|text| read(text, &TreePath::root())).collect())
    }

    /// Says whether a file is left out.
    pub fn ignores(&self, path: &TreePath) -> bool {
        self.ignores_name(path.as_str())
    }

    /// Says whether a file is left out whose name may be no path of a tree.
    pub(crate) fn ignores_name(&self, name: &str) -> bool {
        let parts: Vec<&str> = name.split('/').collect();
        self.0.iter().rev().find(|pattern| pattern.matches(&parts)).is_some_and(|pattern| !pattern.includes)
    }
}

fn read(text: &str, dir: &TreePath) -> Vec<Pattern> {
    let domain: Vec<String> = dir.as_str().split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect();
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    lines.map(|line| Pattern::parse(line, &domain)).collect()
}

#[cfg(test)]
mod tests;
