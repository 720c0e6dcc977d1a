//! `--show-only`: what comes from some templates.

use anyhow::bail;
use sluice_helm::{manifest::documents, path_matches};

use crate::cli::helm::output::Output;

/// What is before the path of a template.
const SOURCE: &str = "# Source: ";

/// Prints the documents of templates that are named, by patterns of paths below the chart.
///
/// # Errors
/// When nothing comes from one of them.
pub(super) fn choose(text: &str, wanted: &[String], output: &mut Output) -> anyhow::Result<()> {
    let documents = documents(text);
    let mut chosen: Vec<&str> = Vec::new();
    for pattern in wanted {
        let fits = |document: &&str| source(document).is_some_and(|path| path_matches(pattern, path));
        let before = chosen.len();
        chosen.extend(documents.iter().copied().filter(fits));
        if chosen.len() == before {
            bail!("could not find template {pattern} in chart");
        }
    }
    chosen.into_iter().for_each(|document| output.line(format_args!("---\n{document}")));
    Ok(())
}

/// Returns the path of a document's template, below the root chart.
fn source(document: &str) -> Option<&str> {
    let named = document.match_indices(SOURCE).find_map(|(start, _)| {
        let (chart, path) = document[start + SOURCE.len()..].lines().next()?.split_once('/')?;
        (!chart.is_empty() && !path.is_empty()).then_some(path)
    });
    named.map(str::trim_end)
}
