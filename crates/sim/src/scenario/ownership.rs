//! Who has what: moves, renames, tenants, other managers, hands that change things.

use serde_json::{Value, json};

use super::{
    Scenario,
    Step::{All, Apply, Ask, Delete, Patch, Push, Put},
    manifests::{APPS, GIT, account, config, deployment, files, git, kustomization, namespace, target},
};
use crate::site::NAMESPACE;

pub(super) fn all() -> Vec<Scenario> {
    vec![rename(), moves(), nested(), drift(), tenant(), takeover()]
}

/// An object gets another name in the same commit that changes the others.
fn rename() -> Scenario {
    let revision = |name: &str| files("site", [namespace(APPS), config(name, "1"), config("other", name)]);
    Scenario {
        name: "rename",
        given: vec![Push(GIT, revision("before")), Apply(git()), Apply(kustomization("site", json!({})))],
        steps: vec![Push(GIT, revision("after"))],
        end: vec!["Namespace//apps", "ConfigMap/apps/after", "ConfigMap/apps/other"],
        ..Scenario::default()
    }
}

/// An object goes from one Kustomization to another in one commit; it must never be gone in the end.
fn moves() -> Scenario {
    let before = [
        files("from", [namespace(APPS), config("moved", "1"), config("stays", "1")]),
        files("to", [config("there", "1")]),
    ];
    let after = [
        files("from", [namespace(APPS), config("stays", "1")]),
        files("to", [config("there", "1"), config("moved", "2")]),
    ];
    let to = kustomization("to", json!({"dependsOn": [{"name": "from"}]}));
    Scenario {
        name: "move",
        given: vec![Push(GIT, before.concat()), Apply(git()), Apply(kustomization("from", json!({}))), Apply(to)],
        steps: vec![Push(GIT, after.concat())],
        end: vec!["Namespace//apps", "ConfigMap/apps/moved", "ConfigMap/apps/stays", "ConfigMap/apps/there"],
        ..Scenario::default()
    }
}

/// A Kustomization is applied, changed and pruned by another one, and takes its objects with it.
fn nested() -> Scenario {
    let revision = |n: usize| {
        let child = |name: &str| kustomization(name, json!({}));
        let mut root = vec![namespace(APPS), child("kept")];
        root.extend((n == 1).then(|| child("gone")));
        let objects = |name: &str| files(name, [config(name, &n.to_string())]);
        [files("root", root), objects("kept"), objects("gone")].concat()
    };
    Scenario {
        name: "nested",
        given: vec![Push(GIT, revision(1)), Apply(git()), Apply(kustomization("root", json!({"wait": true})))],
        steps: vec![Push(GIT, revision(2))],
        end: vec!["Namespace//apps", "ConfigMap/apps/kept"],
        ..Scenario::default()
    }
}

/// Somebody changes and deletes what is managed, and then changes it once more.
fn drift() -> Scenario {
    let site = kustomization("site", json!({"wait": true}));
    let objects = [namespace(APPS), config("a", "1"), config("b", "1"), deployment("web", 1)];
    let by_hand = |v: &str| Patch(target(&config("a", "1")), json!({"data": {"v": v}}));
    let ask = || Ask(target(&site));
    let scaled = Patch(target(&deployment("web", 1)), json!({"spec": {"replicas": 7}}));
    Scenario {
        name: "drift",
        given: vec![Push(GIT, files("site", objects)), Apply(git()), Apply(site.clone())],
        steps: vec![
            All(vec![by_hand("by hand"), Delete(target(&config("b", "1"))), ask()]),
            All(vec![by_hand("by hand again"), scaled, ask()]),
        ],
        end: vec!["Namespace//apps", "ConfigMap/apps/a", "ConfigMap/apps/b", "Deployment/apps/web"],
        ..Scenario::default()
    }
}

/// A tenant's objects are written and pruned by the tenant's account alone.
fn tenant() -> Scenario {
    let revision = |name: &str| {
        [files("base", [namespace(APPS)]), files("team", [config("kept", name), config(name, "1")])].concat()
    };
    let team = kustomization("team", json!({"serviceAccountName": "team", "dependsOn": [{"name": "base"}]}));
    let tenancy = [account("team"), kustomization("base", json!({})), team.clone()].map(Apply);
    Scenario {
        name: "tenant",
        given: [vec![Push(GIT, revision("before")), Apply(git())], tenancy.to_vec()].concat(),
        steps: vec![Push(GIT, revision("after")), Delete(target(&team))],
        end: vec!["Namespace//apps", "ServiceAccount/flux-system/team"],
        ..Scenario::default()
    }
}

/// Flux has installed all this, and died in the middle of a revision: its inventory, labels and finalizers are there.
fn takeover() -> Scenario {
    let mut site = kustomization("site", json!({"wait": true}));
    site["metadata"]["finalizers"] = json!(["finalizers.fluxcd.io"]);
    let entry = |id: &str| json!({"id": id, "v": "v1"});
    site["status"] = json!({
        "lastAppliedRevision": "main@sha1:0", "lastAttemptedRevision": "main@sha1:0", "observedGeneration": 1,
        "inventory": {"entries": [entry("_apps__Namespace"), entry("apps_kept__ConfigMap"), entry("apps_old__ConfigMap")]},
    });
    let theirs = [namespace(APPS), config("kept", "0"), config("old", "0")].map(|object| Put(owned(object)));
    let mut mine = config("mine", "1");
    mine["metadata"]["labels"] = json!({"example.com/foreign": "yes"});
    let fresh = files("site", [namespace(APPS), config("kept", "1"), config("new", "1")]);
    Scenario {
        name: "takeover",
        given: [theirs.to_vec(), vec![Apply(mine), Push(GIT, fresh), Apply(git()), Put(site)]].concat(),
        steps: vec![],
        end: vec!["Namespace//apps", "ConfigMap/apps/kept", "ConfigMap/apps/mine", "ConfigMap/apps/new"],
        ..Scenario::default()
    }
}

fn owned(mut object: Value) -> Value {
    let label = |name: &str| format!("kustomize.toolkit.fluxcd.io/{name}");
    object["metadata"]["labels"] = json!({label("name"): "site", label("namespace"): NAMESPACE});
    object
}
