//! The next revision of a release.

use std::collections::BTreeMap;

use jiff::Timestamp;
use sluice_helm::{
    Event,
    release::{ApplyMethod, Release, Status, deployed, last},
};

use crate::{
    action::{Beginning, Begun, refuse, writing},
    check::{Check, Resolve, Rules},
    crds::Definitions,
    error::Error,
    manifest,
    options::{Options, ServerSide},
    part::{Part, Stage},
    remove::Remove,
    step::Phase,
    store::{Storing, What, fit},
    work::Work,
};

pub(crate) const UNBUILT_FORMER: &str = "unable to build kubernetes objects from current release manifest: ";

pub(crate) fn begin(release: Release, history: Vec<Release>, options: Options, now: Timestamp) -> Beginning {
    let mut work = Work::new(release, history, options);
    work.updates = true;
    match number(&mut work, now).and_then(|()| take(&mut work)) {
        Ok(()) => {
            let stages = stages(&work);
            Ok(Begun { work, stages, recover, unrecovered })
        }
        Err(error) => refuse(work, error),
    }
}

/// Gives the release its number, and what it keeps of the revisions before.
fn number(work: &mut Work, now: Timestamp) -> Result<(), Error> {
    let (last, current) = revisions(work)?;
    work.server_side = is_server_side(work.options.server_side, last.apply_method);
    work.folds = current.apply_method != Some(ApplyMethod::ServerSide) && work.server_side;
    work.original = Some(current.version);
    let release = &mut work.release;
    release.version = last.version + 1;
    release.namespace.clone_from(&current.namespace);
    release.labels = merged(&last.labels, &release.labels);
    release.info.first_deployed = current.info.first_deployed;
    release.apply_method = Some(method(work.server_side));
    work.deployed_at(now);
    work.release.set_status(Status::PendingUpgrade, "Preparing upgrade");
    Ok(())
}

/// Returns the last revision, and the one whose objects are in the cluster.
fn revisions(work: &Work) -> Result<(Release, Release), Error> {
    let none = || Error::new(format!("{:?} has no deployed releases", work.release.name));
    let last = last(&work.history).ok_or_else(none)?;
    if last.info.status.is_pending() {
        return Err(Error::conflict("another operation (install/upgrade/rollback) is in progress"));
    }
    let stands_for_it = matches!(last.info.status, Status::Failed | Status::Superseded).then_some(last);
    let current = deployed(&work.history).filter(|_| last.info.status != Status::Deployed);
    let current = if last.info.status == Status::Deployed { Some(last) } else { current.or(stands_for_it) };
    Ok((last.clone(), current.ok_or_else(none)?.clone()))
}

pub(crate) fn is_server_side(wanted: ServerSide, recorded: Option<ApplyMethod>) -> bool {
    match wanted {
        ServerSide::Yes => true,
        ServerSide::No => false,
        ServerSide::Auto => recorded == Some(ApplyMethod::ServerSide),
    }
}

pub(crate) fn method(server_side: bool) -> ApplyMethod {
    if server_side { ApplyMethod::ServerSide } else { ApplyMethod::ClientSide }
}

/// A label `null` takes the one of the revision before away.
fn merged(former: &BTreeMap<String, String>, labels: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut merged = former.clone();
    merged.extend(labels.clone());
    merged.retain(|_, value| value != "null");
    merged
}

fn take(work: &mut Work) -> Result<(), Error> {
    let objects = manifest::objects(&work.release.manifest).map_err(Error::new)?;
    work.take(objects);
    take_former(work)
}

/// Takes the objects of the revision that is changed.
pub(crate) fn take_former(work: &mut Work) -> Result<(), Error> {
    let former = work.original.and_then(|version| work.revision(version));
    let manifest = former.map(|release| &*release.manifest).unwrap_or_default();
    work.former = manifest::objects(manifest).map_err(|error| Error::new(error).within(UNBUILT_FORMER))?;
    Ok(())
}

fn stages(work: &Work) -> Vec<Stage> {
    let rules = Rules {
        undeclared: work.options.validate.then_some(""),
        unknown: Some("unable to continue with update: "),
        adopts: work.options.take_ownership,
    };
    let mut stages = vec![
        Part::Definitions(Definitions::default()).or_end(),
        Part::Resolve(Resolve::new("", UNBUILT_FORMER)).or_end(),
        Part::Check(Check::new(rules)).or_end(),
        Part::Note(fit).or_end(),
        Part::Store(Storing::new(What::Surplus)).or_end(),
        Part::Store(Storing::new(What::Pending)).or_end(),
        Part::hooks(Event::PreUpgrade).or_end(),
    ];
    stages.extend(writing());
    stages.push(Part::hooks(Event::PostUpgrade).or_end());
    stages.push(Part::Note(complete).or_end());
    if let Some(version) = work.original {
        stages.push(Part::Store(Storing::lenient(What::Revision(version))).or_end());
    }
    stages.push(Part::Store(Storing::new(What::Release)).or_end());
    stages
}

fn complete(work: &mut Work, _: Timestamp) -> Result<(), Error> {
    let original = work.original.and_then(|version| work.revision_mut(version));
    if let Some(original) = original {
        original.info.status = Status::Superseded;
    }
    work.release.set_status(Status::Deployed, "Upgrade complete");
    Ok(())
}

fn recover(work: &mut Work, error: Error, phase: Phase) -> (Error, Vec<Stage>) {
    if !matches!(phase, Phase::Hook(_)) {
        reobserve(work);
    }
    let description = format!("Upgrade {:?} failed: {error}", work.release.name);
    work.release.set_status(Status::Failed, description);
    let mut stages = vec![Part::Store(Storing::new(What::Release)).or_ignore()];
    if work.options.cleanup_on_fail && !work.created.is_empty() {
        stages.push(Part::Remove(Remove::created()).or_end());
    }
    (error, stages)
}

/// Helm writes the revision that was to be changed once more, as it was, and whoever keeps a history takes it in anew.
fn reobserve(work: &mut Work) {
    if let Some(original) = work.original.and_then(|version| work.revision(version)).cloned() {
        work.store.observed.insert(original.version, original);
    }
}

fn unrecovered(first: Error, second: Error) -> Error {
    let text = format!(
        "an error occurred while cleaning up resources. original upgrade error: {first}: unable to cleanup resources: \
         {second}"
    );
    first.with_text(text)
}
