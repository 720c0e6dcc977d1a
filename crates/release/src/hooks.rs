//! Hooks of one moment: one after the other, deleted, made, awaited.
//!
//! per hook: kinds · delete what is left of it · note the run in the stored release · make · await; at the end those that
//! their policies say are deleted

use std::collections::VecDeque;

use jiff::Timestamp;
use sluice_apply::health::Health;
use sluice_cluster::{ApiError, Response};
use sluice_helm::{
    Event,
    hook::{self, BEFORE_HOOK_CREATION, Execution, HOOK_FAILED, HOOK_SUCCEEDED, Hook, Phase},
};
use sluice_object::{Gvk, Object};

use crate::{
    clear::{Clear, Leftovers},
    error::{Error, hint_of, joined},
    kinds::resolve,
    manifest,
    part::{Turn, answers},
    step::Input,
    store::{Storing, What},
    waiting::{Waited, Waiting},
    work::Work,
    write::applied,
};

/// The hooks of a moment, being run.
#[derive(Clone)]
pub(crate) struct Hooks {
    event: Event,
    /// Whether what was made is deleted by another part, later.
    delayed: bool,
    queue: VecDeque<usize>,
    succeeded: Vec<usize>,
    hook: usize,
    objects: Vec<Object>,
    at: At,
    /// Why the moment has failed; deletions come first.
    error: Option<Error>,
}

#[derive(Clone)]
enum At {
    Begin,
    Next,
    Kinds(Vec<Gvk>),
    Clear(Clear),
    Note(Storing),
    Make,
    Wait(Box<Waiting>),
    End(Leftovers),
}

/// How it goes on: with the next step, or out to the driver.
type Go = Option<Turn>;

impl Hooks {
    pub(crate) fn new(event: Event) -> Self {
        let (queue, succeeded, objects) = Default::default();
        Self { event, delayed: false, queue, succeeded, hook: 0, objects, at: At::Begin, error: None }
    }

    /// Leaves what is to be deleted at the end to [`Leftovers`].
    pub(crate) fn delayed(event: Event) -> Self {
        Self { delayed: true, ..Self::new(event) }
    }

    pub(crate) fn event(&self) -> Event {
        self.event
    }

    pub(crate) fn turn(&mut self, work: &mut Work, mut input: Option<Input>, now: Timestamp) -> Turn {
        loop {
            match self.advance(work, input.take(), now) {
                None => {}
                Some(Turn::Fail(error)) => return Turn::Fail(error.within(words(self.event))),
                Some(turn) => return turn,
            }
        }
    }

    fn advance(&mut self, work: &mut Work, input: Option<Input>, now: Timestamp) -> Go {
        match std::mem::replace(&mut self.at, At::Next) {
            At::Begin => self.begin(work),
            At::Next => self.next(work),
            At::Kinds(asked) => self.resolve(asked, input, work, now),
            At::Clear(clear) => self.clear(clear, input, work, now),
            At::Note(storing) => self.note(storing, input, work, now),
            At::Make => self.make(input, work, now),
            At::Wait(waiting) => self.wait(waiting, input, work, now),
            At::End(leftovers) => self.end(leftovers, input, work, now),
        }
    }

    fn begin(&mut self, work: &Work) -> Go {
        if !work.options.disable_hooks {
            self.queue = work.hooks(self.event).into();
        }
        None
    }

    fn next(&mut self, work: &mut Work) -> Go {
        let Some(place) = self.queue.pop_front() else { return self.finish(None, work) };
        let hook = work.release.hooks.get_mut(place)?;
        hook.set_default_policy();
        self.hook = place;
        match manifest::objects(&hook.manifest) {
            Ok(objects) => self.objects = objects,
            Err(error) => return Some(Turn::Fail(self.unbuilt(Error::new(error), work))),
        }
        self.at = At::Kinds(Vec::new());
        None
    }

    fn resolve(&mut self, asked: Vec<Gvk>, input: Option<Input>, work: &mut Work, now: Timestamp) -> Go {
        if let Some(answers) = answers(input) {
            asked.into_iter().zip(answers).for_each(|(gvk, answer)| work.kinds.learn(gvk, answer));
            return self.place(work, now);
        }
        let missing = work.kinds.missing(&self.objects);
        if missing.is_empty() {
            return self.place(work, now);
        }
        let requests = resolve(&missing);
        self.at = At::Kinds(missing);
        Some(Turn::Ask(requests))
    }

    fn place(&mut self, work: &mut Work, now: Timestamp) -> Go {
        if let Some(error) = work.kinds.unserved(&self.objects) {
            return Some(Turn::Fail(self.unbuilt(error, work)));
        }
        self.objects.iter_mut().for_each(|object| work.kinds.place(object, &work.release.namespace));
        match self.hook(work).is_some_and(|hook| hook.is_deleted(BEFORE_HOOK_CREATION)) {
            true => self.at = At::Clear(Clear::new(self.objects.clone(), true)),
            false => self.begin_note(work, now),
        }
        None
    }

    fn clear(&mut self, mut clear: Clear, input: Option<Input>, work: &mut Work, now: Timestamp) -> Go {
        match clear.turn(work, input, now) {
            Turn::Done => self.begin_note(work, now),
            Turn::Fail(error) => return Some(Turn::Fail(error)),
            turn => {
                self.at = At::Clear(clear);
                return Some(turn);
            }
        }
        None
    }

    /// Whoever reads the stored release sees the hook run.
    fn begin_note(&mut self, work: &mut Work, now: Timestamp) {
        let started = Execution { started: Some(now.into()), completed: None, phase: Phase::Running };
        self.set_run(work, |run| *run = started);
        self.at = At::Note(Storing::lenient(What::Release));
    }

    fn note(&mut self, mut storing: Storing, input: Option<Input>, work: &mut Work, now: Timestamp) -> Go {
        match storing.turn(work, input, now) {
            Turn::Done => {
                self.set_run(work, |run| run.phase = Phase::Unknown);
                self.at = At::Make;
                None
            }
            Turn::Fail(error) => Some(Turn::Fail(error)),
            turn => {
                self.at = At::Note(storing);
                Some(turn)
            }
        }
    }

    /// Objects of hooks are applied without taking fields from others.
    fn make(&mut self, input: Option<Input>, work: &mut Work, now: Timestamp) -> Go {
        if let Some(answers) = answers(input) {
            return self.on_made(answers, work, now);
        }
        let objects = self.objects.iter();
        let make =
            |object: &Object| if work.server_side { work.apply(object, false, false) } else { work.create(object) };
        let requests: Vec<_> = objects.map(make).collect();
        self.at = At::Make;
        if requests.is_empty() { self.on_made(Vec::new(), work, now) } else { Some(Turn::Ask(requests)) }
    }

    fn on_made(&mut self, answers: Vec<Result<Response, ApiError>>, work: &mut Work, now: Timestamp) -> Go {
        let terms = work.hook_terms();
        let (mut known, mut errors): (Vec<(&Object, Option<Health>)>, _) = (Vec::new(), Vec::new());
        for (object, answer) in self.objects.iter().zip(answers) {
            match answer {
                Ok(answer) => known.push((object, answer.into_object().map(|made| terms.reader.read(&made, now)))),
                Err(error) => errors.push(unmade(object, &error, work.server_side)),
            }
        }
        if let Some(error) = joined(errors, "\n") {
            let path = self.hook(work).map(|hook| hook.path.clone()).unwrap_or_default();
            self.complete(Phase::Failed, work, now);
            return Some(Turn::Fail(error.within(&format!("warning: Hook {} {path} failed: ", self.event.name()))));
        }
        self.at = At::Wait(Box::new(Waiting::for_health(&known, terms, now)));
        None
    }

    fn wait(&mut self, mut waiting: Box<Waiting>, input: Option<Input>, work: &mut Work, now: Timestamp) -> Go {
        match waiting.turn(input, now) {
            Waited::Reached => {
                self.complete(Phase::Succeeded, work, now);
                self.succeeded.push(self.hook);
                None
            }
            Waited::Failed(text) => {
                self.complete(Phase::Failed, work, now);
                let object = self.objects.first().cloned();
                let error = Error::new(text);
                self.finish(Some(object.map_or(error.clone(), |object| error.about(&object))), work)
            }
            Waited::Going(turn) => {
                self.at = At::Wait(waiting);
                Some(turn)
            }
        }
    }

    /// Says which objects go now: of the hook that failed, without regard to errors, and of those that did not.
    fn finish(&mut self, error: Option<Error>, work: &mut Work) -> Go {
        let goes =
            |place: &usize, policy: &str| work.release.hooks.get(*place).is_some_and(|hook| hook.is_deleted(policy));
        let failed =
            error.iter().map(|_| self.hook).filter(|place| goes(place, HOOK_FAILED)).map(|place| (place, true));
        let mut succeeded: Vec<_> =
            self.succeeded.iter().copied().filter(|place| goes(place, HOOK_SUCCEEDED)).collect();
        if error.is_none() {
            succeeded.reverse();
        }
        let queue: Vec<_> = failed.chain(succeeded.into_iter().map(|place| (place, false))).collect();
        if self.delayed {
            work.leftovers = queue;
            return Some(error.map_or(Turn::Done, Turn::Fail));
        }
        self.error = error;
        self.at = At::End(Leftovers::of(queue));
        None
    }

    fn end(&mut self, mut leftovers: Leftovers, input: Option<Input>, work: &mut Work, now: Timestamp) -> Go {
        match (leftovers.turn(work, input, now), self.error.take()) {
            (Turn::Done, Some(error)) => Some(Turn::Fail(error)),
            (turn @ (Turn::Done | Turn::Fail(_)), _) => Some(turn),
            (turn, error) => {
                self.error = error;
                self.at = At::End(leftovers);
                Some(turn)
            }
        }
    }

    fn hook<'a>(&self, work: &'a Work) -> Option<&'a Hook> {
        work.release.hooks.get(self.hook)
    }

    fn set_run(&self, work: &mut Work, change: impl FnOnce(&mut Execution)) {
        if let Some(hook) = work.release.hooks.get_mut(self.hook) {
            change(&mut hook.last_run);
        }
    }

    fn complete(&self, phase: Phase, work: &mut Work, now: Timestamp) {
        self.set_run(work, |run| {
            run.completed = Some(now.into());
            run.phase = phase;
        });
    }

    fn unbuilt(&self, error: Error, work: &Work) -> Error {
        let path = self.hook(work).map(|hook| hook.path.as_str()).unwrap_or_default();
        let deletes = self.hook(work).is_some_and(|hook| hook.is_deleted(BEFORE_HOOK_CREATION));
        match deletes {
            true => error.within(&format!("unable to build kubernetes object for deleting hook {path}: ")),
            false => {
                error.within(&format!("unable to build kubernetes object for {} hook {path}: ", self.event.name()))
            }
        }
    }
}

impl Work {
    /// Returns the places of the hooks of a moment, in the order in which they run.
    pub(crate) fn hooks(&self, event: Event) -> Vec<usize> {
        let order = hook::order(&self.release.hooks, event);
        order.into_iter().filter(|place| !self.skipped.contains(place)).collect()
    }
}

fn unmade(object: &Object, error: &ApiError, server_side: bool) -> Error {
    let text = if server_side { applied(object, error) } else { error.to_string() };
    Error::new(text).about(object).hinted(hint_of(error))
}

/// What stands before an error of a moment.
fn words(event: Event) -> &'static str {
    match event {
        Event::PreInstall => "failed pre-install: ",
        Event::PostInstall => "failed post-install: ",
        Event::PreUpgrade => "pre-upgrade hooks failed: ",
        Event::PostUpgrade => "post-upgrade hooks failed: ",
        _ => "",
    }
}
