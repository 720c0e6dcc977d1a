//! Sluice against the cluster floor: the same objects, applied bare.
//!
//! ```text
//! floor: objects ── 16 connections ──► API server ─ watch ─► all Current          (what the cluster costs)
//! bench: Kustomizations ─► agent ─► the same objects ─► all Ready                 (ratio to the floor)
//!        HelmReleases ────► agent ─► objects and Secrets ─► all Ready
//! ```
//!
//! Begin with [`bench::measure`] or [`releases::measure`]. `cargo xtask bench` builds the agent in release mode and runs this.

mod bench;
mod bulk;
mod counts;
mod definitions;
mod fleet;
mod floor;
mod ready;
mod releases;
mod report;
mod workload;

use anyhow::Context as _;
use clap::Parser;
use sluice_e2e::machine;

/// How many there are unless it is said.
const COUNT: usize = 100;

/// What to measure.
#[derive(Debug, Parser)]
struct Options {
    /// Replace the table in README.md.
    #[arg(long)]
    write: bool,
    /// How many Kustomizations, or HelmReleases.
    #[arg(long, default_value_t = COUNT)]
    count: usize,
    /// Measures HelmReleases instead.
    #[arg(long)]
    helm_releases: bool,
    /// How many definitions there are that nobody uses.
    #[arg(long, default_value_t = 0)]
    definitions: usize,
}

impl Options {
    /// Returns them as they were given.
    fn text(&self) -> String {
        let kind = if self.helm_releases { " --helm-releases" } else { "" };
        let count = unless(self.count, COUNT, " --count=");
        format!("{kind}{count}{}", unless(self.definitions, 0, " --definitions="))
    }

    /// Returns the name of the table.
    fn table(&self) -> String {
        let kind = if self.helm_releases { "helm-releases:" } else { "" };
        format!("{kind}{}{}", self.count, unless(self.definitions, 0, ":"))
    }
}

/// Returns a number behind a word, unless it is the usual one.
fn unless(number: usize, usual: usize, word: &str) -> String {
    if number == usual { String::new() } else { format!("{word}{number}") }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let machine = machine::describe();
    let rows = match options.helm_releases {
        true => releases::measure(options.count, options.definitions).await?,
        false => bench::measure(options.count, options.definitions).await?,
    };
    let text = report::markdown(&rows, &machine, &options.text());
    println!("\n{text}");
    if options.write {
        machine::write_table(&options.table(), &text).context("write the table")?;
    }
    Ok(())
}
