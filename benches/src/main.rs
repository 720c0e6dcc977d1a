//! Sluice against the cluster floor: the same objects, applied bare.
//!
//! ```text
//! floor: objects ── 16 connections ──► API server ─ watch ─► all Current          (what the cluster costs)
//! bench: Kustomizations ─► agent ─► the same objects ─► all Ready                 (ratio to the floor)
//! ```
//!
//! Begin with [`bench::measure`]. `cargo xtask bench` builds the agent in release mode and runs this.

mod bench;
mod bulk;
mod counts;
mod fleet;
mod floor;
mod ready;
mod report;
mod workload;

use anyhow::Context as _;
use clap::Parser;
use sluice_e2e::machine;

/// What to measure.
#[derive(Debug, Parser)]
struct Options {
    /// Replace the table in README.md.
    #[arg(long)]
    write: bool,
    /// How many Kustomizations.
    #[arg(long, default_value_t = 100)]
    count: usize,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let machine = machine::describe();
    let rows = bench::measure(options.count).await?;
    let text = report::markdown(&rows, &machine, options.count);
    println!("\n{text}");
    if options.write {
        machine::write_table(&options.count.to_string(), &text).context("write the table")?;
    }
    Ok(())
}
