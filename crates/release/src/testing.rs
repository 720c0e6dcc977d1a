//! The tests of a release.

use sluice_helm::{
    Event,
    release::{ApplyMethod, Release, last},
};

use crate::{
    action::{Beginning, Begun, refuse},
    clear::Leftovers,
    error::Error,
    hooks::Hooks,
    options::{Options, TestFilter, Wait},
    part::{Part, Stage},
    store::{Storing, What},
    work::Work,
};

pub(crate) fn begin(filters: &[TestFilter], history: Vec<Release>, options: Options) -> Beginning {
    let Some(release) = last(&history).cloned() else {
        let error = Error::new("release: not found");
        return refuse(Work::new(Release::default(), history, options), error);
    };
    // Tests are awaited by kstatus whatever the release is.
    let options = Options { wait: Wait::Poller, disable_hooks: false, ..options };
    let mut work = Work::new(release, history, options);
    work.server_side = work.release.apply_method == Some(ApplyMethod::ServerSide);
    select(&mut work, filters);
    let stages = [vec![Part::Hooks(Box::new(Hooks::delayed(Event::Test))).or_end()], recording()].concat();
    Ok(Begun { work, stages, recover: |_, error, _| (error, recording()), unrecovered: |error, _| error })
}

/// The outcome is recorded first; whether what was made can be deleted does not count.
fn recording() -> Vec<Stage> {
    vec![Part::Store(Storing::new(What::Release)).or_end(), Part::Leftovers(Leftovers::default()).or_ignore()]
}

/// Brings the hooks that do not run to the front, as Helm stores them after a test: first those that are left out,
/// then those that are not named.
fn select(work: &mut Work, filters: &[TestFilter]) {
    let names = |exclude: bool| filters.iter().filter(move |filter| filter.exclude == exclude);
    let hooks = std::mem::take(&mut work.release.hooks);
    let (left_out, rest): (Vec<_>, Vec<_>) =
        hooks.into_iter().partition(|hook| names(true).any(|filter| filter.name == hook.name));
    let is_named = |name: &str| names(false).next().is_none() || names(false).any(|filter| filter.name == name);
    let (runs, unnamed): (Vec<_>, Vec<_>) = rest.into_iter().partition(|hook| is_named(&hook.name));
    let skipped: Vec<_> = left_out.into_iter().chain(unnamed).collect();
    work.skipped = (0..skipped.len()).collect();
    work.release.hooks = skipped.into_iter().chain(runs).collect();
}
