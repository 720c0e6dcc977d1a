//! `sluice version`.

use clap::{Args, ValueEnum};

/// Flags of `sluice version`.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// The form of the answer.
    #[arg(long, short, value_enum, default_value = "text")]
    output: Output,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Output {
    /// One line.
    Text,
    /// A JSON object.
    Json,
}

/// Returns what `sluice version` prints.
pub(super) fn render(options: &Options) -> String {
    let version = env!("CARGO_PKG_VERSION");
    match options.output {
        Output::Text => format!("sluice v{version}"),
        Output::Json => serde_json::json!({ "sluice": format!("v{version}") }).to_string(),
    }
}
