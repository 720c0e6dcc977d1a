//! What two releases of the same chart amount to.

use std::time::Duration;

use sluice_helm::{Hook, Rendered};

use super::{charts::Job, oracle, ours};
use crate::diff;

/// How our release compares with Helm's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Manifest, hooks and notes are the same bytes.
    Identical,
    /// Both refuse, in the same words.
    Refused,
    /// Both refuse, in other words.
    OtherWords,
    /// The manifest, a hook or the notes are other bytes.
    Different,
    /// Only one of both refuses.
    OneSided,
}

/// A chart that was rendered by both.
pub(super) struct Compared {
    pub(super) label: String,
    pub(super) verdict: Verdict,
    pub(super) difference: String,
    ours: Duration,
    helm: Duration,
}

impl Verdict {
    pub(super) fn is_difference(self) -> bool {
        !matches!(self, Self::Identical | Self::Refused)
    }
}

/// Compares two releases.
pub(super) fn compare(job: &Job, helm: &oracle::Release, ours: &ours::Outcome) -> Compared {
    let (verdict, difference) = match (&ours.release, helm.error.as_str()) {
        (Ok(ours), "") => texts(&job.label, &whole(ours), &of_helm(helm)),
        (Err(ours), "") => (Verdict::OneSided, format!("{}: refused here only\n  {ours:#}", job.label)),
        (Ok(_), helm) => (Verdict::OneSided, format!("{}: refused by Helm only\n  {helm}", job.label)),
        (Err(ours), helm) => words(&job.label, &format!("{ours:#}"), helm),
    };
    let (ours, helm) = (ours.load + ours.render, Duration::from_micros(helm.load_micros + helm.render_micros));
    Compared { label: job.label.clone(), verdict, difference, ours, helm }
}

fn texts(label: &str, ours: &str, helm: &str) -> (Verdict, String) {
    if ours == helm {
        return (Verdict::Identical, String::new());
    }
    (Verdict::Different, diff::describe(label, Some(ours), helm))
}

fn words(label: &str, ours: &str, helm: &str) -> (Verdict, String) {
    if ours == helm {
        return (Verdict::Refused, String::new());
    }
    (Verdict::OtherWords, format!("{label}: refused in other words\n  ours: {ours}\n  helm: {helm}"))
}

/// Writes a release as one text.
fn whole(release: &Rendered) -> String {
    let hooks = release.hooks.iter().map(hook);
    format!("{}{}=== notes\n{}", release.manifest(), hooks.collect::<String>(), release.notes)
}

fn of_helm(release: &oracle::Release) -> String {
    let hooks = release.hooks.iter().flatten().map(hook_of_helm);
    format!("{}{}=== notes\n{}", release.manifest, hooks.collect::<String>(), release.notes)
}

fn hook(hook: &Hook) -> String {
    let events: Vec<_> = hook.events.iter().map(|event| event.name().to_owned()).collect();
    let Hook { name, kind, path, manifest, weight, .. } = hook;
    described([name, kind, path, &**manifest], *weight, [&events, &hook.delete_policies, &hook.output_log_policies])
}

fn hook_of_helm(hook: &oracle::Hook) -> String {
    let oracle::Hook { name, kind, path, manifest, events, weight, delete_policies, output_log_policies } = hook;
    let list = |list: &Option<Vec<String>>| list.clone().unwrap_or_default();
    let lists = [list(events), list(delete_policies), list(output_log_policies)];
    described([name, kind, path, manifest], *weight, lists.each_ref())
}

fn described([name, kind, path, manifest]: [&str; 4], weight: i64, lists: [&Vec<String>; 3]) -> String {
    format!("=== hook {kind} {name} of {path} at {weight} {lists:?}\n{manifest}\n")
}

pub(super) fn summary(compared: &[Compared]) -> String {
    let count = |verdict| compared.iter().filter(|compared| compared.verdict == verdict).count();
    let took = |of: fn(&Compared) -> Duration| compared.iter().map(of).sum::<Duration>();
    format!(
        "── {} releases: {} byte-identical, {} refused by both in the same words, {} in other words, {} different, {} refused \
         by one; ours took {:.1?}, Helm {:.1?}; a chart at the median {:.1} times less",
        compared.len(),
        count(Verdict::Identical),
        count(Verdict::Refused),
        count(Verdict::OtherWords),
        count(Verdict::Different),
        count(Verdict::OneSided),
        took(|compared| compared.ours),
        took(|compared| compared.helm),
        median(compared),
    )
}

/// Returns how many times longer Helm takes for the chart in the middle.
fn median(compared: &[Compared]) -> f64 {
    let ratio = |compared: &Compared| compared.helm.as_secs_f64() / compared.ours.as_secs_f64().max(1e-9);
    let identical = compared.iter().filter(|compared| compared.verdict == Verdict::Identical);
    let mut ratios: Vec<_> = identical.map(ratio).collect();
    ratios.sort_by(f64::total_cmp);
    ratios.get(ratios.len() / 2).copied().unwrap_or_default()
}
