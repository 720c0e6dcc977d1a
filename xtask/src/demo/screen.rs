//! What the demo prints: steps with the time since the start, and a table of them at the end.

use std::{
    env,
    io::{self, IsTerminal as _},
    time::{Duration, Instant},
};

const BOLD: &str = "1";
const DIM: &str = "2";
const RED: &str = "31";
const GREEN: &str = "32";

/// Where the demo prints.
#[derive(Debug)]
pub(super) struct Screen {
    started: Instant,
    colour: bool,
    open: Option<(String, Instant)>,
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    title: String,
    result: String,
    good: bool,
    took: Duration,
}

impl Screen {
    /// Starts the clock. Colours are for terminals, unless `NO_COLOR` is set.
    pub(super) fn new() -> Self {
        let colour = io::stdout().is_terminal() && env::var_os("NO_COLOR").is_none();
        Self { started: Instant::now(), colour, open: None, rows: Vec::new() }
    }

    /// Prints a line that belongs to no step.
    pub(super) fn say(&self, text: &str) {
        println!("\n{}", self.paint(BOLD, text));
    }

    /// Begins a step.
    pub(super) fn begin(&mut self, title: &str) {
        let number = self.rows.len() + 1;
        println!("\n{} {}", self.clock(), self.paint(BOLD, &format!("{number}. {title}")));
        self.open = Some((title.to_owned(), Instant::now()));
    }

    /// Prints what the user does.
    pub(super) fn command(&self, line: &str) {
        println!("{}    $ {line}", self.clock());
    }

    /// Prints what has happened.
    pub(super) fn note(&self, text: &str) {
        println!("{}    {text}", self.clock());
    }

    /// Ends a step with what it has shown.
    pub(super) fn end(&mut self, outcome: &anyhow::Result<String>) {
        let Some((title, began)) = self.open.take() else { return };
        let (good, result) = match outcome {
            Ok(result) => (true, result.clone()),
            Err(error) => (false, error.to_string()),
        };
        println!("{}    {}", self.clock(), self.verdict(good, &result));
        self.rows.push(Row { title, result, good, took: began.elapsed() });
    }

    /// Prints all steps that have ended.
    pub(super) fn summary(&self) {
        let width = self.rows.iter().map(|row| row.title.chars().count()).max().unwrap_or_default();
        println!("\n{}", self.paint(BOLD, &format!("  #  {:<width$}  seconds  result", "step")));
        for (index, row) in self.rows.iter().enumerate() {
            let (number, seconds) = (index + 1, row.took.as_secs_f64());
            let result = self.verdict(row.good, row.result.lines().next().unwrap_or_default());
            println!(" {number:>2}  {:<width$}  {seconds:>7.1}  {result}", row.title);
        }
    }

    fn verdict(&self, good: bool, text: &str) -> String {
        if good {
            format!("{} {text}", self.paint(GREEN, "ok"))
        } else {
            format!("{} {text}", self.paint(RED, "FAILED"))
        }
    }

    fn clock(&self) -> String {
        self.paint(DIM, &format!("{:>6.1}s", self.started.elapsed().as_secs_f64()))
    }

    fn paint(&self, style: &str, text: &str) -> String {
        if self.colour { format!("\x1b[{style}m{text}\x1b[0m") } else { text.to_owned() }
    }
}
