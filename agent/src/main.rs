//! The binary: reads the command line, does what it says, and prints what went wrong.

use std::process::ExitCode;

use sluice_agent::cli::Cli;

fn main() -> ExitCode {
    let cli = match Cli::of_process() {
        Ok(cli) => cli,
        Err(code) => return code,
    };
    match cli.execute() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
