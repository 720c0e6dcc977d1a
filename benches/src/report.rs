//! The table.

use std::{fmt::Write as _, time::Duration};

/// One line of the table.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row {
    /// What was measured.
    pub(crate) what: String,
    /// How long it took.
    pub(crate) time: Option<Duration>,
    /// That time over the floor's.
    pub(crate) ratio: Option<f64>,
    /// The most memory that the agent had until then, in bytes.
    pub(crate) memory: Option<u64>,
    /// The processor time of the agent, in seconds.
    pub(crate) cpu: Option<f64>,
    /// The agent's requests.
    pub(crate) requests: Option<String>,
}

impl Row {
    /// Returns a row without numbers.
    pub(crate) fn new(what: String) -> Self {
        Self { what, time: None, ratio: None, memory: None, cpu: None, requests: None }
    }

    /// Shows it to whoever waits for the table.
    pub(crate) fn told(self) -> Self {
        eprintln!("{}", line(&self));
        self
    }
}

/// Returns the table, with where and how it was measured.
pub(crate) fn markdown(rows: &[Row], machine: &str, options: &str) -> String {
    let mut text = String::from(
        "| what | time | ratio to the floor | peak memory | CPU | requests to the API server |\n|---|---|---|---|---|---|\n",
    );
    for row in rows {
        writeln!(text, "{}", line(row)).expect("invariant: writing to a String cannot fail");
    }
    write!(text, "\n`cargo xtask bench{options}`, {machine}.\n").expect("invariant: writing to a String cannot fail");
    text
}

fn line(row: &Row) -> String {
    let cells = [
        row.what.clone(),
        cell(row.time.map(|time| format!("{:.2} s", time.as_secs_f64()))),
        cell(row.ratio.map(|ratio| format!("{ratio:.1}"))),
        cell(row.memory.map(|bytes| format!("{} MiB", bytes.div_ceil(1 << 20)))),
        cell(row.cpu.map(|seconds| format!("{seconds:.2} s"))),
        cell(row.requests.clone()),
    ];
    format!("| {} |", cells.join(" | "))
}

fn cell(value: Option<String>) -> String {
    value.unwrap_or_default()
}
