//! The decisions of a Bucket's pass. Source: source-controller's Bucket reconciler.

use std::sync::Arc;

use jiff::Timestamp;
use sluice_api::{
    conditions::reasons,
    source::{Bucket, BucketProvider, BucketStatus},
};
use sluice_cluster::EventType;
use sluice_object::{Artifact, ObjectId};
use sluice_reconcile::{Command, Input, Kind, Next, Notice, Report, Verdict};
use sluice_source::{
    bucket::{BucketSpec, FetchOptions, Listing},
    store::LATEST,
};

use super::{Buckets, Effect, Facts, Fetch, Outcome};
use crate::source::{Leftovers, Record, Trouble, notice};

type Step = (Run, Command<Buckets>);

/// Where a pass is.
#[derive(Debug)]
pub struct Run {
    status: BucketStatus,
    advertised: String,
    stored: Option<Arc<Artifact>>,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    /// The bucket is listed.
    Listing { spec: BucketSpec, options: FetchOptions },
    /// It is announced that an artifact is made.
    Announcing { spec: BucketSpec, options: FetchOptions, listing: Listing },
    /// An artifact is made.
    Fetching,
    /// What is no longer needed is removed; then the pass settles.
    Collecting(Box<Verdict>),
}

pub(super) fn start(object: &Bucket, facts: Facts, now: Timestamp) -> Step {
    let Facts { spec, stored, options, advertised } = facts;
    let status = object.status.clone().unwrap_or_default();
    let mut run = Run { status, advertised, stored, stage: Stage::Fetching };
    if object.metadata.deletion_timestamp.is_some() {
        return run.remove(object);
    }
    if let Some(message) = unserved(object) {
        return run.refuse(object, message, now);
    }
    match spec {
        Err(trouble) => run.fail(object, &trouble, now),
        Ok(spec) => {
            run.stage = Stage::Listing { spec: spec.clone(), options: options.clone() };
            (run, Command::Do(Effect::List(Box::new((spec, options)))))
        }
    }
}

pub(super) fn next(object: &Bucket, mut run: Run, input: Input<Outcome>, now: Timestamp) -> Step {
    match (std::mem::replace(&mut run.stage, Stage::Fetching), input) {
        (Stage::Listing { spec, options }, Input::Done(Outcome::Listed(Ok(listing)))) => {
            run.listed(object, spec, options, listing, now)
        }
        (_, Input::Done(Outcome::Listed(Err(trouble)))) => run.fail(object, &trouble, now),
        (Stage::Announcing { spec, options, listing }, Input::Published) => run.fetch(object, spec, options, listing),
        (_, Input::Done(Outcome::Stored(Ok(artifact)))) => run.stored(object, &artifact, now),
        (_, Input::Done(Outcome::Stored(Err(trouble)))) => run.fail(object, &trouble, now),
        (Stage::Collecting(verdict), _) => (run, Command::Settle(*verdict)),
        (stage, input) => {
            let trouble =
                Trouble { reason: reasons::FAILED.into(), message: format!("unexpected {input:?} in {stage:?}") };
            run.fail(object, &trouble, now)
        }
    }
}

impl Run {
    fn remove(mut self, object: &Bucket) -> Step {
        let verdict = Verdict { report: Report::default(), next: Next::Never, success: true, release: true };
        self.stage = Stage::Collecting(Box::new(verdict));
        (self, Command::Do(Effect::Collect(Leftovers { owner: id(object), current: None })))
    }

    fn refuse(mut self, object: &Bucket, message: String, now: Timestamp) -> Step {
        let notice = self.record(object, now).refuse(message);
        self.settle(vec![notice], Next::Never, false)
    }

    fn listed(
        mut self,
        object: &Bucket,
        spec: BucketSpec,
        options: FetchOptions,
        listing: Listing,
        now: Timestamp,
    ) -> Step {
        let revision = listing.revision.clone();
        if self.stored.as_ref().is_some_and(|stored| stored.revision == revision) {
            return self.unchanged(object, listing.files(), now);
        }
        let kept = self.stored.is_some();
        self.record(object, now).building(revision.as_str(), kept);
        self.stage = Stage::Announcing { spec, options, listing };
        let report = self.report(Vec::new());
        (self, Command::Publish(report))
    }

    fn unchanged(mut self, object: &Bucket, files: usize, now: Timestamp) -> Step {
        let recovered = self.record(object, now).has_failed();
        self.succeed(object, now);
        let notices = recovered.then(|| self.told(object, reasons::SUCCEEDED, files));
        self.settle(notices.into_iter().collect(), Next::After(object.spec.interval.into()), true)
    }

    fn fetch(self, object: &Bucket, spec: BucketSpec, options: FetchOptions, listing: Listing) -> Step {
        let fetch = Fetch { spec, options, listing, earlier: self.stored.clone(), owner: id(object) };
        (self, Command::Do(Effect::Fetch(Box::new(fetch))))
    }

    fn stored(mut self, object: &Bucket, artifact: &Arc<Artifact>, now: Timestamp) -> Step {
        self.record(object, now).stored(artifact);
        self.status.observed_ignore = object.spec.ignore.clone();
        self.succeed(object, now);
        let notices = vec![self.told(object, "NewArtifact", artifact.tree.files().count())];
        let next = Next::After(object.spec.interval.into());
        let verdict = Verdict { report: self.report(notices), next, success: true, release: false };
        self.stage = Stage::Collecting(Box::new(verdict));
        let leftovers = Leftovers { owner: id(object), current: Some(artifact.path.clone()) };
        (self, Command::Do(Effect::Collect(leftovers)))
    }

    fn told(&self, object: &Bucket, reason: &str, files: usize) -> Notice {
        let message = format!("stored artifact with {files} fetched files from '{}' bucket", object.spec.bucket_name);
        notice(EventType::Normal, reason, message, self.status.artifact.as_ref())
    }

    fn succeed(&mut self, object: &Bucket, now: Timestamp) {
        let Some(artifact) = &self.status.artifact else { return };
        let message = format!("stored artifact: revision '{}'", artifact.revision);
        let folder = artifact.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        self.status.url = Some(format!("http://{}/{folder}/{LATEST}", self.advertised));
        Record::new(&mut self.status, &object.metadata, now).succeed(&message, &self.advertised);
    }

    fn fail(mut self, object: &Bucket, trouble: &Trouble, now: Timestamp) -> Step {
        let notice = self.record(object, now).fail(trouble);
        self.settle(vec![notice], Next::Backoff, false)
    }

    fn settle(self, notices: Vec<Notice>, next: Next, success: bool) -> Step {
        let verdict = Verdict { report: self.report(notices), next, success, release: false };
        (self, Command::Settle(verdict))
    }

    fn report(&self, notices: Vec<Notice>) -> Report {
        Report { status: serde_json::to_value(&self.status).unwrap_or_default(), notices }
    }

    fn record<'a>(&'a mut self, object: &'a Bucket, now: Timestamp) -> Record<'a> {
        Record::new(&mut self.status, &object.metadata, now)
    }
}

pub(super) fn id(object: &Bucket) -> ObjectId {
    let text = |part: &Option<String>| part.clone().unwrap_or_default();
    ObjectId::new(&Buckets::gvk(), text(&object.metadata.namespace), text(&object.metadata.name))
}

/// Says what of the object is not served yet.
fn unserved(object: &Bucket) -> Option<String> {
    let provider = match object.spec.provider {
        BucketProvider::Azure => None,
        BucketProvider::Generic => Some("generic"),
        BucketProvider::Aws => Some("aws"),
        BucketProvider::Gcp => Some("gcp"),
    };
    if let Some(provider) = provider {
        return Some(format!(
            "`spec.provider: {provider}` is not served yet by this version of Sluice, only `azure` is; nothing is fetched"
        ));
    }
    object.spec.service_account_name.as_ref().map(|_| {
        "`spec.serviceAccountName` is not served yet by this version of Sluice; remove it to use the agent's own identity, \
         or name a Secret in `spec.secretRef`"
            .into()
    })
}
