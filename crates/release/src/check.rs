//! What is found out before anything is written: kinds, the server's opinion of each object, whose they are.

use sluice_cluster::{ApiError, Request, Response, Target};
use sluice_object::{Gvk, Object};

use crate::{
    error::{Error, joined},
    item::{Item, Seen, foreign},
    kinds::resolve,
    part::{Turn, answers},
    step::Input,
    work::Work,
};

/// Kinds being looked up.
#[derive(Clone)]
pub(crate) struct Resolve {
    asked: Vec<Gvk>,
    /// What stands before an error of an object of the release, and of one of the revision before.
    words: [&'static str; 2],
}

impl Resolve {
    pub(crate) fn new(target: &'static str, former: &'static str) -> Self {
        Self { asked: Vec::new(), words: [target, former] }
    }

    pub(crate) fn turn(&mut self, work: &mut Work, input: Option<Input>) -> Turn {
        if let Some(answers) = answers(input) {
            let asked = std::mem::take(&mut self.asked);
            asked.into_iter().zip(answers).for_each(|(gvk, answer)| work.kinds.learn(gvk, answer));
            return self.place(work);
        }
        self.asked = work.kinds.missing(work.items.iter().map(|item| &item.object).chain(&work.former));
        if self.asked.is_empty() { self.place(work) } else { Turn::Ask(resolve(&self.asked)) }
    }

    fn place(&self, work: &mut Work) -> Turn {
        let [target, former] = self.words;
        let items = work.kinds.unserved(work.items.iter().map(|item| &item.object)).map(|error| error.within(target));
        if let Some(error) = items.or_else(|| Some(work.kinds.unserved(&work.former)?.within(former))) {
            return Turn::Fail(error);
        }
        let objects = work.items.iter_mut().map(|item| &mut item.object).chain(&mut work.former);
        objects.for_each(|object| work.kinds.place(object, &work.release.namespace));
        Turn::Done
    }
}

/// What an unknown object means for an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rules {
    /// What stands before a field that the server does not know; nothing if such fields are found out later.
    pub(crate) undeclared: Option<&'static str>,
    /// What stands before an object that may not be read, or is not of the release; nothing if nobody looks.
    pub(crate) unknown: Option<&'static str>,
    /// Whether objects that are not of the release become so.
    pub(crate) adopts: bool,
}

/// Objects being tried: each with a dry-run, which stands for Helm's validation and its reads.
#[derive(Clone)]
pub(crate) struct Check {
    rules: Rules,
    at: At,
}

#[derive(Clone)]
enum At {
    DryRun,
    Owners(Vec<usize>),
}

impl Check {
    pub(crate) fn new(rules: Rules) -> Self {
        Self { rules, at: At::DryRun }
    }

    pub(crate) fn turn(&mut self, work: &mut Work, input: Option<Input>) -> Turn {
        match (&self.at, answers(input)) {
            (At::DryRun, None) if work.items.is_empty() => Turn::Done,
            (At::DryRun, None) => {
                Turn::Ask(work.items.iter().map(|item| work.apply(&item.object, true, true)).collect())
            }
            (At::DryRun, Some(answers)) => self.on_dry_runs(work, answers),
            (At::Owners(asked), None) => Turn::Ask(owners(work, asked)),
            (At::Owners(asked), Some(answers)) => self.on_owners(work, asked, answers),
        }
    }

    fn on_dry_runs(&mut self, work: &mut Work, answers: Vec<Result<Response, ApiError>>) -> Turn {
        let manager = work.options.manager.clone();
        let mut undeclared = Vec::new();
        for (item, answer) in work.items.iter_mut().zip(answers) {
            match learn(item, answer, &manager) {
                Some(error) if is_undeclared(&error) && self.rules.undeclared.is_some() => {
                    undeclared.push(Error::new(error.to_string()).about(&item.object));
                }
                refusal => item.refusal = refusal,
            }
        }
        if let (Some(words), Some(error)) = (self.rules.undeclared, joined(undeclared, "; ")) {
            return Turn::Fail(error.within("error validating data: ").within(words));
        }
        let strangers = if self.rules.unknown.is_some() { strangers(work, self.rules.adopts) } else { Vec::new() };
        if strangers.is_empty() {
            return Turn::Done;
        }
        let requests = owners(work, &strangers);
        self.at = At::Owners(strangers);
        Turn::Ask(requests)
    }

    fn on_owners(&self, work: &Work, asked: &[usize], answers: Vec<Result<Response, ApiError>>) -> Turn {
        let items = asked.iter().filter_map(|index| work.items.get(*index));
        let words = self.rules.unknown.unwrap_or_default();
        let refused = |(item, answer): (&Item, _)| stranger(&item.object, answer, work, self.rules.adopts);
        match items.zip(answers).find_map(refused) {
            Some(error) => Turn::Fail(error.within(words)),
            None => Turn::Done,
        }
    }
}

/// Takes the answer to a dry-run; returns why the server refuses the object for good.
fn learn(item: &mut Item, answer: Result<Response, ApiError>, manager: &str) -> Option<ApiError> {
    match answer {
        Ok(Response::Object(object)) => {
            item.on_dry_run(&object, manager);
            None
        }
        Ok(_) => None,
        // Where its namespace is not, no object is.
        Err(error) if error.is_not_found() && error.message.starts_with("namespaces ") => {
            item.seen = Seen::Absent;
            None
        }
        Err(error) => is_refusal(&error).then_some(error),
    }
}

/// What another object of the release may mend, and what may be otherwise in a moment, is passed over. So are webhooks
/// that want no dry-runs.
fn is_refusal(error: &ApiError) -> bool {
    let passed_over = ["does not support dry run", "not found", "was found"];
    let mends = error.is_transient() || error.is_not_found() || error.code() == 409 || error.code() == 0;
    is_undeclared(error) || !(mends || passed_over.iter().any(|words| error.message.contains(words)))
}

fn is_undeclared(error: &ApiError) -> bool {
    error.message.contains("typed patch object") && error.message.contains("field not declared in schema")
}

/// Returns the objects that were not of the revision before, in the same version, and exist, or may not be tried: of those
/// it is to be found out whether they may be read.
fn strangers(work: &Work, adopts: bool) -> Vec<usize> {
    let known = |object: &Object| {
        let same = |former: &&Object| former.id() == object.id() && former.gvk() == object.gvk();
        work.former.iter().find(same).is_some()
    };
    let asks = |item: &Item| (item.is_there() && !adopts) || item.refusal.as_ref().is_some_and(is_forbidden);
    let items = work.items.iter().enumerate();
    items.filter(|(_, item)| asks(item) && !known(&item.object)).map(|(index, _)| index).collect()
}

fn owners(work: &Work, asked: &[usize]) -> Vec<Request> {
    let items = asked.iter().filter_map(|index| work.items.get(*index));
    items.map(|item| Request::Get(Target::of(&item.object))).collect()
}

fn is_forbidden(error: &ApiError) -> bool {
    error.code() == 403
}

/// Returns what Helm says of an object that may not be read, or exists and is not of the release.
fn stranger(object: &Object, answer: Result<Response, ApiError>, work: &Work, adopts: bool) -> Option<Error> {
    let subject = format!("{} {:?} in namespace {:?}", object.kind(), object.name(), object.namespace());
    match answer {
        Ok(Response::Object(live)) if !adopts => {
            let why = foreign(&live, &work.release.name, &work.release.namespace)?;
            let text = format!("{subject} exists and cannot be imported into the current release: {why}");
            let hint = "let the release take ownership, or delete the object";
            Some(Error::new(text).about(object).hinted(Some(hint.into())))
        }
        Ok(_) => None,
        Err(error) if error.is_not_found() => None,
        Err(error) => {
            let text = format!("could not get information about the resource {subject}: {error}");
            Some(Error::new(text).about(object))
        }
    }
}

/// Objects that were refused being tried once more, before anything else is written: what they lacked may now be there.
#[derive(Clone, Default)]
pub(crate) struct Retry {
    asked: Vec<usize>,
}

impl Retry {
    pub(crate) fn turn(&mut self, work: &mut Work, input: Option<Input>) -> Turn {
        if let Some(answers) = answers(input) {
            return self.on_answers(work, answers);
        }
        let refused = work.items.iter().enumerate().filter(|(_, item)| item.refusal.is_some());
        let (asked, requests): (Vec<_>, Vec<_>) =
            refused.map(|(index, item)| (index, work.apply(&item.object, true, true))).unzip();
        self.asked = asked;
        if requests.is_empty() { Turn::Done } else { Turn::Ask(requests) }
    }

    fn on_answers(&self, work: &mut Work, answers: Vec<Result<Response, ApiError>>) -> Turn {
        let manager = work.options.manager.clone();
        let mut refused = Vec::new();
        for (index, answer) in self.asked.iter().zip(answers) {
            let item = &mut work.items[*index];
            if let Some(error) = learn(item, answer, &manager) {
                refused.push((item.object.clone(), error));
            }
        }
        match crate::write::refused(work, &refused) {
            Some(error) => Turn::Fail(error),
            None => Turn::Done,
        }
    }
}
