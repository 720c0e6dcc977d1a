//! Kustomizations: what is installed, changed and pruned.

use serde_json::{Value, json};

use super::{
    Scenario,
    Step::{self, All, Apply, Push, Rewind},
    manifests::{
        APPS, GIT, SECRET, config, deployment, files, git, kustomization, namespace, secret, widget, widget_definition,
    },
};
use crate::{remotes::Files, site::REFUSED};

pub(super) fn all() -> Vec<Scenario> {
    vec![install(), upgrade(), prune(), chain(), diamond(), broken(), refused(), rewind(), secrets()]
}

/// A first commit, the source, and these objects of ours.
fn given(files: Files, ours: impl IntoIterator<Item = Value>) -> Vec<Step> {
    [Push(GIT, files), Apply(git())].into_iter().chain(ours.into_iter().map(Apply)).collect()
}

fn install() -> Scenario {
    let objects = [namespace(APPS), config("kept", "1"), deployment("web", 1)];
    Scenario {
        name: "install",
        given: given(files("site", objects), []),
        steps: vec![Apply(kustomization("site", json!({"wait": true})))],
        end: vec!["Namespace//apps", "ConfigMap/apps/kept", "Deployment/apps/web"],
        ..Scenario::default()
    }
}

fn upgrade() -> Scenario {
    let revision = |n: usize| {
        files("site", [namespace(APPS), config("kept", &n.to_string()), deployment("web", n), config("same", "1")])
    };
    Scenario {
        name: "upgrade",
        given: given(revision(1), [kustomization("site", json!({"wait": true}))]),
        steps: vec![Push(GIT, revision(2)), Push(GIT, revision(3))],
        end: vec!["Namespace//apps", "ConfigMap/apps/kept", "ConfigMap/apps/same", "Deployment/apps/web"],
        ..Scenario::default()
    }
}

/// `new` is there in the second revision alone, `old` until the second: both must go.
fn prune() -> Scenario {
    let revision = |n: usize| {
        let mut base = vec![namespace(APPS), widget_definition(), config("kept", &n.to_string())];
        let mut site = vec![widget("w", n), deployment("web", n)];
        if n < 3 {
            base.push(config("old", "1"));
        }
        if n == 2 {
            site.extend([config("new", "1"), widget("new", 1), deployment("new", 1)]);
        }
        [files("base", base), files("site", site)].concat()
    };
    let site = kustomization("site", json!({"wait": true, "dependsOn": [{"name": "base"}]}));
    Scenario {
        name: "prune",
        given: given(revision(1), [kustomization("base", json!({})), site]),
        steps: vec![Push(GIT, revision(2)), Push(GIT, revision(3))],
        end: vec![
            "CustomResourceDefinition//widgets.example.com",
            "Namespace//apps",
            "ConfigMap/apps/kept",
            "Deployment/apps/web",
            "Widget/apps/w",
        ],
        ..Scenario::default()
    }
}

/// Each waits for the one before.
fn chain() -> Scenario {
    let tree = |v: &str| {
        let first = files("a", [namespace(APPS), config("a", v)]);
        let others = ["b", "c"].map(|name| files(name, [config(name, v)]));
        [vec![first], others.to_vec()].concat().concat()
    };
    let after = |name: &str| json!({"dependsOn": [{"name": name}]});
    let ours =
        [kustomization("c", after("b")), kustomization("b", after("a")), kustomization("a", json!({"wait": true}))];
    Scenario {
        name: "chain",
        given: given(tree("1"), ours),
        steps: vec![Push(GIT, tree("2"))],
        end: vec!["Namespace//apps", "ConfigMap/apps/a", "ConfigMap/apps/b", "ConfigMap/apps/c"],
        ..Scenario::default()
    }
}

/// Two wait for one, and one for both; all come at once.
fn diamond() -> Scenario {
    let tree = |v: &str| {
        let top = files("top", [namespace(APPS), config("top", v)]);
        let others = ["left", "right", "end"].map(|name| files(name, [config(name, v)]));
        [vec![top], others.to_vec()].concat().concat()
    };
    let after = |names: &[&str]| {
        let names: Vec<_> = names.iter().map(|name| json!({"name": name})).collect();
        json!({"dependsOn": names})
    };
    let ours = vec![
        Apply(kustomization("end", after(&["left", "right"]))),
        Apply(kustomization("left", after(&["top"]))),
        Apply(kustomization("right", after(&["top"]))),
        Apply(kustomization("top", json!({}))),
    ];
    Scenario {
        name: "diamond",
        given: given(tree("1"), []),
        steps: vec![All(ours), Push(GIT, tree("2"))],
        end: vec![
            "Namespace//apps",
            "ConfigMap/apps/end",
            "ConfigMap/apps/left",
            "ConfigMap/apps/right",
            "ConfigMap/apps/top",
        ],
        ..Scenario::default()
    }
}

/// A commit that can't be built changes nothing, and prunes nothing.
fn broken() -> Scenario {
    let good = |v: &str| files("site", [namespace(APPS), config("a", v), config("b", v)]);
    let bad = vec![("site/broken.yaml".to_owned(), "kind: [".to_owned())];
    Scenario {
        name: "broken",
        given: given(good("1"), [kustomization("site", json!({}))]),
        steps: vec![Push(GIT, bad), Push(GIT, good("2"))],
        end: vec!["Namespace//apps", "ConfigMap/apps/a", "ConfigMap/apps/b"],
        ..Scenario::default()
    }
}

/// A commit that the server refuses in its last stage: what it leaves out stays until another one is complete.
fn refused() -> Scenario {
    let mut denied = config("denied", "1");
    denied["metadata"]["labels"] = json!({REFUSED: "yes"});
    let first = files("site", [namespace(APPS), config("a", "1"), config("old", "1")]);
    let second = files("site", [namespace(APPS), config("a", "2"), denied]);
    let third = files("site", [namespace(APPS), config("a", "3"), config("new", "1")]);
    Scenario {
        name: "refused",
        given: given(first, [kustomization("site", json!({}))]),
        steps: vec![Push(GIT, second), Push(GIT, third)],
        end: vec!["Namespace//apps", "ConfigMap/apps/a", "ConfigMap/apps/new"],
        ..Scenario::default()
    }
}

/// The source goes back in time: what only the newer revision had goes, what it had dropped comes again.
fn rewind() -> Scenario {
    let first = files("site", [namespace(APPS), config("a", "1"), config("old", "1")]);
    let second = files("site", [namespace(APPS), config("a", "2"), config("new", "1")]);
    Scenario {
        name: "rewind",
        given: given(first, [kustomization("site", json!({}))]),
        steps: vec![Push(GIT, second), Rewind(GIT)],
        end: vec!["Namespace//apps", "ConfigMap/apps/a", "ConfigMap/apps/old"],
        ..Scenario::default()
    }
}

/// A Secret is managed, and another one is a source of variables.
fn secrets() -> Scenario {
    let user = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "user", "namespace": APPS},
        "stringData": {"password": SECRET, "token": "${token}"},
    });
    let tree = |v: &str| files("site", [namespace(APPS), user.clone(), config("a", v)]);
    let substitute = json!({"substituteFrom": [{"kind": "Secret", "name": "variables"}]});
    let site = kustomization("site", json!({"postBuild": substitute}));
    Scenario {
        name: "secrets",
        given: [Apply(secret("variables", "token", SECRET))].into_iter().chain(given(tree("1"), [site])).collect(),
        steps: vec![Push(GIT, tree("2"))],
        end: vec!["Namespace//apps", "ConfigMap/apps/a", "Secret/apps/user", "Secret/flux-system/variables"],
        ..Scenario::default()
    }
}
