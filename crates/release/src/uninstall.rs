//! The end of a release.

use jiff::Timestamp;
use sluice_helm::{
    Event, KindOrder,
    release::{Release, Status, last},
};

use crate::{
    action::{Beginning, Begun, refuse},
    check::Resolve,
    error::{Error, joined},
    manifest,
    options::Options,
    part::{Part, Stage},
    remove::{Await, Remove},
    stale::is_kept,
    store::{Storing, What},
    work::Work,
};

pub(crate) fn begin(history: Vec<Release>, options: Options, now: Timestamp) -> Beginning {
    let Some(release) = last(&history).cloned() else {
        let error = Error::new("uninstall: Release not loaded: release: not found");
        return refuse(Work::new(Release::default(), history, options), error);
    };
    let was_uninstalled = release.info.status == Status::Uninstalled;
    let mut work = Work::new(release, history, options);
    if was_uninstalled && work.options.keep_history {
        let error = Error::new(format!("the release named {:?} is already deleted", work.release.name));
        return refuse(work, error);
    }
    let stages = if was_uninstalled { vec![purge()] } else { stages(&work) };
    if !was_uninstalled {
        work.release.info.deleted = Some(now.into());
        work.release.set_status(Status::Uninstalling, "Deletion in progress (or silently failed)");
    }
    Ok(Begun { work, stages, recover: |_, error, _| (error, Vec::new()), unrecovered: |error, _| error })
}

fn stages(work: &Work) -> Vec<Stage> {
    let propagation = work.options.propagation;
    let mut stages = vec![
        Part::hooks(Event::PreDelete).or_end(),
        Part::Store(Storing::lenient(What::Release)).or_end(),
        Part::Note(take).or_end_with(undeleted),
        Part::Resolve(Resolve::new("", "unable to build kubernetes objects for delete: ")).or_end_with(undeleted),
        Part::Remove(Remove::former(propagation)).or_end_with(undeleted),
        Part::Await(Await::End(None)).or_keep(),
        Part::hooks(Event::PostDelete).or_keep(),
        Part::Note(uninstalled).or_end(),
    ];
    if work.options.keep_history {
        stages.push(Part::Store(Storing::lenient(What::Release)).or_end());
        stages.push(Part::Store(Storing::lenient(What::Superseded)).or_end());
    } else {
        stages.push(purge());
    }
    stages.push(Part::Note(all_went_well).or_end());
    stages
}

fn purge() -> Stage {
    Part::Store(Storing::new(What::All))
        .or_end_with(|_, error| error.within("uninstall: Failed to purge the release: "))
}

/// Takes what goes, in the order in which it goes.
fn take(work: &mut Work, _: Timestamp) -> Result<(), Error> {
    let words = "corrupted release record. You must manually delete the resources: ";
    let objects = manifest::objects(&work.release.manifest).map_err(|error| Error::new(error).within(words))?;
    let (kept, mut going): (Vec<_>, Vec<_>) = objects.into_iter().partition(is_kept);
    going.sort_by(|one, other| KindOrder::UNINSTALL.compare(one.kind(), other.kind()));
    work.former = going;
    if !kept.is_empty() {
        let lines: Vec<_> = kept.iter().map(|object| format!("[{}] {}", object.kind(), object.name())).collect();
        work.notices.push(format!("These resources were kept due to the resource policy:\n{}", lines.join("\n")));
    }
    Ok(())
}

/// Helm says no more than that it failed; why, and of what, stands beside it.
fn undeleted(work: &Work, error: Error) -> Error {
    let text = format!("failed to delete release: {}", work.release.name);
    let cause = error.to_string();
    error.with_text(text).hinted(Some(cause))
}

fn uninstalled(work: &mut Work, _: Timestamp) -> Result<(), Error> {
    work.release.set_status(Status::Uninstalled, "Uninstallation complete");
    Ok(())
}

fn all_went_well(work: &mut Work, _: Timestamp) -> Result<(), Error> {
    let errors = std::mem::take(&mut work.kept);
    let words = format!("uninstallation completed with {} error(s): ", errors.len());
    joined(errors, "; ").map_or(Ok(()), |error| Err(error.within(&words)))
}
