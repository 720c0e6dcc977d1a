//! Logs as Flux's controllers print them: one JSON object a line (what `flux logs` reads), or plain text.
//!
//! A line has what its event says, preceded by what the spans around it say; the span `reconcile` names the object.

mod fields;
mod line;

use std::io;

use clap::ValueEnum;
use jiff::Timestamp;
use tracing::{Event, Metadata, Subscriber, level_filters::LevelFilter, span};
use tracing_subscriber::{
    Layer,
    filter::{FilterFn, Targets},
    fmt::MakeWriter,
    layer::{Context, SubscriberExt as _},
    registry::LookupSpan,
    util::SubscriberInitExt as _,
};

use fields::Fields;
use line::Line;

/// The least important lines to print, by Flux's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Level {
    /// Everything.
    Trace,
    /// What helps to find a fault.
    Debug,
    /// What changed.
    Info,
    /// What failed.
    Error,
}

/// The form of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Encoding {
    /// One JSON object a line.
    Json,
    /// Text with tabs, for terminals.
    Console,
}

/// Starts to print logs to standard error.
///
/// # Errors
/// When logs have been started before.
pub fn init(level: Level, encoding: Encoding) -> anyhow::Result<()> {
    let layer = LogLayer { encoding, now: Timestamp::now, writer: io::stderr };
    Ok(tracing_subscriber::registry().with(layer.with_filter(filter(level))).try_init()?)
}

/// Lets pass what is to be printed. Spans of ours always pass: an error names its object at every level.
///
/// Other people's crates are heard from `warn` on only: below that they may print headers and bodies.
fn filter(level: Level) -> FilterFn<impl Fn(&Metadata<'_>) -> bool> {
    let (own, others) = match level {
        Level::Trace => (LevelFilter::TRACE, LevelFilter::WARN),
        Level::Debug => (LevelFilter::DEBUG, LevelFilter::WARN),
        Level::Info => (LevelFilter::INFO, LevelFilter::WARN),
        Level::Error => (LevelFilter::ERROR, LevelFilter::ERROR),
    };
    let events = Targets::new().with_default(others).with_target("sluice", own);
    let highest = own.max(LevelFilter::INFO);
    let spans = Targets::new().with_target("sluice", highest);
    FilterFn::new(move |metadata: &Metadata<'_>| {
        let targets = if metadata.is_span() { &spans } else { &events };
        targets.would_enable(metadata.target(), metadata.level())
    })
    .with_max_level_hint(highest)
}

/// Prints each event as one line.
struct LogLayer<W> {
    encoding: Encoding,
    now: fn() -> Timestamp,
    writer: W,
}

impl<S, W> Layer<S> for LogLayer<W>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    W: for<'writer> MakeWriter<'writer> + 'static,
{
    fn on_new_span(&self, attributes: &span::Attributes<'_>, id: &span::Id, context: Context<'_, S>) {
        if let Some(span) = context.span(id) {
            let mut fields = Fields::default();
            attributes.record(&mut fields);
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &span::Id, values: &span::Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<Fields>()
        {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut line = Line::new((self.now)(), event);
        for span in context.event_scope(event).into_iter().flat_map(|scope| scope.from_root()) {
            if let Some(fields) = span.extensions().get::<Fields>() {
                line.within(span.name(), fields);
            }
        }
        let text = match self.encoding {
            Encoding::Json => line.json(),
            Encoding::Console => line.console(),
        };
        // A log that cannot be written leaves nobody to tell.
        let _ = io::Write::write_all(&mut self.writer.make_writer_for(event.metadata()), text.as_bytes());
    }
}

#[cfg(test)]
mod tests;
