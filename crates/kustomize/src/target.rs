//! One kustomization file, read and checked.

use sluice_object::TreePath;
use sluice_yaml::{Duplicates, Node, Value, parse_all_v2};

use crate::{
    decode::Source,
    error::{Error, Place},
    kustomization::Kustomization,
    loader::{Loader, Root},
    manifest::yaml_error,
    remote::Repository,
};

/// A directory with its kustomization.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) root: Root,
    /// The kustomization file.
    pub(crate) file: TreePath,
    pub(crate) kustomization: Kustomization,
    /// The way here from the root of the build, for `buildMetadata`.
    pub(crate) route: Route,
}

impl Target {
    /// Reads the kustomization of a directory; `strict` refuses unknown fields.
    pub(crate) fn load(
        loader: &mut Loader<'_>,
        root: Root,
        route: Route,
        by: Option<Place>,
        strict: bool,
        warnings: &mut Vec<String>,
    ) -> Result<Self, Error> {
        let file = loader.kustomization(&root.directory, by)?;
        let place = Place { file: file.clone(), ..Place::default() };
        let bytes = loader.read_file(&file, &place)?;
        let node = read(&bytes, &file, loader)?;
        let source = Source::new(&file, "Kustomization", strict);
        let kustomization: Kustomization = source.decode(&node)?;
        let ignored = source.ignored.take();
        warnings.extend(ignored.iter().map(|place| format!("{place}: unknown field is ignored")));
        warnings.extend(kustomization.deprecations());
        check_contents(&node, &place)?;
        let target = Self { root, kustomization: kustomization.normalized(), file, route };
        target.check()?;
        Ok(target)
    }

    fn check(&self) -> Result<(), Error> {
        match self.kustomization.wrong_type() {
            Some(problem) => Err(Error::Invalid {
                place: self.place("", 0),
                problem: format!("Failed to read kustomization file under {}:\n{problem}", self.root.directory),
                hint: String::new(),
            }),
            None => Ok(()),
        }
    }

    /// Returns the place of a field.
    pub(crate) fn place(&self, field: impl Into<String>, line: u32) -> Place {
        Place { file: self.file.clone(), line, field: field.into() }
    }

    /// Returns the place of an entry of a field.
    pub(crate) fn entry(&self, field: &str, index: usize, line: u32) -> Place {
        self.place(format!("{field}[{index}]"), line)
    }
}

fn read(bytes: &[u8], file: &TreePath, loader: &Loader<'_>) -> Result<Node, Error> {
    let text = String::from_utf8_lossy(bytes);
    let documents = parse_all_v2(&text, Duplicates::LastWins, &loader.limits().yaml);
    let first = documents.map_err(|source| yaml_error(file, source))?.into_iter().next();
    Ok(first.unwrap_or_else(Node::null))
}

/// An empty list counts as contents, nothing at all does not.
fn check_contents(node: &Node, place: &Place) -> Result<(), Error> {
    let is_set = |value: &Node| match &value.value {
        Value::Scalar(text) => !value.is_null() && !matches!(text.as_str(), "" | "false" | "0"),
        Value::Sequence(_) | Value::Mapping(_) => true,
    };
    let type_only = |key: &Node| {
        key.as_scalar().is_some_and(|key| matches!(key.to_ascii_lowercase().as_str(), "kind" | "apiversion"))
    };
    let entries = node.as_mapping().map(|mapping| mapping.entries()).unwrap_or_default();
    if entries.iter().any(|(key, value)| !type_only(key) && is_set(value)) {
        return Ok(());
    }
    Err(Error::Invalid {
        place: place.clone(),
        problem: "kustomization.yaml is empty".into(),
        hint: "name at least one of its `resources`".into(),
    })
}

/// The way from the root of a build, or of the repository that was entered last.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Route {
    pub(crate) path: String,
    /// The repository, if there is one.
    pub(crate) repository: String,
    pub(crate) reference: String,
}

impl Route {
    /// Goes on to what an entry names.
    pub(crate) fn join(&self, entry: &str) -> Self {
        match Repository::parse(entry) {
            None => Self { path: join_path(&self.path, entry), ..self.clone() },
            Some(Repository { checkout, directory }) => Self {
                // At the root of a repository kustomize names a place that it never makes.
                path: if directory.is_empty() { "notCloned".into() } else { join_path("", &directory) },
                repository: checkout.url,
                reference: checkout.reference,
            },
        }
    }
}

/// Follows a relative path in words: `..` may lead out.
fn join_path(route: &str, path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in route.split('/').chain(path.split('/')).filter(|part| !matches!(*part, "" | ".")) {
        match (part, parts.last()) {
            ("..", Some(last)) if *last != ".." => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("", "./a.yaml", "a.yaml")]
    #[case("../base", "x/../b.yaml", "../base/b.yaml")]
    #[case("a", "../../b", "../b")]
    fn routes_are_kept_short(#[case] route: &str, #[case] path: &str, #[case] expected: &str) {
        assert_eq!(join_path(route, path), expected);
    }
}
