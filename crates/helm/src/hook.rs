//! Hooks: objects that Helm makes at certain moments of a release, and not with the rest.

use std::{collections::BTreeMap, fmt, sync::Arc};

use crate::release::Time;

/// The moments.
const EVENTS: &str = "helm.sh/hook";
/// The place among the hooks of a moment.
const WEIGHT: &str = "helm.sh/hook-weight";
/// When the object is deleted.
const DELETE: &str = "helm.sh/hook-delete-policy";
/// When the log of its pods is shown.
const OUTPUT_LOG: &str = "helm.sh/hook-output-log-policy";

/// A delete policy: before the hook runs, what is left of the last time is deleted. Hooks without a policy have it.
pub const BEFORE_HOOK_CREATION: &str = "before-hook-creation";
/// A delete or output policy: when all hooks of the moment were successful.
pub const HOOK_SUCCEEDED: &str = "hook-succeeded";
/// A delete or output policy: when the hook failed.
pub const HOOK_FAILED: &str = "hook-failed";

/// A hook of a release.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Hook {
    /// The name of the object.
    pub name: String,
    /// Its kind.
    pub kind: String,
    /// The template that it comes from.
    pub path: String,
    /// Its text.
    pub manifest: Arc<str>,
    /// When it is made.
    pub events: Vec<Event>,
    /// Its place among others.
    pub weight: i64,
    /// When it is deleted, in words that Helm does not check.
    pub delete_policies: Vec<String>,
    /// When the log of its pods is shown, in words that Helm does not check.
    pub output_log_policies: Vec<String>,
    /// How it went when it last ran.
    pub last_run: Execution,
}

/// How a hook went.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Execution {
    /// When it was made.
    pub started: Option<Time>,
    /// When it was through.
    pub completed: Option<Time>,
    /// How far it came.
    pub phase: Phase,
}

/// How far a hook came.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Phase {
    /// It has not run.
    #[default]
    None,
    /// Nobody knows.
    Unknown,
    /// It is there.
    Running,
    /// It was successful.
    Succeeded,
    /// It was not.
    Failed,
    /// A word of another Helm.
    Other(String),
}

impl Phase {
    /// Returns Helm's word; none for a hook that has not run.
    pub fn as_str(&self) -> &str {
        match self {
            Self::None => "",
            Self::Unknown => "Unknown",
            Self::Running => "Running",
            Self::Succeeded => "Succeeded",
            Self::Failed => "Failed",
            Self::Other(word) => word,
        }
    }

    /// Reads Helm's word.
    pub fn of(word: &str) -> Self {
        let known = [Self::None, Self::Unknown, Self::Running, Self::Succeeded, Self::Failed];
        known.into_iter().find(|phase| phase.as_str() == word).unwrap_or_else(|| Self::Other(word.to_owned()))
    }
}

impl Hook {
    /// Says whether it is made at a moment.
    pub fn is_for(&self, event: Event) -> bool {
        self.events.contains(&event)
    }

    /// Gives it the policy that holds where the chart says nothing, as Helm does when the hook runs: it is stored so.
    pub fn set_default_policy(&mut self) {
        if self.delete_policies.is_empty() {
            self.delete_policies.push(BEFORE_HOOK_CREATION.to_owned());
        }
    }

    /// Says whether its object is deleted under a policy. CRDs never are: all objects of the kind would go with them.
    pub fn is_deleted(&self, policy: &str) -> bool {
        self.kind != "CustomResourceDefinition" && self.delete_policies.iter().any(|word| word == policy)
    }

    /// Returns how the pods are found whose logs are shown under a policy; only Jobs and Pods have some.
    pub fn logs(&self, policy: &str) -> Option<Pods<'_>> {
        match self.kind.as_str() {
            _ if !self.output_log_policies.iter().any(|word| word == policy) => None,
            "Job" => Some(Pods::OfJob(&self.name)),
            "Pod" => Some(Pods::Named(&self.name)),
            _ => None,
        }
    }
}

/// The pods of a hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pods<'a> {
    /// Those with the label `job-name`.
    OfJob(&'a str),
    /// The one of this name.
    Named(&'a str),
}

/// Returns the places of the hooks of a moment, in the order in which they run: by weight, then by name, and equal ones
/// as they are stored, which is by kind. A hook that names the moment twice runs twice.
pub fn order(hooks: &[Hook], event: Event) -> Vec<usize> {
    let mut places: Vec<usize> = Vec::new();
    for (place, hook) in hooks.iter().enumerate() {
        let times = hook.events.iter().filter(|found| **found == event).count();
        places.extend(std::iter::repeat_n(place, times));
    }
    places.sort_by(|one, two| {
        let (one, two) = (&hooks[*one], &hooks[*two]);
        one.weight.cmp(&two.weight).then_with(|| one.name.cmp(&two.name))
    });
    places
}

/// Manifests may hold secrets.
impl fmt::Debug for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Hook");
        shown.field("kind", &self.kind).field("name", &self.name).field("path", &self.path);
        shown.field("events", &self.events).field("weight", &self.weight);
        shown.field("delete_policies", &self.delete_policies).field("output_log_policies", &self.output_log_policies);
        shown.field("last_run", &self.last_run).finish_non_exhaustive()
    }
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
