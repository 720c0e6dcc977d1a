//! What can be wrong with a build, with the file, the line and the field to look at.

use std::fmt;

use sluice_object::{ObjectError, TreeError, TreePath};

use crate::remote::Remote;

/// Where in the input a problem is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Place {
    /// The file, relative to the root of the tree.
    pub file: TreePath,
    /// The line, from one; zero when it isn't known.
    pub line: u32,
    /// The field, as in `patches[2].target`; empty for the whole file.
    pub field: String,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file)?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        if self.field.is_empty() { Ok(()) } else { write!(f, ": {}", self.field) }
    }
}

/// Something a build needs that isn't in the tree. Fetch it, and add it to [`crate::Options::remotes`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// What to fetch.
    pub what: Remote,
    /// Who asks for it.
    pub place: Place,
}

/// Why a build failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A directory isn't a kustomization.
    #[error(
        "unable to find one of 'kustomization.yaml', 'kustomization.yml' or 'Kustomization' in directory '{directory}'{}",
        named_by(.by)
    )]
    NoKustomization {
        /// The directory.
        directory: TreePath,
        /// What points to it, if it is not the root of the build.
        by: Option<Place>,
    },
    /// A directory has more than one kustomization file.
    #[error("Found multiple kustomization files under: {directory}")]
    SeveralKustomizations {
        /// The directory.
        directory: TreePath,
    },
    /// A file or directory that is named isn't there.
    #[error("{place}: `{path}` not found{}", hinted(.hint))]
    NotFound {
        /// What names it.
        place: Place,
        /// The path as written.
        path: String,
        /// What to do about it.
        hint: String,
    },
    /// A file isn't YAML.
    #[error("{place}: MalformedYAMLError: {cause}")]
    Yaml {
        /// The file and line.
        place: Place,
        /// What the reader says.
        cause: Box<sluice_yaml::Error>,
    },
    /// The values of variables can't be put into an object.
    #[error("post build failed{}: envsubst error: {problem}{}", of(.object), seen_at(.place))]
    Substitution {
        /// The file of the object and the field.
        place: Option<Place>,
        /// The object, empty when no single one is to blame.
        object: String,
        /// What is wrong, without the values.
        problem: String,
    },
    /// A kustomization or a configuration says something that can't be.
    #[error("{place}: {problem}{}", hinted(.hint))]
    Invalid {
        /// The field.
        place: Place,
        /// What is wrong.
        problem: String,
        /// What to do about it.
        hint: String,
    },
    /// A manifest isn't a Kubernetes object.
    #[error("{place}: {problem}{}", hinted(.hint))]
    Manifest {
        /// The file and line.
        place: Place,
        /// What is wrong.
        problem: String,
        /// What to do about it.
        hint: String,
    },
    /// Something is named that fits no object, or too many.
    #[error("{place}: {problem}{}", hinted(.hint))]
    Target {
        /// The field that names it.
        place: Place,
        /// What was looked for.
        problem: String,
        /// What to do about it.
        hint: String,
    },
    /// A change could not be made to an object.
    #[error("{place}: {problem}{}", hinted(.hint))]
    Apply {
        /// The field that asks for the change.
        place: Place,
        /// What went wrong.
        problem: String,
        /// What to do about it.
        hint: String,
    },
    /// Two objects have the same id.
    #[error("{place}: may not add resource with an already registered id: {id}{}", hinted(.hint))]
    Duplicate {
        /// What adds the second one.
        place: Place,
        /// The id, as kustomize prints it.
        id: String,
        /// What to do about it.
        hint: String,
    },
    /// A kustomization leads back to itself.
    #[error("{place}: cycle detected: candidate root '{candidate}' contains visited root '{visited}'")]
    Cycle {
        /// What leads back.
        place: Place,
        /// The directory it names.
        candidate: TreePath,
        /// The directory that is being built.
        visited: TreePath,
    },
    /// A file lies where it may not be read from.
    #[error("{place}: security; file '{path}' is not in or below '{root}'{}", hinted(.hint))]
    Outside {
        /// What names it.
        place: Place,
        /// The path as written.
        path: String,
        /// The directory it must be in.
        root: TreePath,
        /// What to do about it.
        hint: &'static str,
    },
    /// Something remote can't be had.
    #[error("{place}: `{url}` can't be fetched: {problem}")]
    Remote {
        /// What names it.
        place: Place,
        /// The URL, without credentials.
        url: String,
        /// Why.
        problem: String,
    },
    /// A path leads out of what may be read at all.
    #[error(
        "{place}: `{path}`: the path leaves the artifact; paths are relative to the directory of the file that names them"
    )]
    Leaves {
        /// What names it.
        place: Place,
        /// The path as written.
        path: String,
    },
    /// A feature of kustomize that is not offered here.
    #[error("{place}: {what} is not supported{}", hinted(.hint))]
    Unsupported {
        /// The field.
        place: Place,
        /// The feature.
        what: String,
        /// What to do instead.
        hint: String,
    },
    /// The build needs things that have to be fetched first.
    #[error("{}", needed(.0))]
    Needs(Vec<Need>),
    /// The input asks for more than a build may use.
    #[error("{place}: {what} exceeds the limit of {limit}")]
    Limit {
        /// Where the limit was passed.
        place: Place,
        /// What there is too much of.
        what: &'static str,
        /// How much is allowed.
        limit: u64,
    },
    /// A result isn't an object that could be applied.
    #[error("{place}: the result is not an object")]
    Object {
        /// Where the object comes from.
        place: Place,
        /// What is missing.
        #[source]
        source: ObjectError,
    },
    /// The tree could not answer.
    #[error("{place}: read from the artifact")]
    Tree {
        /// What asked.
        place: Place,
        /// The cause.
        #[source]
        source: TreeError,
    },
}

fn hinted(hint: &str) -> String {
    if hint.is_empty() { String::new() } else { format!("; {hint}") }
}

fn named_by(by: &Option<Place>) -> String {
    by.as_ref().map(|place| format!(" (named by {place})")).unwrap_or_default()
}

fn needed(needs: &[Need]) -> String {
    let listed: Vec<String> = needs.iter().map(|need| format!("`{}` ({})", need.what, need.place)).collect();
    format!("must be fetched first: {}", listed.join(", "))
}

/// What went wrong deep inside, before it is known for which field.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Problem {
    pub(crate) text: String,
    pub(crate) hint: String,
    kind: ProblemKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum ProblemKind {
    #[default]
    Apply,
    Target,
    Invalid,
    Manifest,
}

impl Problem {
    /// A change that could not be made.
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// A name that fits no object, or too many.
    pub(crate) fn target(text: impl Into<String>) -> Self {
        Self { kind: ProblemKind::Target, ..Self::new(text) }
    }

    /// Something that can't be, whatever the objects are.
    pub(crate) fn invalid(text: impl Into<String>) -> Self {
        Self { kind: ProblemKind::Invalid, ..Self::new(text) }
    }

    /// A text that isn't a Kubernetes object.
    pub(crate) fn manifest(text: impl Into<String>) -> Self {
        Self { kind: ProblemKind::Manifest, ..Self::new(text) }
    }

    /// Adds what to do about it.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }

    /// Puts words before the text.
    pub(crate) fn within(mut self, context: impl fmt::Display) -> Self {
        self.text = format!("{context}: {}", self.text);
        self
    }

    /// Says where it happened.
    pub(crate) fn at(self, place: &Place) -> Error {
        let (place, problem, hint) = (place.clone(), self.text, self.hint);
        match self.kind {
            ProblemKind::Apply => Error::Apply { place, problem, hint },
            ProblemKind::Target => Error::Target { place, problem, hint },
            ProblemKind::Invalid => Error::Invalid { place, problem, hint },
            ProblemKind::Manifest => Error::Manifest { place, problem, hint },
        }
    }
}

/// Returns the name that is most like the one that was not found.
pub(crate) fn closest<'a>(wanted: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let near = |name: &&str| distance(wanted, name) <= 1 + wanted.len() / 4;
    known.into_iter().filter(near).min_by_key(|name| distance(wanted, name))
}

/// Counts the letters to add, drop or change to make one name of the other; long names are not looked at.
fn distance(a: &str, b: &str) -> usize {
    const LONGEST: usize = 100;
    if a.len().max(b.len()) > LONGEST {
        return usize::MAX;
    }
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.iter().enumerate() {
            let changed = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

fn of(object: &str) -> String {
    if object.is_empty() { String::new() } else { format!(" for '{object}'") }
}

fn seen_at(place: &Option<Place>) -> String {
    place.as_ref().map_or_else(String::new, |place| format!("; {place}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("../bas", Some("../base"))]
    #[case("resorces", Some("resources"))]
    #[case("zzz", None)]
    fn suggests_a_name_that_is_near(#[case] wanted: &str, #[case] expected: Option<&str>) {
        assert_eq!(closest(wanted, ["../base", "resources", "patches"]), expected);
    }

    #[test]
    fn a_place_reads_as_file_line_field() {
        let place = Place { file: TreePath::parse("a/b.yaml").unwrap(), line: 3, field: "patches[0]".into() };
        assert_eq!(place.to_string(), "a/b.yaml:3: patches[0]");
    }
}
