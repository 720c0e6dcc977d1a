//! A revision like an earlier one.

use jiff::Timestamp;
use sluice_helm::{
    Event,
    release::{Release, Status, last},
};

use crate::{
    action::{Beginning, Begun, refuse, writing},
    check::{Check, Resolve, Rules},
    error::Error,
    manifest,
    options::Options,
    part::{Part, Stage},
    remove::Remove,
    step::Phase,
    store::{Storing, What, fit},
    upgrade::{UNBUILT_FORMER, is_server_side, method, take_former},
    work::Work,
};

const UNBUILT: &str = "unable to build kubernetes objects from new release manifest: ";

pub(crate) fn begin(to: i64, history: Vec<Release>, options: Options, now: Timestamp) -> Beginning {
    let mut work = Work::new(Release::default(), history, options);
    work.updates = true;
    work.folds = true;
    work.adopts = false;
    match number(&mut work, to, now).and_then(|()| take(&mut work)) {
        Ok(()) => Ok(Begun { work, stages: stages(), recover, unrecovered }),
        Err(error) => refuse(work, error),
    }
}

/// Makes the release: what the earlier revision was, with what the last one says of the name.
fn number(work: &mut Work, to: i64, now: Timestamp) -> Result<(), Error> {
    let last = last(&work.history).cloned().ok_or_else(|| Error::new("release: not found"))?;
    let to = if to == 0 { last.version - 1 } else { to };
    let earlier = work.revision(to).cloned().ok_or_else(|| Error::new(format!("release has no {to} version")))?;
    work.server_side = is_server_side(work.options.server_side, earlier.apply_method);
    work.original = Some(last.version);
    work.release = Release {
        name: last.name,
        namespace: last.namespace,
        version: last.version + 1,
        apply_method: Some(method(work.server_side)),
        ..earlier
    };
    let info = &mut work.release.info;
    (info.first_deployed, info.deleted) = (last.info.first_deployed, None);
    work.deployed_at(now);
    work.release.set_status(Status::PendingRollback, format!("Rollback to {to}"));
    Ok(())
}

fn take(work: &mut Work) -> Result<(), Error> {
    let objects = manifest::objects(&work.release.manifest).map_err(|error| Error::new(error).within(UNBUILT))?;
    work.take(objects);
    take_former(work)
}

fn stages() -> Vec<Stage> {
    let mut stages = vec![
        Part::Resolve(Resolve::new(UNBUILT, UNBUILT_FORMER)).or_end(),
        Part::Check(Check::new(Rules { undeclared: None, unknown: None, adopts: true })).or_end(),
        Part::Note(fit).or_end(),
        Part::Store(Storing::new(What::Surplus)).or_end(),
        Part::Store(Storing::new(What::Pending)).or_end(),
        Part::hooks(Event::PreRollback).or_end(),
    ];
    stages.extend(writing());
    stages.push(Part::hooks(Event::PostRollback).or_end());
    stages.push(Part::Store(Storing::lenient(What::Superseded)).or_end());
    stages.push(Part::Note(complete).or_end());
    stages.push(Part::Store(Storing::new(What::Release)).or_end());
    stages
}

fn complete(work: &mut Work, _: Timestamp) -> Result<(), Error> {
    work.release.info.status = Status::Deployed;
    Ok(())
}

/// A hook that fails leaves the release pending, as in Helm.
fn recover(work: &mut Work, error: Error, phase: Phase) -> (Error, Vec<Stage>) {
    match phase {
        Phase::Hook(_) => (error, Vec::new()),
        Phase::Waiting => unhealthy(work, error),
        _ => unwritten(work, error),
    }
}

fn unhealthy(work: &mut Work, error: Error) -> (Error, Vec<Stage>) {
    let name = work.release.name.clone();
    work.release.set_status(Status::Failed, format!("Release {name:?} failed: {error}"));
    (error.within(&format!("release {name} failed: ")), vec![Part::Store(Storing::new(What::Release)).or_ignore()])
}

fn unwritten(work: &mut Work, error: Error) -> (Error, Vec<Stage>) {
    let description = format!("Rollback {:?} failed: {error}", work.release.name);
    work.release.set_status(Status::Failed, description);
    let mut stages = Vec::new();
    if let Some(version) = work.original {
        work.revision_mut(version).into_iter().for_each(|last| last.info.status = Status::Superseded);
        stages.push(Part::Store(Storing::new(What::Revision(version))).or_ignore());
    }
    stages.push(Part::Store(Storing::new(What::Release)).or_ignore());
    if work.options.cleanup_on_fail && !work.created.is_empty() {
        stages.push(Part::Remove(Remove::created()).or_end());
    }
    (error, stages)
}

fn unrecovered(first: Error, second: Error) -> Error {
    let text = "an error occurred while cleaning up resources. original rollback error: unable to cleanup resources: ";
    first.with_text(format!("{text}{second}"))
}
