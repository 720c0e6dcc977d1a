//! HelmReleases.

use serde_json::{Value, json};

use super::{
    Scenario,
    Step::{self, Apply, Delete, Push},
    manifests::{APPS, GIT, SECRET, chart, config, deployment, git, hook, namespace, release, secret, target},
    respec,
};
use crate::{remotes::Files, site::REFUSED};

pub(super) fn all() -> Vec<Scenario> {
    vec![install(), upgrade(), rollback(), hooks(), tested(), values(), uninstall(), ordered()]
}

/// Version `n` of the chart. No version drops an object of the one before: what an interrupted upgrade has not deleted
/// stays for good, as it does with Helm.
fn version(n: usize) -> Files {
    let templates = [config("app", "{{ .Values.v }}"), config("version", &n.to_string()), deployment("web", n)];
    chart("app", &format!("{n}.0.0"), templates)
}

/// The namespace, the first version, the source, and objects of ours.
fn given(files: Files, ours: impl IntoIterator<Item = Value>) -> Vec<Step> {
    let there = [Apply(namespace(APPS)), Push(GIT, files), Apply(git())];
    there.into_iter().chain(ours.into_iter().map(Apply)).collect()
}

/// What a version comes to.
const INSTALLED: [&str; 4] = ["Namespace//apps", "ConfigMap/apps/app", "ConfigMap/apps/version", "Deployment/apps/web"];

fn install() -> Scenario {
    Scenario {
        name: "helm-install",
        given: given(version(1), []),
        steps: vec![Apply(release("app", json!({})))],
        end: INSTALLED.to_vec(),
        ..Scenario::default()
    }
}

fn upgrade() -> Scenario {
    Scenario {
        name: "helm-upgrade",
        given: given(version(1), [release("app", json!({}))]),
        steps: vec![Push(GIT, version(2)), respec(&release("app", json!({})), json!({"values": {"v": "2"}}))],
        end: INSTALLED.to_vec(),
        ..Scenario::default()
    }
}

/// The second version is refused by the server, the third one is not.
fn rollback() -> Scenario {
    let mut denied = config("denied", "1");
    denied["metadata"]["labels"] = json!({REFUSED: "yes"});
    let bad = chart("app", "1.5.0", [config("app", "bad"), config("version", "bad"), denied]);
    let remediation = json!({"remediation": {"retries": 2, "strategy": "rollback"}});
    Scenario {
        name: "helm-rollback",
        given: given(version(1), [release("app", json!({"upgrade": remediation}))]),
        steps: vec![Push(GIT, bad), Push(GIT, version(2))],
        end: INSTALLED.to_vec(),
        ..Scenario::default()
    }
}

/// Jobs run before and after each action; they are gone when they have succeeded.
fn hooks() -> Scenario {
    let with_hooks = |n: usize| {
        let before = hook("before", "pre-install,pre-upgrade,pre-rollback,pre-delete");
        let after = hook("after", "post-install,post-upgrade,post-rollback,post-delete");
        chart("app", &format!("{n}.0.0"), [config("version", &n.to_string()), before, after])
    };
    Scenario {
        name: "helm-hooks",
        given: given(with_hooks(1), [release("app", json!({}))]),
        steps: vec![Push(GIT, with_hooks(2))],
        end: vec!["Namespace//apps", "ConfigMap/apps/version"],
        ..Scenario::default()
    }
}

fn tested() -> Scenario {
    let with_test =
        |n: usize| chart("app", &format!("{n}.0.0"), [config("version", &n.to_string()), hook("check", "test")]);
    Scenario {
        name: "helm-test",
        given: given(with_test(1), [release("app", json!({"test": {"enable": true}}))]),
        steps: vec![Push(GIT, with_test(2))],
        end: vec!["Namespace//apps", "ConfigMap/apps/version"],
        ..Scenario::default()
    }
}

/// Values come from a Secret that changes.
fn values() -> Scenario {
    let file = |v: &str| {
        let text = json!({"v": v, "password": SECRET}).to_string();
        Apply(secret("values", "values.yaml", &text))
    };
    let templates = [config("app", "{{ .Values.v }}")];
    let values_from = json!({"valuesFrom": [{"kind": "Secret", "name": "values"}]});
    Scenario {
        name: "helm-values",
        given: [given(chart("app", "1.0.0", templates), []), vec![file("1")]].concat(),
        steps: vec![Apply(release("app", values_from)), file("2")],
        end: vec!["Namespace//apps", "ConfigMap/apps/app", "Secret/flux-system/values"],
        ..Scenario::default()
    }
}

fn uninstall() -> Scenario {
    let app = release("app", json!({}));
    Scenario {
        name: "helm-uninstall",
        given: given(version(1), [app.clone()]),
        steps: vec![Push(GIT, version(2)), Delete(target(&app))],
        end: vec!["Namespace//apps"],
        ..Scenario::default()
    }
}

/// A release waits for another one.
fn ordered() -> Scenario {
    let tree = |n: usize| {
        let one = |name: &str| chart(name, &format!("{n}.0.0"), [config(name, &n.to_string())]);
        [one("app"), one("database")].concat()
    };
    let ours = [release("app", json!({"dependsOn": [{"name": "database"}]})), release("database", json!({}))];
    Scenario {
        name: "helm-ordered",
        given: given(tree(1), ours),
        steps: vec![Push(GIT, tree(2))],
        end: vec!["Namespace//apps", "ConfigMap/apps/app", "ConfigMap/apps/database"],
        ..Scenario::default()
    }
}
