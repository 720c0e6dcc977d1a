//! What agents wait for: requests that are not done, answers on their way, errands to remotes, events of watches. They
//! lie here until the director lets one of them go.

use std::{
    collections::{BTreeSet, VecDeque},
    sync::Mutex,
};

use futures::{
    FutureExt as _, StreamExt as _,
    channel::{
        mpsc::{UnboundedSender, unbounded},
        oneshot,
    },
    stream::BoxStream,
};
use sluice_cluster::{ApiError, Cluster, FakeCluster, Identity, Request, Response, Selection, WatchEvent};
use tokio::sync::Notify;

use crate::clock::lock;

pub(crate) type Answer = Result<Response, ApiError>;

/// Everything that is waited for.
#[derive(Default)]
pub(crate) struct Stage {
    inner: Mutex<Inner>,
    bell: Notify,
}

#[derive(Default)]
struct Inner {
    asked: VecDeque<Asked>,
    watches: Vec<Watch>,
    dead: BTreeSet<usize>,
}

/// Something that an agent waits for.
pub(crate) struct Asked {
    /// The life of the agent that asks.
    pub(crate) life: usize,
    pub(crate) wish: Wish,
}

pub(crate) enum Wish {
    /// A request is to be done.
    Request { who: Identity, request: Box<Request>, reply: oneshot::Sender<Answer> },
    /// It is done, and the answer is on its way.
    Answer { answer: Answer, reply: oneshot::Sender<Answer> },
    /// A remote is to be asked; the answer says whether it can be reached.
    Errand { what: String, reply: oneshot::Sender<bool> },
}

/// An open watch: what the server has told of it waits to be delivered.
struct Watch {
    life: usize,
    who: Identity,
    what: Selection,
    told: BoxStream<'static, WatchEvent>,
    waiting: VecDeque<WatchEvent>,
    reader: UnboundedSender<WatchEvent>,
}

/// How many things there are to choose from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Choices {
    /// Requests, answers and errands, the oldest first.
    pub(crate) asked: usize,
    /// The watches that have something to tell.
    pub(crate) watches: Vec<usize>,
}

impl Choices {
    pub(crate) fn is_empty(&self) -> bool {
        self.asked == 0 && self.watches.is_empty()
    }
}

impl Stage {
    /// Puts a wish where the director finds it. Whoever is dead is not heard.
    pub(crate) fn ask(&self, asked: Asked) {
        let mut inner = lock(&self.inner);
        if !inner.dead.contains(&asked.life) {
            inner.asked.push_back(asked);
            self.bell.notify_one();
        }
    }

    pub(crate) fn watch(
        &self,
        life: usize,
        cluster: &FakeCluster,
        who: &Identity,
        what: Selection,
    ) -> BoxStream<'static, WatchEvent> {
        let (reader, events) = unbounded();
        let told = cluster.watch(who, what.clone());
        let watch = Watch { life, who: who.clone(), what, told, waiting: VecDeque::new(), reader };
        lock(&self.inner).watches.push(watch);
        self.bell.notify_one();
        events.boxed()
    }

    /// Completes when something is asked.
    pub(crate) async fn rung(&self) {
        self.bell.notified().await;
    }

    /// Takes in what the server has told, and says what there is to choose from.
    pub(crate) fn choices(&self) -> Choices {
        let mut inner = lock(&self.inner);
        inner.watches.retain(|watch| !watch.reader.is_closed());
        inner.watches.iter_mut().for_each(Watch::listen);
        let told = inner.watches.iter().enumerate().filter(|(_, watch)| !watch.waiting.is_empty());
        Choices { asked: inner.asked.len(), watches: told.map(|(index, _)| index).collect() }
    }

    pub(crate) fn take(&self, index: usize) -> Option<Asked> {
        lock(&self.inner).asked.remove(index)
    }

    /// Delivers the next events of a watch. With `again` the last of them comes twice.
    pub(crate) fn deliver(&self, index: usize, count: usize, again: bool) {
        let mut inner = lock(&self.inner);
        let Some(watch) = inner.watches.get_mut(index) else { return };
        for _ in 0..count {
            let Some(event) = watch.waiting.pop_front() else { return };
            let repeated = again && matches!(event, WatchEvent::Seen(_)) && watch.waiting.is_empty();
            if repeated {
                let _ = watch.reader.unbounded_send(event.clone());
            }
            let _ = watch.reader.unbounded_send(event);
        }
    }

    /// Cuts all watches: what was not delivered is lost, and all is listed again.
    pub(crate) fn cut(&self, cluster: &FakeCluster) {
        for watch in &mut lock(&self.inner).watches {
            watch.waiting.clear();
            watch.told = cluster.watch(&watch.who, watch.what.clone());
        }
    }

    /// Forgets all that a life has asked for; it is heard no more.
    pub(crate) fn bury(&self, life: usize) {
        let mut inner = lock(&self.inner);
        inner.dead.insert(life);
        inner.asked.retain(|asked| asked.life != life);
        inner.watches.retain(|watch| watch.life != life);
    }
}

impl Watch {
    fn listen(&mut self) {
        while let Some(Some(event)) = self.told.next().now_or_never() {
            self.waiting.push_back(event);
        }
    }
}
