//! Charts among the files of a source: found, loaded, and completed with the files that are here.

use sluice_helm::{
    Chart, Limits, LoadError, Metadata, archive_metadata,
    chart::Dependency,
    defaults::{self, ValuesFile},
    folder_metadata, is_compatible, load_archive, load_folder,
};
use sluice_object::{Tree, TreePath};

use super::{dependencies::Missing, failure::Failure};
use crate::source::Trouble;

/// Returns what the chart at a path says of itself, and whether it is a folder.
pub(super) fn metadata(tree: &Tree, path: &str, limits: &Limits) -> Result<(Metadata, bool), Trouble> {
    let failed = |error: LoadError| Failure::Reference.of(format!("chart at '{path}': {error}"));
    let at = place(tree, path).map_err(|problem| Failure::Reference.of(problem))?;
    match at {
        Place::Folder(folder) => folder_metadata(tree, &folder, limits).map(|found| (found, true)).map_err(failed),
        Place::Archive(file) => {
            let bytes = read(tree, &file, limits).map_err(|problem| Failure::Reference.of(problem))?;
            archive_metadata(&bytes, limits).map(|found| (found, false)).map_err(failed)
        }
    }
}

/// Loads the chart at a path.
pub(super) fn load(tree: &Tree, path: &str, limits: &Limits) -> Result<Chart, String> {
    let loaded = match place(tree, path)? {
        Place::Folder(folder) => load_folder(tree, &folder, limits),
        Place::Archive(file) => load_archive(&read(tree, &file, limits)?, limits),
    };
    loaded.map(|loaded| loaded.chart).map_err(|error| format!("failed to load chart from '{path}': {error}"))
}

/// Returns the packed chart at a path as it is.
pub(super) fn archive(tree: &Tree, path: &str, limits: &Limits) -> Result<Vec<u8>, String> {
    match place(tree, path)? {
        Place::Archive(file) => read(tree, &file, limits).map(|bytes| bytes.to_vec()),
        Place::Folder(folder) => Err(format!("`{folder}` is a folder")),
    }
}

/// Merges values files of the source into the default values of a chart; returns those that were used.
pub(super) fn merge(tree: &Tree, chart: &mut Chart, files: &[String], ignore: bool) -> Result<Vec<String>, Trouble> {
    let failed = |problem: String| Failure::Values.of(problem);
    let found = files.iter().map(|path| Ok((path.clone(), values_file(tree, path, ignore)?)));
    let found = found.collect::<Result<_, String>>().map_err(failed)?;
    let (values, used) = defaults::merge(chart, found, ignore).map_err(|error| failed(error.to_string()))?;
    let changed = defaults::replace(chart, &values).map_err(|error| failed(error.to_string()))?;
    Ok(if changed { used } else { Vec::new() })
}

const WHERE: &str = "hint: paths in `spec.valuesFiles` begin at the root of the source";

fn values_file(tree: &Tree, path: &str, ignore: bool) -> Result<ValuesFile, String> {
    let at = TreePath::parse(path).map_err(|error| format!("values file '{path}': {error}"))?;
    match tree.entry(&at) {
        Some(_) => tree.read(&at).map(ValuesFile::Read).map_err(|error| format!("could not read '{path}': {error}")),
        None if tree.is_dir(&at) => Err(format!("no values file found at path '{path}': it is a folder")),
        None if ignore => Ok(ValuesFile::Missing),
        None => Err(format!("no values file found at path '/{at}' (reference '{path}'); {WHERE}")),
    }
}

/// Adds the dependencies that are here to a chart; returns those that are elsewhere.
pub(super) fn complete(tree: &Tree, path: &str, chart: &mut Chart, limits: &Limits) -> Result<Missing, Trouble> {
    let mut missing = Missing::of(chart);
    for wanted in std::mem::take(&mut missing.local) {
        let found = local(tree, path, &wanted, limits).map_err(|problem| {
            Failure::Dependencies.of(format!("failed to add local dependency '{}': {problem}", wanted.key()))
        })?;
        missing.add(chart, &wanted, found);
    }
    Ok(missing)
}

fn local(tree: &Tree, path: &str, wanted: &Dependency, limits: &Limits) -> Result<Chart, String> {
    let relative = match wanted.repository.strip_prefix("file://") {
        Some(relative) => relative.to_owned(),
        None => format!("charts/{}", wanted.name),
    };
    let at = TreePath::parse(path).and_then(|folder| folder.join(&relative)).map_err(|error| error.to_string())?;
    if tree.entry(&at).is_none() && !tree.is_dir(&at) {
        return Err(format!("no chart found at '{at}' (reference '{}')", wanted.repository));
    }
    let chart = load(tree, at.as_str(), limits)?;
    if !is_compatible(&wanted.version, &chart.metadata.version) {
        let found = &chart.metadata.version;
        return Err(format!("can't get a valid version for constraint '{}': '{at}' has {found}", wanted.version));
    }
    Ok(chart)
}

enum Place {
    Folder(TreePath),
    Archive(TreePath),
}

fn place(tree: &Tree, path: &str) -> Result<Place, String> {
    let at = TreePath::parse(path).map_err(|error| format!("chart at '{path}': {error}"))?;
    match tree.entry(&at) {
        Some(_) => Ok(Place::Archive(at)),
        None if tree.is_dir(&at) => Ok(Place::Folder(at)),
        None => Err(format!("no chart found at '{path}'; hint: `spec.chart` begins at the root of the source")),
    }
}

fn read(tree: &Tree, file: &TreePath, limits: &Limits) -> Result<bytes::Bytes, String> {
    let size = tree.entry(file).map_or(0, |entry| entry.size);
    if size > limits.archive {
        return Err(format!("size of '{file}' exceeds '{}' bytes limit", limits.archive));
    }
    tree.read(file).map_err(|error| format!("could not read '{file}': {error}"))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use sluice_helm::pack;

    use super::*;

    const CHART: &str = "apiVersion: v2\nname: app\nversion: 1.2.3\ndependencies:\n- {name: lib, version: 1.x, repository: file://../lib}\n- {name: db, version: 2.x, repository: https://charts.example.com, alias: store}\n";
    const LIB: &str = "apiVersion: v2\nname: lib\nversion: 1.0.1\n";

    fn tree(more: &[(&str, &str)]) -> Tree {
        let files = [
            ("app/Chart.yaml", CHART),
            ("app/values.yaml", "a: 1\nlong: enough for a header\n"),
            ("lib/Chart.yaml", LIB),
        ];
        Tree::in_memory(files.iter().chain(more).map(|(path, text)| (*path, text.to_string())))
    }

    fn app(tree: &Tree) -> Chart {
        load(tree, "./app", &Limits::default()).unwrap()
    }

    #[test]
    fn what_is_here_is_added_and_the_rest_is_told() {
        let tree = tree(&[]);
        let mut chart = app(&tree);
        let missing = complete(&tree, "./app", &mut chart, &Limits::default()).unwrap();
        assert_eq!(chart.dependencies.iter().map(Chart::name).collect::<Vec<_>>(), ["lib"]);
        assert_eq!(missing.remote.iter().map(Dependency::key).collect::<Vec<_>>(), ["store"]);
        assert_eq!(missing.resolved, 1);
    }

    #[rstest]
    #[case::gone("lib/Chart.yaml", None, "no chart found at 'lib' (reference 'file://../lib')")]
    #[case::old(
        "lib/Chart.yaml",
        Some("apiVersion: v2\nname: lib\nversion: 2.0.0\n"),
        "can't get a valid version for constraint '1.x': 'lib' has 2.0.0"
    )]
    #[case::broken("lib/Chart.yaml", Some("name: lib\n"), "failed to load chart from 'lib': validation: ")]
    fn a_dependency_that_is_not_as_wanted_is_named(
        #[case] path: &str,
        #[case] text: Option<&str>,
        #[case] problem: &str,
    ) {
        let files = [("app/Chart.yaml", Some(CHART)), (path, text)];
        let tree = Tree::in_memory(files.into_iter().filter_map(|(path, text)| Some((path, text?.to_owned()))));
        let trouble = complete(&tree, "app", &mut app(&tree), &Limits::default()).unwrap_err();
        assert_eq!(trouble.reason, "DependencyBuildError");
        let expected = format!("dependency build error: failed to add local dependency 'lib': {problem}");
        assert!(trouble.message.starts_with(&expected), "{}", trouble.message);
    }

    #[rstest]
    #[case("../app", "leaves")]
    #[case("none", "no chart found at 'none'")]
    #[case("app/values.yaml", "gzip: invalid header")]
    #[case("", "Chart.yaml file is missing")]
    fn a_path_without_a_chart_is_an_invalid_reference(#[case] path: &str, #[case] problem: &str) {
        let trouble = metadata(&tree(&[]), path, &Limits::default()).unwrap_err();
        assert_eq!(trouble.reason, "InvalidChartReference");
        assert!(trouble.message.contains(problem), "{}", trouble.message);
    }

    #[test]
    fn a_chart_may_be_packed_already() {
        let tree = tree(&[]);
        let packed = pack(&load(&tree, "lib", &Limits::default()).unwrap(), jiff::Timestamp::UNIX_EPOCH).unwrap();
        let tree = Tree::in_memory([("lib-1.0.1.tgz", packed.clone())]);
        let (found, is_folder) = metadata(&tree, "lib-1.0.1.tgz", &Limits::default()).unwrap();
        assert_eq!((found.name.as_str(), is_folder), ("lib", false));
        assert_eq!(archive(&tree, "lib-1.0.1.tgz", &Limits::default()).unwrap(), packed);
    }

    #[rstest]
    #[case(&["app/values.yaml", "prod.yaml"], false, Ok(&["app/values.yaml", "prod.yaml"][..]))]
    #[case(&["none.yaml", "prod.yaml"], true, Ok(&["prod.yaml"][..]))]
    #[case(&["./none.yaml"], false, Err("no values file found at path '/none.yaml' (reference './none.yaml'); hint"))]
    #[case(&["../none.yaml"], true, Err("values file '../none.yaml'"))]
    #[case(&["app"], true, Err("no values file found at path 'app': it is a folder"))]
    fn values_files_are_found_from_the_root(
        #[case] files: &[&str],
        #[case] ignore: bool,
        #[case] expected: Result<&[&str], &str>,
    ) {
        let tree = tree(&[("prod.yaml", "b: 2\n")]);
        let files: Vec<String> = files.iter().map(|file| (*file).to_owned()).collect();
        match (merge(&tree, &mut app(&tree), &files, ignore), expected) {
            (Ok(used), Ok(expected)) => assert_eq!(used, expected),
            (Err(trouble), Err(problem)) => {
                assert_eq!(trouble.reason, "ValuesFilesError");
                assert!(trouble.message.contains(problem), "{}", trouble.message);
            }
            (found, _) => panic!("{found:?}"),
        }
    }
}
