//! The objects of a release being written: kind by kind, as Helm does it.

use jiff::Timestamp;
use serde_json::Value;
use sluice_apply::managed_fields;
use sluice_cluster::{ApiError, Request, Response, Target};
use sluice_kustomize::{Change, ClientPatch, three_way};
use sluice_object::Object;

use crate::{
    error::{Error, hint_of, joined},
    item::{Item, Seen},
    part::{Turn, answers},
    step::Input,
    work::Work,
};

/// How often one write is tried while others write too.
const TRIES: u8 = 5;

/// Objects being written.
#[derive(Clone, Default)]
pub(crate) struct Write {
    /// The objects of one kind that are being written, and where each of them is.
    group: Vec<Doing>,
    /// The first object after them.
    next: usize,
    /// Those that are asked about, in the order of the requests.
    asked: Vec<usize>,
    errors: Vec<Error>,
    creation: Vec<Error>,
}

/// An object being written.
#[derive(Clone)]
struct Doing {
    item: usize,
    at: At,
    tries: u8,
}

#[derive(Clone)]
enum At {
    /// It is read, for what is there decides.
    Read,
    /// Fields of a client-side manager become ours.
    Fold(Value),
    Apply,
    Create,
    Patch(ClientPatch),
    Replace(Box<Object>),
    Done,
}

impl Write {
    pub(crate) fn turn(&mut self, work: &mut Work, input: Option<Input>, now: Timestamp) -> Turn {
        if let Some(answers) = answers(input) {
            for (place, answer) in std::mem::take(&mut self.asked).into_iter().zip(answers) {
                self.learn(place, answer, work, now);
            }
        }
        loop {
            let pending = self.group.iter().enumerate().filter(|(_, doing)| !matches!(doing.at, At::Done));
            self.asked = pending.map(|(place, _)| place).collect();
            if !self.asked.is_empty() {
                return Turn::Ask(self.asked.iter().map(|place| request(&self.group[*place], work)).collect());
            }
            let stops = work.updates && !self.creation.is_empty();
            if stops || !self.next_group(work) {
                return self.end(work);
            }
        }
    }

    fn next_group(&mut self, work: &mut Work) -> bool {
        let Some(first) = work.items.get(self.next) else { return false };
        let same = |item: &&Item| item.object.kind() == first.object.kind();
        let count = work.items[self.next..].iter().take_while(same).count();
        let group = self.next..self.next + count;
        self.next = group.end;
        self.group = group.map(|item| Doing { item, at: first_step(&work.items[item], work), tries: 0 }).collect();
        let made = self.group.iter().map(|doing| &work.items[doing.item]).filter(|item| item.seen == Seen::Absent);
        let made: Vec<_> = made.map(|item| item.object.clone()).collect();
        work.created.extend(made);
        true
    }

    fn learn(&mut self, place: usize, answer: Result<Response, ApiError>, work: &mut Work, now: Timestamp) {
        let doing = &mut self.group[place];
        doing.tries += 1;
        let again = doing.tries < TRIES;
        let at = std::mem::replace(&mut doing.at, At::Done);
        let item = doing.item;
        match (at, answer) {
            (At::Read, answer) => self.on_read(place, answer, work),
            (At::Fold(_), Err(error)) if error.code() == 409 && again => self.group[place].at = At::Read,
            (At::Fold(_), Err(error)) if !error.is_not_found() => {
                self.fail(not_folded(&work.items[item].object, &error), work, item)
            }
            (At::Fold(_), _) => self.group[place].at = At::Apply,
            (at, Err(error)) if again && is_quota_conflict(&error) => self.group[place].at = at,
            (at, Err(error)) => self.fail(failure(&at, &work.items[item].object, &error), work, item),
            (_, Ok(answer)) => on_written(item, answer, work, now),
        }
    }

    fn on_read(&mut self, place: usize, answer: Result<Response, ApiError>, work: &mut Work) {
        let item = self.group[place].item;
        let at = match answer {
            Ok(Response::Object(live)) => found(item, &live, work),
            Err(error) if !error.is_not_found() => {
                let text = format!("could not get information about the resource: {error}");
                return self.creation.push(Error::new(text).about(&work.items[item].object));
            }
            _ => Ok(missing(item, work)),
        };
        match at {
            Ok(at) => self.group[place].at = at,
            Err(error) => self.errors.push(error),
        }
    }

    /// An object that could not be made ends an upgrade at once; the others are tried.
    fn fail(&mut self, error: Error, work: &Work, item: usize) {
        match work.updates && work.items[item].seen == Seen::Absent {
            true => self.creation.push(error.within("failed to create resource: ")),
            false => self.errors.push(error),
        }
    }

    fn end(&mut self, work: &Work) -> Turn {
        let creation = std::mem::take(&mut self.creation).into_iter().next();
        match creation.or_else(|| joined(std::mem::take(&mut self.errors), separator(work))) {
            Some(error) => Turn::Fail(error),
            None => Turn::Done,
        }
    }
}

fn separator(work: &Work) -> &'static str {
    if work.updates { " && " } else { "\n" }
}

fn first_step(item: &Item, work: &Work) -> At {
    match (work.server_side, item.seen) {
        (true, _) if work.folds && item.client_side => At::Read,
        (true, _) => At::Apply,
        (false, Seen::Absent) => At::Create,
        (false, _) => At::Read,
    }
}

fn found(item: usize, live: &Object, work: &mut Work) -> Result<At, Error> {
    work.items[item].seen = Seen::There;
    match work.server_side {
        true => Ok(managed_fields::upgrade(live, &work.options.manager).map_or(At::Apply, At::Fold)),
        false => client_side(&work.items[item].object, live, work),
    }
}

fn missing(item: usize, work: &mut Work) -> At {
    if std::mem::replace(&mut work.items[item].seen, Seen::Absent) != Seen::Absent {
        work.created.push(work.items[item].object.named());
    }
    if work.server_side { At::Apply } else { At::Create }
}

/// What Helm does with an object that exists, where the server does not apply.
fn client_side(object: &Object, live: &Object, work: &Work) -> Result<At, Error> {
    if work.options.force_replace {
        let mut whole = object.clone();
        whole.value_mut()["metadata"]["resourceVersion"] = live.resource_version().into();
        return Ok(At::Replace(Box::new(whole)));
    }
    let id = object.id();
    // What a release takes over has no revision before: it counts as what the release wants of it.
    let original = work.former.iter().find(|former| former.id() == id);
    let original = original.unwrap_or(if work.adopts { object } else { live });
    let change = Change { original: original.value(), modified: object.value(), current: live.value() };
    match three_way(&change, work.other_kinds) {
        Ok(patch) => Ok(patch.map_or(At::Done, At::Patch)),
        Err(error) => Err(Error::new(format!("failed to create patch: {error}")).about(object)),
    }
}

fn request(doing: &Doing, work: &Work) -> Request {
    let object = &work.items[doing.item].object;
    let (target, manager) = (Target::of(object), work.options.manager.clone());
    match &doing.at {
        At::Read | At::Done => Request::Get(target),
        At::Fold(patch) => Request::JsonPatch { target, patch: patch.clone(), manager },
        At::Apply => work.apply(object, true, false),
        At::Create => work.create(object),
        At::Patch(ClientPatch::Strategic(patch)) => Request::StrategicPatch { target, patch: patch.clone(), manager },
        At::Patch(ClientPatch::Merge(patch)) => Request::MergePatch { target, patch: patch.clone(), manager },
        At::Replace(object) => Request::Replace { object: (**object).clone(), manager },
    }
}

/// Of what was written only its health is kept.
fn on_written(item: usize, answer: Response, work: &mut Work, now: Timestamp) {
    let health = answer.into_object().map(|object| work.options.reader().read(&object, now));
    work.items[item].health = health;
}

fn failure(at: &At, object: &Object, error: &ApiError) -> Error {
    let text = match at {
        At::Apply => applied(object, error),
        At::Patch(_) => format!("cannot patch {:?} with kind {}: {error}", object.name(), object.kind()),
        At::Replace(_) => format!("failed to replace object: {error}"),
        _ => error.to_string(),
    };
    Error::new(text).about(object).hinted(hint_of(error))
}

/// Returns Helm's words for an object that the server would not apply.
pub(crate) fn applied(object: &Object, error: &ApiError) -> String {
    let what = if error.code() == 409 { "conflict occurred while applying" } else { "server-side apply failed for" };
    format!("{what} object {}: {error}", subject(object))
}

fn not_folded(object: &Object, error: &ApiError) -> Error {
    let text = format!("failed to patch object to upgrade CSA field manager {}: {error}", subject(object));
    Error::new(text).about(object)
}

/// `<namespace>/<name> <group>/<version>, Kind=<kind>`
fn subject(object: &Object) -> String {
    let gvk = object.gvk();
    let (namespace, name) = (object.namespace(), object.name());
    format!("{namespace}/{name} {}/{}, Kind={}", gvk.group, gvk.version, gvk.kind)
}

/// Several objects that count against one quota disturb each other.
fn is_quota_conflict(error: &ApiError) -> bool {
    let has = |text: &str| error.message.contains(text);
    error.code() == 409 && has("Operation cannot be fulfilled on resourcequotas") && has("the object has been modified")
}

/// Returns the error that writing refused objects would end with.
pub(crate) fn refused(work: &Work, refused: &[(Object, ApiError)]) -> Option<Error> {
    let was_there = |object: &Object| work.former.iter().any(|former| former.id() == object.id());
    let error = |(object, error): &(Object, ApiError)| {
        let text = if work.server_side { applied(object, error) } else { error.to_string() };
        Error::new(text).about(object).hinted(hint_of(error))
    };
    let made = refused.iter().find(|(object, _)| work.updates && !was_there(object));
    match made {
        Some(made) => Some(error(made).within("failed to create resource: ")),
        None => joined(refused.iter().map(error).collect(), separator(work)),
    }
}
