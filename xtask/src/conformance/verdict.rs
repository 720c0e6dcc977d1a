//! What two builds of the same input amount to.

use sluice_yaml::{Flavor, Limits, parse_all, to_json};

use super::run::Outcome;
use crate::diff;

/// How our build compares with the real one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Identical,
    /// The same values, printed in another way.
    Equal,
    RefusedAlike,
    /// We print something else, or refuse what kustomize builds, or the other way round.
    Different,
    /// Something remote cannot be reached: nothing to compare with.
    Remote,
    /// Built, with fields that only the release after the real one knows.
    Newer,
}

/// What kustomize says of fields that only 5.8.2 knows.
const NEWER: [&str; 2] =
    ["unknown field \"includeVolumeClaimTemplates\"", "unknown field \"volumeClaimTemplateLabels\""];

/// What we say of a remote base that we cannot have.
const OUT_OF_REACH: &str = "can't be fetched: ";

/// Compares two builds.
pub(super) fn compare(ours: &Outcome, real: &Outcome) -> Verdict {
    match (ours.succeeded, real.succeeded) {
        (false, false) if ours.said.contains(OUT_OF_REACH) => Verdict::Remote,
        (false, false) => Verdict::RefusedAlike,
        (true, true) if ours.printed == real.printed => Verdict::Identical,
        (true, true) if values(&ours.printed).is_some_and(|ours| Some(ours) == values(&real.printed)) => Verdict::Equal,
        (true, false) if NEWER.iter().any(|words| real.said.contains(words)) => Verdict::Newer,
        _ => Verdict::Different,
    }
}

fn values(text: &str) -> Option<Vec<serde_json::Value>> {
    let documents = parse_all(text, &Limits::default()).ok()?;
    documents.iter().map(|node| to_json(node, Flavor::V3).ok()).collect()
}

/// Describes a difference.
pub(super) fn describe(name: &str, ours: &Outcome, real: &Outcome) -> String {
    let refusal = |outcome: &Outcome| outcome.said.trim_end().to_owned();
    match (ours.succeeded, real.succeeded) {
        (false, true) => format!("{name}: refused here only\n  {}", refusal(ours)),
        (true, false) => format!("{name}: refused by kustomize only\n  {}", refusal(real)),
        _ => diff::describe(name, Some(&ours.printed), &real.printed),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn outcome(succeeded: bool, text: &str) -> Outcome {
        Outcome { succeeded, printed: text.to_owned(), said: text.to_owned(), ..Outcome::default() }
    }

    #[rstest]
    #[case((true, "a: 1\n"), (true, "a: 1\n"), Verdict::Identical)]
    #[case((true, "a: 'b'\n"), (true, "a: b\n"), Verdict::Equal)]
    #[case((true, "a: 1\n"), (true, "a: 2\n"), Verdict::Different)]
    #[case((false, "x"), (false, "y"), Verdict::RefusedAlike)]
    #[case((true, "a: 1\n"), (false, "y"), Verdict::Different)]
    #[case((false, "`https://x/y` can't be fetched: it is away"), (false, "y"), Verdict::Remote)]
    #[case((false, "`https://x/y` can't be fetched: it is away"), (true, "y"), Verdict::Different)]
    #[case((true, "a: 1\n"), (false, "json: unknown field \"includeVolumeClaimTemplates\""), Verdict::Newer)]
    fn builds_are_compared_by_bytes_then_values(
        #[case] ours: (bool, &str),
        #[case] real: (bool, &str),
        #[case] expected: Verdict,
    ) {
        assert_eq!(compare(&outcome(ours.0, ours.1), &outcome(real.0, real.1)), expected);
    }
}
