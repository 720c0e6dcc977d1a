//! Builds every folder under `cases/`.
//!
//! A case is `input/`, the folder to build in `target` (else `input/` itself), and either `expected.yaml`, which
//! kustomize 5.8.1 has printed (`kustomize build --reorder none --load-restrictor LoadRestrictionsNone`, written by
//! `cargo xtask bless`), or `error.txt`, our own words for what kustomize refuses as well. With `BLESS=1` in the
//! environment `error.txt` is written anew. Where we refuse on purpose what kustomize builds, `ours.txt` says why.

#![expect(clippy::unwrap_used, reason = "a test whose input can't be read fails")]

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use sluice_kustomize::{Options, build};
use sluice_object::{Tree, TreePath};

fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut cases: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    cases
}

fn tree(root: &Path) -> Tree {
    let mut files = Vec::new();
    collect(root, root, &mut files).unwrap();
    Tree::in_memory(files)
}

fn collect(root: &Path, directory: &Path, files: &mut Vec<(String, Vec<u8>)>) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(root, &path, files)?;
        } else {
            let relative = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
            files.push((relative, fs::read(&path)?));
        }
    }
    Ok(())
}

/// Returns what went wrong with a case.
fn run(case: &Path) -> Option<String> {
    let target = fs::read_to_string(case.join("target")).unwrap_or_default();
    let options = Options { strict_root: true, ..Options::flux() };
    let built = build(&tree(&case.join("input")), &TreePath::parse(target.trim()).unwrap(), &options);
    let (file, text) = match built {
        Ok(built) => ("expected.yaml", built.to_yaml()),
        Err(error) => ("error.txt", format!("{error}\n")),
    };
    if std::env::var_os("BLESS").is_some() && file == "error.txt" && !case.join("expected.yaml").exists() {
        fs::write(case.join(file), &text).unwrap();
    }
    match fs::read_to_string(case.join(file)) {
        Ok(expected) if expected == text => None,
        Ok(expected) => Some(format!("{file} differs\n--- expected\n{expected}--- found\n{text}")),
        Err(_) => Some(format!("no {file}, but found\n{text}")),
    }
}

#[test]
fn every_case_gives_what_kustomize_gives() {
    let cases = cases();
    let failures: Vec<String> = cases
        .iter()
        .filter_map(|case| Some(format!("== {}: {}", case.file_name()?.to_string_lossy(), run(case)?)))
        .collect();
    assert!(failures.is_empty(), "{} of {} cases fail\n{}", failures.len(), cases.len(), failures.join("\n"));
}

#[test]
fn every_case_is_listed_with_its_rule() {
    let listed = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/README.md")).unwrap();
    let names = cases().into_iter().map(|case| format!("`{}`", case.file_name().unwrap().to_string_lossy()));
    let missing: Vec<String> = names.filter(|name| !listed.contains(name.as_str())).collect();
    assert!(missing.is_empty(), "not in tests/README.md: {missing:?}");
}

#[test]
fn a_build_is_the_same_every_time() {
    for case in cases() {
        assert_eq!(run(&case), run(&case));
    }
}

#[test]
fn a_build_does_not_depend_on_the_order_of_files() {
    for case in cases() {
        let mut files = Vec::new();
        let input = case.join("input");
        collect(&input, &input, &mut files).unwrap();
        let target = fs::read_to_string(case.join("target")).unwrap_or_default();
        let target = TreePath::parse(target.trim()).unwrap();
        let built = |files: Vec<(String, Vec<u8>)>| {
            let built = build(&Tree::in_memory(files), &target, &Options::flux());
            built.map(|built| built.to_yaml()).map_err(|error| error.to_string())
        };
        let mut reversed = files.clone();
        reversed.sort();
        reversed.reverse();
        assert_eq!(built(files), built(reversed), "{}", case.display());
    }
}
