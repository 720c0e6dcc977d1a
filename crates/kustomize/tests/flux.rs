//! What Flux adds to a kustomization before it is built.

#![expect(clippy::unwrap_used, reason = "a test whose input can't be read fails")]

use std::sync::Arc;

use rstest::rstest;
use sluice_kustomize::{
    Error, Options, build,
    flux::{Image, Overrides, Patch, Target, prepare},
};
use sluice_object::{Tree, TreePath};

fn config_map(name: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n")
}

fn tree(files: &[(&str, &str)]) -> Arc<Tree> {
    Arc::new(Tree::in_memory(files.iter().map(|(path, text)| (*path, (*text).to_owned()))))
}

fn built(files: &[(&str, &str)], path: &str, overrides: &Overrides) -> Result<String, Error> {
    let (tree, path) = (tree(files), TreePath::parse(path).unwrap());
    let prepared = prepare(&tree, &path, overrides)?;
    Ok(build(&prepared, &path, &Options::flux())?.to_yaml())
}

fn prepared(files: &[(&str, &str)], overrides: &Overrides) -> String {
    let prepared = prepare(&tree(files), &TreePath::root(), overrides).unwrap();
    let bytes = prepared.read(&TreePath::parse("kustomization.yaml").unwrap()).unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn a_missing_kustomization_names_manifests_and_directories_that_have_one() {
    let cm = config_map("x");
    let files = [
        ("b.yaml", cm.as_str()),
        ("a.yml", &cm),
        ("notes.md", "no"),
        ("deep/er/c.yaml", &cm),
        ("app/kustomization.yaml", "resources: [x.yaml]"),
        ("app/x.yaml", &cm),
        ("app/below/never.yaml", "not: looked at"),
    ];
    let text = prepared(&files, &Overrides::default());
    assert_eq!(
        text,
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n- a.yml\n- app\n- b.yaml\n\
         - deep/er/c.yaml\n"
    );
}

#[test]
fn nothing_to_build_gives_nothing() {
    assert_eq!(built(&[("readme.md", "x")], "", &Overrides::default()).unwrap(), "");
    assert!(prepared(&[("readme.md", "x")], &Overrides::default()).contains("namespace: _placeholder"));
}

#[test]
fn a_kustomization_without_resources_is_no_error() {
    let files = [("kustomization.yaml", "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n")];
    assert_eq!(built(&files, "", &Overrides::default()).unwrap(), "");
}

#[rstest]
#[case("a: 1\n", "values.yaml:1: failed to decode Kubernetes YAML from values.yaml: missing kind in object")]
#[case("a: : 1\n", "values.yaml:1: MalformedYAMLError: yaml: mapping values are not allowed in this context")]
fn other_yaml_is_an_error_where_the_kustomization_is_missing(#[case] text: &str, #[case] expected: &str) {
    let error = built(&[("values.yaml", text)], "", &Overrides::default()).unwrap_err().to_string();
    assert!(error.starts_with(expected), "{error}");
}

#[test]
fn unknown_fields_of_the_root_are_accepted_and_below_refused() {
    let cm = config_map("a");
    let root = [("kustomization.yaml", "resources: [a.yaml]\nunknown: 1\n"), ("a.yaml", cm.as_str())];
    assert_eq!(built(&root, "", &Overrides::default()).unwrap(), cm);
    let below = [
        ("kustomization.yaml", "resources: [base]\n"),
        ("base/kustomization.yaml", "resources: [a.yaml]\nunknown: 1\n"),
        ("base/a.yaml", &cm),
    ];
    let error = built(&below, "", &Overrides::default()).unwrap_err().to_string();
    assert!(error.contains("json: unknown field \"unknown\""), "{error}");
}

#[test]
fn names_and_namespace_take_the_place_of_those_written() {
    let cm = config_map("a");
    let files = [
        ("kustomization.yaml", "resources: [a.yaml]\nnamespace: old\nNamePrefix: old-\nnameSuffix: -old\n"),
        ("a.yaml", cm.as_str()),
    ];
    let overrides = Overrides {
        target_namespace: "new".into(),
        name_prefix: "p-".into(),
        name_suffix: "-s".into(),
        ..Overrides::default()
    };
    let expected = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: p-a-s\n  namespace: new\n";
    assert_eq!(built(&files, "", &overrides).unwrap(), expected);
}

#[test]
fn patches_come_after_those_written() {
    let cm = config_map("a");
    let files = [
        (
            "kustomization.yaml",
            "resources: [a.yaml]\npatches:\n- target: {}\n  patch: '[{\"op\": \"add\", \"path\": \"/data\", \"value\": {\"by\": \"file\"}}]'\n",
        ),
        ("a.yaml", cm.as_str()),
    ];
    let patch = Patch {
        patch: "- op: replace\n  path: /data/by\n  value: flux\n".into(),
        target: Some(Target { kind: "ConfigMap".into(), ..Target::default() }),
    };
    let overrides = Overrides { patches: vec![patch], ..Overrides::default() };
    assert!(built(&files, "", &overrides).unwrap().contains("by: flux"));
}

#[rstest]
#[case(Image { new_tag: "2".into(), ..image() }, "- name: app\n  newName: mirror/app\n  newTag: \"2\"\n")]
#[case(Image { digest: "sha256:0".into(), ..image() }, "- digest: sha256:0\n  name: app\n  newName: mirror/app\n")]
#[case(Image { new_name: "other".into(), ..image() }, "- name: app\n  newName: other\n  newTag: \"1\"\n")]
#[case(
    Image { name: "more".into(), new_tag: "3".into(), ..image() },
    "- name: app\n  newName: mirror/app\n  newTag: \"1\"\n- name: more\n  newTag: \"3\"\n"
)]
fn images_are_merged_field_by_field(#[case] image: Image, #[case] expected: &str) {
    let files = [("kustomization.yaml", "resources: [x]\nimages:\n- {name: app, newName: mirror/app, newTag: '1'}\n")];
    let text = prepared(&files, &Overrides { images: vec![image], ..Overrides::default() });
    assert_eq!(text, format!("images:\n{expected}resources:\n- x\n"));
}

fn image() -> Image {
    Image { name: "app".into(), ..Image::default() }
}

#[test]
fn missing_components_may_be_left_out() {
    let cm = config_map("a");
    let files = [
        ("app/kustomization.yaml", "resources: [a.yaml]\n"),
        ("app/a.yaml", cm.as_str()),
        ("part/kustomization.yaml", "kind: Component\nnamePrefix: c-\n"),
    ];
    let mut overrides = Overrides { components: vec!["../part".into(), "../gone".into()], ..Overrides::default() };
    let error = built(&files, "app", &overrides).unwrap_err().to_string();
    assert!(error.contains("component path '../gone' not found"), "{error}");
    overrides.ignore_missing_components = true;
    assert!(built(&files, "app", &overrides).unwrap().contains("name: c-a"));
}

#[rstest]
#[case("https://example.com/x")]
#[case("github.com/org/repo")]
#[case("/absolute")]
fn components_are_local(#[case] path: &str) {
    let files = [("kustomization.yaml", "resources: []\n")];
    let overrides = Overrides { components: vec![path.into()], ..Overrides::default() };
    assert!(matches!(built(&files, "", &overrides), Err(Error::Invalid { .. })));
}

#[test]
fn paths_that_leave_the_tree_are_refused() {
    let files = [("app/kustomization.yaml", "resources: [../../etc/passwd]\n")];
    let error = built(&files, "app", &Overrides::default()).unwrap_err();
    assert!(matches!(error, Error::Leaves { .. }), "{error}");
}

#[test]
fn what_was_read_is_known() {
    let cm = config_map("a");
    let files = [
        ("kustomization.yaml", "resources: [base]\npatches: [{path: p.yaml}]\n"),
        ("p.yaml", cm.as_str()),
        ("base/kustomization.yaml", "resources: [a.yaml]\n"),
        ("base/a.yaml", &cm),
        ("base/unused.yaml", &cm),
    ];
    let built = build(&*tree(&files), &TreePath::root(), &Options::flux()).unwrap();
    let read: Vec<&str> = built.read.iter().map(TreePath::as_str).collect();
    assert_eq!(read, ["", "base", "base/a.yaml", "base/kustomization.yaml", "kustomization.yaml", "p.yaml"]);
    assert_eq!(built.resources[0].origin.to_string(), "base/a.yaml:1");
}

#[test]
fn bases_that_multiply_are_stopped() {
    let mut files: Vec<(String, String)> = (0..40)
        .map(|n| (format!("d{n}/kustomization.yaml"), format!("resources: [../d{0}, ../d{0}]\n", n + 1)))
        .collect();
    files.push(("d40/kustomization.yaml".into(), "resources: []\n".into()));
    let error = build(&Tree::in_memory(files), &TreePath::parse("d0").unwrap(), &Options::flux()).unwrap_err();
    assert!(matches!(error, Error::Limit { what: "number of kustomizations", .. }), "{error}");
}

#[test]
fn aliases_that_multiply_are_stopped() {
    let mut bomb =
        String::from("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\nl0: &l0 [x, x, x, x, x, x, x, x, x, x]\n");
    for n in 1..12 {
        bomb += &format!("l{n}: &l{n} [{}]\n", vec![format!("*l{}", n - 1); 10].join(", "));
    }
    let files = [("kustomization.yaml", "resources: [a.yaml]\n".to_owned()), ("a.yaml", bomb)];
    let error = build(&Tree::in_memory(files), &TreePath::root(), &Options::flux()).unwrap_err();
    assert!(matches!(error, Error::Yaml { .. }), "{error}");
}

/// Stamps say so on what they depend. Flux reads and writes the root's file anew, and loses the field; kustomize refuses it.
#[rstest]
#[case::in_the_root("dependsOn: [{name: stamp-global}]\n", "", Options::flux(), None)]
#[case::below_the_root("", "dependsOn: [{name: stamp-global}]\n", Options::flux(), Some("dependsOn"))]
#[case::for_kustomize("dependsOn: [{name: stamp-global}]\n", "", Options::command_line(), Some("dependsOn"))]
fn depends_on_is_left_out_of_the_root(
    #[case] root: &str,
    #[case] base: &str,
    #[case] options: Options,
    #[case] refused: Option<&str>,
) {
    let (root, base) = (format!("{root}resources: [base]\n"), format!("{base}resources: [x.yaml]\n"));
    let files =
        [("kustomization.yaml", root.as_str()), ("base/kustomization.yaml", &base), ("base/x.yaml", &config_map("x"))];
    let tree = tree(&files);
    match (build(&*tree, &TreePath::root(), &options), refused) {
        (Ok(built), None) => assert_eq!(built.to_yaml(), config_map("x")),
        (Err(error), Some(field)) => assert!(error.to_string().contains(field), "{error}"),
        (found, refused) => panic!("{refused:?} but {:?}", found.map(|built| built.to_yaml())),
    }
}
