//! `sluice helm …`: charts as the agent renders them, with Helm's commands, flags, words and exit codes.

mod chart;
mod dependency;
mod flags;
mod lint;
mod output;
mod package;
mod show;
mod template;
mod values;
mod world;

use std::process::ExitCode;

use clap::Subcommand;

use output::Output;

/// Commands about charts.
#[derive(Debug, Subcommand)]
pub(super) enum Helm {
    /// Renders a chart and prints its manifests.
    Template(Box<template::Template>),
    /// Looks for mistakes in charts.
    Lint(Box<lint::Lint>),
    /// Prints what is in a chart.
    #[command(subcommand, visible_alias = "inspect")]
    Show(show::Show),
    /// Makes archives of charts.
    Package(package::Package),
    /// Manages the charts that a chart needs.
    #[command(subcommand, visible_aliases = ["dep", "dependencies"])]
    Dependency(dependency::Dependency),
}

impl Helm {
    /// Does what the command line says, and prints what came of it where Helm does.
    pub(super) fn execute(self) -> ExitCode {
        let mut output = Output::default();
        let outcome = match self {
            Self::Template(command) => command.run(&mut output),
            Self::Lint(command) => command.run(&mut output),
            Self::Show(command) => command.run(&mut output),
            Self::Package(command) => command.run(&mut output),
            Self::Dependency(command) => command.run(&mut output),
        };
        output.finish(outcome)
    }
}
