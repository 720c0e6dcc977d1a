//! The exact lines.

use std::{
    io,
    sync::{Arc, Mutex},
};

use jiff::Timestamp;
use tracing_subscriber::{Layer as _, layer::SubscriberExt as _};

use super::{Encoding, Level, LogLayer, filter};

/// A writer that keeps what is written.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl io::Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn logged(level: Level, encoding: Encoding, act: impl FnOnce()) -> String {
    let kept = Kept::default();
    let writer = {
        let kept = kept.clone();
        move || kept.clone()
    };
    let now = || Timestamp::from_millisecond(1_767_323_045_006).unwrap();
    let layer = LogLayer { encoding, now, writer }.with_filter(filter(level));
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), act);
    let bytes = kept.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}

fn pass() -> tracing::Span {
    tracing::info_span!(
        target: "sluice_reconcile",
        "reconcile",
        kind = "GitRepository",
        group = "source.toolkit.fluxcd.io",
        namespace = "flux-system",
        name = "apps",
        reconcile_id = "c0ffee",
        revision = tracing::field::Empty,
    )
}

#[test]
fn a_line_in_a_pass_names_the_object_as_controller_runtime_does() {
    let text = logged(Level::Info, Encoding::Json, || {
        pass().in_scope(|| tracing::info!(target: "sluice_controller", files = 3, "stored artifact"));
    });
    assert_eq!(
        text,
        concat!(
            r#"{"level":"info","ts":"2026-01-02T03:04:05.006Z","msg":"stored artifact","controller":"gitrepository","#,
            r#""controllerGroup":"source.toolkit.fluxcd.io","controllerKind":"GitRepository","#,
            r#""GitRepository":{"name":"apps","namespace":"flux-system"},"namespace":"flux-system","name":"apps","#,
            r#""reconcileID":"c0ffee","files":3}"#,
            "\n"
        )
    );
}

#[test]
fn fields_recorded_later_and_inner_spans_are_shown() {
    let text = logged(Level::Info, Encoding::Json, || {
        let pass = pass();
        pass.record("revision", "main@sha1:1f");
        let step = pass.in_scope(|| tracing::info_span!(target: "sluice_source", "fetch", attempt = 2));
        step.in_scope(|| tracing::info!(target: "sluice_source", "fetched"));
    });
    assert!(text.ends_with("\"reconcileID\":\"c0ffee\",\"revision\":\"main@sha1:1f\",\"attempt\":2}\n"), "{text}");
}

#[test]
fn an_error_comes_last_with_its_causes() {
    let text = logged(Level::Error, Encoding::Json, || {
        let cause = anyhow::anyhow!("connection refused").context("connect");
        let error: &(dyn std::error::Error + 'static) = cause.as_ref();
        tracing::error!(target: "sluice_agent", error, attempts = 3, "fetch failed");
    });
    assert_eq!(
        text,
        concat!(
            r#"{"level":"error","ts":"2026-01-02T03:04:05.006Z","msg":"fetch failed","attempts":3,"#,
            r#""error":"connect: connection refused"}"#,
            "\n"
        )
    );
}

#[test]
fn a_logger_may_be_named_and_text_is_escaped() {
    let text = logged(Level::Info, Encoding::Json, || {
        tracing::info!(target: "sluice_agent", logger = "setup", "a \"quoted\"\nline");
    });
    assert_eq!(
        text,
        concat!(
            r#"{"level":"info","ts":"2026-01-02T03:04:05.006Z","logger":"setup","msg":"a \"quoted\"\nline"}"#,
            "\n"
        )
    );
}

#[test]
fn no_field_displaces_what_flux_logs_reads() {
    let text = logged(Level::Info, Encoding::Json, || {
        tracing::info!(target: "sluice_agent", level = "error", ts = "never", "kept");
    });
    assert_eq!(text, "{\"level\":\"info\",\"ts\":\"2026-01-02T03:04:05.006Z\",\"msg\":\"kept\"}\n");
}

#[test]
fn console_lines_are_columns() {
    let text = logged(Level::Debug, Encoding::Console, || {
        tracing::debug!(target: "sluice_agent", logger = "setup", port = 8080, "listening");
        tracing::info!(target: "sluice_agent", "ready");
    });
    assert_eq!(
        text,
        "2026-01-02T03:04:05.006Z\tDEBUG\tsetup\tlistening\t{\"port\":8080}\n\
         2026-01-02T03:04:05.006Z\tINFO\tready\n"
    );
}

#[test]
fn levels_hide_what_is_less_important() {
    let act = || {
        tracing::debug!(target: "sluice_agent", "detail");
        tracing::info!(target: "sluice_agent", "change");
        tracing::error!(target: "sluice_agent", "failure");
    };
    let count = |level| logged(level, Encoding::Json, act).lines().count();
    assert_eq!([Level::Trace, Level::Info, Level::Error].map(count), [3, 2, 1]);
}

#[test]
fn an_error_names_its_object_when_only_errors_are_printed() {
    let text = logged(Level::Error, Encoding::Json, || {
        pass().in_scope(|| tracing::error!(target: "sluice_controller", "fetch failed"));
    });
    assert!(text.contains(r#""controllerKind":"GitRepository""#), "{text}");
}

#[test]
fn other_crates_are_heard_from_warnings_on_and_named() {
    let text = logged(Level::Trace, Encoding::Json, || {
        tracing::info!(target: "hyper::client", "header: secret");
        tracing::warn!(target: "kube_client::client", "slow");
    });
    let expected = r#"{"level":"info","ts":"2026-01-02T03:04:05.006Z","logger":"kube_client","msg":"slow"}"#;
    assert_eq!(text, format!("{expected}\n"));
}
