//! Builds of directories, with flags as people write them.

use std::{fs, os::unix::fs::symlink, path::Path};

use clap::Parser as _;
use rstest::rstest;
use tempfile::TempDir;

use crate::cli::{Cli, Command};

use super::Kustomize;

const BASE: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: app\n";
const POLICY: &str = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: app\n";

/// A base and an overlay, a link to the base, and one that leads in a circle.
fn folders() -> TempDir {
    let root = tempfile::tempdir().unwrap();
    for (path, text) in [
        ("base/kustomization.yaml", "resources: [app.yaml]\n"),
        ("base/app.yaml", BASE),
        ("overlay/kustomization.yaml", "resources: [../base, ns.yaml]\nnamePrefix: my-\n"),
        ("overlay/ns.yaml", POLICY),
        ("linked/kustomization.yaml", "resources: [base]\n"),
        ("outside/kustomization.yaml", "resources: [../base/app.yaml]\n"),
        ("broken/kustomization.yaml", "resources: [../bas]\n"),
    ] {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    symlink("../base", root.path().join("linked/base")).unwrap();
    symlink(root.path(), root.path().join("base/circle")).unwrap();
    root
}

fn build(root: &Path, arguments: &str) -> Result<String, String> {
    let words = ["sluice", "kustomize", "build"].into_iter().map(str::to_owned);
    let arguments = arguments.split_whitespace().map(|word| word.replace("ROOT", &root.to_string_lossy()));
    let cli = Cli::try_parse_from(words.chain(arguments)).map_err(|error| error.to_string())?;
    let Command::Kustomize(Kustomize::Build(command)) = cli.command else { return Err("another command".into()) };
    let built = command.check().and_then(|()| command.build());
    built.map(|built| built.to_yaml()).map_err(|error| format!("{error:#}"))
}

fn overlay(parts: &[&str]) -> String {
    parts.join("---\n")
}

#[rstest]
#[case("ROOT/overlay", &[POLICY, "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: my-app\n"])]
#[case("ROOT/overlay --reorder=none", &["apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: my-app\n", POLICY])]
#[case("ROOT/linked", &[BASE])]
#[case("ROOT/outside --load-restrictor LoadRestrictionsNone", &[BASE])]
#[case("ROOT/base -e A=b --network=true --mount x --as-current-user --reorder none --reorder legacy", &[BASE])]
#[case("ROOT/base --enable-managedby-label --kustomize-version 5.8.2", &[
    "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  labels:\n    app.kubernetes.io/managed-by: kustomize-v5.8.2\n  name: app\n",
])]
fn flags_are_those_of_kustomize(#[case] arguments: &str, #[case] expected: &[&str]) {
    assert_eq!(build(folders().path(), arguments), Ok(overlay(expected)));
}

#[rstest]
#[case("ROOT/outside", "is not in or below")]
#[case("ROOT/overlay --root ROOT/overlay", "the path leaves the artifact")]
#[case("ROOT/broken", "did you mean `../base`")]
#[case("ROOT/missing", "open `")]
#[case("ROOT/base/app.yaml", "it is a file")]
#[case("git@example.com:org/repo", "`git@example.com:org/repo` can't be fetched: use the Git URL")]
#[case("https://example.com", "open `https://example.com`")]
#[case("ROOT/base --enable-alpha-plugins", "programs are not run")]
#[case("ROOT/base --enable-helm", "use a HelmRelease")]
#[case("ROOT/base --reorder NONE", "possible values: legacy, none")]
#[case("ROOT/base ROOT/overlay", "unexpected argument")]
fn what_cannot_be_is_refused_with_a_reason(#[case] arguments: &str, #[case] expected: &str) {
    let refusal = build(folders().path(), arguments).unwrap_err();
    assert!(refusal.contains(expected), "{refusal}");
}

#[test]
fn messages_name_files_from_the_work_tree() {
    let root = folders();
    fs::create_dir(root.path().join(".git")).unwrap();
    let refusal = build(root.path(), "ROOT/broken").unwrap_err();
    assert!(refusal.starts_with("broken/kustomization.yaml:1: resources[0]"), "{refusal}");
}

#[test]
fn bases_outside_of_the_work_tree_are_found() {
    let root = folders();
    fs::create_dir(root.path().join("overlay/.git")).unwrap();
    assert!(build(root.path(), "ROOT/overlay").is_ok());
}

#[test]
fn a_directory_gets_a_file_for_each_object() {
    let (root, out) = (folders(), tempfile::tempdir().unwrap());
    let arguments = ["sluice", "kustomize", "build", "-o"].map(str::to_owned).into_iter();
    let paths = [out.path(), &root.path().join("overlay")].map(|path| path.to_string_lossy().into_owned());
    Cli::try_parse_from(arguments.chain(paths)).unwrap().execute().unwrap();
    let mut names: Vec<_> = fs::read_dir(out.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["v1_configmap_my-app.yaml", "v1_namespace_app.yaml"]);
}
