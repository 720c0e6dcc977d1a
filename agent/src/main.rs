//! The binary: reads the command line, does what it says, and prints what went wrong.

use std::process::ExitCode;

use clap::Parser as _;
use sluice_agent::cli::Cli;

fn main() -> ExitCode {
    match Cli::parse().execute() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
