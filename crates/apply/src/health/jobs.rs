//! Jobs: kstatus' rule, and that of Flux.

use serde_json::Value;

use super::{
    Computed, Health,
    conditions::{Condition, conditions},
    fields::{int, text},
};

/// When a Job counts as ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum JobRule {
    /// Flux: when it is complete or suspended.
    #[default]
    MustComplete,
    /// kstatus: as soon as it has started.
    Default,
}

/// kstatus' rule.
pub(super) fn default(value: &Value, conditions: &[Condition<'_>]) -> Health {
    if let Some(health) = finished(value, conditions) {
        return health;
    }
    if text(value, "/status/startTime").is_empty() {
        return Health::in_progress("JobNotStarted", "Job not started");
    }
    Health::current(progress(value))
}

/// Flux's rule. It takes the place of all generic rules: deletion and generation are not looked at.
pub(super) fn must_complete(value: &Value) -> Computed {
    if value.pointer("/spec/suspend").and_then(Value::as_bool) == Some(true) {
        return Ok(Health::current("Job is suspended"));
    }
    if let Some(health) = finished(value, &conditions(value)?) {
        return Ok(health);
    }
    if text(value, "/status/startTime").is_empty() {
        let message = format!("Job not started. active: 0/{}", parallelism(value));
        return Ok(Health::in_progress("JobNotStarted", message));
    }
    Ok(Health::in_progress("JobInProgress", progress(value)))
}

fn finished(value: &Value, conditions: &[Condition<'_>]) -> Option<Health> {
    let completions = int(value, "/spec/completions", parallelism(value));
    let count = |pointer: &str| int(value, pointer, 0);
    conditions.iter().filter(|condition| condition.status == "True").find_map(|condition| match condition.type_ {
        "Complete" => {
            let succeeded = count("/status/succeeded");
            Some(Health::current(format!("Job Completed. succeeded: {succeeded}/{completions}")))
        }
        "Failed" => {
            let failed = count("/status/failed");
            Some(Health::failed("JobFailed", format!("Job Failed. failed: {failed}/{completions}")))
        }
        _ => None,
    })
}

fn parallelism(value: &Value) -> i64 {
    int(value, "/spec/parallelism", 1)
}

fn progress(value: &Value) -> String {
    let count = |name: &str| int(value, &format!("/status/{name}"), 0);
    format!("Job in progress. success:{}, active: {}, failed: {}", count("succeeded"), count("active"), count("failed"))
}
