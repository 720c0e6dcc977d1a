//! The way from one life of an agent to the API server and to remotes: nothing goes through before the director says so.

use std::sync::Arc;

use futures::{
    FutureExt as _,
    channel::oneshot,
    future::{BoxFuture, pending},
    stream::BoxStream,
};
use sluice_cluster::{Cluster, FakeCluster, Identity, Request, Selection, WatchEvent};

use crate::stage::{Answer, Asked, Stage, Wish};

/// The wire of one life.
#[derive(Clone)]
pub(crate) struct Wire {
    pub(crate) stage: Arc<Stage>,
    pub(crate) cluster: FakeCluster,
    pub(crate) life: usize,
}

impl std::fmt::Debug for Wire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the wire of life {}", self.life)
    }
}

impl Wire {
    /// Goes to a remote; says whether it can be reached.
    pub(crate) async fn errand(&self, what: String) -> bool {
        let (reply, answer) = oneshot::channel();
        self.stage.ask(Asked { life: self.life, wish: Wish::Errand { what, reply } });
        match answer.await {
            Ok(reached) => reached,
            Err(_) => pending().await,
        }
    }

    async fn request(&self, who: &Identity, request: Request) -> Answer {
        let (reply, answer) = oneshot::channel();
        self.stage.ask(Asked {
            life: self.life,
            wish: Wish::Request { who: who.clone(), request: Box::new(request), reply },
        });
        match answer.await {
            Ok(answer) => answer,
            // The director has let it fall: so does the agent, in a moment.
            Err(_) => pending().await,
        }
    }
}

impl Cluster for Wire {
    /// The discovery table is in the agent's memory, so it is asked without delay.
    fn call<'a>(&'a self, who: &'a Identity, request: Request) -> BoxFuture<'a, Answer> {
        match request {
            Request::Resolve(_) | Request::Discover => self.cluster.call(who, request),
            request => self.request(who, request).boxed(),
        }
    }

    fn watch(&self, who: &Identity, what: Selection) -> BoxStream<'static, WatchEvent> {
        self.stage.watch(self.life, &self.cluster, who, what)
    }
}
