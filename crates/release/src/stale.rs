//! Objects that a revision had and the next one has not.

use sluice_cluster::{ApiError, Precondition, Propagation, Request, Response, Target};
use sluice_object::Object;

use crate::{
    error::{Error, joined},
    part::{Turn, answers},
    step::Input,
    work::Work,
};

const POLICY: &str = "helm.sh/resource-policy";

/// Stale objects being deleted, unless they are to be kept.
#[derive(Clone, Default)]
pub(crate) struct Stale {
    read: Option<Vec<Object>>,
    deleted: Option<Vec<Object>>,
}

impl Stale {
    pub(crate) fn turn(&mut self, work: &mut Work, input: Option<Input>) -> Turn {
        match (answers(input), self.deleted.take(), self.read.take()) {
            (Some(answers), Some(deleted), _) => on_deleted(&deleted, answers),
            (Some(answers), None, Some(read)) => self.on_read(read, answers),
            _ => self.begin(work),
        }
    }

    /// What the revision before was is not asked for any more.
    fn begin(&mut self, work: &mut Work) -> Turn {
        let former = std::mem::take(&mut work.former);
        let stays = |object: &Object| work.items.iter().any(|item| item.object.id() == object.id());
        let stale: Vec<_> = former.into_iter().filter(|object| !stays(object)).collect();
        if stale.is_empty() {
            return Turn::Done;
        }
        let requests = stale.iter().map(|object| Request::Get(Target::of(object))).collect();
        self.read = Some(stale);
        Turn::Ask(requests)
    }

    /// What cannot be read is left alone, as in Helm.
    fn on_read(&mut self, read: Vec<Object>, answers: Vec<Result<Response, ApiError>>) -> Turn {
        let goes = |answer: &Result<Response, ApiError>| match answer {
            Ok(Response::Object(live)) => live.annotation(POLICY) != Some("keep"),
            _ => false,
        };
        let going: Vec<_> =
            read.into_iter().zip(answers).filter(|(_, answer)| goes(answer)).map(|(object, _)| object).collect();
        if going.is_empty() {
            return Turn::Done;
        }
        let requests = going.iter().map(delete).collect();
        self.deleted = Some(going);
        Turn::Ask(requests)
    }
}

fn delete(object: &Object) -> Request {
    let (only_if, propagation) = (Precondition::default(), Propagation::Background);
    Request::Delete { target: Target::of(object), only_if, propagation }
}

fn on_deleted(deleted: &[Object], answers: Vec<Result<Response, ApiError>>) -> Turn {
    let failed = |(object, answer): (&Object, Result<Response, ApiError>)| match answer {
        Err(error) if !error.is_not_found() => {
            let (namespace, name, kind) = (object.namespace(), object.name(), object.kind());
            let subject = format!("namespace={namespace}, name={name}, kind={kind}");
            Some(Error::new(format!("failed to delete resource {subject}: {error}")).about(object))
        }
        _ => None,
    };
    match joined(deleted.iter().zip(answers).filter_map(failed).collect(), " && ") {
        Some(error) => Turn::Fail(error),
        None => Turn::Done,
    }
}

/// Says whether an object of a manifest is to be kept when its release is uninstalled.
pub(crate) fn is_kept(object: &Object) -> bool {
    object.annotation(POLICY).is_some_and(|policy| policy.trim().eq_ignore_ascii_case("keep"))
}
