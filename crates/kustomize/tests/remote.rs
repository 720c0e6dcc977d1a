//! Builds that need what lies elsewhere, and get it.

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use rstest::rstest;
use sluice_kustomize::{Built, Checkout, Error, Options, Parts, Remote, build};
use sluice_object::{Tree, TreePath};

/// What there is elsewhere: files by URL, and repositories with the paths of their files.
#[derive(Default)]
struct Web {
    files: BTreeMap<&'static str, &'static str>,
    repositories: BTreeMap<&'static str, Vec<(&'static str, String)>>,
}

impl Web {
    fn with_file(mut self, url: &'static str, text: &'static str) -> Self {
        self.files.insert(url, text);
        self
    }

    fn with_repository(mut self, url: &'static str, files: &[(&'static str, &str)]) -> Self {
        let files = files.iter().map(|(path, text)| (*path, (*text).to_owned())).collect();
        self.repositories.insert(url, files);
        self
    }

    fn file(&self, url: &str) -> Result<Bytes, String> {
        self.files.get(url).map(|text| Bytes::from(*text)).ok_or_else(|| "404 Not Found".into())
    }

    fn checkout(&self, wanted: &Checkout) -> Result<Parts, String> {
        let files = self.repositories.get(wanted.to_string().as_str()).ok_or("no such repository")?;
        Ok(vec![(TreePath::root(), Arc::new(Tree::in_memory(files.clone())))])
    }

    /// Builds with as many rounds as it takes; returns what was asked for, too.
    fn build(&self, files: &[(&str, &str)], mut options: Options) -> (Vec<String>, Result<Built, Error>) {
        let tree = Tree::in_memory(files.iter().map(|(path, text)| (*path, (*text).to_owned())));
        let mut asked = Vec::new();
        loop {
            let needs = match build(&tree, &TreePath::root(), &options) {
                Err(Error::Needs(needs)) => needs,
                built => return (asked, built),
            };
            assert!(!needs.is_empty() && asked.len() < 50, "{asked:?}");
            for need in needs {
                asked.push(need.what.to_string());
                match need.what {
                    Remote::File(url) => options.remotes.add_file(&url, self.file(&url)),
                    Remote::Checkout(wanted) => options.remotes.add_checkout(&wanted, self.checkout(&wanted)),
                }
            }
        }
    }

    fn refusal(&self, files: &[(&str, &str)]) -> String {
        self.build(files, Options::flux()).1.map_or_else(|error| error.to_string(), |built| built.to_yaml())
    }
}

const A: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n";
const REPOSITORY: &str = "https://example.com/org/repo";

/// A repository with a base, and an overlay of it that has a file beside.
fn repository() -> Web {
    Web::default().with_repository(
        REPOSITORY,
        &[
            ("base/kustomization.yaml", "resources: [a.yaml]\n"),
            ("base/a.yaml", A),
            ("overlay/kustomization.yaml", "resources: [../base]\nnamePrefix: my-\n"),
            ("outside/kustomization.yaml", "resources: [../base/a.yaml]\n"),
            ("away/kustomization.yaml", "resources: [../../local]\n"),
            ("part/kustomization.yaml", "kind: Component\nnameSuffix: -x\n"),
        ],
    )
}

#[test]
fn a_url_is_a_file_first_and_then_a_repository() {
    let files = [("kustomization.yaml", "resources: ['https://example.com/org/repo//overlay']\n")];
    let (asked, built) = repository().build(&files, Options::flux());
    assert_eq!(asked, ["https://example.com/org/repo//overlay", REPOSITORY]);
    assert_eq!(built.unwrap().to_yaml(), A.replace("name: a", "name: my-a"));
    let file = repository().with_file("https://example.com/org/repo//overlay", A);
    assert_eq!(file.build(&files, Options::flux()).1.unwrap().to_yaml(), A);
}

#[test]
fn a_page_that_holds_no_manifests_may_stand_for_a_repository() {
    let page = "<!DOCTYPE html>\n<html lang=\"en\">\n";
    let web = repository().with_file("https://example.com/org/repo/base", page);
    let files = [("kustomization.yaml", "resources: ['https://example.com/org/repo/base']\n")];
    assert_eq!(web.build(&files, Options::flux()).1.unwrap().to_yaml(), A);
    let web = Web::default().with_file("https://example.com/org/repo/base", page);
    assert!(web.refusal(&files).starts_with("https:/example.com/org/repo/base"), "{}", web.refusal(&files));
}

#[test]
fn components_are_never_files() {
    let kustomization = "resources: [a.yaml]\ncomponents: ['https://example.com/org/repo//part']\n";
    let files = [("kustomization.yaml", kustomization), ("a.yaml", A)];
    let (asked, built) = repository().build(&files, Options::flux());
    assert_eq!(asked, [REPOSITORY]);
    assert_eq!(built.unwrap().to_yaml(), A.replace("name: a", "name: a-x"));
}

#[test]
fn every_field_that_names_a_file_may_name_one_elsewhere() {
    let kustomization = "
resources: [a.yaml]
configMapGenerator: [{name: b, files: ['https://example.com/b.txt'], options: {disableNameSuffixHash: true}}]
patches: [{path: 'https://example.com/patch.yaml'}]
configurations: ['https://example.com/configuration.yaml']
crds: ['https://example.com/crds.json']
openapi: {path: 'https://example.com/schema.json'}
namePrefix: my-
";
    let web = Web::default()
        .with_file("https://example.com/b.txt", "text")
        .with_file(
            "https://example.com/patch.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {k: v}\n",
        )
        .with_file("https://example.com/configuration.yaml", "namePrefix: [{path: data/k}]\n")
        .with_file("https://example.com/crds.json", "{}")
        .with_file("https://example.com/schema.json", "{\"definitions\": {}}");
    let (asked, built) = web.build(&[("kustomization.yaml", kustomization), ("a.yaml", A)], Options::flux());
    assert_eq!(asked.len(), 5, "{asked:?}");
    let built = built.unwrap().to_yaml();
    assert!(built.contains("k: my-v") && built.contains("b.txt: text"), "{built}");
}

#[test]
fn repositories_may_name_others() {
    let web = repository().with_repository(
        "git@example.com:org/other@v1",
        &[("kustomization.yaml", "resources: ['https://example.com/org/repo//base']\nnamePrefix: other-\n")],
    );
    let files = [(
        "kustomization.yaml",
        "resources: ['git@example.com:org/other?ref=v1', 'git@example.com:org/other?ref=v1']\n",
    )];
    let (asked, built) = web.build(&files, Options::flux());
    assert_eq!(asked, ["git@example.com:org/other@v1", "https://example.com/org/repo//base", REPOSITORY]);
    assert!(matches!(built, Err(Error::Duplicate { .. })), "{built:?}");
}

#[rstest]
#[case::cycle(
    "resources: ['git@example.com:org/loop//a']\n",
    "referenced by previous URI 'git@example.com:org/loop//a'"
)]
#[case::files_of_its_own("resources: ['https://example.com/org/repo//outside']\n", "is not in or below")]
#[case::nothing_of_ours("resources: ['https://example.com/org/repo//away']\n", "what a repository names must be in it")]
#[case::directory("resources: ['https://example.com/org/repo//none']\n", "there is no directory `none`")]
#[case::file("resources: ['https://example.com/org/repo//base/a.yaml']\n", "there is no directory")]
#[case::nothing(
    "resources: ['https://u:hunter2@example.com/org/none']\n",
    "resources[0]: `https://example.com/org/none` can't be fetched: no such repository; as a file neither: 404"
)]
#[case::no_file("resources: ['https://example.com/a.yaml']\n", "can't be fetched: 404")]
#[case::patch("patches: [{path: 'https://example.com/org/repo'}]\n", "can't be fetched: 404")]
#[case::kind("resources: ['https://example.com/org/repo//part']\n", "expected kind != 'Component'")]
#[case::spelling("resources: [example.com/org/repo.git]\n", "named by its whole URL")]
fn what_cannot_be_had_is_named(#[case] kustomization: &str, #[case] expected: &str) {
    let web = repository().with_repository(
        "git@example.com:org/loop",
        &[
            ("a/kustomization.yaml", "resources: ['git@example.com:org/loop//b']\n"),
            ("b/kustomization.yaml", "resources: ['git@example.com:org/loop//a']\n"),
        ],
    );
    let files = [("kustomization.yaml", kustomization), ("local/kustomization.yaml", "resources: []\n")];
    let refusal = web.refusal(&files);
    assert!(refusal.contains(expected) && !refusal.contains("hunter2"), "{refusal}");
}

#[test]
fn the_origin_names_the_repository() {
    let files = [(
        "kustomization.yaml",
        "resources: ['github.com/org/repo//base?ref=1.0']\nbuildMetadata: [originAnnotations]\n",
    )];
    let web = Web::default().with_repository(
        "https://github.com/org/repo@1.0",
        &[("base/kustomization.yaml", "resources: [a.yaml]\n"), ("base/a.yaml", A)],
    );
    let built = web.build(&files, Options::flux()).1.unwrap().to_yaml();
    let origin = "path: base/a.yaml\n      repo: https://github.com/org/repo\n      ref: \"1.0\"\n";
    assert!(built.contains(origin), "{built}");
}

#[test]
fn what_is_needed_is_told_without_credentials() {
    let tree =
        Tree::in_memory([("kustomization.yaml", "resources: ['https://u:hunter2@example.com/org/repo?ref=v1']\n")]);
    let refusal = build(&tree, &TreePath::root(), &Options::flux()).unwrap_err().to_string();
    assert_eq!(
        refusal,
        "must be fetched first: `https://example.com/org/repo?ref=v1` (kustomization.yaml:1: resources[0])"
    );
}
