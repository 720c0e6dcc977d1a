//! A watch that mends itself.
//!
//! ```text
//! Start ── no version ──► streamed list, or pages: Restarted … Listed ─► live ◄─ reopened where it was left
//!   ▲                                                                    │ expired (410), or told as failed:
//!   └─────────── wait: from 0.1 s to a twentieth of the outage ──────────┘ the version is dropped
//! ```

use std::{
    collections::VecDeque,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use futures::{
    StreamExt as _,
    stream::{self, BoxStream},
};
use serde_json::Value;
use sluice_object::Object;
use tokio::{
    sync::watch::Receiver,
    time::{Instant, sleep, timeout},
};

use super::{
    Inner, answer, call, path,
    trouble::{Fault, Trouble},
    wire::{self, Call, Lines},
};
use crate::{ApiError, Body, Identity, Selection, Verb, WatchEvent};

const PARTIAL: &str = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
const INITIAL_EVENTS_END: &str = "/metadata/annotations/k8s.io~1initial-events-end";
/// The server sends a bookmark every minute: a connection that is silent for longer is dead.
const SILENCE: Duration = Duration::from_secs(150);
/// A connection that ends sooner was not worth having; the next one is not opened at once.
const SHORT_LIVED: Duration = Duration::from_secs(1);

/// Watches a selection. The connection closes when the stream is dropped.
pub(super) fn watch(cluster: Arc<Inner>, who: Identity, what: Selection) -> BoxStream<'static, WatchEvent> {
    let watching = Watching {
        changes: cluster.discovery.changes(),
        cluster,
        who,
        what,
        phase: Phase::Start,
        version: None,
        listed_before: false,
        out: VecDeque::new(),
        trouble: Trouble::default(),
    };
    stream::unfold(watching, |mut watching| async move { Some((watching.next().await, watching)) }).boxed()
}

struct Watching {
    cluster: Arc<Inner>,
    /// Told when the server may serve more kinds than when ours was last looked up.
    changes: Receiver<u64>,
    who: Identity,
    what: Selection,
    phase: Phase,
    /// The version that the selection is known at; none while it has to be listed.
    version: Option<String>,
    listed_before: bool,
    out: VecDeque<WatchEvent>,
    trouble: Trouble,
}

enum Phase {
    Start,
    /// Reading pages of a list; the token of the next one.
    Paging(String),
    Open(Open),
}

struct Open {
    lines: Lines,
    since: Instant,
    /// Whether these are still the objects of the list.
    initial: bool,
}

impl Watching {
    async fn next(&mut self) -> WatchEvent {
        loop {
            if let Some(event) = self.out.pop_front() {
                return event;
            }
            if let Err(fault) = self.step().await {
                self.fail(fault);
            }
        }
    }

    async fn step(&mut self) -> Result<(), Fault> {
        match &mut self.phase {
            Phase::Start => {
                self.wait().await;
                self.start().await
            }
            Phase::Paging(next) => {
                let next = next.clone();
                self.page(&next).await
            }
            Phase::Open(open) => {
                let patience = if open.initial { self.cluster.wire.timeout() } else { SILENCE };
                let line = timeout(patience, open.lines.next()).await;
                self.take(line.map_err(|_| Fault::Silent)?.map_err(Fault::Failed)?)
            }
        }
    }

    /// Waits out the pause after a failure; a kind that is not served may come sooner.
    async fn wait(&mut self) {
        let Some(pause) = self.trouble.pause() else { return };
        if self.trouble.is_kind_missing() {
            let _ = timeout(pause, self.changes.changed()).await;
        } else {
            sleep(pause).await;
        }
    }

    async fn start(&mut self) -> Result<(), Fault> {
        match self.version.clone() {
            Some(version) => self.open(&[("resourceVersion", &version)], false).await,
            None if self.cluster.streams_lists() => self.stream_list().await,
            None => self.page("").await,
        }
    }

    async fn stream_list(&mut self) -> Result<(), Fault> {
        let parameters = [("sendInitialEvents", "true"), ("resourceVersionMatch", "NotOlderThan")];
        match self.open(&parameters, true).await {
            // 422: the server has the feature turned off. 400: a server that does not know it.
            Err(Fault::Failed(error)) if matches!(error.code(), 400 | 422) => {
                tracing::debug!(kind = %self.what.gvk, "the server does not stream lists: {error}");
                self.cluster.stop_streaming_lists();
                self.page("").await
            }
            opened => {
                opened?;
                self.out.push_back(WatchEvent::Restarted);
                Ok(())
            }
        }
    }

    async fn open(&mut self, parameters: &[(&str, &str)], initial: bool) -> Result<(), Fault> {
        let path = self.path().await?;
        let (seconds, fields) = (self.seconds().to_string(), self.fields());
        let mut all = vec![
            ("watch", "true"),
            ("allowWatchBookmarks", "true"),
            ("timeoutSeconds", &seconds),
            ("labelSelector", &self.what.labels),
            ("fieldSelector", &fields),
        ];
        all.extend_from_slice(parameters);
        let accept = if self.what.body == Body::Metadata { PARTIAL } else { wire::JSON };
        let call = Call { accept, ..Call::get(Verb::Watch, path::with(&path, &all)) };
        let lines = self.cluster.wire.open(&self.who, &call).await.map_err(Fault::Failed)?;
        self.phase = Phase::Open(Open { lines, since: Instant::now(), initial });
        Ok(())
    }

    async fn page(&mut self, next: &str) -> Result<(), Fault> {
        let (path, fields) = (self.path().await?, self.fields());
        let parameters = call::Parameters { labels: &self.what.labels, fields: &fields, body: self.what.body };
        let page = call::page(&self.cluster, &self.who, &self.what.gvk, &path, &parameters, next).await;
        let page = page.map_err(Fault::Failed)?;
        if next.is_empty() {
            self.out.push_back(WatchEvent::Restarted);
        }
        self.out.extend(page.items.into_iter().map(WatchEvent::Seen));
        if page.next.is_empty() {
            self.listed(page.version);
            self.phase = Phase::Start;
        } else {
            self.phase = Phase::Paging(page.next);
        }
        Ok(())
    }

    /// Takes itself mutably because the body of an open connection cannot be shared between threads.
    async fn path(&mut self) -> Result<String, Fault> {
        self.changes.mark_unchanged();
        let resolved = self.cluster.discovery.resolve(&self.what.gvk).await.map_err(Fault::Failed)?;
        Ok(path::collection(&self.what.gvk, &resolved, self.what.namespace.as_deref()))
    }

    fn fields(&self) -> String {
        self.what.name.as_ref().map(|name| format!("metadata.name={name}")).unwrap_or_default()
    }

    /// Between 5 and 10 minutes, as client-go; not the same for all selections.
    fn seconds(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.what.hash(&mut hasher);
        300 + hasher.finish() % 300
    }

    /// Takes a line of the open watch, or its end.
    fn take(&mut self, line: Option<Bytes>) -> Result<(), Fault> {
        let Phase::Open(open) = &self.phase else { return Ok(()) };
        let (initial, lived) = (open.initial, open.since.elapsed());
        let Some(line) = line else {
            return self.ended(initial, lived);
        };
        let mut event = answer::json(&line).map_err(Fault::Failed)?;
        let object = event["object"].take();
        match event["type"].as_str().unwrap_or_default() {
            "ADDED" | "MODIFIED" => self.changed(object, initial, WatchEvent::Seen),
            "DELETED" => self.changed(object, initial, WatchEvent::Gone),
            "BOOKMARK" => self.bookmark(&object, initial),
            _ => Err(Fault::Failed(answer::of_status(500, &object))),
        }
    }

    /// The server closes watches now and then; a list that it cut short is asked for again.
    fn ended(&mut self, initial: bool, lived: Duration) -> Result<(), Fault> {
        if initial || lived < SHORT_LIVED {
            return Err(Fault::Ended);
        }
        self.phase = Phase::Start;
        self.trouble = Trouble::default();
        Ok(())
    }

    fn changed(&mut self, object: Value, initial: bool, event: fn(Object) -> WatchEvent) -> Result<(), Fault> {
        let object = answer::object(&self.what.gvk, object).map_err(Fault::Failed)?;
        if !initial {
            self.version = Some(object.resource_version().to_owned());
        }
        self.out.push_back(event(object));
        Ok(())
    }

    fn bookmark(&mut self, object: &Value, initial: bool) -> Result<(), Fault> {
        let version = object["metadata"]["resourceVersion"].as_str().unwrap_or_default().to_owned();
        let complete = object.pointer(INITIAL_EVENTS_END).is_some_and(|end| end == "true");
        match (initial, complete) {
            (true, true) => self.listed(version),
            (true, false) => {}
            (false, _) => self.version = Some(version),
        }
        Ok(())
    }

    fn listed(&mut self, version: String) {
        self.out.push_back(WatchEvent::Listed);
        self.version = Some(version);
        self.listed_before = true;
        self.trouble = Trouble::default();
        if let Phase::Open(open) = &mut self.phase {
            open.initial = false;
        }
    }

    /// Notes a failure, and tells of it when it lasts. After a failure that was told the whole selection is listed
    /// again, so that whoever has stopped to trust the watch knows when to trust it again.
    fn fail(&mut self, fault: Fault) {
        match &self.phase {
            // A server that ignores `sendInitialEvents` never says where the list ends.
            Phase::Open(open) if open.initial && matches!(fault, Fault::Silent) => self.cluster.stop_streaming_lists(),
            Phase::Open(open) if !open.initial && open.since.elapsed() >= SHORT_LIVED => {
                self.trouble = Trouble::default();
            }
            _ => {}
        }
        self.phase = Phase::Start;
        if fault.has_expired() {
            self.version = None;
        }
        tracing::debug!(kind = %self.what.gvk, "watch: {fault}");
        let told = self.trouble.add(fault, self.listed_before);
        if let Some((message, refused)) = told {
            self.version = None;
            self.out.push_back(WatchEvent::Failed { message, refused });
        }
    }
}

/// A kind that has gone is known by its path.
pub(super) fn is_missing(error: &ApiError) -> bool {
    matches!(error.kind, crate::ErrorKind::NoMatch(_)) || answer::is_unknown_path(error)
}
