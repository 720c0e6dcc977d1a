//! What goes, and what stays when it does.

use serde_json::json;

use super::{
    Scenario,
    Step::{All, Apply, Delete, Push},
    manifests::{
        APPS, GIT, config, deployment, files, git, kustomization, namespace, target, widget, widget_definition,
    },
    respec,
};

pub(super) fn all() -> Vec<Scenario> {
    vec![delete(), orphaned(), suspended()]
}

/// First what depends, then what it depends on, then the source.
fn delete() -> Scenario {
    let base = files("base", [namespace(APPS), widget_definition(), config("a", "1")]);
    let site = files("site", [widget("w", 1), deployment("web", 1)]);
    let ours = [
        kustomization("base", json!({})),
        kustomization("site", json!({"wait": true, "dependsOn": [{"name": "base"}]})),
    ];
    let given = [Push(GIT, [base, site].concat()), Apply(git())].into_iter().chain(ours.clone().map(Apply));
    let [base, site] = ours;
    Scenario {
        name: "delete",
        given: given.collect(),
        steps: vec![Delete(target(&site)), All(vec![Delete(target(&base)), Delete(target(&git()))])],
        ..Scenario::default()
    }
}

/// Objects stay where the owner says so.
fn orphaned() -> Scenario {
    let site = kustomization("site", json!({"deletionPolicy": "Orphan"}));
    let objects = [namespace(APPS), config("a", "1")];
    Scenario {
        name: "orphaned",
        given: vec![Push(GIT, files("site", objects)), Apply(git()), Apply(site.clone())],
        steps: vec![Delete(target(&site))],
        end: vec!["Namespace//apps", "ConfigMap/apps/a"],
        ..Scenario::default()
    }
}

/// Nothing happens while it is suspended; then all that was missed does.
fn suspended() -> Scenario {
    let revision = |v: &str| files("site", [namespace(APPS), config("a", v), config(v, "1")]);
    let site = kustomization("site", json!({}));
    Scenario {
        name: "suspended",
        given: vec![Push(GIT, revision("first")), Apply(git()), Apply(site.clone())],
        steps: vec![
            respec(&site, json!({"suspend": true})),
            Push(GIT, revision("second")),
            Push(GIT, revision("third")),
            respec(&site, json!({"suspend": null})),
        ],
        end: vec!["Namespace//apps", "ConfigMap/apps/a", "ConfigMap/apps/third"],
        ..Scenario::default()
    }
}
