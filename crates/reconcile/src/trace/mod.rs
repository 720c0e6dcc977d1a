//! Traces: one for each revision that arrives, from the moment it is seen until all that it reaches has settled.
//!
//! source's pass ([`Arrival`]) → root span ◄── passes at that revision ([`Origin`]) ◄── their steps ([`Step`])
//!
//! Passes join the trace of their source and revision in this process: no annotation is written, so no object changes
//! and no request is made for the sake of a trace. What is kept of a trace is in [`book`]; ended spans are handed to
//! [`Spans`] as data.

mod book;
mod describe;
mod open;
#[cfg(test)]
mod tests;
mod trail;

use std::sync::{Arc, Mutex};

use jiff::{SignedDuration, Timestamp};
use sluice_object::ObjectId;
use tokio_util::sync::CancellationToken;

use crate::{Meter, World, index::lock};

use book::Book;
pub(crate) use trail::Trail;

/// Takes ended spans. It must neither block nor wait.
pub trait Spans: Send + Sync + 'static {
    /// A span has ended.
    fn ended(&self, span: Span);
}

/// A sink for agents that export no traces.
#[derive(Debug, Default)]
pub struct Untold;

impl Spans for Untold {
    fn ended(&self, _: Span) {}
}

/// A span that has ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Span {
    /// The trace.
    pub trace: u128,
    /// The span in its trace.
    pub id: u64,
    /// The span above it; none for a root.
    pub parent: Option<u64>,
    /// What was done, and to what.
    pub name: String,
    /// When it began.
    pub began: Timestamp,
    /// When it ended.
    pub ended: Timestamp,
    /// What else is known, under the names of OpenTelemetry's conventions. No secrets.
    pub attributes: Attributes,
    /// Why it failed, if it did.
    pub error: Option<String>,
}

/// Names and values.
pub type Attributes = Vec<(&'static str, Attribute)>;

/// The value of an attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attribute {
    /// A text.
    Text(String),
    /// A number.
    Number(i64),
}

impl<T: Into<String>> From<T> for Attribute {
    fn from(text: T) -> Self {
        Self::Text(text.into())
    }
}

impl Attribute {
    /// Returns a count as a number.
    pub fn count(count: usize) -> Self {
        Self::Number(i64::try_from(count).unwrap_or(i64::MAX))
    }
}

/// An effect as a step of a pass.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// One or two words.
    pub name: &'static str,
    /// What is done in it.
    pub attributes: Attributes,
    /// The revision that is fetched in it: a trace begins.
    pub arrival: Option<Arrival>,
}

impl Step {
    /// Makes a step of a name.
    pub fn new(name: &'static str) -> Self {
        Self { name, attributes: Vec::new(), arrival: None }
    }

    /// Adds what is done in it.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Attribute>) -> Self {
        self.attributes.push((name, value.into()));
        self
    }

    /// Makes it begin a trace.
    #[must_use]
    pub fn arriving(mut self, arrival: Arrival) -> Self {
        self.arrival = Some(arrival);
        self
    }
}

/// A revision that a source has found.
#[derive(Debug, Clone, PartialEq)]
pub struct Arrival {
    /// The source.
    pub source: ObjectId,
    /// The revision, as consumers name it.
    pub revision: String,
    /// What else is known of it.
    pub attributes: Attributes,
}

/// What a pass is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The source.
    pub source: ObjectId,
    /// Its revision.
    pub revision: String,
    /// The generation of the object.
    pub generation: Option<i64>,
    /// The object that applies this one.
    pub parent: Option<ObjectId>,
}

/// A span in a trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    trace: u128,
    span: u64,
}

/// How a pass has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ending {
    Success,
    /// The reason, and a text for people.
    Failure(String, String),
    /// Something else must happen first.
    Blocked,
    /// Another pass takes its place.
    Overtaken,
}

/// The traces that are open, and where their spans go.
pub struct Traces {
    book: Arc<Mutex<Book>>,
    spans: Arc<dyn Spans>,
    meter: Arc<dyn Meter>,
    world: Arc<dyn World>,
    stop: CancellationToken,
}

/// How often it is looked whether a trace has come to its end.
const TICK: SignedDuration = SignedDuration::from_secs(1);

impl Traces {
    pub(crate) fn new(
        spans: Arc<dyn Spans>,
        meter: Arc<dyn Meter>,
        world: Arc<dyn World>,
        stop: CancellationToken,
    ) -> Self {
        let seed = (world.random() * u64::MAX as f64) as u64 ^ world.now().as_nanosecond() as u64;
        Self { book: Arc::new(Mutex::new(Book::new(seed))), spans, meter, world, stop }
    }

    /// Ends all traces; after it nothing is told any more of passes that still run.
    pub fn close(&self) {
        let spans = lock(&self.book).close(self.world.now());
        self.tell(spans);
    }

    /// Notes that a pass over an object is to come because its source has something new.
    pub(crate) fn expect(&self, id: &ObjectId, references: &[ObjectId]) {
        lock(&self.book).expect(id, references);
    }

    /// Notes that no pass over an object is to come.
    pub(crate) fn leave(&self, id: &ObjectId) {
        lock(&self.book).leave(id, self.world.now());
    }

    fn arrive(&self, arrival: Arrival, seen: Timestamp) -> Place {
        let (place, spans, first) = lock(&self.book).arrive(arrival, seen, self.world.now());
        self.tell(spans);
        if first {
            self.tick();
        }
        place
    }

    fn tell(&self, spans: Vec<Span>) {
        spans.into_iter().for_each(|span| self.spans.ended(span));
    }

    /// Runs as long as a trace is open.
    fn tick(&self) {
        let (book, spans, world) = (self.book.clone(), self.spans.clone(), self.world.clone());
        let ticks = async move {
            while !lock(&book).is_idle() {
                world.sleep_until(world.now() + TICK).await;
                let ended = lock(&book).sweep(world.now());
                ended.into_iter().for_each(|span| spans.ended(span));
            }
        };
        let stop = self.stop.clone();
        self.world.spawn(Box::pin(async move {
            let _ = stop.run_until_cancelled(ticks).await;
        }));
    }
}
