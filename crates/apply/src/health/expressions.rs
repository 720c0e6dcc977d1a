//! Health by expressions, for the kinds that a user names.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use sluice_cel::Program;
use sluice_object::{Gvk, Object, ObjectId};

use super::{Health, Status};

/// Tells the health of a kind, or of all kinds of a group.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Check {
    /// Group and version; the version does not count.
    pub api_version: String,
    /// The kind, or nothing for all of the group that have no check of their own.
    pub kind: String,
    /// Holds while the object is being worked on; nothing if empty.
    pub in_progress: String,
    /// Holds when the object has failed; nothing if empty.
    pub failed: String,
    /// Holds when the object is as desired.
    pub current: String,
}

/// Why checks are refused, in Flux's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCheck {
    /// Two checks are for the same kind.
    #[error("duplicate custom health check for GroupKind {kind} at healthchecks[{index}]")]
    Twice {
        /// Kind and group.
        kind: String,
        /// The second one.
        index: usize,
    },
    /// A check has no expression for `current`.
    #[error("failed to create custom status evaluator for healthchecks[{index}]: expression Current not specified")]
    NoCurrent {
        /// The check.
        index: usize,
    },
    /// An expression cannot be read.
    #[error(
        "failed to create custom status evaluator for healthchecks[{index}]: failed to parse the expression {name}: \
         {source}"
    )]
    Expression {
        /// The check.
        index: usize,
        /// Which of its expressions.
        name: &'static str,
        /// What is wrong.
        source: sluice_cel::Error,
    },
}

/// Checks by group and kind, ready to be used.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Expressions(BTreeMap<(String, String), Vec<(Status, Program)>>);

impl Expressions {
    /// Reads checks.
    ///
    /// # Errors
    /// Two for the same kind; an expression that is missing or cannot be read.
    pub fn read(checks: &[Check]) -> Result<Self, InvalidCheck> {
        let mut read = BTreeMap::new();
        for (index, check) in checks.iter().enumerate() {
            let group = Gvk::parse(&check.api_version, &check.kind).group;
            let kind = if group.is_empty() { check.kind.clone() } else { format!("{}.{group}", check.kind) };
            let key = (group, check.kind.clone());
            if read.contains_key(&key) {
                return Err(InvalidCheck::Twice { kind, index });
            }
            read.insert(key, programs(check, index)?);
        }
        Ok(Self(read))
    }

    /// Says whether an object is judged by expressions.
    pub fn cover(&self, id: &ObjectId) -> bool {
        self.of(&id.group, &id.kind).is_some()
    }

    fn of(&self, group: &str, kind: &str) -> Option<&[(Status, Program)]> {
        let of = |kind: &str| self.0.get(&(group.to_owned(), kind.to_owned())).map(Vec::as_slice);
        of(kind).or_else(|| of(""))
    }

    /// Returns the health of an object, or nothing where other rules count. Neither its deletion nor the conditions
    /// that other kinds have are looked at.
    pub(super) fn health(&self, object: &Object, gvk: &Gvk) -> Option<Health> {
        let programs = self.of(&gvk.group, &gvk.kind)?;
        let fields = object.value().as_object()?;
        Some(judged(programs, fields).unwrap_or_else(|unanswered| Health::unknown(unanswered.to_string())))
    }
}

/// Returns the expressions of a check in the order in which they count.
fn programs(check: &Check, index: usize) -> Result<Vec<(Status, Program)>, InvalidCheck> {
    if check.current.is_empty() {
        return Err(InvalidCheck::NoCurrent { index });
    }
    let all = [
        ("InProgress", Status::InProgress, &check.in_progress),
        ("Failed", Status::Failed, &check.failed),
        ("Current", Status::Current, &check.current),
    ];
    let read = |(name, status, text): (&'static str, Status, &String)| match Program::parse(text) {
        Ok(program) => Ok((status, program)),
        Err(source) => Err(InvalidCheck::Expression { index, name, source }),
    };
    all.into_iter().filter(|(_, _, text)| !text.is_empty()).map(read).collect()
}

/// The first expression that holds decides; an error ends the sequence.
fn judged(programs: &[(Status, Program)], object: &Map<String, Value>) -> Result<Health, sluice_cel::Unanswered> {
    if is_unobserved(object) {
        return Ok(Health::in_progress("", ""));
    }
    for (status, program) in programs {
        if program.holds(object)? {
            return Ok(Health::of(*status, "", ""));
        }
    }
    Ok(Health::in_progress("", ""))
}

/// Generations that are no whole numbers are passed over.
fn is_unobserved(object: &Map<String, Value>) -> bool {
    let number = |of: &str, field: &str| object.get(of)?.get(field)?.as_i64();
    match (number("metadata", "generation"), number("status", "observedGeneration")) {
        (Some(wanted), Some(observed)) => wanted != observed,
        _ => false,
    }
}
