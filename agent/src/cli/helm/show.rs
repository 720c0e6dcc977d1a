//! `sluice helm show`

use anyhow::bail;
use clap::{Args, Subcommand};
use sluice_helm::{Chart, File};

use super::{
    chart::{load, locate},
    flags::{Fetching, Global},
    output::Output,
};

/// What is shown of a chart.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Show {
    /// Prints all of it.
    All(Named),
    /// Prints its definition.
    Chart(Named),
    /// Prints its CRDs.
    Crds(Named),
    /// Prints its README.
    Readme(Named),
    /// Prints its values.
    Values(Valued),
}

/// The values of a chart.
#[derive(Debug, Args)]
pub(in crate::cli) struct Valued {
    /// Refused: JSONPath is not read here.
    #[arg(long, value_name = "PATH")]
    jsonpath: Option<String>,
    #[command(flatten)]
    named: Named,
}

/// A chart.
#[derive(Debug, Args)]
#[command(args_override_self = true)]
pub(in crate::cli) struct Named {
    /// The folder or archive of the chart.
    #[arg(value_name = "CHART")]
    chart: String,
    #[command(flatten)]
    fetching: Fetching,
    #[command(flatten)]
    global: Global,
}

impl Show {
    /// Prints a part of a chart.
    ///
    /// # Errors
    /// When it is no chart.
    pub(super) fn run(&self, output: &mut Output) -> anyhow::Result<()> {
        match self {
            Self::All(named) => all(&named.load(output)?, output),
            Self::Chart(named) => definition(&named.load(output)?, output),
            Self::Crds(named) => crds(&named.load(output)?, output),
            Self::Readme(named) => readme(&named.load(output)?, "", output),
            Self::Values(Valued { jsonpath: Some(_), .. }) => {
                bail!("values are not chosen by --jsonpath; hint: give what is printed to a tool that does")
            }
            Self::Values(Valued { named, .. }) => values(&named.load(output)?, "", output),
        }
        Ok(())
    }
}

impl Named {
    fn load(&self, output: &mut Output) -> anyhow::Result<Chart> {
        self.fetching.check()?;
        load(&locate(&self.chart)?, output)
    }
}

fn all(chart: &Chart, output: &mut Output) {
    definition(chart, output);
    values(chart, "---\n", output);
    readme(chart, "---\n", output);
    crds(chart, output);
}

fn definition(chart: &Chart, output: &mut Output) {
    output.line(chart.metadata.to_yaml());
}

fn values(chart: &Chart, before: &str, output: &mut Output) {
    if chart.values.is_none() {
        return;
    }
    output.print(before);
    chart.content.raw.iter().filter(|file| file.name == "values.yaml").for_each(|file| output.line(text(file)));
}

fn readme(chart: &Chart, before: &str, output: &mut Output) {
    let named = |file: &&File| ["readme.md", "readme.txt", "readme"].contains(&file.name.to_lowercase().as_str());
    if let Some(file) = chart.content.files.iter().find(named) {
        output.print(before);
        output.line(text(file));
    }
}

fn crds(chart: &Chart, output: &mut Output) {
    for (_, file) in chart.crds() {
        output.print(if file.data.starts_with(b"---") { "" } else { "---\n" });
        output.line(text(file));
    }
}

fn text(file: &File) -> String {
    String::from_utf8_lossy(&file.data).into_owned()
}
