//! Whatever a kustomization says, the build ends without a panic, and so does another once all it needs is there.
#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use sluice_kustomize::{Error, Need, Options, Remote, build};
use sluice_object::{Tree, TreePath};

const OBJECT: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: web\ndata:\n  k: v\n";

fn tree(kustomization: &str) -> Tree {
    Tree::in_memory([("kustomization.yaml", kustomization.to_owned()), ("web.yaml", OBJECT.to_owned())])
}

fuzz_target!(|kustomization: &str| {
    let tree = tree(kustomization);
    let mut options = Options::flux();
    while let Err(Error::Needs(needs)) = build(&tree, &TreePath::root(), &options) {
        for Need { what, .. } in needs {
            match what {
                Remote::File(url) => options.remotes.add_file(&url, Ok(OBJECT.into())),
                Remote::Checkout(checkout) => {
                    let parts = vec![(TreePath::root(), Arc::new(self::tree("namePrefix: a-\n")))];
                    options.remotes.add_checkout(&checkout, Ok(parts));
                }
            }
        }
    }
});
