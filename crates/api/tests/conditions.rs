//! Setting, finding and removing conditions.

use jiff::Timestamp;
use rstest::rstest;
use sluice_api::{
    conditions::{self, Condition, READY, RECONCILING},
    meta::Time,
};

fn condition(type_: &str, status: &str, reason: &str, at: i64) -> Condition {
    Condition {
        type_: type_.into(),
        status: status.into(),
        reason: reason.into(),
        message: String::new(),
        observed_generation: Some(1),
        last_transition_time: Time(Timestamp::from_second(at).expect("a time")),
    }
}

#[rstest]
#[case::first(vec![], condition(READY, "True", "Succeeded", 9), vec![condition(READY, "True", "Succeeded", 9)])]
#[case::status_changes(
    vec![condition(READY, "False", "Failed", 1)],
    condition(READY, "True", "Succeeded", 9),
    vec![condition(READY, "True", "Succeeded", 9)],
)]
#[case::only_the_reason_changes(
    vec![condition(READY, "False", "Failed", 1)],
    condition(READY, "False", "BuildFailed", 9),
    vec![condition(READY, "False", "BuildFailed", 1)],
)]
#[case::keeps_its_place(
    vec![condition(READY, "False", "Failed", 1), condition(RECONCILING, "True", "Progressing", 1)],
    condition(READY, "True", "Succeeded", 9),
    vec![condition(READY, "True", "Succeeded", 9), condition(RECONCILING, "True", "Progressing", 1)],
)]
#[case::another_type_goes_last(
    vec![condition(READY, "False", "Failed", 1)],
    condition(RECONCILING, "True", "Progressing", 9),
    vec![condition(READY, "False", "Failed", 1), condition(RECONCILING, "True", "Progressing", 9)],
)]
fn sets(#[case] mut list: Vec<Condition>, #[case] new: Condition, #[case] expected: Vec<Condition>) {
    conditions::set_condition(&mut list, new);
    assert_eq!(list, expected);
}

#[test]
fn finds_and_removes_by_type() {
    let mut list = vec![condition(READY, "True", "Succeeded", 1), condition(RECONCILING, "True", "Progressing", 1)];
    assert!(conditions::is_true(&list, READY));
    assert_eq!(conditions::find_condition(&list, RECONCILING), Some(&list[1]));

    assert!(conditions::remove_condition(&mut list, RECONCILING));
    assert!(!conditions::remove_condition(&mut list, RECONCILING));
    assert_eq!(list, vec![condition(READY, "True", "Succeeded", 1)]);
    assert_eq!(conditions::find_condition(&list, RECONCILING), None);
}
