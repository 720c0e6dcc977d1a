//! A release that has failed, and whose objects have become as desired since: what was left is done.

use jiff::Timestamp;
use sluice_helm::{
    Event,
    release::{Release, Status, deployed, last},
};

use crate::{
    action::{Beginning, Begun, refuse},
    check::Resolve,
    error::Error,
    manifest,
    options::Options,
    part::{Part, Stage},
    stale::Stale,
    step::Phase,
    store::{Storing, What},
    upgrade::{UNBUILT_FORMER, is_server_side, take_former},
    work::Work,
};

pub(crate) fn begin(event: Event, history: Vec<Release>, options: Options) -> Beginning {
    let failed = last(&history).filter(|last| last.info.status == Status::Failed).cloned();
    let Some(release) = failed else {
        let error = Error::new("the last revision has not failed");
        return refuse(Work::new(Release::default(), history, options), error);
    };
    let mut work = Work::new(release, history, options);
    work.server_side = is_server_side(work.options.server_side, work.release.apply_method);
    work.original = deployed(&work.history).map(|former| former.version);
    match take(&mut work) {
        Ok(()) => {
            let stages = stages(&work, event);
            let recover = if event == Event::PostInstall { failed_install } else { failed_upgrade };
            Ok(Begun { work, stages, recover, unrecovered: |error, _| error })
        }
        Err(error) => refuse(work, error),
    }
}

fn take(work: &mut Work) -> Result<(), Error> {
    let objects = manifest::objects(&work.release.manifest).map_err(Error::new)?;
    work.take(objects);
    take_former(work)
}

fn stages(work: &Work, event: Event) -> Vec<Stage> {
    let complete = if event == Event::PostInstall { installed } else { upgraded };
    let mut stages = vec![
        Part::Resolve(Resolve::new("", UNBUILT_FORMER)).or_end(),
        Part::Stale(Stale::default()).or_end(),
        Part::hooks(event).or_end(),
        Part::Note(complete).or_end(),
    ];
    if let Some(version) = work.original {
        stages.push(Part::Store(Storing::lenient(What::Revision(version))).or_end());
    }
    stages.push(Part::Store(Storing::new(What::Release)).or_end());
    stages
}

fn installed(work: &mut Work, _: Timestamp) -> Result<(), Error> {
    work.release.set_status(Status::Deployed, "Install complete");
    Ok(())
}

fn upgraded(work: &mut Work, _: Timestamp) -> Result<(), Error> {
    if let Some(former) = work.original.and_then(|version| work.revision_mut(version)) {
        former.info.status = Status::Superseded;
    }
    work.release.set_status(Status::Deployed, "Upgrade complete");
    Ok(())
}

fn failed_install(work: &mut Work, error: Error, _: Phase) -> (Error, Vec<Stage>) {
    fail(work, "Release", error)
}

fn failed_upgrade(work: &mut Work, error: Error, _: Phase) -> (Error, Vec<Stage>) {
    fail(work, "Upgrade", error)
}

fn fail(work: &mut Work, what: &str, error: Error) -> (Error, Vec<Stage>) {
    let description = format!("{what} {:?} failed: {error}", work.release.name);
    work.release.set_status(Status::Failed, description);
    (error, vec![Part::Store(Storing::new(What::Release)).or_ignore()])
}
