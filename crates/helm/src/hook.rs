//! Hooks: objects that Helm makes at certain moments of a release, and not with the rest.

use std::collections::BTreeMap;

/// The moments.
const EVENTS: &str = "helm.sh/hook";
/// The place among the hooks of a moment.
const WEIGHT: &str = "helm.sh/hook-weight";
/// When the object is deleted.
const DELETE: &str = "helm.sh/hook-delete-policy";
/// When the log of its pods is shown.
const OUTPUT_LOG: &str = "helm.sh/hook-output-log-policy";

/// A hook of a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hook {
    /// The name of the object.
    pub name: String,
    /// Its kind.
    pub kind: String,
    /// The template that it comes from.
    pub path: String,
    /// Its text.
    pub manifest: String,
    /// When it is made.
    pub events: Vec<Event>,
    /// Its place among others.
    pub weight: i64,
    /// When it is deleted, in words that Helm does not check.
    pub delete_policies: Vec<String>,
    /// When the log of its pods is shown, in words that Helm does not check.
    pub output_log_policies: Vec<String>,
}

/// A moment of a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Event {
    /// Before the objects are made.
    PreInstall,
    /// After the objects were made.
    PostInstall,
    /// Before the objects are deleted.
    PreDelete,
    /// After the objects were deleted.
    PostDelete,
    /// Before the objects are changed.
    PreUpgrade,
    /// After the objects were changed.
    PostUpgrade,
    /// Before the objects are put back.
    PreRollback,
    /// After the objects were put back.
    PostRollback,
    /// When tests are asked for.
    Test,
}

impl Event {
    /// Returns the word that annotations and releases have for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::PreInstall => "pre-install",
            Self::PostInstall => "post-install",
            Self::PreDelete => "pre-delete",
            Self::PostDelete => "post-delete",
            Self::PreUpgrade => "pre-upgrade",
            Self::PostUpgrade => "post-upgrade",
            Self::PreRollback => "pre-rollback",
            Self::PostRollback => "post-rollback",
            Self::Test => "test",
        }
    }

    /// Reads a word; `test-success` is one of Helm 2.
    pub fn of_name(name: &str) -> Option<Self> {
        const ALL: [Event; 9] = [
            Event::PreInstall,
            Event::PostInstall,
            Event::PreDelete,
            Event::PostDelete,
            Event::PreUpgrade,
            Event::PostUpgrade,
            Event::PreRollback,
            Event::PostRollback,
            Event::Test,
        ];
        let name = if name == "test-success" { Self::Test.name() } else { name };
        ALL.into_iter().find(|event| event.name() == name)
    }
}

/// What the annotations of an object say of it as a hook.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Annotated {
    /// It is none.
    No,
    /// It is one, at moments that Helm does not know: such an object is left out.
    Unknown(String),
    /// It is one.
    Hook { events: Vec<Event>, weight: i64, delete_policies: Vec<String>, output_log_policies: Vec<String> },
}

impl Annotated {
    pub(crate) fn of(annotations: &BTreeMap<String, String>) -> Self {
        let Some(moments) = annotations.get(EVENTS) else { return Self::No };
        let events: Option<Vec<_>> = words(moments).map(|name| Event::of_name(&name)).collect();
        let policies = |key: &str| annotations.get(key).into_iter().flat_map(|value| words(value)).collect();
        match events {
            None => Self::Unknown(moments.clone()),
            Some(events) => Self::Hook {
                events,
                weight: annotations.get(WEIGHT).and_then(|weight| weight.parse().ok()).unwrap_or_default(),
                delete_policies: policies(DELETE),
                output_log_policies: policies(OUTPUT_LOG),
            },
        }
    }
}

fn words(value: &str) -> impl Iterator<Item = String> + '_ {
    value.split(',').map(|word| word.trim().to_lowercase())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn annotated(annotations: &[(&str, &str)]) -> Annotated {
        Annotated::of(&annotations.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect())
    }

    fn hook(events: &[Event], weight: i64) -> Annotated {
        let (delete_policies, output_log_policies) = (Vec::new(), Vec::new());
        Annotated::Hook { events: events.to_vec(), weight, delete_policies, output_log_policies }
    }

    #[rstest]
    #[case::none(&[("a", "b")], Annotated::No)]
    #[case::one(&[(EVENTS, "pre-install")], hook(&[Event::PreInstall], 0))]
    #[case::several(&[(EVENTS, " Post-Install ,test-success")], hook(&[Event::PostInstall, Event::Test], 0))]
    #[case::unknown(&[(EVENTS, "pre-install,crd-install")], Annotated::Unknown("pre-install,crd-install".into()))]
    #[case::empty(&[(EVENTS, "")], Annotated::Unknown(String::new()))]
    #[case::weight(&[(EVENTS, "test"), (WEIGHT, "-5")], hook(&[Event::Test], -5))]
    #[case::plus(&[(EVENTS, "test"), (WEIGHT, "+5")], hook(&[Event::Test], 5))]
    #[case::no_weight(&[(EVENTS, "test"), (WEIGHT, "1.5")], hook(&[Event::Test], 0))]
    fn annotations_say_when_a_hook_is_made(#[case] annotations: &[(&str, &str)], #[case] expected: Annotated) {
        assert_eq!(annotated(annotations), expected);
    }

    #[test]
    fn policies_are_words_with_commas() {
        let found = annotated(&[(EVENTS, "test"), (DELETE, "Hook-Succeeded, mine"), (OUTPUT_LOG, "hook-failed")]);
        let expected = Annotated::Hook {
            events: vec![Event::Test],
            weight: 0,
            delete_policies: vec!["hook-succeeded".into(), "mine".into()],
            output_log_policies: vec!["hook-failed".into()],
        };
        assert_eq!(found, expected);
    }
}
