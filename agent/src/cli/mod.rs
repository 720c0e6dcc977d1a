//! The command line.

mod flags;
mod gates;
mod helm;
mod kustomize;
mod values;
mod version;

use std::{env, process::ExitCode};

use anyhow::Context as _;
use clap::{Parser, Subcommand};

pub use flags::{Compatibility, Endpoints, Kubernetes, Leadership, Logging, Reconciling, RunOptions, Storage, Tenancy};
pub use gates::{FeatureGates, Gate};
pub use sluice_api::Duration as GoDuration;
pub use values::{Bytes, ListenAddr, Percentage, Shard};

use crate::run;

/// GitOps for Kubernetes in one process.
#[derive(Debug, Parser)]
#[command(name = "sluice", version, disable_help_subcommand = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the agent.
    Run(Box<RunOptions>),
    /// Builds kustomizations as the agent does.
    #[command(subcommand)]
    Kustomize(kustomize::Kustomize),
    /// Renders charts as the agent does.
    #[command(subcommand)]
    Helm(Box<helm::Helm>),
    /// Prints the version.
    Version(version::Options),
}

impl Cli {
    /// Reads the command line of the process. What it cannot be is printed.
    ///
    /// # Errors
    /// With the code to end with: that of Flux's controllers, or that of kustomize and Helm for their commands.
    pub fn of_process() -> Result<Self, ExitCode> {
        let as_others = env::args().nth(1).is_some_and(|command| command == "kustomize" || command == "helm");
        Self::try_parse().map_err(|refusal| {
            // Where there is nothing to print to, the code says it all.
            let _ = refusal.print();
            match refusal.use_stderr() {
                true if as_others => ExitCode::FAILURE,
                true => ExitCode::from(2),
                false => ExitCode::SUCCESS,
            }
        })
    }

    /// Does what the command line says.
    ///
    /// # Errors
    /// With a text for people; the process ends with a failure.
    pub fn execute(self) -> anyhow::Result<ExitCode> {
        match self.command {
            Command::Run(options) => run_agent(*options)?,
            Command::Kustomize(command) => command.execute()?,
            // It has printed what went wrong, in Helm's form.
            Command::Helm(command) => return Ok(command.execute()),
            Command::Version(options) => println!("{}", version::render(&options)),
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn run_agent(options: RunOptions) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("start the runtime")?;
    let outcome = runtime.block_on(run::run(options));
    // Blocking work that is still under way must not hold up the end of the process.
    runtime.shutdown_background();
    outcome
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::Cli;

    #[test]
    fn definition_holds() {
        Cli::command().debug_assert();
    }
}
