//! The definitions in a chart's `crds` folders, which come before its release and stay after it.

use jiff::{SignedDuration, Timestamp};
use sluice_cluster::{ApiError, Request, Response, Target};
use sluice_object::Object;

use crate::{
    error::{Error, hint_of},
    item::Item,
    options::{CrdPolicy, Wait},
    part::Turn,
    step::Input,
    waiting::{Terms, Waited, Waiting},
    work::Work,
    write::applied,
};

/// How long the server may take to serve new kinds.
const TIMEOUT: SignedDuration = SignedDuration::from_secs(60);

/// Definitions being brought in.
#[derive(Clone, Default)]
pub(crate) struct Definitions {
    items: Vec<Item>,
    at: At,
}

#[derive(Clone, Default)]
enum At {
    #[default]
    Begin,
    Read,
    /// What is sent, and of which of them.
    Written(Vec<(usize, Request)>),
    Wait(Box<Waiting>),
}

impl Definitions {
    pub(crate) fn turn(&mut self, work: &mut Work, input: Option<Input>, now: Timestamp) -> Turn {
        let turn = match (&mut self.at, input) {
            (At::Begin, _) => self.begin(work),
            (At::Read, Some(Input::Answers(answers))) => self.on_read(work, answers),
            (At::Read, _) => self.read(),
            (At::Written(_), Some(Input::Answers(answers))) => self.on_written(work, answers, now),
            (At::Written(sent), _) => Turn::Ask(sent.iter().map(|(_, request)| request.clone()).collect()),
            (At::Wait(waiting), input) => awaited(waiting.turn(input, now)),
        };
        match turn {
            Turn::Fail(error) => Turn::Fail(error.within("failed to apply CustomResourceDefinitions: ")),
            turn => turn,
        }
    }

    fn begin(&mut self, work: &mut Work) -> Turn {
        let objects = std::mem::take(&mut work.options.crds.objects);
        let (crds, others): (Vec<_>, Vec<_>) = objects.into_iter().partition(is_definition);
        if crds.is_empty() && others.is_empty() || work.options.crds.policy == CrdPolicy::Skip {
            return Turn::Done;
        }
        work.notices.extend(left_out(&others));
        self.items = crds.into_iter().map(Item::new).collect();
        self.at = At::Read;
        if self.items.is_empty() { Turn::Done } else { self.read() }
    }

    fn read(&self) -> Turn {
        Turn::Ask(self.items.iter().map(|item| Request::Get(Target::of(&item.object))).collect())
    }

    fn on_read(&mut self, work: &Work, answers: Vec<Result<Response, ApiError>>) -> Turn {
        let mut sent = Vec::new();
        for (index, (item, answer)) in self.items.iter_mut().zip(answers).enumerate() {
            let live = match answer {
                Ok(answer) => answer.into_object(),
                Err(error) if error.is_not_found() => None,
                Err(error) => return Turn::Fail(unread(&item.object, &error)),
            };
            if live.is_none() || work.options.crds.policy == CrdPolicy::CreateReplace {
                sent.push((index, write(&item.object, live.as_ref(), work)));
            }
        }
        if sent.is_empty() {
            return Turn::Done;
        }
        let requests = sent.iter().map(|(_, request)| request.clone()).collect();
        self.at = At::Written(sent);
        Turn::Ask(requests)
    }

    fn on_written(&mut self, work: &Work, answers: Vec<Result<Response, ApiError>>, now: Timestamp) -> Turn {
        let At::Written(sent) = std::mem::take(&mut self.at) else { return Turn::Done };
        let written: Vec<_> = sent.into_iter().map(|(index, _)| index).collect();
        for (index, answer) in written.iter().zip(answers) {
            let item = &mut self.items[*index];
            match answer {
                Ok(answer) => item.health = answer.into_object().map(|object| work.options.reader().read(&object, now)),
                // Somebody else has just made it.
                Err(error) if error.reason == "AlreadyExists" => {}
                Err(error) => return Turn::Fail(unwritten(&item.object, &error, work)),
            }
        }
        self.wait(work, &written, now)
    }

    fn wait(&mut self, work: &Work, written: &[usize], now: Timestamp) -> Turn {
        if work.options.wait == Wait::HookOnly {
            return Turn::Done;
        }
        let items = written.iter().map(|index| &self.items[*index]);
        let known: Vec<_> = items.map(|item| (&item.object, item.health.clone())).collect();
        let mut waiting = Waiting::for_health(&known, Terms { timeout: TIMEOUT, ..work.terms() }, now);
        let turn = awaited(waiting.turn(None, now));
        self.at = At::Wait(Box::new(waiting));
        turn
    }
}

fn write(object: &Object, live: Option<&Object>, work: &Work) -> Request {
    match (work.server_side, live) {
        (true, _) => work.apply(object, true, false),
        (false, None) => work.create(object),
        (false, Some(live)) => {
            let mut object = object.clone();
            object.value_mut()["metadata"]["resourceVersion"] = live.resource_version().into();
            Request::Replace { object, manager: work.options.manager.clone() }
        }
    }
}

fn awaited(waited: Waited) -> Turn {
    match waited {
        Waited::Going(turn) => turn,
        Waited::Reached => Turn::Done,
        Waited::Failed(text) => {
            Turn::Fail(Error::new(format!("failed to wait for CustomResourceDefinition(s): {text}")))
        }
    }
}

fn is_definition(object: &Object) -> bool {
    let gvk = object.gvk();
    gvk.group == "apiextensions.k8s.io" && gvk.kind == "CustomResourceDefinition"
}

fn left_out(others: &[Object]) -> Option<String> {
    let ids: Vec<_> = others.iter().map(|object| object.id().to_string()).collect();
    let list = ids.join(", ");
    (!ids.is_empty()).then(|| {
        format!("objects in the chart's crds folder that are no CustomResourceDefinitions are left out: {list}; move them to templates")
    })
}

fn unread(object: &Object, error: &ApiError) -> Error {
    Error::new(format!("failed to get CustomResourceDefinition {}: {error}", object.name())).about(object)
}

fn unwritten(object: &Object, error: &ApiError, work: &Work) -> Error {
    let text = if work.server_side { applied(object, error) } else { error.to_string() };
    let words = match work.options.crds.policy {
        CrdPolicy::CreateReplace => "failed to update CustomResourceDefinition(s)".to_owned(),
        _ => format!("failed to create CustomResourceDefinition {}", object.name()),
    };
    Error::new(format!("{words}: {text}")).about(object).hinted(hint_of(error))
}
