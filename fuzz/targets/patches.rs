//! Whatever the patch is, the build ends without a panic, with a target and without.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sluice_kustomize::{Options, build};
use sluice_object::{Tree, TreePath};

const OBJECT: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  replicas: 1\n  template:\n    \
     spec:\n      containers:\n      - name: web\n        ports:\n        - containerPort: 80\n";

fuzz_target!(|patch: &str| {
    for target in ["", "  target: {kind: Deployment}\n"] {
        let kustomization = format!("resources: [web.yaml]\npatches:\n- path: patch.yaml\n{target}");
        let files = [("kustomization.yaml", kustomization.as_str()), ("web.yaml", OBJECT), ("patch.yaml", patch)];
        let tree = Tree::in_memory(files.map(|(path, text)| (path, text.to_owned())));
        let _ = build(&tree, &TreePath::root(), &Options::flux());
    }
});
