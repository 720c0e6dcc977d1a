//! The first revision of a release.

use jiff::Timestamp;
use sluice_helm::{
    Event,
    release::{ApplyMethod, Release, Status, last},
};
use sluice_kustomize::OtherKinds;

use crate::{
    action::{Beginning, Begun, refuse, writing},
    check::{Check, Resolve, Rules},
    crds::Definitions,
    error::Error,
    manifest,
    namespace::Namespace,
    options::{Options, ServerSide},
    part::{Part, Stage},
    step::Phase,
    store::{Storing, What, fit},
    work::Work,
};

const UNBUILT: &str = "unable to build kubernetes objects from release manifest: ";

pub(crate) fn begin(release: Release, history: Vec<Release>, options: Options, now: Timestamp) -> Beginning {
    let mut work = Work::new(release, history, options);
    work.server_side = work.options.server_side != ServerSide::No;
    work.folds = true;
    if work.options.take_ownership {
        work.other_kinds = OtherKinds::ThreeWay;
    }
    if let Err(error) = number(&mut work) {
        return refuse(work, error);
    }
    let method = if work.server_side { ApplyMethod::ServerSide } else { ApplyMethod::ClientSide };
    work.release.apply_method = Some(method);
    work.release.info.first_deployed = None;
    work.deployed_at(now);
    work.release.set_status(Status::PendingInstall, "Initial install underway");
    match manifest::objects(&work.release.manifest) {
        Ok(objects) => work.take(objects),
        Err(error) => return refuse(work, Error::new(error).within(UNBUILT)),
    }
    let stages = stages(&work);
    Ok(Begun { work, stages, recover, unrecovered: |error, _| error })
}

/// Gives the release its number, if its name is free.
fn number(work: &mut Work) -> Result<(), Error> {
    work.release.version = 1;
    let Some(last) = last(&work.history) else { return Ok(()) };
    let (version, status) = (last.version, last.info.status.clone());
    if !work.options.replace || !matches!(status, Status::Uninstalled | Status::Failed) {
        return Err(Error::new("release name check failed: cannot reuse a name that is still in use"));
    }
    work.release.version = version + 1;
    if status == Status::Uninstalled {
        work.original = Some(version);
    }
    Ok(())
}

fn stages(work: &Work) -> Vec<Stage> {
    let rules = Rules {
        undeclared: work.options.validate.then_some(UNBUILT),
        unknown: Some("unable to continue with install: "),
        adopts: work.options.take_ownership,
    };
    let mut stages = vec![
        Part::Definitions(Definitions::default()).or_end(),
        Part::Resolve(Resolve::new(UNBUILT, "")).or_end(),
        Part::Check(Check::new(rules)).or_end(),
        Part::Note(adopt).or_end(),
        Part::Note(fit).or_end(),
    ];
    if work.options.create_namespace {
        stages.push(Part::Namespace(Namespace).or_end());
    }
    if let Some(version) = work.original {
        stages.push(Part::Note(supersede).or_end());
        stages.push(Part::Store(Storing::new(What::Revision(version))).or_end());
    }
    stages.push(Part::Store(Storing::new(What::Pending)).or_end());
    stages.push(Part::hooks(Event::PreInstall).or_end());
    stages.extend(writing());
    stages.push(Part::hooks(Event::PostInstall).or_end());
    stages.push(Part::Note(deployed).or_end());
    stages.push(Part::Store(Storing::new(What::Release)).or_end());
    stages
}

/// An installation over objects that exist is a change of these.
fn adopt(work: &mut Work, _: Timestamp) -> Result<(), Error> {
    work.updates = work.items.iter().any(crate::item::Item::is_there);
    Ok(())
}

fn supersede(work: &mut Work, _: Timestamp) -> Result<(), Error> {
    let last = work.original.and_then(|version| work.revision_mut(version));
    if let Some(last) = last {
        last.set_status(Status::Superseded, "superseded by new release");
    }
    Ok(())
}

fn deployed(work: &mut Work, _: Timestamp) -> Result<(), Error> {
    work.release.set_status(Status::Deployed, "Install complete");
    Ok(())
}

fn recover(work: &mut Work, error: Error, _: Phase) -> (Error, Vec<Stage>) {
    let description = format!("Release {:?} failed: {error}", work.release.name);
    work.release.set_status(Status::Failed, description);
    (error, vec![Part::Store(Storing::new(What::Release)).or_ignore()])
}
