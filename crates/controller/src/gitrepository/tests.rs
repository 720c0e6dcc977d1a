//! What GitRepositories alone have.

use rstest::rstest;
use serde_json::{Value, json};
use sluice_reconcile::{Kind, Next};
use sluice_source::git::GitSpec;

use super::{GitRepositories, Spec};
use crate::source::{
    Controller,
    testing::{NOW, condition, facts, object, settled},
};

#[rstest]
#[case(json!({"url": "ssh://git@example.com/r.git"}), "ssh")]
#[case(json!({"verify": {"secretRef": {"name": "k"}}}), "verify")]
#[case(json!({"include": [{"repository": {"name": "o"}}]}), "include")]
#[case(json!({"provider": "azure"}), "provider")]
fn what_is_not_served_is_refused_and_never_ignored(#[case] spec: Value, #[case] named: &str) {
    let base = json!({"interval": "1m", "url": "https://git.example.com/r.git"});
    let object = object::<GitRepositories>(&base, spec, json!({}));
    let facts = facts(Ok(Spec::of(GitSpec::new("https://git.example.com/r.git"))), None);
    let verdict = settled(Controller::<GitRepositories>::start(&object, facts, NOW));
    let stalled = condition(&verdict.report.status, "Stalled");
    assert_eq!((&stalled["reason"], verdict.next), (&json!("NotServedYet"), Next::Never));
    assert!(stalled["message"].as_str().unwrap().contains(named));
}
