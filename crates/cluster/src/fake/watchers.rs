//! The open watches.

use futures::{
    StreamExt as _,
    channel::mpsc::{UnboundedSender, unbounded},
    stream::BoxStream,
};
use sluice_object::{LabelSelector, Object};

use super::{
    permissions::Access,
    store::{Key, State, in_version},
};
use crate::{ApiError, Body, Identity, Selection, WatchEvent};

/// An open watch. What is sent waits until it is read.
pub(super) struct Watcher {
    who: Identity,
    what: Selection,
    selector: LabelSelector,
    sender: UnboundedSender<WatchEvent>,
    mood: Mood,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mood {
    Live,
    /// The kind is not served, or the user may not watch it.
    Refused,
    /// The test had it fail.
    Failed,
}

impl State {
    pub(super) fn watch(&mut self, who: &Identity, what: Selection) -> BoxStream<'static, WatchEvent> {
        let (sender, receiver) = unbounded();
        let selector = LabelSelector::parse(&what.labels);
        let failed = selector.as_ref().err().map(ToString::to_string);
        let (who, selector) = (who.clone(), selector.unwrap_or_default());
        let watcher = Watcher { who, what, selector, sender, mood: Mood::Failed };
        match failed {
            Some(error) => watcher.fail(&error, false),
            None => self.begin(watcher),
        }
        receiver.boxed()
    }

    /// Lists a watch's selection, or tells why not.
    fn begin(&mut self, mut watcher: Watcher) {
        match self.may_watch(&watcher) {
            Ok(()) => {
                watcher.mood = Mood::Live;
                watcher.send(WatchEvent::Restarted);
                let known = self.objects.iter().filter(|(key, object)| watcher.selects(key, object));
                known.for_each(|(_, object)| watcher.send(WatchEvent::Seen(watcher.view(object))));
                watcher.send(WatchEvent::Listed);
            }
            Err(error) => {
                watcher.mood = Mood::Refused;
                watcher.fail(&error.message, true);
            }
        }
        self.watchers.push(watcher);
    }

    fn may_watch(&self, watcher: &Watcher) -> Result<(), ApiError> {
        let Selection { gvk, namespace, name, .. } = &watcher.what;
        let info = self.kinds.resolve(gvk)?;
        let (namespace, name) = (namespace.as_deref().unwrap_or_default(), name.as_deref().unwrap_or_default());
        let who = &watcher.who;
        let access = |verb| Access { who, verb, gvk, info, subresource: "", namespace, name };
        self.denials.check(&access("list")).and_then(|()| self.denials.check(&access("watch")))
    }

    /// Tells all watches of a change; `last` is the object as it was written last.
    pub(super) fn notify(&mut self, key: &Key, old: Option<&Object>, new: Option<&Object>, last: &Object) {
        self.watchers.retain(|watcher| !watcher.sender.is_closed());
        for watcher in self.watchers.iter().filter(|watcher| watcher.mood == Mood::Live) {
            let selected = |object: Option<&Object>| object.is_some_and(|object| watcher.selects(key, object));
            match (selected(old), selected(new)) {
                (_, true) => watcher.send(WatchEvent::Seen(watcher.view(last))),
                (true, false) => watcher.send(WatchEvent::Gone(watcher.view(last))),
                (false, false) => {}
            }
        }
    }

    /// Begins what was refused and is possible now, and fails what is possible no more.
    pub(super) fn revive_watches(&mut self) {
        for mut watcher in std::mem::take(&mut self.watchers) {
            let served = self.kinds.resolve(&watcher.what.gvk).map(drop);
            match (watcher.mood, served) {
                (Mood::Refused, _) if self.may_watch(&watcher).is_ok() => self.begin(watcher),
                (Mood::Live, Err(error)) => {
                    watcher.mood = Mood::Refused;
                    watcher.fail(&error.message, true);
                    self.watchers.push(watcher);
                }
                _ => self.watchers.push(watcher),
            }
        }
    }

    pub(super) fn restart_watches(&mut self) {
        let watchers = std::mem::take(&mut self.watchers);
        watchers.into_iter().filter(|watcher| !watcher.sender.is_closed()).for_each(|watcher| self.begin(watcher));
    }

    pub(super) fn fail_watches(&mut self, message: &str, refused: bool) {
        for watcher in &mut self.watchers {
            watcher.mood = Mood::Failed;
            watcher.fail(message, refused);
        }
    }

    pub(super) fn open_watches(&self) -> usize {
        self.watchers.iter().filter(|watcher| !watcher.sender.is_closed()).count()
    }
}

impl Watcher {
    fn selects(&self, key: &Key, object: &Object) -> bool {
        let Selection { gvk, namespace, name, .. } = &self.what;
        key.is(&gvk.group, &gvk.kind)
            && namespace.as_ref().is_none_or(|namespace| *namespace == key.namespace)
            && name.as_ref().is_none_or(|name| *name == key.name)
            && self.selector.matches(|key| object.label(key))
    }

    fn view(&self, object: &Object) -> Object {
        view(object, &self.what.gvk.version, self.what.body)
    }

    fn send(&self, event: WatchEvent) {
        // A reader that has gone is noticed at the next write.
        let _ = self.sender.unbounded_send(event);
    }

    fn fail(&self, message: &str, refused: bool) {
        self.send(WatchEvent::Failed { message: message.into(), refused });
    }
}

/// Returns what is shown of an object.
pub(super) fn view(object: &Object, version: &str, body: Body) -> Object {
    let mut object = in_version(object, version);
    if body == Body::Metadata
        && let Some(fields) = object.value_mut().as_object_mut()
    {
        fields.retain(|name, _| matches!(name.as_str(), "apiVersion" | "kind" | "metadata"));
    }
    object
}
